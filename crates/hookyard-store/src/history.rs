//! The reader's side of the store: look up and list.
//!
//! Reads see writes: what was acknowledged before a call is in its answer, also while the index lags.
//! Lists are newest first and page by keyset.
//!
//! - `filter`: what lists are restricted to. `content`: what requests themselves are to be like; `probe` reads them.
//! - `list`: a page of what a filter lets through. `histogram`: how much that is, over time.

mod content;
mod filter;
mod histogram;
mod list;
mod probe;

use std::sync::Arc;

use hookyard_model::attempt::{Attempt, ErrorKind};
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{DestinationId, EventId, ProjectId, RequestId, SourceId, made_at};
use hookyard_model::order::OrderKey;
use hookyard_model::request::{Fields, Head, Proof, RejectCause, Request, Verdict};
use hookyard_model::rule::{DiscardCause, RuleKind, Ruling, Step};
use tracing::error;

use crate::index;
use crate::index::fold::{EventRow, RequestRow};
use crate::index::query;
use crate::index::wish;
use crate::journal::follow::Item;
use crate::journal::read;
use crate::journal::record::{Kind, Position};
use crate::search;
use crate::store::{Inner, Store};
use crate::stored::changed::Changed;
use crate::stored::refused::Refused;
use crate::stored::request::{self, verdict};
use crate::stored::routed::{Leg, Routed};
use crate::stored::{attempt, cut};

pub use content::{Content, ContentError, MATCH_BYTES_MAX, SEARCH_CHARS_MAX};
pub use filter::{EventFilter, Period, RequestFilter, RequestKind, Statuses};
pub use histogram::{Grid, Histogram};
pub use list::{ListError, Listed, Progress};

pub(crate) use filter::Query;
pub(crate) use list::EVERY;

/// A line of the list of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestSummary {
    /// Its identity.
    pub id: RequestId,
    /// The source, where one was found.
    pub source: Option<SourceId>,
    /// When its last byte had arrived.
    pub received_at: Timestamp,
    /// What was decided about it, as it stands now.
    pub status: Status,
    /// Whether that was decided after its acknowledgement.
    pub is_late: bool,
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent; cut to 512 bytes.
    pub target: String,
    /// How long the body was, in bytes.
    pub body_bytes: u64,
    /// How many events were made of it; none where it has not been routed yet.
    pub events: Option<u32>,
    /// What its provider says about it; empty where it has not been routed.
    pub fields: Fields,
}

/// What was decided about a request, without the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is routed.
    Accepted(Proof),
    /// It waits for a key that verifies it.
    Pending,
    /// It was answered, and nothing more.
    Handshake,
    /// It is not routed.
    Rejected(RejectCause),
}

/// A request, and what became of it behind its arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestDetails {
    /// The request; its verdict is as it stands now.
    pub request: Request,
    /// Whether that was decided after its acknowledgement.
    pub is_late: bool,
    /// What its provider says about it; empty where it has not been routed.
    pub fields: Fields,
}

/// Where an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSummary {
    /// Its identity.
    pub id: EventId,
    /// The source it came in at.
    pub source: SourceId,
    /// Where it goes.
    pub destination: DestinationId,
    /// Where it stands (never `delivering`, which is in memory only).
    pub state: EventState,
    /// From when it may be delivered next, where it waits.
    pub due_at: Timestamp,
    /// How many attempts were made.
    pub attempts: u32,
    /// The status code of the newest attempt, where it was answered.
    pub last_status: Option<u16>,
    /// The error of the newest attempt, where it was not answered.
    pub last_error: Option<ErrorKind>,
    /// When the newest attempt began.
    pub last_attempt_at: Option<Timestamp>,
    /// Why a rule discarded it.
    pub discarded: Option<DiscardCause>,
    /// What kind of event it is, by its provider's word.
    pub topic: Option<String>,
}

/// Where an event stands, and how it came there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDetails {
    /// Where it stands.
    pub summary: EventSummary,
    /// What its connection's rules made of it; empty where there were none. One that ended it when it was about to go
    /// out has a step at the end.
    pub ruling: Ruling,
    /// What it has in common with those that it goes out before or behind.
    pub order: Option<OrderKey>,
    /// What is delivered, where transformations changed the request.
    pub transformed: Option<Request>,
}

/// A page of a list: at most `limit` rows, all older than `before`.
#[derive(Clone, Copy, Debug)]
pub struct Page<Id> {
    /// The last id of the page before; none for the first page.
    pub before: Option<Id>,
    /// At most this many rows.
    pub limit: usize,
}

/// Something stored cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read from the store: {0}")]
pub struct ReadError(pub String);

