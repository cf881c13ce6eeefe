//! How long an event takes at a steady rate far from the limit: to the acknowledgement, and to the sink.
//!
//! The bare relay at the same rates shows how much of that the machine takes for itself.

use std::sync::Arc;
use std::time::Duration;

use super::{delivery, settle_accounts};
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::Gateway;
use crate::ledger::{Ledger, Window};
use crate::load::Target;
use crate::load::open::{self, Pace};
use crate::sink::{Behaviour, Sink};

const CONNECTIONS: usize = 16;
/// Requests sent first, so that connections are open and code is in memory; not counted.
const WARM_UP: Pace = Pace { per_s: 200, lasts: Duration::from_millis(500), connections: CONNECTIONS };

/// Names of the figures at one rate.
struct Keys {
    per_s: u32,
    p50: &'static str,
    p99: &'static str,
    ack_p50: &'static str,
    ack_p99: &'static str,
    floor_p50: &'static str,
    floor_p99: &'static str,
}

const RATES: [Keys; 2] = [
    Keys {
        per_s: 50,
        p50: "p50_ms_at_50",
        p99: "p99_ms_at_50",
        ack_p50: "ack_p50_ms_at_50",
        ack_p99: "ack_p99_ms_at_50",
        floor_p50: "floor_p50_ms_at_50",
        floor_p99: "floor_p99_ms_at_50",
    },
    Keys {
        per_s: 1_000,
        p50: "p50_ms_at_1000",
        p99: "p99_ms_at_1000",
        ack_p50: "ack_p50_ms_at_1000",
        ack_p99: "ack_p99_ms_at_1000",
        floor_p50: "floor_p50_ms_at_1000",
        floor_p99: "floor_p99_ms_at_1000",
    },
];

/// Floor and gateway in turn, at each rate.
///
/// # Errors
/// When either fails.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    for _ in 0..bench.plan.rounds {
        for keys in &RATES {
            floor(bench, figures, keys)?;
            gateway(bench, figures, keys)?;
        }
    }
    Ok(())
}

fn floor(bench: &Bench, figures: &mut Figures, keys: &Keys) -> anyhow::Result<()> {
    let ledger = bench.ledger(rows(bench, keys));
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let directory = bench.directory("floor")?;
    let (_relay, target) = delivery::start_relay(sink.address(), directory.path())?;
    let window = send(bench, &target, &ledger, keys)?;
    let latency = ledger.delivery_latency(window);
    figures.round(keys.floor_p50, latency.percentile_ms(50.0));
    figures.round(keys.floor_p99, latency.percentile_ms(99.0));
    Ok(())
}

fn gateway(bench: &Bench, figures: &mut Figures, keys: &Keys) -> anyhow::Result<()> {
    let ledger = bench.ledger(rows(bench, keys));
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let mut gateway = Gateway::launch(bench, &delivery::setup(&sink))?;
    let window = send(bench, &gateway.target("bench"), &ledger, keys)?;
    gateway.process()?.check()?;
    let (delivered, acknowledged) = (ledger.delivery_latency(window), ledger.acknowledge_latency(window));
    figures.round(keys.p50, delivered.percentile_ms(50.0));
    figures.round(keys.p99, delivered.percentile_ms(99.0));
    figures.round(keys.ack_p50, acknowledged.percentile_ms(50.0));
    figures.round(keys.ack_p99, acknowledged.percentile_ms(99.0));
    println!(
        "  {}/s: {} events, delivered p50 {:.2} p99 {:.2} max {:.2} ms, acknowledged p50 {:.2} p99 {:.2} ms",
        keys.per_s,
        delivered.count(),
        delivered.percentile_ms(50.0),
        delivered.percentile_ms(99.0),
        delivered.percentile_ms(100.0),
        acknowledged.percentile_ms(50.0),
        acknowledged.percentile_ms(99.0),
    );
    settle_accounts(figures, ledger.accounts());
    Ok(())
}

fn pace(bench: &Bench, keys: &Keys) -> Pace {
    Pace { per_s: keys.per_s, lasts: bench.plan.steady, connections: CONNECTIONS }
}

fn rows(bench: &Bench, keys: &Keys) -> u32 {
    WARM_UP.requests() + pace(bench, keys).requests()
}

/// Warms up, sends, waits for the last delivery; returns the window that counts.
fn send(bench: &Bench, target: &Target, ledger: &Arc<Ledger>, keys: &Keys) -> anyhow::Result<Window> {
    open::send(std::slice::from_ref(target), ledger, WARM_UP)?;
    let start_ns = ledger.now_ns();
    let unacknowledged = open::send(std::slice::from_ref(target), ledger, pace(bench, keys))?;
    if unacknowledged.total() > 0 {
        println!("  {}/s: {unacknowledged:?}", keys.per_s);
    }
    delivery::drain(ledger);
    Ok(Window { start_ns, end_ns: u64::MAX })
}
