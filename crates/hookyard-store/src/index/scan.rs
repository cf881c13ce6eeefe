//! Going through requests and their events from the newest on, block by block, past those blocks that cannot have
//! what is wanted. Whoever goes decides after each run how long to go on.

use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value;
use rustc_hash::FxHashSet;

use super::blocks::Wanted;
use super::partition::Partition;
use super::query::all;
use super::{Error, Index};

/// An id that is greater than all there are, and that a file can have.
pub(crate) const BEYOND: u64 = i64::MAX as u64;
/// Blocks that lie together in one run, at most.
const RUN_BLOCKS_MAX: u32 = 16;

/// Which requests, or whose events, to go through.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// No request with a smaller id.
    pub(crate) from: u64,
    /// Only requests with smaller ids; [`BEYOND`] for all.
    pub(crate) before: u64,
    /// Only blocks that have one value of each of these.
    pub(crate) wanted: Vec<Wanted>,
}

/// Requests that lie together in one partition.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) partition: Arc<Partition>,
    /// From this id on …
    pub(crate) from: u64,
    /// … to before this one.
    pub(crate) to: u64,
    /// How many requests these are, at most.
    pub(crate) requests: u64,
}

/// A block as a scan sees it.
#[derive(Clone, Copy, Debug)]
struct Block {
    from: u64,
    to: u64,
    requests: u32,
}

/// The way through.
#[derive(Debug)]
pub(crate) struct Scan {
    bounds: Bounds,
    /// Those not begun yet, the newest last.
    partitions: Vec<Arc<Partition>>,
    current: Option<Arc<Partition>>,
    /// Blocks of the current one that are to be looked at, the newest first.
    blocks: VecDeque<Block>,
    /// How many blocks the next run may have.
    run_blocks: u32,
    /// Whether runs become longer as long as somebody wants more of them.
    grows: bool,
}

impl Scan {
    /// Begins at the newest. Where each run is much work, `single` has it be one block.
    pub(crate) fn new(index: &Index, mut bounds: Bounds, single: bool) -> Self {
        bounds.from = bounds.from.max(index.floor());
        let mut partitions = index.partitions();
        // Nothing that is wanted is older than the partition in which the oldest of it would be.
        let first =
            partitions.partition_point(|partition| partition.first_id <= bounds.from).saturating_sub(1);
        partitions.drain(..first.min(partitions.len()));
        partitions.retain(|partition| partition.first_id < bounds.before);
        Self { bounds, partitions, current: None, blocks: VecDeque::new(), run_blocks: 1, grows: !single }
    }

    /// The next requests to look at; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Run>, Error> {
        while self.blocks.is_empty() {
            let Some(partition) = self.partitions.pop() else { return Ok(None) };
            self.blocks = partition.read(|file| blocks(file, &self.bounds))?;
            self.current = Some(partition);
        }
        let (Some(partition), Some(newest)) = (&self.current, self.blocks.pop_front()) else {
            return Ok(None);
        };
        let mut run = Run {
            partition: Arc::clone(partition),
            from: newest.from,
            to: newest.to,
            requests: u64::from(newest.requests),
        };
        for _ in 1..self.run_blocks {
            let Some(older) = self.blocks.pop_front_if(|older| older.to == run.from) else { break };
            run.from = older.from;
            run.requests += u64::from(older.requests);
        }
        if self.grows {
            self.run_blocks = (self.run_blocks * 2).min(RUN_BLOCKS_MAX);
        }
        Ok(Some(run))
    }
}

/// The blocks of a partition within the bounds, the newest first.
fn blocks(file: &Connection, bounds: &Bounds) -> rusqlite::Result<VecDeque<Block>> {
    let before = Value::Integer(bounds.before.cast_signed());
    let sql = "SELECT first_id, requests FROM blocks WHERE first_id < ?1 ORDER BY first_id DESC";
    let known = all(file, sql, &[before], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?;
    let mut wanted: Option<FxHashSet<u64>> = None;
    for marks in &bounds.wanted {
        let of_this = marked(file, *marks)?;
        wanted = Some(match wanted {
            None => of_this,
            Some(of_all) => of_all.intersection(&of_this).copied().collect(),
        });
    }
    let mut found = VecDeque::new();
    let mut to = bounds.before;
    for (first_id, requests) in known {
        if wanted.as_ref().is_none_or(|wanted| wanted.contains(&first_id)) {
            found.push_back(Block { from: first_id.max(bounds.from), to, requests });
        }
        to = first_id;
        if first_id <= bounds.from {
            break;
        }
    }
    Ok(found)
}

/// The blocks that have a value.
fn marked(file: &Connection, Wanted { field, from, to }: Wanted) -> rusqlite::Result<FxHashSet<u64>> {
    let sql = "SELECT block FROM marks WHERE field = ?1 AND value BETWEEN ?2 AND ?3";
    let parameters = [field as i64, from, to].map(Value::Integer);
    Ok(all(file, sql, &parameters, |row| row.get::<_, i64>(0))?.into_iter().map(i64::cast_unsigned).collect())
}
