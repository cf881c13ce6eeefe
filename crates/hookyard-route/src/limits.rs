//! The bounds of late verification, and of what goes through code.

use std::time::Duration;

/// What requests that cannot be routed at once take, at most. `Default` gives the documented values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long fetching a key may take, from resolving the name to the last byte.
    pub fetch_timeout: Duration,
    /// Keys that are fetched at the same time for one source.
    pub fetches_max: usize,
    /// How often the hosts of one provider are asked for keys in a minute, for all sources together: which
    /// key a request needs is its sender's word.
    pub fetches_per_minute_max: u32,
    /// The first wait after a failed fetch; each further one is twice as long.
    pub retry_first: Duration,
    /// The longest such wait.
    pub retry_max: Duration,
    /// How long a request may wait for its key; then it is rejected.
    pub pending_age_max: Duration,
    /// Requests of one source that go through its connections' rules at the same time, where they run code.
    pub plans_max: usize,
    /// Pending requests, and others that cannot be routed at once, of one source that are kept in memory.
    pub pending_requests_max: usize,
    /// Bytes of such requests of one source that are kept in memory; one is kept in any case.
    pub pending_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fetch_timeout: Duration::from_secs(10),
            fetches_max: 4,
            fetches_per_minute_max: 60,
            retry_first: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
            pending_age_max: Duration::from_secs(24 * 3600),
            plans_max: 16,
            pending_requests_max: 2048,
            pending_bytes_max: 4 << 20,
        }
    }
}
