//! Connections on the wire.

use hookyard_model::connection::Connection;
use hookyard_model::id::{DestinationId, SourceId};
use hookyard_model::order::Order;
use hookyard_model::retry::Retry;
use hookyard_model::rule::Rule;
use hookyard_store::catalog::{DeclaredConnection, NewConnection};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::order::{OrderFields, OrderSchema, OrderView};
use super::retry::{RetryFields, RetryView};
use super::rules::{self, RuleSchema};
use crate::body::Object;
use crate::managed::managed_by;
use crate::merge::Field;
use crate::openapi::wrap::Create;
use crate::openapi::{id, names};
use crate::problem::{Kind, Problem};
use crate::time::Rfc3339;

/// A connection as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionView {
    #[schema(value_type = id::Connection)]
    id: String,
    name: String,
    #[schema(value_type = id::Source)]
    source_id: String,
    #[schema(value_type = id::Destination)]
    destination_id: String,
    #[schema(value_type = Vec<RuleSchema>)]
    rules: Vec<Value>,
    /// Which events go out one after the other.
    #[schema(value_type = Option<OrderSchema>)]
    order: Option<OrderView>,
    retry: RetryView,
    enabled: bool,
    /// Why and since when it is not enabled.
    disabled: Option<DisabledView>,
    #[schema(value_type = names::ManagedBy)]
    managed_by: &'static str,
    created_at: Rfc3339,
    updated_at: Rfc3339,
}

#[derive(Debug, Serialize, ToSchema)]
struct DisabledView {
    #[schema(value_type = names::DisabledCause)]
    cause: &'static str,
    at: Rfc3339,
}

/// The answer to a deletion that took events along.
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ConnectionFields {
    /// 1 to 100 letters, digits, `-`, `_` and `.`; unique.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length = 1, max_length = 100)]
    name: Field<String>,
    /// Where it starts.
    #[schema(value_type = Option<id::Source>)]
    source_id: Field<String>,
    /// Where it leads.
    #[schema(value_type = Option<id::Destination>)]
    destination_id: Field<String>,
    /// What happens to events on the way, in this order.
    #[schema(value_type = Option<Vec<RuleSchema>>, max_items = 32)]
    rules: Field<Vec<Map<String, Value>>>,
    /// Which events go out one after the other; `null` for none.
    #[schema(value_type = Option<OrderSchema>)]
    order: Field<Object<OrderFields>>,
    /// Whether and when a failed attempt is made again.
    #[schema(value_type = Option<RetryFields>)]
    retry: Field<Object<RetryFields>>,
    /// Whether events are delivered; `true` by default.
    enabled: Field<bool>,
}

impl Create for ConnectionFields {
    const NEEDED: &[&str] = &["name", "source_id", "destination_id"];
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

/// What a document says about a connection; what it joins is named.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeclaredConnectionFields {
    #[schema(value_type = String, required, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length = 1, max_length = 100)]
    name: Field<String>,
    #[schema(value_type = String, required)]
    source: Field<String>,
    #[schema(value_type = String, required)]
    destination: Field<String>,
    #[schema(value_type = Option<Vec<RuleSchema>>, max_items = 32)]
    rules: Field<Vec<Map<String, Value>>>,
    #[schema(value_type = Option<OrderSchema>)]
    order: Field<Object<OrderFields>>,
    #[schema(value_type = Option<RetryFields>)]
    retry: Field<Object<RetryFields>>,
    enabled: Field<bool>,
}

impl DeclaredConnectionFields {
    /// The name it gives.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.given().map(String::as_str)
    }

    /// The connection that it declares; the rules that there are know the variables that are to be kept.
    ///
    /// # Errors
    /// A missing field, or rules or a schedule that cannot be used.
    pub(crate) fn declared(self, current: Option<&[Rule]>) -> Result<DeclaredConnection, Problem> {
        Ok(DeclaredConnection {
            name: self.name.required(None, "name")?,
            source: self.source.required(None, "source")?,
            destination: self.destination.required(None, "destination")?,
            rules: match self.rules {
                Field::Keep | Field::Reset => Vec::new(),
                Field::Set(rules) => rules::read(rules, current.unwrap_or_default())?,
            },
            order: match self.order {
                Field::Keep | Field::Reset => Order::Free,
                Field::Set(Object(fields)) => fields.read()?,
            },
            retry: match self.retry {
                Field::Keep | Field::Reset => Retry::default(),
                Field::Set(Object(fields)) => fields.onto(Retry::default())?,
            },
            enabled: self.enabled.over(true, true),
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
