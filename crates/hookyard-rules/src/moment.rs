//! Times as they stand in payloads.

use hookyard_model::clock::Timestamp;

/// A time in RFC 3339, or a whole number of seconds, milliseconds or microseconds since the Unix epoch: which of
/// them is told by its size (up to the year 5138 in seconds). None for anything else, and for times before 1970.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    if let Ok(number) = text.parse::<u64>() {
        let us = match number {
            0..100_000_000_000 => number * 1_000_000,
            100_000_000_000..100_000_000_000_000 => number * 1_000,
            _ => number,
        };
        return Some(Timestamp::from_us(us));
    }
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_microsecond()).ok().map(Timestamp::from_us)
}

/// The time in RFC 3339, UTC, to the millisecond.
pub(crate) fn text(time: Timestamp) -> String {
    let ms = i64::try_from(time.ms()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| format!("{ms} ms"), |time| format!("{time:.3}"))
}
