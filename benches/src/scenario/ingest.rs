//! How many requests per second are acknowledged where nothing is to be delivered, and how many the
//! bare hyper server answers.

use std::process::Command;

use anyhow::Context;

use super::{CLOSED_ROWS, rate};
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::{Gateway, SECRET, Setup};
use crate::load::Target;
use crate::process::{Process, free_address, wait_listening};

const CONNECTIONS: usize = 64;

/// Floor and gateway in turn.
///
/// # Errors
/// When either fails.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    for _ in 0..bench.plan.rounds {
        let floor_per_s = floor(bench, figures)?;
        let per_s = gateway(bench, figures)?;
        figures.round("ingest_ratio", per_s / floor_per_s);
        println!("  {per_s:.0}/s of the bare server's {floor_per_s:.0}/s: {:.2}", per_s / floor_per_s);
    }
    Ok(())
}

/// One round of the bare server; returns its rate.
///
/// # Errors
/// When it fails.
pub(super) fn floor(bench: &Bench, figures: &mut Figures) -> anyhow::Result<f64> {
    let address = free_address()?;
    let directory = bench.directory("floor")?;
    let mut command = Command::new(std::env::current_exe().context("find this program")?);
    command.args(["floor-server", "--listen", &address.to_string()]);
    let mut server = Process::start("floor-server", command, &directory.path().join("log"))?;
    wait_listening(&mut server, address)?;

    let target = Target { address, path: "/bench".into(), secret: SECRET.into() };
    let ledger = bench.ledger(CLOSED_ROWS);
    let rate = rate::measure(&mut server, &target, &ledger, CONNECTIONS, &bench.plan, bench.plan.window)?;
    rate.mention_trouble("bare server");
    figures.round("floor_ingest_per_s", rate.acknowledged_per_s);
    figures.round("floor_ingest_cpu_us", rate.cpu_us_per_s / rate.acknowledged_per_s);
    figures.round("tools_ingest_cpu_us", rate.tools_cpu_us_per_s / rate.acknowledged_per_s);
    Ok(rate.acknowledged_per_s)
}

fn gateway(bench: &Bench, figures: &mut Figures) -> anyhow::Result<f64> {
    let setup = Setup::of(&["bench"], &[], &[]);
    let mut gateway = Gateway::launch(bench, &setup)?;
    let target = gateway.target("bench");
    let ledger = bench.ledger(CLOSED_ROWS);
    let plan = &bench.plan;
    let rate = rate::measure(gateway.process()?, &target, &ledger, CONNECTIONS, plan, plan.window)?;
    rate.mention_trouble("hookyard");
    figures.round("ingest_per_s", rate.acknowledged_per_s);
    figures.round("ingest_cpu_us", rate.cpu_us_per_s / rate.acknowledged_per_s);
    Ok(rate.acknowledged_per_s)
}
