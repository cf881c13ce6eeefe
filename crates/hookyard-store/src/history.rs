//! The reader's side of the store: look up, list, retry by hand.
//!
//! Reads see writes: what was acknowledged before a call is in its answer, also while the index lags.
//! Lists are newest first and page by keyset.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use hookyard_model::attempt::{Attempt, ErrorKind};
use hookyard_model::clock::Timestamp;
use hookyard_model::event::{EventState, Input, NotAllowed, transition};
use hookyard_model::id::{ConnectionId, DestinationId, EventId, ProjectId, RequestId, SourceId, made_at};
use hookyard_model::request::{Head, RejectCause, Request, Verdict};
use rustc_hash::{FxHashMap, FxHashSet};
use tracing::error;

use crate::accept::Unavailable;
use crate::index;
use crate::index::fold::{EventRow, RequestRow};
use crate::index::query::{self, Conditions};
use crate::journal::follow::Item;
use crate::journal::queue::Class;
use crate::journal::read;
use crate::journal::record::{Kind, Position};
use crate::store::{Inner, Store};
use crate::stored::changed::Changed;
use crate::stored::{attempt, cut, request};

/// A line of the list of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestSummary {
    /// Its identity.
    pub id: RequestId,
    /// The source, where one was found.
    pub source: Option<SourceId>,
    /// When its last byte had arrived.
    pub received_at: Timestamp,
    /// None where it was accepted.
    pub rejected: Option<RejectCause>,
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent; cut to 512 bytes.
    pub target: String,
    /// How long the body was, in bytes.
    pub body_bytes: u64,
    /// How many events were made of it; none where it has not been routed yet.
    pub events: Option<u32>,
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
}

/// Which requests to list.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// Only of this source.
    pub source: Option<SourceId>,
    /// Only accepted (`true`) or rejected (`false`) ones.
    pub accepted: Option<bool>,
    /// Only those rejected for this cause.
    pub cause: Option<RejectCause>,
}

/// Which events to list.
#[derive(Clone, Debug, Default)]
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

/// An event cannot be retried by hand.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// There is no such event in the project, or its request is past retention.
    #[error("no such event")]
    NotFound,
    /// It already waits for delivery, or is being delivered.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// Its connection or destination is disabled or was deleted.
    #[error("its connection is {0}: enable it first")]
    NotDeliverable(&'static str),
    /// The change cannot be made durable now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The event cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// How the store is doing; read in constant time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Why it takes no requests at the moment, if so.
    pub unavailable: Option<String>,
    /// When the oldest undelivered event's request arrived.
    pub oldest_undelivered_at: Option<Timestamp>,
    /// How many events are undelivered.
    pub undelivered: u64,
    /// How many journal bytes the index has yet to take in.
    pub index_lag_bytes: u64,
    /// Whether the index is still being brought up to date after the start.
    pub recovering: bool,
}

/// What the store has done since the start; read in constant time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Commits of the journal: writes that were followed by a successful sync.
    pub commits: u64,
    /// Records in them.
    pub records: u64,
    /// Writes and syncs that failed.
    pub write_failures: u64,
    /// Rejected requests that were not noted, because too many waited.
    pub rejections_dropped: u64,
    /// Bytes of all journal segments now.
    pub journal_bytes: u64,
}

/// A place of the journal where a record should be and none is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment's number.
    pub segment: u32,
    /// The offset in it, in bytes.
    pub offset: u32,
    /// How many bytes could not be read as records.
    pub bytes: u32,
}

/// Events changed in one go when a whole connection is cancelled or released.
const CHANGED_AT_A_TIME: usize = 1_000;
/// Longest target in a list, in bytes.
const LISTED_TARGET_BYTES_MAX: usize = 512;

/// What can go wrong while something is looked up: only the index can be made anew.
enum LookUpError {
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
    fn new(id: EventId, row: &EventRow) -> Self {
        Self {
            id,
            source: SourceId(row.source),
            destination: DestinationId(row.destination),
            state: row.state,
            due_at: Timestamp::from_us(row.due_us),
            attempts: row.attempts,
            last_status: row.last_status,
            last_error: row.last_error.and_then(ErrorKind::from_code),
            last_attempt_at: row.last_at_us.map(Timestamp::from_us),
        }
    }
}

