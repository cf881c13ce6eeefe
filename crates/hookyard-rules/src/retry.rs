//! What follows a failed attempt: whether another one is made, and when.
//!
//! An exponential schedule's *nominal* waits are `first`, `first × factor`, `first × factor²`, … up to
//! `max`; a linear one's `first`, `first + step`, `first + 2 × step`, … up to `max`. Each is then moved by
//! jitter, evenly spread over an eighth of it either way (87.5 % to 112.5 %), so that events which failed
//! together do not come back together; over a whole schedule the total stays within an eighth of what the
//! person configured. A custom schedule is followed exactly.
//!
//! **Invariants**
//! 1. The wait of an exponential or linear schedule is never shorter than [`WAIT_MIN`], whatever the policy
//!    says, so a broken destination cannot turn its lane into a busy loop.
//! 2. What the destination asks for can make a wait longer, or end it all; never shorter.

use std::time::Duration;

use hookyard_model::attempt::{ErrorKind, Outcome};
use hookyard_model::clock::Timestamp;
use hookyard_model::retry::{
    RETRIES_MAX, RETRY_FACTOR_PERCENT_MAX as FACTOR_PERCENT_MAX, RETRY_WAIT_MAX as WAIT_MAX, Retry, Schedule,
};

/// The shortest wait of an exponential or linear schedule, also after jitter.
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

/// What a destination asked for with `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// No further attempt before this.
    At(Timestamp),
    /// No further attempt at all (`-1`).
    Never,
}

/// An attempt that failed.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// How it ended.
    pub outcome: &'a Outcome,
    /// What the destination asked for, where it did.
    pub retry_after: Option<RetryAfter>,
    /// How many attempts have failed, this one included.
    pub attempts: u32,
    /// When the request arrived.
    pub received_at: Timestamp,
    /// When this is decided.
    pub now: Timestamp,
}

/// When the next automatic attempt is due; none where there is to be none.
///
/// `random` is any number, evenly distributed. A `410 Gone`, and a request that cannot be sent, are final
/// whatever the policy says.
pub fn next_attempt(policy: &Retry, failed: &Failed<'_>, random: u64) -> Option<Timestamp> {
    let Retry { schedule, retry_on, give_up_on, max_age } = policy;
    let is_final = match failed.outcome {
        Outcome::Response(response) => response.status == 410,
        Outcome::Error(error) => error.kind == ErrorKind::Request,
        Outcome::Acknowledged => false,
    };
    let is_listed = retry_on.is_empty() || retry_on.iter().any(|it| it.include(failed.outcome));
    if is_final || !is_listed || give_up_on.iter().any(|it| it.include(failed.outcome)) {
        return None;
    }
    let at = failed.now.plus(next_wait(schedule, failed.attempts, random)?);
    let at = match failed.retry_after {
        None => at,
        Some(RetryAfter::At(asked)) => asked.max(at),
        Some(RetryAfter::Never) => return None,
    };
    let is_too_old = max_age.is_some_and(|max_age| at > failed.received_at.plus(max_age));
    (!is_too_old).then_some(at)
}

/// How long to wait before the next attempt; none where the schedule is at its end.
///
/// `failed_attempts` counts the attempts that have failed so far, from 1 (0 is read as 1). `random` is
/// any number, evenly distributed. Never fails and never overflows, also for a schedule that
/// [`validate`] would refuse: waits with jitter are then brought within [`WAIT_MIN`] and [`WAIT_MAX`].
pub fn next_wait(schedule: &Schedule, failed_attempts: u32, random: u64) -> Option<Duration> {
    let retry = failed_attempts.saturating_sub(1);
    match schedule {
        Schedule::Exponential { first, factor_percent, max, retries } => {
            (retry < *retries).then(|| jitter(nominal(*first, *factor_percent, *max, retry), random))
        }
        Schedule::Linear { first, step, max, retries } => {
            (retry < *retries).then(|| jitter(nominal_linear(*first, *step, *max, retry), random))
        }
        Schedule::Custom(waits) => waits.get(usize::try_from(retry).ok()?).copied(),
    }
}

