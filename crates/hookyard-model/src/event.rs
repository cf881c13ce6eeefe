//! The life of an event as one pure function.
//!
//! ```text
//!                        ┌───────────── due ─────────────┐
//!                        ▼                               │
//!   routed ─────────► queued ──start──► delivering ──► scheduled      (failed, tries left)
//!                     │    ▲                 ├───────► successful     (2xx)
//!                   hold   │                 └───────► failed         (no tries left, or gone)
//!                     ▼  release
//!                     held
//!
//!   queued, scheduled, held ── cancel ──► cancelled
//!   queued ── supersede ──► discarded          (a newer one of the same thing has been delivered)
//!   scheduled ── hold ──► held
//!   successful, failed, cancelled, discarded, scheduled, held ── retry by hand ──► queued
//! ```
//!
//! An event begins as `queued`, as `scheduled` where a rule delays it, or as `discarded` where a rule ends it. A rule
//! that wants only the latest is asked once more before each attempt.
//! `delivering` exists in memory only: after a crash such an event is `queued` or `scheduled` again,
//! and goes out once more under the same id.
//!
//! **Invariant:** no input takes an event that has been delivered, given up or cancelled back to a
//! waiting state, except a person's retry.

use crate::clock::Timestamp;

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventState {
    /// Waits for its time: the next try after a failed one.
    Scheduled,
    /// May be delivered as soon as its lane has room.
    Queued,
    /// Waits for its connection to be enabled again.
    Held,
    /// An attempt is under way. In memory only.
    Delivering,
    /// Delivered: the destination answered 2xx.
    Successful,
    /// No tries left.
    Failed,
    /// Ended by a person, or because its connection was deleted.
    Cancelled,
    /// Ended by a rule of its connection.
    Discarded,
}

impl EventState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Scheduled,
        Self::Queued,
        Self::Held,
        Self::Delivering,
        Self::Successful,
        Self::Failed,
        Self::Cancelled,
        Self::Discarded,
    ];

    /// The name in the API and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Delivering => "delivering",
            Self::Successful => "successful",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Discarded => "discarded",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The number in stored forms; never reused for another state.
    pub const fn code(self) -> u8 {
        match self {
            Self::Scheduled => 1,
            Self::Queued => 2,
            Self::Held => 3,
            Self::Delivering => 4,
            Self::Successful => 5,
            Self::Failed => 6,
            Self::Cancelled => 7,
            Self::Discarded => 8,
        }
    }

    /// The state with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether it still has to be delivered: retention keeps its request.
    pub const fn is_undelivered(self) -> bool {
        matches!(self, Self::Scheduled | Self::Queued | Self::Held | Self::Delivering)
    }
}

/// What can happen to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The time it was scheduled for has come.
    Due,
    /// Its lane begins an attempt.
    Start,
    /// The attempt was answered with 2xx.
    Delivered,
    /// The attempt failed and is to be made again at this time.
    RetryAt(Timestamp),
    /// The attempt failed and was the last.
    GiveUp,
    /// Its connection was disabled.
    Hold,
    /// Its connection was enabled again.
    Release,
    /// It is not to be delivered any more.
    Cancel,
    /// A newer one of the same thing has been delivered, and its connection wants only the latest.
    Supersede,
    /// A person wants it delivered now, whatever became of it.
    RetryByHand,
}

/// An event's next state and the time it may be delivered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The next state.
    pub state: EventState,
    /// From when it may be delivered; `now` where it need not wait.
    pub due_at: Timestamp,
}

/// An input that an event in this state does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event that is {} does not take this change", state.name())]
pub struct NotAllowed {
    /// The state the event is in, unchanged.
    pub state: EventState,
}

