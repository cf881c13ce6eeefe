//! The thread that keeps issues up with the journal, and looks at what no record says.
//!
//! Where it falls so far behind that retention deletes what it has not read, it says so and goes on behind the gap.
//! A database that fails is tried again every second; nothing is lost meanwhile but by retention.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hookyard_model::clock::Clock;
use hookyard_model::id::{DestinationId, Generator, RequestId};
use rusqlite::Connection;
use tracing::warn;

use super::apply::{self, Applied};
use super::fold::Run;
use super::look::{self, Waiting};
use super::stored::{DATABASE, Issues};
use super::{Settings, WAITING_LOOKED_AT_MAX};
use crate::catalog::{Catalog, Snapshot};
use crate::database::OpenError;
use crate::index::{self, Index, query};
use crate::journal::follow::{Item, Tail};
use crate::journal::record::Position;
use crate::rounds::{Round, Thread};

/// How often it is looked at what no record says.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After events that wait too long were looked for, it rests for so many times as long as that took.
const WAITING_REST: u32 = 20;

/// What the thread needs.
pub(crate) struct Parts {
    pub(crate) directory: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) ids: Arc<Generator>,
    pub(crate) catalog: Catalog,
    pub(crate) tail: Arc<Tail>,
    pub(crate) index: Arc<Index>,
}

