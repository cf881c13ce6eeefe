//! A gateway's configuration as a file: TOML or JSON, in the API's own words.
//!
//! `${NAME}` in a text becomes the value of an environment variable, and `$$` a dollar sign, as in the configuration file.
//! The code of transformations stands as it is, since dollar signs mean something there.
//!
//! Where the API has `null` for a variable of a transformation, which keeps what is stored, TOML has `{ keep = true }`.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::{Map, Value};

use crate::args::Wanted;
use crate::config::expand;

/// The lists of a document, in their order.
const LISTS: [&str; 4] = ["sources", "destinations", "connections", "alerts"];
/// The variables of a transformation, whose values are kept where they are not given.
const VARIABLES: &str = "env";
/// What a reader looks for first.
const FIRST: [&str; 7] = ["name", "type", "provider", "url", "source", "destination", "token"];
/// What is not expanded, wherever it stands.
const AS_IT_IS: &str = "code";

/// The document that is wanted, and what is to be done with it, as a body for the API.
///
/// # Errors
/// A file that cannot be read, or names a variable that is not set.
pub(crate) fn read(wanted: &Wanted, env: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Value> {
    let name = wanted.file.display().to_string();
    let text = match wanted.file == Path::new("-") {
        true => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
        false => fs::read_to_string(&wanted.file),
    };
    let text = text.with_context(|| format!("cannot read {name}"))?;
    let mut document =
        parse(&text, wanted.file.extension().is_some_and(|it| it == "json")).with_context(|| name.clone())?;
    for (list, value) in &mut document {
        expand_all(list, value, env).map_err(|error| anyhow!("{name}: {error}"))?;
    }
    if wanted.prune {
        document.insert("prune".to_owned(), true.into());
    }
    if wanted.cancel_events {
        document.insert("cancel_events".to_owned(), true.into());
    }
    Ok(Value::Object(document))
}

fn parse(text: &str, is_json: bool) -> anyhow::Result<Map<String, Value>> {
    if is_json || text.trim_start().starts_with('{') {
        return Ok(serde_json::from_str(text)?);
    }
    let table: toml::Table = toml::from_str(text)?;
    table.into_iter().map(|(name, value)| Ok((name, json(value)?))).collect()
}

fn json(value: toml::Value) -> anyhow::Result<Value> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is_so) => is_so.into(),
        toml::Value::Datetime(time) => {
            return Err(anyhow!("write the time {time} as a text, in quotation marks"));
        }
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?),
        toml::Value::Table(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let value = if name == VARIABLES { variables(value) } else { json(value) };
                Ok((name, value?))
            });
            Value::Object(fields.collect::<anyhow::Result<_>>()?)
        }
    })
}

/// Variables, some of which keep their value.
fn variables(value: toml::Value) -> anyhow::Result<Value> {
    let mut variables = json(value)?;
    let keep = serde_json::json!({"keep": true});
    for value in variables.as_object_mut().into_iter().flatten().map(|(_, value)| value) {
        if *value == keep {
            *value = Value::Null;
        }
    }
    Ok(variables)
}

