//! `hookyard check`: is this configuration file right?

use crate::args::CheckArgs;
use crate::config::Config;
use crate::log::say;

/// Reads the file as `serve` would, and says everything that is wrong with it.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.config, &|name| std::env::var(name).ok())?;
    config.server.check()?;
    let declared = config.declared();
    say(format_args!(
        "{} is right: {} sources, {} destinations, {} connections",
        args.config.display(),
        declared.sources.len(),
        declared.destinations.len(),
        declared.connections.len()
    ));
    Ok(())
}
