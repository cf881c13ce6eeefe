//! The rules of a `[[connection]]`: a list of tables with one setting each, which names the kind of rule.

use std::time::Duration;

use hookyard_model::rule::{Delay, Rule};
use hookyard_rules::pipeline::Pipeline;

use super::declared::ANY_DURATION;
use super::table::{Reader, Table};

const KINDS: &str = "a rule is one of `{ filter = { … } }`, `{ deduplicate = { … } }`, `{ stale = { … } }`, `{ delay = { … } }`";

/// Reads the rules of a connection; none of them where one is wrong, which is noted.
pub(super) fn read(connection: &mut Table<'_>, reader: &mut Reader<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for mut table in connection.tables(reader, "rules") {
        let at = table.at;
        let found_before = reader.found.len();
        let rule = rule(&mut table, reader);
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
    rules
}

fn rule(table: &mut Table<'_>, reader: &mut Reader<'_>) -> Option<Rule> {
    let condition = table.json(reader, "filter");
    let deduplicate = table.optional_table(reader, "deduplicate");
    let stale = table.optional_table(reader, "stale");
    let delay = table.optional_table(reader, "delay");
    match (condition, deduplicate, stale, delay) {
        (Some(condition), None, None, None) => Some(Rule::Filter { condition: condition.to_string() }),
        (None, Some(mut table), None, None) => {
            let by = table.texts(reader, "fields").unwrap_or_default();
            let window = required_duration(&mut table, reader, "window");
            table.finish(reader);
            Some(Rule::Deduplicate { by, window: window? })
        }
        (None, None, Some(mut table), None) => {
            let older_than = required_duration(&mut table, reader, "older_than");
            table.finish(reader);
            Some(Rule::Stale { older_than: older_than? })
        }
        (None, None, None, Some(mut table)) => {
            let until = table.text(reader, "until");
            let delay = match until {
                Some(field) => Some(Delay::Until(field)),
                None => required_duration(&mut table, reader, "for").map(Delay::For),
            };
            table.finish(reader);
            delay.map(Rule::Delay)
        }
        _ => None,
    }
}

fn required_duration(table: &mut Table<'_>, reader: &mut Reader<'_>, key: &'static str) -> Option<Duration> {
    if !table.has(key) {
        reader.note(table.at, format!("{}: missing: give a time like `30s` or `12h`", table.name_of(key)));
    }
    table.duration(reader, key, ANY_DURATION)
}
