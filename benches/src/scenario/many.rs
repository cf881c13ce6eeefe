//! A thousand destinations with a source each. All of them healthy first; then ten hang and ten fail. What the
//! other 980 notice of that. One in a hundred of a window's events are few, and any stall of the machine is among them,
//! so percentiles are of all rounds together.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;

use super::{delivery, settle_accounts};
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::{Gateway, Setup};
use crate::ledger::{Latency, Ledger, Window};
use crate::load::Target;
use crate::load::open::{self, Pace};
use crate::sink::{Behaviour, Sink};

const DESTINATIONS: usize = 1_000;
const HANGING: usize = 10;
const FAILING: usize = 10;
/// Requests per second for all that stay healthy together.
const PER_S: u32 = 800;
/// Requests per second for the twenty others: ten for each.
const OTHERS_PER_S: u32 = 200;
const CONNECTIONS: usize = 16;
/// Not counted, and long enough that every destination has had an event.
const WARM_UP: Duration = Duration::from_secs(3);

/// Where everything goes.
struct Targets {
    healthy: Vec<Target>,
    others: Vec<Target>,
}

/// Without and with bad company, in turn.
///
/// # Errors
/// When the gateway fails.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let (mut without, mut with) = (Latency::default(), Latency::default());
    for _ in 0..bench.plan.rounds {
        let (round_without, round_with) = round(bench, figures)?;
        println!(
            "  p99 without {:.2} ms, with {:.2} ms",
            round_without.percentile_ms(99.0),
            round_with.percentile_ms(99.0)
        );
        without = without.with(round_without);
        with = with.with(round_with);
    }
    figures.set("many_without_p50_ms", without.percentile_ms(50.0));
    figures.set("many_without_p99_ms", without.percentile_ms(99.0));
    figures.set("many_p50_ms", with.percentile_ms(50.0));
    figures.set("many_p99_ms", with.percentile_ms(99.0));
    figures.set("many_p99_ratio", with.percentile_ms(99.0) / without.percentile_ms(99.0));
    Ok(())
}

/// The latencies of the healthy ones, without bad company and with it.
fn round(bench: &Bench, figures: &mut Figures) -> anyhow::Result<(Latency, Latency)> {
    let pace = |per_s, lasts| Pace { per_s, lasts, connections: CONNECTIONS };
    let warm_up = pace(PER_S, WARM_UP);
    let steady = pace(PER_S, bench.plan.steady);
    let ledger = bench.ledger(warm_up.requests() + 2 * steady.requests());
    let healthy = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let [hanging, failing] =
        [Sink::start_anywhere(None, Behaviour::Healthy)?, Sink::start_anywhere(None, Behaviour::Healthy)?];

    let names: Vec<String> = (0..DESTINATIONS).map(|number| format!("d{number:04}")).collect();
    let (bad, good) = names.split_at(HANGING + FAILING);
    let address = |nth: usize| match nth {
        nth if nth < HANGING => hanging.address(),
        nth if nth < HANGING + FAILING => failing.address(),
        _ => healthy.address(),
    };
    let setup = Setup {
        sources: names.clone(),
        destinations: names.iter().enumerate().map(|(nth, name)| (name.clone(), address(nth))).collect(),
        connections: names.iter().map(|name| (name.clone(), name.clone())).collect(),
        ..Setup::default()
    };
    let mut gateway = Gateway::launch(bench, &setup)?;
    let targets = Targets {
        healthy: good.iter().map(|name| gateway.target(name)).collect(),
        others: bad.iter().map(|name| gateway.target(name)).collect(),
    };
    send(bench, &targets, &ledger, warm_up)?;
    let without = send(bench, &targets, &ledger, steady)?;
    hanging.behave(Behaviour::Hanging);
    failing.behave(Behaviour::Failing);
    let (hung_before, failed_before) = (hanging.received(), failing.received());
    let with = send(bench, &targets, &ledger, steady)?;
    gateway.process()?.check()?;

    println!(
        "  requests that reached the hanging ones {}, the failing ones {}",
        hanging.received() - hung_before,
        failing.received() - failed_before
    );
    settle_accounts(figures, ledger.accounts());
    Ok((ledger.delivery_latency(without), ledger.delivery_latency(with)))
}

/// Sends to all of them at once; the window in which the healthy ones were sent to and delivered.
fn send(bench: &Bench, targets: &Targets, ledger: &Arc<Ledger>, pace: Pace) -> anyhow::Result<Window> {
    let others = Pace { per_s: OTHERS_PER_S, ..pace };
    let uncounted = bench.ledger(others.requests());
    let start_ns = ledger.now_ns();
    let unacknowledged = std::thread::scope(|scope| {
        let beside = scope.spawn(|| open::send(&targets.others, &uncounted, others));
        let sent = open::send(&targets.healthy, ledger, pace);
        let beside = beside.join().map_err(|_| anyhow!("a thread of the load panicked"))?;
        anyhow::Ok((sent?, beside?))
    })?;
    if unacknowledged.0.total() + unacknowledged.1.total() > 0 {
        println!("  {unacknowledged:?}");
    }
    delivery::drain(ledger);
    Ok(Window { start_ns, end_ns: ledger.now_ns() })
}
