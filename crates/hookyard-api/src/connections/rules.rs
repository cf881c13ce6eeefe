//! Rules on the wire: a list of objects, each with its `type`, applied in their order.
//!
//! ```json
//! [{"type": "filter", "body": {"type": "order.paid"}},
//!  {"type": "deduplicate", "window_ms": 86400000, "fields": ["/body/id"]},
//!  {"type": "stale", "older_than_ms": 3600000, "latest": {"fields": ["/body/id"], "time": "/body/updated"}},
//!  {"type": "delay", "for_ms": 60000},
//!  {"type": "transform", "code": "export default (request) => request", "env": {"KEY": "secret"}}]
//! ```
//!
//! What stands in an environment is never shown: variables are shown with `null`, and `null` keeps what is stored.

use std::collections::BTreeMap;
use std::time::Duration;

use hookyard_model::rule::{Delay, Latest, Rule};
use hookyard_model::secret::Secret;
use hookyard_rules::pipeline::Pipeline;
use hookyard_transform::script::Script;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::problem::Problem;

// What `show` shows and `read` reads.
/// A rule.
#[derive(ToSchema)]
#[schema(as = Rule)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
#[expect(dead_code, clippy::large_enum_variant, reason = "it describes only")]
pub(super) enum RuleSchema {
    /// Only what meets the conditions passes.
    Filter {
        /// Conditions on the body.
        body: Option<Value>,
        /// Conditions on the headers, by name.
        headers: Option<Value>,
        /// Conditions on the query's parameters.
        query: Option<Value>,
        /// Conditions on the path behind the source's token.
        path: Option<Value>,
        /// Conditions on what the provider calls the kind of event.
        topic: Option<Value>,
        /// Conditions on the method.
        method: Option<Value>,
        /// Filters of which one has to be met.
        #[serde(rename = "$or")]
        #[schema(nullable = false, min_items = 1)]
        any: Option<Vec<Map<String, Value>>>,
        /// Filters that all have to be met.
        #[serde(rename = "$and")]
        #[schema(nullable = false, min_items = 1)]
        all: Option<Vec<Map<String, Value>>>,
        /// A filter that must not be met.
        #[serde(rename = "$not")]
        #[schema(nullable = false)]
        not: Option<Map<String, Value>>,
    },
    /// What has come already is discarded.
    Deduplicate {
        /// For how long it is remembered.
        #[schema(minimum = 1000, maximum = 2_592_000_000_u64)]
        window_ms: u64,
        /// What has to be the same; by default the whole request.
        #[serde(default)]
        #[schema(max_items = 16)]
        fields: Vec<String>,
    },
    /// What is too old is discarded.
    Stale {
        /// Longer ago than this.
        #[schema(minimum = 1)]
        older_than_ms: u64,
        /// Older than what was delivered.
        #[schema(nullable = false)]
        latest: Option<LatestFields>,
    },
    /// What is older than what was delivered is discarded.
    #[serde(rename = "stale")]
    OnlyLatest {
        /// Of what.
        latest: LatestFields,
    },
    /// It waits for so long before it is delivered.
    Delay {
        /// For so long.
        #[schema(maximum = 2_592_000_000_u64)]
        for_ms: u64,
    },
    /// It waits until then before it is delivered.
    #[serde(rename = "delay")]
    DelayUntil {
        /// Until the time in this field.
        until: String,
    },
    /// JavaScript changes it.
    Transform {
        /// The code.
        #[schema(max_length = 1_048_576)]
        code: String,
        /// Variables in `process.env`, shown with `null`, which also keeps what is stored.
        #[serde(default)]
        env: BTreeMap<String, Option<String>>,
    },
}

