//! Times as providers write them, and how far a signed one may lie from now.

use crate::definition::Unit;
use crate::verdict::Refusal;

const US_PER_S: u64 = 1_000_000;

/// From this number on, a time that may be in seconds or milliseconds is in milliseconds: in seconds it
/// is the year 5138, in milliseconds 1973.
const MS_FROM: u64 = 100_000_000_000;

/// Checks a signed time, in microseconds since the Unix epoch, against the time of arrival.
pub(crate) fn check(signed_us: u64, now_s: u64, tolerance_s: u64) -> Result<(), Refusal> {
    let signed_s = signed_us / US_PER_S;
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

/// What is said of a text that is no time in this unit: a clause whose subject is its place.
pub(crate) fn complaint(unit: Unit) -> &'static str {
    match unit {
        Unit::S => "it is not a number of seconds",
        Unit::Ms => "it is not a number of milliseconds",
        Unit::Us => "it is not a number of microseconds",
        Unit::SOrMs => "it is not a number of seconds or milliseconds",
        Unit::SOrRfc3339 => "it is neither a number of seconds nor a time of RFC 3339",
        Unit::Rfc3339 => "it is not a time of RFC 3339",
        Unit::HttpDate => "it is not a date as HTTP writes it",
    }
}

/// Reads a time; microseconds since the Unix epoch. A time too large to be held is as far ahead as can
/// be, so that it is refused as such.
pub(crate) fn parse(text: &[u8], unit: Unit) -> Option<u64> {
    match unit {
        Unit::S => decimal(text, US_PER_S),
        Unit::Ms => decimal(text, 1000),
        Unit::Us => decimal(text, 1),
        Unit::SOrMs => {
            let whole = decimal(text, 1)?;
            decimal(text, if whole >= MS_FROM { 1000 } else { US_PER_S })
        }
        Unit::SOrRfc3339 => decimal(text, US_PER_S).or_else(|| rfc3339(text)),
        Unit::Rfc3339 => rfc3339(text),
        Unit::HttpDate => http_date(text),
    }
}

/// A number without a sign, in units of so many microseconds; digits behind a point are a fraction.
fn decimal(text: &[u8], unit_us: u64) -> Option<u64> {
    if let Some(whole) = digits(text) {
        return Some(whole.saturating_mul(unit_us));
    }
    let (whole, fraction) = text.split_at_checked(memchr::memchr(b'.', text)?)?;
    let fraction = fraction.strip_prefix(b".").filter(|rest| !rest.is_empty())?;
    Some(digits(whole)?.saturating_mul(unit_us).saturating_add(fraction_us(fraction, unit_us)?))
}

/// Digits behind a point, as microseconds; what is finer is cut off.
fn fraction_us(fraction: &[u8], unit_us: u64) -> Option<u64> {
    let mut weight_us = unit_us;
    fraction.iter().try_fold(0_u64, |sum_us, digit| {
        weight_us /= 10;
        digit.is_ascii_digit().then(|| sum_us + u64::from(digit - b'0') * weight_us)
    })
}

/// A whole number of at most 19 digits, which 64 bits hold whatever they are.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    let mut number = 0_u64;
    for digit in text {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(value));
    }
    Some(number)
}

/// `2023-11-14T22:13:20.5+01:00`; the `T` may be a space, seconds, fraction and zone may be missing, and
/// `UTC` is a zone. A day alone is no time.
fn rfc3339(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.contains(':'))?;
    let text = text.strip_suffix("UTC").map_or(text, str::trim_end);
    let time = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let without_zone: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(without_zone).ok()
    })?;
    since_epoch(time)
}

/// `Tue, 14 Nov 2023 22:13:20 GMT`; e-mail's form leaves the weekday out and writes the zone as a number.
fn http_date(text: &[u8]) -> Option<u64> {
    since_epoch(jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?)
}

