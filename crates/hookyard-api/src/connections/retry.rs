//! Retry policies on the wire: `{"schedule": "exponential", …}`, `{"schedule": "linear", …}` or
//! `{"schedule": "custom", "waits_ms": […]}`, each with the conditions that hold for any schedule.

use std::time::Duration;

use hookyard_model::retry::{Failures, Retry, Schedule};
use hookyard_rules::retry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::merge::Field;
use crate::openapi::names;
use crate::problem::Problem;

/// A policy as it is shown. What its schedule does not have is left out.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct RetryView {
    #[schema(value_type = names::Schedule)]
    schedule: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    factor_percent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    step_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retries: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waits_ms: Option<Vec<u64>>,
    #[schema(value_type = Vec<names::Failures>)]
    retry_on: Vec<String>,
    #[schema(value_type = Vec<names::Failures>)]
    give_up_on: Vec<String>,
    max_age_ms: Option<u64>,
}

impl From<&Retry> for RetryView {
    fn from(retry: &Retry) -> Self {
        let texts = |failures: &[Failures]| failures.iter().map(Failures::to_string).collect();
        let conditions = Self {
            retry_on: texts(&retry.retry_on),
            give_up_on: texts(&retry.give_up_on),
            max_age_ms: retry.max_age.map(ms),
            ..Self::default()
        };
        match &retry.schedule {
            Schedule::Exponential { first, factor_percent, max, retries } => Self {
                schedule: "exponential",
                first_ms: Some(ms(*first)),
                factor_percent: Some(*factor_percent),
                max_ms: Some(ms(*max)),
                retries: Some(*retries),
                ..conditions
            },
            Schedule::Linear { first, step, max, retries } => Self {
                schedule: "linear",
                first_ms: Some(ms(*first)),
                step_ms: Some(ms(*step)),
                max_ms: Some(ms(*max)),
                retries: Some(*retries),
                ..conditions
            },
            Schedule::Custom(waits) => {
                let waits_ms = Some(waits.iter().copied().map(ms).collect());
                Self { schedule: "custom", waits_ms, ..conditions }
            }
        }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What a body says about a policy.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetryFields {
    /// How the waits grow; `exponential` by default.
    #[schema(value_type = Option<names::Schedule>)]
    schedule: Field<String>,
    /// Of `exponential` and `linear`: the first wait.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 2_592_000_000_u64)]
    first_ms: Field<u64>,
    /// Of `exponential`: what each wait is of the one before.
    #[schema(value_type = Option<u32>, minimum = 100, maximum = 10_000)]
    factor_percent: Field<u32>,
    /// Of `linear`: what each wait is longer than the one before.
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 2_592_000_000_u64)]
    step_ms: Field<u64>,
    /// Of `exponential` and `linear`: the longest wait.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 2_592_000_000_u64)]
    max_ms: Field<u64>,
    /// Of `exponential` and `linear`: how often it is tried again.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 100)]
    retries: Field<u32>,
    /// Of `custom`: all waits.
    #[schema(value_type = Option<Vec<u64>>, max_items = 100)]
    waits_ms: Field<Vec<u64>>,
    /// Only these failures are tried again; none for all.
    #[schema(value_type = Option<Vec<names::Failures>>, max_items = 50)]
    retry_on: Field<Vec<String>>,
    /// These failures are not tried again.
    #[schema(value_type = Option<Vec<names::Failures>>, max_items = 50)]
    give_up_on: Field<Vec<String>>,
    /// No attempt begins after this time since the event came.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 31_536_000_000_u64)]
    max_age_ms: Field<u64>,
}

impl RetryFields {
    /// The policy that results. Naming another schedule than the current one starts from its defaults.
    ///
    /// # Errors
    /// An unknown schedule, a field of another schedule, or values that cannot be used.
    pub(super) fn onto(mut self, current: Retry) -> Result<Retry, Problem> {
        let retry_on = failures(std::mem::take(&mut self.retry_on), current.retry_on, "retry.retry_on")?;
        let give_up_on =
            failures(std::mem::take(&mut self.give_up_on), current.give_up_on, "retry.give_up_on")?;
        let max_age = match std::mem::take(&mut self.max_age_ms) {
            Field::Keep => current.max_age,
            given => given.over_option(None).map(Duration::from_millis),
        };
        let schedule = self.schedule(current.schedule)?;
        retry::validate(&schedule).map_err(|error| Problem::invalid_field("retry", error))?;
        Ok(Retry { schedule, retry_on, give_up_on, max_age })
    }

