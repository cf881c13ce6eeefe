//! How many events per second go all the way, and how many the bare relay hands on.
//!
//! Counted are deliveries within the window, while the load runs. Afterwards everything acknowledged
//! must arrive; the time that takes counts in `e2e_with_drain_per_s`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};

use super::{CLOSED_ROWS, rate, settle_accounts};
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::{Gateway, SECRET, Setup, wait_for_drain};
use crate::ledger::Ledger;
use crate::load::Target;
use crate::process::{Process, free_address, wait_listening};
use crate::sink::{Behaviour, Sink};

const CONNECTIONS: usize = 64;
/// A drain ends when nothing was delivered for so long.
const DRAIN_PATIENCE: Duration = Duration::from_secs(15);

/// Floor and gateway in turn.
///
/// # Errors
/// When either fails.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    for _ in 0..bench.plan.rounds {
        let floor_per_s = floor(bench, figures)?;
        let per_s = gateway(bench, figures)?;
        figures.round("e2e_ratio", per_s / floor_per_s);
        println!("  {per_s:.0}/s of the bare relay's {floor_per_s:.0}/s: {:.2}", per_s / floor_per_s);
    }
    Ok(())
}

/// One round of the bare relay; returns its rate.
///
/// # Errors
/// When it fails, or loses what it took.
pub(super) fn floor(bench: &Bench, figures: &mut Figures) -> anyhow::Result<f64> {
    let ledger = bench.ledger(CLOSED_ROWS);
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let directory = bench.directory("floor")?;
    let (mut relay, target) = start_relay(sink.address(), directory.path())?;
    let rate = rate::measure(&mut relay, &target, &ledger, CONNECTIONS, &bench.plan, bench.plan.window)?;
    rate.mention_trouble("bare relay");
    drain(&ledger);
    if ledger.accounts().lost > 0 {
        bail!("the relay lost {} requests:\n{}", ledger.accounts().lost, relay.printed());
    }
    figures.round("floor_e2e_per_s", rate.delivered_per_s);
    figures.round("floor_e2e_cpu_us", rate.cpu_us_per_s / rate.delivered_per_s);
    figures.round("tools_e2e_cpu_us", rate.tools_cpu_us_per_s / rate.delivered_per_s);
    Ok(rate.delivered_per_s)
}

/// Starts the bare relay in front of a sink.
///
/// # Errors
/// When it does not start.
pub(super) fn start_relay(sink: SocketAddr, directory: &Path) -> anyhow::Result<(Process, Target)> {
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe().context("find this program")?);
    command.args(["floor-relay", "--listen", &address.to_string(), "--to", &sink.to_string()]);
    let mut relay = Process::start("floor-relay", command, &directory.join("log"))?;
    wait_listening(&mut relay, address)?;
    Ok((relay, Target { address, path: "/bench".into(), secret: SECRET.into() }))
}

/// A gateway with one source that goes to the sink.
pub(super) fn setup(sink: &Sink) -> Setup {
    Setup::of(&["bench"], &[("sink", sink.address())], &[("bench", "sink")])
}

/// Waits until everything acknowledged is delivered, or no more comes.
pub(super) fn drain(ledger: &Ledger) {
    let acknowledged = ledger.accounts().acknowledged;
    wait_for_drain(
        DRAIN_PATIENCE,
        || ledger.delivered_count(),
        |delivered| delivered >= acknowledged && ledger.accounts().lost == 0,
    );
}

fn gateway(bench: &Bench, figures: &mut Figures) -> anyhow::Result<f64> {
    let ledger = bench.ledger(CLOSED_ROWS);
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let mut gateway = Gateway::launch(bench, &setup(&sink))?;
    let began_ns = ledger.now_ns();
    let per_s = measure(bench, figures, &mut gateway, &ledger)?;
    drain(&ledger);
    gateway.process()?.check()?;
    let accounts = ledger.accounts();
    let whole_s = ledger.newest_delivery_ns().saturating_sub(began_ns) as f64 / 1e9;
    figures.round("e2e_with_drain_per_s", accounts.delivered as f64 / whole_s);
    settle_accounts(figures, accounts);
    Ok(per_s)
}

fn measure(
    bench: &Bench,
    figures: &mut Figures,
    gateway: &mut Gateway,
    ledger: &Arc<Ledger>,
) -> anyhow::Result<f64> {
    let target = gateway.target("bench");
    let plan = &bench.plan;
    let rate = rate::measure(gateway.process()?, &target, ledger, CONNECTIONS, plan, plan.window)?;
    rate.mention_trouble("hookyard");
    figures.round("e2e_per_s", rate.delivered_per_s);
    figures.round("e2e_acknowledged_per_s", rate.acknowledged_per_s);
    figures.round("e2e_cpu_us", rate.cpu_us_per_s / rate.delivered_per_s);
    Ok(rate.delivered_per_s)
}
