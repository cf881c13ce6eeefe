//! How many rejected requests may be recorded: a token bucket in one word.
//!
//! The word is the time at which the bucket would be full again (the "theoretical arrival time" of
//! ITU-T I.371's generic cell rate algorithm). The bucket holds a minute's worth, so any minute sees at
//! most twice the rate, and any hour at most the rate and one minute's worth.

use std::sync::atomic::{AtomicU64, Ordering};

use hookyard_model::clock::Timestamp;

const MINUTE_US: u64 = 60_000_000;

/// A bucket of one minute's tokens, refilled evenly.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// Microseconds one token takes to come back; none where there never is one.
    interval_us: Option<u64>,
    full_at_us: AtomicU64,
}

impl Allowance {
    /// A full bucket of `per_minute` tokens.
    pub(crate) const fn per_minute(per_minute: u32) -> Self {
        Self { interval_us: MINUTE_US.checked_div(per_minute as u64), full_at_us: AtomicU64::new(0) }
    }

    /// Takes a token. False where there is none at `now`.
    pub(crate) fn take(&self, now: Timestamp) -> bool {
        let Some(interval_us) = self.interval_us else {
            return false;
        };
        let now_us = now.us();
        let step = |full_at_us: u64| {
            // Further ahead than a whole bucket can be: the clock was set back. Start afresh, or
            // nothing would be recorded until it has caught up.
            let stepped_back = full_at_us > now_us + MINUTE_US + interval_us;
            let base_us = if stepped_back { now_us } else { full_at_us.max(now_us) };
            let next_us = base_us + interval_us;
            (next_us <= now_us + MINUTE_US).then_some(next_us)
        };
        self.full_at_us.fetch_update(Ordering::AcqRel, Ordering::Acquire, step).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn taken(allowance: &Allowance, now: Timestamp, tries: u32) -> usize {
        (0..tries).filter(|_| allowance.take(now)).count()
    }

    #[test]
    fn a_flood_gets_the_bucket_and_then_the_rate() {
        let allowance = Allowance::per_minute(600);
        let start = Timestamp::from_ms(1_700_000_000_000);
        assert_eq!(taken(&allowance, start, 5_000), 600);
        assert_eq!(taken(&allowance, start.plus(Duration::from_millis(99)), 100), 0);
        assert_eq!(taken(&allowance, start.plus(Duration::from_secs(1)), 100), 10);
        assert_eq!(taken(&allowance, start.plus(Duration::from_secs(3_600)), 5_000), 600);
    }

    #[test]
    fn a_clock_set_back_does_not_close_the_bucket() {
        let allowance = Allowance::per_minute(60);
        assert!(allowance.take(Timestamp::from_ms(1_700_000_000_000)));
        assert!(allowance.take(Timestamp::from_ms(1_600_000_000_000)));
    }

    #[test]
    fn none_means_none() {
        assert!(!Allowance::per_minute(0).take(Timestamp::from_ms(1)));
    }
}
