//! The one thread that writes the journal.
//!
//! While the disk works: take all that waits, write, sync, answer. When a write or a sync fails, the
//! segment is given up at its committed end (whether the failed bytes reached the disk is unknowable,
//! and the kernel may report a lost write only once), those who wait are told, consequences are kept,
//! and a new segment is tried every [`RETRY_EVERY`] until one works.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hookyard_model::clock::Clock;
use tracing::{error, info, warn};

use super::disk::{Disk, free_bytes};
use super::durable;
use super::follow::{Known, Tail};
use super::queue::{Class, Entry, Gather, Queue, Task};
use super::record::{self, Position};
use super::rotate::{Preparer, begin};
use super::segment::{self, BLOCK_BYTES, HEADER_BYTES, Header};
use crate::accept::Unavailable;

/// Most bytes committed at once; more waits for the next commit.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// How often a new segment is tried while the disk fails.
const RETRY_EVERY: Duration = Duration::from_millis(250);
/// How often free space and the segment's age are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What senders are told to wait while the disk fails, in seconds.
const RETRY_AFTER_S: u32 = 5;

/// How the journal is laid out and paced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) segment_bytes: u32,
    pub(crate) segment_age: Duration,
    pub(crate) reserve_bytes: u64,
    /// The longest time from one commit to the next while entries gather.
    pub(crate) pace: Duration,
}

/// Counters that others read.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: std::sync::atomic::AtomicU64,
    pub(crate) records: std::sync::atomic::AtomicU64,
    pub(crate) failures: std::sync::atomic::AtomicU64,
}

struct Current {
    file: File,
    header: Header,
    /// Behind the last durable record.
    end: u32,
}

/// What the thread owns.
pub(crate) struct Writer {
    directory: PathBuf,
    disk: Disk,
    clock: Clock,
    settings: Settings,
    queue: Arc<Queue>,
    tail: Arc<Tail>,
    counters: Arc<Counters>,
    preparer: Preparer,
    current: Option<Current>,
    /// The last finished segment and its end; (0, 0) for none.
    previous: (u32, u32),
    failed_at: Option<Instant>,
    looked_at: Instant,
    committed_at: Instant,
    /// About how many awaited entries a commit had lately; falls by an eighth with each smaller one.
    lately_awaited: usize,
    /// Memory that a batch was in, for the next one: of new memory each page is cleared by the kernel first.
    spare: Option<Vec<u8>>,
}

impl Writer {
    #[expect(clippy::too_many_arguments, reason = "the parts are made in one place and owned from then on")]
    pub(crate) fn new(
        directory: PathBuf,
        disk: Disk,
        clock: Clock,
        settings: Settings,
        queue: Arc<Queue>,
        tail: Arc<Tail>,
        counters: Arc<Counters>,
        preparer: Preparer,
        previous: (u32, u32),
    ) -> Self {
        let now = Instant::now();
        Self {
            directory,
            disk,
            clock,
            settings,
            queue,
            tail,
            counters,
            preparer,
            current: None,
            previous,
            failed_at: None,
            looked_at: now,
            committed_at: now,
            lately_awaited: 0,
            spare: None,
        }
    }

