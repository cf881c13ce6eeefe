//! Events on the wire.

use hookyard_model::attempt::ErrorKind;
use hookyard_model::event::EventState;
use hookyard_model::execution::{Console, Execution};
use hookyard_model::id::EventId;
use hookyard_model::request::{Head, Request};
use hookyard_model::rule::{DiscardCause, Revision, RevisionKey, Step};
use hookyard_model::standing::HeldBy;
use hookyard_store::history::{EventDetails, EventSummary};
use hookyard_store::store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::{id, names};
use crate::payload::{HeaderLines, HeaderText, Payload};
use crate::time::Rfc3339;
use crate::transformations::LineView;

/// An event as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    #[schema(value_type = id::Event)]
    id: String,
    #[schema(value_type = id::Request)]
    request_id: String,
    #[schema(value_type = id::Connection)]
    connection_id: String,
    #[schema(value_type = id::Source)]
    source_id: String,
    #[schema(value_type = id::Destination)]
    destination_id: String,
    /// When its request was stored.
    received_at: Rfc3339,
    /// What kind of event it is, by its provider's word; none where that is not known.
    topic: Option<String>,
    #[schema(value_type = names::EventState)]
    state: &'static str,
    /// Why it is held.
    #[schema(value_type = Option<names::HeldBy>)]
    held_by: Option<&'static str>,
    /// Why a rule discarded it; none where none did.
    #[schema(value_type = Option<names::DiscardCause>)]
    discarded: Option<&'static str>,
    /// From when it may be delivered; none where it waits for nothing.
    due_at: Option<Rfc3339>,
    attempts: u32,
    last_status: Option<u16>,
    #[schema(value_type = Option<names::ErrorKind>)]
    last_error: Option<&'static str>,
    last_attempt_at: Option<Rfc3339>,
}

/// An event with what its connection's rules made of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventDetailsView {
    #[serde(flatten)]
    event: EventView,
    /// The event that came first, where this is a duplicate.
    #[schema(value_type = Option<id::Event>)]
    duplicate_of: Option<String>,
    /// The newer event that was delivered before, where this is stale for that.
    #[schema(value_type = Option<id::Event>)]
    superseded_by: Option<String>,
    /// What it tells of, where its connection delivers only the latest.
    revision: Option<RevisionView>,
    /// What it has in common with those that it goes out before or behind; none where it waits for no other.
    order_key: Option<String>,
    /// What each rule did, in their order, up to the one that ended it.
    rules: Vec<StepView>,
    /// What is delivered, where transformations changed the request; none where they did not.
    transformed: Option<TransformedView>,
}

/// Which thing an event tells of, and as of when.
#[derive(Debug, Serialize, ToSchema)]
struct RevisionView {
    /// The same for all events of the connection that tell of the same thing.
    key: String,
    time: Rfc3339,
}

impl From<Revision> for RevisionView {
    fn from(revision: Revision) -> Self {
        let Revision { of: RevisionKey(key), at } = revision;
        Self { key: format!("{:032x}", u128::from_be_bytes(key)), time: Rfc3339(at) }
    }
}

/// A request as transformations made it.
#[derive(Debug, Serialize, ToSchema)]
struct TransformedView {
    /// Path and query behind the source's token.
    path: String,
    #[schema(value_type = Vec<(String, HeaderText)>)]
    headers: HeaderLines,
    body: Payload,
}

#[derive(Debug, Serialize, ToSchema)]
struct StepView {
    #[schema(value_type = names::RuleKind)]
    r#type: &'static str,
    /// A sentence; none where there is nothing to say.
    detail: Option<String>,
    /// What it was to run the code of a transformation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    execution: Option<ExecutionView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ExecutionView {
    console: Vec<LineView>,
    /// Lines of the console that were too many.
    console_dropped: u64,
    /// Processor time that the run took, in microseconds.
    cpu_us: u64,
}

impl From<Execution> for ExecutionView {
    fn from(execution: Execution) -> Self {
        let Execution { console: Console { lines, dropped }, cpu } = execution;
        Self {
            console: lines.into_iter().map(LineView::from).collect(),
            console_dropped: dropped,
            cpu_us: u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

impl TransformedView {
    /// Shows a request whose head is an HTTP request's; the others are never made.
    fn new(request: &Request) -> Option<Self> {
        let head = Head::parse(&request.head).ok()?;
        let headers = head.headers.iter();
        Some(Self {
            path: head.suffix().to_owned(),
            headers: headers.map(|(name, value)| ((*name).to_owned(), HeaderText::from(*value))).collect(),
            body: Payload::new(&request.body, request.body_bytes),
        })
    }
}

impl EventDetailsView {
    /// Shows an event; the store says whether it is held.
    pub(crate) fn new(store: &Store, details: EventDetails) -> Self {
        let EventDetails { summary, ruling, order, transformed } = details;
        let connection = summary.id.connection;
        let step = |step: Step| StepView {
            r#type: step.kind.name(),
            detail: (!step.detail.is_empty()).then_some(step.detail),
            execution: step.execution.map(ExecutionView::from),
        };
        Self {
            event: EventView::new(store, &summary),
            duplicate_of: ruling.duplicate_of.map(|request| EventId { request, connection }.to_string()),
            superseded_by: ruling.superseded_by.map(|request| EventId { request, connection }.to_string()),
            revision: ruling.revision.map(RevisionView::from),
            order_key: order.map(|key| format!("{:016x}", key.stored())),
            rules: ruling.steps.into_iter().map(step).collect(),
            transformed: transformed.as_ref().and_then(TransformedView::new),
        }
    }
}

impl EventView {
    /// Shows an event; the store says whether it is held.
    pub(crate) fn new(store: &Store, event: &EventSummary) -> Self {
        let held_by = store.held_by(event);
        Self {
            id: event.id.to_string(),
            request_id: event.id.request.to_string(),
            connection_id: event.id.connection.to_string(),
            source_id: event.source.to_string(),
            destination_id: event.destination.to_string(),
            received_at: Rfc3339(event.received_at()),
            topic: event.topic.clone(),
            state: held_by.map_or(event.state, |_| EventState::Held).name(),
            held_by: held_by.map(HeldBy::name),
            discarded: event.discarded.map(DiscardCause::name),
            due_at: event.state.is_undelivered().then_some(Rfc3339(event.due_at)),
            attempts: event.attempts,
            last_status: event.last_status,
            last_error: event.last_error.map(ErrorKind::name),
            last_attempt_at: event.last_attempt_at.map(Rfc3339),
        }
    }
}
