//! A destination's circuit breaker: when it is left alone, and how it is asked whether it has recovered.
//!
//! ```text
//!             so many failures in a row, or too large a share of them
//!   Closed ─────────────────────────────────────────────────────────► Open
//!     ▲                                                               │  ▲
//!     │ the probe succeeds          the wait is over, and an event    │  │ the probe fails: the next
//!     │                             goes out as a probe               ▼  │ wait is twice as long
//!     └───────────────────────────────────────────────────────────── HalfOpen
//! ```
//!
//! One event at a time is a probe; it is an attempt like any other, and uses one of its event's tries. All other
//! events wait and use none. What was under way when the breaker opened ends without a say: it was begun on
//! the old assumption. A probe that is never made, as its connection was disabled, leaves the breaker open
//! and the next one due.
//!
//! *Trouble* is what says that the destination and not just this event is at fault: an answer of 5xx or 429, or
//! none at all. An answer like 404 counts as life.

use std::time::Duration;

use hookyard_model::pacing::Breaker as Settings;

/// Where a breaker stands. Times are counted from any fixed moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Breaker {
    /// Events pass, and outcomes are counted.
    Closed(Counts),
    /// Events wait.
    Open {
        /// When it opened for the first time since it was closed.
        since: Duration,
        /// When the next probe may go out.
        probe_at: Duration,
        /// How long this wait is.
        wait: Duration,
    },
    /// A probe is under way.
    HalfOpen {
        /// When it opened for the first time since it was closed.
        since: Duration,
        /// How long the wait before the probe was.
        wait: Duration,
    },
}

/// What a closed breaker counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Failures since the last success.
    in_a_row: u32,
    /// This half of the window, and the one before.
    halves: [Half; 2],
    /// When this half began.
    half_began: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Half {
    attempts: u32,
    failures: u32,
}

/// What can happen to a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// An attempt that is no probe ended.
    Ended {
        /// Whether that speaks against the destination.
        trouble: bool,
    },
    /// An event goes out although the breaker is open, since its wait is over.
    ProbeBegins,
    /// The probe ended.
    ProbeEnded {
        /// Whether that speaks against the destination.
        trouble: bool,
    },
    /// The probe was never made.
    ProbeDropped,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed(Counts::default())
    }
}

impl Breaker {
    /// Decides where the breaker stands afterwards.
    #[must_use]
    pub(crate) fn after(self, input: Input, settings: &Settings, now: Duration) -> Self {
        match (self, input) {
            (Self::Closed(mut counts), Input::Ended { trouble }) => {
                if settings.enabled && counts.open_with(trouble, settings, now) {
                    let wait = settings.probe_first;
                    return Self::Open { since: now, probe_at: now.saturating_add(wait), wait };
                }
                Self::Closed(counts)
            }
            (Self::Open { since, wait, .. }, Input::ProbeBegins) => Self::HalfOpen { since, wait },
            (Self::HalfOpen { .. }, Input::ProbeEnded { trouble: false }) => Self::default(),
            (Self::HalfOpen { since, wait }, Input::ProbeEnded { trouble: true }) => {
                let wait = wait.saturating_mul(2).clamp(settings.probe_first, settings.probe_max);
                Self::Open { since, probe_at: now.saturating_add(wait), wait }
            }
            (Self::HalfOpen { since, wait }, Input::ProbeDropped) => {
                Self::Open { since, probe_at: now, wait }
            }
            // What was under way before it opened has no say.
            (open @ (Self::Open { .. } | Self::HalfOpen { .. }), Input::Ended { .. }) => open,
            // A probe of before somebody switched the breaker off or changed the destination.
            (
                same @ (Self::Closed(_) | Self::Open { .. }),
                Input::ProbeEnded { .. } | Input::ProbeDropped,
            ) => same,
            (same @ (Self::Closed(_) | Self::HalfOpen { .. }), Input::ProbeBegins) => same,
        }
    }

