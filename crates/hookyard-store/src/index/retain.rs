//! Deleting what is past retention: whole segments, and the index rows that point into them.
//!
//! Oldest first, a bounded step at a time, on the index's thread: ingest does not feel it. Nothing goes
//! that is younger than a segment with a request still to be routed or delivered: what became of an
//! event lies in later segments than its request, and without it a rebuild would deliver it again.
//!
//! A crash in between leaves nothing behind: which rows and files are to go follows from the oldest
//! segment that is left, and is found anew in every round.

use std::sync::atomic::Ordering;

use hookyard_model::clock::Timestamp;
use rusqlite::Connection;
use tracing::info;

use super::follower::Follower;
use super::partition;
use super::query::is_open_between;
use super::{Error, Index};
use crate::journal::segment;

/// Most segments looked at in one round.
const SEGMENTS_A_ROUND: usize = 16;
/// Index rows deleted in one transaction.
const ROWS_A_STEP: usize = 2_000;
/// Transactions of row deletion in one round.
const STEPS_A_ROUND: usize = 10;

/// A finished segment, what ids it holds and when its last record was written, at the latest.
struct Span {
    segment: u32,
    from: u64,
    to: u64,
    ended_at: Timestamp,
}

impl Follower {
    /// One bounded step of deletion.
    pub(super) fn retain(&mut self) -> Result<(), Error> {
        if let Some(kept) = self.settings.retention {
            let now = self.clock.now();
            for span in self.spans() {
                if now.since(span.ended_at) < kept || !self.drop_span(&span)? {
                    break;
                }
            }
        }
        self.drop_empty_partitions()?;
        self.delete_rows()
    }

    /// The oldest finished segments that are wholly in the index.
    fn spans(&self) -> Vec<Span> {
        let applied = self.index.applied().position.segment;
        let segments: Vec<_> = self.tail.oldest(SEGMENTS_A_ROUND + 1);
        let mut spans = Vec::new();
        for pair in segments.windows(2) {
            let [(number, known), (_, next)] = pair else { continue };
            if *number >= applied {
                break;
            }
            spans.push(Span {
                segment: *number,
                from: known.first_id,
                to: next.first_id,
                ended_at: next.created_at,
            });
        }
        spans
    }

    /// Deletes a segment. False where it has to stay.
    fn drop_span(&mut self, span: &Span) -> Result<bool, Error> {
        if let Some(partition) = self.index.partition_of(span.from) {
            let file = self.writer_of(&partition)?;
            let open = is_open_between(file, span.from, span.to).map_err(|error| partition.failed(error))?;
            if open {
                return Ok(false);
            }
        }
        // Nobody is to find a row whose record is about to go.
        self.index.floor.fetch_max(span.to, Ordering::AcqRel);
        match std::fs::remove_file(segment::path(&self.journal, span.segment)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        self.tail.forget(span.segment);
        info!(segment = span.segment, "a journal segment past retention is deleted");
        Ok(true)
    }

    /// Partitions of which no segment is left go as whole files.
    fn drop_empty_partitions(&mut self) -> Result<(), Error> {
        let Some((oldest, _)) = self.tail.oldest(1).first().copied() else { return Ok(()) };
        let partitions = self.index.partitions();
        let gone = partitions.windows(2).take_while(|pair| match pair {
            [_, next] => next.first_segment <= oldest,
            _ => false,
        });
        let gone: Vec<u32> = gone.filter_map(|pair| pair.first()).map(|gone| gone.first_segment).collect();
        for first_segment in &gone {
            self.old_writers.remove(first_segment);
            self.index.forget(*first_segment);
            partition::delete(&self.index.directory, *first_segment)?;
        }
        Ok(())
    }

    /// Deletes rows of dropped segments in partitions that live on.
    fn delete_rows(&mut self) -> Result<(), Error> {
        let Some((_, oldest)) = self.tail.oldest(1).first().copied() else { return Ok(()) };
        let to = oldest.first_id;
        self.index.floor.fetch_max(to, Ordering::AcqRel);
        if to <= self.rows_from {
            return Ok(());
        }
        let partitions = self.index.partitions();
        for partition in partitions.iter().take_while(|partition| partition.first_id < to) {
            let file = self.writer_of(partition)?;
            for step in 0.. {
                if step == STEPS_A_ROUND {
                    return Ok(());
                }
                let deleted = delete_some(file, to).map_err(|error| partition.failed(error))?;
                if deleted == 0 {
                    break;
                }
            }
        }
        self.rows_from = to;
        Ok(())
    }
}

/// Deletes some rows of requests with smaller ids than `to`, and says how many.
fn delete_some(file: &mut Connection, to: u64) -> rusqlite::Result<usize> {
    let transaction = file.transaction()?;
    let events = transaction
        .prepare_cached(&format!(
            "DELETE FROM events WHERE (request, connection) IN
             (SELECT request, connection FROM events WHERE request < ?1 LIMIT {ROWS_A_STEP})"
        ))?
        .execute([to as i64])?;
    let requests = transaction
        .prepare_cached(&format!(
            "DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE id < ?1 LIMIT {ROWS_A_STEP})"
        ))?
        .execute([to as i64])?;
    transaction.commit()?;
    Ok(events + requests)
}

impl Index {
    fn forget(&self, first_segment: u32) {
        let mut partitions = self.partitions.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let gone = partitions.iter().filter(|partition| partition.first_segment == first_segment);
        gone.for_each(|partition| partition.gone.store(true, Ordering::Release));
        partitions.retain(|partition| partition.first_segment != first_segment);
    }
}
