//! Blocks and marks: where in a partition a value occurs, as a rough index that costs next to nothing to keep.
//!
//! The requests of a partition are cut into *blocks* of [`BLOCK_REQUESTS`] in the order of their arrival; an event is in
//! its request's. A *mark* says that a value occurs in a block: this source, this status code. It is written once for a
//! block, however many rows have the value, and never taken away: what changes later leaves a mark that is too many,
//! which costs a look and nothing else. A list goes through the blocks that have all of its marks, the newest first
//! (`scan`).
//!
//! A full index of each of these columns would be another tree to write for every event (docs/BENCHMARKS.md has what
//! that costs). What is found by an index of its own, such as a provider's event id, has no marks.
//!
//! **Invariant:** a row's marks are in the same transaction as the row.

use hookyard_model::attempt::ErrorKind;
use hookyard_model::request::RejectCause;
use hookyard_model::rule::DiscardCause;
use rusqlite::Connection;
use rustc_hash::FxHashSet;

use super::fold::{Changes, Decision, EventRow, RequestRow, hash_of};
use crate::stored::request::{self, verdict};

/// Requests in a block. Smaller ones find more precisely, and are more to write.
pub(crate) const BLOCK_REQUESTS: u32 = 512;
/// Marks remembered as written; beyond them some are written once more, which changes nothing.
const SEEN_MAX: usize = 65_536;

/// What a mark is about. The numbers stand in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    /// The source of a request; 0 where none was found.
    Source = 1,
    /// The hash of a request's topic.
    Topic = 2,
    /// The hash of a request's method.
    Method = 3,
    /// What was decided about a request: one of [`kind_of`].
    Kind = 4,
    /// Why a request was rejected, by its number.
    Cause = 5,
    /// The connection of an event.
    Connection = 6,
    /// The destination of an event.
    Destination = 7,
    /// The state of an event that has ended, by its number.
    State = 8,
    /// The status code of an event's newest attempt.
    Status = 9,
    /// The error of an event's newest attempt, by its number.
    Error = 10,
    /// How many attempts an event has had, where these are two or more.
    Attempts = 11,
    /// Why a rule discarded an event, by its number.
    Discarded = 12,
}

/// Kinds of requests, as marks have them.
pub(crate) mod kind {
    pub(crate) const ACCEPTED: i64 = 1;
    pub(crate) const PENDING: i64 = 2;
    pub(crate) const HANDSHAKE: i64 = 3;
    pub(crate) const REJECTED: i64 = 4;
}

/// The kind of request with this verdict.
fn kind_of(code: u8) -> i64 {
    match code {
        verdict::PENDING => kind::PENDING,
        verdict::HANDSHAKE => kind::HANDSHAKE,
        code if request::proof_of(code).is_some() => kind::ACCEPTED,
        _ => kind::REJECTED,
    }
}

/// A value, and the first request of the block it occurs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Mark {
    field: Field,
    value: i64,
    block: u64,
}

/// What the writer of a partition knows of its blocks.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    /// The first request of each, ascending.
    first_ids: Vec<u64>,
    /// Requests in the newest one.
    in_newest: u32,
    seen: FxHashSet<Mark>,
}

impl Blocks {
    /// Reads what a partition has.
    pub(crate) fn load(file: &Connection) -> rusqlite::Result<Self> {
        let mut blocks = Self::default();
        let mut statement = file.prepare_cached("SELECT first_id, requests FROM blocks ORDER BY first_id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            blocks.first_ids.push(row.get::<_, i64>(0)?.cast_unsigned());
            blocks.in_newest = row.get(1)?;
        }
        Ok(blocks)
    }

    /// Writes the blocks and marks of a run's changes. After an error, or a transaction that is not committed, the
    /// partition's are to be loaded anew.
    pub(super) fn write(&mut self, transaction: &Connection, changes: &Changes) -> rusqlite::Result<()> {
        self.grow(transaction, changes)?;
        let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO marks VALUES (?1, ?2, ?3)")?;
        let mut missing = Vec::new();
        for (id, row) in &changes.requests {
            self.note_all(*id, request_marks(row), &mut missing);
        }
        for (id, decision) in &changes.decided {
            self.note_all(*id, decision_marks(decision), &mut missing);
        }
        for (event, change) in &changes.events {
            self.note_all(event.request.0, event_marks(event.connection.0, &change.row), &mut missing);
        }
        missing.sort_unstable_by_key(|mark: &Mark| (mark.field as u8, mark.value, mark.block));
        for Mark { field, value, block } in missing {
            insert.execute((field as u8, value, block.cast_signed()))?;
        }
        Ok(())
    }

