//! The thread that keeps the index up with the journal.
//!
//! It takes in what was committed at most [`REST`] ago, or at once when somebody waits for it, in
//! transactions of up to [`RECORDS_MAX`] records. It also makes the index anew where it is missing,
//! damaged or does not belong to this journal (`begin`), and looks after retention between two rounds (`retain`).

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hookyard_model::clock::{Clock, Timestamp};
use rusqlite::Connection;
use rustc_hash::FxHashMap;
use tracing::{error, info, warn};

use super::blocks::Blocks;
use super::fold::Changes;
use super::partition::Partition;
use super::{Applied, Error, Index, apply, query};
use crate::health::Damage;
use crate::journal::follow::{Item, Tail};
use crate::journal::record::{Kind, Position};
use crate::stored::refused::Refused;
use crate::stored::{Undecodable, attempt, changed::Changed, request, routed::Routed};

/// The longest that what was committed stays out of the index.
const REST: Duration = Duration::from_millis(100);
/// Most records in one transaction.
const RECORDS_MAX: usize = 8_192;
/// Write connections to older partitions kept open.
const OLD_WRITERS_KEPT: usize = 4;
/// How often the oldest undelivered event and pending request are looked up, retention is seen to.
const CHORES_EVERY: Duration = Duration::from_secs(1);
/// How long the thread waits after an error before it tries again.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// How the index is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// A partition takes at most this many bytes of segments …
    pub(crate) partition_bytes: u64,
    /// … and at most this span of time.
    pub(crate) partition_age: Duration,
    /// How long requests are kept; none for ever.
    pub(crate) retention: Option<Duration>,
}

/// The thread's own state.
pub(crate) struct Follower {
    pub(super) index: Arc<Index>,
    pub(super) tail: Arc<Tail>,
    pub(super) journal: std::path::PathBuf,
    pub(super) clock: Clock,
    pub(super) settings: Settings,
    pub(super) applied: Applied,
    /// The newest partition's connection.
    pub(super) writer: Option<Connection>,
    /// Connections to older partitions that still change, by first segment.
    pub(super) old_writers: FxHashMap<u32, Connection>,
    /// What is known of the blocks of partitions that change, by first segment.
    pub(super) blocks: FxHashMap<u32, Blocks>,
    /// Bytes of the newest partition's segments, and when it was begun.
    pub(super) newest_bytes: u64,
    pub(super) newest_since: Timestamp,
    /// The greatest request id in the newest partition's file; 0 for none.
    pub(super) newest_request: u64,
    chores_at: Option<Instant>,
    /// Rows of requests before this one have been deleted.
    pub(super) rows_from: u64,
    /// Empty, and in the memory of the last run's changes.
    spare: Changes,
}

/// A running follower; dropping it stops the thread after one last round.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) index: Arc<Index>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.index.wish(|wishes| wishes.stop = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Opens the index in `directory` and starts keeping it up.
pub(crate) fn start(
    directory: &Path,
    journal: &Path,
    tail: &Arc<Tail>,
    clock: &Clock,
    settings: Settings,
) -> Result<Running, Error> {
    std::fs::create_dir_all(directory)?;
    let index = Arc::new(Index::new(directory));
    let mut follower = Follower {
        index: Arc::clone(&index),
        tail: Arc::clone(tail),
        journal: journal.to_owned(),
        clock: clock.clone(),
        settings,
        applied: Applied::default(),
        writer: None,
        old_writers: FxHashMap::default(),
        blocks: FxHashMap::default(),
        newest_bytes: 0,
        newest_since: clock.now(),
        newest_request: 0,
        chores_at: None,
        rows_from: 0,
        spare: Changes::default(),
    };
    match follower.open() {
        Ok(true) => {}
        Ok(false) => follower.begin_anew()?,
        Err(error) => {
            warn!(%error, "the index cannot be used; it is made anew from the journal");
            follower.begin_anew()?;
        }
    }
    let thread = std::thread::Builder::new().name("index".to_owned()).spawn(move || follower.run())?;
    Ok(Running { index, thread: Some(thread) })
}

impl Follower {
    fn run(mut self) {
        loop {
            let mut stop = self.wait();
            let done = if self.index.damaged.load(Ordering::Acquire) { self.begin_anew() } else { Ok(()) };
            match done.and_then(|()| self.round()) {
                Ok(()) => {
                    self.index.failing.send_if_modified(std::mem::take);
                }
                Err(error) if error.is_damage() => {
                    error!(%error, "the index is damaged; it is made anew from the journal");
                    self.index.damaged.store(true, Ordering::Release);
                }
                Err(error) => {
                    error!(%error, "the index cannot be written; it falls behind until it can");
                    self.index.failing.send_replace(true);
                    stop = stop || self.pause();
                }
            }
            if stop {
                break;
            }
        }
        if let Some(writer) = self.writer.take() {
            let _ = writer.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
        }
    }

