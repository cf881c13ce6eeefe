//! The memory that request bodies may take together.
//!
//! Bytes are claimed as they arrive, not as they are announced: a sender that promises 10 MiB and sends
//! nothing takes nothing from the others.
//!
//! **Invariant:** the count is what all living [`Hold`]s hold, and never more than the maximum plus the
//! one claim that is just being refused.

use std::sync::atomic::AtomicI64;

use prometheus_client::metrics::gauge::Gauge;

/// A count of bytes in flight; the gauge in the metrics is the count itself.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: Gauge<i64, AtomicI64>,
    bytes_max: i64,
}

/// What one request holds of the budget; dropping it gives the bytes back.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    budget: &'a Budget,
    bytes: i64,
}

impl Budget {
    /// A budget of `bytes_max` that counts in `bytes`.
    pub(crate) fn new(bytes: Gauge<i64, AtomicI64>, bytes_max: usize) -> Self {
        Self { bytes, bytes_max: i64::try_from(bytes_max).unwrap_or(i64::MAX) }
    }

    /// A hold on nothing yet.
    pub(crate) const fn hold(&self) -> Hold<'_> {
        Hold { budget: self, bytes: 0 }
    }

    /// Whether `bytes` more would fit now; nothing is claimed.
    pub(crate) fn has_room_for(&self, bytes: u64) -> bool {
        let free = self.bytes_max.saturating_sub(self.bytes.get());
        i64::try_from(bytes).is_ok_and(|bytes| bytes <= free)
    }
}

impl Hold<'_> {
    /// Claims `bytes` more. False, and nothing claimed, where the budget has no room for them.
    #[must_use]
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let Ok(bytes) = i64::try_from(bytes) else {
            return false;
        };
        let before = self.budget.bytes.inc_by(bytes);
        if before.saturating_add(bytes) > self.budget.bytes_max {
            self.budget.bytes.dec_by(bytes);
            return false;
        }
        self.bytes += bytes;
        true
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.bytes.dec_by(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_claim_takes_nothing_and_a_dropped_hold_gives_back() {
        let gauge = Gauge::default();
        let budget = Budget::new(gauge.clone(), 10);
        let mut first = budget.hold();
        let mut second = budget.hold();
        assert!(first.grow(6));
        assert!(!second.grow(5));
        assert!(second.grow(4));
        assert!(!budget.has_room_for(1));
        assert_eq!(gauge.get(), 10);
        drop(first);
        assert!(budget.has_room_for(6));
        assert!(!budget.has_room_for(7));
        drop(second);
        assert_eq!(gauge.get(), 0);
    }
}