/// Longest target in a list, in bytes.
const LISTED_TARGET_BYTES_MAX: usize = 512;

/// What can go wrong while something is looked up: only the index can be made anew.
pub(crate) enum LookUpError {
    Index(index::Error),
    Record(ReadError),
}

impl From<index::Error> for LookUpError {
    fn from(error: index::Error) -> Self {
        Self::Index(error)
    }
}

impl From<ReadError> for LookUpError {
    fn from(error: ReadError) -> Self {
        Self::Record(error)
    }
}

impl EventSummary {
    /// When its request was stored, to the millisecond.
    pub fn received_at(&self) -> Timestamp {
        made_at(self.id.request.0)
    }
}

impl Inner {
    /// An event's row as people are shown it, with what its request's says.
    pub(crate) fn event_summary(&self, id: EventId, row: &EventRow) -> Result<EventSummary, index::Error> {
        Ok(EventSummary {
            id,
            source: SourceId(row.source),
            destination: DestinationId(row.destination),
            state: row.state,
            due_at: Timestamp::from_us(row.due_us),
            attempts: row.attempts,
            last_status: row.last_status,
            last_error: row.last_error.and_then(ErrorKind::from_code),
            last_attempt_at: row.last_at_us.map(Timestamp::from_us),
            discarded: row.discarded,
            topic: wish::topic(&self.index.index, id.request.0)?,
        })
    }
}

/// Where something is read.
#[derive(Clone, Copy, Debug)]
enum Thread {
    /// On one of the runtime's, which others wait for.
    Shared,
    /// On one of its own, of low priority.
    Behind,
}

