//! `hookyard reindex`: throw the index away and make it anew.

use std::time::Duration;

use hookyard_store::store::{Options, Store};

use crate::args::ReindexArgs;
use crate::config::Log;
use crate::log::{self, say};

/// Reads the whole journal, checks every record, and writes the index. Damage is reported on stderr.
pub(crate) fn run(args: &ReindexArgs) -> anyhow::Result<()> {
    log::start(&Log::default());
    anyhow::ensure!(
        args.data_dir.join("journal").is_dir(),
        "{} is not a Hookyard data directory: say which one with --data-dir",
        args.data_dir.display()
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(Options { retention: None, ..Options::new(&args.data_dir) })?;
        let started = std::time::Instant::now();
        store.reindex().await;
        store.settle().await;
        let health = store.health();
        say(format_args!(
            "the index is made anew: {} undelivered events, {:.1} s",
            health.undelivered,
            started.elapsed().max(Duration::from_millis(1)).as_secs_f64()
        ));
        store.close();
        Ok(())
    })
}