    /// Begins the first segment, so that a disk that cannot be written to is known at start.
    pub(crate) fn begin(&mut self, newest_id: u64) -> std::io::Result<()> {
        self.turn(newest_id + 1)?;
        self.preparer.prepare(u64::from(self.settings.segment_bytes));
        Ok(())
    }

    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        loop {
            let patience = if self.failed_at.is_some() { RETRY_EVERY } else { LOOK_EVERY };
            match self.queue.next(patience, self.gather()) {
                Task::Commit(entries) => self.commit_all(entries),
                Task::Idle => {}
                Task::Close => break,
            }
            if self.failed_at.is_some() || self.looked_at.elapsed() >= LOOK_EVERY {
                self.look_around();
            }
        }
        if let Some(current) = self.current.take() {
            let path = segment::path(&self.directory, current.header.number);
            let cut = current.file.set_len(u64::from(current.end)).and_then(|()| current.file.sync_all());
            if let Err(error) = cut {
                warn!(path = %path.display(), %error, "cannot trim the journal's last segment");
            }
        }
    }

    /// Under load, three quarters of those who came lately: most of them come back at about the same
    /// time, and fewer, larger commits leave more of the processor to everybody.
    fn gather(&self) -> Gather {
        Gather { awaited: self.lately_awaited * 3 / 4, until: self.committed_at + self.settings.pace }
    }

    /// Free space, the segment's age, and whether a failed disk works again.
    fn look_around(&mut self) {
        self.looked_at = Instant::now();
        if self.failed_at.is_some_and(|at| at.elapsed() < RETRY_EVERY) {
            return;
        }
        if self.current.is_none()
            && let Err(error) = self.turn(self.tail.committed().1 + 1)
        {
            self.failed(&error);
            return;
        }
        self.failed_at = None;
        let free = free_bytes(&self.directory);
        let refusal = match free {
            Some(free) if free < self.settings.reserve_bytes => Some(Unavailable {
                cause: format!(
                    "the disk has {free} bytes left, less than the reserve of {} bytes: make room, or lower storage.reserve_bytes",
                    self.settings.reserve_bytes
                ),
                retry_after_s: RETRY_AFTER_S,
            }),
            _ => None,
        };
        self.announce(refusal);
        let aged = self.current.as_ref().is_some_and(|current| {
            current.end > HEADER_BYTES as u32
                && self.clock.now().since(current.header.created_at) >= self.settings.segment_age
        });
        if aged && let Err(error) = self.turn(self.tail.committed().1 + 1) {
            self.failed(&error);
        }
    }

    fn announce(&self, refusal: Option<Unavailable>) {
        let before = self.queue.refusal();
        match (&before, &refusal) {
            (None, Some(refusal)) => error!(cause = %refusal.cause, "requests are refused with 503"),
            (Some(_), None) => info!("requests are taken again"),
            _ => {}
        }
        self.queue.refuse(refusal);
    }

    fn commit_all(&mut self, entries: Vec<Entry>) {
        let awaited = entries.iter().filter(|entry| entry.done.is_some()).count();
        self.lately_awaited = awaited.max(self.lately_awaited - self.lately_awaited.div_ceil(8));
        self.committed_at = Instant::now();
        let newest_id = entries.last().map_or(0, |entry| entry.id);
        let mut waiting = entries.into_iter().peekable();
        while waiting.peek().is_some() {
            let mut batch = Vec::with_capacity(waiting.len());
            let mut bytes = 0;
            while let Some(entry) =
                waiting.next_if(|entry| bytes == 0 || bytes + entry.bytes() <= BATCH_BYTES_MAX)
            {
                bytes += entry.bytes();
                batch.push(entry);
            }
            if let Err((error, unwritten)) = self.commit(batch, bytes) {
                self.failed(&error);
                if self.give_up(unwritten.into_iter().chain(waiting).collect(), &error) {
                    self.queue.resolve(newest_id);
                }
                return;
            }
        }
        self.queue.resolve(newest_id);
    }

    /// Writes a batch to one segment and makes it durable, or hands it back.
    fn commit(&mut self, batch: Vec<Entry>, bytes: usize) -> Result<(), (std::io::Error, Vec<Entry>)> {
        let Some(first_id) = batch.first().map(|entry| entry.id) else { return Ok(()) };
        let full = self.current.as_ref().is_none_or(|current| {
            let end = current.end as usize;
            end > HEADER_BYTES && end + bytes > self.settings.segment_bytes as usize
        });
        if full && let Err(error) = self.turn(first_id) {
            return Err((error, batch));
        }
        let Some(current) = &mut self.current else { return Ok(()) };
        let base = Position { segment: current.header.number, offset: current.end };
        let mut buffer = buffer(&mut self.spare, bytes + BLOCK_BYTES);
        let mut newest_id = first_id;
        for entry in &batch {
            record::append(&mut buffer, base, entry.kind, entry.id, [&entry.head, &entry.body]);
            newest_id = entry.id;
        }
        let length = buffer.len();
        buffer
            .resize((base.offset as usize + length).next_multiple_of(BLOCK_BYTES) - base.offset as usize, 0);
        let written = self
            .disk
            .write_at(&current.file, &buffer, u64::from(base.offset))
            .and_then(|()| self.disk.sync(&current.file));
        buffer.truncate(length);
        if let Err(error) = written {
            self.abandon();
            return Err((error, batch));
        }
        current.end += buffer.len() as u32;
        self.counters.commits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.counters.records.fetch_add(batch.len() as u64, std::sync::atomic::Ordering::Relaxed);
        self.spare = self.tail.grow(base, Bytes::from(buffer), newest_id);
        durable::tell(batch.into_iter().filter_map(|entry| entry.done).collect());
        Ok(())
    }

    /// Never writes to the current segment again: its end stays where the last good sync left it.
    fn abandon(&mut self) {
        if let Some(current) = self.current.take() {
            let (segment, end) = (current.header.number, current.end);
            warn!(segment, end, "this journal segment is given up here");
            // Until the next segment's header says so, only this keeps what was refused from coming back
            // after a crash.
            if let Err(error) = current.file.set_len(u64::from(end)) {
                warn!(segment, %error, "what follows the given-up end could not be cut off yet");
            }
            self.previous = (current.header.number, current.end);
        }
    }

    /// Goes on to a new segment whose records have ids from `first_id` on.
    fn turn(&mut self, first_id: u64) -> std::io::Result<()> {
        let (previous, previous_end) = match &self.current {
            Some(current) => (current.header.number, current.end),
            None => self.previous,
        };
        let header =
            Header { number: previous + 1, previous, previous_end, first_id, created_at: self.clock.now() };
        let file = begin(&self.directory, &self.disk, &self.preparer, &header)?;
        let end = HEADER_BYTES as u32;
        let known = Known { end, first_id, created_at: header.created_at };
        self.tail.turn(previous_end, header.number, known);
        if previous > 0 {
            self.preparer.trim(segment::path(&self.directory, previous), u64::from(previous_end));
            self.preparer.prepare(u64::from(self.settings.segment_bytes));
        }
        self.previous = (previous, previous_end);
        self.current = Some(Current { file, header, end });
        Ok(())
    }

    fn failed(&mut self, cause: &std::io::Error) {
        self.counters.failures.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.failed_at = Some(Instant::now());
        self.announce(Some(unavailable(cause)));
    }

    /// Tells those who wait, keeps what must not be lost, drops the rest. True where nothing was kept.
    fn give_up(&self, entries: Vec<Entry>, cause: &std::io::Error) -> bool {
        let mut kept = Vec::new();
        for mut entry in entries {
            match (entry.class, entry.done.take()) {
                (_, Some(done)) => {
                    let _ = done.send(Err(unavailable(cause)));
                }
                (Class::Kept, None) => kept.push(entry),
                (Class::Awaited | Class::Droppable, None) => {}
            }
        }
        if self.queue.is_closing() {
            error!(
                records = kept.len(),
                "the store closes on a failing disk: what these say happens again after the start"
            );
            return true;
        }
        if kept.is_empty() {
            return true;
        }
        self.queue.put_back(kept);
        // What was kept would be tried again at once; the disk is given time instead.
        std::thread::sleep(RETRY_EVERY);
        false
    }
}

impl Drop for Writer {
    /// However the thread ends: nobody is to wait for it any more.
    fn drop(&mut self) {
        self.queue.end();
    }
}

/// Room for so many bytes, in the spare memory where that is large enough and not far too large.
fn buffer(spare: &mut Option<Vec<u8>>, bytes: usize) -> Vec<u8> {
    match spare.take() {
        Some(spare) if (bytes..=bytes * 2).contains(&spare.capacity()) => spare,
        _ => Vec::with_capacity(bytes),
    }
}

fn unavailable(cause: &std::io::Error) -> Unavailable {
    Unavailable { cause: format!("the journal cannot be written: {cause}"), retry_after_s: RETRY_AFTER_S }
}