/// A rule as it is shown.
pub(super) fn show(rule: &Rule) -> Value {
    let mut shown = match rule {
        Rule::Filter { condition } => serde_json::from_str(condition).unwrap_or_default(),
        Rule::Deduplicate { by, window } => json!({"window_ms": ms(*window), "fields": by}),
        Rule::Stale { older_than, latest } => {
            let age = older_than.map(|age| ("older_than_ms".to_owned(), ms(age).into()));
            let latest = latest.as_ref().map(|latest| ("latest".to_owned(), show_latest(latest)));
            Value::Object(age.into_iter().chain(latest).collect())
        }
        Rule::Delay(Delay::For(delay)) => json!({"for_ms": ms(*delay)}),
        Rule::Delay(Delay::Until(field)) => json!({"until": field}),
        Rule::Transform { code, env } => {
            let names = env.keys().map(|name| (name.clone(), Value::Null));
            json!({"code": code, "env": names.collect::<Map<_, _>>()})
        }
    };
    if let Value::Object(shown) = &mut shown {
        shown.insert("type".to_owned(), rule.kind().name().into());
    }
    shown
}

fn show_latest(Latest { by, time }: &Latest) -> Value {
    match time {
        None => json!({"fields": by}),
        Some(time) => json!({"fields": by, "time": time}),
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The rules that a body gives; those that the connection has now know the variables that are to be kept.
///
/// # Errors
/// Names the rule and the field that cannot be used.
pub(super) fn read(rules: Vec<Map<String, Value>>, current: &[Rule]) -> Result<Vec<Rule>, Problem> {
    let rules = rules.into_iter().enumerate().map(|(at, fields)| Fields { at, fields, current }.rule());
    let rules: Vec<Rule> = rules.collect::<Result<_, _>>()?;
    match Pipeline::compile(&rules) {
        Ok(_) => Ok(rules),
        Err(error) if error.number == 0 => Err(Problem::invalid_field("rules", error.problem)),
        Err(error) => Err(Problem::invalid_field(&format!("rules[{}]", error.number - 1), error.problem)),
    }
}

/// The fields of one rule that were not asked for yet.
struct Fields<'a> {
    at: usize,
    fields: Map<String, Value>,
    current: &'a [Rule],
}

/// What a body says about the latest.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LatestFields {
    /// What says which thing it is about.
    #[schema(min_items = 1, max_items = 16)]
    fields: Vec<String>,
    /// Where its time stands; by default the provider's.
    time: Option<String>,
}

