//! The form in which a connection's rules are stored: a JSON list. The names carry the version: a new form of a rule
//! gets a new name, and the old ones are read for ever. Environment variables may be secrets, and are sealed.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookyard_model::id::ConnectionId;
use hookyard_model::rule::{Delay, Latest, Rule};
use hookyard_model::secret::Secret;
use serde::{Deserialize, Serialize};

use super::check;
use super::key::SecretKey;
use super::seal::{self, Place, SealError};
use super::write::WriteError;

/// Why stored rules cannot be read. Neither says anything of what is sealed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("the environment of a transformation: {0}")]
    Sealed(#[from] SealError),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredRule {
    FilterV1 {
        condition: String,
    },
    DeduplicateV1 {
        by: Vec<String>,
        window_ms: u64,
    },
    StaleV1 {
        older_than_ms: u64,
    },
    /// Written where the first version cannot say it.
    StaleV2 {
        older_than_ms: Option<u64>,
        latest: StoredLatest,
    },
    DelayForV1 {
        ms: u64,
    },
    DelayUntilV1 {
        field: String,
    },
    /// The environment is the sealed JSON of an object, in base64; none where it is empty.
    TransformV1 {
        code: String,
        env: Option<String>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredLatest {
    by: Vec<String>,
    time: Option<String>,
}

pub(super) fn encode(key: &SecretKey, id: ConnectionId, rules: &[Rule]) -> Result<String, WriteError> {
    let ms = |duration: Duration| {
        check::whole_ms(duration)
            .ok_or_else(|| WriteError::Storage("a rule's time has a fraction of a millisecond".to_owned()))
    };
    let stored = rules.iter().map(|rule| {
        Ok(match rule {
            Rule::Filter { condition } => StoredRule::FilterV1 { condition: condition.clone() },
            Rule::Deduplicate { by, window } => {
                StoredRule::DeduplicateV1 { by: by.clone(), window_ms: ms(*window)? }
            }
            Rule::Stale { older_than, latest } => stale(older_than.map(ms).transpose()?, latest.as_ref())
                .ok_or_else(|| {
                    WriteError::Storage("a rule says nothing of what makes an event stale".to_owned())
                })?,
            Rule::Delay(Delay::For(delay)) => StoredRule::DelayForV1 { ms: ms(*delay)? },
            Rule::Delay(Delay::Until(field)) => StoredRule::DelayUntilV1 { field: field.clone() },
            Rule::Transform { code, env } => {
                StoredRule::TransformV1 { code: code.clone(), env: seal_env(key, id, env)? }
            }
        })
    });
    let stored: Vec<StoredRule> = stored.collect::<Result<_, WriteError>>()?;
    serde_json::to_string(&stored).map_err(|error| WriteError::Storage(error.to_string()))
}

pub(super) fn decode(key: &SecretKey, id: ConnectionId, text: &str) -> Result<Vec<Rule>, DecodeError> {
    let stored: Vec<StoredRule> = serde_json::from_str(text)?;
    stored.into_iter().map(|rule| rule.into_rule(key, id)).collect()
}

/// None where neither is given.
fn stale(older_than_ms: Option<u64>, latest: Option<&Latest>) -> Option<StoredRule> {
    match (older_than_ms, latest) {
        (older_than_ms, Some(Latest { by, time })) => {
            let latest = StoredLatest { by: by.clone(), time: time.clone() };
            Some(StoredRule::StaleV2 { older_than_ms, latest })
        }
        (Some(older_than_ms), None) => Some(StoredRule::StaleV1 { older_than_ms }),
        (None, None) => None,
    }
}

const fn place(id: ConnectionId) -> Place {
    Place { table: "connections", column: "rules", row: id.0 }
}

fn seal_env(
    key: &SecretKey,
    id: ConnectionId,
    env: &BTreeMap<String, Secret>,
) -> Result<Option<String>, WriteError> {
    if env.is_empty() {
        return Ok(None);
    }
    let exposed: BTreeMap<&str, &str> =
        env.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    let plain = serde_json::to_vec(&exposed).map_err(|_| SealError::TooLong)?;
    Ok(Some(STANDARD.encode(seal::seal(key, place(id), &plain)?)))
}

fn unseal_env(
    key: &SecretKey,
    id: ConnectionId,
    sealed: Option<String>,
) -> Result<BTreeMap<String, Secret>, SealError> {
    let Some(sealed) = sealed else { return Ok(BTreeMap::new()) };
    let sealed = STANDARD.decode(sealed).map_err(|_| SealError::Refused)?;
    let plain = seal::unseal(key, place(id), &sealed)?;
    let exposed: BTreeMap<String, String> = serde_json::from_slice(&plain).map_err(|_| SealError::Refused)?;
    Ok(exposed.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
}

impl StoredRule {
    fn into_rule(self, key: &SecretKey, id: ConnectionId) -> Result<Rule, DecodeError> {
        Ok(match self {
            Self::FilterV1 { condition } => Rule::Filter { condition },
            Self::DeduplicateV1 { by, window_ms } => {
                Rule::Deduplicate { by, window: Duration::from_millis(window_ms) }
            }
            Self::StaleV1 { older_than_ms } => {
                Rule::Stale { older_than: Some(Duration::from_millis(older_than_ms)), latest: None }
            }
            Self::StaleV2 { older_than_ms, latest: StoredLatest { by, time } } => Rule::Stale {
                older_than: older_than_ms.map(Duration::from_millis),
                latest: Some(Latest { by, time }),
            },
            Self::DelayForV1 { ms } => Rule::Delay(Delay::For(Duration::from_millis(ms))),
            Self::DelayUntilV1 { field } => Rule::Delay(Delay::Until(field)),
            Self::TransformV1 { code, env } => Rule::Transform { code, env: unseal_env(key, id, env)? },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ConnectionId = ConnectionId(7);

    fn key() -> SecretKey {
        SecretKey::from_base64(&STANDARD.encode([9; 32])).unwrap()
    }

    #[test]
    fn rules_of_the_first_version_are_read_for_ever() {
        let rules = [
            Rule::Filter { condition: r#"{"body":{"a":1}}"#.to_owned() },
            Rule::Deduplicate { by: vec!["/body/id".to_owned()], window: Duration::from_secs(60) },
            Rule::Stale { older_than: Some(Duration::from_millis(1500)), latest: None },
            Rule::Delay(Delay::For(Duration::from_secs(5))),
            Rule::Delay(Delay::Until("/body/at".to_owned())),
        ];
        let stored = r#"[{"filter_v1":{"condition":"{\"body\":{\"a\":1}}"}},{"deduplicate_v1":{"by":["/body/id"],"window_ms":60000}},{"stale_v1":{"older_than_ms":1500}},{"delay_for_v1":{"ms":5000}},{"delay_until_v1":{"field":"/body/at"}}]"#;
        assert_eq!(decode(&key(), ID, stored).unwrap(), rules);
        assert_eq!(encode(&key(), ID, &rules).unwrap(), stored);
        assert_eq!(decode(&key(), ID, "[]").unwrap(), []);
    }

    #[test]
    fn what_wants_the_latest_is_read_for_ever() {
        let latest = |time: Option<&str>| {
            Some(Latest { by: vec!["/body/id".to_owned()], time: time.map(str::to_owned) })
        };
        let rules = [
            Rule::Stale { older_than: Some(Duration::from_secs(1)), latest: latest(Some("/body/at")) },
            Rule::Stale { older_than: None, latest: latest(None) },
        ];
        let stored = r#"[{"stale_v2":{"older_than_ms":1000,"latest":{"by":["/body/id"],"time":"/body/at"}}},{"stale_v2":{"older_than_ms":null,"latest":{"by":["/body/id"],"time":null}}}]"#;
        assert_eq!(decode(&key(), ID, stored).unwrap(), rules);
        assert_eq!(encode(&key(), ID, &rules).unwrap(), stored);
        let nothing = [Rule::Stale { older_than: None, latest: None }];
        assert!(matches!(encode(&key(), ID, &nothing), Err(WriteError::Storage(_))));
    }

    #[test]
    fn an_environment_is_sealed_and_bound_to_its_connection() {
        let env: BTreeMap<_, _> = [("KEY".to_owned(), Secret::new("hunter2"))].into();
        let rules = [
            Rule::Transform { code: "export default (r) => r".to_owned(), env },
            Rule::Transform { code: String::new(), env: BTreeMap::new() },
        ];
        let stored = encode(&key(), ID, &rules).unwrap();
        assert!(!stored.contains("hunter2") && !stored.contains("KEY"), "{stored}");
        assert_eq!(decode(&key(), ID, &stored).unwrap(), rules);
        assert!(matches!(decode(&key(), ConnectionId(8), &stored), Err(DecodeError::Sealed(_))));
    }

    #[test]
    fn a_transformation_of_the_first_version_is_read_for_ever() {
        let stored = include_str!("fixtures/transform_v1.json").trim();
        let env: BTreeMap<_, _> = [("KEY".to_owned(), Secret::new("fixture"))].into();
        let rule = Rule::Transform { code: "export default (request) => request".to_owned(), env };
        assert_eq!(decode(&key(), ID, stored).unwrap(), [rule]);
    }
}
