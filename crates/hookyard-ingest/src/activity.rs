//! What a connection is doing and since when, so that one timer per connection can end the slow and the
//! idle ones.
//!
//! hyper has a timer for reading heads, but it also runs while a kept-alive connection rests, is made
//! anew for every request, and does not run before the protocol is known. This one costs a request two
//! atomic stores; the connection's task looks at it every `header_read_timeout` at the latest.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use tokio::time::{Duration, Instant};

use crate::limits::Limits;

/// No head is being read.
const NONE: u64 = u64::MAX;

/// Times are microseconds since the connection was opened.
#[derive(Debug)]
pub(crate) struct Activity {
    opened: Instant,
    requests: AtomicU32,
    head_since_us: AtomicU64,
    rests_since_us: AtomicU64,
    is_http2: AtomicBool,
}

/// What the connection's timer has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Look again at this time.
    Wait(Instant),
    /// It rested for too long: close it in good order.
    Close,
    /// A head took too long: there is nobody to answer.
    Cut,
}

/// Marks a request as being handled until it is dropped.
#[derive(Debug)]
pub(crate) struct Busy<'a>(&'a Activity);

impl Activity {
    /// A connection opened at `now`, of which a first head is expected.
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            opened: now,
            requests: AtomicU32::new(0),
            head_since_us: AtomicU64::new(0),
            rests_since_us: AtomicU64::new(0),
            is_http2: AtomicBool::new(false),
        }
    }

    /// Bytes were read. With no request under way they begin a head, or add to one.
    pub(crate) fn read(&self) {
        if self.requests.load(Ordering::Acquire) == 0 && self.head_since_us.load(Ordering::Acquire) == NONE {
            self.head_since_us.store(self.now_us(), Ordering::Release);
        }
    }

    /// The connection speaks HTTP/2: its frames between requests begin no head.
    pub(crate) fn set_http2(&self) {
        self.is_http2.store(true, Ordering::Release);
    }

    /// A head is complete and its request is being handled.
    pub(crate) fn begin(&self) -> Busy<'_> {
        self.requests.fetch_add(1, Ordering::AcqRel);
        self.head_since_us.store(NONE, Ordering::Release);
        Busy(self)
    }

    /// What is to be done at `now`.
    pub(crate) fn next(&self, now: Instant, limits: &Limits) -> Next {
        let soon = now + limits.header_read_timeout;
        if self.requests.load(Ordering::Acquire) > 0 {
            return Next::Wait(soon);
        }
        let head_since_us = self.head_since_us.load(Ordering::Acquire);
        if head_since_us != NONE && !self.is_http2.load(Ordering::Acquire) {
            let until = self.at(head_since_us) + limits.header_read_timeout;
            return if until <= now { Next::Cut } else { Next::Wait(until) };
        }
        let until = self.at(self.rests_since_us.load(Ordering::Acquire)) + limits.idle_timeout;
        if until <= now { Next::Close } else { Next::Wait(until.min(soon)) }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(NONE - 1)
    }

    fn at(&self, us: u64) -> Instant {
        self.opened + Duration::from_micros(us)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.rests_since_us.store(self.0.now_us(), Ordering::Release);
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            header_read_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            ..Limits::default()
        }
    }

    fn in_s(activity: &Activity, s: u64) -> Instant {
        activity.opened + Duration::from_secs(s)
    }

    #[test]
    fn a_connection_that_sends_no_head_is_cut() {
        let activity = Activity::new(Instant::now());
        activity.read();
        assert_eq!(activity.next(in_s(&activity, 9), &limits()), Next::Wait(in_s(&activity, 10)));
        assert_eq!(activity.next(in_s(&activity, 10), &limits()), Next::Cut);
    }

    #[test]
    fn a_request_under_way_is_left_alone() {
        let activity = Activity::new(Instant::now());
        let _busy = activity.begin();
        activity.read();
        assert_eq!(activity.next(in_s(&activity, 500), &limits()), Next::Wait(in_s(&activity, 510)));
    }

    #[test]
    fn a_resting_connection_is_closed_and_a_second_slow_head_is_cut() {
        let activity = Activity::new(Instant::now());
        drop(activity.begin());
        assert_eq!(activity.next(in_s(&activity, 20), &limits()), Next::Wait(in_s(&activity, 30)));
        assert_eq!(activity.next(in_s(&activity, 76), &limits()), Next::Close);
        activity.read();
        assert!(matches!(activity.next(in_s(&activity, 5), &limits()), Next::Wait(_)));
        assert_eq!(activity.next(in_s(&activity, 11), &limits()), Next::Cut);
    }

    #[test]
    fn frames_between_http2_requests_are_no_head() {
        let activity = Activity::new(Instant::now());
        activity.set_http2();
        drop(activity.begin());
        activity.read();
        assert_eq!(activity.next(in_s(&activity, 60), &limits()), Next::Wait(in_s(&activity, 70)));
        assert_eq!(activity.next(in_s(&activity, 76), &limits()), Next::Close);
    }
}
