//! A destination's rate: attempts evenly spaced, with a stated burst (the generic cell rate algorithm).
//!
//! Each attempt takes a *slot*. Slots lie an interval apart; after a time of rest up to `burst` of them may
//! be taken at once. A timer rings some milliseconds late, and later on a busy machine. While there is always
//! something to send, an attempt that starts late by up to [`LATE_MAX`] does not push back the slots behind it,
//! so that lateness does not add up to a lower rate. After a rest there is nothing to catch up with.
//!
//! **Invariant:** in any span of time `t`, at most `limit × t / unit + burst` slots are taken; and each attempt
//! starts within [`LATE_MAX`] of its slot, or at it.
//!
//! Nothing of it is stored. The lanes of a process that starts take their first slot an interval after the
//! start, and have no burst until they have earned it, so that the rate holds across a restart too.

use std::time::Duration;

use hookyard_model::pacing::Rate as Settings;

/// How late an attempt can start without its slot moving along.
pub(crate) const LATE_MAX: Duration = Duration::from_millis(50);

/// The slots of one lane. Times are counted from any fixed moment.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    /// From one slot to the next; rounded up, so that the limit is never exceeded.
    interval: Duration,
    /// How far ahead of an even pace slots may be taken: the intervals of a burst, less one.
    ahead: Duration,
    /// When the next slot would be, at an even pace.
    even_at: Duration,
    /// Whether there was a slot, and nothing to send.
    rested: bool,
}

impl Rate {
    /// A rate of which nothing has been used for long.
    pub(crate) fn rested(settings: Settings, now: Duration) -> Self {
        let unit_ns = u64::try_from(settings.per.duration().as_nanos()).unwrap_or(u64::MAX);
        let interval = Duration::from_nanos(unit_ns.div_ceil(u64::from(settings.limit.max(1))));
        let ahead = interval.saturating_mul(settings.burst.max(1) - 1);
        Self { interval, ahead, even_at: now, rested: true }
    }

    /// A rate of which everything may just have been used.
    pub(crate) fn exhausted(settings: Settings, now: Duration) -> Self {
        let rested = Self::rested(settings, now);
        Self { even_at: now.saturating_add(rested.ahead).saturating_add(rested.interval), ..rested }
    }

    /// The same lane under other settings: what it has used stays used, as far as the new settings know it.
    pub(crate) fn changed(&self, settings: Settings, now: Duration) -> Self {
        let exhausted = Self::exhausted(settings, now);
        Self { even_at: self.even_at.min(exhausted.even_at), ..exhausted }
    }

    /// When the next slot can be taken; a time that has passed means now.
    pub(crate) fn next_at(&self) -> Duration {
        self.even_at.saturating_sub(self.ahead)
    }

    /// A slot has come, and nobody wants it.
    pub(crate) const fn rest(&mut self) {
        self.rested = true;
    }

    /// Takes the slot that [`Rate::next_at`] says has come.
    pub(crate) fn take(&mut self, now: Duration) {
        let late_max = if self.rested { Duration::ZERO } else { LATE_MAX };
        let from = self.even_at.max(now.saturating_sub(late_max));
        self.even_at = from.saturating_add(self.interval);
        self.rested = false;
    }
}

#[cfg(test)]
mod tests {
    use hookyard_model::pacing::RateUnit;
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn settings(limit: u32, burst: u32) -> Settings {
        Settings { limit, per: RateUnit::Second, burst }
    }

    /// When the slots are taken of somebody who always wants one.
    fn greedy(mut rate: Rate, from: Duration, count: usize) -> Vec<Duration> {
        let mut now = from;
        let mut taken = Vec::new();
        for _ in 0..count {
            now = now.max(rate.next_at());
            rate.take(now);
            taken.push(now);
        }
        taken
    }

    #[test]
    fn attempts_are_evenly_spaced_behind_their_burst() {
        let rate = Rate::rested(settings(10, 1), ms(5_000));
        assert_eq!(greedy(rate, ms(5_000), 4), [ms(5_000), ms(5_100), ms(5_200), ms(5_300)]);
        let burst = Rate::rested(settings(10, 3), ms(0));
        assert_eq!(greedy(burst, ms(0), 5), [ms(0), ms(0), ms(0), ms(100), ms(200)]);
    }

