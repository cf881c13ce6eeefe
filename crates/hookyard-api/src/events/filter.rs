//! Which events are meant: the same names as parameters of the list and as fields of a body's `query`.

use std::fmt::Display;
use std::str::FromStr;

use hookyard_model::attempt::ErrorKind;
use hookyard_model::event::EventState;
use hookyard_model::rule::DiscardCause;
use hookyard_store::history::{Content, EventFilter, Period};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::query::Parameters;
use crate::time::{self, Rfc3339};
use crate::wanted;

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
    /// Of requests with this id of the provider's.
    #[schema(min_length = 1, max_length = 256)]
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_event_id: Option<String>,
    /// Of this kind, as the provider calls it.
    #[schema(min_length = 1, max_length = 256)]
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    /// Of requests stored at this time or later.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    received_after: Option<String>,
    /// Of requests stored before this time.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    received_before: Option<String>,
    /// Whose newest attempt was answered so: a status code, or a class of them.
    #[schema(pattern = "^([1-9][0-9]{2}|[1-9]xx)$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status: Option<String>,
    /// Whose newest attempt failed so.
    #[schema(value_type = Option<names::ErrorKind>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// With as many attempts or more.
    #[schema(maximum = 1_000_000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_min: Option<u32>,
    /// With as many attempts or fewer.
    #[schema(maximum = 1_000_000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_max: Option<u32>,
    /// That a rule discarded for this.
    #[schema(value_type = Option<names::DiscardCause>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    discarded: Option<String>,
    /// Of requests that meet this condition of the filter language.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    r#match: Option<Value>,
    /// Of requests with this text in head or body.
    #[schema(min_length = 1, max_length = 256)]
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
}

/// Which events are listed, described: what [`of_index`] reads.
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
    /// Of requests with this id of the provider's.
    #[param(min_length = 1, max_length = 256)]
    provider_event_id: Option<String>,
    /// Of this kind, as the provider calls it.
    #[param(min_length = 1, max_length = 256)]
    topic: Option<String>,
    /// Of requests stored at this time or later.
    #[param(format = DateTime)]
    received_after: Option<String>,
    /// Of requests stored before this time.
    #[param(format = DateTime)]
    received_before: Option<String>,
    /// Whose newest attempt was answered so: a status code, or a class of them.
    #[param(pattern = "^([1-9][0-9]{2}|[1-9]xx)$")]
    last_status: Option<String>,
    /// Whose newest attempt failed so.
    #[param(inline)]
    last_error: Option<names::ErrorKind>,
    /// With as many attempts or more.
    #[param(minimum = 0, maximum = 1_000_000)]
    attempts_min: Option<u32>,
    /// With as many attempts or fewer.
    #[param(minimum = 0, maximum = 1_000_000)]
    attempts_max: Option<u32>,
    /// That a rule discarded for this.
    #[param(inline)]
    discarded: Option<names::DiscardCause>,
}

/// The filter that a list's parameters ask for.
pub(crate) fn of_parameters(query: &mut Parameters) -> Result<EventFilter, Problem> {
    let filter = of_index(query)?;
    Ok(EventFilter { content: wanted::content(query)?, ..filter })
}

/// The same without what requests themselves have to be like.
pub(crate) fn of_index(query: &mut Parameters) -> Result<EventFilter, Problem> {
    Ok(EventFilter {
        request: query.optional("request_id")?,
        source: query.optional("source_id")?,
        connection: query.optional("connection_id")?,
        destination: query.optional("destination_id")?,
        state: query.with("state", stored_state)?,
        provider_event_id: query.with("provider_event_id", wanted::provider_text)?,
        topic: query.with("topic", wanted::provider_text)?,
        received: wanted::received(query)?,
        last_status: query.with("last_status", wanted::statuses)?,
        last_error: query.with("last_error", wanted::error_kind)?,
        attempts_min: query.with("attempts_min", wanted::attempts_text)?,
        attempts_max: query.with("attempts_max", wanted::attempts_text)?,
        discarded: query.with("discarded", wanted::discard_cause)?,
        content: Content::default(),
    })
}

