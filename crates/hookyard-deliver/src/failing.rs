//! A destination that does nothing but fail: since when, and when it is given up.
//!
//! The time since when is kept in the catalog, so that it outlives the process; not at the first failure, but
//! once they have gone on for [`NOTE_AFTER`], so that a destination which now and then fails costs no writes.
//! What a restart forgets is therefore at most that.
//!
//! Any attempt that is not delivered counts as a failure, except one whose request could not be read or put
//! into HTTP: that says nothing about the destination.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hookyard_model::attempt::{ErrorKind, Outcome};
use hookyard_model::clock::Timestamp;

/// How long failures go on before that is noted.
const NOTE_AFTER: Duration = Duration::from_secs(600);

/// What follows from an attempt's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The catalog is to know since when the destination fails; none for no longer.
    Note(Option<Timestamp>),
    /// It has failed for as long as it may.
    GiveUp {
        /// Since when.
        since: Timestamp,
    },
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    since: Option<Timestamp>,
    /// What the catalog knows.
    noted: Option<Timestamp>,
}

/// Since when a destination does nothing but fail.
#[derive(Debug)]
pub(crate) struct Failing {
    /// Whether a success would change anything; most do not, and look no further.
    is_failing: AtomicBool,
    state: Mutex<State>,
}

impl Failing {
    /// As the catalog knows it.
    pub(crate) fn new(noted: Option<Timestamp>) -> Self {
        let state = Mutex::new(State { since: noted, noted });
        Self { is_failing: AtomicBool::new(noted.is_some()), state }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        self.is_failing.store(state.since.is_some() || state.noted.is_some(), Ordering::Release);
        result
    }

    /// It is another destination now, of which nothing is known, also in the catalog.
    pub(crate) fn forget(&self) {
        self.with(|state| *state = State::default());
    }

    /// The catalog knows.
    pub(crate) fn is_noted(&self, noted: Option<Timestamp>) {
        self.with(|state| state.noted = noted);
    }

    /// Notes how an attempt ended; what is to be done about it, if anything.
    pub(crate) fn note(
        &self,
        outcome: &Outcome,
        disable_after: Option<Duration>,
        now: Timestamp,
    ) -> Option<Step> {
        if outcome.is_success() {
            if !self.is_failing.load(Ordering::Acquire) {
                return None;
            }
            return self.with(|state| {
                state.since = None;
                state.noted.map(|_| Step::Note(None))
            });
        }
        if matches!(outcome, Outcome::Error(error) if error.kind == ErrorKind::Request) {
            return None;
        }
        self.with(|state| {
            let since = *state.since.get_or_insert(now);
            let lasted = now.since(since);
            if disable_after.is_some_and(|max| lasted >= max) {
                // Whoever enables it again gives it as long again.
                state.since = None;
                return Some(Step::GiveUp { since });
            }
            (lasted >= NOTE_AFTER && state.noted != Some(since)).then_some(Step::Note(Some(since)))
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hookyard_model::attempt::{DeliveryError, Response};

    use super::*;

    const START: Timestamp = Timestamp::from_ms(1_000_000);
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn answered(status: u16) -> Outcome {
        let empty = Bytes::new();
        Outcome::Response(Response { status, headers: empty.clone(), body: empty, body_truncated: false })
    }

    fn broken(kind: ErrorKind) -> Outcome {
        Outcome::Error(DeliveryError { kind, detail: String::new() })
    }

    #[test]
    fn what_fails_now_and_then_is_never_noted() {
        let failing = Failing::new(None);
        for minute in 0..100 {
            let now = START.plus(Duration::from_secs(60 * minute));
            let outcome = if minute % 9 == 0 { answered(204) } else { answered(500) };
            assert_eq!(failing.note(&outcome, Some(DAY), now), None);
        }
    }

    #[test]
    fn what_only_fails_is_noted_once_and_then_given_up() {
        let failing = Failing::new(None);
        let note = |outcome, after| failing.note(&outcome, Some(DAY), START.plus(after));
        assert_eq!(note(answered(404), Duration::ZERO), None);
        assert_eq!(note(broken(ErrorKind::Timeout), NOTE_AFTER), Some(Step::Note(Some(START))));
        failing.is_noted(Some(START));
        assert_eq!(note(answered(500), DAY / 2), None);
        assert_eq!(note(broken(ErrorKind::Request), DAY), None);
        assert_eq!(note(answered(500), DAY), Some(Step::GiveUp { since: START }));
        // From then on it has as long again.
        assert_eq!(note(answered(500), DAY), None);
        assert_eq!(note(answered(500), DAY + DAY / 2), Some(Step::Note(Some(START.plus(DAY)))));
    }

    #[test]
    fn a_success_ends_it_also_in_the_catalog() {
        let failing = Failing::new(Some(START));
        let later = START.plus(DAY / 2);
        assert_eq!(failing.note(&answered(200), Some(DAY), later), Some(Step::Note(None)));
        // Until that is in the catalog, each further success tries again.
        assert_eq!(failing.note(&answered(200), Some(DAY), later), Some(Step::Note(None)));
        failing.is_noted(None);
        assert_eq!(failing.note(&answered(200), Some(DAY), later), None);
        assert_eq!(failing.note(&answered(500), Some(DAY), START.plus(DAY)), None);
    }

    #[test]
    fn an_earlier_run_counts_and_never_means_never() {
        let failing = || Failing::new(Some(START));
        let at_last = START.plus(5 * DAY);
        let given_up = Some(Step::GiveUp { since: START });
        assert_eq!(failing().note(&answered(500), Some(5 * DAY), at_last), given_up);
        assert_eq!(failing().note(&answered(500), None, at_last), None);
        let elsewhere = failing();
        elsewhere.forget();
        assert_eq!(elsewhere.note(&answered(500), Some(5 * DAY), at_last), None);
    }
}
