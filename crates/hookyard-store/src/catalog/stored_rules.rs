//! The form in which a connection's rules are stored: a JSON list. The names carry the version: a new form of a rule
//! gets a new name, and the old ones are read for ever.

use std::time::Duration;

use hookyard_model::rule::{Delay, Rule};
use serde::{Deserialize, Serialize};

use super::check;
use super::write::WriteError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredRule {
    FilterV1 { condition: String },
    DeduplicateV1 { by: Vec<String>, window_ms: u64 },
    StaleV1 { older_than_ms: u64 },
    DelayForV1 { ms: u64 },
    DelayUntilV1 { field: String },
}

pub(super) fn encode(rules: &[Rule]) -> Result<String, WriteError> {
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
            Rule::Stale { older_than } => StoredRule::StaleV1 { older_than_ms: ms(*older_than)? },
            Rule::Delay(Delay::For(delay)) => StoredRule::DelayForV1 { ms: ms(*delay)? },
            Rule::Delay(Delay::Until(field)) => StoredRule::DelayUntilV1 { field: field.clone() },
        })
    });
    let stored: Vec<StoredRule> = stored.collect::<Result<_, WriteError>>()?;
    serde_json::to_string(&stored).map_err(|error| WriteError::Storage(error.to_string()))
}

pub(super) fn decode(text: &str) -> Result<Vec<Rule>, serde_json::Error> {
    let stored: Vec<StoredRule> = serde_json::from_str(text)?;
    Ok(stored.into_iter().map(StoredRule::into_rule).collect())
}

impl StoredRule {
    fn into_rule(self) -> Rule {
        match self {
            Self::FilterV1 { condition } => Rule::Filter { condition },
            Self::DeduplicateV1 { by, window_ms } => {
                Rule::Deduplicate { by, window: Duration::from_millis(window_ms) }
            }
            Self::StaleV1 { older_than_ms } => {
                Rule::Stale { older_than: Duration::from_millis(older_than_ms) }
            }
            Self::DelayForV1 { ms } => Rule::Delay(Delay::For(Duration::from_millis(ms))),
            Self::DelayUntilV1 { field } => Rule::Delay(Delay::Until(field)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_the_first_version_are_read_for_ever() {
        let rules = [
            Rule::Filter { condition: r#"{"body":{"a":1}}"#.to_owned() },
            Rule::Deduplicate { by: vec!["/body/id".to_owned()], window: Duration::from_secs(60) },
            Rule::Stale { older_than: Duration::from_millis(1500) },
            Rule::Delay(Delay::For(Duration::from_secs(5))),
            Rule::Delay(Delay::Until("/body/at".to_owned())),
        ];
        let stored = r#"[{"filter_v1":{"condition":"{\"body\":{\"a\":1}}"}},{"deduplicate_v1":{"by":["/body/id"],"window_ms":60000}},{"stale_v1":{"older_than_ms":1500}},{"delay_for_v1":{"ms":5000}},{"delay_until_v1":{"field":"/body/at"}}]"#;
        assert_eq!(decode(stored).unwrap(), rules);
        assert_eq!(encode(&rules).unwrap(), stored);
        assert_eq!(decode("[]").unwrap(), []);
    }
}
