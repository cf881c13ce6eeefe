//! What people do to events: retry, cancel or replay one, cancel or release those of a connection.
//!
//! Each change is a record of its own in the journal, decided by the event's state machine, and durable
//! when the call returns.

use bytes::Bytes;
use hookyard_model::event::{EventState, Input, NotAllowed, transition};
use hookyard_model::id::{ConnectionId, DestinationId, EventId, ProjectId};
use hookyard_model::rule::DiscardCause;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::task::JoinSet;

use crate::accept::Unavailable;
use crate::history::{EventSummary, ReadError};
use crate::index::query;
use crate::journal::queue::Class;
use crate::journal::record::Kind;
use crate::store::Store;
use crate::stored::changed::Changed;

/// Events changed in one go when a whole connection is cancelled or released.
const CHANGED_AT_A_TIME: usize = 1_000;

pub(crate) fn closing() -> Unavailable {
    Unavailable { cause: "the store is closing".to_owned(), retry_after_s: 5 }
}

/// What a person can do to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Have it delivered now, whatever became of it.
    Retry,
    /// Have it not delivered.
    Cancel,
    /// Have its request go through today's rules.
    Replay,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Retry, Self::Cancel, Self::Replay];

    /// The name in the API and in stored forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::Replay => "replay",
        }
    }

    /// The action with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// A person's wish for an event cannot be met.
#[derive(Debug, thiserror::Error)]
pub enum ByHandError {
    /// There is no such event in the project, or its request is past retention.
    #[error("no such event")]
    NotFound,
    /// It already waits for delivery, or is being delivered.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// A transformation of it failed, so that there is nothing to deliver.
    #[error("its transformation failed, so there is nothing to deliver: replay it once that is changed")]
    NotTransformed,
    /// It has ended, so there is nothing to cancel.
    #[error("it is {}: only what waits can be cancelled", .0.name())]
    NotCancellable(EventState),
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
    /// Does this to an event. Durable when this returns.
    ///
    /// # Errors
    /// [`ByHandError`] where it cannot be done.
    pub async fn act(
        &self,
        action: Action,
        project: ProjectId,
        event: EventId,
    ) -> Result<EventSummary, ByHandError> {
        match action {
            Action::Retry => self.retry_by_hand(project, event).await,
            Action::Cancel => self.cancel(project, event).await,
            Action::Replay => self.replay(project, event).await,
        }
    }

    /// Queues an event for delivery now, whatever became of it. Durable when this returns.
    ///
    /// # Errors
    /// [`ByHandError`] where it cannot be queued.
    pub async fn retry_by_hand(
        &self,
        project: ProjectId,
        event: EventId,
    ) -> Result<EventSummary, ByHandError> {
        let summary = self.event(project, event).await?.ok_or(ByHandError::NotFound)?;
        let next = transition(summary.state, Input::RetryByHand, self.inner.clock.now())?;
        if summary.discarded == Some(DiscardCause::TransformError) {
            return Err(ByHandError::NotTransformed);
        }
        self.require_deliverable(event.connection)?;
        self.record_by_hand(Action::Retry, &[(event, summary.destination)]).await?;
        Ok(EventSummary { state: next.state, due_at: next.due_at, ..summary })
    }

    /// Cancels an event that waits. Durable when this returns. An attempt that is under way is finished, and is the
    /// last: where it succeeds the event is successful after all.
    ///
    /// # Errors
    /// [`ByHandError`] where it cannot be cancelled: it has ended, for one.
    pub async fn cancel(&self, project: ProjectId, event: EventId) -> Result<EventSummary, ByHandError> {
        // An attempt that has ended, and is not durable yet, is not to be overlooked.
        self.settle().await;
        let summary = self.event(project, event).await?.ok_or(ByHandError::NotFound)?;
        let next = transition(summary.state, Input::Cancel, self.inner.clock.now())
            .map_err(|NotAllowed { state }| ByHandError::NotCancellable(state))?;
        self.record_by_hand(Action::Cancel, &[(event, summary.destination)]).await?;
        Ok(EventSummary { state: next.state, due_at: next.due_at, ..summary })
    }

    /// Records that events were retried, or cancelled, and has their lanes hear of it. All are durable when this
    /// returns; after an error some may be.
    pub(crate) async fn record_by_hand(
        &self,
        action: Action,
        events: &[(EventId, DestinationId)],
    ) -> Result<(), Unavailable> {
        let is_retry = action == Action::Retry;
        let state = if is_retry { EventState::Queued } else { EventState::Cancelled };
        let due_at = self.inner.clock.now();
        let queue = &self.inner.journal.queue;
        let mut outcome = Ok(());
        // Polled side by side: some of them hear through others.
        let mut appended = JoinSet::new();
        for (event, destination) in events {
            let (event, destination) = (*event, *destination);
            let (by_hand, regardless) = (is_retry, is_retry);
            let changed = Changed { event, state, due_at, by_hand, regardless, discarded: None };
            match queue.append_awaited(Kind::Changed, changed.encode(), Bytes::new()) {
                Ok((record, done)) => {
                    appended.spawn(async move {
                        let told = done.await.unwrap_or_else(|_closing| Err(closing()));
                        (event, destination, record, told.map(drop))
                    });
                }
                Err(refusal) => {
                    outcome = Err(refusal);
                    break;
                }
            }
        }
        let mut of_lane: FxHashMap<DestinationId, FxHashMap<EventId, u64>> = FxHashMap::default();
        while let Some(ended) = appended.join_next().await {
            match ended {
                Ok((event, destination, record, Ok(()))) => {
                    of_lane.entry(destination).or_default().insert(event, record);
                }
                Ok((.., Err(failed))) => outcome = Err(failed),
                Err(_shutting_down) => outcome = Err(closing()),
            }
        }
        // Also after a failure: what is durable is to be acted on.
        for (destination, records) in of_lane {
            let lane = self.lane(destination);
            if is_retry { lane.wake() } else { lane.withdraw(&records) }
        }
        outcome
    }

    /// Refuses what goes along a connection that delivers nothing.
    pub(crate) fn require_deliverable(&self, connection: ConnectionId) -> Result<(), ByHandError> {
        let snapshot = self.catalog().snapshot();
        match snapshot.connections.get(&connection).map(|connection| connection.disabled.is_some()) {
            None => Err(ByHandError::NotDeliverable("deleted")),
            Some(true) => Err(ByHandError::NotDeliverable("disabled")),
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
    /// [`ByHandError::Unavailable`] or [`ByHandError::Read`] where that cannot be done now.
    pub async fn cancel_undelivered_of(&self, connection: ConnectionId) -> Result<u64, ByHandError> {
        if let Some(refusal) = self.inner.journal.queue.refusal() {
            return Err(ByHandError::Unavailable(refusal));
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
                let changed = Changed {
                    event: *event,
                    state: next.state,
                    due_at: next.due_at,
                    by_hand: row.by_hand,
                    regardless: row.regardless,
                    discarded: None,
                };
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