impl Store {
    /// Runs `read` on a blocking thread, once the index holds what was acknowledged before. Where the
    /// index turns out to be damaged, it is made anew, and read again.
    async fn look_up<T: Send + 'static>(
        &self,
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
            let answer = tokio::task::spawn_blocking(move || read(&inner)).await;
            let answer = answer.map_err(|error| ReadError(error.to_string()))?;
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
        self.look_up(move |inner| {
            let Some(row) = query::request(&inner.index.index, id.0)? else {
                let behind = inner.behind_the_index(id.0)?;
                return Ok(behind.filter(|request| request.project == project));
            };
            if row.project != project.0 {
                return Ok(None);
            }
            let mut reader = read::Reader::new(&inner.journal.directory);
            match inner.read_request(&mut reader, id.0, row.position) {
                Ok(request) => Ok(Some(request)),
                Err(read::Error::Gone(_)) => Ok(None),
                Err(error) => Err(ReadError(error.to_string()).into()),
            }
        })
        .await
    }

    /// A page of requests, newest first.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn requests(
        &self,
        project: ProjectId,
        filter: RequestFilter,
        page: Page<RequestId>,
    ) -> Result<Vec<RequestSummary>, ReadError> {
        let mut conditions = Conditions::default();
        conditions.compare("project =", project.0);
        if let Some(source) = filter.source {
            conditions.compare("source =", source.0);
        }
        match filter.accepted {
            Some(true) => conditions.fixed("cause = 0"),
            Some(false) => conditions.fixed("cause > 0"),
            None => {}
        }
        if let Some(cause) = filter.cause {
            conditions.fixed("cause > 0");
            conditions.compare("cause =", u64::from(cause.code()));
        }
        if let Some(before) = page.before {
            conditions.compare("id <", before.0);
        }
        self.look_up(move |inner| {
            let mut reader = read::Reader::new(&inner.journal.directory);
            let mut summaries = Vec::new();
            for (id, row) in query::requests(&inner.index.index, &conditions, page.limit)? {
                match inner.read_request(&mut reader, id, row.position) {
                    Ok(request) => summaries.push(summarize(&request, row.events)),
                    Err(read::Error::Gone(_)) => {}
                    // One damaged record does not take the list along.
                    Err(error) => {
                        error!(request = %RequestId(id), %error, "a request cannot be read");
                        summaries.push(outline(id, &row));
                    }
                }
            }
            Ok(summaries)
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
            Ok(row.map(|row| EventSummary::new(id, &row)))
        })
        .await
    }

    /// A page of events, newest request first.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn events(
        &self,
        project: ProjectId,
        filter: EventFilter,
        page: Page<EventId>,
    ) -> Result<Vec<EventSummary>, ReadError> {
        let mut conditions = Conditions::default();
        conditions.compare("project =", project.0);
        if let Some(request) = filter.request {
            conditions.compare("request =", request.0);
        }
        if let Some(source) = filter.source {
            conditions.compare("source =", source.0);
        }
        if let Some(connection) = filter.connection {
            conditions.compare("connection =", connection.0);
        }
        if let Some(destination) = filter.destination {
            conditions.compare("destination =", destination.0);
        }
        if let Some(state) = filter.state {
            conditions.fixed(match state {
                EventState::Failed | EventState::Cancelled => "state >= 6",
                EventState::Successful => "state > 0",
                _ => "state <= 3",
            });
            conditions.compare("state =", u64::from(state.code()));
        }
        if let Some(before) = page.before {
            conditions.event_before(before);
        }
        self.look_up(move |inner| {
            let found = query::events(&inner.index.index, &conditions, page.limit)?;
            Ok(found.iter().map(|(id, row)| EventSummary::new(*id, row)).collect())
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

    /// Queues an event for delivery now, whatever became of it. Durable when this returns.
    ///
    /// # Errors
    /// [`RetryError`] where it cannot be queued.
    pub async fn retry_by_hand(
        &self,
        project: ProjectId,
        event: EventId,
    ) -> Result<EventSummary, RetryError> {
        let summary = self.event(project, event).await?.ok_or(RetryError::NotFound)?;
        let next = transition(summary.state, Input::RetryByHand, self.inner.clock.now())?;
        let snapshot = self.catalog().snapshot();
        let connection = snapshot.connections.get(&event.connection);
        match connection.map(|connection| connection.disabled.is_some()) {
            None => return Err(RetryError::NotDeliverable("deleted")),
            Some(true) => return Err(RetryError::NotDeliverable("disabled")),
            Some(false) => {}
        }
        let changed = Changed { event, state: next.state, due_at: next.due_at, by_hand: true };
        let queue = &self.inner.journal.queue;
        let (_, done) = queue.append_awaited(Kind::Changed, changed.encode(), Bytes::new())?;
        done.await.map_err(|_closing| Unavailable {
            cause: "the store is closing".to_owned(),
            retry_after_s: 5,
        })??;
        self.lane(summary.destination).wake();
        Ok(EventSummary { state: next.state, due_at: next.due_at, ..summary })
    }

    /// How many of a connection's events are undelivered.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn undelivered_of(&self, connection: ConnectionId) -> Result<u64, ReadError> {
        self.look_up(move |inner| Ok(query::count_open_of(&inner.index.index, connection.0)?)).await
    }

    /// Cancels all undelivered events of a connection and says how many there were. Durable when this
    /// returns. An attempt that is under way is finished.
    ///
    /// # Errors
    /// [`RetryError::Unavailable`] or [`RetryError::Read`] where that cannot be done now.
    pub async fn cancel_undelivered_of(&self, connection: ConnectionId) -> Result<u64, RetryError> {
        Ok(self.change_undelivered_of(connection, None, Input::Cancel).await?)
    }

    /// Queues all held events of a connection that is enabled again, and says how many there were.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn release_held_of(&self, connection: ConnectionId) -> Result<u64, ReadError> {
        self.change_undelivered_of(connection, Some(EventState::Held), Input::Release).await
    }

    /// The connections that have held events.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn connections_with_held(&self) -> Result<Vec<ConnectionId>, ReadError> {
        self.look_up(|inner| {
            let found = query::connections_with_held(&inner.index.index)?;
            Ok(found.into_iter().map(ConnectionId).collect())
        })
        .await
    }

    async fn change_undelivered_of(
        &self,
        connection: ConnectionId,
        only: Option<EventState>,
        input: Input,
    ) -> Result<u64, ReadError> {
        let mut count = 0;
        let mut after = None;
        // An attempt that has ended, and is not durable yet, is not to be overlooked.
        self.settle().await;
        loop {
            let found = self
                .look_up(move |inner| {
                    let index = &inner.index.index;
                    Ok(query::open_of(index, connection.0, only, after, CHANGED_AT_A_TIME)?)
                })
                .await?;
            let Some((last, _)) = found.last() else { break };
            after = Some(*last);
            let now = self.inner.clock.now();
            let mut records = FxHashMap::default();
            for (event, row) in &found {
                let Ok(next) = transition(row.state, input, now) else { continue };
                let changed =
                    Changed { event: *event, state: next.state, due_at: next.due_at, by_hand: row.by_hand };
                let encoded = changed.encode();
                let queue = &self.inner.journal.queue;
                let record = queue.append(Kind::Changed, Class::Kept, encoded, Bytes::new());
                records.extend(record.map(|record| (*event, record)));
                count += 1;
            }
            let destinations: FxHashSet<u64> = found.iter().map(|(_, row)| row.destination).collect();
            if input == Input::Cancel {
                destinations.iter().for_each(|it| self.lane(DestinationId(*it)).withdraw(&records));
            }
            self.settle().await;
            if input == Input::Release {
                destinations.iter().for_each(|it| self.lane(DestinationId(*it)).wake());
            }
        }
        Ok(count)
    }

    /// Places of the journal where a record should be and none is, as far as they were met since the
    /// start or the last [`Store::reindex`]: the first 256 of them, and how many there are.
    pub fn damages(&self) -> (Vec<Damage>, u64) {
        self.inner.index.index.damages()
    }

    /// What the store has done since the start.
    pub fn stats(&self) -> Stats {
        let counters = &self.inner.journal.counters;
        Stats {
            commits: counters.commits.load(Ordering::Relaxed),
            records: counters.records.load(Ordering::Relaxed),
            write_failures: counters.failures.load(Ordering::Relaxed),
            rejections_dropped: self.inner.rejections_dropped.load(Ordering::Relaxed),
            journal_bytes: self.inner.journal.tail.bytes(),
        }
    }

    /// How the store is doing.
    pub fn health(&self) -> Health {
        let index = &self.inner.index.index;
        let oldest = index.oldest_undelivered.load(Ordering::Relaxed);
        Health {
            unavailable: self.inner.journal.queue.refusal().map(|refusal| refusal.cause),
            oldest_undelivered_at: (oldest > 0).then(|| made_at(oldest)),
            undelivered: index.undelivered.load(Ordering::Relaxed),
            index_lag_bytes: self.inner.journal.tail.bytes_behind(index.applied().position),
            recovering: index.is_recovering(),
        }
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

/// What is known of a request whose record cannot be read.
fn outline(id: u64, row: &RequestRow) -> RequestSummary {
    RequestSummary {
        id: RequestId(id),
        source: (row.source != 0).then_some(SourceId(row.source)),
        received_at: made_at(id),
        rejected: RejectCause::from_code(row.cause),
        method: String::new(),
        target: String::new(),
        body_bytes: 0,
        events: row.events,
    }
}

fn summarize(request: &Request, events: Option<u32>) -> RequestSummary {
    let (method, target) = match Head::parse(&request.head) {
        Ok(head) => (head.method.to_owned(), cut(head.target, LISTED_TARGET_BYTES_MAX).to_owned()),
        Err(_unparsed) => (String::new(), String::new()),
    };
    let rejected = match &request.verdict {
        Verdict::Accepted => None,
        Verdict::Rejected { cause, .. } => Some(*cause),
    };
    RequestSummary {
        id: request.id,
        source: request.source,
        received_at: request.received_at,
        rejected,
        method,
        target,
        body_bytes: request.body_bytes,
        events,
    }
}