/// Checks what a person configured.
///
/// No retries at all (`retries: 0`, or an empty custom schedule) is allowed: the first failure is final.
///
/// # Errors
/// [`Invalid`], the first thing found wrong.
pub fn validate(schedule: &Schedule) -> Result<(), Invalid> {
    let retries = match schedule {
        Schedule::Exponential { first, factor_percent, max, retries } => {
            validate_waits(*first, *max)?;
            if !(100..=FACTOR_PERCENT_MAX).contains(factor_percent) {
                return Err(Invalid::Factor(*factor_percent));
            }
            usize::try_from(*retries).unwrap_or(usize::MAX)
        }
        Schedule::Linear { first, step, max, retries } => {
            validate_waits(*first, *max)?;
            if *step > WAIT_MAX {
                return Err(Invalid::WaitTooLong(*step));
            }
            usize::try_from(*retries).unwrap_or(usize::MAX)
        }
        Schedule::Custom(waits) => {
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

fn validate_waits(first: Duration, max: Duration) -> Result<(), Invalid> {
    if first < WAIT_MIN {
        return Err(Invalid::FirstTooShort(first));
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

/// The same of a linear schedule.
fn nominal_linear(first: Duration, step: Duration, max: Duration, retry: u32) -> Duration {
    let max_us = us(max).clamp(us(WAIT_MIN), us(WAIT_MAX));
    let grown_us = us(first).saturating_add(us(step).saturating_mul(u64::from(retry)));
    Duration::from_micros(grown_us.clamp(us(WAIT_MIN), max_us))
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
    use hookyard_model::attempt::{DeliveryError, Response};
    use hookyard_model::retry::Failures;
    use proptest::prelude::*;

    use super::*;

    const DAY: f64 = 24.0 * 3600.0;

    fn total_s(policy: &Schedule, mut random: impl FnMut() -> u64) -> f64 {
        (1..).map_while(|failed| next_wait(policy, failed, random())).map(|wait| wait.as_secs_f64()).sum()
    }

    fn exponential() -> impl Strategy<Value = Schedule> {
        (any::<u64>(), any::<u32>(), any::<u64>(), any::<u32>()).prop_map(
            |(first_us, factor_percent, max_us, retries)| Schedule::Exponential {
                first: Duration::from_micros(first_us),
                factor_percent,
                max: Duration::from_micros(max_us),
                retries,
            },
        )
    }

    #[test]
    fn the_default_is_valid_and_starts_as_documented() {
        let policy = Schedule::default();
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
        let policy = Schedule::Custom(vec![Duration::ZERO, Duration::from_secs(7)]);
        for random in [0, 1 << 63, u64::MAX] {
            assert_eq!(next_wait(&policy, 1, random), Some(Duration::ZERO));
            assert_eq!(next_wait(&policy, 2, random), Some(Duration::from_secs(7)));
            assert_eq!(next_wait(&policy, 3, random), None);
        }
        assert_eq!(next_wait(&Schedule::Custom(Vec::new()), 1, 0), None);
    }

    #[test]
    fn a_linear_schedule_grows_by_its_step_to_its_longest_wait() {
        let waits = |step_s, max_s| {
            let [first, step, max] = [60, step_s, max_s].map(Duration::from_secs);
            let schedule = Schedule::Linear { first, step, max, retries: 4 };
            let waits = (1..9).map_while(|failed| next_wait(&schedule, failed, 1 << 63));
            waits.map(|wait| wait.as_secs()).collect::<Vec<_>>()
        };
        assert_eq!(waits(60, 3600), [60, 120, 180, 240]);
        assert_eq!(waits(0, 3600), [60, 60, 60, 60]);
        assert_eq!(waits(100, 200), [60, 160, 200, 200]);
    }

    fn answered(status: u16) -> Outcome {
        let empty = bytes::Bytes::new();
        Outcome::Response(Response { status, headers: empty.clone(), body: empty, body_truncated: false })
    }

    fn broken(kind: ErrorKind) -> Outcome {
        Outcome::Error(DeliveryError { kind, detail: String::new() })
    }

    fn failures(texts: &[&str]) -> Vec<Failures> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    /// Waits of exactly a second, for ever as far as these tests go.
    fn every_second() -> Retry {
        Retry::on(Schedule::Custom(vec![Duration::from_secs(1); 100]))
    }

    fn next(policy: &Retry, outcome: &Outcome, retry_after: Option<RetryAfter>) -> Option<Duration> {
        let failed = Failed { outcome, retry_after, attempts: 1, received_at: NOW, now: NOW };
        next_attempt(policy, &failed, 0).map(|at| at.since(NOW))
    }

    #[test]
    fn conditions_decide_after_which_failures_there_is_a_retry() {
        let policy = |retry_on: &[&str], give_up_on: &[&str]| Retry {
            retry_on: failures(retry_on),
            give_up_on: failures(give_up_on),
            ..every_second()
        };
        let (busy, missing) = (answered(503), answered(404));
        let (timeout, dns) = (broken(ErrorKind::Timeout), broken(ErrorKind::Dns));
        for (policy, expected) in [
            (policy(&[], &[]), [true; 4]),
            (policy(&["429", "500-599"], &[]), [true, false, false, false]),
            (policy(&["500-599", "timeout"], &[]), [true, false, true, false]),
            (policy(&[], &["400-499", "dns"]), [true, false, true, false]),
            (policy(&["500-599", "dns"], &["503"]), [false, false, false, true]),
        ] {
            let found = [&busy, &missing, &timeout, &dns].map(|it| next(&policy, it, None).is_some());
            assert_eq!(found, expected, "{policy:?}");
        }
        for outcome in [answered(410), broken(ErrorKind::Request)] {
            assert_eq!(next(&policy(&["400-499"], &[]), &outcome, None), None);
        }
    }

    #[test]
    fn retry_after_lengthens_a_wait_or_ends_it_all() {
        let after = |s| Some(RetryAfter::At(NOW.plus(Duration::from_secs(s))));
        let busy = answered(429);
        assert_eq!(next(&every_second(), &busy, after(30)), Some(Duration::from_secs(30)));
        assert_eq!(next(&every_second(), &busy, after(0)), Some(Duration::from_secs(1)));
        assert_eq!(next(&every_second(), &busy, Some(RetryAfter::Never)), None);
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
        let policy = |first, factor_percent, max, retries| Schedule::Exponential {
            first,
            factor_percent,
            max,
            retries,
        };
        let linear = |first, step, max, retries| Schedule::Linear { first, step, max, retries };
        let long = WAIT_MAX + s(1);
        for (policy, expected) in [
            (policy(s(1), 100, s(1), 0), Ok(())),
            (policy(WAIT_MIN, 10_000, WAIT_MAX, 100), Ok(())),
            (linear(s(1), s(0), s(1), 100), Ok(())),
            (linear(s(0), s(1), s(9), 3), Err(Invalid::FirstTooShort(s(0)))),
            (linear(s(2), s(1), s(1), 3), Err(Invalid::MaxBelowFirst { first: s(2), max: s(1) })),
            (linear(s(1), long, s(9), 3), Err(Invalid::WaitTooLong(long))),
            (linear(s(1), s(1), s(9), 101), Err(Invalid::TooManyRetries(101))),
            (policy(Duration::ZERO, 200, s(9), 3), Err(Invalid::FirstTooShort(Duration::ZERO))),
            (policy(s(1), 99, s(9), 3), Err(Invalid::Factor(99))),
            (policy(s(1), 10_001, s(9), 3), Err(Invalid::Factor(10_001))),
            (policy(s(2), 200, s(1), 3), Err(Invalid::MaxBelowFirst { first: s(2), max: s(1) })),
            (policy(s(1), 200, long, 3), Err(Invalid::WaitTooLong(long))),
            (policy(s(1), 200, s(9), 101), Err(Invalid::TooManyRetries(101))),
            (Schedule::Custom(Vec::new()), Ok(())),
            (Schedule::Custom(vec![Duration::ZERO; 100]), Ok(())),
            (Schedule::Custom(vec![s(1); 101]), Err(Invalid::TooManyRetries(101))),
            (Schedule::Custom(vec![s(1), long]), Err(Invalid::WaitTooLong(long))),
        ] {
            assert_eq!(validate(&policy), expected, "{policy:?}");
        }
    }

    proptest! {
        #[test]
        fn the_default_ends_after_about_three_days(randoms in proptest::collection::vec(any::<u64>(), 32)) {
            let mut randoms = randoms.into_iter().cycle();
            let total = total_s(&Schedule::default(), || randoms.next().unwrap());
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
            let policy = Schedule::Exponential { first, factor_percent, max, retries };
            prop_assert_eq!(validate(&policy), Ok(()));
            let wait = next_wait(&policy, failed, random);
            prop_assert_eq!(wait.is_some(), failed <= retries);
            if let Some(wait) = wait {
                prop_assert!(wait >= (first - first / 8).max(WAIT_MIN) && wait <= max + max / 8, "{wait:?}");
            }
        }

        #[test]
        fn no_retry_is_due_once_the_request_is_too_old(
            schedule in exponential(), age_ms in 0_u64..10_000_000, max_age_ms in 1_u64..10_000_000,
            attempts in any::<u32>(), random in any::<u64>(), asked_ms in proptest::option::of(0_u64..90_000_000),
        ) {
            let now = NOW.plus(Duration::from_millis(age_ms));
            let retry_after = asked_ms.map(|ms| RetryAfter::At(now.plus(Duration::from_millis(ms))));
            let outcome = answered(500);
            let failed = Failed { outcome: &outcome, retry_after, attempts, received_at: NOW, now };
            let any_age = Retry::on(schedule);
            let max_age = Duration::from_millis(max_age_ms);
            let bounded = Retry { max_age: Some(max_age), ..any_age.clone() };
            let at = next_attempt(&any_age, &failed, random);
            prop_assert!(at.is_none_or(|at| at > now));
            let expected = at.filter(|at| at.since(NOW) <= max_age);
            prop_assert_eq!(next_attempt(&bounded, &failed, random), expected);
        }

        #[test]
        fn a_linear_wait_is_within_bounds_and_never_shrinks(
            first_us in any::<u64>(), step_us in any::<u64>(), max_us in any::<u64>(), retry in any::<u32>(),
            random in any::<u64>(),
        ) {
            let [first, step, max] = [first_us, step_us, max_us].map(Duration::from_micros);
            let at = |retry| nominal_linear(first, step, max, retry);
            prop_assert!(at(retry) <= at(retry.saturating_add(1)));
            prop_assert!(at(retry % 50) <= at(retry % 50 + 1));
            let schedule = Schedule::Linear { first, step, max, retries: u32::MAX };
            let wait = next_wait(&schedule, retry.max(1), random).unwrap();
            prop_assert!(wait >= WAIT_MIN && wait <= WAIT_MAX + WAIT_MAX / 8, "{wait:?}");
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
