//! Deleting what is past retention: whole segments, and the index rows that point into them.
//!
//! Oldest first, a bounded step at a time, on the index's thread: ingest does not feel it. A segment
//! that holds a request still to be routed or delivered stays, and those around it go without it.
//!
//! Order matters for a crash in between: segments go before index rows, so that what is left of a
//! half-deleted span is rows without a segment, which the next round deletes.

use hookyard_model::clock::Timestamp;
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

/// Where retention stands between two rounds.
#[derive(Debug, Default)]
pub(crate) struct Retention {
    /// Id ranges whose segments are gone and whose rows are still being deleted, by partition.
    pending: Vec<(u32, u64, u64)>,
}

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
        self.delete_rows()?;
        let Some(kept) = self.settings.retention else { return Ok(()) };
        let now = self.clock.now();
        for span in self.spans()? {
            if now.since(span.ended_at) < kept {
                break;
            }
            self.drop_span(&span)?;
        }
        self.drop_empty_partitions()
    }

    /// The oldest finished segments that are wholly in the index.
    fn spans(&self) -> Result<Vec<Span>, Error> {
        let (committed, _) = self.tail.committed();
        let mut numbers: Vec<u32> = self.tail.finished().into_iter().map(|(number, _)| number).collect();
        numbers.push(committed.segment);
        numbers.dedup();
        numbers.truncate(SEGMENTS_A_ROUND + 1);
        let applied = self.index.applied().position.segment;
        let mut spans = Vec::new();
        for pair in numbers.windows(2) {
            let [number, next] = pair else { continue };
            if *number >= applied {
                break;
            }
            if let (Some(this), Some(next)) = (self.header(*number), self.header(*next)) {
                spans.push(Span {
                    segment: *number,
                    from: this.first_id,
                    to: next.first_id,
                    ended_at: next.created_at,
                });
            }
        }
        Ok(spans)
    }

    fn drop_span(&mut self, span: &Span) -> Result<(), Error> {
        let Some(partition) = self.index.partition_of(span.from) else { return Ok(()) };
        let file = self.writer_of(&partition)?;
        let open = is_open_between(file, span.from, span.to).map_err(|error| partition.failed(error))?;
        if open {
            return Ok(());
        }
        match std::fs::remove_file(segment::path(&self.journal, span.segment)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        self.tail.forget(span.segment);
        self.retention.pending.push((partition.first_segment, span.from, span.to));
        info!(segment = span.segment, "a journal segment past retention is deleted");
        Ok(())
    }

    /// Partitions of which no segment is left go as whole files.
    fn drop_empty_partitions(&mut self) -> Result<(), Error> {
        let oldest = self.tail.finished().first().map(|(number, _)| *number);
        let oldest = oldest.unwrap_or_else(|| self.tail.committed().0.segment);
        let partitions = self.index.partitions();
        let gone = partitions.windows(2).take_while(|pair| match pair {
            [_, next] => next.first_segment <= oldest,
            _ => false,
        });
        let gone: Vec<u32> = gone.filter_map(|pair| pair.first()).map(|gone| gone.first_segment).collect();
        for first_segment in &gone {
            self.old_writers.remove(first_segment);
            self.retention.pending.retain(|(partition, _, _)| partition != first_segment);
            self.index.forget(*first_segment);
            partition::delete(&self.index.directory, *first_segment)?;
        }
        Ok(())
    }

    /// Deletes rows of dropped segments in partitions that live on.
    fn delete_rows(&mut self) -> Result<(), Error> {
        for _ in 0..STEPS_A_ROUND {
            let Some((first_segment, from, to)) = self.retention.pending.first().copied() else { break };
            let partitions = self.index.partitions();
            let partition = partitions.iter().find(|partition| partition.first_segment == first_segment);
            let Some(partition) = partition else {
                self.retention.pending.remove(0);
                continue;
            };
            let file = self.writer_of(partition)?;
            let range = (from as i64, to as i64);
            let deleted = (|| {
                let transaction = file.transaction()?;
                let events = transaction
                    .prepare_cached(&format!(
                        "DELETE FROM events WHERE (request, connection) IN (SELECT request, connection
                         FROM events WHERE request >= ?1 AND request < ?2 LIMIT {ROWS_A_STEP})"
                    ))?
                    .execute(range)?;
                let requests = transaction
                    .prepare_cached(&format!(
                        "DELETE FROM requests WHERE id IN
                         (SELECT id FROM requests WHERE id >= ?1 AND id < ?2 LIMIT {ROWS_A_STEP})"
                    ))?
                    .execute(range)?;
                transaction.commit()?;
                Ok(events + requests)
            })()
            .map_err(|error| partition.failed(error))?;
            if deleted == 0 {
                self.retention.pending.remove(0);
            }
        }
        Ok(())
    }
}

impl Index {
    fn forget(&self, first_segment: u32) {
        let mut partitions = self.partitions.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        partitions.retain(|partition| partition.first_segment != first_segment);
    }
}
