//! The rules of a `[[connection]]`: a list of tables with one setting each, which names the kind of rule.

use std::path::Path;
use std::time::Duration;

use hookyard_model::rule::{Delay, Latest, Rule};
use hookyard_model::secret::Secret;
use hookyard_rules::pipeline::Pipeline;
use hookyard_transform::script::Script;

use super::auth::content;
use super::declared::ANY_DURATION;
use super::table::{Reader, Table};

const KINDS: &str = "a rule is one of `{ filter = { … } }`, `{ deduplicate = { … } }`, `{ stale = { … } }`, `{ delay = { … } }`, `{ transform = { … } }`";

/// Reads the rules of a connection, without those that are wrong, which is noted; `directory` is what their paths are
/// taken from.
pub(super) fn read(connection: &mut Table<'_>, reader: &mut Reader<'_>, directory: &Path) -> Vec<Rule> {
    let mut rules = Vec::new();
    let connection_at = connection.at;
    let found_at_first = reader.found.len();
    for mut table in connection.tables(reader, "rules") {
        let at = table.at;
        let found_before = reader.found.len();
        let rule = rule(&mut table, reader, directory);
        table.finish(reader);
        let Some(rule) = rule else {
            if reader.found.len() == found_before {
                reader.note(at, format!("connection.rules: {KINDS}"));
            }
            continue;
        };
        if let Err(error) = Pipeline::compile(std::slice::from_ref(&rule)) {
            reader.note(at, format!("connection.rules.{}: {}", rule.kind().name(), error.problem));
        }
        rules.push(rule);
    }
    if reader.found.len() == found_at_first
        && let Err(error) = Pipeline::compile(&rules)
    {
        reader.note(connection_at, format!("connection.rules: {error}"));
    }
    rules
}

fn rule(table: &mut Table<'_>, reader: &mut Reader<'_>, directory: &Path) -> Option<Rule> {
    let condition = table.json(reader, "filter");
    let deduplicate = table.optional_table(reader, "deduplicate");
    let stale = table.optional_table(reader, "stale");
    let delay = table.optional_table(reader, "delay");
    let transform = table.optional_table(reader, "transform");
    match (condition, deduplicate, stale, delay, transform) {
        (Some(condition), None, None, None, None) => Some(Rule::Filter { condition: condition.to_string() }),
        (None, Some(mut table), None, None, None) => {
            let by = table.texts(reader, "fields").unwrap_or_default();
            let window = required_duration(&mut table, reader, "window");
            table.finish(reader);
            Some(Rule::Deduplicate { by, window: window? })
        }
        (None, None, Some(mut table), None, None) => {
            let is_given = (table.has("older_than"), table.has("latest"));
            let older_than = table.duration(reader, "older_than", ANY_DURATION);
            let latest = latest(&mut table, reader);
            table.finish(reader);
            // What is given and wrong has been noted.
            let is_read = is_given == (older_than.is_some(), latest.is_some());
            is_read.then_some(Rule::Stale { older_than, latest })
        }
        (None, None, None, Some(mut table), None) => {
            let until = table.text(reader, "until");
            let delay = match until {
                Some(field) => Some(Delay::Until(field)),
                None => required_duration(&mut table, reader, "for").map(Delay::For),
            };
            table.finish(reader);
            delay.map(Rule::Delay)
        }
        (None, None, None, None, Some(table)) => transform_rule(table, reader, directory),
        _ => None,
    }
}

/// What makes an event the latest; none where nothing does, or it is wrong, which is noted.
fn latest(stale: &mut Table<'_>, reader: &mut Reader<'_>) -> Option<Latest> {
    let mut table = stale.optional_table(reader, "latest")?;
    let by = table.texts(reader, "fields").unwrap_or_default();
    let time = table.text(reader, "time");
    table.finish(reader);
    Some(Latest { by, time })
}

fn transform_rule(mut table: Table<'_>, reader: &mut Reader<'_>, directory: &Path) -> Option<Rule> {
    let code = match (table.text_as_it_stands(reader, "code"), table.text(reader, "file")) {
        (Some(code), None) => Ok(code),
        (None, Some(file)) => content(&directory.join(file)),
        (None, None) => Err("give the code as `code`, or the `file` that it is in".to_owned()),
        (Some(_), Some(_)) => Err("give the code here or in a file, not both".to_owned()),
    };
    let code = code.and_then(|code| match Script::compile(&code) {
        Ok(_) => Ok(code),
        Err(error) => Err(error.to_string()),
    });
    if let Err(problem) = &code {
        reader.note(table.at, format!("connection.rules.transform: {problem}"));
    }
    let env = table.optional_table(reader, "env").and_then(|env| env.all_texts(reader)).unwrap_or_default();
    table.finish(reader);
    let env = env.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
    Some(Rule::Transform { code: code.ok()?, env })
}

fn required_duration(table: &mut Table<'_>, reader: &mut Reader<'_>, key: &'static str) -> Option<Duration> {
    if !table.has(key) {
        reader.note(table.at, format!("{}: missing: give a time like `30s` or `12h`", table.name_of(key)));
    }
    table.duration(reader, key, ANY_DURATION)
}
