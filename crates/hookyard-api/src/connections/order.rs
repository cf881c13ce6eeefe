//! A connection's order on the wire: `null`, `{"by": "destination"}` or `{"by": "key", "fields": ["/body/customer/id"]}`.

use hookyard_model::order::Order;
use hookyard_rules::order::OrderBy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;

/// An order as it is shown; nothing where there is none.
#[derive(Debug, Serialize)]
pub(super) struct OrderView {
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<String>>,
}

impl OrderView {
    pub(super) fn of(order: &Order) -> Option<Self> {
        match order {
            Order::Free => None,
            Order::Destination => Some(Self { by: "destination", fields: None }),
            Order::Key(fields) => Some(Self { by: "key", fields: Some(fields.clone()) }),
        }
    }
}

// What `OrderView` shows and `OrderFields` reads.
/// An order.
#[derive(ToSchema)]
#[schema(as = Order)]
#[serde(tag = "by", rename_all = "lowercase", deny_unknown_fields)]
#[expect(dead_code, reason = "it describes only")]
pub(super) enum OrderSchema {
    /// All events to the destination, one after the other.
    Destination {},
    /// Events that have these fields in common.
    Key {
        /// Paths like `/body/customer/id`.
        #[schema(min_items = 1, max_items = 16)]
        fields: Vec<String>,
    },
}

/// What a body says about an order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderFields {
    by: String,
    fields: Option<Vec<String>>,
}

impl OrderFields {
    /// The order that it asks for.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub(super) fn read(self) -> Result<Order, Problem> {
        let order = match (self.by.as_str(), self.fields) {
            ("destination", None) => Order::Destination,
            ("destination", Some(_)) => {
                let reason = "only `\"by\": \"key\"` has fields";
                return Err(Problem::invalid_field("order.fields", reason));
            }
            ("key", Some(fields)) => Order::Key(fields),
            ("key", None) => return Err(Problem::missing_field("order.fields")),
            _ => return Err(Problem::invalid_field("order.by", "expected `destination` or `key`")),
        };
        match OrderBy::compile(&order) {
            Ok(_) => Ok(order),
            Err(problem) => Err(Problem::invalid_field("order.fields", problem)),
        }
    }
}