impl Fields<'_> {
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
            "stale" => {
                let has_age = self.fields.contains_key("older_than_ms");
                let older_than = if has_age { Some(self.duration("older_than_ms")?) } else { None };
                Rule::Stale { older_than, latest: self.latest()? }
            }
            "delay" => match self.text("until")? {
                Some(field) => Rule::Delay(Delay::Until(field)),
                None => Rule::Delay(Delay::For(self.duration("for_ms")?)),
            },
            "transform" => self.transform()?,
            _ => {
                let expected = "expected `filter`, `deduplicate`, `stale`, `delay` or `transform`";
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

    fn latest(&mut self) -> Result<Option<Latest>, Problem> {
        let Some(value) = self.fields.remove("latest") else { return Ok(None) };
        let problem = |reason: String| Problem::invalid_field(&self.name("latest"), reason);
        if !value.is_object() {
            return Err(problem(
                "expected an object with `fields`, and with `time` where need be".to_owned(),
            ));
        }
        let read = serde_json::from_value(value).map_err(|error| problem(error.to_string()));
        let LatestFields { fields, time } = read?;
        Ok(Some(Latest { by: fields, time }))
    }

    fn transform(&mut self) -> Result<Rule, Problem> {
        let code = self.text("code")?.ok_or_else(|| Problem::missing_field(&self.name("code")))?;
        Script::compile(&code).map_err(|error| Problem::invalid_field(&self.name("code"), error))?;
        let mut env = BTreeMap::new();
        match self.fields.remove("env") {
            None => {}
            Some(Value::Object(variables)) => {
                for (name, value) in variables {
                    let value = self.variable(&name, value)?;
                    env.insert(name, value);
                }
            }
            Some(_) => return Err(Problem::invalid_field(&self.name("env"), "expected an object of texts")),
        }
        Ok(Rule::Transform { code, env })
    }

    /// The value of a variable. Where it is null that is the stored one: of the rule at this place, or else of any.
    fn variable(&self, name: &str, value: Value) -> Result<Secret, Problem> {
        let known = |rule: &Rule| match rule {
            Rule::Transform { env, .. } => env.get(name).cloned(),
            _ => None,
        };
        let problem =
            |expected: &str| Problem::invalid_field(&self.name(&format!("env.{name}")), expected.to_owned());
        match value {
            Value::String(text) => Ok(Secret::new(text)),
            Value::Null => {
                let at_this_place = self.current.get(self.at).and_then(known);
                at_this_place
                    .or_else(|| self.current.iter().find_map(known))
                    .ok_or_else(|| problem("null keeps the stored value, and there is none: give a text"))
            }
            _ => Err(problem("expected a text, or null to keep the stored one")),
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
        read(rules, &[]).map_err(|problem| problem.field().unwrap_or_default().to_owned())
    }

    #[test]
    fn what_is_read_is_shown_again() {
        let rules = json!([
            {"type": "filter", "body": {"amount": {"$gt": 5}}, "$or": [{"topic": "a"}, {"topic": "b"}]},
            {"type": "deduplicate", "window_ms": 60_000, "fields": ["/body/id"]},
            {"type": "deduplicate", "window_ms": 1_000, "fields": []},
            {"type": "stale", "older_than_ms": 1},
            {"type": "stale", "older_than_ms": 1, "latest": {"fields": ["/body/id", "/topic"]}},
            {"type": "delay", "for_ms": 5},
            {"type": "delay", "until": "/body/at"},
            {"type": "transform", "code": "export default (request) => request", "env": {}},
        ]);
        let read = parse(rules.clone()).unwrap();
        assert_eq!(Value::Array(read.iter().map(show).collect()), rules);
        assert_eq!(parse(json!([{"type": "deduplicate", "window_ms": 1_000}])).unwrap(), read[2..3]);
        let timed = json!([{"type": "stale", "latest": {"fields": ["/body/id"], "time": "/body/at"}}]);
        assert_eq!(show(&parse(timed.clone()).unwrap()[0]), timed[0]);
    }

    #[test]
    fn variables_are_not_shown_and_null_keeps_them() {
        let rule = |env: Value| json!({"type": "transform", "code": "export default (r) => r", "env": env});
        let stored = parse(json!([{"type": "filter"}, rule(json!({"A": "1", "B": "2"}))])).unwrap();
        assert_eq!(show(&stored[1]), rule(json!({"A": null, "B": null})));
        let again = |rules: Value| {
            let rules: Vec<Map<String, Value>> = serde_json::from_value(rules).unwrap();
            read(rules, &stored).map_err(|problem| problem.field().unwrap_or_default().to_owned())
        };
        let expected = parse(json!([rule(json!({"B": "2", "C": "3"}))])).unwrap();
        assert_eq!(again(json!([rule(json!({"B": null, "C": "3"}))])).unwrap(), expected);
        assert_eq!(again(json!([rule(json!({"D": null}))])), Err("rules[0].env.D".to_owned()));
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
            (json!({"type": "stale"}), "rules[0]"),
            (json!({"type": "stale", "older_than_ms": "1s"}), "rules[0].older_than_ms"),
            (json!({"type": "stale", "latest": null}), "rules[0].latest"),
            (json!({"type": "stale", "latest": [["/topic"], null]}), "rules[0].latest"),
            (json!({"type": "stale", "latest": {"time": "/body/at"}}), "rules[0].latest"),
            (json!({"type": "stale", "latest": {"fields": ["/topic"], "key": 1}}), "rules[0].latest"),
            (json!({"type": "stale", "latest": {"fields": []}}), "rules[0]"),
            (json!({"type": "delay", "until": "/body/at", "for_ms": 1}), "rules[0].for_ms"),
            (json!({"type": "delay"}), "rules[0].for_ms"),
            (json!({"type": "transform"}), "rules[0].code"),
            (json!({"type": "transform", "code": "return 1"}), "rules[0].code"),
            (json!({"type": "transform", "code": "export default 1", "env": {"A": 1}}), "rules[0].env.A"),
            (json!({"type": "transform", "code": "export default 1", "env": {"1": "x"}}), "rules[0]"),
            (json!({"type": "transform", "code": "export default 1", "file": "x"}), "rules[0].file"),
        ] {
            assert_eq!(parse(json!([rule])), Err(field.to_owned()), "{rule}");
        }
    }
}
