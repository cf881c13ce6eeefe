//! What happens as rows of lists: whatever a record changes is shown as the list shows it now.
//!
//! A *round* is what a run of records comes to: each request and event that it touches once, at the place of the last
//! record that does, and each attempt. Rows come from the index, so that there is one way only to work out where
//! something stands.
//!
//! **Invariant:** who goes on behind the cursor of a row misses nothing that came later; the rows of one record can be
//! seen twice.

use hookyard_model::attempt::Attempt;
use hookyard_model::id::{ConnectionId, DestinationId, EventId, ProjectId, RequestId, SourceId};
use hookyard_model::request::Request;
use rustc_hash::FxHashMap;
use tracing::error;

use super::cursor::Cursor;
use crate::history::{EventSummary, LookUpError, ReadError, RequestSummary, outline, summarize};
use crate::index::query;
use crate::journal::follow::{Item, Tail};
use crate::journal::read::{self, Reader};
use crate::journal::record::{Kind, Position};
use crate::journal::segment;
use crate::store::{Inner, Store};
use crate::stored::changed::Changed;
use crate::stored::refused::Refused;
use crate::stored::routed::Routed;
use crate::stored::{attempt, request};

/// Records of one round, at most, but for those that lie together.
const ROUND_RECORDS_MAX: usize = 1_000;

/// A row that has changed, or is new.
#[derive(Clone, Debug)]
pub struct Row {
    /// From where on to go on behind it.
    pub cursor: Cursor,
    /// What it is about.
    pub about: About,
    /// The row itself.
    pub content: Content,
    at: Position,
}

/// What a row is about; none where it has none such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The request.
    pub request: RequestId,
    /// Where that came in.
    pub source: Option<SourceId>,
    /// The connection of an event or attempt.
    pub connection: Option<ConnectionId>,
    /// The destination of an event or attempt.
    pub destination: Option<DestinationId>,
}

/// A row of a list.
#[derive(Clone, Debug)]
pub enum Content {
    /// Of requests.
    Request(Box<RequestSummary>),
    /// Of events.
    Event(Box<EventSummary>),
    /// Of attempts.
    Attempt(Box<Attempt>),
}

/// The rows of a run of records, in the order of what changed them last.
#[derive(Clone, Debug)]
pub struct Round {
    /// Where it begins.
    pub from: Cursor,
    /// Where it ends.
    pub to: Cursor,
    /// What has changed.
    pub rows: Vec<Row>,
}

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// What lies behind the cursor is past retention, or too much.
    #[error("what happened since is not at hand any more")]
    Gone,
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What happens in a project from a place of the journal on.
#[derive(Debug)]
pub struct Rows {
    store: Store,
    project: ProjectId,
    position: Position,
}

impl Row {
    /// Where the record begins by which it changed.
    pub const fn at(&self) -> Cursor {
        Cursor(self.at)
    }
}

impl Store {
    /// Where the journal ends now.
    pub fn now(&self) -> Cursor {
        Cursor(self.inner.journal.tail.committed().0)
    }

    /// What happens in a project from now on.
    pub fn rows(&self, project: ProjectId) -> Rows {
        Rows { store: self.clone(), project, position: self.now().0 }
    }

    /// What happens in a project behind a cursor.
    ///
    /// # Errors
    /// [`RowsError::Gone`] where more than `bytes_max` bytes of the journal lie between, where retention has deleted
    /// some of them, or where the cursor is of another journal.
    pub async fn rows_behind(
        &self,
        project: ProjectId,
        cursor: Cursor,
        bytes_max: u64,
    ) -> Result<Rows, RowsError> {
        let Cursor(position) = cursor;
        let tail = &self.inner.journal.tail;
        if position > tail.committed().0 || is_gone(tail, position) || tail.bytes_behind(position) > bytes_max
        {
            return Err(RowsError::Gone);
        }
        let inner = std::sync::Arc::clone(&self.inner);
        let is_place = tokio::task::spawn_blocking(move || inner.is_between_records(position)).await;
        match is_place {
            Ok(true) => Ok(Rows { store: self.clone(), project, position }),
            Ok(false) => Err(RowsError::Gone),
            Err(error) => Err(ReadError(error.to_string()).into()),
        }
    }
}

