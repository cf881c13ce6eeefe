//! The index: where to find what the journal holds, and where each event stands.
//!
//! It is a fold over the journal into SQLite, done by one thread that follows the writer, and holds
//! metadata and positions, never bodies. It can be thrown away at any time: what is missing is read
//! again from the journal.
//!
//! It is cut by time into *partitions*, one SQLite file for each span of segments, so that retention
//! unlinks files instead of deleting rows. A request, and all its events, are in the partition that
//! its segment belongs to, however late the events change.
//!
//! - `partition`: one file: schema, opening, connections.
//! - `fold`: records to rows. `apply`: rows to files, in one transaction each. `blocks`: where which values occur.
//! - `follower`: the thread. `begin`: opening, and where a partition begins. `retain`: deleting what is past retention.
//! - `query`, `wish`, `scan`, `tally`: reading.
//!
//! **Invariants**
//! 1. How far the index has come stands in the newest partition, in the same transaction as the rows.
//!    Older partitions are committed, with a full sync, before it.
//! 2. Applying a record twice changes nothing.

pub(crate) mod partition;

pub(crate) mod apply;
pub(crate) mod blocks;
pub(crate) mod fold;

mod begin;
pub(crate) mod follower;
pub(crate) mod query;
pub(crate) mod retain;
pub(crate) mod scan;
pub(crate) mod tally;
pub(crate) mod wish;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

use self::partition::Partition;
use crate::health::Damage;
use crate::journal::record::Position;

/// The index cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the index {path} failed: {error}")]
    Sqlite { path: PathBuf, error: rusqlite::Error },
    #[error("the index directory failed: {0}")]
    Io(#[from] std::io::Error),
    /// It was left unfinished, has another version, or a file of it is missing.
    #[error("the index {path} is not whole")]
    NotWhole { path: PathBuf },
}

impl Error {
    /// Whether the file is beyond use and has to be made anew from the journal.
    pub(crate) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{
            CannotOpen, ConstraintViolation, DatabaseCorrupt, NotADatabase, ReadOnly, SystemIoFailure,
        };
        match self {
            Self::Sqlite { error: rusqlite::Error::SqliteFailure(failure, text), path } => {
                // SQLite says one of these where somebody deleted the file while it was open.
                if matches!(failure.code, CannotOpen | ReadOnly | SystemIoFailure) && !path.exists() {
                    return true;
                }
                let schema_lost = text.as_deref().is_some_and(|text| text.starts_with("no such"));
                matches!(failure.code, ConstraintViolation | DatabaseCorrupt | NotADatabase) || schema_lost
            }
            Self::Sqlite { error, .. } => matches!(
                error,
                rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::IntegralValueOutOfRange(..)
            ),
            Self::NotWhole { .. } => true,
            Self::Io(_) => false,
        }
    }
}

/// What is asked of the thread.
#[derive(Debug, Default)]
struct Wishes {
    flush: bool,
    rebuild: bool,
    stop: bool,
}

/// How far the index has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Behind the last record that is in it.
    pub(crate) position: Position,
    /// The id of that record.
    pub(crate) id: u64,
    /// Where that record lies; by this an index is known to belong to a journal.
    pub(crate) record: Position,
}

/// Most places of damage remembered one by one; further ones are only counted.
const DAMAGES_KEPT: usize = 256;

/// What readers and the thread share.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) directory: PathBuf,
    /// By first id, ascending.
    partitions: RwLock<Vec<Arc<Partition>>>,
    wishes: Mutex<Wishes>,
    wake: Condvar,
    applied: watch::Sender<Applied>,
    /// While set, events' states may be older than what an earlier run recorded.
    recovering: watch::Sender<bool>,
    pub(crate) undelivered: AtomicU64,
    /// The smallest id of a request with an undelivered event; 0 for none.
    pub(crate) oldest_undelivered: AtomicU64,
    /// Requests whose verification is pending, as of the last time somebody counted.
    pub(crate) pending: AtomicU64,
    /// The smallest id of one; 0 for none.
    pub(crate) oldest_pending: AtomicU64,
    /// Set when the files are to be thrown away.
    damaged: AtomicBool,
    /// Counts how often the files were thrown away: what was read across such a moment is void.
    generation: watch::Sender<u64>,
    /// While set, the index cannot be written and stays where it is.
    failing: watch::Sender<bool>,
    /// No request with a smaller id is to be seen: its segment is past retention.
    floor: AtomicU64,
    damages: Mutex<Vec<Damage>>,
    damages_count: AtomicU64,
}