    /// Begins blocks for the requests that are new.
    fn grow(&mut self, transaction: &Connection, changes: &Changes) -> rusqlite::Result<()> {
        let mut ids: Vec<u64> = changes.requests.keys().copied().filter(|id| changes.is_new(*id)).collect();
        ids.sort_unstable();
        let mut upsert = transaction.prepare_cached(
            "INSERT INTO blocks VALUES (?1, ?2) ON CONFLICT DO UPDATE SET requests = excluded.requests",
        )?;
        let mut ids = ids.into_iter().peekable();
        while let Some(id) = ids.next() {
            if self.first_ids.is_empty() || self.in_newest >= BLOCK_REQUESTS {
                self.first_ids.push(id);
                self.in_newest = 0;
            }
            self.in_newest += 1;
            if (ids.peek().is_none() || self.in_newest >= BLOCK_REQUESTS)
                && let Some(newest) = self.first_ids.last()
            {
                upsert.execute((newest.cast_signed(), self.in_newest))?;
            }
        }
        Ok(())
    }

    fn note_all(&mut self, id: u64, marks: impl Iterator<Item = (Field, i64)>, missing: &mut Vec<Mark>) {
        let Some(block) = self.block_of(id) else { return };
        for (field, value) in marks {
            let mark = Mark { field, value, block };
            if self.seen.len() >= SEEN_MAX {
                self.seen.clear();
            }
            if self.seen.insert(mark) {
                missing.push(mark);
            }
        }
    }

    /// The block that a request is in; none where there is no block.
    fn block_of(&self, id: u64) -> Option<u64> {
        if let Some(newest) = self.first_ids.last().filter(|newest| **newest <= id) {
            return Some(*newest);
        }
        let after = self.first_ids.partition_point(|first| *first <= id);
        self.first_ids.get(after.saturating_sub(1)).copied()
    }
}

fn request_marks(row: &RequestRow) -> impl Iterator<Item = (Field, i64)> {
    let code = row.decision.as_ref().and_then(|decision| decision.late).unwrap_or(row.verdict);
    [(Field::Source, row.source.cast_signed())]
        .into_iter()
        .chain(row.method.as_deref().map(|method| (Field::Method, hash_of(method))))
        .chain(verdict_marks(code))
        .chain(row.decision.iter().flat_map(topic_mark))
}

fn decision_marks(decision: &Decision) -> impl Iterator<Item = (Field, i64)> {
    topic_mark(decision).chain(decision.late.into_iter().flat_map(verdict_marks))
}

fn topic_mark(decision: &Decision) -> impl Iterator<Item = (Field, i64)> + use<> {
    decision.fields.topic.as_deref().map(|topic| (Field::Topic, hash_of(topic))).into_iter()
}

fn verdict_marks(code: u8) -> impl Iterator<Item = (Field, i64)> {
    let cause = RejectCause::from_code(code).map(|_| (Field::Cause, i64::from(code)));
    [(Field::Kind, kind_of(code))].into_iter().chain(cause)
}

fn event_marks(connection: u64, row: &EventRow) -> impl Iterator<Item = (Field, i64)> + use<> {
    let state = (!row.state.is_undelivered()).then_some((Field::State, i64::from(row.state.code())));
    [(Field::Connection, connection.cast_signed()), (Field::Destination, row.destination.cast_signed())]
        .into_iter()
        .chain(state)
        .chain(row.last_status.map(|status| (Field::Status, i64::from(status))))
        .chain(row.last_error.map(|error| (Field::Error, i64::from(error))))
        .chain((row.attempts >= 2).then_some((Field::Attempts, i64::from(row.attempts))))
        .chain(row.discarded.map(|cause| (Field::Discarded, i64::from(cause.code()))))
}

/// Values of a field, of which a list wants at least one; `from` and `to` are among them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) field: Field,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Wanted {
    /// This value.
    pub(crate) const fn one(field: Field, value: i64) -> Self {
        Self { field, from: value, to: value }
    }

    /// This id.
    pub(crate) const fn id(field: Field, id: u64) -> Self {
        Self::one(field, id.cast_signed())
    }

    /// This text, by its hash.
    pub(crate) fn text(field: Field, text: &str) -> Self {
        Self::one(field, hash_of(text))
    }

    /// This kind of error.
    pub(crate) const fn error(kind: ErrorKind) -> Self {
        Self::one(Field::Error, kind.code() as i64)
    }

    /// This cause.
    pub(crate) const fn discarded(cause: DiscardCause) -> Self {
        Self::one(Field::Discarded, cause.code() as i64)
    }
}
