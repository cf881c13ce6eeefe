//! Which events are meant: the same names as parameters of the list and as fields of a body's `query`.

use std::fmt::Display;
use std::str::FromStr;

use hookyard_model::event::EventState;
use hookyard_store::history::EventFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::query::Parameters;

/// The filter in a body, and as it is shown; a field that is absent or null restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = EventQueryFields)]
pub(crate) struct FilterFields {
    /// Of this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<id::Request>)]
    request_id: Option<String>,
    /// Of this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<id::Source>)]
    source_id: Option<String>,
    /// Of this connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<id::Connection>)]
    connection_id: Option<String>,
    /// To this destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<id::Destination>)]
    destination_id: Option<String>,
    /// In this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<names::StoredEventState>)]
    state: Option<String>,
}

/// Which events are listed, described: what [`of_parameters`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes only")]
pub(crate) struct EventParameters {
    /// Of this request.
    #[param(inline)]
    request_id: Option<id::Request>,
    /// Of this source.
    #[param(inline)]
    source_id: Option<id::Source>,
    /// Of this connection.
    #[param(inline)]
    connection_id: Option<id::Connection>,
    /// To this destination.
    #[param(inline)]
    destination_id: Option<id::Destination>,
    /// In this state.
    #[param(inline)]
    state: Option<names::StoredEventState>,
}

/// The filter that a list's parameters ask for.
pub(crate) fn of_parameters(query: &mut Parameters) -> Result<EventFilter, Problem> {
    Ok(EventFilter {
        request: query.optional("request_id")?,
        source: query.optional("source_id")?,
        connection: query.optional("connection_id")?,
        destination: query.optional("destination_id")?,
        state: query.with("state", stored_state)?,
    })
}

impl FilterFields {
    /// The filter that these ask for.
    ///
    /// # Errors
    /// A value that cannot be read.
    pub(crate) fn filter(&self) -> Result<EventFilter, Problem> {
        let state = self.state.as_deref().map(stored_state).transpose();
        Ok(EventFilter {
            request: parsed("query.request_id", self.request_id.as_deref())?,
            source: parsed("query.source_id", self.source_id.as_deref())?,
            connection: parsed("query.connection_id", self.connection_id.as_deref())?,
            destination: parsed("query.destination_id", self.destination_id.as_deref())?,
            state: state.map_err(|reason| Problem::invalid_field("query.state", reason))?,
        })
    }

    /// Shows a filter.
    pub(crate) fn of(filter: &EventFilter) -> Self {
        Self {
            request_id: filter.request.map(|id| id.to_string()),
            source_id: filter.source.map(|id| id.to_string()),
            connection_id: filter.connection.map(|id| id.to_string()),
            destination_id: filter.destination.map(|id| id.to_string()),
            state: filter.state.map(|state| state.name().to_owned()),
        }
    }
}

fn parsed<T>(field: &str, text: Option<&str>) -> Result<Option<T>, Problem>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(|text| text.parse().map_err(|error: T::Err| Problem::invalid_field(field, error))).transpose()
}

/// `delivering` is in memory only: nothing is ever found in it, so asking for it is a mistake.
fn stored_state(name: &str) -> Result<EventState, String> {
    let stored = || EventState::ALL.into_iter().filter(|state| *state != EventState::Delivering);
    stored().find(|state| state.name() == name).ok_or_else(|| {
        format!("expected one of {}", stored().map(EventState::name).collect::<Vec<_>>().join(", "))
    })
}
