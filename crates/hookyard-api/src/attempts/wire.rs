//! Attempts on the wire.

use hookyard_model::attempt::{Attempt, Outcome, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::{id, names};
use crate::payload::{HeaderLines, HeaderText, Payload, header_lines};
use crate::time::Rfc3339;

/// A line of the list of attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptSummaryView {
    #[schema(value_type = id::Attempt)]
    id: String,
    #[schema(value_type = id::Event)]
    event_id: String,
    #[schema(value_type = id::Destination)]
    destination_id: String,
    /// Which try it was, from 1.
    number: u32,
    #[schema(value_type = names::Trigger)]
    trigger: &'static str,
    started_at: Rfc3339,
    /// With microseconds behind the point.
    duration_ms: f64,
    successful: bool,
    /// The status code, where the destination answered.
    status: Option<u16>,
    /// The kind of error, where it did not.
    #[schema(value_type = Option<names::ErrorKind>)]
    error: Option<&'static str>,
    /// What the error was exactly, for a person.
    error_detail: Option<String>,
    /// What became of the event.
    #[schema(value_type = names::EventState)]
    event_state: &'static str,
    /// When the next try is due, where there is to be one.
    next_attempt_at: Option<Rfc3339>,
}

/// An attempt as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptView {
    #[serde(flatten)]
    summary: AttemptSummaryView,
    response: Option<ResponseView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptResponse)]
struct ResponseView {
    status: u16,
    #[schema(value_type = Vec<(String, HeaderText)>)]
    headers: HeaderLines,
    body: Payload,
}

impl From<&Attempt> for AttemptSummaryView {
    fn from(attempt: &Attempt) -> Self {
        let error = attempt.outcome.error();
        Self {
            id: attempt.id.to_string(),
            event_id: attempt.id.event.to_string(),
            destination_id: attempt.destination.to_string(),
            number: attempt.id.number,
            trigger: attempt.trigger.name(),
            started_at: Rfc3339(attempt.started_at),
            duration_ms: attempt.duration.as_micros() as f64 / 1_000.0,
            successful: attempt.outcome.is_success(),
            status: attempt.outcome.status(),
            error: error.map(|error| error.kind.name()),
            error_detail: error.map(|error| error.detail.clone()),
            event_state: attempt.state.name(),
            next_attempt_at: attempt.state.is_undelivered().then_some(Rfc3339(attempt.due_at)),
        }
    }
}

impl From<&Attempt> for AttemptView {
    fn from(attempt: &Attempt) -> Self {
        let response = match &attempt.outcome {
            Outcome::Response(response) => Some(ResponseView::from(response)),
            Outcome::Error(_) | Outcome::Acknowledged => None,
        };
        Self { summary: attempt.into(), response }
    }
}

impl From<&Response> for ResponseView {
    fn from(response: &Response) -> Self {
        Self {
            status: response.status,
            headers: header_lines(&response.headers),
            body: Payload::of_response(&response.body, response.body_truncated),
        }
    }
}
