//! How a destination wants to be sent to: how fast, how it is treated while it fails, and when it is given up.
//!
//! `hookyard-deliver` keeps to it; here is what can be said, and what is meant where nothing is.

use std::time::Duration;

/// The most attempts that a rate can allow per unit, and at once.
pub const RATE_LIMIT_MAX: u32 = 1_000_000;
/// The most failures in a row, and the most attempts, that a breaker can be told to count.
pub const BREAKER_COUNT_MAX: u32 = 1_000_000;
/// The longest window of a breaker, and the longest pause between its probes.
pub const BREAKER_TIME_MAX: Duration = Duration::from_secs(24 * 3600);
/// The shortest pause between two probes of a breaker.
pub const PROBE_WAIT_MIN: Duration = Duration::from_millis(10);
/// The longest time of nothing but failure after which a destination can be given up.
pub const DISABLE_AFTER_MAX: Duration = Duration::from_secs(365 * 24 * 3600);
/// The shortest such time.
pub const DISABLE_AFTER_MIN: Duration = Duration::from_secs(3600);

/// How a destination is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pacing {
    /// How fast; none for as fast as it takes it.
    pub rate: Option<Rate>,
    /// What is done while it fails.
    pub breaker: Breaker,
    /// Whether concurrency grows from one attempt at a time after an outage, a pause, or a start with a
    /// backlog, instead of all at once.
    pub slow_start: bool,
    /// After how long a time of nothing but failure its connections are disabled; none for never.
    pub disable_after: Option<Duration>,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            rate: None,
            breaker: Breaker::default(),
            slow_start: true,
            disable_after: Some(Duration::from_secs(5 * 24 * 3600)),
        }
    }
}

impl Pacing {
    /// How a destination is treated whose events are asked for: whoever asks sets the pace, so nothing is left alone
    /// while it fails, and nothing starts slowly.
    pub fn pulled() -> Self {
        let breaker = Breaker { enabled: false, ..Breaker::default() };
        Self { breaker, slow_start: false, ..Self::default() }
    }
}

/// So many attempts per unit of time, evenly spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Attempts per unit, at least 1.
    pub limit: u32,
    /// The unit.
    pub per: RateUnit,
    /// How many may be made at once after a time of rest; 1 for even spacing throughout.
    pub burst: u32,
}

/// What a rate counts attempts per.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateUnit {
    /// 1 s.
    Second,
    /// 60 s.
    Minute,
    /// 3600 s.
    Hour,
}

impl RateUnit {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Second, Self::Minute, Self::Hour];

    /// The name in the API, the configuration file and stored forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }

    /// The unit with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// How long it is.
    pub const fn duration(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_secs(60),
            Self::Hour => Duration::from_secs(3600),
        }
    }
}

/// When a destination that fails is left alone, and how it is asked whether it has recovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Whether there is one.
    pub enabled: bool,
    /// It opens after so many failures in a row; 0 for however many.
    pub consecutive_failures: u32,
    /// It opens where at least so many of 100 attempts within `window` failed; 0 for however many.
    pub error_percent: u32,
    /// How far back `error_percent` looks.
    pub window: Duration,
    /// How many attempts there must be in the window before their share of failures means something.
    pub attempts_min: u32,
    /// How long it stays open before the first probe; twice as long after each that fails.
    pub probe_first: Duration,
    /// The longest it stays open before a probe.
    pub probe_max: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            enabled: true,
            consecutive_failures: 20,
            error_percent: 80,
            window: Duration::from_secs(60),
            attempts_min: 100,
            probe_first: Duration::from_secs(1),
            probe_max: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_known_by_their_names() {
        for unit in RateUnit::ALL {
            assert_eq!(RateUnit::from_name(unit.name()), Some(unit));
        }
        assert_eq!(RateUnit::from_name("day"), None);
    }
}
