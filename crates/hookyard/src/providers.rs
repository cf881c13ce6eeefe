//! `hookyard providers`: which providers there are, and how a source of one is set up.

use std::fmt::Write as _;

use hookyard_api::providers::{ProviderSummaryView, ProviderView};
use hookyard_providers::{ConfigError, provider, providers};

use crate::args::ProvidersArgs;
use crate::log::say;

/// Lists all, or explains one.
pub(crate) fn run(args: &ProvidersArgs) -> anyhow::Result<()> {
    let Some(name) = &args.name else {
        let all: Vec<ProviderSummaryView> = providers().map(ProviderSummaryView::new).collect();
        say(if args.json { serde_json::to_string_pretty(&all)? } else { table(&all) });
        return Ok(());
    };
    let found = provider(name).ok_or_else(|| ConfigError::unknown_provider(name))?;
    let view = ProviderView::new(found);
    say(if args.json { serde_json::to_string_pretty(&view)? } else { explained(&view) });
    Ok(())
}

fn table(all: &[ProviderSummaryView]) -> String {
    let width = |cell: fn(&ProviderSummaryView) -> &str| {
        all.iter().map(|one| cell(one).chars().count()).max().unwrap_or_default()
    };
    let (names, titles) = (width(|one| one.name).max(4), width(|one| one.title).max(5));
    let mut text = format!("{:names$}  {:titles$}  {:10}  VERIFIED BY\n", "NAME", "TITLE", "CONFIDENCE");
    for one in all {
        let mut how = one.kinds.join(", ");
        if !one.handshakes.is_empty() {
            how.push_str(" + handshake");
        }
        let _ = writeln!(text, "{:names$}  {:titles$}  {:10}  {how}", one.name, one.title, one.confidence);
    }
    let _ = write!(text, "\n{} providers; `hookyard providers NAME` explains one.", all.len());
    text
}

fn explained(view: &ProviderView) -> String {
    let ProviderView { summary, docs, note, secret, schemes, handshake, answer } = view;
    let mut text = format!("{} ({})\n", summary.title, summary.name);
    if let Some(note) = note {
        let _ = writeln!(text, "{note}");
    }
    match secret {
        Some(secret) => {
            let _ = write!(text, "\nSecret\n  {}", secret.called);
            if let Some(found) = secret.found {
                let _ = write!(text, ": {found}");
            }
            if secret.captured {
                text.push_str("\n  Leave it out: the provider's first request brings it.");
            }
            text.push('\n');
        }
        None => text.push_str("\nSecret\n  none\n"),
    }
    if !summary.settings.is_empty() {
        text.push_str("\nSettings\n");
        for setting in &summary.settings {
            let _ = writeln!(text, "  {}: {}", setting.name(), setting.line());
        }
    }
    text.push_str("\nVerified\n");
    for scheme in schemes {
        match (scheme.name, scheme.meaning) {
            (Some(name), meaning) => {
                let _ = writeln!(text, "  {name}: {} {}", meaning.unwrap_or_default(), scheme.how);
            }
            (None, _) => {
                let _ = writeln!(text, "  {}", scheme.how);
            }
        }
    }
    if !handshake.is_empty() {
        text.push_str("\nHandshake\n");
        for one in handshake {
            let _ = writeln!(text, "  {}: {}", one.name, one.how);
        }
    }
    let _ = write!(text, "\nAnswered\n  {}", answer.status);
    match answer.body {
        Some("") => text.push_str(" without a body"),
        Some(body) => {
            let _ = write!(text, " `{body}`");
        }
        None => text.push_str(" with the request's id"),
    }
    let _ = writeln!(text, "; {} where it is not verified", answer.refused_status);
    if let Some(retries) = answer.retries {
        let _ = writeln!(text, "  It waits for: {retries}");
    }
    let _ = write!(text, "\nConfidence\n  {}", summary.confidence);
    if let Some(docs) = docs {
        let _ = write!(text, "; {docs}");
    }
    text
}