    /// Gives a failing disk time. True where the thread is to end.
    fn pause(&self) -> bool {
        let wishes = self.index.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let paused = self.index.wake.wait_timeout_while(wishes, RETRY_EVERY, |wishes| !wishes.stop);
        paused.unwrap_or_else(PoisonError::into_inner).0.stop
    }

    /// Rests until something is asked for or time has passed. True where the thread is to end.
    fn wait(&self) -> bool {
        let mut wishes = self.index.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = self.index.is_recovering();
        if !busy && !wishes.flush && !wishes.rebuild && !wishes.stop {
            let rested = self.index.wake.wait_timeout(wishes, REST);
            wishes = rested.unwrap_or_else(PoisonError::into_inner).0;
        }
        let stop = wishes.stop;
        *wishes = super::Wishes { stop, ..super::Wishes::default() };
        stop
    }

    /// Takes in everything that is committed, then does the chores that are due.
    fn round(&mut self) -> Result<(), Error> {
        let caught_up = self.catch_up();
        let undelivered = self.index.undelivered.load(Ordering::Relaxed);
        let index = &self.index;
        let recovered = caught_up.is_ok()
            && index.recovering.send_if_modified(|recovering| {
                !index.damaged.load(Ordering::Acquire) && std::mem::take(recovering)
            });
        if recovered {
            info!(undelivered, "the index is up to date");
        }
        if matches!(&caught_up, Err(error) if error.is_damage()) {
            return caught_up;
        }
        // Also where the disk is full: retention makes room.
        if self.chores_at.is_none_or(|at| at.elapsed() >= CHORES_EVERY) {
            self.chores_at = Some(Instant::now());
            let oldest = query::oldest_open(&self.index)?;
            self.index.oldest_undelivered.store(oldest.unwrap_or(0), Ordering::Relaxed);
            let (pending, oldest) = query::count_pending(&self.index)?;
            self.index.pending.store(pending, Ordering::Relaxed);
            self.index.oldest_pending.store(oldest.unwrap_or(0), Ordering::Relaxed);
            self.retain()?;
        }
        caught_up
    }

    /// Takes in everything that is committed.
    fn catch_up(&mut self) -> Result<(), Error> {
        let (_, end_id) = self.tail.committed();
        while self.take_in()? {}
        // The newest id may be of no record: a new run's segment begins behind the ids before it, and a
        // damaged record has none. Whoever waits for it waits for what has been taken in.
        self.index.applied.send_if_modified(|applied| {
            let grows = applied.id < end_id;
            applied.id = applied.id.max(end_id);
            grows
        });
        Ok(())
    }

    /// Takes in one transaction's worth. False where nothing is left.
    fn take_in(&mut self) -> Result<bool, Error> {
        let mut changes: FxHashMap<u32, Changes> = FxHashMap::default();
        let mut records = 0;
        let mut reached = self.applied;
        let mut damages = Vec::new();
        while records < RECORDS_MAX {
            let Some(batch) = self.tail.next(reached.position)? else { break };
            let mut items = batch.items();
            let segment = items.reached().segment;
            if segment != reached.position.segment && self.wants_new_partition(segment) {
                if records > 0 {
                    break;
                }
                self.begin_partition(segment)?;
            }
            let start = items.reached();
            for item in items.by_ref() {
                match item {
                    Item::Record { position, kind, version, id, payload } => {
                        match Decoded::read(kind, version, payload) {
                            Ok(decoded) => self.fold(&mut changes, position, id, decoded)?,
                            Err(why) => error!(
                                segment = position.segment,
                                offset = position.offset,
                                %why,
                                "a journal record is skipped"
                            ),
                        }
                        reached.id = id;
                        reached.record = position;
                        records += 1;
                    }
                    Item::Damage { from, bytes } => {
                        let Position { segment, offset } = from;
                        error!(segment, offset, bytes, "a damaged journal record is skipped");
                        damages.push(Damage { segment, offset, bytes });
                    }
                }
            }
            reached.position = items.reached();
            self.newest_bytes += u64::from(reached.position.offset - start.offset);
        }
        if reached == self.applied {
            return Ok(false);
        }
        self.write(changes, reached)?;
        damages.into_iter().for_each(|damage| self.index.note_damage(damage));
        Ok(true)
    }

