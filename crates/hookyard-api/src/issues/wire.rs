//! Issues on the wire.

use hookyard_model::issue::Kind;
use hookyard_store::issues::{Filter, Issue, State};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::query::Parameters;
use crate::time::Rfc3339;

/// An issue as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IssueView {
    #[schema(value_type = id::Issue)]
    id: String,
    #[schema(value_type = names::IssueKind)]
    kind: &'static str,
    /// What exactly fails, by kind: a status, a kind of error, or another word.
    cause: String,
    #[schema(value_type = names::IssueState)]
    state: &'static str,
    #[schema(value_type = Option<id::Connection>)]
    connection_id: Option<String>,
    #[schema(value_type = Option<id::Source>)]
    source_id: Option<String>,
    #[schema(value_type = Option<id::Destination>)]
    destination_id: Option<String>,
    /// How many events or requests it was seen with.
    count: u64,
    /// How often it came back.
    reopened: u32,
    first_seen_at: Rfc3339,
    last_seen_at: Rfc3339,
    #[schema(value_type = Option<id::Request>)]
    sample_request_id: Option<String>,
    #[schema(value_type = Option<id::Event>)]
    sample_event_id: Option<String>,
    acknowledged_at: Option<Rfc3339>,
    resolved_at: Option<Rfc3339>,
    #[schema(value_type = Option<names::ResolvedBy>)]
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

/// Which issues are listed, described: what [`filter`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes only")]
pub(crate) struct IssueParameters {
    /// In this state.
    #[param(inline)]
    state: Option<names::IssueState>,
    /// Of this kind.
    #[param(inline)]
    kind: Option<names::IssueKind>,
    /// About this connection.
    #[param(inline)]
    connection_id: Option<id::Connection>,
    /// About this source.
    #[param(inline)]
    source_id: Option<id::Source>,
    /// About this destination.
    #[param(inline)]
    destination_id: Option<id::Destination>,
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