    pub(crate) const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl Counts {
    /// Counts an attempt; whether that is enough to open.
    fn open_with(&mut self, trouble: bool, settings: &Settings, now: Duration) -> bool {
        self.in_a_row = if trouble { self.in_a_row.saturating_add(1) } else { 0 };
        self.turn_over(settings.window / 2, now);
        let [half, before] = &mut self.halves;
        half.attempts = half.attempts.saturating_add(1);
        half.failures = half.failures.saturating_add(u32::from(trouble));
        let attempts = u64::from(half.attempts) + u64::from(before.attempts);
        let failures = u64::from(half.failures) + u64::from(before.failures);
        let Settings { consecutive_failures, error_percent, attempts_min, .. } = *settings;
        let by_row = consecutive_failures > 0 && self.in_a_row >= consecutive_failures;
        let by_share = error_percent > 0
            && attempts >= u64::from(attempts_min)
            && failures * 100 >= attempts * u64::from(error_percent);
        trouble && (by_row || by_share)
    }

    /// Begins a new half of the window where this one is over.
    fn turn_over(&mut self, half_length: Duration, now: Duration) {
        let age = now.saturating_sub(self.half_began);
        if age < half_length {
            return;
        }
        let [half, _] = self.halves;
        let before = if age < half_length.saturating_mul(2) { half } else { Half::default() };
        self.halves = [Half::default(), before];
        self.half_began = now;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BAD: Input = Input::Ended { trouble: true };
    const GOOD: Input = Input::Ended { trouble: false };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn settings() -> Settings {
        Settings {
            consecutive_failures: 3,
            error_percent: 50,
            attempts_min: 10,
            window: ms(1_000),
            probe_first: ms(100),
            probe_max: ms(350),
            enabled: true,
        }
    }

    fn after(inputs: impl IntoIterator<Item = Input>, now: Duration) -> Breaker {
        inputs.into_iter().fold(Breaker::default(), |it, input| it.after(input, &settings(), now))
    }

    #[test]
    fn failures_in_a_row_open_it() {
        assert!(after([BAD, BAD, GOOD, BAD, BAD], ms(1)).is_closed());
        let open = Breaker::Open { since: ms(1), probe_at: ms(101), wait: ms(100) };
        assert_eq!(after([BAD, BAD, GOOD, BAD, BAD, BAD], ms(1)), open);
    }

    #[test]
    fn a_large_share_of_failures_opens_it_within_its_window() {
        let half_bad = |count| (0..count).map(|nth| if nth % 2 == 0 { GOOD } else { BAD });
        assert!(after(half_bad(9), ms(1)).is_closed());
        assert!(!after(half_bad(10), ms(1)).is_closed());
        // Eight that are too long ago to count.
        for (later, closed) in [(ms(999), false), (ms(2_000), true)] {
            let before = after(half_bad(8), ms(1));
            let breaker = half_bad(2).fold(before, |it, input| it.after(input, &settings(), later));
            assert_eq!(breaker.is_closed(), closed, "{later:?}");
        }
    }

    #[test]
    fn either_condition_can_be_left_out_and_so_can_all() {
        let by_share = Settings { consecutive_failures: 0, ..settings() };
        let by_row = Settings { error_percent: 0, ..settings() };
        let off = Settings { enabled: false, ..settings() };
        let opens_after = |settings: &Settings, trouble: &dyn Fn(u32) -> bool| {
            let mut breaker = Breaker::default();
            (1..200).find(|nth| {
                let input = Input::Ended { trouble: trouble(*nth) };
                breaker = std::mem::take(&mut breaker).after(input, settings, ms(1));
                !breaker.is_closed()
            })
        };
        assert_eq!(opens_after(&by_share, &|_| true), Some(10));
        assert_eq!(opens_after(&by_row, &|_| true), Some(3));
        assert_eq!(opens_after(&by_row, &|nth| nth % 2 == 0), None);
        assert_eq!(opens_after(&off, &|_| true), None);
    }

    #[test]
    fn probes_come_ever_more_slowly_until_one_succeeds() {
        let mut breaker = after([BAD; 3], ms(0));
        let mut now = ms(0);
        for wait in [100, 200, 350, 350] {
            let Breaker::Open { since, probe_at, .. } = breaker else { panic!("{breaker:?}") };
            assert_eq!((since, probe_at), (ms(0), now + ms(wait)));
            now = probe_at;
            breaker = breaker.after(Input::ProbeBegins, &settings(), now);
            assert_eq!(breaker, Breaker::HalfOpen { since: ms(0), wait: ms(wait) });
            // What was begun before has no say.
            breaker = breaker.after(GOOD, &settings(), now).after(BAD, &settings(), now);
            breaker = breaker.after(Input::ProbeEnded { trouble: true }, &settings(), now);
        }
        breaker = breaker.after(Input::ProbeBegins, &settings(), now);
        breaker = breaker.after(Input::ProbeDropped, &settings(), now);
        assert!(matches!(breaker, Breaker::Open { probe_at, .. } if probe_at == now));
        breaker = breaker.after(Input::ProbeBegins, &settings(), now);
        assert_eq!(breaker.after(Input::ProbeEnded { trouble: false }, &settings(), now), Breaker::default());
    }

    proptest! {
        #[test]
        fn it_closes_only_by_a_probe_that_succeeds(
            inputs in proptest::collection::vec((0_u8..6, 0_u64..400), 0..400),
        ) {
            let settings = settings();
            let (mut breaker, mut now) = (Breaker::default(), Duration::ZERO);
            for (input, waited_ms) in inputs {
                now += ms(waited_ms);
                let input = match input {
                    0 => Input::ProbeBegins,
                    1 => Input::ProbeEnded { trouble: false },
                    2 => Input::ProbeDropped,
                    3 => GOOD,
                    4 => Input::ProbeEnded { trouble: true },
                    _ => BAD,
                };
                let before = breaker.clone();
                breaker = breaker.after(input, &settings, now);
                match (&before, &breaker) {
                    (Breaker::Open { .. }, Breaker::Closed(_)) => prop_assert!(false, "{before:?} {input:?}"),
                    (Breaker::HalfOpen { .. }, Breaker::Closed(_)) => {
                        prop_assert_eq!(input, Input::ProbeEnded { trouble: false });
                    }
                    (Breaker::Closed(_), Breaker::Open { .. }) => prop_assert_eq!(input, BAD),
                    (Breaker::Closed(_), Breaker::HalfOpen { .. }) => prop_assert!(false),
                    (Breaker::Open { .. }, Breaker::HalfOpen { .. }) => {
                        prop_assert_eq!(input, Input::ProbeBegins);
                    }
                    (Breaker::HalfOpen { .. }, Breaker::Open { wait, .. }) => {
                        prop_assert!(*wait >= settings.probe_first && *wait <= settings.probe_max);
                    }
                    _ => {}
                }
            }
        }
    }
}
