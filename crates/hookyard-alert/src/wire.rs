//! What a webhook says: the body, in which the issue looks as it does in the API.

use hookyard_model::clock::Timestamp;
use hookyard_store::issues::Issue;
use serde::Serialize;

use crate::message::Message;

/// The whole body, as Standard Webhooks suggests it; `alert` and `openings` are about this message.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
    r#type: &'static str,
    timestamp: String,
    alert: AlertJson<'a>,
    /// How often the issue opened since this alert told it.
    openings: u64,
    data: IssueJson<'a>,
}

#[derive(Debug, Serialize)]
struct AlertJson<'a> {
    id: String,
    name: &'a str,
}

/// `GET /api/v1/issues/{id}`; a test of the whole gateway holds the two together.
#[derive(Debug, Serialize)]
struct IssueJson<'a> {
    id: String,
    kind: &'static str,
    cause: &'a str,
    state: &'static str,
    connection_id: Option<String>,
    source_id: Option<String>,
    destination_id: Option<String>,
    count: u64,
    reopened: u32,
    first_seen_at: String,
    last_seen_at: String,
    sample_request_id: Option<String>,
    sample_event_id: Option<String>,
    acknowledged_at: Option<String>,
    resolved_at: Option<String>,
    resolved_by: Option<&'static str>,
}

impl<'a> Body<'a> {
    pub(crate) fn of(message: &'a Message) -> Self {
        Self {
            r#type: message.r#type,
            timestamp: rfc3339(message.happened_at),
            alert: AlertJson { id: message.alert.id.to_string(), name: &message.alert.name },
            openings: message.openings,
            data: IssueJson::of(&message.issue),
        }
    }
}

impl<'a> IssueJson<'a> {
    fn of(issue: &'a Issue) -> Self {
        Self {
            id: issue.id.to_string(),
            kind: issue.kind.name(),
            cause: &issue.cause,
            state: issue.state.name(),
            connection_id: issue.connection.map(|id| id.to_string()),
            source_id: issue.source.map(|id| id.to_string()),
            destination_id: issue.destination.map(|id| id.to_string()),
            count: issue.count,
            reopened: issue.reopened,
            first_seen_at: rfc3339(issue.first_seen_at),
            last_seen_at: rfc3339(issue.last_seen_at),
            sample_request_id: issue.sample.map(|id| id.to_string()),
            sample_event_id: issue.sample_event().map(|id| id.to_string()),
            acknowledged_at: issue.acknowledged_at.map(rfc3339),
            resolved_at: issue.resolved.map(|(at, _)| rfc3339(at)),
            resolved_by: issue.resolved.map(|(_, by)| by.name()),
        }
    }
}

/// In UTC with milliseconds, as the API has times.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    let ms = i64::try_from(time.ms()).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX);
    format!("{time:.3}")
}