fn since_epoch(time: jiff::Timestamp) -> Option<u64> {
    u64::try_from(time.as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_700_000_000;
    const NOW_US: u64 = NOW_S * US_PER_S;

    fn judged(text: &str) -> Option<Result<(), Refusal>> {
        parse(text.as_bytes(), Unit::S).map(|signed_us| check(signed_us, NOW_S, 300))
    }

    #[test]
    fn the_tolerance_holds_both_ways_and_to_the_second() {
        assert_eq!(judged("1699999700"), Some(Ok(())));
        assert_eq!(judged("1700000300"), Some(Ok(())));
        let old = Refusal::TimestampTooOld { age_s: 301, tolerance_s: 300 };
        assert_eq!(judged("1699999699"), Some(Err(old)));
        let ahead = Refusal::TimestampInFuture { ahead_s: 301, tolerance_s: 300 };
        assert_eq!(judged("1700000301"), Some(Err(ahead)));
    }

    #[test]
    fn milliseconds_taken_for_seconds_lie_far_in_the_future() {
        for text in ["1700000000000", "9999999999999999999"] {
            assert!(matches!(judged(text), Some(Err(Refusal::TimestampInFuture { .. }))), "{text}");
        }
    }

    #[test]
    fn every_unit_reads_the_same_moment() {
        for (unit, text, expected_us) in [
            (Unit::S, "1700000000", NOW_US),
            (Unit::S, "1700000000.25", NOW_US + 250_000),
            (Unit::S, "1700000000.1234567", NOW_US + 123_456),
            (Unit::Ms, "1700000000001", NOW_US + 1000),
            (Unit::Ms, "1700000000001.5", NOW_US + 1500),
            (Unit::Us, "1700000000000001", NOW_US + 1),
            (Unit::SOrMs, "1700000000", NOW_US),
            (Unit::SOrMs, "1700000000.5", NOW_US + 500_000),
            (Unit::SOrMs, "1700000000123", NOW_US + 123_000),
            (Unit::SOrRfc3339, "1700000000", NOW_US),
            (Unit::SOrRfc3339, "2023-11-14T22:13:20.500Z", NOW_US + 500_000),
            (Unit::Rfc3339, "2023-11-14T22:13:20Z", NOW_US),
            (Unit::Rfc3339, "2023-11-14 22:13:20", NOW_US),
            (Unit::Rfc3339, "2023-11-14t23:43:20.5+01:30", NOW_US + 500_000),
            (Unit::Rfc3339, "2023-11-14T15:13:20.123456789-0700", NOW_US + 123_456),
            (Unit::Rfc3339, "2023-11-14T22:13:20+00", NOW_US),
            (Unit::Rfc3339, "2023-11-14 22:13:20 UTC", NOW_US),
            (Unit::Rfc3339, "2023-11-14T22:13Z", NOW_US - 20 * US_PER_S),
            (Unit::Rfc3339, "1970-01-01T00:00:00Z", 0),
            (Unit::Rfc3339, "2000-02-29T00:00:00Z", 951_782_400 * US_PER_S),
            (Unit::Rfc3339, "2016-12-31T23:59:60Z", 1_483_228_799 * US_PER_S),
            (Unit::HttpDate, "Tue, 14 Nov 2023 22:13:20 GMT", NOW_US),
            (Unit::HttpDate, "14 nov 2023 15:13:20 -0700 (PDT)", NOW_US),
            (Unit::HttpDate, "Sun, 6 Nov 1994 08:49:37 GMT", 784_111_777 * US_PER_S),
        ] {
            assert_eq!(parse(text.as_bytes(), unit), Some(expected_us), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_taken_for_one() {
        for text in [
            "",
            "-1",
            "+1700000000",
            " 1700000000",
            "1e9",
            "99999999999999999999",
            "1.",
            ".5",
            "1.5.5",
            "1.x",
        ] {
            for unit in [Unit::S, Unit::Ms, Unit::Us, Unit::SOrMs, Unit::SOrRfc3339] {
                assert_eq!(parse(text.as_bytes(), unit), None, "{text}");
            }
        }
        for text in [
            "2023-02-29T00:00:00Z",
            "1900-01-01T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-00-01T00:00:00Z",
            "2023-01-00T00:00:00Z",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:60:00Z",
            "2023-01-01T00:00:00+2600",
            "2023-01-01T00:00:00.Z",
            "2023-01-01",
            "1970-01-01T00:00:00+01:00",
            "1700000000",
        ] {
            assert_eq!(parse(text.as_bytes(), Unit::Rfc3339), None, "{text}");
        }
        for text in ["Tue, 14 Nov 2023", "Tue, 31 Jun 2023 22:13:20 GMT", "2023-11-14"] {
            assert_eq!(parse(text.as_bytes(), Unit::HttpDate), None, "{text}");
        }
    }
}
