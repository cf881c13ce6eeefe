//! Slow start: after an outage, a pause, or a start with a backlog, a lane begins with one attempt at a time.
//!
//! The *window* is how many may run at the same time. It grows by a quarter, at least by one, each time that
//! as many attempts as it is wide have been answered well, and at most every [`STEP_MIN`]; when one fails it is
//! halved. At the destination's concurrency slow start is over. With a concurrency of 16 that takes 11 steps
//! or 2.2 s, with 10,000 it takes 40.
//!
//! **Invariant:** the window is at least 1 and at most the concurrency.

use std::time::Duration;

/// The shortest time between two steps, however fast the destination answers.
pub(crate) const STEP_MIN: Duration = Duration::from_millis(200);

/// A lane that starts slowly. Times are counted from any fixed moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlowStart {
    window: u32,
    /// Successes since the last step.
    successes: u32,
    stepped_at: Duration,
}

impl SlowStart {
    /// Begins with one attempt at a time.
    pub(crate) const fn new(now: Duration) -> Self {
        Self { window: 1, successes: 0, stepped_at: now }
    }

    /// How many attempts may run at the same time.
    pub(crate) const fn window(&self) -> u32 {
        self.window
    }

    /// Notes how an attempt ended; what is left of the slow start, none where it is over.
    #[must_use]
    pub(crate) fn note(mut self, trouble: bool, concurrency: u32, now: Duration) -> Option<Self> {
        if trouble {
            return Some(Self { window: (self.window / 2).max(1), successes: 0, stepped_at: now });
        }
        self.successes = self.successes.saturating_add(1);
        let is_due = now >= self.stepped_at.saturating_add(STEP_MIN);
        if self.successes >= self.window && is_due {
            self.window = self.window.saturating_add((self.window / 4).max(1));
            (self.successes, self.stepped_at) = (0, now);
        }
        (self.window < concurrency).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn steps_to(concurrency: u32) -> (u32, u32) {
        let (mut slow, mut now, mut attempts, mut steps) =
            (Some(SlowStart::new(Duration::ZERO)), Duration::ZERO, 0, 0);
        while let Some(start) = slow {
            now += STEP_MIN;
            steps += 1;
            let mut left = Some(start.clone());
            for _ in 0..start.window() {
                attempts += 1;
                left = left.and_then(|it| it.note(false, concurrency, now));
            }
            slow = left;
        }
        (steps, attempts)
    }

    #[test]
    fn a_destination_that_answers_well_is_soon_trusted() {
        assert_eq!(steps_to(1), (1, 1));
        assert_eq!(steps_to(16), (11, 73));
        assert_eq!(steps_to(10_000).0, 40);
    }

    #[test]
    fn answers_that_come_fast_do_not_open_it_any_faster() {
        let mut slow = SlowStart::new(Duration::ZERO);
        for answer in 0..10_000 {
            let now = STEP_MIN.mul_f64(f64::from(answer) / 10_000.0);
            slow = slow.note(false, 16, now).unwrap();
        }
        assert_eq!(slow.window(), 1);
        assert_eq!(slow.note(false, 16, STEP_MIN).unwrap().window(), 2);
    }

    #[test]
    fn a_failure_halves_it() {
        let slow = SlowStart { window: 9, successes: 3, stepped_at: Duration::ZERO };
        let now = Duration::from_secs(5);
        assert_eq!(slow.note(true, 16, now), Some(SlowStart { window: 4, successes: 0, stepped_at: now }));
        assert_eq!(SlowStart::new(now).note(true, 16, now).unwrap().window(), 1);
    }

    proptest! {
        #[test]
        fn the_window_stays_within_its_bounds(
            concurrency in 1_u32..200, outcomes in proptest::collection::vec((any::<bool>(), 0_u64..500), 0..500),
        ) {
            let (mut slow, mut now) = (SlowStart::new(Duration::ZERO), Duration::ZERO);
            for (trouble, waited_ms) in outcomes {
                now += Duration::from_millis(waited_ms);
                let before = slow.window();
                let Some(left) = slow.note(trouble, concurrency, now) else { break };
                slow = left;
                prop_assert!(slow.window() >= 1 && slow.window() < concurrency.max(2));
                prop_assert!(slow.window() <= before + (before / 4).max(1));
            }
        }
    }
}