    #[test]
    fn a_process_that_starts_has_used_it_all() {
        for burst in [1, 7] {
            let rate = Rate::exhausted(settings(10, burst), ms(0));
            assert_eq!(greedy(rate, ms(0), 3), [ms(100), ms(200), ms(300)]);
        }
    }

    #[test]
    fn other_settings_hold_at_once() {
        let mut hourly = Rate::rested(Settings { limit: 1, per: RateUnit::Hour, burst: 1 }, ms(0));
        hourly.take(ms(0));
        assert_eq!(hourly.next_at(), Duration::from_secs(3_600));
        let faster = hourly.changed(settings(10, 1), ms(1_000));
        assert_eq!(greedy(faster, ms(1_000), 2), [ms(1_100), ms(1_200)]);
        let rested = Rate::rested(settings(10, 1), ms(0)).changed(settings(2, 1), ms(9_000));
        assert_eq!(greedy(rested, ms(9_000), 2), [ms(9_000), ms(9_500)]);
    }

    #[test]
    fn a_late_timer_does_not_lower_the_rate() {
        let mut rate = Rate::rested(settings(100, 1), ms(0));
        let (mut now, mut taken) = (ms(0), 0);
        while now < ms(60_000) {
            // Up to 49 ms late, unevenly, whenever it has to ring.
            if rate.next_at() > now {
                now = rate.next_at() + ms(taken * 7 % 50);
            }
            rate.take(now);
            taken += 1;
        }
        assert!((5_990..=6_001).contains(&taken), "{taken}");
    }

    #[test]
    fn after_a_rest_there_is_nothing_to_catch_up_with() {
        let mut rate = Rate::rested(settings(100, 1), ms(0));
        rate.take(ms(0));
        let mut rested = rate.clone();
        rested.rest();
        assert_eq!(greedy(rested, ms(45), 3), [ms(45), ms(55), ms(65)]);
        assert_eq!(greedy(rate, ms(45), 6), [ms(45), ms(45), ms(45), ms(45), ms(50), ms(60)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_per_second_are_six_thousand_a_minute() {
        use tokio::time::{Instant, sleep_until};
        for (limit, expected) in [(100, 6_000), (1_000, 60_000), (3, 180)] {
            let began = Instant::now();
            let mut rate = Rate::rested(settings(limit, 1), Duration::ZERO);
            let mut taken = 0;
            loop {
                sleep_until(began + rate.next_at()).await;
                let now = began.elapsed();
                if now >= ms(60_000) {
                    break;
                }
                rate.take(now);
                taken += 1;
            }
            let two_percent = expected / 50;
            assert!((expected - two_percent..=expected + two_percent).contains(&taken), "{limit}/s: {taken}");
        }
    }

    proptest! {
        #[test]
        fn no_span_of_time_has_more_than_the_rate_and_its_burst(
            limit in 1_u32..2_000, burst in 1_u32..50, exhausted in any::<bool>(),
            rests_us in proptest::collection::vec(0_u64..300_000, 1..300),
        ) {
            let settings = settings(limit, burst);
            let make = if exhausted { Rate::exhausted } else { Rate::rested };
            let mut rate = make(settings, Duration::ZERO);
            let mut now = Duration::ZERO;
            let mut taken = Vec::new();
            for (nth, rest_us) in rests_us.iter().enumerate() {
                // Mostly greedy, sometimes idle, sometimes woken late.
                now += Duration::from_micros(if nth % 3 == 0 { *rest_us } else { rest_us % 9_000 });
                now = now.max(rate.next_at());
                if rest_us % 5 == 0 {
                    rate.rest();
                }
                rate.take(now);
                taken.push(now);
            }
            for (nth, from) in taken.iter().enumerate() {
                for (more, to) in taken.iter().skip(nth).enumerate() {
                    let span = (*to - *from + LATE_MAX).as_secs_f64();
                    let allowed = f64::from(limit) * span + f64::from(burst);
                    prop_assert!((more + 1) as f64 <= allowed + 1e-6, "{} in {span} s", more + 1);
                }
            }
        }
    }
}
