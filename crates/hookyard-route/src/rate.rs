//! How often the hosts of one provider are asked for keys.
//!
//! Which key a request needs, and with some providers its URL, is the sender's word, and anybody can send.
//! Without a bound, whoever knows a source's URL could have its provider asked as often as they like.
//!
//! **Invariants:** of the calls to one list of hosts at most `per_minute` begin at once, and as many in each
//! further minute. Who has to wait is told until when, and has used nothing up.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use rustc_hash::FxHashMap;

const MINUTE_US: u64 = 60_000_000;
/// Lists of hosts from which on those are forgotten that have not been asked for a minute.
const REMEMBERED_MAX: usize = 1_024;

/// The calls to all lists of hosts. A description has one list for all its sources.
#[derive(Debug)]
pub(crate) struct Rate {
    /// Between two calls in the long run.
    interval_us: u64,
    /// When the calls so far are paid for, one interval each.
    paid_at: Mutex<FxHashMap<Vec<String>, Timestamp>>,
}

impl Rate {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { interval_us: MINUTE_US / u64::from(per_minute.max(1)), paid_at: Mutex::default() }
    }

    /// Whether these hosts may be called now; otherwise when.
    pub(crate) fn take(&self, hosts: &[String], now: Timestamp) -> Result<(), Timestamp> {
        let mut all = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        let paid_at = all.get(hosts).copied().unwrap_or(now).max(now);
        let ahead_us = MINUTE_US - self.interval_us;
        if paid_at.us() - now.us() > ahead_us {
            return Err(Timestamp::from_us(paid_at.us() - ahead_us));
        }
        let paid_at = paid_at.plus(Duration::from_micros(self.interval_us));
        match all.get_mut(hosts) {
            Some(known) => *known = paid_at,
            None => {
                if all.len() >= REMEMBERED_MAX {
                    all.retain(|_, paid_at| *paid_at > now);
                }
                all.insert(hosts.to_vec(), paid_at);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_at_once_and_then_one_after_the_other() {
        let rate = Rate::new(3);
        let (one, other) = (vec!["a.example".to_owned()], vec!["b.example".to_owned()]);
        let start = Timestamp::from_us(1_700_000_000_000_000);
        let at = |seconds| start.plus(Duration::from_secs(seconds));
        for _ in 0..3 {
            assert_eq!(rate.take(&one, start), Ok(()));
        }
        assert_eq!(rate.take(&one, start), Err(at(20)));
        assert_eq!(rate.take(&other, start), Ok(()));
        assert_eq!(rate.take(&one, at(19)), Err(at(20)));
        assert_eq!(rate.take(&one, at(20)), Ok(()));
        assert_eq!(rate.take(&one, at(20)), Err(at(40)));
        // Nobody saves up for more than a minute.
        for _ in 0..3 {
            assert_eq!(rate.take(&one, at(600)), Ok(()));
        }
        assert_eq!(rate.take(&one, at(600)), Err(at(620)));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_busy_are_not_forgotten() {
        let rate = Rate::new(1);
        let start = Timestamp::from_us(1_700_000_000_000_000);
        let busy = vec!["busy.example".to_owned()];
        for host in 0..5_000_u64 {
            let now = start.plus(Duration::from_secs(host));
            let _ = rate.take(&busy, now);
            assert_eq!(rate.take(&[format!("{host}.example")], now), Ok(()));
            assert!(rate.take(&busy, now).is_err());
        }
        assert!(rate.paid_at.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
