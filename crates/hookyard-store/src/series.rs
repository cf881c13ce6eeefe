//! Series: what was counted, over time: requests, events, attempts, how long they took, and how things stood.
//!
//! ```text
//!   journal ──► fold ──► pending ──► series.sqlite ──► series, and what goes on now
//!   index, disk ──► look ──► ▲ (once in a span)
//! ```
//!
//! - `counts`: what is counted, of what; what is not stored yet. `histogram`: how long things took.
//! - `fold`: what the journal's records say about it.
//! - `stored`: the database: by ten seconds for an hour, by the minute for as long as configured.
//! - `follower`: the thread that keeps it up with the journal.
//!
//! **Invariants**
//! 1. How far the journal was read stands in the same transaction as what was counted: after a crash nothing is missed,
//!    and nothing is counted twice.
//! 2. Nothing waits for it: neither ingest nor delivery, nor retention.
//! 3. Rows are bounded: those of projects by time, all others by number as well.

mod counts;
mod fold;
mod follower;
mod histogram;
mod stored;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::id::{ConnectionId, DestinationId};
use rusqlite::Connection;
use rustc_hash::FxHashMap;

use crate::history::ReadError;
use crate::index::query;
use crate::issues::WAITING_LOOKED_AT_MAX;
use crate::journal::disk;
use crate::rounds::Rounds;
use crate::store::Store;
use counts::{Pending, SPAN_S, Span};
use stored::MINUTE_S;

pub use counts::{Counts, Gauges, Subject};
pub(crate) use follower::{Parts, Running, start};
pub use histogram::Histogram;

/// How long what was counted is kept by ten seconds; then it is kept by the minute.
pub const SPANS_KEPT_FOR: Duration = Duration::from_secs(3600);
/// Most points of a series.
pub const POINTS_MAX: u64 = 1_000;
/// What goes on now is what was counted within this time, and in the span that is not over.
pub const WINDOW: Duration = Duration::from_secs(60);

/// How much of what was counted is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// For how long.
    pub retention: Duration,
    /// Rows of sources, connections and destinations, at most: one for each that something happened to in a minute.
    /// Beyond them the oldest go.
    pub rows_max: u64,
    /// Sources, connections and destinations that are counted in a span of ten seconds; beyond them only all together.
    pub subjects_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { retention: Duration::from_secs(30 * 24 * 3600), rows_max: 2_000_000, subjects_max: 1_000 }
    }
}

/// The database of series cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the database of series in {}: {cause}; move series.sqlite away to count anew", directory.display())]
pub struct OpenError {
    directory: PathBuf,
    cause: String,
}

impl OpenError {
    fn new(directory: &Path, cause: &dyn std::fmt::Display) -> Self {
        Self { directory: directory.to_owned(), cause: cause.to_string() }
    }
}

/// What was counted for a subject, span by span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Points {
    /// How long each span is.
    pub step: Duration,
    /// Where each begins, and what was counted in it; all of them, without a gap.
    pub points: Vec<(Timestamp, Counts)>,
}

/// What goes on now.
#[derive(Clone, Debug)]
pub struct Current {
    /// When that was.
    pub at: Timestamp,
    /// The time that the counts are of.
    pub window: Duration,
    /// What was counted within it; what nothing happened to is not among them.
    pub counts: FxHashMap<Subject, Counts>,
    /// What waits.
    pub backlog: Backlog,
    /// What the data directory holds, in bytes.
    pub used_bytes: u64,
    /// How much room is left where it lies, in bytes; none where the system does not say.
    pub free_bytes: Option<u64>,
}

/// What waits to be delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Undelivered events by connection and destination, where there are any.
    pub undelivered: FxHashMap<(ConnectionId, DestinationId), u64>,
    /// When the oldest request of an undelivered event arrived, by destination; of destinations with one among the
    /// oldest [`WAITING_LOOKED_AT_MAX`].
    pub oldest: FxHashMap<DestinationId, Timestamp>,
}

/// The database, and what is to go into it.
#[derive(Debug)]
struct State {
    database: Connection,
    pending: Pending,
    /// Rows in the database by the minute, but those of projects.
    rows: u64,
}

impl State {
    fn new(database: Connection, rows: u64, subjects_max: usize) -> Self {
        Self { database, pending: Pending::new(subjects_max), rows }
    }
}

/// What readers and the thread share.
#[derive(Debug)]
pub(crate) struct Series {
    state: Mutex<State>,
    clock: Clock,
    /// What is asked of the follower.
    rounds: Arc<Rounds>,
}