    fn schedule(self, current: Schedule) -> Result<Schedule, Problem> {
        let named = match &self.schedule {
            Field::Set(name) => Some(name.as_str()),
            Field::Reset => Some("exponential"),
            Field::Keep => None,
        };
        let base = match (named, current) {
            (None, current)
            | (Some("exponential"), current @ Schedule::Exponential { .. })
            | (Some("linear"), current @ Schedule::Linear { .. })
            | (Some("custom"), current @ Schedule::Custom(_)) => current,
            (Some("exponential"), _) => Schedule::default(),
            (Some("linear"), _) => Schedule::linear(),
            (Some("custom"), _) if self.waits_ms == Field::Keep => {
                return Err(Problem::missing_field("retry.waits_ms"));
            }
            (Some("custom"), _) => Schedule::Custom(Vec::new()),
            (Some(_), _) => {
                let reason = "expected `exponential`, `linear` or `custom`";
                return Err(Problem::invalid_field("retry.schedule", reason));
            }
        };
        self.refuse_others(&base)?;
        match base {
            Schedule::Exponential { first, factor_percent, max, retries } => Ok(Schedule::Exponential {
                first: wait(self.first_ms, first, "retry.first_ms")?,
                factor_percent: self.factor_percent.required(Some(factor_percent), "retry.factor_percent")?,
                max: wait(self.max_ms, max, "retry.max_ms")?,
                retries: self.retries.required(Some(retries), "retry.retries")?,
            }),
            Schedule::Linear { first, step, max, retries } => Ok(Schedule::Linear {
                first: wait(self.first_ms, first, "retry.first_ms")?,
                step: wait(self.step_ms, step, "retry.step_ms")?,
                max: wait(self.max_ms, max, "retry.max_ms")?,
                retries: self.retries.required(Some(retries), "retry.retries")?,
            }),
            Schedule::Custom(waits) => match self.waits_ms {
                Field::Keep => Ok(Schedule::Custom(waits)),
                given => {
                    let waits_ms = given.required(Some(Vec::new()), "retry.waits_ms")?;
                    Ok(Schedule::Custom(waits_ms.into_iter().map(Duration::from_millis).collect()))
                }
            },
        }
    }

    /// Refuses fields that the schedule does not have.
    fn refuse_others(&self, schedule: &Schedule) -> Result<(), Problem> {
        let (exponential, linear, custom) = match schedule {
            Schedule::Exponential { .. } => (true, false, false),
            Schedule::Linear { .. } => (false, true, false),
            Schedule::Custom(_) => (false, false, true),
        };
        let regular = "only an `exponential` or `linear` schedule has it";
        for (given, fits, field, reason) in [
            (self.first_ms != Field::Keep, !custom, "retry.first_ms", regular),
            (self.max_ms != Field::Keep, !custom, "retry.max_ms", regular),
            (self.retries != Field::Keep, !custom, "retry.retries", regular),
            (
                self.factor_percent != Field::Keep,
                exponential,
                "retry.factor_percent",
                "only an `exponential` schedule has it",
            ),
            (self.step_ms != Field::Keep, linear, "retry.step_ms", "only a `linear` schedule has it"),
            (self.waits_ms != Field::Keep, custom, "retry.waits_ms", "only a `custom` schedule has it"),
        ] {
            if given && !fits {
                return Err(Problem::invalid_field(field, reason));
            }
        }
        Ok(())
    }
}

fn wait(field: Field<u64>, current: Duration, name: &str) -> Result<Duration, Problem> {
    match field {
        Field::Keep => Ok(current),
        given => given.required(Some(0), name).map(Duration::from_millis),
    }
}

