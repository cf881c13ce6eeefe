//! `hookyard check`: is this configuration file right?

use crate::args::CheckArgs;
use crate::config::Config;
use crate::log::say;
use crate::serve;

/// Reads the file as `serve` would, and says everything that is wrong with it.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let mut config = Config::load(&args.config, &|name| std::env::var(name).ok())?;
    serve::override_key(&mut config);
    config.server.check()?;
    if let Some(tls) = &config.server.tls {
        hookyard_ingest::tls::load(&tls.cert, &tls.key)?;
    }
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