impl Store {
    /// Runs `read` on a blocking thread, once the index holds what was acknowledged before. Where the
    /// index turns out to be damaged, it is made anew, and read again.
    pub(crate) async fn look_up<T: Send + 'static>(
        &self,
        read: impl Fn(&Inner) -> Result<T, LookUpError> + Send + Sync + 'static,
    ) -> Result<T, ReadError> {
        self.look_up_on(Thread::Shared, read).await
    }

    /// The same for what keeps a processor busy: behind everybody else ([`search::behind`]).
    pub(crate) async fn look_up_behind<T: Send + 'static>(
        &self,
        read: impl Fn(&Inner) -> Result<T, LookUpError> + Send + Sync + 'static,
    ) -> Result<T, ReadError> {
        self.look_up_on(Thread::Behind, read).await
    }

    async fn look_up_on<T: Send + 'static>(
        &self,
        thread: Thread,
        read: impl Fn(&Inner) -> Result<T, LookUpError> + Send + Sync + 'static,
    ) -> Result<T, ReadError> {
        let read = Arc::new(read);
        let index = &self.inner.index.index;
        let mut renewed = false;
        loop {
            let generation = index.generation();
            let (_, newest_id) = self.inner.journal.tail.committed();
            if !index.settle(newest_id).await && index.is_recovering() {
                return Err(ReadError("the index is being made anew, and cannot be written".to_owned()));
            }
            let (inner, read) = (Arc::clone(&self.inner), Arc::clone(&read));
            let answer = match thread {
                Thread::Shared => tokio::task::spawn_blocking(move || read(&inner))
                    .await
                    .map_err(|error| ReadError(error.to_string()))?,
                Thread::Behind => search::behind(move || read(&inner))
                    .await
                    .map_err(|error| ReadError(format!("no thread to search on: {error}")))?,
            };
            match answer {
                _ if index.generation() != generation => {}
                Err(LookUpError::Index(error)) if error.is_damage() && !renewed => {
                    error!(%error, "the index is damaged; it is made anew from the journal");
                    renewed = true;
                    index.renew(generation).await;
                }
                Err(LookUpError::Index(error)) => return Err(ReadError(error.to_string())),
                Err(LookUpError::Record(error)) => return Err(error),
                Ok(found) => return Ok(found),
            }
        }
    }

    /// A request with head and body; none where the project has none such, or retention dropped it.
    ///
    /// # Errors
    /// [`ReadError`] where its record is damaged or cannot be read.
    pub async fn request(&self, project: ProjectId, id: RequestId) -> Result<Option<Request>, ReadError> {
        Ok(self.request_details(project, id).await?.map(|details| details.request))
    }

    /// The same with what became of it.
    ///
    /// # Errors
    /// As [`Store::request`].
    pub async fn request_details(
        &self,
        project: ProjectId,
        id: RequestId,
    ) -> Result<Option<RequestDetails>, ReadError> {
        self.look_up(move |inner| {
            let Some(row) = query::request(&inner.index.index, id.0)? else {
                let behind = inner.behind_the_index(id.0)?.filter(|request| request.project == project);
                let undecided =
                    |request| RequestDetails { request, is_late: false, fields: Fields::default() };
                return Ok(behind.map(undecided));
            };
            if row.project != project.0 {
                return Ok(None);
            }
            let mut reader = read::Reader::new(&inner.journal.directory);
            match inner.details(&mut reader, id.0, row) {
                Ok(details) => Ok(Some(details)),
                Err(read::Error::Gone(_)) => Ok(None),
                Err(error) => Err(ReadError(error.to_string()).into()),
            }
        })
        .await
    }

    /// Where an event stands; none where the project has none such, or retention dropped it.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn event(&self, project: ProjectId, id: EventId) -> Result<Option<EventSummary>, ReadError> {
        self.look_up(move |inner| {
            let row = query::event(&inner.index.index, id)?.filter(|row| row.project == project.0);
            Ok(row.map(|row| inner.event_summary(id, &row)).transpose()?)
        })
        .await
    }

    /// The same with what rules made of it.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read, or what stands in the journal is damaged.
    pub async fn event_details(
        &self,
        project: ProjectId,
        id: EventId,
    ) -> Result<Option<EventDetails>, ReadError> {
        self.look_up(move |inner| {
            let row = query::event(&inner.index.index, id)?.filter(|row| row.project == project.0);
            let Some(row) = row else { return Ok(None) };
            let summary = inner.event_summary(id, &row)?;
            let order = row.order;
            if row.ruled == Position::default() {
                let (ruling, transformed) = (Ruling::default(), None);
                return Ok(Some(EventDetails { summary, ruling, order, transformed }));
            }
            let mut reader = read::Reader::new(&inner.journal.directory);
            let mut leg = inner.leg(&mut reader, id, row.ruled)?;
            if row.overruled != Position::default() {
                inner.overrule(&mut reader, id, row.overruled, &mut leg.ruling)?;
            }
            let transformed = match leg.transformed {
                None => None,
                Some(transformed) => match inner.read_request(&mut reader, id.request.0, row.position) {
                    Ok(request) => Some(transformed.applied_to(request)),
                    Err(read::Error::Gone(_)) => None,
                    Err(error) => return Err(ReadError(error.to_string()).into()),
                },
            };
            Ok(Some(EventDetails { summary, ruling: leg.ruling, order, transformed }))
        })
        .await
    }

    /// The attempts of an event, oldest first; none where the project has no such event. Attempts whose
    /// journal segment is past retention are left out.
    ///
    /// # Errors
    /// [`ReadError`] where a record is damaged or cannot be read.
    pub async fn attempts(
        &self,
        project: ProjectId,
        event: EventId,
    ) -> Result<Option<Vec<Attempt>>, ReadError> {
        self.look_up(move |inner| {
            let Some(row) = query::event(&inner.index.index, event)?.filter(|row| row.project == project.0)
            else {
                return Ok(None);
            };
            let mut reader = read::Reader::new(&inner.journal.directory);
            let mut attempts = Vec::new();
            let mut position = row.last_position;
            while position != Position::default() {
                let record = match reader.record(position) {
                    Ok(record) => record,
                    Err(read::Error::Gone(_)) => break,
                    Err(error) => return Err(ReadError(error.to_string()).into()),
                };
                let stored = attempt::decode(record.payload).map_err(|error| ReadError(error.to_string()))?;
                position = stored.previous;
                attempts.push(stored.attempt);
            }
            attempts.reverse();
            Ok(Some(attempts))
        })
        .await
    }
}

impl Inner {
    /// A request that the index has not come to, because it cannot be written.
    fn behind_the_index(&self, id: u64) -> Result<Option<Request>, ReadError> {
        let applied = self.index.index.applied();
        if applied.id >= id {
            return Ok(None);
        }
        let mut position = applied.position;
        let failed = |error: std::io::Error| ReadError(error.to_string());
        while let Some(batch) = self.journal.tail.next(position).map_err(failed)? {
            let mut items = batch.items();
            for item in items.by_ref() {
                if let Item::Record { kind: Kind::Request, id: found, payload, .. } = item
                    && found == id
                {
                    return request::decode(id, payload)
                        .map(Some)
                        .map_err(|error| ReadError(error.to_string()));
                }
            }
            position = items.reached();
        }
        Ok(None)
    }

