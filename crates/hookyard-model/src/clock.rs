//! Wall-clock time, passed in wherever it is needed so that tests can turn it by hand.
//!
//! Measuring durations is not this module's business: that is what [`std::time::Instant`] is for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Later than any other.
    pub const MAX: Self = Self(u64::MAX);

    /// The time that is `us` microseconds after the Unix epoch.
    pub const fn from_us(us: u64) -> Self {
        Self(us)
    }

    /// The time that is `ms` milliseconds after the Unix epoch.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000))
    }

    /// Microseconds since the Unix epoch.
    pub const fn us(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the Unix epoch.
    pub const fn ms(self) -> u64 {
        self.0 / 1_000
    }

    /// Whole seconds since the Unix epoch.
    pub const fn s(self) -> u64 {
        self.0 / 1_000_000
    }

    /// This time plus `duration`; the far future where it would overflow.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }

    /// This time less `duration`; the epoch where there is no such time.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }

    /// How long ago `earlier` was; zero where it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// Where "now" comes from: the machine, or a test's hand.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's wall clock.
    System,
    /// A clock that moves only when told to; the value is in microseconds since the Unix epoch.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicU64::new(start.us())))
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place where the ambient clock is read")]
            Self::System => {
                let since_epoch =
                    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Timestamp(u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX))
            }
            Self::Manual(us) => Timestamp(us.load(Ordering::Acquire)),
        }
    }

    /// Moves a manual clock forward; the machine's clock ignores it.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(us) = self {
            us.fetch_add(u64::try_from(by.as_micros()).unwrap_or(u64::MAX), Ordering::AcqRel);
        }
    }
}
