//! More is offered than can be delivered: delivery must go on, nothing may be lost, and the backlog
//! must drain when the load ends.

use super::{CLOSED_ROWS, delivery, rate, settle_accounts};
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::Gateway;
use crate::sink::{Behaviour, Sink};

const CONNECTIONS: usize = 256;

/// The gateway under 256 connections, against its own rate under 64.
///
/// # Errors
/// When the gateway fails.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    if figures.get("e2e_per_s").is_none() {
        println!("  its own maximum first");
        delivery::run(bench, figures)?;
    }
    let ledger = bench.ledger(CLOSED_ROWS);
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let mut gateway = Gateway::launch(bench, &delivery::setup(&sink))?;
    let target = gateway.target("bench");
    let plan = &bench.plan;
    let rate = rate::measure(gateway.process()?, &target, &ledger, CONNECTIONS, plan, plan.overload)?;
    rate.mention_trouble("hookyard");

    let (drain_ns, before) = (ledger.now_ns(), ledger.delivered_count());
    let backlog = ledger.accounts().lost;
    delivery::drain(&ledger);
    let drained_s = ledger.newest_delivery_ns().saturating_sub(drain_ns) as f64 / 1e9;
    let drained = ledger.delivered_count() - before;

    figures.set("overload_delivered_per_s", rate.delivered_per_s);
    figures.set("overload_acknowledged_per_s", rate.acknowledged_per_s);
    let own_max_per_s = figures.get("e2e_per_s").unwrap_or(f64::NAN);
    figures.set("overload_delivery_ratio", rate.delivered_per_s / own_max_per_s);
    figures.set("overload_backlog", backlog as f64);
    // A backlog of a moment says nothing about a rate.
    if drained_s > 0.1 {
        figures.set("overload_drain_per_s", drained as f64 / drained_s);
    }
    figures.set("overload_rss_max_mb", gateway.process()?.resident_max_mb()?);
    println!(
        "  {:.1} s: {:.0}/s acknowledged, {:.0}/s delivered, {backlog} waiting, drained in {drained_s:.1} s",
        rate.window.seconds(),
        rate.acknowledged_per_s,
        rate.delivered_per_s
    );
    settle_accounts(figures, ledger.accounts());
    Ok(())
}
