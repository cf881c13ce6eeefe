//! The order of a `[[connection]]`: `{ by = "destination" }` or `{ by = "key", fields = ["/body/customer/id"] }`.

use hookyard_model::order::Order;
use hookyard_rules::order::OrderBy;

use super::table::{Reader, Table};

/// Reads the order of a connection; none where there is none, or it is wrong, which is noted.
pub(super) fn read(connection: &mut Table<'_>, reader: &mut Reader<'_>) -> Order {
    let Some(mut table) = connection.optional_table(reader, "order") else { return Order::Free };
    let by = table.required_text(reader, "by");
    let fields = table.texts(reader, "fields");
    let order = match (by.as_deref(), fields) {
        (Some("destination"), None) => Some(Order::Destination),
        (Some("key"), Some(fields)) => Some(Order::Key(fields)),
        (Some("key"), None) => {
            reader.note(table.at, "connection.order.fields: missing: name what makes up the key");
            None
        }
        (Some("destination"), Some(_)) => {
            reader.note(table.place_of("fields"), "connection.order.fields: only `by = \"key\"` has fields");
            None
        }
        (Some(_), _) => {
            reader.note(table.place_of("by"), "connection.order.by: expected `destination` or `key`");
            None
        }
        (None, _) => None,
    };
    if let Some(Err(problem)) = order.as_ref().map(OrderBy::compile) {
        reader.note(table.place_of("fields"), format!("connection.order.fields: {problem}"));
    }
    table.finish(reader);
    order.unwrap_or_default()
}
