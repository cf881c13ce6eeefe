//! How a destination is sent to, on the wire: `rate`, `breaker` and `disable_after_ms`.

use std::time::Duration;

use hookyard_model::pacing::{Breaker, Pacing, Rate, RateUnit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::wire::ms;
use crate::body::Object;
use crate::merge::Field;
use crate::openapi::names;
use crate::problem::Problem;

/// A rate as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RateView {
    limit: u32,
    #[schema(value_type = names::RateUnit)]
    per: &'static str,
    burst: u32,
}

impl From<Rate> for RateView {
    fn from(rate: Rate) -> Self {
        Self { limit: rate.limit, per: rate.per.name(), burst: rate.burst }
    }
}

/// What a body says about a rate.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RateFields {
    /// So many attempts.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    limit: Field<u32>,
    /// In this time; a second by default.
    #[schema(value_type = Option<names::RateUnit>)]
    per: Field<String>,
    /// So many at once after a rest; 1 by default.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    burst: Field<u32>,
}

impl RateFields {
    /// The rate that results.
    ///
    /// # Errors
    /// A new one without its limit, or an unknown unit.
    pub(super) fn onto(change: Field<Object<Self>>, current: Option<Rate>) -> Result<Option<Rate>, Problem> {
        let Self { limit, per, burst } = match change {
            Field::Keep => return Ok(current),
            Field::Reset => return Ok(None),
            Field::Set(Object(fields)) => fields,
        };
        let unit = current.map_or(RateUnit::Second, |rate| rate.per);
        let named = per.over(unit.name().to_owned(), RateUnit::Second.name().to_owned());
        let per = RateUnit::from_name(&named)
            .ok_or_else(|| Problem::invalid_field("rate.per", "expected `second`, `minute` or `hour`"))?;
        let limit = limit.required(current.map(|rate| rate.limit), "rate.limit")?;
        Ok(Some(Rate { limit, per, burst: burst.over(current.map_or(1, |rate| rate.burst), 1) }))
    }
}

/// A breaker as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BreakerView {
    enabled: bool,
    consecutive_failures: u32,
    error_percent: u32,
    window_ms: u64,
    attempts_min: u32,
    probe_first_ms: u64,
    probe_max_ms: u64,
}

impl From<Breaker> for BreakerView {
    fn from(breaker: Breaker) -> Self {
        Self {
            enabled: breaker.enabled,
            consecutive_failures: breaker.consecutive_failures,
            error_percent: breaker.error_percent,
            window_ms: ms(breaker.window),
            attempts_min: breaker.attempts_min,
            probe_first_ms: ms(breaker.probe_first),
            probe_max_ms: ms(breaker.probe_max),
        }
    }
}

/// What a body says about a breaker.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BreakerFields {
    /// Whether there is one.
    enabled: Field<bool>,
    /// It opens after so many failures in a row; 0 to leave that out.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 1_000_000)]
    consecutive_failures: Field<u32>,
    /// It opens where so many of a hundred attempts fail; 0 to leave that out.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 100)]
    error_percent: Field<u32>,
    /// Over this time.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 86_400_000)]
    window_ms: Field<u64>,
    /// Where there were so many attempts.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    attempts_min: Field<u32>,
    /// The wait before the first probe.
    #[schema(value_type = Option<u64>, minimum = 10, maximum = 86_400_000)]
    probe_first_ms: Field<u64>,
    /// The longest wait before a probe.
    #[schema(value_type = Option<u64>, minimum = 10, maximum = 86_400_000)]
    probe_max_ms: Field<u64>,
}

impl BreakerFields {
    /// The breaker that results; its bounds are the catalog's.
    pub(super) fn onto(change: Field<Object<Self>>, current: Breaker) -> Breaker {
        let default = Breaker::default();
        let fields = match change {
            Field::Keep => return current,
            Field::Reset => return default,
            Field::Set(Object(fields)) => fields,
        };
        let time = |field: Field<u64>, current: Duration, default: Duration| {
            Duration::from_millis(field.over(ms(current), ms(default)))
        };
        Breaker {
            enabled: fields.enabled.over(current.enabled, default.enabled),
            consecutive_failures: fields
                .consecutive_failures
                .over(current.consecutive_failures, default.consecutive_failures),
            error_percent: fields.error_percent.over(current.error_percent, default.error_percent),
            window: time(fields.window_ms, current.window, default.window),
            attempts_min: fields.attempts_min.over(current.attempts_min, default.attempts_min),
            probe_first: time(fields.probe_first_ms, current.probe_first, default.probe_first),
            probe_max: time(fields.probe_max_ms, current.probe_max, default.probe_max),
        }
    }
}

/// After how long a time of nothing but failure a destination is given up; 0 means never.
pub(super) fn disable_after(change: Field<u64>, current: Option<Duration>) -> Option<Duration> {
    match change {
        Field::Keep => current,
        Field::Reset => Pacing::default().disable_after,
        Field::Set(0) => None,
        Field::Set(ms) => Some(Duration::from_millis(ms)),
    }
}