/// Decides what becomes of an event.
///
/// # Errors
/// [`NotAllowed`] where the diagram above has no such arrow; the event stays as it is.
pub fn transition(state: EventState, input: Input, now: Timestamp) -> Result<Transition, NotAllowed> {
    use EventState::{Cancelled, Delivering, Discarded, Failed, Held, Queued, Scheduled, Successful};
    let next = match (state, input) {
        (Scheduled, Input::Due) | (Held, Input::Release) => Queued,
        (Queued, Input::Start) => Delivering,
        (Delivering, Input::Delivered) => Successful,
        (Delivering, Input::RetryAt(at)) => return Ok(Transition { state: Scheduled, due_at: at }),
        (Delivering, Input::GiveUp) => Failed,
        (Queued | Scheduled, Input::Hold) => Held,
        (Queued | Scheduled | Held, Input::Cancel) => Cancelled,
        (Queued, Input::Supersede) => Discarded,
        (Successful | Failed | Cancelled | Discarded | Scheduled | Held, Input::RetryByHand) => Queued,
        (
            Scheduled,
            Input::Start
            | Input::Delivered
            | Input::RetryAt(_)
            | Input::GiveUp
            | Input::Release
            | Input::Supersede,
        )
        | (
            Queued,
            Input::Due
            | Input::Delivered
            | Input::RetryAt(_)
            | Input::GiveUp
            | Input::Release
            | Input::RetryByHand,
        )
        | (
            Held,
            Input::Due
            | Input::Start
            | Input::Delivered
            | Input::RetryAt(_)
            | Input::GiveUp
            | Input::Hold
            | Input::Supersede,
        )
        | (
            Delivering,
            Input::Due
            | Input::Start
            | Input::Hold
            | Input::Release
            | Input::Cancel
            | Input::Supersede
            | Input::RetryByHand,
        )
        | (
            Successful | Failed | Cancelled | Discarded,
            Input::Due
            | Input::Start
            | Input::Delivered
            | Input::RetryAt(_)
            | Input::GiveUp
            | Input::Hold
            | Input::Release
            | Input::Cancel
            | Input::Supersede,
        ) => return Err(NotAllowed { state }),
    };
    Ok(Transition { state: next, due_at: now })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_000);
    const INPUTS: [Input; 10] = [
        Input::Due,
        Input::Start,
        Input::Delivered,
        Input::RetryAt(Timestamp::from_ms(2_000)),
        Input::GiveUp,
        Input::Hold,
        Input::Release,
        Input::Cancel,
        Input::Supersede,
        Input::RetryByHand,
    ];

    #[test]
    fn only_a_person_brings_an_ended_event_back() {
        for state in EventState::ALL.into_iter().filter(|state| !state.is_undelivered()) {
            for input in INPUTS {
                let next = transition(state, input, NOW);
                assert_eq!(next.is_ok(), input == Input::RetryByHand, "{state:?} {input:?}");
            }
        }
    }

    #[test]
    fn only_an_attempt_under_way_ends_in_success_or_failure() {
        for state in EventState::ALL {
            for input in INPUTS {
                let Ok(next) = transition(state, input, NOW) else { continue };
                if matches!(next.state, EventState::Successful | EventState::Failed) {
                    assert_eq!(state, EventState::Delivering);
                }
            }
        }
    }

    #[test]
    fn only_what_is_about_to_go_out_is_superseded() {
        for state in EventState::ALL {
            for input in INPUTS {
                let is_discarded =
                    transition(state, input, NOW).is_ok_and(|it| it.state == EventState::Discarded);
                let expected = (state, input) == (EventState::Queued, Input::Supersede);
                assert_eq!(is_discarded, expected, "{state:?} {input:?}");
            }
        }
    }

    #[test]
    fn every_undelivered_state_can_still_be_delivered() {
        for start in EventState::ALL.into_iter().filter(|state| state.is_undelivered()) {
            let mut reached = vec![start];
            let mut next = 0;
            while let Some(state) = reached.get(next).copied() {
                next += 1;
                for input in INPUTS {
                    match transition(state, input, NOW) {
                        Ok(to) if !reached.contains(&to.state) => reached.push(to.state),
                        _ => {}
                    }
                }
            }
            assert!(reached.contains(&EventState::Successful), "{start:?}");
        }
    }

    #[test]
    fn a_scheduled_event_waits_for_its_time() {
        let at = Timestamp::from_ms(9_000);
        let next = transition(EventState::Delivering, Input::RetryAt(at), NOW).unwrap();
        assert_eq!(next, Transition { state: EventState::Scheduled, due_at: at });
    }

    #[test]
    fn names_and_codes_are_unique() {
        for state in EventState::ALL {
            assert_eq!(EventState::from_name(state.name()), Some(state));
            assert_eq!(EventState::from_code(state.code()), Some(state));
        }
    }
}
