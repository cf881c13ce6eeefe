//! The retry schedule: how long to wait after a failed attempt, and when to stop.
//!
//! An exponential schedule's *nominal* waits are `first`, `first × factor`, `first × factor²`, … up to
//! `max`. Each is then moved by jitter, evenly spread over an eighth of it either way (87.5 % to
//! 112.5 %), so that events which failed together do not come back together; over a whole schedule the
//! total stays within an eighth of what the person configured. A custom schedule is followed exactly.
//!
//! **Invariant:** an exponential wait is never shorter than [`WAIT_MIN`], whatever the policy says, so a
//! broken destination cannot turn its lane into a busy loop.

use std::time::Duration;

use hookyard_model::connection::{
    RETRIES_MAX, RETRY_FACTOR_PERCENT_MAX as FACTOR_PERCENT_MAX, RETRY_WAIT_MAX as WAIT_MAX, Retry,
};

/// The shortest wait of an exponential schedule, also after jitter.
pub const WAIT_MIN: Duration = Duration::from_millis(100);

/// Why a schedule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The first wait is too short.
    #[error("the first wait is {0:?}; it must be at least {WAIT_MIN:?}")]
    FirstTooShort(Duration),
    /// The factor would shorten the waits, or is beyond reason.
    #[error("the factor is {0} %; it must be from 100 to {FACTOR_PERCENT_MAX} %")]
    Factor(u32),
    /// The longest wait is shorter than the first.
    #[error("the longest wait ({max:?}) is shorter than the first ({first:?})")]
    MaxBelowFirst {
        /// The first wait.
        first: Duration,
        /// The longest wait.
        max: Duration,
    },
    /// A wait is too long.
    #[error("a wait of {0:?} is longer than 30 days")]
    WaitTooLong(Duration),
    /// There are too many retries.
    #[error("{0} retries are more than {RETRIES_MAX}")]
    TooManyRetries(usize),
}

/// How long to wait before the next automatic attempt; none where there is to be none.
///
/// `failed_attempts` counts the attempts that have failed so far, from 1 (0 is read as 1). `random` is
/// any number, evenly distributed. Never fails and never overflows, also for a policy that
/// [`validate`] would refuse: exponential waits are then brought within [`WAIT_MIN`] and [`WAIT_MAX`].
pub fn next_wait(policy: &Retry, failed_attempts: u32, random: u64) -> Option<Duration> {
    let retry = failed_attempts.saturating_sub(1);
    match policy {
        Retry::Exponential { first, factor_percent, max, retries } => {
            (retry < *retries).then(|| jitter(nominal(*first, *factor_percent, *max, retry), random))
        }
        Retry::Custom(waits) => waits.get(usize::try_from(retry).ok()?).copied(),
    }
}

/// Checks what a person configured.
///
/// No retries at all (`retries: 0`, or an empty custom schedule) is allowed: the first failure is final.
///
/// # Errors
/// [`Invalid`], the first thing found wrong.
pub fn validate(policy: &Retry) -> Result<(), Invalid> {
    let retries = match policy {
        Retry::Exponential { first, factor_percent, max, retries } => {
            validate_exponential(*first, *factor_percent, *max)?;
            usize::try_from(*retries).unwrap_or(usize::MAX)
        }
        Retry::Custom(waits) => {
            if let Some(wait) = waits.iter().find(|wait| **wait > WAIT_MAX) {
                return Err(Invalid::WaitTooLong(*wait));
            }
            waits.len()
        }
    };
    if retries > RETRIES_MAX as usize {
        return Err(Invalid::TooManyRetries(retries));
    }
    Ok(())
}

fn validate_exponential(first: Duration, factor_percent: u32, max: Duration) -> Result<(), Invalid> {
    if first < WAIT_MIN {
        return Err(Invalid::FirstTooShort(first));
    }
    if !(100..=FACTOR_PERCENT_MAX).contains(&factor_percent) {
        return Err(Invalid::Factor(factor_percent));
    }
    if max < first {
        return Err(Invalid::MaxBelowFirst { first, max });
    }
    if max > WAIT_MAX {
        return Err(Invalid::WaitTooLong(max));
    }
    Ok(())
}

/// The wait before the retry with this number (from 0), without jitter.
fn nominal(first: Duration, factor_percent: u32, max: Duration, retry: u32) -> Duration {
    let max_us = us(max).clamp(us(WAIT_MIN), us(WAIT_MAX));
    let mut wait_us = us(first).clamp(us(WAIT_MIN), max_us);
    if factor_percent > 100 {
        // From WAIT_MIN on every step adds at least 1 %, so this ends at the maximum long before a
        // huge retry number is counted down.
        for _ in 0..retry {
            if wait_us >= max_us {
                break;
            }
            wait_us = (wait_us.saturating_mul(u64::from(factor_percent)) / 100).min(max_us);
        }
    }
    Duration::from_micros(wait_us)
}

