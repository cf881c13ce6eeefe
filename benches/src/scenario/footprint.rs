//! What Hookyard takes when it does nothing, how fast it is there, and what a delivered event leaves
//! on disk.

use std::time::Duration;

use anyhow::bail;

use super::{delivery, settle_accounts};
use crate::bench::Bench;
use crate::disk::disk_use;
use crate::figures::Figures;
use crate::gateway::Gateway;
use crate::ledger::wait_until;
use crate::load::closed::Closed;
use crate::sink::{Behaviour, Sink};

const COLD_STARTS: usize = 5;
const CONNECTIONS: usize = 64;
const IDLE: Duration = Duration::from_secs(3);
const STORE_PATIENCE: Duration = Duration::from_secs(180);

/// Cold starts, then idle memory, then disk per event.
///
/// # Errors
/// When the gateway fails.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let ledger = bench.ledger(bench.plan.stored);
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let setup = delivery::setup(&sink);
    for _ in 1..COLD_STARTS {
        let mut gateway = Gateway::lay_out(bench, &setup)?;
        figures.round("ready_ms", gateway.start()?.as_secs_f64() * 1e3);
        gateway.terminate()?;
    }
    let mut gateway = Gateway::lay_out(bench, &setup)?;
    figures.round("ready_ms", gateway.start()?.as_secs_f64() * 1e3);
    std::thread::sleep(IDLE);
    figures.set("rss_idle_mb", gateway.process()?.resident_mb()?);

    let load = Closed::start(&gateway.target("bench"), &ledger, CONNECTIONS)?;
    let sent = wait_until(STORE_PATIENCE, || load.is_finished());
    load.stop()?;
    if !sent {
        bail!("{} events were not acknowledged within {STORE_PATIENCE:?}", bench.plan.stored);
    }
    delivery::drain(&ledger);
    gateway.process()?.settle(Duration::from_secs(30))?;
    let disk = disk_use(&gateway.data())?;
    let accounts = ledger.accounts();
    figures.set("disk_bytes_per_event", disk.allocated_bytes as f64 / accounts.delivered as f64);
    figures.set("disk_prepared_mb", disk.prepared_bytes as f64 / 1e6);
    figures.set("rss_after_load_mb", gateway.process()?.resident_mb()?);
    settle_accounts(figures, accounts);
    Ok(())
}
