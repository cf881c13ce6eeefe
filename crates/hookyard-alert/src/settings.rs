//! The bounds of telling people.

use std::time::Duration;

/// How long telling takes, and how often it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long sending one message may take, everything together.
    pub timeout: Duration,
    /// How long to wait after the first failure; twice as long after each further one.
    pub retry_first: Duration,
    /// The longest such wait.
    pub retry_max: Duration,
    /// How long something is tried; then it is given up.
    pub retry_age_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            retry_first: Duration::from_secs(10),
            retry_max: Duration::from_secs(3600),
            retry_age_max: Duration::from_secs(24 * 3600),
        }
    }
}

impl Settings {
    /// How long to wait after a failure, where so many came before it.
    pub(crate) fn wait(&self, tries: u32) -> Duration {
        self.retry_first.saturating_mul(2_u32.saturating_pow(tries)).min(self.retry_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let settings = Settings::default();
        let waits: Vec<u64> = (0..12).map(|tries| settings.wait(tries).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]);
        assert_eq!(settings.wait(u32::MAX), settings.retry_max);
    }
}
