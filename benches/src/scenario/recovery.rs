//! A destination that refuses every connection for a while, with events for it in order by key, and comes back: how
//! it is served then, second by second, whether the order is kept, and what another destination notices.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::beside::{self, BUSY, healthy_p99_ms, healthy_pace};
use super::settle_accounts;
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::{Gateway, Setup};
use crate::ledger::{Ledger, wait_until};
use crate::process::free_address;
use crate::push::REPOSITORIES;
use crate::sink::{Behaviour, Sink};

const DRAIN_PATIENCE: Duration = Duration::from_secs(600);
/// How long it is dead, at least: several probes of the breaker.
const DEAD_FOR: Duration = Duration::from_secs(120);
const DEAD_FOR_QUICK: Duration = Duration::from_secs(10);
const EVENTS: u32 = 100_000;
/// Events of one repository go out in order; a failed one is tried again soon.
const IN_ORDER: &str = r#"order = { by = "key", fields = ["/headers/x-github-hook-installation-target-id"] }
retry = { linear = { first = "1s", step = "0s", retries = 100 } }"#;

/// Dead with events for it, then back.
///
/// # Errors
/// When the gateway fails, or what was acknowledged does not come.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let dead_for = if bench.plan.rounds > 1 { DEAD_FOR } else { DEAD_FOR_QUICK };
    let pace = healthy_pace(bench);
    let (healthy, late) = (bench.ledger(3 * pace.requests()), bench.ledger(EVENTS));
    let sink = Sink::start_anywhere(Some(&healthy), Behaviour::Healthy)?;
    let address = free_address()?;
    let setup = Setup {
        each_connection: Some(IN_ORDER.to_owned()),
        ..Setup::of(
            &[BUSY, "dead"],
            &[("healthy", sink.address()), ("dead", address)],
            &[(BUSY, "healthy"), ("dead", "dead")],
        )
    };
    let mut gateway = Gateway::launch(bench, &setup)?;
    figures.set("recovery_healthy_p99_ms_before", healthy_p99_ms(&gateway, &healthy, pace)?);

    let died = Instant::now();
    pile_up(&gateway, &late)?;
    figures.set("recovery_events", late.accounts().acknowledged as f64);
    figures.set("recovery_healthy_p99_ms_dead", healthy_p99_ms(&gateway, &healthy, pace)?);
    std::thread::sleep(dead_for.saturating_sub(died.elapsed()));

    let back = Sink::start(address, Some(&late), Behaviour::Healthy)?;
    let back_ns = late.now_ns();
    figures.set("recovery_healthy_p99_ms_back", healthy_p99_ms(&gateway, &healthy, pace)?);
    if !wait_until(DRAIN_PATIENCE, || late.delivered_count() == u64::from(EVENTS)) {
        println!("  only {} of {EVENTS} came within {DRAIN_PATIENCE:?}", late.delivered_count());
    }
    gateway.process()?.check()?;
    drop(back);

    let seconds = |at_ns: u64| at_ns.saturating_sub(back_ns) as f64 / 1e9;
    let by_second = late.deliveries_by_second(back_ns);
    figures.set("recovery_first_s", late.first_delivery_ns().map_or(f64::NAN, seconds));
    figures.set("recovery_s", seconds(late.newest_delivery_ns()));
    figures.set("recovery_max_per_s", by_second.iter().copied().max().unwrap_or(0) as f64);
    figures.add("recovery_out_of_order", late.out_of_order(REPOSITORIES));
    println!("  delivered second by second: {by_second:?}");
    figures.course("recovery_per_s", by_second.iter().map(|count| *count as f64).collect());
    settle_accounts(figures, late.accounts());
    settle_accounts(figures, healthy.accounts());
    Ok(())
}

/// Sends the events, all of which have to be acknowledged.
fn pile_up(gateway: &Gateway, ledger: &Arc<Ledger>) -> anyhow::Result<()> {
    let unacknowledged = beside::pile_up(gateway, "dead", ledger)?;
    if unacknowledged.total() > 0 {
        bail!("not all of {EVENTS} events were taken: {unacknowledged:?}");
    }
    Ok(())
}
