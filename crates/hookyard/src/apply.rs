//! `hookyard apply`: makes a gateway's configuration what a document says, after it showed what that changes.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::bail;
use serde_json::Value;

use crate::args::ApplyArgs;
use crate::client::Client;
use crate::document;
use crate::log::{say, tell};
use crate::plan::{changes, told};

/// Shows the plan, asks, and carries out that very plan: where the configuration was changed meanwhile, nothing is done.
pub(crate) fn run(args: &ApplyArgs) -> anyhow::Result<()> {
    let mut wanted = document::read(&args.wanted, &|name| std::env::var(name).ok())?;
    let client = Client::new(&args.gateway)?;
    let plan = client.post("/api/v1/configuration/plan", &wanted)?;
    tell(told(&plan));
    if !changes(&plan).is_empty() {
        if !args.yes && !is_agreed()? {
            bail!("nothing was changed");
        }
        if let (Some(wanted), Some(version)) = (wanted.as_object_mut(), plan.get("version")) {
            wanted.insert("version".to_owned(), version.clone());
        }
    }
    let applied = client.post("/api/v1/configuration/apply", &wanted)?;
    if args.json {
        say(serde_json::to_string_pretty(&applied)?);
        return Ok(());
    }
    for change in changes(&applied) {
        if let Some(secret) = change["secret_generated"].as_str() {
            let text = |name: &str| change[name].as_str().unwrap_or_default().to_owned();
            say(format_args!(
                "signing secret of {} {}, shown this once: {secret}",
                text("resource_type"),
                text("name")
            ));
        }
    }
    if !changes(&applied).is_empty() {
        tell(format_args!("done: {} changed", count(&applied)));
    }
    Ok(())
}

fn count(applied: &Value) -> String {
    match changes(applied).len() {
        1 => "1 thing".to_owned(),
        many => format!("{many} things"),
    }
}

/// Asks the person at the terminal.
fn is_agreed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to be asked: say `--yes` to apply without a question");
    }
    let mut out = std::io::stderr();
    write!(out, "\nApply this? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