impl Rows {
    /// How far it has come.
    pub const fn reached(&self) -> Cursor {
        Cursor(self.position)
    }

    /// Passes over what has happened up to now; how far that is.
    pub fn skip_to_now(&mut self) -> Cursor {
        self.position = self.store.now().0;
        self.reached()
    }

    /// How many bytes of the journal have not been looked at.
    pub fn bytes_behind(&self) -> u64 {
        self.store.inner.journal.tail.bytes_behind(self.position)
    }

    /// Whether nothing more has happened up to now.
    pub fn is_at_end(&self) -> bool {
        self.position >= self.store.now().0
    }

    /// Waits until something has happened, and is in the index; a round can be without rows all the same. Cancel-safe.
    ///
    /// # Errors
    /// [`RowsError`]; after one that says that something cannot be read it may be asked again.
    pub async fn next(&mut self) -> Result<Round, RowsError> {
        let store = self.store.clone();
        let (until, newest_id) = loop {
            let grown = store.inner.journal.tail.grown.notified();
            tokio::pin!(grown);
            grown.as_mut().enable();
            let committed = store.inner.journal.tail.committed();
            if committed.0 > self.position {
                break committed;
            }
            grown.await;
        };
        store.inner.index.index.settle_patiently(newest_id).await;
        if is_gone(&store.inner.journal.tail, self.position) {
            return Err(RowsError::Gone);
        }
        let (project, from) = (self.project, self.position);
        let round = store.look_up(move |inner| inner.round(project, from, until)).await?;
        self.position = round.to.0;
        Ok(round)
    }
}

/// Whether the segment at a position has been deleted.
fn is_gone(tail: &Tail, position: Position) -> bool {
    tail.oldest(1).first().is_some_and(|(oldest, _)| position.segment < *oldest)
}

/// What a run of records touches: each thing at the place of the last one that does.
#[derive(Default)]
struct Touched {
    places: FxHashMap<Thing, Place>,
    attempts: Vec<(Attempt, Place)>,
    /// Requests whose records are among them.
    requests: FxHashMap<u64, Request>,
    records: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Thing {
    Request(u64),
    Event(EventId),
}

/// Where a record lies, and which of the things that it touches this is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at: Position,
    end: Position,
    number: usize,
}

impl Touched {
    fn record(&mut self, at: Position, end: Position, item: Item) {
        let Item::Record { kind, version, id, payload, .. } = item else { return };
        self.records += 1;
        let mut place = Place { at, end, number: 0 };
        // What cannot be decoded is reported by the index, which reads every record as well.
        match kind {
            Kind::Request => {
                self.touch(&mut place, Thing::Request(id));
                if let Ok(request) = request::decode(id, payload) {
                    self.requests.insert(id, request);
                }
            }
            Kind::Routed | Kind::Replayed => {
                let Ok(routed) = Routed::decode(version, payload) else { return };
                if kind == Kind::Routed {
                    self.touch(&mut place, Thing::Request(routed.request.0));
                }
                for leg in &routed.events {
                    let event = EventId { request: routed.request, connection: leg.connection };
                    self.touch(&mut place, Thing::Event(event));
                }
            }
            Kind::Attempt => {
                let Ok(stored) = attempt::decode(payload) else { return };
                self.touch(&mut place, Thing::Event(stored.attempt.id.event));
                self.attempts.push((stored.attempt, place));
            }
            Kind::Changed => {
                let Ok(changed) = Changed::decode(version, payload) else { return };
                self.touch(&mut place, Thing::Event(changed.event));
            }
            Kind::Refused => {
                let Ok(refused) = Refused::decode(payload) else { return };
                self.touch(&mut place, Thing::Request(refused.request.0));
            }
        }
    }

    fn touch(&mut self, place: &mut Place, thing: Thing) {
        self.places.insert(thing, *place);
        place.number += 1;
    }
}