impl FilterFields {
    /// The filter that these ask for.
    ///
    /// # Errors
    /// A value that cannot be read.
    pub(crate) fn filter(&self) -> Result<EventFilter, Problem> {
        Ok(EventFilter {
            request: parsed("query.request_id", self.request_id.as_deref())?,
            source: parsed("query.source_id", self.source_id.as_deref())?,
            connection: parsed("query.connection_id", self.connection_id.as_deref())?,
            destination: parsed("query.destination_id", self.destination_id.as_deref())?,
            state: read("query.state", self.state.as_deref(), stored_state)?,
            provider_event_id: read(
                "query.provider_event_id",
                self.provider_event_id.as_deref(),
                wanted::provider_text,
            )?,
            topic: read("query.topic", self.topic.as_deref(), wanted::provider_text)?,
            received: Period {
                after: read("query.received_after", self.received_after.as_deref(), time::parse)?,
                before: read("query.received_before", self.received_before.as_deref(), time::parse)?,
            },
            last_status: read("query.last_status", self.last_status.as_deref(), wanted::statuses)?,
            last_error: read("query.last_error", self.last_error.as_deref(), wanted::error_kind)?,
            attempts_min: read("query.attempts_min", self.attempts_min, wanted::attempts)?,
            attempts_max: read("query.attempts_max", self.attempts_max, wanted::attempts)?,
            discarded: read("query.discarded", self.discarded.as_deref(), wanted::discard_cause)?,
            content: Content {
                matching: read("query.match", self.r#match.clone(), wanted::matching)?,
                search: read("query.search", self.search.as_deref(), wanted::search)?,
            },
        })
    }

    /// Shows a filter.
    pub(crate) fn of(filter: &EventFilter) -> Self {
        let time = |time| Rfc3339(time).to_string();
        Self {
            request_id: filter.request.map(|id| id.to_string()),
            source_id: filter.source.map(|id| id.to_string()),
            connection_id: filter.connection.map(|id| id.to_string()),
            destination_id: filter.destination.map(|id| id.to_string()),
            state: filter.state.map(|state| state.name().to_owned()),
            provider_event_id: filter.provider_event_id.clone(),
            topic: filter.topic.clone(),
            received_after: filter.received.after.map(time),
            received_before: filter.received.before.map(time),
            last_status: filter.last_status.map(wanted::statuses_text),
            last_error: filter.last_error.map(ErrorKind::name).map(str::to_owned),
            attempts_min: filter.attempts_min,
            attempts_max: filter.attempts_max,
            discarded: filter.discarded.map(DiscardCause::name).map(str::to_owned),
            r#match: filter.content.matching.clone(),
            search: filter.content.search.clone(),
        }
    }
}

fn parsed<T>(field: &str, text: Option<&str>) -> Result<Option<T>, Problem>
where
    T: FromStr,
    T::Err: Display,
{
    read(field, text, |text| text.parse().map_err(|error: T::Err| error.to_string()))
}

fn read<Given, T>(
    field: &str,
    given: Option<Given>,
    parse: impl FnOnce(Given) -> Result<T, String>,
) -> Result<Option<T>, Problem> {
    given.map(|given| parse(given).map_err(|reason| Problem::invalid_field(field, reason))).transpose()
}

/// `delivering` is in memory only: nothing is ever found in it, so asking for it is a mistake.
fn stored_state(name: &str) -> Result<EventState, String> {
    let stored = || EventState::ALL.into_iter().filter(|state| *state != EventState::Delivering);
    stored().find(|state| state.name() == name).ok_or_else(|| {
        format!("expected one of {}", stored().map(EventState::name).collect::<Vec<_>>().join(", "))
    })
}
