//! A million events behind a destination that refuses every connection: what that costs in memory,
//! what another destination notices, and how long a restart takes.
//!
//! After the first twenty failures the destination's breaker opens, and all but a probe now and then wait
//! without being tried, so that soon the gateway has the backlog and nothing to do with it. The other
//! destination is measured while the backlog comes in, and with it.

use std::time::Duration;

use super::beside::{self, BUSY, healthy_p99_ms, healthy_pace};
use super::settle_accounts;
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::{Gateway, Setup};
use crate::ledger::Accounts;
use crate::process::free_address;
use crate::sink::{Behaviour, Sink};

const FAILING_PATIENCE: Duration = Duration::from_secs(180);

/// Builds the backlog, looks at the other destination, restarts.
///
/// # Errors
/// When the gateway fails, or does not take the backlog.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let pace = healthy_pace(bench);
    let ledger = bench.ledger(4 * pace.requests());
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let setup = Setup::of(
        &[BUSY, "doomed"],
        &[("healthy", sink.address()), ("dead", free_address()?)],
        &[(BUSY, "healthy"), ("doomed", "dead")],
    );
    let mut gateway = Gateway::launch(bench, &setup)?;
    let before_ms = healthy_p99_ms(&gateway, &ledger, pace)?;
    figures.set("healthy_p99_ms_before", before_ms);

    pile_up(bench, figures, &gateway)?;
    figures.set("healthy_p99_ms_while_failing", healthy_p99_ms(&gateway, &ledger, pace)?);
    if !gateway.process()?.settle(FAILING_PATIENCE)? {
        println!("  still busy {FAILING_PATIENCE:?} after the backlog was complete");
    }
    figures.set("rss_1m_backlog_mb", gateway.process()?.resident_mb()?);
    figures.set("rss_1m_backlog_max_mb", gateway.process()?.resident_max_mb()?);
    let during_ms = healthy_p99_ms(&gateway, &ledger, pace)?;
    figures.set("healthy_p99_ms_during", during_ms);
    figures.set("healthy_p99_ratio", during_ms / before_ms);

    let before_the_kill = ledger.accounts();
    gateway.kill()?;
    figures.set("restart_1m_ready_ms", gateway.start()?.as_secs_f64() * 1e3);
    gateway.process()?.settle(Duration::from_secs(30))?;
    figures.set("restart_1m_rss_mb", gateway.process()?.resident_mb()?);
    gateway.terminate()?;
    figures.set("restart_1m_clean_ready_ms", gateway.start()?.as_secs_f64() * 1e3);
    healthy_p99_ms(&gateway, &ledger, pace)?;
    gateway.process()?.check()?;
    // What was delivered in the last two milliseconds before the kill may come again.
    settle_accounts(figures, Accounts { duplicates: before_the_kill.duplicates, ..ledger.accounts() });
    Ok(())
}

/// Sends the backlog; returns when all of it is acknowledged.
fn pile_up(bench: &Bench, figures: &mut Figures, gateway: &Gateway) -> anyhow::Result<()> {
    let doomed = bench.ledger(bench.plan.backlog);
    let unacknowledged = beside::pile_up(gateway, "doomed", &doomed)?;
    if unacknowledged.total() > 0 {
        println!("  {unacknowledged:?}");
    }
    figures.set("backlog_events", doomed.accounts().acknowledged as f64);
    Ok(())
}
