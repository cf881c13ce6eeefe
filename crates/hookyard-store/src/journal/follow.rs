//! Reading behind the writer: the same records in the same order, from memory while they are fresh and
//! from the files where not.
//!
//! The index and the route stage both read this way; a rebuild is nothing but reading from the first
//! segment on. Nobody ever reads past the committed end.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hookyard_model::clock::Timestamp;
use tokio::sync::Notify;

use super::record::{self, ALIGNMENT, Kind, Look, Position};
use super::segment;

/// Bytes of fresh batches kept in memory.
const FRESH_BYTES_MAX: usize = 16 << 20;
/// Bytes read from a file at a time.
const READ_BYTES: usize = 1 << 20;

/// A run of whole records.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// Where its first byte lies.
    pub(crate) base: Position,
    pub(crate) bytes: Bytes,
    /// Whether it reaches to the end of what is valid in its segment, or of what is committed.
    complete: bool,
    /// Whether these are the writer's own bytes, still in memory: no checksum is needed.
    fresh: bool,
}

/// A record of a batch, or a place where one should be.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Record { position: Position, kind: Kind, version: u8, id: u64, payload: Bytes },
    Damage { from: Position, bytes: u32 },
}

#[derive(Debug)]
struct State {
    /// Behind the last durable record.
    committed: Position,
    committed_id: u64,
    fresh: VecDeque<Batch>,
    fresh_bytes: usize,
    /// The finished segments.
    finished: BTreeMap<u32, Known>,
    /// The one being written; its end is not kept here.
    current: Known,
}

/// What is known of a segment without reading it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// Where its valid part ends.
    pub(crate) end: u32,
    /// No record in it has a smaller id.
    pub(crate) first_id: u64,
    pub(crate) created_at: Timestamp,
}

/// The committed part of the journal.
#[derive(Debug)]
pub(crate) struct Tail {
    directory: PathBuf,
    state: Mutex<State>,
    /// Woken at every commit.
    pub(crate) grown: Notify,
}

