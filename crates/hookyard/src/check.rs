//! `hookyard check`: is this configuration file right?

use crate::args::CheckArgs;
use crate::log::say;
use crate::serve;

/// Reads the file as `serve` would with the same flags, and says everything that is wrong with it.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let config = serve::configure(Some(&args.config), &args.overrides)?;
    if let Some(tls) = &config.server.tls {
        hookyard_ingest::tls::load(&tls.cert, &tls.key)?;
    }
    let declared = config.declared();
    say(format_args!(
        "{} is right: {}, {}, {}{}",
        args.config.display(),
        counted(declared.sources.len(), "source"),
        counted(declared.destinations.len(), "destination"),
        counted(declared.connections.len(), "connection"),
        match declared.alerts.len() {
            0 => String::new(),
            count => format!(", {}", counted(count, "alert")),
        }
    ));
    Ok(())
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