    /// The request of a row, with the verdict as it stands now.
    fn details(
        &self,
        reader: &mut read::Reader<'_>,
        id: u64,
        row: RequestRow,
    ) -> Result<RequestDetails, read::Error> {
        let mut request = self.read_request(reader, id, row.position)?;
        let decision = row.decision.unwrap_or_default();
        if let Some(proof) = decision.late.and_then(request::proof_of) {
            request.verdict = Verdict::Accepted(proof);
        }
        if let Some(position) = decision.refused {
            let damaged = |_undecodable| read::Error::Damaged(position);
            let refused = Refused::decode(reader.record(position)?.payload).map_err(damaged)?;
            request.verdict = Verdict::Rejected { cause: refused.cause, detail: refused.detail };
        }
        Ok(RequestDetails { request, is_late: decision.late.is_some(), fields: decision.fields })
    }

    /// How an event began, or began again with a replay, by the record at a position.
    pub(crate) fn leg(
        &self,
        reader: &mut read::Reader<'_>,
        event: EventId,
        position: Position,
    ) -> Result<Leg, ReadError> {
        let record = reader.record(position).map_err(|error| ReadError(error.to_string()))?;
        let routed =
            Routed::decode(record.version, record.payload).map_err(|error| ReadError(error.to_string()))?;
        let is_of_event =
            matches!(record.kind, Kind::Routed | Kind::Replayed) && routed.request == event.request;
        let leg = routed.events.into_iter().find(|leg| is_of_event && leg.connection == event.connection);
        leg.ok_or_else(|| ReadError("the index points at another record".to_owned()))
    }

    /// Adds to a ruling what the record at a position says: a rule ended the event when it was about to go out.
    fn overrule(
        &self,
        reader: &mut read::Reader<'_>,
        event: EventId,
        position: Position,
        ruling: &mut Ruling,
    ) -> Result<(), ReadError> {
        let record = reader.record(position).map_err(|error| ReadError(error.to_string()))?;
        let is_change = record.kind == Kind::Changed;
        let changed =
            Changed::decode(record.version, record.payload).map_err(|error| ReadError(error.to_string()))?;
        let discarded = changed.discarded.filter(|_| is_change && changed.event == event);
        let discarded =
            discarded.ok_or_else(|| ReadError("the index points at another record".to_owned()))?;
        ruling.discarded = Some(discarded.cause);
        ruling.superseded_by = discarded.superseded_by;
        ruling.steps.push(Step { kind: RuleKind::Stale, detail: discarded.detail, execution: None });
        Ok(())
    }

    /// The request at a position. The index has no checksums; that the record is this request's is
    /// checked here.
    pub(crate) fn read_request(
        &self,
        reader: &mut read::Reader<'_>,
        id: u64,
        position: Position,
    ) -> Result<Request, read::Error> {
        let record = reader.record(position)?;
        if record.kind != Kind::Request || record.id != id {
            return Err(read::Error::Damaged(position));
        }
        request::decode(id, record.payload).map_err(|_undecodable| read::Error::Damaged(position))
    }
}

/// What is known of a request without its record.
pub(crate) fn outline(id: u64, row: &RequestRow) -> RequestSummary {
    RequestSummary {
        id: RequestId(id),
        source: (row.source != 0).then_some(SourceId(row.source)),
        received_at: made_at(id),
        status: status(row.verdict),
        is_late: row.decision.as_ref().is_some_and(|decision| decision.late.is_some()),
        method: String::new(),
        target: String::new(),
        body_bytes: 0,
        events: row.decision.as_ref().map(|decision| decision.events),
        fields: row.decision.as_ref().map(|decision| decision.fields.clone()).unwrap_or_default(),
    }
}

fn status(code: u8) -> Status {
    match (request::proof_of(code), RejectCause::from_code(code)) {
        (Some(proof), _) => Status::Accepted(proof),
        (None, Some(cause)) => Status::Rejected(cause),
        (None, None) if code == verdict::PENDING => Status::Pending,
        (None, None) => Status::Handshake,
    }
}

/// The kind of request with this verdict.
fn kind_of(code: u8) -> RequestKind {
    match status(code) {
        Status::Accepted(_) => RequestKind::Accepted,
        Status::Pending => RequestKind::Pending,
        Status::Handshake => RequestKind::Handshake,
        Status::Rejected(_) => RequestKind::Rejected,
    }
}

pub(crate) fn summarize(request: &Request, row: &RequestRow) -> RequestSummary {
    let (method, target) = match Head::parse(&request.head) {
        Ok(head) => (head.method.to_owned(), cut(head.target, LISTED_TARGET_BYTES_MAX).to_owned()),
        Err(_unparsed) => (String::new(), String::new()),
    };
    RequestSummary {
        received_at: request.received_at,
        method,
        target,
        body_bytes: request.body_bytes,
        ..outline(request.id.0, row)
    }
}
