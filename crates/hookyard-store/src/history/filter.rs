//! What lists are restricted to, and how that is looked for: by an index of its own where there is one, otherwise by
//! going through the blocks that can have it.

use hookyard_model::attempt::ErrorKind;
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{
    ConnectionId, DestinationId, EventId, ProjectId, RequestId, SourceId, floor_at, made_at,
};
use hookyard_model::request::RejectCause;
use hookyard_model::rule::DiscardCause;

use super::ReadError;
use super::content::{Content, Probe};
use crate::index::blocks::{Field, Wanted, kind};
use crate::index::scan::{BEYOND, Bounds};
use crate::index::wish::Conditions;
use crate::store::Inner;

/// Which requests to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Only of this source.
    pub source: Option<SourceId>,
    /// Only of this kind.
    pub kind: Option<RequestKind>,
    /// Only those rejected for this cause.
    pub cause: Option<RejectCause>,
    /// Only those to which their provider gave this event id.
    pub provider_event_id: Option<String>,
    /// Only those of this topic.
    pub topic: Option<String>,
    /// Only with this method, as sent.
    pub method: Option<String>,
    /// Only those that were stored then.
    pub received: Period,
    /// Only those that somebody bookmarked.
    pub is_bookmarked: bool,
    /// Only those whose head and body are like that.
    pub content: Content,
}

/// Kinds of requests, by what was decided about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestKind {
    /// Routed, or to be.
    Accepted,
    /// Waiting for a key that verifies them.
    Pending,
    /// Answered, and nothing more.
    Handshake,
    /// Not routed.
    Rejected,
}

/// Which events to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only of this request.
    pub request: Option<RequestId>,
    /// Only of this source.
    pub source: Option<SourceId>,
    /// Only along this connection.
    pub connection: Option<ConnectionId>,
    /// Only to this destination.
    pub destination: Option<DestinationId>,
    /// Only in this state.
    pub state: Option<EventState>,
    /// Only of requests to which their provider gave this event id.
    pub provider_event_id: Option<String>,
    /// Only of requests of this topic.
    pub topic: Option<String>,
    /// Only of requests that were stored then.
    pub received: Period,
    /// Only those whose newest attempt was answered so.
    pub last_status: Option<Statuses>,
    /// Only those whose newest attempt failed so.
    pub last_error: Option<ErrorKind>,
    /// Only those with as many attempts or more.
    pub attempts_min: Option<u32>,
    /// Only those with as many attempts or fewer.
    pub attempts_max: Option<u32>,
    /// Only those that a rule discarded for this cause.
    pub discarded: Option<DiscardCause>,
    /// Only of requests whose head and body are like that.
    pub content: Content,
}

/// A stretch of time: from `after` on, up to and without `before`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// Its beginning; none for the oldest there is.
    pub after: Option<Timestamp>,
    /// Its end; none for the newest there is.
    pub before: Option<Timestamp>,
}

/// Status codes from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statuses {
    /// The first of them.
    pub from: u16,
    /// The last of them.
    pub to: u16,
}

/// How something is looked for.
#[derive(Debug)]
pub(crate) struct Query {
    /// What the index can say of a row.
    pub(crate) conditions: Conditions,
    pub(crate) bounds: Bounds,
    /// An index that has what is looked for, and little else.
    pub(crate) through: Option<&'static str>,
    /// Whether an index finds it one by one, so that blocks need not be gone through.
    pub(crate) is_direct: bool,
    /// What a request has to be like.
    pub(crate) probe: Option<Probe>,
}

impl Period {
    fn bounds(self) -> Bounds {
        Bounds {
            from: self.after.map_or(0, first_at),
            before: self.before.map_or(BEYOND, first_at),
            wanted: Vec::new(),
        }
    }
}

/// The smallest id that a request stored at this time can have, or one beyond all that there can be.
pub(super) fn first_at(time: Timestamp) -> u64 {
    if time > made_at(BEYOND) { BEYOND } else { floor_at(time) }
}

