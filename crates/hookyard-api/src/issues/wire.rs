//! Issues on the wire.

use hookyard_model::issue::Kind;
use hookyard_store::issues::{Filter, Issue, State};
use serde::Serialize;

use crate::problem::Problem;
use crate::query::Parameters;
use crate::time::Rfc3339;

/// An issue as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct IssueView {
    id: String,
    kind: &'static str,
    cause: String,
    state: &'static str,
    connection_id: Option<String>,
    source_id: Option<String>,
    destination_id: Option<String>,
    count: u64,
    reopened: u32,
    first_seen_at: Rfc3339,
    last_seen_at: Rfc3339,
    sample_request_id: Option<String>,
    sample_event_id: Option<String>,
    acknowledged_at: Option<Rfc3339>,
    resolved_at: Option<Rfc3339>,
    resolved_by: Option<&'static str>,
}

impl IssueView {
    pub(crate) fn new(issue: &Issue) -> Self {
        Self {
            id: issue.id.to_string(),
            kind: issue.kind.name(),
            cause: issue.cause.clone(),
            state: issue.state.name(),
            connection_id: issue.connection.map(|id| id.to_string()),
            source_id: issue.source.map(|id| id.to_string()),
            destination_id: issue.destination.map(|id| id.to_string()),
            count: issue.count,
            reopened: issue.reopened,
            first_seen_at: Rfc3339(issue.first_seen_at),
            last_seen_at: Rfc3339(issue.last_seen_at),
            sample_request_id: issue.sample.map(|id| id.to_string()),
            sample_event_id: issue.sample_event().map(|id| id.to_string()),
            acknowledged_at: issue.acknowledged_at.map(Rfc3339),
            resolved_at: issue.resolved.map(|(at, _)| Rfc3339(at)),
            resolved_by: issue.resolved.map(|(_, by)| by.name()),
        }
    }
}

/// The filter that a list's parameters ask for.
pub(crate) fn filter(query: &mut Parameters) -> Result<Filter, Problem> {
    Ok(Filter {
        state: query.with("state", |name| {
            State::from_name(name).ok_or_else(|| expected(State::ALL.map(State::name).as_slice()))
        })?,
        kind: query.with("kind", |name| {
            Kind::from_name(name).ok_or_else(|| expected(Kind::ALL.map(Kind::name).as_slice()))
        })?,
        connection: query.optional("connection_id")?,
        source: query.optional("source_id")?,
        destination: query.optional("destination_id")?,
    })
}

fn expected(names: &[&str]) -> String {
    format!("expected one of {}", names.join(", "))
}
