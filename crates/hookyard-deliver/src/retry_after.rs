//! The `Retry-After` header of an answer: seconds, or a date (RFC 9110, section 10.2.3); and `-1`, which is in
//! no standard and means that no further attempt is wanted.
//!
//! A destination can ask for patience, not for ever: what lies further off than [`WAIT_MAX`] is brought
//! back to it, and what lies in the past means now.

use std::time::{Duration, UNIX_EPOCH};

use hookyard_model::clock::Timestamp;
use hookyard_rules::retry::RetryAfter;

/// The longest wait a destination can ask for.
pub const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

/// Reads the header's value; none where it is in no form. A time is between `now` and [`WAIT_MAX`] after it.
pub(crate) fn parse(value: &[u8], now: Timestamp) -> Option<RetryAfter> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if text == "-1" {
        return Some(RetryAfter::Never);
    }
    let at = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number too large for 64 bits fails to parse here, and the bound below takes care of it.
        now.plus(Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
    } else {
        let since_epoch = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        Timestamp::default().plus(since_epoch)
    };
    Some(RetryAfter::At(at.clamp(now, now.plus(WAIT_MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW_S: u64 = 784_111_777;

    #[test]
    fn both_forms_are_read_and_bounded() {
        let day = WAIT_MAX.as_secs();
        for (value, expected_wait_s) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("007", Some(7)),
            ("86400", Some(day)),
            ("86401", Some(day)),
            ("99999999999999999999999999", Some(day)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Sun Nov  6 08:50:37 1994", Some(60)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Fri, 06 Nov 2093 08:49:37 GMT", Some(day)),
            ("", None),
            ("-2", None),
            ("-1s", None),
            ("+5", None),
            ("1.5", None),
            ("5 seconds", None),
            ("soon", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ] {
            let now = Timestamp::from_ms(NOW_S * 1000);
            let expected =
                expected_wait_s.map(|wait_s| RetryAfter::At(Timestamp::from_ms((NOW_S + wait_s) * 1000)));
            assert_eq!(parse(value.as_bytes(), now), expected, "{value}");
        }
        assert_eq!(parse(b" -1 ", Timestamp::default()), Some(RetryAfter::Never));
        assert_eq!(parse(b"\xff1", Timestamp::default()), None);
    }
}
