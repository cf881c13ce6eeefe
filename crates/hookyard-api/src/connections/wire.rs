//! Connections on the wire.

use hookyard_model::connection::Connection;
use hookyard_model::id::{DestinationId, SourceId};
use hookyard_model::order::Order;
use hookyard_model::retry::Retry;
use hookyard_store::catalog::NewConnection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::order::{OrderFields, OrderView};
use super::retry::{RetryFields, RetryView};
use super::rules;
use crate::body::Object;
use crate::managed::managed_by;
use crate::merge::Field;
use crate::problem::{Kind, Problem};
use crate::time::Rfc3339;

/// A connection as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct ConnectionView {
    id: String,
    name: String,
    source_id: String,
    destination_id: String,
    rules: Vec<Value>,
    /// Which events go out one after the other.
    order: Option<OrderView>,
    retry: RetryView,
    enabled: bool,
    /// Why and since when it is not enabled.
    disabled: Option<DisabledView>,
    managed_by: &'static str,
    created_at: Rfc3339,
    updated_at: Rfc3339,
}

#[derive(Debug, Serialize)]
struct DisabledView {
    cause: &'static str,
    at: Rfc3339,
}

/// The answer to a deletion that took events along.
#[derive(Debug, Serialize)]
pub(crate) struct CancelledView {
    pub(crate) cancelled_events: u64,
}

impl ConnectionView {
    /// Shows a connection.
    pub(crate) fn new(connection: &Connection) -> Self {
        let disabled = connection.disabled.as_ref();
        Self {
            id: connection.id.to_string(),
            name: connection.name.clone(),
            source_id: connection.source.to_string(),
            destination_id: connection.destination.to_string(),
            rules: connection.rules.iter().map(rules::show).collect(),
            order: OrderView::of(&connection.order),
            retry: RetryView::from(&connection.retry),
            enabled: disabled.is_none(),
            disabled: disabled.map(|it| DisabledView { cause: it.cause.name(), at: Rfc3339(it.at) }),
            managed_by: managed_by(connection.managed_by),
            created_at: Rfc3339(connection.created_at),
            updated_at: Rfc3339(connection.updated_at),
        }
    }
}

/// What a body says about a connection.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ConnectionFields {
    name: Field<String>,
    source_id: Field<String>,
    destination_id: Field<String>,
    rules: Field<Vec<Map<String, Value>>>,
    order: Field<Object<OrderFields>>,
    retry: Field<Object<RetryFields>>,
    enabled: Field<bool>,
}

impl ConnectionFields {
    /// The connection that results: from nothing, or from the one there is.
    ///
    /// # Errors
    /// A missing field, text that is no id, or rules or a schedule that cannot be used.
    pub(crate) fn onto(self, current: Option<&Connection>) -> Result<NewConnection, Problem> {
        let name = self.name.required(current.map(|it| it.name.clone()), "name")?;
        let source = self.source_id.required(current.map(|it| it.source.to_string()), "source_id")?;
        let destination =
            self.destination_id.required(current.map(|it| it.destination.to_string()), "destination_id")?;
        let rules = match self.rules {
            Field::Keep => current.map(|it| it.rules.clone()).unwrap_or_default(),
            Field::Reset => Vec::new(),
            Field::Set(rules) => rules::read(rules, current.map_or(&[], |it| &it.rules))?,
        };
        let order = match self.order {
            Field::Keep => current.map(|it| it.order.clone()).unwrap_or_default(),
            Field::Reset => Order::Free,
            Field::Set(Object(fields)) => fields.read()?,
        };
        let retry = current.map(|it| it.retry.clone()).unwrap_or_default();
        let retry = match self.retry {
            Field::Keep => retry,
            Field::Reset => Retry::default(),
            Field::Set(Object(fields)) => fields.onto(retry)?,
        };
        Ok(NewConnection {
            name,
            source: reference::<SourceId>("source_id", &source)?,
            destination: reference::<DestinationId>("destination_id", &destination)?,
            rules,
            order,
            retry,
            enabled: self.enabled.over(current.is_none_or(|it| it.disabled.is_none()), true),
        })
    }
}

/// Text that is no id cannot refer to anything, so it is the same error as an id nothing has.
fn reference<Id>(field: &str, text: &str) -> Result<Id, Problem>
where
    Id: std::str::FromStr,
    Id::Err: std::fmt::Display,
{
    text.parse().map_err(|error: Id::Err| {
        Problem::with_field(Kind::UnknownReference, field, format!("`{field}`: {error}"))
    })
}
