//! Requests on the wire.

use std::net::IpAddr;

use hookyard_model::request::{Head, Proof, RejectCause, Verdict};
use hookyard_store::history::{RequestDetails, RequestSummary, Status};
use serde::Serialize;
use utoipa::ToSchema;

use crate::events::EventView;
use crate::list::List;
use crate::openapi::{id, names};
use crate::payload::{HeaderLines, HeaderText, Payload};
use crate::requests::diagnosis::DiagnosisView;
use crate::time::Rfc3339;

/// A line of the list of requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestSummaryView {
    #[schema(value_type = id::Request)]
    id: String,
    #[schema(value_type = Option<id::Source>)]
    source_id: Option<String>,
    received_at: Rfc3339,
    #[schema(value_type = names::RequestStatus)]
    status: &'static str,
    #[schema(value_type = Option<names::RejectCause>)]
    cause: Option<&'static str>,
    /// None where the request was stored by a version that did not note it.
    #[schema(value_type = Option<names::VerificationState>)]
    verification: Option<&'static str>,
    /// Whether the status was decided after the acknowledgement.
    late: bool,
    provider_event_id: Option<String>,
    topic: Option<String>,
    provider_time: Option<Rfc3339>,
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
            status: status(row.status),
            cause: cause(row.status),
            verification: verification(row.status),
            late: row.is_late,
            provider_event_id: row.fields.provider_event_id,
            topic: row.fields.topic,
            provider_time: row.fields.provider_time.map(Rfc3339),
            method: row.method,
            target: row.target,
            body_bytes: row.body_bytes,
            events: row.events,
        }
    }
}

/// A request as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestView {
    #[schema(value_type = id::Request)]
    id: String,
    #[schema(value_type = Option<id::Source>)]
    source_id: Option<String>,
    received_at: Rfc3339,
    #[schema(value_type = String)]
    remote: IpAddr,
    #[schema(value_type = names::RequestStatus)]
    status: &'static str,
    #[schema(value_type = Option<names::RejectCause>)]
    cause: Option<&'static str>,
    detail: Option<String>,
    #[schema(value_type = Option<names::VerificationState>)]
    verification: Option<&'static str>,
    late: bool,
    provider_event_id: Option<String>,
    topic: Option<String>,
    provider_time: Option<Rfc3339>,
    /// Why the verification failed; only where it did.
    diagnosis: Option<DiagnosisView>,
    /// None, as the target and the headers, where the head is no HTTP request's; the raw head has it all.
    method: Option<String>,
    target: Option<String>,
    #[schema(value_type = Vec<(String, HeaderText)>)]
    headers: HeaderLines,
    body: Payload,
    events: List<EventView>,
}

impl RequestView {
    /// Shows a request with its events.
    pub(crate) fn new(
        details: &RequestDetails,
        diagnosis: Option<DiagnosisView>,
        events: List<EventView>,
    ) -> Self {
        let RequestDetails { request, is_late, fields } = details;
        let (stands, detail) = match &request.verdict {
            Verdict::Accepted(proof) => (Status::Accepted(*proof), None),
            Verdict::Pending => (Status::Pending, None),
            Verdict::Handshake { detail } => (Status::Handshake, Some(detail.clone())),
            Verdict::Rejected { cause, detail } => (Status::Rejected(*cause), Some(detail.clone())),
        };
        let head = Head::parse(&request.head).ok();
        let headers = head.iter().flat_map(|head| &head.headers);
        Self {
            id: request.id.to_string(),
            source_id: request.source.map(|id| id.to_string()),
            received_at: Rfc3339(request.received_at),
            remote: request.remote,
            status: status(stands),
            cause: cause(stands),
            detail,
            verification: verification(stands),
            late: *is_late,
            provider_event_id: fields.provider_event_id.clone(),
            topic: fields.topic.clone(),
            provider_time: fields.provider_time.map(Rfc3339),
            diagnosis,
            method: head.as_ref().map(|head| head.method.to_owned()),
            target: head.as_ref().map(|head| head.target.to_owned()),
            headers: headers.map(|(name, value)| ((*name).to_owned(), HeaderText::from(*value))).collect(),
            body: Payload::new(&request.body, request.body_bytes),
            events,
        }
    }
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Accepted(_) => "accepted",
        Status::Pending => "pending",
        Status::Handshake => "handshake",
        Status::Rejected(_) => "rejected",
    }
}

const fn cause(status: Status) -> Option<&'static str> {
    match status {
        Status::Rejected(cause) => Some(cause.name()),
        _ => None,
    }
}

/// What is known about the origin: nothing was asked of a handshake, nor of what was refused before.
const fn verification(status: Status) -> Option<&'static str> {
    match status {
        Status::Accepted(Proof::Unrecorded) => None,
        Status::Accepted(Proof::Verified) => Some("verified"),
        Status::Pending => Some("pending"),
        Status::Rejected(RejectCause::VerificationFailed | RejectCause::KeyUnavailable) => Some("rejected"),
        Status::Accepted(Proof::NotAsked) | Status::Handshake | Status::Rejected(_) => Some("none"),
    }
}
