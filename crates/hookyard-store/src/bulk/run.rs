//! The one task that carries bulk operations out, batch by batch.
//!
//! It never gives an operation up: where the store takes no writes, or the index cannot be read, it says so in the
//! operation and tries again. A batch that was begun is then taken up from what is stored, as after a crash.
//!
//! **Invariant:** nothing is done to an event whose batch is not stored.

use std::sync::Arc;
use std::time::Duration;

use hookyard_model::event::EventState;
use hookyard_model::id::{BulkOperationId, DestinationId, EventId, ProjectId, RequestId};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, warn};

use super::plan::{PAGE_EVENTS, before};
use super::stored::{Mark, StoreError, Work};
use super::{Failure, LeftOut, Operation, Progress, StopError};
use crate::accept::Unavailable;
use crate::by_hand::{Action, ByHandError};
use crate::history::{LookUpError, Page, ReadError};
use crate::index::fold::EventRow;
use crate::index::query;
use crate::store::{Inner, Store};

/// Most events of a batch. A batch is half a second's worth, so that it is rarely as many.
const BATCH_EVENTS_MAX: u32 = 250;
/// Pages without anything to do that are read before the progress is stored.
const PAGES_MAX: usize = 40;
/// Replays under way at a time: each has its request in memory.
const REPLAYS_MAX: usize = 8;
/// How long to rest after a failure that may pass.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How often the clock is looked at while the rate has the next batch wait: it may be a test's.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why an operation does not get on.
#[derive(Debug, thiserror::Error)]
enum Stalled {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How the events of a batch are to be dealt with.
#[derive(Debug, Default)]
struct Resolved {
    progress: Progress,
    to_do: Vec<(EventId, DestinationId)>,
}

/// What the next pages hold.
struct Found {
    /// What was looked at and left out.
    progress: Progress,
    batch: Vec<Mark>,
    before: EventId,
    /// There is nothing older.
    is_end: bool,
}

impl Store {
    /// A bulk operation, and how far it is.
    ///
    /// # Errors
    /// [`StoreError`] where that cannot be read.
    pub async fn bulk_operation(
        &self,
        project: ProjectId,
        id: BulkOperationId,
    ) -> Result<Option<Operation>, StoreError> {
        self.inner.bulk.find(project, id).await
    }

    /// A page of bulk operations, newest first.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read.
    pub async fn bulk_operations(
        &self,
        project: ProjectId,
        page: Page<BulkOperationId>,
    ) -> Result<Vec<Operation>, StoreError> {
        self.inner.bulk.list(project, page).await
    }

    /// Stops a bulk operation; the batch under way is finished, and what was done stays done.
    ///
    /// # Errors
    /// [`StopError`] where it has ended, or is unknown.
    pub async fn cancel_bulk(&self, project: ProjectId, id: BulkOperationId) -> Result<Operation, StopError> {
        self.inner.bulk.stop(project, id).await
    }

