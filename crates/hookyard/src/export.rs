//! `hookyard export`: the configuration of a running gateway as a document, which `plan` and `apply` take.

use crate::args::ExportArgs;
use crate::client::Client;
use crate::document;
use crate::log::say;

/// Prints the document.
pub(crate) fn run(args: &ExportArgs) -> anyhow::Result<()> {
    let exported = Client::new(&args.gateway)?.get("/api/v1/configuration")?;
    let text = if args.json { document::pretty(exported)? } else { document::toml(exported)? };
    say(text.trim_end());
    Ok(())
}
