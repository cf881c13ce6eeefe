//! What a connection wants done about a failed attempt: when the next one follows, and after which failures
//! none does. `hookyard-rules` decides; here is what can be said.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::attempt::{ErrorKind, Outcome};

/// The longest wait of any schedule.
pub const RETRY_WAIT_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// The most retries of any schedule.
pub const RETRIES_MAX: u32 = 100;
/// The largest factor of an exponential schedule, in hundredths.
pub const RETRY_FACTOR_PERCENT_MAX: u32 = 10_000;
/// The most entries of `retry_on`, and of `give_up_on`.
pub const FAILURES_MAX: usize = 50;
/// The largest age up to which a request can be retried.
pub const RETRY_AGE_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// What follows a failed attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// How long to wait, and how often.
    pub schedule: Schedule,
    /// The only failures after which an attempt is made again; empty for all.
    pub retry_on: Vec<Failures>,
    /// Failures that are final, also where `retry_on` has them.
    pub give_up_on: Vec<Failures>,
    /// How old a request may be, from its arrival, when an attempt is made again; none for any age.
    pub max_age: Option<Duration>,
}

impl Retry {
    /// This schedule, whatever the failure was and however old the request is.
    pub const fn on(schedule: Schedule) -> Self {
        Self { schedule, retry_on: Vec::new(), give_up_on: Vec::new(), max_age: None }
    }
}

/// The waits between attempts. `hookyard-rules` computes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Each wait is `factor` times the one before, at most `max`, each with jitter.
    Exponential {
        /// The first wait.
        first: Duration,
        /// What the wait is multiplied by, in hundredths (200 doubles it); at least 100.
        factor_percent: u32,
        /// The longest wait.
        max: Duration,
        /// How many retries follow the first attempt.
        retries: u32,
    },
    /// Each wait is `step` longer than the one before, at most `max`, each with jitter.
    Linear {
        /// The first wait.
        first: Duration,
        /// What the wait grows by; zero for waits that are all alike.
        step: Duration,
        /// The longest wait.
        max: Duration,
        /// How many retries follow the first attempt.
        retries: u32,
    },
    /// These waits, one after the other, without jitter.
    Custom(Vec<Duration>),
}

impl Default for Schedule {
    /// Waits of 5 s, 15 s, 45 s, … to at most 12 h: 14 retries over some three days.
    fn default() -> Self {
        Self::Exponential {
            first: Duration::from_secs(5),
            factor_percent: 300,
            max: Duration::from_secs(12 * 3600),
            retries: 14,
        }
    }
}

impl Schedule {
    /// The linear schedule where nothing more is said: waits of 1, 2, … 14 minutes.
    pub const fn linear() -> Self {
        Self::Linear {
            first: Duration::from_secs(60),
            step: Duration::from_secs(60),
            max: Duration::from_secs(12 * 3600),
            retries: 14,
        }
    }
}

/// Some of the ways in which an attempt fails. Written `503`, `500-599`, or as the name of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failures {
    /// Answers with a status code from `first` to `last`; no 2xx, since that is none.
    Statuses {
        /// The smallest.
        first: u16,
        /// The largest.
        last: u16,
    },
    /// Attempts without an answer, for this reason.
    Error(ErrorKind),
}

/// Text that names no failures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no failure: write a status code like `503`, a range like `500-599`, or one of {names}", names = names())]
pub struct NoFailures(String);

/// The errors that can be named. [`ErrorKind::Request`] cannot: no attempt would ever end differently.
fn names() -> String {
    let kinds = ErrorKind::ALL.into_iter().filter(|kind| *kind != ErrorKind::Request);
    kinds.map(|kind| format!("`{}`", kind.name())).collect::<Vec<_>>().join(", ")
}

impl Failures {
    /// Whether an attempt that ended like this is one of them.
    pub fn include(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Self::Statuses { first, last }, Outcome::Response(response)) => {
                (*first..=*last).contains(&response.status)
            }
            (Self::Error(kind), Outcome::Error(error)) => *kind == error.kind,
            (Self::Statuses { .. }, Outcome::Error(_) | Outcome::Acknowledged)
            | (Self::Error(_), Outcome::Response(_) | Outcome::Acknowledged) => false,
        }
    }
}

impl FromStr for Failures {
    type Err = NoFailures;

    fn from_str(text: &str) -> Result<Self, NoFailures> {
        let wrong = || NoFailures(text.chars().take(100).collect());
        let status = |text: &str| {
            let all_digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|status| all_digits && *status >= 100)
        };
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let (first, last) = status(first).zip(status(last)).ok_or_else(wrong)?;
            let holds_failures = first <= last && (first < 200 || last > 299);
            return holds_failures.then_some(Self::Statuses { first, last }).ok_or_else(wrong);
        }
        let kinds = ErrorKind::ALL.into_iter().filter(|kind| *kind != ErrorKind::Request);
        kinds.map(Self::Error).find(|it| it.to_string() == text).ok_or_else(wrong)
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statuses { first, last } if first == last => write!(out, "{first}"),
            Self::Statuses { first, last } => write!(out, "{first}-{last}"),
            Self::Error(kind) => out.write_str(kind.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::attempt::{DeliveryError, Response};

    #[test]
    fn failures_are_read_as_they_are_written() {
        for text in ["503", "500-599", "100-199", "404-404", "200-500", "timeout", "dns", "address_refused"] {
            let failures: Failures = text.parse().unwrap();
            assert_eq!(failures.to_string().parse(), Ok(failures), "{text}");
        }
        for text in [
            "", "5xx", "99", "1000", "0503", "503-", "-503", "599-500", "200", "200-299", "request", "nap",
            "+50",
        ] {
            let error = text.parse::<Failures>().unwrap_err().to_string();
            assert!(error.contains("`500-599`") && error.contains("`timeout`"), "{text}: {error}");
            assert!(!error.contains("`request`") || text == "request", "{error}");
        }
    }

    #[test]
    fn failures_include_what_they_name_and_nothing_else() {
        let answered = |status| {
            let empty = Bytes::new();
            Outcome::Response(Response { status, headers: empty.clone(), body: empty, body_truncated: false })
        };
        let broken = |kind| Outcome::Error(DeliveryError { kind, detail: String::new() });
        let (busy, timeout): (Failures, Failures) = ("500-503".parse().unwrap(), "timeout".parse().unwrap());
        for (status, expected) in [(499, false), (500, true), (503, true), (504, false)] {
            assert_eq!(busy.include(&answered(status)), expected, "{status}");
            assert!(!timeout.include(&answered(status)));
        }
        for kind in ErrorKind::ALL {
            assert_eq!(timeout.include(&broken(kind)), kind == ErrorKind::Timeout);
            assert!(!busy.include(&broken(kind)));
        }
    }
}