    /// Carries bulk operations out until `stop` becomes true or its sender is dropped; then finishes the batch under
    /// way. They go on where they were when this is called again, also in another process. Run one at a time.
    pub async fn run_bulk_operations(&self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = self.recovered() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let operations = Arc::clone(&self.inner.bulk);
        let mut not_before = self.inner.clock.now();
        loop {
            // The time that a batch takes counts too.
            let began_at = self.inner.clock.now();
            let rest = not_before.since(began_at);
            let pause = if rest.is_zero() {
                match self.next_batch().await {
                    Ok(Some(pause)) => {
                        not_before = began_at.plus(pause);
                        Duration::ZERO
                    }
                    Ok(None) => Duration::MAX,
                    Err(()) => RETRY_EVERY,
                }
            } else {
                rest.min(LOOK_EVERY)
            };
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = operations.changed.notified(), if !pause.is_zero() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One batch of the running operation, and how long the next one has to wait for the rate's sake; none where none
    /// is running.
    async fn next_batch(&self) -> Result<Option<Duration>, ()> {
        let operations = &self.inner.bulk;
        let work = match operations.running().await {
            Ok(Some(work)) => work,
            Ok(None) => return Ok(None),
            Err(error) => {
                error!(%error, "bulk operations cannot be carried out");
                return Err(());
            }
        };
        let operation = work.operation.id;
        match self.carry_out(work).await {
            Ok(pause) => {
                operations.note_stalled(None);
                Ok(Some(pause))
            }
            Err(stalled) => {
                warn!(%operation, %stalled, "a bulk operation does not get on");
                operations.note_stalled(Some((operation, stalled.to_string())));
                Err(())
            }
        }
    }

    /// Does what the stored batch asks for, and stores the next one.
    async fn carry_out(&self, mut work: Work) -> Result<Duration, Stalled> {
        let batch = std::mem::take(&mut work.batch);
        let acted = self.act_on(&mut work, batch).await?;
        let found = self.look_further(&work).await?;
        let is_finished = found.is_end && found.batch.is_empty();
        work.operation.progress.add(&found.progress);
        work.before = found.before;
        work.batch = found.batch;
        let rate = work.operation.rate_per_s;
        self.inner.bulk.advance(work, is_finished).await?;
        Ok(Duration::from_secs(u64::from(acted)) / rate.max(1))
    }

    /// Does it to the events of a batch to which it has not been done, and says to how many.
    async fn act_on(&self, work: &mut Work, batch: Vec<Mark>) -> Result<u32, Stalled> {
        if batch.is_empty() {
            return Ok(0);
        }
        self.settle().await;
        let (order, snapshot) = (work.operation.order.clone(), self.catalog().snapshot());
        let resolved = self
            .look_up(move |inner| {
                let mut resolved = Resolved::default();
                for mark in &batch {
                    let row = query::event(&inner.index.index, mark.event)?;
                    let Some(row) = row else {
                        resolved.progress.fail(Failure::Gone);
                        continue;
                    };
                    if is_done(order.action, *mark, &row) {
                        resolved.progress.done += 1;
                    } else if let Some(why) = inner.left_out(&order, &snapshot, mark.event, &row) {
                        resolved.progress.leave_out(why);
                    } else {
                        resolved.to_do.push((mark.event, DestinationId(row.destination)));
                    }
                }
                Ok(resolved)
            })
            .await?;
        let Resolved { mut progress, to_do } = resolved;
        let acted = u32::try_from(to_do.len()).unwrap_or(u32::MAX);
        match work.operation.order.action {
            action @ (Action::Retry | Action::Cancel) => {
                self.record_by_hand(action, &to_do).await?;
                progress.done += u64::from(acted);
            }
            Action::Replay => self.replay_all(work.operation.project, to_do, &mut progress).await?,
        }
        work.operation.progress.add(&progress);
        Ok(acted)
    }

    /// Replays events, some at a time. All are done with when this returns, also with an error.
    async fn replay_all(
        &self,
        project: ProjectId,
        to_do: Vec<(EventId, DestinationId)>,
        progress: &mut Progress,
    ) -> Result<(), Unavailable> {
        let mut under_way = JoinSet::new();
        let mut outcome = Ok(());
        let mut to_do = to_do.into_iter();
        loop {
            while outcome.is_ok() && under_way.len() < REPLAYS_MAX {
                let Some((event, _)) = to_do.next() else { break };
                let store = self.clone();
                under_way.spawn(async move { (event, store.replay(project, event).await) });
            }
            let Some(ended) = under_way.join_next().await else { return outcome };
            let Ok((event, replayed)) = ended else {
                progress.fail(Failure::Unreadable);
                continue;
            };
            match replayed {
                Ok(_) => progress.done += 1,
                Err(ByHandError::NotFound) => progress.fail(Failure::Gone),
                Err(ByHandError::NotAllowed(_) | ByHandError::NotCancellable(_)) => {
                    progress.leave_out(LeftOut::Waiting);
                }
                Err(ByHandError::NotTransformed) => progress.leave_out(LeftOut::NotTransformed),
                Err(ByHandError::NotDeliverable("deleted")) => progress.leave_out(LeftOut::ConnectionDeleted),
                Err(ByHandError::NotDeliverable(_)) => progress.leave_out(LeftOut::ConnectionDisabled),
                Err(ByHandError::Unavailable(error)) => outcome = Err(error),
                Err(ByHandError::Read(error)) => {
                    error!(%event, %error, "an event cannot be replayed");
                    progress.fail(Failure::Unreadable);
                }
            }
        }
    }

    /// Looks at older events until a batch is full.
    async fn look_further(&self, work: &Work) -> Result<Found, ReadError> {
        let work = work.clone();
        self.look_up_behind(move |inner| inner.look_further(&work)).await
    }
}

/// Whether it has been done to an event since its batch was stored.
const fn is_done(action: Action, mark: Mark, row: &EventRow) -> bool {
    let was_attempted = row.attempts > mark.attempts;
    match action {
        Action::Retry => was_attempted || (row.by_hand && matches!(row.state, EventState::Queued)),
        Action::Cancel => matches!(row.state, EventState::Cancelled),
        // Before, it had ended.
        Action::Replay => was_attempted || row.state.is_undelivered() || row.ruled.to_u64() != mark.ruled,
    }
}

impl Inner {
    fn look_further(&self, work: &Work) -> Result<Found, LookUpError> {
        let Operation { project, order, rate_per_s, .. } = &work.operation;
        let batch_max = (rate_per_s / 2).clamp(1, BATCH_EVENTS_MAX) as usize;
        let snapshot = self.catalog.snapshot();
        let mut found =
            Found { progress: Progress::default(), batch: Vec::new(), before: work.before, is_end: false };
        let nobody = Arc::default();
        for _ in 0..PAGES_MAX {
            let query = self.bulk_query(*project, order, found.before)?;
            let mut work = self.work(&query, &nobody);
            let page = self.gather_events(&query, &mut work, PAGE_EVENTS)?;
            found.is_end = page.rows.len() < PAGE_EVENTS && page.reached.is_none();
            let is_full = page.rows.len() >= PAGE_EVENTS;
            for (event, row) in page.rows {
                if found.batch.len() == batch_max {
                    found.is_end = false;
                    return Ok(found);
                }
                found.before = event;
                match self.left_out(order, &snapshot, event, &row) {
                    Some(why) => found.progress.leave_out(why),
                    None => {
                        found.batch.push(Mark { event, attempts: row.attempts, ruled: row.ruled.to_u64() });
                    }
                }
            }
            if let Some(reached) = page.reached.filter(|_| !is_full) {
                found.before = before(RequestId(reached.saturating_sub(1)));
            }
            // What reads bodies takes its time: how far it is, is stored after each page.
            if found.is_end || found.batch.len() == batch_max || work.reads_bodies() {
                break;
            }
        }
        Ok(found)
    }
}

impl Progress {
    fn add(&mut self, other: &Self) {
        self.done += other.done;
        for (why, count) in &other.left_out {
            *self.left_out.entry(*why).or_default() += count;
        }
        for (why, count) in &other.failed {
            *self.failed.entry(*why).or_default() += count;
        }
    }
}
