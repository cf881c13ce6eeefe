//! Timestamps in seconds since the Unix epoch, and how far they may lie from now.

use http::HeaderName;

use crate::headers::malformed;
use crate::request::Refusal;

/// Reads a timestamp that stands in the header `name` and checks it against the time of arrival.
pub(crate) fn check(name: &HeaderName, text: &[u8], now_s: u64, tolerance_s: u64) -> Result<(), Refusal> {
    let Some(signed_s) = parse(text) else {
        return Err(malformed(name, "the timestamp is not a whole number of seconds"));
    };
    let age_s = now_s.saturating_sub(signed_s);
    if age_s > tolerance_s {
        return Err(Refusal::TimestampTooOld { age_s, tolerance_s });
    }
    let ahead_s = signed_s.saturating_sub(now_s);
    if ahead_s > tolerance_s {
        return Err(Refusal::TimestampInFuture { ahead_s, tolerance_s });
    }
    Ok(())
}

/// Digits only: no sign, no space, no fraction.
fn parse(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_700_000_000;

    fn judged(text: &str) -> Result<(), Refusal> {
        check(&HeaderName::from_static("t"), text.as_bytes(), NOW_S, 300)
    }

    #[test]
    fn the_tolerance_holds_both_ways_and_to_the_second() {
        assert_eq!(judged("1699999700"), Ok(()));
        assert_eq!(judged("1700000300"), Ok(()));
        assert_eq!(judged("1699999699"), Err(Refusal::TimestampTooOld { age_s: 301, tolerance_s: 300 }));
        assert_eq!(judged("1700000301"), Err(Refusal::TimestampInFuture { ahead_s: 301, tolerance_s: 300 }));
    }

    #[test]
    fn milliseconds_lie_far_in_the_future() {
        assert!(matches!(judged("1700000000000"), Err(Refusal::TimestampInFuture { .. })));
    }

    #[test]
    fn only_digits_make_a_number() {
        for text in ["", "-1", "+1700000000", " 1700000000", "1700000000.0", "1e9", "99999999999999999999"] {
            assert!(matches!(judged(text), Err(Refusal::HeaderMalformed { .. })), "{text}");
        }
    }
}
