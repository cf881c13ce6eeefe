//! What the deliver stage says of a lane, for whoever looks; and which events are held because of it.
//!
//! That events are held by a pause or an open breaker is never recorded: a destination that is down for a
//! minute would cost a record for each event that waits, twice. It is worked out whenever somebody looks.

use std::sync::PoisonError;

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::DestinationId;
use hookyard_model::standing::{HeldBy, Standing};

use super::Lane;
use crate::history::EventSummary;
use crate::store::{Inner, Store};

/// How a lane's queue stands at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// Events in memory that wait.
    pub in_memory: usize,
    /// Events that are attempted, or leased, now.
    pub out: usize,
    /// When something that waits in the index is due; none where nothing is known to.
    pub wake_at: Option<Timestamp>,
}

impl Lane {
    /// How the queue stands. Costs the lane nothing but a look.
    fn queued(&self) -> Queued {
        let state = self.lock();
        let in_memory = state.waiting.len() + state.keys.waiting();
        // Of what is known the rest either waits or has been recorded.
        let out = state.known.len().saturating_sub(in_memory + state.settling.len());
        Queued { in_memory, out, wake_at: state.wake_at }
    }

    /// Says how the lane stands.
    pub fn tell(&self, standing: Standing) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    fn standing(&self) -> Standing {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// How a destination's lane stands at this moment.
    pub fn standing(&self, destination: DestinationId) -> Standing {
        self.inner.standing(destination)
    }

    /// How the queue of a destination's lane stands at this moment; empty where it has none.
    pub fn queued(&self, destination: DestinationId) -> Queued {
        let lanes = self.inner.lanes.read().unwrap_or_else(PoisonError::into_inner);
        lanes.get(&destination).map_or_else(Queued::default, |lane| lane.queued())
    }

    /// Why an event is held; none where it is not.
    pub fn held_by(&self, event: &EventSummary) -> Option<HeldBy> {
        match event.state {
            EventState::Held => Some(HeldBy::ConnectionDisabled),
            EventState::Queued => self.inner.withheld(event.destination),
            EventState::Scheduled if event.due_at <= self.inner.clock.now() => {
                self.inner.withheld(event.destination)
            }
            EventState::Scheduled
            | EventState::Delivering
            | EventState::Successful
            | EventState::Failed
            | EventState::Cancelled
            | EventState::Discarded => None,
        }
    }
}

impl Inner {
    fn standing(&self, destination: DestinationId) -> Standing {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        lanes.get(&destination).map_or_else(Standing::default, |lane| lane.standing())
    }

    /// Why a destination gets nothing now; none where it does.
    fn withheld(&self, destination: DestinationId) -> Option<HeldBy> {
        let snapshot = self.catalog.snapshot();
        if snapshot.destinations.get(&destination).is_some_and(|it| it.paused_at.is_some()) {
            return Some(HeldBy::DestinationPaused);
        }
        self.standing(destination).breaker.since().map(|_| HeldBy::BreakerOpen)
    }

    /// The destinations that get nothing now, in order.
    pub(crate) fn all_withheld(&self) -> Vec<DestinationId> {
        let snapshot = self.catalog.snapshot();
        let mut withheld: Vec<_> =
            snapshot.destinations.keys().copied().filter(|id| self.withheld(*id).is_some()).collect();
        withheld.sort_unstable();
        withheld
    }

    /// The condition for events that wait for nothing but their destination; none where no destination keeps any back.
    fn kept_back(&self, now: Timestamp) -> Option<String> {
        let withheld = self.all_withheld();
        if withheld.is_empty() {
            return None;
        }
        let ids: Vec<String> = withheld.iter().map(|id| id.0.cast_signed().to_string()).collect();
        // A scheduled event that is not due waits for its time, whatever its destination does.
        Some(format!(
            "(state = {} OR (state = {} AND due_us <= {})) AND destination IN ({})",
            EventState::Queued.code(),
            EventState::Scheduled.code(),
            now.us(),
            ids.join(", ")
        ))
    }

    /// An event's state as people are shown it, as a column.
    pub(crate) fn shown_state(&self, now: Timestamp) -> String {
        match self.kept_back(now) {
            None => "state".to_owned(),
            Some(kept_back) => {
                format!("CASE WHEN {kept_back} THEN {} ELSE state END", EventState::Held.code())
            }
        }
    }

    /// The condition for events in this state, as people are shown it: what is withheld is held.
    pub(crate) fn state_condition(&self, state: EventState, now: Timestamp) -> Option<String> {
        let kept_back = self.kept_back(now)?;
        match state {
            EventState::Held => Some(format!("(state = {} OR ({kept_back}))", EventState::Held.code())),
            EventState::Queued | EventState::Scheduled => {
                Some(format!("state = {} AND NOT ({kept_back})", state.code()))
            }
            EventState::Delivering
            | EventState::Successful
            | EventState::Failed
            | EventState::Cancelled
            | EventState::Discarded => None,
        }
    }
}
