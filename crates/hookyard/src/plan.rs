//! `hookyard plan`: what applying a document would change.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::Value;

use crate::args::PlanArgs;
use crate::client::Client;
use crate::document;
use crate::log::say;

/// The status with `--exit-code` where there is something to change.
const CHANGES: u8 = 2;

/// Prints the plan.
pub(crate) fn run(args: &PlanArgs) -> anyhow::Result<ExitCode> {
    let wanted = document::read(&args.wanted, &|name| std::env::var(name).ok())?;
    let plan = Client::new(&args.gateway)?.post("/api/v1/configuration/plan", &wanted)?;
    match args.json {
        true => say(serde_json::to_string_pretty(&plan)?),
        false => say(told(&plan)),
    }
    let is_different = args.exit_code && !changes(&plan).is_empty();
    Ok(if is_different { ExitCode::from(CHANGES) } else { ExitCode::SUCCESS })
}

/// The changes of a plan.
pub(crate) fn changes(plan: &Value) -> &[Value] {
    plan["changes"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A plan as a person is told it: a paragraph for each change, and a line with their numbers.
pub(crate) fn told(plan: &Value) -> String {
    let mut told = String::new();
    let mut counts = [0; 3];
    for change in changes(plan) {
        let (kind, sign) = match &*text(change, "action") {
            "create" => (0, '+'),
            "update" => (1, '~'),
            _ => (2, '-'),
        };
        if let Some(count) = counts.get_mut(kind) {
            *count += 1;
        }
        let _ = writeln!(told, "{sign} {} {}", text(change, "resource_type"), text(change, "name"));
        for field in change["fields"].as_array().into_iter().flatten() {
            let name = text(field, "field");
            let _ = match kind {
                0 => writeln!(told, "    {name}: {}", field["to"]),
                _ => writeln!(told, "    {name}: {} → {}", field["from"], field["to"]),
            };
        }
    }
    if !told.is_empty() {
        told.push('\n');
    }
    let [created, updated, deleted] = counts;
    let unchanged = &plan["unchanged"];
    let _ = match created + updated + deleted {
        0 => write!(told, "nothing to change; {unchanged} as in the document"),
        _ => write!(
            told,
            "{created} to create, {updated} to update, {deleted} to delete; {unchanged} as in the document"
        ),
    };
    let left: Vec<String> = plan["undeclared"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| format!("{} {}", text(it, "resource_type"), text(it, "name")))
        .collect();
    if !left.is_empty() {
        let _ = write!(
            told,
            "\nnot in the document, and left as they are (`--prune` deletes them): {}",
            left.join(", ")
        );
    }
    match plan["undelivered_events"].as_u64() {
        None | Some(0) => {}
        Some(count) => {
            let _ = write!(
                told,
                "\n{count} undelivered events go with what is deleted (`--cancel-events` allows that)"
            );
        }
    }
    told
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_reads_like_a_list_of_what_is_done() {
        let plan = json!({
            "changes": [
                {"action": "create", "resource_type": "source", "name": "a", "fields": [{"field": "provider", "from": null, "to": "none"}]},
                {"action": "update", "resource_type": "destination", "name": "b", "fields": [{"field": "timeout_ms", "from": 1, "to": 2}]},
                {"action": "delete", "resource_type": "connection", "name": "c", "fields": []},
            ],
            "unchanged": 4, "undeclared": [{"resource_type": "alert", "name": "d"}], "undelivered_events": 7,
        });
        assert_eq!(
            told(&plan),
            "+ source a\n    provider: \"none\"\n~ destination b\n    timeout_ms: 1 → 2\n- connection c\n\n\
             1 to create, 1 to update, 1 to delete; 4 as in the document\n\
             not in the document, and left as they are (`--prune` deletes them): alert d\n\
             7 undelivered events go with what is deleted (`--cancel-events` allows that)"
        );
        let nothing = json!({"changes": [], "unchanged": 2, "undeclared": [], "undelivered_events": 0});
        assert_eq!(told(&nothing), "nothing to change; 2 as in the document");
    }
}
