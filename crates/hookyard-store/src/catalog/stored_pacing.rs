//! The stored form of how a destination is sent to: JSON whose outermost name is its version. A new form gets a
//! new name, and the old ones are read for ever.

use std::time::Duration;

use hookyard_model::pacing::{Breaker, Pacing, Rate, RateUnit};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::check;
use super::write::WriteError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Stored {
    V1 { rate: Option<StoredRate>, breaker: StoredBreaker, slow_start: bool, disable_after_ms: Option<u64> },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRate {
    limit: u32,
    per: String,
    burst: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredBreaker {
    enabled: bool,
    consecutive_failures: u32,
    error_percent: u32,
    window_ms: u64,
    attempts_min: u32,
    probe_first_ms: u64,
    probe_max_ms: u64,
}

/// The text that is stored; none for the defaults, so that they can change with a new version.
///
/// # Errors
/// A duration that [`check::pacing`] would have refused.
pub(super) fn encode(pacing: &Pacing) -> Result<Option<String>, WriteError> {
    if *pacing == Pacing::default() {
        return Ok(None);
    }
    let Pacing { rate, breaker, slow_start, disable_after } = pacing;
    let rate = rate.map(|Rate { limit, per, burst }| StoredRate { limit, per: per.name().to_owned(), burst });
    let stored = Stored::V1 {
        rate,
        breaker: StoredBreaker {
            enabled: breaker.enabled,
            consecutive_failures: breaker.consecutive_failures,
            error_percent: breaker.error_percent,
            window_ms: whole_ms(breaker.window)?,
            attempts_min: breaker.attempts_min,
            probe_first_ms: whole_ms(breaker.probe_first)?,
            probe_max_ms: whole_ms(breaker.probe_max)?,
        },
        slow_start: *slow_start,
        disable_after_ms: disable_after.map(whole_ms).transpose()?,
    };
    serde_json::to_string(&stored).map(Some).map_err(|error| WriteError::Storage(error.to_string()))
}

fn whole_ms(duration: Duration) -> Result<u64, WriteError> {
    check::whole_ms(duration)
        .ok_or_else(|| WriteError::Storage("a duration has a fraction of a millisecond".to_owned()))
}

/// What a stored text of any version says.
///
/// # Errors
/// Where it is in none of the forms.
pub(super) fn decode(text: Option<&str>) -> Result<Pacing, serde_json::Error> {
    let Some(text) = text else { return Ok(Pacing::default()) };
    let Stored::V1 { rate, breaker, slow_start, disable_after_ms } = serde_json::from_str(text)?;
    let rate = match rate {
        None => None,
        Some(StoredRate { limit, per, burst }) => {
            let unit = RateUnit::from_name(&per);
            let per =
                unit.ok_or_else(|| serde_json::Error::custom(format!("`{per}` is no unit of a rate")))?;
            Some(Rate { limit, per, burst })
        }
    };
    Ok(Pacing {
        rate,
        breaker: Breaker {
            enabled: breaker.enabled,
            consecutive_failures: breaker.consecutive_failures,
            error_percent: breaker.error_percent,
            window: Duration::from_millis(breaker.window_ms),
            attempts_min: breaker.attempts_min,
            probe_first: Duration::from_millis(breaker.probe_first_ms),
            probe_max: Duration::from_millis(breaker.probe_max_ms),
        },
        slow_start,
        disable_after: disable_after_ms.map(Duration::from_millis),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_not_stored() {
        assert_eq!(encode(&Pacing::default()).unwrap(), None);
        assert_eq!(decode(None).unwrap(), Pacing::default());
    }

    #[test]
    fn stored_pacing_of_the_first_version_is_read_for_ever() {
        let text = r#"{"v1":{"rate":{"limit":90,"per":"minute","burst":3},"breaker":{"enabled":false,"consecutive_failures":1,"error_percent":2,"window_ms":3,"attempts_min":4,"probe_first_ms":50,"probe_max_ms":60},"slow_start":false,"disable_after_ms":86400000}}"#;
        let pacing = Pacing {
            rate: Some(Rate { limit: 90, per: RateUnit::Minute, burst: 3 }),
            breaker: Breaker {
                enabled: false,
                consecutive_failures: 1,
                error_percent: 2,
                window: Duration::from_millis(3),
                attempts_min: 4,
                probe_first: Duration::from_millis(50),
                probe_max: Duration::from_millis(60),
            },
            slow_start: false,
            disable_after: Some(Duration::from_secs(24 * 3600)),
        };
        assert_eq!(decode(Some(text)).unwrap(), pacing);
        assert_eq!(encode(&pacing).unwrap().as_deref(), Some(text));
        let least = r#"{"v1":{"rate":null,"breaker":{"enabled":true,"consecutive_failures":20,"error_percent":80,"window_ms":60000,"attempts_min":100,"probe_first_ms":1000,"probe_max_ms":30000},"slow_start":true,"disable_after_ms":null}}"#;
        let never = Pacing { disable_after: None, ..Pacing::default() };
        assert_eq!(decode(Some(least)).unwrap(), never);
        assert_eq!(encode(&never).unwrap().as_deref(), Some(least));
        assert!(decode(Some(&text.replace("minute", "day"))).is_err());
    }
}
