//! Which events of a connection go out one after the other: the key that they have in common.

use hookyard_model::id::ConnectionId;
use hookyard_model::order::{ORDER_FIELDS_MAX, Order, OrderKey};

use crate::field::Field;
use crate::key::Hash;
use crate::values::Values;

/// What a connection orders its events by, ready to be applied.
#[derive(Debug, Default)]
pub struct OrderBy(By);

#[derive(Debug, Default)]
enum By {
    #[default]
    Nothing,
    Destination,
    Fields(Vec<Field>),
}

impl OrderBy {
    /// Compiles a connection's order.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn compile(order: &Order) -> Result<Self, String> {
        let fields = match order {
            Order::Free => return Ok(Self(By::Nothing)),
            Order::Destination => return Ok(Self(By::Destination)),
            Order::Key(fields) => fields,
        };
        if fields.is_empty() || fields.len() > ORDER_FIELDS_MAX {
            return Err(format!(
                "a key is made of 1 to {ORDER_FIELDS_MAX} fields, such as /body/customer/id"
            ));
        }
        let fields = fields.iter().map(|text| text.parse().map_err(|error| format!("`{text}`: {error}")));
        Ok(Self(By::Fields(fields.collect::<Result<_, _>>()?)))
    }

    /// Whether it has to see a request to know its key.
    pub const fn reads_fields(&self) -> bool {
        matches!(self.0, By::Fields(_))
    }

    /// The key of a connection's event; none where it waits for no other. Values are asked for only where it
    /// [reads fields](Self::reads_fields).
    pub fn key(&self, connection: ConnectionId, values: Option<&Values<'_>>) -> Option<OrderKey> {
        let fields = match &self.0 {
            By::Nothing => return None,
            By::Destination => return Some(OrderKey::DESTINATION),
            By::Fields(fields) => fields,
        };
        let mut hash = Hash::new();
        hash.scope(connection.0);
        hash.fields(fields, values?);
        let hash = hash.finish()?;
        let (first, _) = hash.split_first_chunk()?;
        Some(OrderKey::from_hash(u64::from_le_bytes(*first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Parts;

    fn key(order: &Order, connection: u64, body: &str) -> Option<OrderKey> {
        let headers: &[(&str, &[u8])] = &[("x-shop", b"one"), ("content-type", b"application/json")];
        let parts = Parts {
            method: "POST",
            path: "",
            query: "",
            headers,
            topic: Some("paid"),
            body: body.as_bytes(),
        };
        OrderBy::compile(order).unwrap().key(ConnectionId(connection), Some(&Values::new(parts)))
    }

    fn by(fields: &[&str]) -> Order {
        Order::Key(fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn events_share_a_key_where_all_fields_are_the_same_and_one_is_there() {
        let order = by(&["/body/customer", "/headers/x-none"]);
        let one = key(&order, 1, r#"{"customer":7,"n":1}"#);
        assert!(one.is_some());
        assert_eq!(one, key(&order, 1, r#"{"n":2,"customer":"7"}"#));
        assert_ne!(one, key(&order, 1, r#"{"customer":8}"#));
        assert_ne!(one, key(&order, 2, r#"{"customer":7}"#), "another connection's keys are its own");
        assert_eq!(key(&order, 1, "{}"), None);
        assert_eq!(key(&by(&["/topic"]), 1, "{}"), key(&by(&["/topic"]), 1, "no JSON"));
        assert_ne!(key(&by(&["/headers/x-shop"]), 1, ""), key(&by(&["/topic"]), 1, ""));
    }

    #[test]
    fn a_destination_has_one_key_whatever_the_event() {
        assert_eq!(key(&Order::Destination, 1, "a"), Some(OrderKey::DESTINATION));
        assert_eq!(key(&Order::Destination, 2, "b"), Some(OrderKey::DESTINATION));
        assert_eq!(key(&Order::Free, 1, "a"), None);
    }

    #[test]
    fn what_names_no_field_is_refused() {
        for (order, expected) in [
            (by(&[]), "1 to 16 fields"),
            (by(&["/topic"; 17]), "1 to 16 fields"),
            (by(&["customer"]), "`customer`: a field begins"),
        ] {
            assert!(OrderBy::compile(&order).unwrap_err().contains(expected), "{order:?}");
        }
    }
}
