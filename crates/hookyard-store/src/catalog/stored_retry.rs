//! The stored form of what a connection does about failed attempts: JSON whose outermost name is its version.
//! A new form gets a new name, and the old ones are read for ever.

use std::time::Duration;

use hookyard_model::retry::{Failures, Retry, Schedule};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::check;
use super::write::WriteError;

/// Before version 2 there were no conditions.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Stored {
    ExponentialV1 { first_ms: u64, factor_percent: u32, max_ms: u64, retries: u32 },
    CustomV1 { waits_ms: Vec<u64> },
    V2 { schedule: StoredSchedule, retry_on: Vec<String>, give_up_on: Vec<String>, max_age_ms: Option<u64> },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredSchedule {
    Exponential { first_ms: u64, factor_percent: u32, max_ms: u64, retries: u32 },
    Linear { first_ms: u64, step_ms: u64, max_ms: u64, retries: u32 },
    Custom { waits_ms: Vec<u64> },
}

/// The text that is stored.
///
/// # Errors
/// A duration that [`check::retry`] would have refused.
pub(super) fn encode(retry: &Retry) -> Result<String, WriteError> {
    let schedule = match &retry.schedule {
        Schedule::Exponential { first, factor_percent, max, retries } => StoredSchedule::Exponential {
            first_ms: whole_ms(*first)?,
            factor_percent: *factor_percent,
            max_ms: whole_ms(*max)?,
            retries: *retries,
        },
        Schedule::Linear { first, step, max, retries } => StoredSchedule::Linear {
            first_ms: whole_ms(*first)?,
            step_ms: whole_ms(*step)?,
            max_ms: whole_ms(*max)?,
            retries: *retries,
        },
        Schedule::Custom(waits) => {
            let waits_ms = waits.iter().map(|wait| whole_ms(*wait)).collect::<Result<_, _>>()?;
            StoredSchedule::Custom { waits_ms }
        }
    };
    let texts = |failures: &[Failures]| failures.iter().map(Failures::to_string).collect();
    let stored = Stored::V2 {
        schedule,
        retry_on: texts(&retry.retry_on),
        give_up_on: texts(&retry.give_up_on),
        max_age_ms: retry.max_age.map(whole_ms).transpose()?,
    };
    serde_json::to_string(&stored).map_err(|error| WriteError::Storage(error.to_string()))
}

fn whole_ms(duration: Duration) -> Result<u64, WriteError> {
    check::whole_ms(duration)
        .ok_or_else(|| WriteError::Storage("a wait has a fraction of a millisecond".to_owned()))
}

/// What a stored text of any version says.
///
/// # Errors
/// Where it is in none of the forms.
pub(super) fn decode(text: &str) -> Result<Retry, serde_json::Error> {
    Ok(match serde_json::from_str(text)? {
        Stored::ExponentialV1 { first_ms, factor_percent, max_ms, retries } => {
            Retry::on(exponential(first_ms, factor_percent, max_ms, retries))
        }
        Stored::CustomV1 { waits_ms } => Retry::on(custom(waits_ms)),
        Stored::V2 { schedule, retry_on, give_up_on, max_age_ms } => Retry {
            schedule: match schedule {
                StoredSchedule::Exponential { first_ms, factor_percent, max_ms, retries } => {
                    exponential(first_ms, factor_percent, max_ms, retries)
                }
                StoredSchedule::Linear { first_ms, step_ms, max_ms, retries } => Schedule::Linear {
                    first: Duration::from_millis(first_ms),
                    step: Duration::from_millis(step_ms),
                    max: Duration::from_millis(max_ms),
                    retries,
                },
                StoredSchedule::Custom { waits_ms } => custom(waits_ms),
            },
            retry_on: failures(&retry_on)?,
            give_up_on: failures(&give_up_on)?,
            max_age: max_age_ms.map(Duration::from_millis),
        },
    })
}

fn failures(texts: &[String]) -> Result<Vec<Failures>, serde_json::Error> {
    texts.iter().map(|text| text.parse().map_err(serde_json::Error::custom)).collect()
}

fn exponential(first_ms: u64, factor_percent: u32, max_ms: u64, retries: u32) -> Schedule {
    let [first, max] = [first_ms, max_ms].map(Duration::from_millis);
    Schedule::Exponential { first, factor_percent, max, retries }
}

fn custom(waits_ms: Vec<u64>) -> Schedule {
    Schedule::Custom(waits_ms.into_iter().map(Duration::from_millis).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_retries_of_the_first_version_are_read_for_ever() {
        let exponential =
            r#"{"exponential_v1":{"first_ms":5000,"factor_percent":300,"max_ms":43200000,"retries":14}}"#;
        assert_eq!(decode(exponential).unwrap(), Retry::default());
        let custom = r#"{"custom_v1":{"waits_ms":[1000,60000]}}"#;
        let waits = Schedule::Custom(vec![Duration::from_secs(1), Duration::from_secs(60)]);
        assert_eq!(decode(custom).unwrap(), Retry::on(waits));
    }

    #[test]
    fn stored_retries_of_the_second_version_are_read_for_ever() {
        let all = r#"{"v2":{"schedule":{"linear":{"first_ms":1000,"step_ms":0,"max_ms":9000,"retries":3}},"retry_on":["429","500-599","timeout"],"give_up_on":["501"],"max_age_ms":86400000}}"#;
        let retry = Retry {
            schedule: Schedule::Linear {
                first: Duration::from_secs(1),
                step: Duration::ZERO,
                max: Duration::from_secs(9),
                retries: 3,
            },
            retry_on: ["429", "500-599", "timeout"].map(|text| text.parse().unwrap()).to_vec(),
            give_up_on: vec!["501".parse().unwrap()],
            max_age: Some(Duration::from_secs(24 * 3600)),
        };
        let plain = r#"{"v2":{"schedule":{"custom":{"waits_ms":[1]}},"retry_on":[],"give_up_on":[],"max_age_ms":null}}"#;
        let custom = Retry::on(Schedule::Custom(vec![Duration::from_millis(1)]));
        let default = r#"{"v2":{"schedule":{"exponential":{"first_ms":5000,"factor_percent":300,"max_ms":43200000,"retries":14}},"retry_on":[],"give_up_on":[],"max_age_ms":null}}"#;
        for (text, retry) in [(all, retry), (plain, custom), (default, Retry::default())] {
            assert_eq!(decode(text).unwrap(), retry);
            assert_eq!(encode(&retry).unwrap(), text);
        }
        assert!(decode(&all.replace("timeout", "boredom")).is_err());
    }
}
