//! What people do to events: retry one, cancel or release those of a connection.
//!
//! Each change is a record of its own in the journal, decided by the event's state machine, and durable
//! when the call returns.

use bytes::Bytes;
use hookyard_model::event::{EventState, Input, NotAllowed, transition};
use hookyard_model::id::{ConnectionId, DestinationId, EventId, ProjectId};
use hookyard_model::rule::DiscardCause;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::accept::Unavailable;
use crate::history::{EventSummary, ReadError};
use crate::index::query;
use crate::journal::queue::Class;
use crate::journal::record::Kind;
use crate::store::Store;
use crate::stored::changed::Changed;

/// Events changed in one go when a whole connection is cancelled or released.
const CHANGED_AT_A_TIME: usize = 1_000;
/// An event cannot be retried by hand.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// There is no such event in the project, or its request is past retention.
    #[error("no such event")]
    NotFound,
    /// It already waits for delivery, or is being delivered.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// A transformation of it failed, so that there is nothing to deliver.
    #[error("its transformation failed, so there is nothing to deliver: replay it once that is changed")]
    NotTransformed,
    /// Its connection or destination is disabled or was deleted.
    #[error("its connection is {0}: enable it first")]
    NotDeliverable(&'static str),
    /// The change cannot be made durable now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The event cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Store {
    /// Queues an event for delivery now, whatever became of it. Durable when this returns.
    ///
    /// # Errors
    /// [`RetryError`] where it cannot be queued.
    pub async fn retry_by_hand(
        &self,
        project: ProjectId,
        event: EventId,
    ) -> Result<EventSummary, RetryError> {
        let summary = self.event(project, event).await?.ok_or(RetryError::NotFound)?;
        let next = transition(summary.state, Input::RetryByHand, self.inner.clock.now())?;
        if summary.discarded == Some(DiscardCause::TransformError) {
            return Err(RetryError::NotTransformed);
        }
        self.require_deliverable(event.connection)?;
        let changed = Changed { event, state: next.state, due_at: next.due_at, by_hand: true };
        let queue = &self.inner.journal.queue;
        let (_, done) = queue.append_awaited(Kind::Changed, changed.encode(), Bytes::new())?;
        done.await.map_err(|_closing| Unavailable {
            cause: "the store is closing".to_owned(),
            retry_after_s: 5,
        })??;
        self.lane(summary.destination).wake();
        Ok(EventSummary { state: next.state, due_at: next.due_at, ..summary })
    }

    /// Refuses what goes along a connection that delivers nothing.
    pub(crate) fn require_deliverable(&self, connection: ConnectionId) -> Result<(), RetryError> {
        let snapshot = self.catalog().snapshot();
        match snapshot.connections.get(&connection).map(|connection| connection.disabled.is_some()) {
            None => Err(RetryError::NotDeliverable("deleted")),
            Some(true) => Err(RetryError::NotDeliverable("disabled")),
            Some(false) => Ok(()),
        }
    }

    /// How many of a connection's events are undelivered.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn undelivered_of(&self, connection: ConnectionId) -> Result<u64, ReadError> {
        self.look_up(move |inner| Ok(query::count_open_of(&inner.index.index, connection.0)?)).await
    }

    /// Cancels all undelivered events of a connection and says how many there were. Durable when this
    /// returns. An attempt that is under way is finished.
    ///
    /// # Errors
    /// [`RetryError::Unavailable`] or [`RetryError::Read`] where that cannot be done now.
    pub async fn cancel_undelivered_of(&self, connection: ConnectionId) -> Result<u64, RetryError> {
        if let Some(refusal) = self.inner.journal.queue.refusal() {
            return Err(RetryError::Unavailable(refusal));
        }
        Ok(self.change_undelivered_of(connection, None, Input::Cancel).await?)
    }

    /// Queues all held events of a connection that is enabled again, and says how many there were.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn release_held_of(&self, connection: ConnectionId) -> Result<u64, ReadError> {
        self.change_undelivered_of(connection, Some(EventState::Held), Input::Release).await
    }

    /// The connections that have held events.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn connections_with_held(&self) -> Result<Vec<ConnectionId>, ReadError> {
        self.look_up(|inner| {
            let found = query::connections_with_held(&inner.index.index)?;
            Ok(found.into_iter().map(ConnectionId).collect())
        })
        .await
    }

    async fn change_undelivered_of(
        &self,
        connection: ConnectionId,
        only: Option<EventState>,
        input: Input,
    ) -> Result<u64, ReadError> {
        let mut count = 0;
        let mut after = None;
        // An attempt that has ended, and is not durable yet, is not to be overlooked.
        self.settle().await;
        loop {
            let found = self
                .look_up(move |inner| {
                    let index = &inner.index.index;
                    Ok(query::open_of(index, connection.0, only, after, CHANGED_AT_A_TIME)?)
                })
                .await?;
            let Some((last, _)) = found.last() else { break };
            after = Some(*last);
            let now = self.inner.clock.now();
            let mut records = FxHashMap::default();
            for (event, row) in &found {
                let Ok(next) = transition(row.state, input, now) else { continue };
                let changed =
                    Changed { event: *event, state: next.state, due_at: next.due_at, by_hand: row.by_hand };
                let encoded = changed.encode();
                let queue = &self.inner.journal.queue;
                let record = queue.append(Kind::Changed, Class::Kept, encoded, Bytes::new());
                records.extend(record.map(|record| (*event, record)));
                count += 1;
            }
            let destinations: FxHashSet<u64> = found.iter().map(|(_, row)| row.destination).collect();
            if input == Input::Cancel {
                destinations.iter().for_each(|it| self.lane(DestinationId(*it)).withdraw(&records));
            }
            self.settle().await;
            // What waited behind a cancelled one of its order key may be next.
            if matches!(input, Input::Release | Input::Cancel) {
                destinations.iter().for_each(|it| self.lane(DestinationId(*it)).wake());
            }
        }
        Ok(count)
    }
}
