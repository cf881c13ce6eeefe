//! How the store is doing and what it has done, for readiness and metrics. Nothing here reads a disk.

use std::sync::atomic::Ordering;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::made_at;

use crate::search;
use crate::store::Store;

/// How the store is doing; read in constant time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Why it takes no requests at the moment, if so.
    pub unavailable: Option<String>,
    /// When the oldest undelivered event's request arrived.
    pub oldest_undelivered_at: Option<Timestamp>,
    /// How many events are undelivered.
    pub undelivered: u64,
    /// How many requests wait for a key that verifies them, as of a second ago or so.
    pub pending: u64,
    /// When the oldest of them arrived.
    pub oldest_pending_at: Option<Timestamp>,
    /// How many issues are open: neither acknowledged nor resolved.
    pub open_issues: u64,
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

impl Store {
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

    /// How searches go.
    pub fn searches(&self) -> search::Stats {
        self.inner.searches.stats()
    }

    /// How the store is doing.
    pub fn health(&self) -> Health {
        let index = &self.inner.index.index;
        let oldest = index.oldest_undelivered.load(Ordering::Relaxed);
        let oldest_pending = index.oldest_pending.load(Ordering::Relaxed);
        let queue = &self.inner.journal.queue;
        let closing = queue.is_closing().then(|| "the store is closing".to_owned());
        Health {
            unavailable: queue.refusal().map(|refusal| refusal.cause).or(closing),
            oldest_undelivered_at: (oldest > 0).then(|| made_at(oldest)),
            undelivered: index.undelivered.load(Ordering::Relaxed),
            pending: index.pending.load(Ordering::Relaxed),
            oldest_pending_at: (oldest_pending > 0).then(|| made_at(oldest_pending)),
            open_issues: self.inner.issues.issues.count_open(),
            index_lag_bytes: self.inner.journal.tail.bytes_behind(index.applied().position),
            recovering: index.is_recovering(),
        }
    }
}