fn expand_all(path: &str, value: &mut Value, env: &dyn Fn(&str) -> Option<String>) -> Result<(), String> {
    match value {
        Value::String(text) => {
            *text = expand(text, env).map_err(|error| format!("{path}: {error}"))?;
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                expand_all(&format!("{path}[{at}]"), item, env)?;
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut().filter(|(name, _)| *name != AS_IT_IS) {
                expand_all(&format!("{path}.{name}"), value, env)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// An exported document as TOML that reads the same again.
///
/// # Errors
/// Something that TOML cannot hold, which no export has.
pub(crate) fn toml(mut exported: Value) -> anyhow::Result<String> {
    escape_all(&mut exported);
    let mut document = toml::Table::new();
    for list in LISTS {
        let things = exported.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        let things: Vec<toml::Value> = things.into_iter().filter_map(table).collect();
        if !things.is_empty() {
            document.insert(list.to_owned(), toml::Value::Array(things));
        }
    }
    Ok(toml::to_string_pretty(&document)?)
}

/// The same as JSON.
///
/// # Errors
/// None that an export can have.
pub(crate) fn pretty(mut exported: Value) -> anyhow::Result<String> {
    escape_all(&mut exported);
    Ok(serde_json::to_string_pretty(&exported)?)
}

/// What a reader looks for first, and last what is in tables of its own, as TOML wants it; there is no `null` in TOML.
fn table(value: Value) -> Option<toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(is_so) => toml::Value::Boolean(is_so),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => toml::Value::Integer(whole),
            None => toml::Value::Float(number.as_f64()?),
        },
        Value::String(text) => toml::Value::String(text),
        Value::Array(items) => toml::Value::Array(items.into_iter().filter_map(table).collect()),
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            let rank = |(name, value): &(String, Value)| {
                let first = FIRST.iter().position(|it| it == name).unwrap_or(FIRST.len());
                (is_table(value), first)
            };
            fields.sort_by_key(rank);
            let fields = fields.into_iter().filter_map(|(name, value)| {
                let value = if name == VARIABLES { kept(value) } else { value };
                Some((name, table(value)?))
            });
            toml::Value::Table(fields.collect())
        }
    })
}

/// Variables as TOML has them.
fn kept(mut variables: Value) -> Value {
    for value in variables.as_object_mut().into_iter().flatten().map(|(_, value)| value) {
        if value.is_null() {
            *value = serde_json::json!({"keep": true});
        }
    }
    variables
}

fn is_table(value: &Value) -> bool {
    value.is_object() || value.as_array().is_some_and(|items| items.iter().any(Value::is_object))
}

fn escape_all(value: &mut Value) {
    match value {
        Value::String(text) => *text = text.replace('$', "$$"),
        Value::Array(items) => items.iter_mut().for_each(escape_all),
        Value::Object(fields) => {
            fields.iter_mut().filter(|(name, _)| *name != AS_IT_IS).for_each(|(_, value)| escape_all(value));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn toml_reads_the_same_again() {
        let exported = json!({
            "sources": [{"name": "a", "provider": "none", "answer": {"status": 202, "body": "it costs $5"}, "methods": ["POST"]}],
            "destinations": [],
            "connections": [{"name": "c", "source": "a", "destination": "b", "rules": [
                {"type": "filter", "body": {"amount": {"$gt": 5.5}, "$or": [{"a": "$x"}]}},
                {"type": "transform", "code": "export default (r) => {\n  return `${r.body}`\n}\n",
                 "env": {"KEPT": null, "GIVEN": "x"}},
            ]}],
            "alerts": [],
        });
        let text = toml(exported.clone()).unwrap();
        assert!(text.starts_with("[[sources]]\nname = \"a\"\n"), "{text}");
        let mut read = parse(&text, false).unwrap();
        read.iter_mut().for_each(|(list, value)| expand_all(list, value, &|_| None).unwrap());
        read.extend(["destinations", "alerts"].map(|list| (list.to_owned(), json!([]))));
        assert_eq!(Value::Object(read), exported, "{text}");
    }

    #[test]
    fn variables_are_put_in_everywhere_but_in_code() {
        let env = |name: &str| (name == "KEY").then(|| "k".to_owned());
        let mut value = json!([{"secrets": ["${KEY}"], "rules": [{"code": "`${KEY}`", "env": {"A": "$$"}}]}]);
        expand_all("sources", &mut value, &env).unwrap();
        assert_eq!(value, json!([{"secrets": ["k"], "rules": [{"code": "`${KEY}`", "env": {"A": "$"}}]}]));
        let mut value = json!([{"secrets": ["${MISSING}"]}]);
        let error = expand_all("sources", &mut value, &env).unwrap_err();
        assert!(error.starts_with("sources[0].secrets[0]: the environment variable `MISSING`"), "{error}");
    }
}
