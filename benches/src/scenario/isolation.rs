//! One source with four destinations: one hangs, one answers 500, one answers with 100 MB that never
//! end, one is healthy. What the healthy one notices of the others.

use std::sync::Arc;

use super::{delivery, settle_accounts};
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::{Gateway, Setup};
use crate::ledger::{Ledger, Window};
use crate::load::Target;
use crate::load::open::{self, Pace};
use crate::sink::{Behaviour, Sink};

const PER_S: u32 = 100;
const CONNECTIONS: usize = 16;

/// The healthy destination alone, then in bad company.
///
/// # Errors
/// When the gateway fails.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let pace = Pace { per_s: PER_S, lasts: bench.plan.steady, connections: CONNECTIONS };
    let ledger = bench.ledger(2 * pace.requests());
    let healthy = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let hanging = Sink::start_anywhere(None, Behaviour::Hanging)?;
    let failing = Sink::start_anywhere(None, Behaviour::Failing)?;
    let endless = Sink::start_anywhere(None, Behaviour::Endless)?;
    let setup = Setup::of(
        &["alone", "all"],
        &[
            ("healthy", healthy.address()),
            ("hanging", hanging.address()),
            ("failing", failing.address()),
            ("endless", endless.address()),
        ],
        &[
            ("alone", "healthy"),
            ("all", "healthy"),
            ("all", "hanging"),
            ("all", "failing"),
            ("all", "endless"),
        ],
    );
    let mut gateway = Gateway::launch(bench, &setup)?;
    let alone = send(&gateway.target("alone"), &ledger, pace)?;
    let together = send(&gateway.target("all"), &ledger, pace)?;
    gateway.process()?.check()?;
    let (alone, together) = (ledger.delivery_latency(alone), ledger.delivery_latency(together));
    figures.set("isolation_alone_p50_ms", alone.percentile_ms(50.0));
    figures.set("isolation_alone_p99_ms", alone.percentile_ms(99.0));
    figures.set("isolation_p50_ms", together.percentile_ms(50.0));
    figures.set("isolation_p99_ms", together.percentile_ms(99.0));
    println!(
        "  requests that reached the hanging one {}, the failing one {}, the endless one {}",
        hanging.received(),
        failing.received(),
        endless.received()
    );
    settle_accounts(figures, ledger.accounts());
    Ok(())
}

fn send(target: &Target, ledger: &Arc<Ledger>, pace: Pace) -> anyhow::Result<Window> {
    let start_ns = ledger.now_ns();
    let unacknowledged = open::send(std::slice::from_ref(target), ledger, pace)?;
    if unacknowledged.total() > 0 {
        println!("  {unacknowledged:?}");
    }
    delivery::drain(ledger);
    Ok(Window { start_ns, end_ns: ledger.now_ns() })
}
