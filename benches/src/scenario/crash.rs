//! SIGKILL while events are undelivered and more come in: after the restart all that was acknowledged
//! goes out.

use std::time::Duration;

use anyhow::bail;

use super::{delivery, settle_accounts};
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::Gateway;
use crate::ledger::{Accounts, wait_until};
use crate::load::closed::Closed;
use crate::sink::{Behaviour, Sink};

const CONNECTIONS: usize = 64;
const EVENTS_MAX: u32 = 1_000_000;
const FIRST_PATIENCE: Duration = Duration::from_secs(60);

/// Loads a gateway whose destination hangs, kills it, starts it again with a healthy one.
///
/// # Errors
/// When the gateway does not start again, or delivers nothing then.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let ledger = bench.ledger(EVENTS_MAX);
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Hanging)?;
    let mut gateway = Gateway::launch(bench, &delivery::setup(&sink))?;
    let load = Closed::start(&gateway.target("bench"), &ledger, CONNECTIONS)?;
    std::thread::sleep(bench.plan.window);
    gateway.process()?.check()?;
    gateway.kill()?;
    load.stop()?;
    let undelivered = ledger.accounts().lost;
    println!("  killed with {undelivered} acknowledged events undelivered");

    sink.behave(Behaviour::Healthy);
    let ready_after = gateway.start()?;
    let ready_ns = ledger.now_ns();
    if !wait_until(FIRST_PATIENCE, || ledger.first_delivery_ns().is_some()) {
        settle_accounts(figures, ledger.accounts());
        bail!("nothing was delivered within {FIRST_PATIENCE:?} of the restart");
    }
    let first_ns = ledger.first_delivery_ns().unwrap_or(u64::MAX);
    delivery::drain(&ledger);
    let drained_s = ledger.newest_delivery_ns().saturating_sub(first_ns) as f64 / 1e9;

    let accounts = ledger.accounts();
    figures.set("crash_resume_ms", first_ns.saturating_sub(ready_ns) as f64 / 1e6);
    figures.set("crash_ready_ms", ready_after.as_secs_f64() * 1e3);
    figures.set("crash_undelivered", undelivered as f64);
    figures.set("crash_duplicates", accounts.duplicates as f64);
    figures.set("crash_drain_per_s", accounts.delivered as f64 / drained_s);
    gateway.process()?.check()?;
    // What was in flight may go out twice after a crash: that is the promise, not a fault.
    settle_accounts(figures, Accounts { duplicates: 0, ..accounts });
    Ok(())
}