impl Query {
    /// Goes on behind this request.
    pub(crate) fn before_request(mut self, before: Option<RequestId>) -> Self {
        self.bounds.before = before.map_or(self.bounds.before, |before| before.0.min(self.bounds.before));
        self
    }

    /// Goes on behind this event.
    pub(crate) fn before_event(mut self, before: Option<EventId>) -> Self {
        let Some(before) = before else { return self };
        // Of the same request others may follow, unless none can be before this one.
        let others = u64::from(before.connection.0 > 0);
        self.bounds.before = before.request.0.saturating_add(others).min(self.bounds.before);
        self.conditions.event_before(before);
        self
    }

    fn probing(mut self, content: &Content) -> Result<Self, ReadError> {
        self.probe = content.probe().map_err(|error| ReadError(error.to_string()))?;
        self.is_direct &= self.probe.is_none();
        Ok(self)
    }
}

impl RequestFilter {
    /// How these are looked for; `bookmarked` are all that somebody did.
    pub(crate) fn query(&self, project: ProjectId, bookmarked: &[RequestId]) -> Result<Query, ReadError> {
        let mut conditions = Conditions::default();
        let mut bounds = self.received.bounds();
        conditions.compare("project =", project.0);
        if let Some(source) = self.source {
            conditions.compare("source =", source.0);
            bounds.wanted.push(Wanted::id(Field::Source, source.0));
        }
        if let Some(topic) = &self.topic {
            conditions.compare_text("topic =", topic.clone());
            bounds.wanted.push(Wanted::text(Field::Topic, topic));
        }
        if let Some(method) = &self.method {
            conditions.compare_text("method =", method.clone());
            bounds.wanted.push(Wanted::text(Field::Method, method));
        }
        let through = self.kind.or(self.cause.map(|_| RequestKind::Rejected)).and_then(|kind| {
            let (condition, wanted, index) = kind.looked_for();
            conditions.fixed(condition);
            bounds.wanted.push(Wanted::one(Field::Kind, wanted));
            index
        });
        if let Some(cause) = self.cause {
            if self.kind.is_some() {
                conditions.fixed("verdict >= 1 AND verdict <= 200");
            }
            conditions.compare("verdict =", u64::from(cause.code()));
            bounds.wanted.push(Wanted::one(Field::Cause, i64::from(cause.code())));
        }
        if self.is_bookmarked {
            conditions.fixed(&format!("id IN ({})", joined(bookmarked)));
        }
        let is_single = bounds.wanted.is_empty() || (bounds.wanted.len() == 1 && through.is_some());
        if let Some(id) = &self.provider_event_id {
            conditions.provider_event(id.clone());
        }
        let is_direct = is_single || self.is_bookmarked || self.provider_event_id.is_some();
        // Those are found by their ids, through no other index.
        let through = through.filter(|_| !self.is_bookmarked);
        Query { conditions, bounds, through, is_direct, probe: None }.probing(&self.content)
    }
}

fn joined(ids: &[RequestId]) -> String {
    ids.iter().map(|id| id.0.cast_signed().to_string()).collect::<Vec<_>>().join(", ")
}

impl RequestKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Pending, Self::Handshake, Self::Rejected];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Pending => "pending",
            Self::Handshake => "handshake",
            Self::Rejected => "rejected",
        }
    }

    /// The condition, exactly as a partial index has it where there is one; the mark; and that index.
    const fn looked_for(self) -> (&'static str, i64, Option<&'static str>) {
        match self {
            Self::Accepted => ("verdict IN (0, 252, 253)", kind::ACCEPTED, None),
            Self::Pending => ("verdict = 254", kind::PENDING, Some("requests_pending")),
            Self::Handshake => ("verdict = 255", kind::HANDSHAKE, None),
            Self::Rejected => ("verdict >= 1 AND verdict <= 200", kind::REJECTED, Some("requests_rejected")),
        }
    }
}

