//! The thread that counts along with the journal, and looks how things stand each time a span has ended.
//!
//! What is counted is stored when its span is over, with how far the journal was read in the same transaction. A
//! database that fails is tried again every second; meanwhile nothing more is read than memory has room for.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::id::made_at;
use rusqlite::TransactionBehavior;
use rustc_hash::{FxHashMap, FxHashSet};
use tracing::warn;

use super::counts::{Span, Subject};
use super::{OpenError, SPANS_KEPT_FOR, Series, Settings, State, fold, stored};
use crate::catalog::Catalog;
use crate::index::{Index, query};
use crate::journal::follow::{Item, Tail};
use crate::journal::record::Position;
use crate::rounds::{Round, Thread};

/// For so much longer what was counted by ten seconds is kept than it can be asked for.
const SPANS_SLACK: Duration = Duration::from_secs(600);
/// Counts in memory, for each a subject and a span, at which they are stored although their span is not over.
const PENDING_MAX: usize = 16_384;

/// What the thread needs.
pub(crate) struct Parts {
    pub(crate) directory: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) catalog: Catalog,
    pub(crate) tail: Arc<Tail>,
    pub(crate) index: Arc<Index>,
}

/// A running follower; dropping it stops the thread after what was counted is stored.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) series: Arc<Series>,
    _thread: Thread,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the journal cannot be read: {0}")]
    Journal(#[from] io::Error),
    #[error("the database cannot be written: {0}")]
    Database(#[from] rusqlite::Error),
}

struct Follower {
    series: Arc<Series>,
    parts: Parts,
    reached: Position,
    /// The span in which it was looked last how things stand.
    looked_in: Option<Span>,
    /// What had undelivered events then.
    waiting: FxHashSet<Subject>,
}

/// Opens the database in the directory and starts counting.
pub(crate) fn start(parts: Parts) -> Result<Running, OpenError> {
    let (end, _) = parts.tail.committed();
    let failed = |cause: &dyn std::fmt::Display| OpenError::new(&parts.directory, cause);
    let (database, mut reached) = stored::open(&parts.directory, end).map_err(|error| failed(&error))?;
    if reached > end {
        warn!("the database of series is ahead of the journal; it goes on from the journal's end");
        reached = end;
    }
    let rows = stored::count_rows(&database).map_err(|error| failed(&error))?;
    let state = State::new(database, rows, parts.settings.subjects_max);
    let series = Arc::new(Series::new(state, parts.clock.clone()));
    let directory = parts.directory.clone();
    let mut follower = Follower {
        series: Arc::clone(&series),
        parts,
        reached,
        looked_in: None,
        waiting: FxHashSet::default(),
    };
    let thread = series.rounds.start("series", move |round| follower.round(round));
    let thread = thread.map_err(|error| OpenError::new(&directory, &error))?;
    Ok(Running { series, _thread: thread })
}

impl Follower {
    /// Counts everything that is committed, and stores what is of spans that are over; at last, all of it.
    fn round(&mut self, round: Round) -> Result<(), Failed> {
        loop {
            if self.series.lock().pending.counts.len() >= PENDING_MAX {
                self.store()?;
            }
            if !self.take_in()? {
                break;
            }
        }
        let now = self.parts.clock.now();
        if self.looked_in != Some(Span::of(now)) {
            self.store()?;
            self.look(now);
            self.looked_in = Some(Span::of(now));
        }
        self.series.rounds.made(round);
        if round.is_last { self.store() } else { Ok(()) }
    }

    /// Counts the records that lie together. False where nothing is left.
    fn take_in(&mut self) -> Result<bool, Failed> {
        self.skip_what_is_gone();
        let (end, _) = self.parts.tail.committed();
        let Some(batch) = self.parts.tail.next(self.reached)? else {
            self.reached = self.reached.max(end);
            return Ok(false);
        };
        let snapshot = self.parts.catalog.snapshot();
        let mut state = self.series.lock();
        let mut items = batch.items();
        // Damage and what cannot be decoded is reported by the index, which reads every record as well.
        for item in items.by_ref() {
            let Item::Record { kind, version, id, payload, .. } = item else { continue };
            let _ = fold::record(&mut state.pending, &snapshot, (kind, version, id), payload);
        }
        self.reached = items.reached();
        Ok(true)
    }

    fn skip_what_is_gone(&mut self) {
        let Some(left) = self.parts.tail.behind_gap(self.reached) else { return };
        let (from, to) = (self.reached.segment, left.segment);
        warn!(from, to, "retention deleted segments that were not counted");
        self.reached = left;
    }

    /// Stores what was counted, and how far that is.
    fn store(&mut self) -> Result<(), Failed> {
        let mut state = self.series.lock();
        let State { database, pending, rows } = &mut *state;
        let Settings { retention, rows_max, .. } = self.parts.settings;
        let tx = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut counted: Vec<_> = pending.counts.iter().collect();
        counted.sort_unstable_by_key(|(place, _)| (place.1, place.0));
        let mut all = *rows;
        for (place, counts) in counted {
            all += u64::from(stored::add(&tx, *place, counts)?);
        }
        let now = self.parts.clock.now().s();
        let kept_from = |time: Duration| now.saturating_sub(time.as_secs());
        // A span that is shown can begin before what is asked for.
        let kept = (kept_from(SPANS_KEPT_FOR + SPANS_SLACK), kept_from(retention));
        all = stored::prune(&tx, kept, all, rows_max)?;
        stored::store_applied(&tx, self.reached)?;
        tx.commit()?;
        *rows = all;
        if pending.dropped > 0 {
            warn!(
                dropped = pending.dropped,
                "more sources, connections and destinations are in use than are counted: see `series.subjects_max`"
            );
        }
        pending.clear();
        Ok(())
    }

    /// Looks how things stand.
    fn look(&mut self, now: Timestamp) {
        let index = &self.parts.index;
        let project = self.parts.catalog.snapshot().default_project;
        let oldest = index.oldest_undelivered.load(Ordering::Relaxed);
        let oldest_ms = (oldest > 0).then(|| now.since(made_at(oldest)).as_millis());
        let oldest_ms = u64::try_from(oldest_ms.unwrap_or_default()).unwrap_or(u64::MAX);
        let undelivered = index.undelivered.load(Ordering::Relaxed);
        let disk_bytes = bytes_below(&self.parts.directory);
        // Where the index cannot be read now, it is looked again in the next span.
        let waiting = query::undelivered(index).unwrap_or_default();
        let mut state = self.series.lock();
        state.pending.add(now, [Subject::Project(project)], |counts| {
            counts.gauges.undelivered = Some(undelivered);
            counts.gauges.oldest_undelivered_ms = Some(oldest_ms);
            counts.gauges.disk_bytes = Some(disk_bytes);
        });
        let mut counts: FxHashMap<Subject, u64> = self.waiting.drain().map(|subject| (subject, 0)).collect();
        for (connection, destination, count) in waiting {
            for subject in [Subject::Connection(connection), Subject::Destination(destination)] {
                *counts.entry(subject).or_default() += count;
            }
        }
        for (subject, undelivered) in counts {
            state.pending.add(now, [subject], |counts| counts.gauges.undelivered = Some(undelivered));
            if undelivered > 0 {
                self.waiting.insert(subject);
            }
        }
    }
}

/// How much all files below a directory hold. What cannot be read counts nothing.
pub(super) fn bytes_below(directory: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    let bytes_of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(of) if of.is_dir() => bytes_below(&entry.path()),
        Ok(of) => of.len(),
        Err(_) => 0,
    };
    entries.flatten().map(bytes_of).sum()
}