impl Inner {
    /// The rows of the records from one place on, at most to another.
    fn round(&self, project: ProjectId, from: Position, until: Position) -> Result<Round, LookUpError> {
        let (touched, to) = self.touched(from, until)?;
        let mut rows = Vec::with_capacity(touched.places.len() + touched.attempts.len());
        let mut reader = Reader::new(&self.journal.directory);
        let mut sources = FxHashMap::default();
        for (thing, place) in &touched.places {
            let found = match thing {
                Thing::Request(id) => self.request_row(&mut reader, project, *id, &touched.requests)?,
                Thing::Event(id) => self.event_row(project, *id)?,
            };
            let Some((about, content)) = found else { continue };
            if let Thing::Event(id) = thing {
                sources.insert(*id, about.source);
            }
            rows.push((*place, about, content));
        }
        for (attempt, place) in touched.attempts {
            // An attempt of an event that the index does not know is in no list either.
            let Some(source) = sources.get(&attempt.id.event) else { continue };
            let about = About {
                request: attempt.id.event.request,
                source: *source,
                connection: Some(attempt.id.event.connection),
                destination: Some(attempt.destination),
            };
            rows.push((place, about, Content::Attempt(Box::new(attempt))));
        }
        rows.sort_unstable_by_key(|(place, ..)| *place);
        Ok(Round { from: Cursor(from), to: Cursor(to), rows: with_cursors(rows) })
    }

    /// What the records from one place on touch, at most to another, and where the last one ends.
    fn touched(&self, from: Position, until: Position) -> Result<(Touched, Position), ReadError> {
        let (mut touched, mut position) = (Touched::default(), from);
        while position < until && touched.records < ROUND_RECORDS_MAX {
            let batch = self.journal.tail.next(position).map_err(|error| ReadError(error.to_string()))?;
            // Nothing more is committed: the rest of the way is the beginning of an empty segment.
            let Some(batch) = batch else { return Ok((touched, until)) };
            let mut items = batch.items();
            loop {
                let at = items.reached();
                if at >= until || touched.records >= ROUND_RECORDS_MAX {
                    break;
                }
                let Some(item) = items.next() else { break };
                touched.record(at, items.reached(), item);
            }
            position = items.reached();
        }
        Ok((touched, position))
    }

    fn request_row(
        &self,
        reader: &mut Reader<'_>,
        project: ProjectId,
        id: u64,
        at_hand: &FxHashMap<u64, Request>,
    ) -> Result<Option<(About, Content)>, LookUpError> {
        let row = query::request(&self.index.index, id)?.filter(|row| row.project == project.0);
        let Some(row) = row else { return Ok(None) };
        let summary = match at_hand.get(&id) {
            Some(request) => summarize(request, &row),
            None => match self.read_request(reader, id, row.position) {
                Ok(request) => summarize(&request, &row),
                Err(read::Error::Gone(_)) => return Ok(None),
                Err(error) => {
                    error!(request = %RequestId(id), %error, "a request cannot be read");
                    outline(id, &row)
                }
            },
        };
        let about =
            About { request: summary.id, source: summary.source, connection: None, destination: None };
        Ok(Some((about, Content::Request(Box::new(summary)))))
    }

    fn event_row(&self, project: ProjectId, id: EventId) -> Result<Option<(About, Content)>, LookUpError> {
        let row = query::event(&self.index.index, id)?.filter(|row| row.project == project.0);
        let summary = row.map(|row| self.event_summary(id, &row)).transpose()?;
        Ok(summary.map(|summary| {
            let about = About {
                request: id.request,
                source: Some(summary.source),
                connection: Some(id.connection),
                destination: Some(summary.destination),
            };
            (about, Content::Event(Box::new(summary)))
        }))
    }

    /// Whether a record begins here, or could: nobody is to be shown what a body says as if it were a record.
    fn is_between_records(&self, position: Position) -> bool {
        let tail = &self.journal.tail;
        let is_end = |known: u32| position.offset == known;
        if position == tail.committed().0 || position.offset <= segment::HEADER_BYTES as u32 {
            return true;
        }
        tail.end_of(position.segment).is_some_and(is_end)
            || Reader::new(&self.journal.directory).record(position).is_ok()
    }
}

/// Of the rows of one record only the last one leads behind it.
fn with_cursors(rows: Vec<(Place, About, Content)>) -> Vec<Row> {
    let mut rows = rows.into_iter().peekable();
    let mut found = Vec::with_capacity(rows.len());
    while let Some((place, about, content)) = rows.next() {
        let is_last = rows.peek().is_none_or(|(next, ..)| next.at != place.at);
        let cursor = Cursor(if is_last { place.end } else { place.at });
        found.push(Row { cursor, about, content, at: place.at });
    }
    found
}