/// Moves a wait to a place between 7/8 and 9/8 of it that `random` chooses.
fn jitter(wait: Duration, random: u64) -> Duration {
    let wait_us = us(wait);
    let spread_us = wait_us / 4;
    let offset_us = (u128::from(random) * (u128::from(spread_us) + 1)) >> u64::BITS;
    let moved_us = wait_us - wait_us / 8 + u64::try_from(offset_us).unwrap_or(spread_us);
    Duration::from_micros(moved_us).max(WAIT_MIN)
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: f64 = 24.0 * 3600.0;

    fn total_s(policy: &Retry, mut random: impl FnMut() -> u64) -> f64 {
        (1..).map_while(|failed| next_wait(policy, failed, random())).map(|wait| wait.as_secs_f64()).sum()
    }

    fn exponential() -> impl Strategy<Value = Retry> {
        (any::<u64>(), any::<u32>(), any::<u64>(), any::<u32>()).prop_map(
            |(first_us, factor_percent, max_us, retries)| Retry::Exponential {
                first: Duration::from_micros(first_us),
                factor_percent,
                max: Duration::from_micros(max_us),
                retries,
            },
        )
    }

    #[test]
    fn the_default_is_valid_and_starts_as_documented() {
        let policy = Retry::default();
        assert_eq!(validate(&policy), Ok(()));
        // The middle of the random range is the nominal wait, to the microsecond that rounding costs.
        let waits: Vec<u64> =
            (1..=4).map(|failed| next_wait(&policy, failed, 1 << 63).unwrap().as_secs()).collect();
        assert_eq!(waits, [5, 15, 45, 135]);
        assert!(next_wait(&policy, 14, 0).is_some());
        assert_eq!(next_wait(&policy, 15, 0), None);
        assert_eq!(next_wait(&policy, u32::MAX, 0), None);
    }

    #[test]
    fn a_custom_schedule_is_exact() {
        let policy = Retry::Custom(vec![Duration::ZERO, Duration::from_secs(7)]);
        for random in [0, 1 << 63, u64::MAX] {
            assert_eq!(next_wait(&policy, 1, random), Some(Duration::ZERO));
            assert_eq!(next_wait(&policy, 2, random), Some(Duration::from_secs(7)));
            assert_eq!(next_wait(&policy, 3, random), None);
        }
        assert_eq!(next_wait(&Retry::Custom(Vec::new()), 1, 0), None);
    }

    #[test]
    fn jitter_reaches_both_ends_and_no_further() {
        let wait = Duration::from_secs(80);
        assert_eq!(jitter(wait, 0), Duration::from_secs(70));
        assert_eq!(jitter(wait, u64::MAX), Duration::from_secs(90));
    }

    #[test]
    fn validate_names_what_is_wrong() {
        let s = Duration::from_secs;
        let policy =
            |first, factor_percent, max, retries| Retry::Exponential { first, factor_percent, max, retries };
        let long = WAIT_MAX + s(1);
        for (policy, expected) in [
            (policy(s(1), 100, s(1), 0), Ok(())),
            (policy(WAIT_MIN, 10_000, WAIT_MAX, 100), Ok(())),
            (policy(Duration::ZERO, 200, s(9), 3), Err(Invalid::FirstTooShort(Duration::ZERO))),
            (policy(s(1), 99, s(9), 3), Err(Invalid::Factor(99))),
            (policy(s(1), 10_001, s(9), 3), Err(Invalid::Factor(10_001))),
            (policy(s(2), 200, s(1), 3), Err(Invalid::MaxBelowFirst { first: s(2), max: s(1) })),
            (policy(s(1), 200, long, 3), Err(Invalid::WaitTooLong(long))),
            (policy(s(1), 200, s(9), 101), Err(Invalid::TooManyRetries(101))),
            (Retry::Custom(Vec::new()), Ok(())),
            (Retry::Custom(vec![Duration::ZERO; 100]), Ok(())),
            (Retry::Custom(vec![s(1); 101]), Err(Invalid::TooManyRetries(101))),
            (Retry::Custom(vec![s(1), long]), Err(Invalid::WaitTooLong(long))),
        ] {
            assert_eq!(validate(&policy), expected, "{policy:?}");
        }
    }

    proptest! {
        #[test]
        fn the_default_ends_after_about_three_days(randoms in proptest::collection::vec(any::<u64>(), 32)) {
            let mut randoms = randoms.into_iter().cycle();
            let total = total_s(&Retry::default(), || randoms.next().unwrap());
            prop_assert!((2.5 * DAY..3.5 * DAY).contains(&total), "{total} s");
        }

        #[test]
        fn any_parameters_give_a_wait_within_bounds(
            policy in exponential(), failed in any::<u32>(), random in any::<u64>(),
        ) {
            if let Some(wait) = next_wait(&policy, failed, random) {
                prop_assert!(wait >= WAIT_MIN && wait <= WAIT_MAX + WAIT_MAX / 8, "{wait:?}");
            }
        }

        #[test]
        fn a_valid_schedule_stays_within_an_eighth_of_its_own_bounds(
            first_ms in 100_u64..10_000, factor_percent in 100_u32..=10_000, max_s in 10_u64..2_592_000,
            retries in 0_u32..=100, failed in 1_u32..=101, random in any::<u64>(),
        ) {
            let (first, max) = (Duration::from_millis(first_ms), Duration::from_secs(max_s));
            let policy = Retry::Exponential { first, factor_percent, max, retries };
            prop_assert_eq!(validate(&policy), Ok(()));
            let wait = next_wait(&policy, failed, random);
            prop_assert_eq!(wait.is_some(), failed <= retries);
            if let Some(wait) = wait {
                prop_assert!(wait >= (first - first / 8).max(WAIT_MIN) && wait <= max + max / 8, "{wait:?}");
            }
        }

        #[test]
        fn nominal_waits_never_shrink(
            first_us in any::<u64>(), factor_percent in any::<u32>(), max_us in any::<u64>(), retry in any::<u32>(),
        ) {
            let (first, max) = (Duration::from_micros(first_us), Duration::from_micros(max_us));
            let at = |retry| nominal(first, factor_percent, max, retry);
            prop_assert!(at(retry) <= at(retry.saturating_add(1)));
            prop_assert!(at(retry % 50) <= at(retry % 50 + 1));
        }
    }
}
