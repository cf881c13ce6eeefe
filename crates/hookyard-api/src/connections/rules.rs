//! Rules on the wire: a list of objects, each with its `type`, applied in their order.
//!
//! ```json
//! [{"type": "filter", "body": {"type": "order.paid"}},
//!  {"type": "deduplicate", "window_ms": 86400000, "fields": ["/body/id"]},
//!  {"type": "stale", "older_than_ms": 3600000},
//!  {"type": "delay", "for_ms": 60000}]
//! ```

use std::time::Duration;

use hookyard_model::rule::{Delay, Rule};
use hookyard_rules::pipeline::Pipeline;
use serde_json::{Map, Value, json};

use crate::problem::Problem;

/// A rule as it is shown.
pub(super) fn show(rule: &Rule) -> Value {
    let mut shown = match rule {
        Rule::Filter { condition } => serde_json::from_str(condition).unwrap_or_default(),
        Rule::Deduplicate { by, window } => json!({"window_ms": ms(*window), "fields": by}),
        Rule::Stale { older_than } => json!({"older_than_ms": ms(*older_than)}),
        Rule::Delay(Delay::For(delay)) => json!({"for_ms": ms(*delay)}),
        Rule::Delay(Delay::Until(field)) => json!({"until": field}),
    };
    if let Value::Object(shown) = &mut shown {
        shown.insert("type".to_owned(), rule.kind().name().into());
    }
    shown
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The rules that a body gives.
///
/// # Errors
/// Names the rule and the field that cannot be used.
pub(super) fn read(rules: Vec<Map<String, Value>>) -> Result<Vec<Rule>, Problem> {
    let rules = rules.into_iter().enumerate().map(|(at, fields)| Fields { at, fields }.rule());
    let rules: Vec<Rule> = rules.collect::<Result<_, _>>()?;
    match Pipeline::compile(&rules) {
        Ok(_) => Ok(rules),
        Err(error) if error.number == 0 => Err(Problem::invalid_field("rules", error.problem)),
        Err(error) => Err(Problem::invalid_field(&format!("rules[{}]", error.number - 1), error.problem)),
    }
}

/// The fields of one rule that were not asked for yet.
struct Fields {
    at: usize,
    fields: Map<String, Value>,
}

impl Fields {
    fn rule(mut self) -> Result<Rule, Problem> {
        let kind = self.text("type")?.ok_or_else(|| Problem::missing_field(&self.name("type")))?;
        let rule = match kind.as_str() {
            "filter" => {
                let condition = Value::Object(std::mem::take(&mut self.fields)).to_string();
                Rule::Filter { condition }
            }
            "deduplicate" => {
                let by = self.texts("fields")?.unwrap_or_default();
                Rule::Deduplicate { by, window: self.duration("window_ms")? }
            }
            "stale" => Rule::Stale { older_than: self.duration("older_than_ms")? },
            "delay" => match self.text("until")? {
                Some(field) => Rule::Delay(Delay::Until(field)),
                None => Rule::Delay(Delay::For(self.duration("for_ms")?)),
            },
            _ => {
                let expected = "expected `filter`, `deduplicate`, `stale` or `delay`";
                return Err(Problem::invalid_field(&self.name("type"), expected));
            }
        };
        match self.fields.keys().next() {
            None => Ok(rule),
            Some(unknown) => Err(Problem::invalid_field(
                &self.name(unknown),
                format!("a `{kind}` rule has no such field, or not together with the others"),
            )),
        }
    }

    fn name(&self, field: &str) -> String {
        format!("rules[{}].{field}", self.at)
    }

    fn text(&mut self, field: &str) -> Result<Option<String>, Problem> {
        match self.fields.remove(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::invalid_field(&self.name(field), "expected a text")),
        }
    }

    fn texts(&mut self, field: &str) -> Result<Option<Vec<String>>, Problem> {
        let Some(value) = self.fields.remove(field) else { return Ok(None) };
        serde_json::from_value(value)
            .map(Some)
            .map_err(|_| Problem::invalid_field(&self.name(field), "expected a list of texts"))
    }

    fn duration(&mut self, field: &str) -> Result<Duration, Problem> {
        let Some(value) = self.fields.remove(field) else {
            return Err(Problem::missing_field(&self.name(field)));
        };
        value.as_u64().map(Duration::from_millis).ok_or_else(|| {
            Problem::invalid_field(&self.name(field), "expected a whole number of milliseconds")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rules: Value) -> Result<Vec<Rule>, String> {
        let rules: Vec<Map<String, Value>> = serde_json::from_value(rules).unwrap();
        read(rules).map_err(|problem| problem.field().unwrap_or_default().to_owned())
    }

    #[test]
    fn what_is_read_is_shown_again() {
        let rules = json!([
            {"type": "filter", "body": {"amount": {"$gt": 5}}, "$or": [{"topic": "a"}, {"topic": "b"}]},
            {"type": "deduplicate", "window_ms": 60_000, "fields": ["/body/id"]},
            {"type": "deduplicate", "window_ms": 1_000, "fields": []},
            {"type": "stale", "older_than_ms": 1},
            {"type": "delay", "for_ms": 5},
            {"type": "delay", "until": "/body/at"},
        ]);
        let read = parse(rules.clone()).unwrap();
        assert_eq!(Value::Array(read.iter().map(show).collect()), rules);
        assert_eq!(parse(json!([{"type": "deduplicate", "window_ms": 1_000}])).unwrap(), read[2..3]);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (rule, field) in [
            (json!({}), "rules[0].type"),
            (json!({"type": "sort"}), "rules[0].type"),
            (json!({"type": "filter", "cookies": {}}), "rules[0]"),
            (json!({"type": "deduplicate"}), "rules[0].window_ms"),
            (json!({"type": "deduplicate", "window_ms": "1s"}), "rules[0].window_ms"),
            (json!({"type": "deduplicate", "window_ms": 1_000, "fields": "/body/id"}), "rules[0].fields"),
            (json!({"type": "deduplicate", "window_ms": 1}), "rules[0]"),
            (json!({"type": "stale", "older_than_ms": 1, "window_ms": 1}), "rules[0].window_ms"),
            (json!({"type": "delay", "until": "/body/at", "for_ms": 1}), "rules[0].for_ms"),
            (json!({"type": "delay"}), "rules[0].for_ms"),
        ] {
            assert_eq!(parse(json!([rule])), Err(field.to_owned()), "{rule}");
        }
    }
}
