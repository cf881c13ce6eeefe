//! Times on the wire: RFC 3339, written in UTC with milliseconds, and read with any offset.

use std::fmt;
use std::time::{Duration, SystemTime};

use hookyard_model::clock::Timestamp;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// 9999-12-31T23:59:59.999Z, the last time RFC 3339 can write, in milliseconds since the Unix epoch.
const LAST_MS: u64 = 253_402_300_799_999;
const EXPECTED: &str = "a time as of RFC 3339, such as `2027-01-15T08:00:00Z`";

/// A time: RFC 3339 in UTC, with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(as = Time, value_type = String, format = DateTime)]
pub(crate) struct Rfc3339(pub(crate) Timestamp);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rfc3339 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read(&text).map(Self).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &EXPECTED))
    }
}

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_epoch = Duration::from_millis(self.0.ms().min(LAST_MS));
        humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + since_epoch).fmt(f)
    }
}

/// Reads a time of a URL.
///
/// # Errors
/// What is expected instead, readable after a field's name.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    read(text).ok_or_else(|| format!("expected {EXPECTED} (a `+` in a URL is written `%2B`)"))
}

/// Nothing is older than the epoch, so an earlier time is that.
fn read(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_us(u64::try_from(time.as_microsecond()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_any_offset_and_nothing_else_is() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2027-01-15T08:00:00.007Z", Some(1_800_000_000_007)),
            ("2027-01-15T09:00:00.007+01:00", Some(1_800_000_000_007)),
            ("1969-12-31T23:59:59Z", Some(0)),
            ("2027-01-15T08:00:00", None),
            ("2027-01-15", None),
            ("1800000000", None),
            ("", None),
        ] {
            assert_eq!(parse(text).ok(), ms.map(Timestamp::from_ms), "{text}");
        }
    }

    #[test]
    fn times_are_utc_with_milliseconds() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_709_164_800_007, "2024-02-29T00:00:00.007Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            let text = serde_json::to_string(&Rfc3339(Timestamp::from_us(ms.saturating_mul(1_000)))).unwrap();
            assert_eq!(text, format!("\"{expected}\""));
        }
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        let read = |text: &str| serde_json::from_str::<Rfc3339>(&format!("\"{text}\"")).map(|it| it.0.us());
        assert_eq!(read("2024-02-29T00:00:00.007Z").unwrap(), 1_709_164_800_007_000);
        assert_eq!(read("2024-02-29T01:00:00+01:00").unwrap(), 1_709_164_800_000_000);
        for wrong in ["", "2024-02-29", "2024-02-30T00:00:00Z", "1709164800"] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("expected a time as of RFC 3339"), "{error}");
        }
    }
}