/// A running follower; dropping it stops the thread after one last round.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) issues: Arc<Issues>,
    _thread: Thread,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the journal cannot be read: {0}")]
    Journal(#[from] io::Error),
    #[error("the database cannot be written: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("the index cannot be read: {0}")]
    Index(#[from] index::Error),
}

struct Follower {
    issues: Arc<Issues>,
    parts: Parts,
    /// How far the journal was read, and how far that is stored.
    reached: Applied,
    stored: Position,
    looked_at: Option<Instant>,
    /// From when on events that wait too long are looked for again.
    waiting_due_at: Option<Instant>,
    /// The configuration that issues are in line with.
    snapshot_version: Option<u64>,
}

/// Opens the database in the directory and starts keeping it up.
pub(crate) fn start(parts: Parts) -> Result<Running, OpenError> {
    let (end, end_id) = parts.tail.committed();
    let end = Applied { position: end, record: end_id };
    let outbox_max = parts.settings.outbox_max;
    let (issues, mut reached) =
        Issues::open(&parts.directory, parts.clock.clone(), &parts.ids, end, outbox_max)?;
    if reached.position > end.position || reached.record > end.record {
        warn!("the database of issues is ahead of the journal; it goes on from the journal's end");
        reached = end;
    }
    let (issues, directory) = (Arc::new(issues), parts.directory.clone());
    let mut follower = Follower {
        issues: Arc::clone(&issues),
        parts,
        reached,
        stored: reached.position,
        looked_at: None,
        waiting_due_at: None,
        snapshot_version: None,
    };
    let thread = issues.rounds.start("issues", move |round| follower.round(round));
    Ok(Running { issues, _thread: thread.map_err(|error| DATABASE.failed(&directory, error))? })
}

impl Follower {
    /// Takes in everything that is committed, then looks at the rest where that is due, or was asked for.
    fn round(&mut self, round: Round) -> Result<(), Failed> {
        let snapshot = self.parts.catalog.snapshot();
        while self.take_in(&snapshot)? {}
        let is_due = self.looked_at.is_none_or(|at| at.elapsed() >= LOOK_EVERY);
        if is_due || round.is_wanted || self.snapshot_version != Some(snapshot.version) {
            self.look(&snapshot)?;
            self.looked_at = Some(Instant::now());
        }
        self.issues.rounds.made(round);
        let began_at = Instant::now();
        // Where nobody asks for it, once: what an earlier run opened is resolved.
        let is_wanted = self.parts.settings.backpressure_age_max.is_some() || self.waiting_due_at.is_none();
        let is_due = self.waiting_due_at.is_none_or(|at| at <= began_at);
        if is_wanted && is_due && !self.parts.index.is_recovering() {
            self.look_at_waiting(&snapshot)?;
            self.waiting_due_at = Some(began_at + LOOK_EVERY + began_at.elapsed() * WAITING_REST);
        }
        if round.is_last {
            self.change(|_, database| self.reached.store(database))?;
        }
        Ok(())
    }

    /// Takes in the records that lie together. False where nothing is left.
    fn take_in(&mut self, snapshot: &Snapshot) -> Result<bool, Failed> {
        self.refresh()?;
        self.skip_what_is_gone();
        let (end, _) = self.parts.tail.committed();
        let Some(batch) = self.parts.tail.next(self.reached.position)? else {
            // Also where the segment that was read to its end is deleted before another record comes.
            self.reached.position = self.reached.position.max(end);
            return Ok(false);
        };
        let issues = Arc::clone(&self.issues);
        let mut known = issues.lock();
        let mut record = self.reached.record;
        let mut items = batch.items();
        let mut run = Run::new(snapshot, &mut known.watched);
        // Damage and what cannot be decoded is reported by the index, which reads every record as well.
        for item in items.by_ref() {
            let Item::Record { kind, version, id, payload, .. } = item else { continue };
            let _ = run.record(kind, version, id, payload);
            record = id;
        }
        let seen = run.seen;
        let reached = Applied { position: items.reached(), record };
        // Where nothing has changed, it does no harm to read it again after a crash.
        if !seen.is_empty() || reached.position.segment != self.stored.segment {
            let (ids, rejected_max) = (&self.parts.ids, self.parts.settings.rejected_max);
            issues.change(&mut known, |database| {
                apply::apply(database, ids, rejected_max, &seen)?;
                reached.store(database)
            })?;
            self.stored = reached.position;
        }
        self.reached = reached;
        Ok(true)
    }

    /// After a change that failed, goes on from what is stored.
    fn refresh(&mut self) -> Result<(), Failed> {
        let mut known = self.issues.lock();
        if known.is_stale {
            self.issues.refresh(&mut known)?;
            self.reached = Applied::load(&known.database)?.unwrap_or(self.reached);
        }
        Ok(())
    }

    /// Says so where retention has deleted what was not read.
    fn skip_what_is_gone(&mut self) {
        let Some(left) = self.parts.tail.behind_gap(self.reached.position) else { return };
        let (from, to) = (self.reached.position.segment, left.segment);
        warn!(from, to, "retention deleted segments that were not searched for issues");
        self.reached.position = left;
    }

    fn look(&mut self, snapshot: &Snapshot) -> Result<(), Failed> {
        let now = self.parts.clock.now();
        let is_new = self.snapshot_version != Some(snapshot.version);
        self.change(|ids, database| {
            if is_new {
                look::configuration(database, ids, snapshot, now)?;
            }
            look::time(database, now)
        })?;
        self.snapshot_version = Some(snapshot.version);
        Ok(())
    }

    fn look_at_waiting(&mut self, snapshot: &Snapshot) -> Result<(), Failed> {
        let now = self.parts.clock.now();
        let waiting = match self.parts.settings.backpressure_age_max {
            Some(age) => self.waiting(look::older_than(now, age))?,
            None => Waiting { oldest: Vec::new(), is_whole: true },
        };
        self.change(|ids, database| look::waiting(database, ids, snapshot, &waiting, now))
    }

    /// The destinations of events whose requests are older than `before`.
    fn waiting(&self, before: u64) -> Result<Waiting, Failed> {
        let index = &self.parts.index;
        let oldest = index.oldest_undelivered.load(Ordering::Relaxed);
        if oldest == 0 || oldest >= before {
            return Ok(Waiting { oldest: Vec::new(), is_whole: true });
        }
        let (found, is_whole) = query::oldest_of_destinations(index, before, WAITING_LOOKED_AT_MAX)?;
        let oldest = found.into_iter().map(|(id, request)| (DestinationId(id), RequestId(request))).collect();
        Ok(Waiting { oldest, is_whole })
    }

    fn change(
        &self,
        change: impl FnOnce(&Generator, &Connection) -> rusqlite::Result<()>,
    ) -> Result<(), Failed> {
        Ok(self.issues.change(&mut self.issues.lock(), |database| change(&self.parts.ids, database))?)
    }
}