impl Tail {
    /// `finished` holds all segments there are; `committed` is the end of the last one.
    pub(crate) fn new(
        directory: PathBuf,
        finished: BTreeMap<u32, Known>,
        committed: Position,
        committed_id: u64,
    ) -> Self {
        let current = finished.get(&committed.segment).copied().unwrap_or_default();
        let state =
            State { committed, committed_id, fresh: VecDeque::new(), fresh_bytes: 0, finished, current };
        Self { directory, state: Mutex::new(state), grown: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the committed part ends, and the id of its last record.
    pub(crate) fn committed(&self) -> (Position, u64) {
        let state = self.lock();
        (state.committed, state.committed_id)
    }

    /// Adds a batch that has just become durable. Returns the memory of one that is not kept any longer,
    /// empty, where nobody else has a part of it.
    pub(crate) fn grow(&self, base: Position, bytes: Bytes, newest_id: u64) -> Option<Vec<u8>> {
        let mut state = self.lock();
        state.committed = Position { segment: base.segment, offset: base.offset + bytes.len() as u32 };
        state.committed_id = newest_id;
        state.fresh_bytes += bytes.len();
        state.fresh.push_back(Batch { base, bytes, complete: true, fresh: true });
        let mut stale = None;
        while state.fresh_bytes > FRESH_BYTES_MAX {
            let Some(oldest) = state.fresh.pop_front() else { break };
            state.fresh_bytes -= oldest.bytes.len();
            stale = Some(oldest.bytes);
        }
        drop(state);
        self.grown.notify_waiters();
        let mut unused = stale?.try_into_mut().ok()?;
        unused.clear();
        Some(Vec::from(unused))
    }

    /// Notes that the writer has gone on to a new, still empty segment; the one before ends at
    /// `finished_end`.
    pub(crate) fn turn(&self, finished_end: u32, number: u32, next: Known) {
        let mut state = self.lock();
        let (before, known) = (state.committed.segment, Known { end: finished_end, ..state.current });
        if before > 0 {
            state.finished.insert(before, known);
        }
        state.committed = Position { segment: number, offset: segment::HEADER_BYTES as u32 };
        state.current = next;
    }

    /// Forgets segments that retention has deleted.
    pub(crate) fn forget(&self, segment: u32) {
        self.lock().finished.remove(&segment);
    }

    /// The oldest segments, at most this many, also the one being written.
    pub(crate) fn oldest(&self, count: usize) -> Vec<(u32, Known)> {
        let state = self.lock();
        let current = (state.committed.segment, state.current);
        let all = state.finished.iter().map(|(number, known)| (*number, *known)).chain([current]);
        all.take(count).collect()
    }

    /// Where to go on who has read up to a position, where retention has deleted what comes behind it.
    pub(crate) fn behind_gap(&self, reached: Position) -> Option<Position> {
        let (first, _) = self.oldest(1).first().copied()?;
        (reached.segment < first && reached.segment != 0).then_some(Position { segment: first, offset: 0 })
    }

    /// Where the valid part of a finished segment ends.
    pub(crate) fn end_of(&self, segment: u32) -> Option<u32> {
        self.lock().finished.get(&segment).map(|known| known.end)
    }

    /// Bytes committed behind `position`.
    pub(crate) fn bytes_behind(&self, position: Position) -> u64 {
        let state = self.lock();
        let finished: u64 = state
            .finished
            .range(position.segment..)
            .filter(|(number, _)| **number != state.committed.segment)
            .map(|(_, known)| u64::from(known.end).saturating_sub(segment::HEADER_BYTES as u64))
            .sum();
        (finished + u64::from(state.committed.offset)).saturating_sub(u64::from(position.offset))
    }

    /// Bytes of all segments together.
    pub(crate) fn bytes(&self) -> u64 {
        let state = self.lock();
        state.finished.values().map(|known| u64::from(known.end)).sum::<u64>()
            + u64::from(state.committed.offset)
    }

    /// The first position at or behind `position` that can hold a record, and the end of the valid
    /// part of its segment. None where nothing more is committed.
    fn place(state: &State, position: Position) -> Option<(Position, u32)> {
        let start = segment::HEADER_BYTES as u32;
        if position.segment == state.committed.segment {
            let offset = position.offset.max(start);
            return (offset < state.committed.offset)
                .then_some((Position { segment: position.segment, offset }, state.committed.offset));
        }
        for (number, Known { end, .. }) in state.finished.range(position.segment..) {
            let offset = if *number == position.segment { position.offset.max(start) } else { start };
            if offset < *end {
                return Some((Position { segment: *number, offset }, *end));
            }
        }
        let first = Position { segment: state.committed.segment, offset: start };
        (position.segment < first.segment && start < state.committed.offset)
            .then_some((first, state.committed.offset))
    }

    /// The records from `position` on, as many as lie together; none where nothing more is committed.
    ///
    /// # Errors
    /// Where a segment file cannot be read.
    pub(crate) fn next(&self, position: Position) -> io::Result<Option<Batch>> {
        let (place, end) = {
            let state = self.lock();
            let Some((place, end)) = Self::place(&state, position) else { return Ok(None) };
            let after = state.fresh.partition_point(|batch| batch.base <= place);
            let fresh = after.checked_sub(1).and_then(|at| state.fresh.get(at));
            if let Some(batch) = fresh.filter(|batch| batch.base.segment == place.segment) {
                let skip = (place.offset - batch.base.offset) as usize;
                if skip < batch.bytes.len() {
                    let bytes = batch.bytes.slice(skip..);
                    return Ok(Some(Batch { base: place, bytes, complete: true, fresh: true }));
                }
            }
            (place, end)
        };
        self.read(place, end).map(Some)
    }

    fn read(&self, place: Position, end: u32) -> io::Result<Batch> {
        let file = File::open(segment::path(&self.directory, place.segment))?;
        let left = (end - place.offset) as usize;
        let mut want = left.min(READ_BYTES);
        loop {
            let mut bytes = vec![0; want];
            let got = read_up_to(&file, &mut bytes, u64::from(place.offset))?;
            if got < want {
                // The file is shorter than what was committed to it: what is missing counts as damage.
                bytes.resize(want, 0);
                return Ok(Batch { base: place, bytes: Bytes::from(bytes), complete: true, fresh: false });
            }
            let complete = want == left;
            match first_whole(&bytes, place) {
                Look::Short(need) if !complete && need <= left => want = need.max(want * 2).min(left),
                _ => return Ok(Batch { base: place, bytes: Bytes::from(bytes), complete, fresh: false }),
            }
        }
    }
}

fn first_whole(bytes: &[u8], base: Position) -> Look {
    record::look(bytes, 0, base)
}

/// Reads until the buffer is full or the file ends.
pub(crate) fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

impl Batch {
    /// A batch that is all there is, for reading files as they are found.
    pub(crate) const fn whole(base: Position, bytes: Bytes) -> Self {
        Self { base, bytes, complete: true, fresh: false }
    }

    /// Goes through its records; [`Items::reached`] says where to go on.
    pub(crate) const fn items(&self) -> Items<'_> {
        Items { batch: self, at: 0 }
    }
}

/// Goes through a batch.
#[derive(Debug)]
pub(crate) struct Items<'a> {
    batch: &'a Batch,
    at: usize,
}

impl Items<'_> {
    /// Where reading goes on after the items taken so far.
    pub(crate) const fn reached(&self) -> Position {
        Position { segment: self.batch.base.segment, offset: self.batch.base.offset + self.at as u32 }
    }

    /// The next place behind damage where a whole record begins, or the end.
    fn resume(&self) -> usize {
        let mut at = self.at + ALIGNMENT;
        while at < self.batch.bytes.len() {
            match record::look(&self.batch.bytes, at, self.batch.base) {
                Look::Record(_) => return at,
                // Perhaps a whole record, once the rest of it has been read.
                Look::Short(_) if !self.batch.complete => return at,
                _ => {}
            }
            at += ALIGNMENT;
        }
        self.batch.bytes.len()
    }
}

impl Iterator for Items<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if self.at >= self.batch.bytes.len() {
            return None;
        }
        let from = self.reached();
        let here = if self.batch.fresh {
            record::outline(&self.batch.bytes, self.at)
        } else {
            record::look(&self.batch.bytes, self.at, self.batch.base)
        };
        match here {
            Look::Record(found) => {
                self.at = found.next;
                Some(Item::Record {
                    position: from,
                    kind: found.kind,
                    version: found.version,
                    id: found.id,
                    payload: self.batch.bytes.slice(found.payload),
                })
            }
            // The rest of this record comes with the next batch.
            Look::Short(_) if !self.batch.complete && self.at > 0 => None,
            Look::Short(_) | Look::Blank | Look::Damaged => {
                let resumed = self.resume();
                let bytes = (resumed - self.at) as u32;
                self.at = resumed;
                Some(Item::Damage { from, bytes })
            }
        }
    }
}