    fn fold(
        &mut self,
        changes: &mut FxHashMap<u32, Changes>,
        position: Position,
        id: u64,
        decoded: Decoded,
    ) -> Result<(), Error> {
        let request = match &decoded {
            Decoded::Request(_) => id,
            Decoded::Routed(routed) => routed.request.0,
            Decoded::Attempt(outline) => outline.event.request.0,
            Decoded::Changed(changed) => changed.event.request.0,
            Decoded::Refused(refused) => refused.request.0,
            Decoded::Replayed(replayed) => replayed.request.0,
        };
        // Without a partition, its request is past retention.
        let Some(partition) = self.index.partition_of(request) else { return Ok(()) };
        let changes =
            changes.entry(partition.first_segment).or_insert_with(|| std::mem::take(&mut self.spare));
        changes.in_file_up_to = if self.index.newest_segment() == Some(partition.first_segment) {
            self.newest_request
        } else {
            u64::MAX
        };
        let file = self.writer_of(&partition)?;
        let known = match decoded {
            Decoded::Request(outline) => {
                changes.request(id, position, outline);
                Ok(true)
            }
            Decoded::Routed(routed) => changes.routed(file, position, &routed).map(|()| true),
            Decoded::Attempt(outline) => changes.attempt(file, position, &outline),
            Decoded::Changed(changed) => changes.changed(file, position, &changed),
            Decoded::Replayed(replayed) => changes.replayed(file, position, &replayed),
            Decoded::Refused(refused) => {
                changes.refused(position, &refused);
                Ok(true)
            }
        };
        if !known.map_err(|error| partition.failed(error))? {
            warn!(
                segment = position.segment,
                offset = position.offset,
                "a journal record names an unknown event"
            );
        }
        Ok(())
    }

    /// The write connection of a partition.
    pub(super) fn writer_of(&mut self, partition: &Partition) -> Result<&mut Connection, Error> {
        if self.index.newest_segment() == Some(partition.first_segment)
            && let Some(writer) = &mut self.writer
        {
            return Ok(writer);
        }
        if !self.old_writers.contains_key(&partition.first_segment) {
            if self.old_writers.len() >= OLD_WRITERS_KEPT {
                self.old_writers.clear();
            }
            let opened = Partition::open(&self.index.directory, partition.first_segment)?;
            let Some((_, connection)) = opened else {
                return Err(Error::NotWhole { path: partition.path.clone() });
            };
            connection
                .execute_batch("PRAGMA synchronous = FULL;")
                .map_err(|error| partition.failed(error))?;
            self.old_writers.insert(partition.first_segment, connection);
        }
        self.old_writers
            .get_mut(&partition.first_segment)
            .ok_or_else(|| partition.failed(rusqlite::Error::InvalidQuery))
    }

    /// Writes a run to all partitions it changes, the newest last, and says how far the index is.
    fn write(&mut self, mut changes: FxHashMap<u32, Changes>, reached: Applied) -> Result<(), Error> {
        let partitions = self.index.partitions();
        let mut grown = 0;
        for (at, partition) in partitions.iter().enumerate() {
            let is_newest = at + 1 == partitions.len();
            let mut changes = changes.remove(&partition.first_segment).unwrap_or_default();
            if changes.is_empty() && !is_newest {
                continue;
            }
            // Where this fails they are loaded again: they would have marks that are in no file.
            let known = self.blocks.remove(&partition.first_segment);
            let file = self.writer_of(partition)?;
            let known = known.map_or_else(|| Blocks::load(file), Ok);
            let mut blocks = known.map_err(|error| partition.failed(error))?;
            let applied = is_newest.then_some(reached);
            let newest_request = changes.requests.keys().copied().max().unwrap_or(0);
            grown += apply::apply(file, &changes, applied, &mut blocks)
                .map_err(|error| partition.failed(error))?;
            if self.blocks.len() > OLD_WRITERS_KEPT {
                self.blocks.clear();
            }
            self.blocks.insert(partition.first_segment, blocks);
            if is_newest {
                self.newest_request = self.newest_request.max(newest_request);
                changes.clear();
                self.spare = changes;
            }
        }
        let undelivered = self.index.undelivered.load(Ordering::Relaxed);
        self.index.undelivered.store(undelivered.saturating_add_signed(grown), Ordering::Relaxed);
        self.applied = reached;
        self.index.applied.send_replace(reached);
        Ok(())
    }
}

/// A record, as far as the index needs it.
enum Decoded {
    Request(request::Outline),
    Routed(Routed),
    Attempt(attempt::Outline),
    Changed(Changed),
    Refused(Refused),
    Replayed(Routed),
}

impl Decoded {
    fn read(kind: Kind, version: u8, payload: Bytes) -> Result<Self, Undecodable> {
        match kind {
            Kind::Request => request::outline(&payload).map(Self::Request),
            Kind::Routed => Routed::decode(version, payload).map(Self::Routed),
            Kind::Attempt => attempt::outline(&payload).map(Self::Attempt),
            Kind::Changed => Changed::decode(version, payload).map(Self::Changed),
            Kind::Refused => Refused::decode(payload).map(Self::Refused),
            Kind::Replayed => Routed::decode(version, payload).map(Self::Replayed),
        }
    }
}