fn failures(field: Field<Vec<String>>, current: Vec<Failures>, name: &str) -> Result<Vec<Failures>, Problem> {
    match field {
        Field::Keep => Ok(current),
        Field::Reset => Ok(Vec::new()),
        Field::Set(texts) => texts
            .iter()
            .enumerate()
            .map(|(at, text)| {
                text.parse().map_err(|error| Problem::invalid_field(&format!("{name}[{at}]"), error))
            })
            .collect(),
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

    /// A policy as it is shown, without conditions.
    fn shown(mut schedule: serde_json::Value) -> Result<serde_json::Value, (Kind, Option<String>)> {
        schedule["retry_on"] = json!([]);
        schedule["give_up_on"] = json!([]);
        schedule["max_age_ms"] = json!(null);
        Ok(schedule)
    }

    fn custom() -> Retry {
        Retry::on(Schedule::Custom(vec![Duration::from_secs(1)]))
    }

    #[test]
    fn fields_merge_into_the_schedule_there_is() {
        let default = |first_ms, retries| {
            shown(json!({"schedule": "exponential", "first_ms": first_ms, "factor_percent": 300,
                         "max_ms": 43_200_000, "retries": retries}))
        };
        assert_eq!(after(Retry::default(), json!({})), default(5_000, 14));
        assert_eq!(after(Retry::default(), json!({"first_ms": 700, "retries": 2})), default(700, 2));
        assert_eq!(after(custom(), json!({"schedule": "exponential"})), default(5_000, 14));
        assert_eq!(after(custom(), json!({"schedule": null, "retries": 1})), default(5_000, 1));
        let waits = |waits_ms: &[u64]| shown(json!({"schedule": "custom", "waits_ms": waits_ms}));
        assert_eq!(after(custom(), json!({"schedule": "custom"})), waits(&[1_000]));
        assert_eq!(after(Retry::default(), json!({"schedule": "custom", "waits_ms": [5]})), waits(&[5]));
        assert_eq!(after(custom(), json!({"waits_ms": []})), waits(&[]));
        let linear = |step_ms, retries| {
            shown(json!({"schedule": "linear", "first_ms": 60_000, "step_ms": step_ms,
                         "max_ms": 43_200_000, "retries": retries}))
        };
        assert_eq!(after(custom(), json!({"schedule": "linear"})), linear(60_000, 14));
        assert_eq!(after(Retry::on(Schedule::linear()), json!({"step_ms": 0, "retries": 3})), linear(0, 3));
    }

    #[test]
    fn conditions_merge_beside_the_schedule() {
        let change =
            json!({"retry_on": ["429", "500-599", "timeout"], "give_up_on": ["501"], "max_age_ms": 9});
        let merged = after(custom(), change.clone()).unwrap();
        for (name, value) in change.as_object().unwrap() {
            assert_eq!(&merged[name], value);
        }
        let limited = Retry {
            retry_on: vec!["503".parse().unwrap()],
            max_age: Some(Duration::from_millis(7)),
            ..custom()
        };
        let kept = after(limited.clone(), json!({"waits_ms": [2]})).unwrap();
        assert_eq!((&kept["retry_on"], &kept["max_age_ms"]), (&json!(["503"]), &json!(7)));
        let reset = after(limited, json!({"retry_on": null, "max_age_ms": null})).unwrap();
        assert_eq!((&reset["retry_on"], &reset["max_age_ms"]), (&json!([]), &json!(null)));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        for (change, kind, field) in [
            (json!({"schedule": "cubic"}), Kind::InvalidField, "retry.schedule"),
            (json!({"schedule": "custom"}), Kind::MissingField, "retry.waits_ms"),
            (json!({"schedule": "custom", "waits_ms": null}), Kind::InvalidField, "retry.waits_ms"),
            (
                json!({"schedule": "custom", "waits_ms": [1], "retries": 1}),
                Kind::InvalidField,
                "retry.retries",
            ),
            (
                json!({"schedule": "linear", "factor_percent": 200}),
                Kind::InvalidField,
                "retry.factor_percent",
            ),
            (json!({"step_ms": 1}), Kind::InvalidField, "retry.step_ms"),
            (json!({"waits_ms": [1]}), Kind::InvalidField, "retry.waits_ms"),
            (json!({"retries": null}), Kind::InvalidField, "retry.retries"),
            (json!({"first_ms": null}), Kind::InvalidField, "retry.first_ms"),
            (json!({"retries": 1_000}), Kind::InvalidField, "retry"),
            (json!({"first_ms": 0}), Kind::InvalidField, "retry"),
            (json!({"retry_on": ["500", "5xx"]}), Kind::InvalidField, "retry.retry_on[1]"),
            (json!({"give_up_on": ["200"]}), Kind::InvalidField, "retry.give_up_on[0]"),
        ] {
            let expected = Err((kind, Some(field.to_owned())));
            assert_eq!(after(Retry::default(), change.clone()), expected, "{change}");
        }
    }
}
