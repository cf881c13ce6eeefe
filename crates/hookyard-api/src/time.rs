//! Times on the wire: RFC 3339 in UTC with milliseconds.

use std::time::{Duration, SystemTime};

use hookyard_model::clock::Timestamp;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// 9999-12-31T23:59:59.999Z, the last time RFC 3339 can write, in milliseconds since the Unix epoch.
const LAST_MS: u64 = 253_402_300_799_999;

/// A time: RFC 3339 in UTC, with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(as = Time, value_type = String, format = DateTime)]
pub(crate) struct Rfc3339(pub(crate) Timestamp);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let since_epoch = Duration::from_millis(self.0.ms().min(LAST_MS));
        serializer.collect_str(&humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + since_epoch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
