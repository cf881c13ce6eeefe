//! Guesses of the admin key, which a person chose, so that it may be guessed: each wrong one is answered late, and a
//! remote that makes many of them is refused for a while without a look at what it shows.
//!
//! API keys and sessions are 256 random bits: nobody guesses them, so calls that show one are never refused here, and
//! go on while somebody guesses from the same address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How far back failures count.
const WINDOW: Duration = Duration::from_secs(60);
/// Wrong guesses that are answered late at the same time; while there are more, no guess is looked at.
const DELAYED_MAX: usize = 32;
/// Remotes whose failures are remembered; beyond them the one that failed longest ago is forgotten.
const REMOTES_MAX: usize = 1_024;

/// The failures of the last minute.
#[derive(Debug)]
pub(super) struct Failures {
    per_minute_max: u32,
    delay: Duration,
    of_remotes: Mutex<HashMap<Option<IpAddr>, Count>>,
    delayed: Semaphore,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Timestamp,
    failures: u32,
}

/// The right to have one guess looked at.
#[derive(Debug)]
pub(super) struct Guess<'a> {
    failures: &'a Failures,
    remote: Option<IpAddr>,
    _place: SemaphorePermit<'a>,
}

impl Failures {
    pub(super) fn new(per_minute_max: u32, delay: Duration) -> Self {
        Self { per_minute_max, delay, of_remotes: Mutex::default(), delayed: Semaphore::new(DELAYED_MAX) }
    }

    /// Lets a guess be looked at.
    ///
    /// # Errors
    /// When to come back, in seconds.
    pub(super) fn admit(&self, remote: Option<IpAddr>, now: Timestamp) -> Result<Guess<'_>, u64> {
        let remote = remote.map(network_of);
        let of_remotes = self.of_remotes.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of_remotes.get(&remote).filter(|count| now.since(count.since) < WINDOW);
        if let Some(count) = count.filter(|count| count.failures >= self.per_minute_max) {
            let left = WINDOW.saturating_sub(now.since(count.since));
            return Err(left.as_secs().max(1));
        }
        let place = self.delayed.try_acquire().map_err(|_| 1_u64)?;
        Ok(Guess { failures: self, remote, _place: place })
    }
}

impl Guess<'_> {
    /// It was wrong: that counts, and the answer waits.
    pub(super) async fn failed(self, now: Timestamp) {
        self.count(now);
        tokio::time::sleep(self.failures.delay).await;
    }

    fn count(&self, now: Timestamp) {
        let mut of_remotes = self.failures.of_remotes.lock().unwrap_or_else(PoisonError::into_inner);
        if of_remotes.get(&self.remote).is_some_and(|count| now.since(count.since) >= WINDOW) {
            of_remotes.remove(&self.remote);
        }
        if of_remotes.len() >= REMOTES_MAX && !of_remotes.contains_key(&self.remote) {
            let oldest = of_remotes.iter().min_by_key(|(_, count)| count.since).map(|(remote, _)| *remote);
            oldest.map(|remote| of_remotes.remove(&remote));
        }
        let count = of_remotes.entry(self.remote).or_insert(Count { since: now, failures: 0 });
        count.failures = count.failures.saturating_add(1);
    }
}

/// Of IPv6 the /64, in which everybody has as many addresses as they like.
fn network_of(remote: IpAddr) -> IpAddr {
    match remote.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    fn remote(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[tokio::test]
    async fn a_remote_with_many_failures_is_refused_for_the_rest_of_the_minute() {
        let failures = Failures::new(2, Duration::ZERO);
        let guess = async |text: &str, at: Timestamp| match failures.admit(remote(text), at) {
            Ok(guess) => {
                guess.failed(at).await;
                Ok(())
            }
            Err(seconds) => Err(seconds),
        };
        assert_eq!(guess("10.0.0.1", NOW).await, Ok(()));
        let later = NOW.plus(Duration::from_secs(50));
        assert_eq!(guess("::ffff:10.0.0.1", later).await, Ok(()));
        assert_eq!(guess("10.0.0.1", later).await, Err(10));
        assert_eq!(guess("10.0.0.2", later).await, Ok(()), "others are not");
        assert_eq!(guess("10.0.0.1", NOW.plus(Duration::from_secs(60))).await, Ok(()));
        for address in ["2001:db8::1", "2001:db8::2"] {
            assert_eq!(guess(address, NOW).await, Ok(()));
        }
        assert!(guess("2001:db8::3", NOW).await.is_err(), "one network is one remote");
        assert_eq!(guess("2001:db8:0:1::1", NOW).await, Ok(()));
    }

    #[tokio::test]
    async fn guesses_at_the_same_time_and_remotes_that_are_remembered_are_bounded() {
        let failures = Failures::new(1_000, Duration::ZERO);
        let guesses: Vec<_> = (0..DELAYED_MAX).map(|_| failures.admit(None, NOW).unwrap()).collect();
        assert_eq!(failures.admit(remote("10.0.0.1"), NOW).unwrap_err(), 1);
        drop(guesses);
        for number in 0..2 * u32::try_from(REMOTES_MAX).unwrap() {
            let address = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
            failures.admit(Some(address), NOW).unwrap().failed(NOW).await;
        }
        assert_eq!(failures.of_remotes.lock().unwrap().len(), REMOTES_MAX);
    }
}
