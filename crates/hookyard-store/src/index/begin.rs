//! The index at its beginnings: opened where it is whole and this journal's, made anew where it is not, and cut into the
//! partition that comes next.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use rusqlite::Connection;
use tracing::warn;

use super::follower::Follower;
use super::partition::{self, Partition, meta};
use super::{Applied, Error};
use crate::journal::read;
use crate::journal::record::Position;
use crate::journal::recover::read_header;
use crate::journal::segment::{self, Header};

impl Follower {
    /// Opens what is there. False where that is nothing, or not this journal's.
    pub(super) fn open(&mut self) -> Result<bool, Error> {
        let directory = self.index.directory.clone();
        let mut opened: Vec<(Partition, Connection)> = Vec::new();
        for first_segment in partition::list(&directory)? {
            match Partition::open(&directory, first_segment)? {
                Some(found) => opened.push(found),
                None => return Ok(false),
            }
        }
        let Some((newest, connection)) = opened.last() else { return Ok(false) };
        let applied = partition::applied(connection).map_err(|error| newest.failed(error))?;
        let (end, end_id) = self.tail.committed();
        let first_left = self.tail.oldest(1).first().map_or(end.segment, |(number, _)| *number);
        let covers = opened.first().is_some_and(|(oldest, _)| oldest.first_segment <= first_left);
        let mut before: Option<u32> = None;
        for (partition, connection) in &opened {
            let previous = meta(connection, "previous").map_err(|error| partition.failed(error))?;
            if before.is_some_and(|before| u64::from(before) != previous) {
                return Err(Error::NotWhole { path: partition.path.clone() });
            }
            before = Some(partition.first_segment);
        }
        if applied.position > end || applied.id > end_id || !covers || !self.holds(applied) {
            warn!("the index does not belong to this journal; it is made anew");
            return Ok(false);
        }
        self.newest_request = newest_request(connection).map_err(|error| newest.failed(error))?;
        let mut undelivered = 0;
        for (partition, connection) in &opened {
            undelivered += meta(connection, "undelivered").map_err(|error| partition.failed(error))?;
        }
        self.index.undelivered.store(undelivered, Ordering::Relaxed);
        self.newest_since =
            self.header(newest.first_segment).map_or(self.newest_since, |header| header.created_at);
        self.writer = opened.pop().map(|(newest, connection)| {
            let mut partitions: Vec<Arc<Partition>> =
                opened.into_iter().map(|(partition, _)| Arc::new(partition)).collect();
            partitions.push(Arc::new(newest));
            self.publish_partitions(partitions);
            connection
        });
        self.applied = applied;
        self.index.applied.send_replace(applied);
        Ok(true)
    }

    /// Whether the journal has the record that the index says it came to.
    fn holds(&self, applied: Applied) -> bool {
        if applied.record == Position::default() {
            return applied.id == 0;
        }
        let found = read::Reader::new(&self.journal).record(applied.record);
        found.is_ok_and(|record| record.id == applied.id)
    }

    /// Throws the index away and starts from the journal's beginning.
    pub(super) fn begin_anew(&mut self) -> Result<(), Error> {
        self.index.recovering.send_replace(true);
        // In this order, so that a reader either waits or sees that its answer is void.
        self.index.applied.send_replace(Applied::default());
        self.index.generation.send_modify(|generation| *generation += 1);
        self.publish_partitions(Vec::new());
        self.index.damages.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.index.damages_count.store(0, Ordering::Relaxed);
        self.rows_from = 0;
        self.writer = None;
        self.old_writers.clear();
        self.blocks.clear();
        let directory = self.index.directory.clone();
        for first_segment in partition::list(&directory)? {
            partition::delete(&directory, first_segment)?;
        }
        self.index.undelivered.store(0, Ordering::Relaxed);
        let (end, _) = self.tail.committed();
        let first = self.tail.oldest(1).first().map_or(end.segment, |(number, _)| *number);
        let position = Position { segment: first, offset: segment::HEADER_BYTES as u32 };
        self.applied = Applied { position, ..Applied::default() };
        self.begin_partition(first)?;
        self.index.damaged.store(false, Ordering::Release);
        Ok(())
    }

    pub(super) fn header(&self, segment: u32) -> Option<Header> {
        read_header(&segment::path(&self.journal, segment)).ok()
    }

    fn publish_partitions(&self, partitions: Vec<Arc<Partition>>) {
        *self.index.partitions.write().unwrap_or_else(PoisonError::into_inner) = partitions;
    }

    /// Makes the newest partition, which takes requests from `segment` on.
    pub(super) fn begin_partition(&mut self, segment: u32) -> Result<(), Error> {
        let header = self.header(segment);
        let first_id = header.map_or(self.applied.id + 1, |header| header.first_id);
        let mut partitions = self.index.partitions();
        // The one before has to be durable before this one says how far it came.
        if let (Some(before), Some(writer)) = (partitions.last(), &self.writer) {
            let _ = writer.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
            before.sync()?;
        }
        let previous = partitions.last().map_or(0, |before| before.first_segment);
        let created = Partition::create(&self.index.directory, segment, first_id, previous, self.applied)?;
        let (partition, connection) = created;
        self.writer = Some(connection);
        self.newest_bytes = 0;
        self.newest_request = 0;
        self.newest_since = header.map_or_else(|| self.clock.now(), |header| header.created_at);
        partitions.push(Arc::new(partition));
        self.publish_partitions(partitions);
        Ok(())
    }

    /// Whether requests from this segment on go to another partition.
    pub(super) fn wants_new_partition(&self, segment: u32) -> bool {
        let Some(header) = self.header(segment) else { return false };
        // Requests that are in a partition stay in it, also where they are taken in once more.
        let is_new = self.index.newest_segment() < Some(segment) && header.first_id > self.newest_request;
        let age = header.created_at.since(self.newest_since);
        let is_full =
            self.newest_bytes >= self.settings.partition_bytes || age >= self.settings.partition_age;
        is_new && is_full
    }
}

fn newest_request(connection: &Connection) -> rusqlite::Result<u64> {
    let newest =
        connection.query_row("SELECT max(id) FROM requests", [], |row| row.get::<_, Option<i64>>(0))?;
    Ok(newest.unwrap_or(0) as u64)
}
