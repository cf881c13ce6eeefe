//! Slowing down while a destination fails, so that a dead one costs next to nothing.
//!
//! After [`TOLERATED`] failures in a row one attempt is made at a time, with a rest between two that
//! doubles up to [`REST_MAX`]. The first success ends it. Events wait meanwhile; their retries are not
//! used up.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hookyard_model::attempt::{ErrorKind, Outcome};
use tokio::time::Instant;

/// Failures in a row that change nothing yet.
const TOLERATED: u32 = 20;
/// The first rest.
const REST_MIN: Duration = Duration::from_millis(20);
/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    resume_at: Option<Instant>,
}

/// How fast a lane may go.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<State>);

/// Whether an outcome says that the destination, not just this event, is in trouble.
fn is_trouble(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Response(response) => response.status >= 500 || response.status == 429,
        Outcome::Error(error) => error.kind != ErrorKind::Request,
    }
}

impl Pace {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes how an attempt ended.
    pub(crate) fn note(&self, outcome: &Outcome) {
        let trouble = is_trouble(outcome);
        self.with(|state| {
            if !trouble {
                *state = State::default();
                return;
            }
            state.failures = state.failures.saturating_add(1);
            if let Some(doublings) = state.failures.checked_sub(TOLERATED) {
                let rest = REST_MIN.saturating_mul(1 << doublings.min(10)).min(REST_MAX);
                state.resume_at = Some(Instant::now() + rest);
            }
        });
    }

    /// Whether the destination has failed too often.
    pub(crate) fn is_slowed(&self) -> bool {
        self.with(|state| state.failures >= TOLERATED)
    }

    /// How many attempts may be under way.
    pub(crate) fn allowed(&self, concurrency: usize) -> usize {
        if self.is_slowed() { 1 } else { concurrency }
    }

    /// How long to rest before the next attempt; none where there is no need.
    pub(crate) fn rest(&self) -> Option<Duration> {
        let resume_at = self.with(|state| state.resume_at)?;
        let rest = resume_at.saturating_duration_since(Instant::now());
        (!rest.is_zero()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use hookyard_model::attempt::{DeliveryError, Response};

    use super::*;

    fn refused() -> Outcome {
        Outcome::Error(DeliveryError { kind: ErrorKind::Connect, detail: String::new() })
    }

    fn answered(status: u16) -> Outcome {
        let empty = bytes::Bytes::new();
        Outcome::Response(Response { status, headers: empty.clone(), body: empty, body_truncated: false })
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_destination_is_tried_one_at_a_time_and_ever_more_slowly() {
        let pace = Pace::default();
        for _ in 1..TOLERATED {
            pace.note(&refused());
        }
        assert_eq!((pace.allowed(64), pace.rest()), (64, None));
        pace.note(&refused());
        assert_eq!((pace.allowed(64), pace.rest()), (1, Some(REST_MIN)));
        for _ in 0..50 {
            pace.note(&answered(503));
        }
        assert_eq!(pace.rest(), Some(REST_MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn one_success_ends_it_and_so_does_an_answer_about_the_event() {
        for good in [200, 404] {
            let pace = Pace::default();
            for _ in 0..TOLERATED {
                pace.note(&refused());
            }
            pace.note(&answered(good));
            assert_eq!((pace.allowed(8), pace.rest()), (8, None));
        }
    }
}
