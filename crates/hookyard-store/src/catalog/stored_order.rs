//! The form in which a connection's order is stored: JSON whose names carry the version, as with rules.

use hookyard_model::order::Order;
use serde::{Deserialize, Serialize};

use super::write::WriteError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredOrder {
    FreeV1,
    DestinationV1,
    KeyV1 { fields: Vec<String> },
}

pub(super) fn encode(order: &Order) -> Result<String, WriteError> {
    let stored = match order {
        Order::Free => StoredOrder::FreeV1,
        Order::Destination => StoredOrder::DestinationV1,
        Order::Key(fields) => StoredOrder::KeyV1 { fields: fields.clone() },
    };
    serde_json::to_string(&stored).map_err(|error| WriteError::Storage(error.to_string()))
}

pub(super) fn decode(text: &str) -> Result<Order, serde_json::Error> {
    Ok(match serde_json::from_str(text)? {
        StoredOrder::FreeV1 => Order::Free,
        StoredOrder::DestinationV1 => Order::Destination,
        StoredOrder::KeyV1 { fields } => Order::Key(fields),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_of_the_first_version_is_read_for_ever() {
        for (order, stored) in [
            (Order::Free, r#""free_v1""#),
            (Order::Destination, r#""destination_v1""#),
            (Order::Key(vec!["/body/id".to_owned()]), r#"{"key_v1":{"fields":["/body/id"]}}"#),
        ] {
            assert_eq!(encode(&order).unwrap(), stored);
            assert_eq!(decode(stored).unwrap(), order);
        }
    }
}