impl Series {
    fn new(state: State, clock: Clock) -> Self {
        Self { state: Mutex::new(state), clock, rounds: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn points(&self, subject: Subject, wanted: Wanted) -> rusqlite::Result<Points> {
        let Wanted { from, to, base, step } = wanted;
        let state = self.lock();
        let mut points: Vec<Counts> = vec![Counts::default(); ((to - from) / step) as usize];
        let mut add = |at: u64, counts: &Counts| {
            let place = at.checked_sub(from).map(|since| (since / step) as usize);
            if let Some(point) = place.and_then(|place| points.get_mut(place)) {
                point.merge(counts);
            }
        };
        for (at, counts) in stored::range(&state.database, subject, base, (from, to))? {
            add(at, &counts);
        }
        for ((Span(at), of), counts) in &state.pending.counts {
            if *of == subject {
                add(*at, counts);
            }
        }
        let at = (from..to).step_by(step as usize).map(|s| Timestamp::from_ms(s * 1_000));
        Ok(Points { step: Duration::from_secs(step), points: at.zip(points).collect() })
    }

    fn counts_since(&self, from: Span) -> rusqlite::Result<FxHashMap<Subject, Counts>> {
        let state = self.lock();
        let mut all: FxHashMap<Subject, Counts> = FxHashMap::default();
        for (subject, counts) in stored::since(&state.database, from)? {
            all.entry(subject).or_default().merge(&counts);
        }
        for ((span, subject), counts) in &state.pending.counts {
            if *span >= from {
                all.entry(*subject).or_default().merge(counts);
            }
        }
        Ok(all)
    }
}

/// Which spans are asked for, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    from: u64,
    to: u64,
    /// The length of the spans that are read.
    base: u64,
    /// The length of those that are answered, a multiple of it.
    step: u64,
}

impl Wanted {
    /// The spans that cover this time, none shorter than `step`, and no more than [`POINTS_MAX`].
    fn new(from: Timestamp, to: Timestamp, step: Duration, now: Timestamp) -> Self {
        let (from, to) = (from.s(), to.s().max(from.s()) + 1);
        let is_kept_by_spans = from >= now.s().saturating_sub(SPANS_KEPT_FOR.as_secs());
        let fitting = (to - from).div_ceil(POINTS_MAX - 1);
        let step = step.as_secs_f64().ceil() as u64;
        let step = step.max(fitting).max(1);
        let base = if is_kept_by_spans && !step.is_multiple_of(MINUTE_S) { SPAN_S } else { MINUTE_S };
        let step = step.next_multiple_of(base);
        Self { from: from - from % step, to: to.next_multiple_of(step), base, step }
    }
}

impl Store {
    /// What was counted for a subject in spans of at least `step` that cover the time from `from` to `to`. What is
    /// durable when this is called has been counted.
    ///
    /// # Errors
    /// [`ReadError`] where the database cannot be read.
    pub async fn series(
        &self,
        subject: Subject,
        from: Timestamp,
        to: Timestamp,
        step: Duration,
    ) -> Result<Points, ReadError> {
        let series = Arc::clone(&self.inner.series.series);
        series.rounds.settle().await;
        let wanted = Wanted::new(from, to, step, series.clock.now());
        on_thread(move || series.points(subject, wanted).map_err(|error| ReadError(error.to_string()))).await
    }

    /// What goes on now, as up to date as [`Store::series`].
    ///
    /// # Errors
    /// [`ReadError`] where the database or the index cannot be read.
    pub async fn current(&self) -> Result<Current, ReadError> {
        let series = Arc::clone(&self.inner.series.series);
        series.rounds.settle().await;
        let backlog = self.backlog().await?;
        let directory = self.inner.directory.clone();
        on_thread(move || {
            let at = series.clock.now();
            let from = Span(Span::of(at).0.saturating_sub(WINDOW.as_secs()));
            let counts = series.counts_since(from).map_err(|error| ReadError(error.to_string()))?;
            let window = at.since(Timestamp::from_ms(from.0 * 1_000));
            let (used_bytes, free_bytes) = (follower::bytes_below(&directory), disk::free_bytes(&directory));
            Ok(Current { at, window, counts, backlog, used_bytes, free_bytes })
        })
        .await
    }

    /// What waits to be delivered.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn backlog(&self) -> Result<Backlog, ReadError> {
        self.look_up(|inner| {
            let index = &inner.index.index;
            let undelivered = query::undelivered(index)?;
            let (oldest, _) = query::oldest_of_destinations(index, i64::MAX as u64, WAITING_LOOKED_AT_MAX)?;
            let undelivered = undelivered.into_iter().map(|(from, to, count)| ((from, to), count)).collect();
            let arrived = |request| hookyard_model::id::made_at(request);
            let oldest =
                oldest.into_iter().map(|(id, request)| (DestinationId(id), arrived(request))).collect();
            Ok(Backlog { undelivered, oldest })
        })
        .await
    }
}

async fn on_thread<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    let read = tokio::task::spawn_blocking(read).await;
    read.unwrap_or_else(|error| Err(ReadError(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(s: u64) -> Timestamp {
        Timestamp::from_ms(s * 1_000)
    }

    #[test]
    fn spans_cover_what_is_asked_for_and_are_as_short_as_they_are_kept() {
        let now = s(100_000);
        for (from, to, step, expected) in [
            // The last ten minutes, as short as they come.
            (99_400, 100_000, 1, (99_400, 100_010, 10, 10)),
            (99_405, 99_995, 15, (99_400, 100_000, 10, 20)),
            // Older than an hour: by the minute.
            (90_000, 90_059, 10, (90_000, 90_060, 60, 60)),
            (90_000, 90_060, 90, (90_000, 90_120, 60, 120)),
            // As long as to be few.
            (0, 99_999, 1, (0, 100_080, 60, 120)),
            (99_400, 99_400, 60, (99_360, 99_420, 60, 60)),
        ] {
            let wanted = Wanted::new(s(from), s(to), Duration::from_secs(step), now);
            let Wanted { from: begins, to: ends, base, step: length } = wanted;
            assert_eq!((begins, ends, base, length), expected, "{from} {to} {step}");
            assert!((ends - begins) / length <= POINTS_MAX);
        }
    }
}
