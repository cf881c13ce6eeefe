//! Rows as messages of a stream, and which of them a stream wants.

use bytes::Bytes;
use hookyard_model::id::{ConnectionId, DestinationId, RequestId, SourceId};
use hookyard_store::live::{About, Content, Cursor, Row};
use hookyard_store::store::Store;
use serde::Serialize;

use crate::attempts::AttemptSummaryView;
use crate::events::EventView;
use crate::guard::pass::Lapse;
use crate::requests::RequestSummaryView;

/// Kinds of messages, by the list whose row they carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Request,
    Event,
    Attempt,
}

impl Type {
    pub(super) const ALL: [Self; 3] = [Self::Request, Self::Event, Self::Attempt];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Event => "event",
            Self::Attempt => "attempt",
        }
    }
}

/// A message as it goes over the wire, written once for all streams.
#[derive(Debug)]
pub(super) struct Message {
    /// Where the record begins that it tells of.
    pub(super) at: Cursor,
    kind: Type,
    about: About,
    pub(super) bytes: Bytes,
}

impl Message {
    pub(super) fn new(store: &Store, row: &Row) -> Self {
        let (kind, json) = match &row.content {
            Content::Request(summary) => {
                (Type::Request, json(&RequestSummaryView::from(summary.as_ref().clone())))
            }
            Content::Event(summary) => (Type::Event, json(&EventView::new(store, summary))),
            Content::Attempt(attempt) => (Type::Attempt, json(&AttemptSummaryView::from(attempt.as_ref()))),
        };
        Self { at: row.at(), kind, about: row.about, bytes: write(kind.name(), row.cursor, &json) }
    }
}

/// Which messages a stream wants; none restricts nothing.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) types: Vec<Type>,
    pub(super) source: Option<SourceId>,
    pub(super) connection: Option<ConnectionId>,
    pub(super) destination: Option<DestinationId>,
    pub(super) request: Option<RequestId>,
}

impl Filter {
    pub(super) fn wants(&self, message: &Message) -> bool {
        let About { request, source, connection, destination } = message.about;
        self.types.contains(&message.kind)
            && self.request.is_none_or(|wanted| wanted == request)
            && (self.source.is_none() || self.source == source)
            && (self.connection.is_none() || self.connection == connection)
            && (self.destination.is_none() || self.destination == destination)
    }
}

#[derive(Serialize)]
struct GapView {
    from: String,
    to: String,
}

/// What tells a client that it has missed something between two places.
pub(super) fn gap(from: Cursor, to: Cursor) -> Bytes {
    let view = GapView { from: from.to_string(), to: to.to_string() };
    write("gap", to, &json(&view))
}

#[derive(Serialize)]
struct EndView {
    reason: &'static str,
}

/// What tells a client that it may not be here any more. It has no `id`: what was sent before may not have got there.
pub(super) fn end(lapse: Lapse) -> Bytes {
    Bytes::from(format!("event: end\ndata: {}\n\n", json(&EndView { reason: lapse.name() })))
}

/// What a stream begins with: where it goes on from, and how soon to come back where it breaks.
pub(super) fn beginning(cursor: Cursor, retry_ms: u128) -> Bytes {
    Bytes::from(format!("retry: {retry_ms}\nid: {cursor}\n\n"))
}

/// What keeps a silent stream alive; it carries no event, but the place to resume from.
pub(super) fn sign_of_life(cursor: Cursor) -> Bytes {
    Bytes::from(format!(": still here\nid: {cursor}\n\n"))
}

fn write(event: &str, cursor: Cursor, json: &str) -> Bytes {
    Bytes::from(format!("event: {event}\nid: {cursor}\ndata: {json}\n\n"))
}

/// JSON in one line: line breaks in texts are escaped.
fn json(view: &impl Serialize) -> String {
    // Views are of texts, numbers and times, which always have a form.
    serde_json::to_string(view).unwrap_or_default()
}