impl Inner {
    /// How a project's events that a filter lets through are looked for, as things stand now.
    pub(crate) fn event_query(&self, project: ProjectId, filter: &EventFilter) -> Result<Query, ReadError> {
        let mut conditions = Conditions::default();
        let mut bounds = filter.received.bounds();
        conditions.compare("project =", project.0);
        if let Some(request) = filter.request {
            conditions.compare("request =", request.0);
            bounds.from = bounds.from.max(request.0);
            bounds.before = bounds.before.min(request.0.saturating_add(1));
        }
        of_request(filter, &mut conditions, &mut bounds);
        if let Some(connection) = filter.connection {
            conditions.compare("connection =", connection.0);
            bounds.wanted.push(Wanted::id(Field::Connection, connection.0));
        }
        if let Some(destination) = filter.destination {
            conditions.compare("destination =", destination.0);
            bounds.wanted.push(Wanted::id(Field::Destination, destination.0));
        }
        of_attempts(filter, &mut conditions, &mut bounds);
        let through = filter.state.and_then(|state| self.of_state(state, &mut conditions, &mut bounds));
        // What waits has no marks: it is in its index, and rarely for long.
        let is_plain = filter.attempts_min.is_none()
            && filter.attempts_max.is_none()
            && filter.state.is_none_or(|state| !state.is_undelivered());
        let is_single = bounds.wanted.is_empty() || (bounds.wanted.len() == 1 && through.is_some());
        let is_direct =
            filter.request.is_some() || filter.provider_event_id.is_some() || (is_plain && is_single);
        Query { conditions, bounds, through, is_direct, probe: None }.probing(&filter.content)
    }

    /// Conditions for a state; and the index that has those events, where they are not most.
    fn of_state(
        &self,
        state: EventState,
        conditions: &mut Conditions,
        bounds: &mut Bounds,
    ) -> Option<&'static str> {
        // As the partial indexes have it.
        let through = match state {
            EventState::Failed | EventState::Cancelled | EventState::Discarded => {
                conditions.fixed("state >= 6");
                Some("events_ended_badly")
            }
            EventState::Successful => None,
            _ => {
                conditions.fixed("state <= 3");
                Some("events_open")
            }
        };
        match self.state_condition(state, self.clock.now()) {
            Some(condition) => conditions.fixed(&condition),
            None => conditions.compare("state =", u64::from(state.code())),
        }
        if !state.is_undelivered() {
            bounds.wanted.push(Wanted::one(Field::State, i64::from(state.code())));
        }
        through
    }
}

/// Conditions on an event's request.
fn of_request(filter: &EventFilter, conditions: &mut Conditions, bounds: &mut Bounds) {
    if let Some(source) = filter.source {
        conditions.compare("source =", source.0);
        bounds.wanted.push(Wanted::id(Field::Source, source.0));
    }
    if let Some(topic) = &filter.topic {
        conditions.event_topic(topic.clone());
        bounds.wanted.push(Wanted::text(Field::Topic, topic));
    }
    if let Some(id) = &filter.provider_event_id {
        conditions.event_of_provider_event(id.clone());
    }
}

/// Conditions on what became of an event.
fn of_attempts(filter: &EventFilter, conditions: &mut Conditions, bounds: &mut Bounds) {
    if let Some(Statuses { from, to }) = filter.last_status {
        conditions.compare("last_status >=", u64::from(from));
        conditions.compare("last_status <=", u64::from(to));
        bounds.wanted.push(Wanted { field: Field::Status, from: i64::from(from), to: i64::from(to) });
    }
    if let Some(kind) = filter.last_error {
        conditions.compare("last_error =", u64::from(kind.code()));
        bounds.wanted.push(Wanted::error(kind));
    }
    if let Some(attempts) = filter.attempts_min {
        conditions.compare("attempts >=", u64::from(attempts));
        if attempts >= 2 {
            let from = i64::from(attempts);
            bounds.wanted.push(Wanted { field: Field::Attempts, from, to: i64::MAX });
        }
    }
    if let Some(attempts) = filter.attempts_max {
        conditions.compare("attempts <=", u64::from(attempts));
    }
    if let Some(cause) = filter.discarded {
        conditions.compare("discarded =", u64::from(cause.code()));
        bounds.wanted.push(Wanted::discarded(cause));
    }
}