impl Index {
    fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            partitions: RwLock::default(),
            wishes: Mutex::default(),
            wake: Condvar::new(),
            applied: watch::Sender::new(Applied::default()),
            recovering: watch::Sender::new(true),
            undelivered: AtomicU64::new(0),
            oldest_undelivered: AtomicU64::new(0),
            pending: AtomicU64::new(0),
            oldest_pending: AtomicU64::new(0),
            damaged: AtomicBool::new(false),
            generation: watch::Sender::new(0),
            failing: watch::Sender::new(false),
            floor: AtomicU64::new(0),
            damages: Mutex::default(),
            damages_count: AtomicU64::new(0),
        }
    }

    pub(crate) fn applied(&self) -> Applied {
        *self.applied.borrow()
    }

    pub(crate) fn is_recovering(&self) -> bool {
        *self.recovering.borrow()
    }

    /// All partitions, oldest first.
    pub(crate) fn partitions(&self) -> Vec<Arc<Partition>> {
        self.partitions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The partition a request with this id is in.
    pub(crate) fn partition_of(&self, request_id: u64) -> Option<Arc<Partition>> {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        let after = partitions.partition_point(|partition| partition.first_id <= request_id);
        after.checked_sub(1).and_then(|at| partitions.get(at)).cloned()
    }

    /// The first segment of the newest partition.
    fn newest_segment(&self) -> Option<u32> {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        partitions.last().map(|newest| newest.first_segment)
    }

    fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        change(&mut self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    /// How often the files were thrown away.
    pub(crate) fn generation(&self) -> u64 {
        *self.generation.borrow()
    }

    /// The smallest request id that is to be seen.
    pub(crate) fn floor(&self) -> u64 {
        self.floor.load(Ordering::Acquire)
    }

    /// Notes a place where a record should be and none is.
    fn note_damage(&self, damage: Damage) {
        self.damages_count.fetch_add(1, Ordering::Relaxed);
        let mut damages = self.damages.lock().unwrap_or_else(PoisonError::into_inner);
        if damages.len() < DAMAGES_KEPT {
            damages.push(damage);
        }
    }

    /// The places of damage met since the start, or since the index was last made anew, and their number.
    pub(crate) fn damages(&self) -> (Vec<Damage>, u64) {
        let damages = self.damages.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (damages, self.damages_count.load(Ordering::Relaxed))
    }

    /// Waits until everything up to the record with this id is in the index. False, at once, while the
    /// index cannot be written: it then answers from as far as it has come.
    pub(crate) async fn settle(&self, id: u64) -> bool {
        if self.applied().id >= id {
            return true;
        }
        let mut applied = self.applied.subscribe();
        let mut failing = self.failing.subscribe();
        loop {
            self.wish(|wishes| wishes.flush = true);
            // Asked again now and then: a record may become durable only after the wish was granted.
            let patience = tokio::time::sleep(Duration::from_millis(5));
            tokio::select! {
                biased;
                _ = applied.wait_for(|applied| applied.id >= id) => return true,
                _ = failing.wait_for(|failing| *failing) => return false,
                () = patience => {}
            }
        }
    }

    /// Like [`Index::settle`], but waits also while the index cannot be written.
    pub(crate) async fn settle_patiently(&self, id: u64) {
        while !self.settle(id).await {
            let _ = self.failing.subscribe().wait_for(|failing| !failing).await;
        }
    }

    /// Has the index made anew, and waits until what was there is thrown away.
    pub(crate) async fn renew(&self, generation: u64) {
        if self.generation() == generation {
            self.rebuild();
        }
        let _ = self.generation.subscribe().wait_for(|now| *now > generation).await;
    }

    /// Waits until the states in the index are those that earlier runs recorded.
    pub(crate) async fn recovered(&self) {
        let _ = self.recovering.subscribe().wait_for(|recovering| !recovering).await;
    }

    /// Has the index made anew from the journal.
    pub(crate) fn rebuild(&self) {
        if !self.damaged.swap(true, Ordering::AcqRel) {
            self.recovering.send_replace(true);
            self.wish(|wishes| wishes.rebuild = true);
        }
    }
}
