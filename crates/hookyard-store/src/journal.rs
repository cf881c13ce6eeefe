//! The journal: append-only segments, the truth from which everything else can be rebuilt.
//!
//! One thread writes. It takes everything that waits, puts it into one buffer, writes that at the end
//! of the current segment, calls `fdatasync`, and only then answers those who wait.
//!
//! - `record`: how a record lies on disk. `segment`: how a file of them does.
//! - `queue`: where appenders leave entries. `writer`: the thread, and what it does when the disk fails.
//! - `rotate`: from one segment to the next; the spare that lies ready.
//! - `recover`: what is found at start. `follow`: reading behind the writer. `read`: one record.
//! - `disk`: the system calls, and where tests make them fail.
//!
//! **Invariants**
//! 1. A record counts as durable when an `fdatasync` after its write has succeeded, and not before.
//! 2. After a failed write or sync nothing more is written to that segment; the next segment's header
//!    says where its valid part ends, so that what follows there never comes back.
//! 3. Ids grow along the journal: across records, segments and restarts.

pub(crate) mod disk;
pub(crate) mod record;
pub(crate) mod segment;

pub(crate) mod durable;
pub(crate) mod queue;
pub(crate) mod rotate;
pub(crate) mod writer;

pub(crate) mod follow;
pub(crate) mod read;
pub(crate) mod recover;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use hookyard_model::clock::Clock;
use hookyard_model::id::Generator;

use self::disk::{Disk, Faults};
use self::follow::Tail;
use self::queue::{Bounds, Queue};
use self::record::Position;
use self::rotate::Preparer;
use self::writer::{Counters, Settings, Writer};

/// How long a record that nobody waits for may wait for company.
const LINGER: Duration = Duration::from_millis(2);
/// Rejected requests waiting to be written, beyond which further ones are dropped.
const DROPPABLE_MAX: usize = 1_024;

/// The journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Recover(#[from] recover::Error),
    #[error("cannot write to the journal directory {path}: {error}")]
    Write { path: PathBuf, error: std::io::Error },
}

/// An open journal and its writer.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) directory: PathBuf,
    pub(crate) queue: Arc<Queue>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) counters: Arc<Counters>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Journal {
    /// Opens the journal in `directory`, finds out where it ends, and starts its writer.
    pub(crate) fn open(
        directory: &Path,
        settings: Settings,
        pending_bytes_max: usize,
        clock: &Clock,
        ids: &Arc<Generator>,
        faults: Option<Arc<Faults>>,
    ) -> Result<Self, OpenError> {
        let failed = |error| OpenError::Write { path: directory.to_owned(), error };
        std::fs::create_dir_all(directory).map_err(failed)?;
        if let Some(parent) = directory.parent() {
            // The first request's durability hangs on this name as well.
            disk::sync_directory(parent).map_err(failed)?;
        }
        let found = recover::recover(directory)?;
        ids.advance_past(found.newest_id);
        let previous = found.segments.last_key_value().map_or((0, 0), |(number, known)| (*number, known.end));
        let committed = Position { segment: previous.0, offset: previous.1 };
        let tail = Arc::new(Tail::new(directory.to_owned(), found.segments, committed, found.newest_id));
        let bounds = Bounds { bytes_max: pending_bytes_max, droppable_max: DROPPABLE_MAX, linger: LINGER };
        let queue = Arc::new(Queue::new(bounds, clock.clone(), Arc::clone(ids), found.newest_id));
        let counters = Arc::new(Counters::default());
        let preparer = Preparer::start(directory.to_owned(), settings.reserve_bytes).map_err(failed)?;
        let mut writer = Writer::new(
            directory.to_owned(),
            Disk::new(faults),
            clock.clone(),
            settings,
            Arc::clone(&queue),
            Arc::clone(&tail),
            Arc::clone(&counters),
            preparer,
            previous,
        );
        writer.begin(found.newest_id).map_err(failed)?;
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || writer.run());
        Ok(Self {
            directory: directory.to_owned(),
            queue,
            tail,
            counters,
            writer: Mutex::new(Some(thread.map_err(failed)?)),
        })
    }

    /// Writes what waits and ends the writer. Nothing can be appended afterwards.
    pub(crate) fn close(&self) {
        self.queue.close();
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}
