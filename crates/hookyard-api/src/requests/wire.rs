//! Requests on the wire.

use std::net::IpAddr;

use hookyard_model::request::{Head, RejectCause, Request, Verdict};
use hookyard_store::history::RequestSummary;
use serde::Serialize;

use crate::events::EventView;
use crate::list::List;
use crate::payload::{HeaderLines, HeaderText, Payload};
use crate::time::Rfc3339;

/// A line of the list of requests.
#[derive(Debug, Serialize)]
pub(crate) struct RequestSummaryView {
    id: String,
    source_id: Option<String>,
    received_at: Rfc3339,
    status: &'static str,
    cause: Option<&'static str>,
    method: String,
    target: String,
    body_bytes: u64,
    /// How many events were made of it; none where it has not been routed yet.
    events: Option<u32>,
}

impl From<RequestSummary> for RequestSummaryView {
    fn from(row: RequestSummary) -> Self {
        Self {
            id: row.id.to_string(),
            source_id: row.source.map(|id| id.to_string()),
            received_at: Rfc3339(row.received_at),
            status: status(row.rejected.is_none()),
            cause: row.rejected.map(RejectCause::name),
            method: row.method,
            target: row.target,
            body_bytes: row.body_bytes,
            events: row.events,
        }
    }
}

/// A request as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct RequestView {
    id: String,
    source_id: Option<String>,
    received_at: Rfc3339,
    remote: IpAddr,
    status: &'static str,
    cause: Option<&'static str>,
    detail: Option<String>,
    /// None, as the target and the headers, where the head is no HTTP request's; the raw head has it all.
    method: Option<String>,
    target: Option<String>,
    headers: HeaderLines,
    body: Payload,
    events: List<EventView>,
}

impl RequestView {
    /// Shows a request with its events.
    pub(crate) fn new(request: &Request, events: List<EventView>) -> Self {
        let (cause, detail) = match &request.verdict {
            Verdict::Accepted => (None, None),
            Verdict::Rejected { cause, detail } => (Some(cause.name()), Some(detail.clone())),
        };
        let head = Head::parse(&request.head).ok();
        let headers = head.iter().flat_map(|head| &head.headers);
        Self {
            id: request.id.to_string(),
            source_id: request.source.map(|id| id.to_string()),
            received_at: Rfc3339(request.received_at),
            remote: request.remote,
            status: status(cause.is_none()),
            cause,
            detail,
            method: head.as_ref().map(|head| head.method.to_owned()),
            target: head.as_ref().map(|head| head.target.to_owned()),
            headers: headers.map(|(name, value)| ((*name).to_owned(), HeaderText::from(*value))).collect(),
            body: Payload::new(&request.body, request.body_bytes),
            events,
        }
    }
}

const fn status(accepted: bool) -> &'static str {
    if accepted { "accepted" } else { "rejected" }
}
