//! Retry schedules on the wire: `{"schedule": "exponential", …}` or `{"schedule": "custom", "waits_ms": […]}`.

use std::time::Duration;

use hookyard_model::connection::Retry;
use hookyard_rules::retry;
use serde::{Deserialize, Serialize};

use crate::merge::Field;
use crate::problem::Problem;

/// A schedule as it is shown.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "schedule", rename_all = "snake_case")]
pub(super) enum RetryView {
    /// Waits that grow.
    Exponential {
        /// The first wait.
        first_ms: u64,
        /// What the wait is multiplied by, in hundredths.
        factor_percent: u32,
        /// The longest wait.
        max_ms: u64,
        /// How many retries follow the first attempt.
        retries: u32,
    },
    /// These waits.
    Custom {
        /// One after the other.
        waits_ms: Vec<u64>,
    },
}

impl From<&Retry> for RetryView {
    fn from(retry: &Retry) -> Self {
        match retry {
            Retry::Exponential { first, factor_percent, max, retries } => Self::Exponential {
                first_ms: ms(*first),
                factor_percent: *factor_percent,
                max_ms: ms(*max),
                retries: *retries,
            },
            Retry::Custom(waits) => Self::Custom { waits_ms: waits.iter().copied().map(ms).collect() },
        }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What a body says about a schedule.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetryFields {
    schedule: Field<String>,
    first_ms: Field<u64>,
    factor_percent: Field<u32>,
    max_ms: Field<u64>,
    retries: Field<u32>,
    waits_ms: Field<Vec<u64>>,
}

impl RetryFields {
    /// The schedule that results. Naming another schedule than the current one starts from its defaults.
    ///
    /// # Errors
    /// An unknown schedule, a field of the other schedule, or values that cannot be used.
    pub(super) fn onto(self, current: Retry) -> Result<Retry, Problem> {
        let named = match &self.schedule {
            Field::Set(name) => Some(name.as_str()),
            Field::Reset => Some("exponential"),
            Field::Keep => None,
        };
        let base = match (named, current) {
            (None, current)
            | (Some("exponential"), current @ Retry::Exponential { .. })
            | (Some("custom"), current @ Retry::Custom(_)) => current,
            (Some("exponential"), Retry::Custom(_)) => Retry::default(),
            (Some("custom"), Retry::Exponential { .. }) if self.waits_ms == Field::Keep => {
                return Err(Problem::missing_field("retry.waits_ms"));
            }
            (Some("custom"), Retry::Exponential { .. }) => Retry::Custom(Vec::new()),
            (Some(_), _) => {
                return Err(Problem::invalid_field("retry.schedule", "expected `exponential` or `custom`"));
            }
        };
        let retry = match base {
            Retry::Exponential { first, factor_percent, max, retries } => {
                self.exponential(first, factor_percent, max, retries)?
            }
            Retry::Custom(waits) => self.custom(waits)?,
        };
        retry::validate(&retry).map_err(|error| Problem::invalid_field("retry", error))?;
        Ok(retry)
    }

    fn exponential(
        self,
        first: Duration,
        percent: u32,
        max: Duration,
        retries: u32,
    ) -> Result<Retry, Problem> {
        if self.waits_ms != Field::Keep {
            return Err(Problem::invalid_field("retry.waits_ms", "only a `custom` schedule has it"));
        }
        let wait = |field: Field<u64>, current: Duration, name| match field {
            Field::Keep => Ok(current),
            given => given.required(Some(0), name).map(Duration::from_millis),
        };
        Ok(Retry::Exponential {
            first: wait(self.first_ms, first, "retry.first_ms")?,
            factor_percent: self.factor_percent.required(Some(percent), "retry.factor_percent")?,
            max: wait(self.max_ms, max, "retry.max_ms")?,
            retries: self.retries.required(Some(retries), "retry.retries")?,
        })
    }

    fn custom(self, waits: Vec<Duration>) -> Result<Retry, Problem> {
        for (given, field) in [
            (self.first_ms != Field::Keep, "retry.first_ms"),
            (self.factor_percent != Field::Keep, "retry.factor_percent"),
            (self.max_ms != Field::Keep, "retry.max_ms"),
            (self.retries != Field::Keep, "retry.retries"),
        ] {
            if given {
                return Err(Problem::invalid_field(field, "only an `exponential` schedule has it"));
            }
        }
        match self.waits_ms {
            Field::Keep => Ok(Retry::Custom(waits)),
            given => {
                let waits_ms = given.required(Some(Vec::new()), "retry.waits_ms")?;
                Ok(Retry::Custom(waits_ms.into_iter().map(Duration::from_millis).collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::problem::Kind;

    fn after(current: Retry, change: serde_json::Value) -> Result<serde_json::Value, (Kind, Option<String>)> {
        let fields: RetryFields = serde_json::from_value(change).unwrap();
        match fields.onto(current) {
            Ok(retry) => Ok(serde_json::to_value(RetryView::from(&retry)).unwrap()),
            Err(problem) => Err((problem.kind(), problem.field().map(str::to_owned))),
        }
    }

    #[test]
    fn fields_merge_into_the_schedule_there_is() {
        let default = |first_ms, retries| {
            Ok(json!({"schedule": "exponential", "first_ms": first_ms, "factor_percent": 300,
                      "max_ms": 43_200_000, "retries": retries}))
        };
        let custom = || Retry::Custom(vec![Duration::from_secs(1)]);
        assert_eq!(after(Retry::default(), json!({})), default(5_000, 14));
        assert_eq!(after(Retry::default(), json!({"first_ms": 700, "retries": 2})), default(700, 2));
        assert_eq!(after(custom(), json!({"schedule": "exponential"})), default(5_000, 14));
        assert_eq!(after(custom(), json!({"schedule": null, "retries": 1})), default(5_000, 1));
        let waits = |waits_ms: &[u64]| Ok(json!({"schedule": "custom", "waits_ms": waits_ms}));
        assert_eq!(after(custom(), json!({"schedule": "custom"})), waits(&[1_000]));
        assert_eq!(after(Retry::default(), json!({"schedule": "custom", "waits_ms": [5]})), waits(&[5]));
        assert_eq!(after(custom(), json!({"waits_ms": []})), waits(&[]));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        for (change, kind, field) in [
            (json!({"schedule": "linear"}), Kind::InvalidField, "retry.schedule"),
            (json!({"schedule": "custom"}), Kind::MissingField, "retry.waits_ms"),
            (json!({"schedule": "custom", "waits_ms": null}), Kind::InvalidField, "retry.waits_ms"),
            (
                json!({"schedule": "custom", "waits_ms": [1], "retries": 1}),
                Kind::InvalidField,
                "retry.retries",
            ),
            (json!({"waits_ms": [1]}), Kind::InvalidField, "retry.waits_ms"),
            (json!({"retries": null}), Kind::InvalidField, "retry.retries"),
            (json!({"first_ms": null}), Kind::InvalidField, "retry.first_ms"),
            (json!({"retries": 1_000}), Kind::InvalidField, "retry"),
            (json!({"first_ms": 0}), Kind::InvalidField, "retry"),
        ] {
            let expected = Err((kind, Some(field.to_owned())));
            assert_eq!(after(Retry::default(), change.clone()), expected, "{change}");
        }
    }
}
