//! A healthy destination beside one that is dead: what is sent to both, and what the healthy one notices.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use super::delivery;
use crate::bench::Bench;
use crate::gateway::Gateway;
use crate::ledger::{Ledger, Window, wait_until};
use crate::load::Unacknowledged;
use crate::load::closed::Closed;
use crate::load::open::{self, Pace};

/// The source whose events go to the healthy one.
pub(super) const BUSY: &str = "busy";

const CONNECTIONS: usize = 64;
const HEALTHY_PER_S: u32 = 200;
const HEALTHY_CONNECTIONS: usize = 16;
const LOAD_PATIENCE: Duration = Duration::from_secs(300);

/// How the healthy one is sent to.
pub(super) fn healthy_pace(bench: &Bench) -> Pace {
    Pace { per_s: HEALTHY_PER_S, lasts: bench.plan.steady, connections: HEALTHY_CONNECTIONS }
}

/// Sends to the healthy one at this pace; the 99th percentile of its latencies, in milliseconds.
///
/// # Errors
/// When the load fails.
pub(super) fn healthy_p99_ms(gateway: &Gateway, ledger: &Arc<Ledger>, pace: Pace) -> anyhow::Result<f64> {
    let start_ns = ledger.now_ns();
    open::send(&[gateway.target(BUSY)], ledger, pace)?;
    delivery::drain(ledger);
    Ok(ledger.delivery_latency(Window { start_ns, end_ns: ledger.now_ns() }).percentile_ms(99.0))
}

/// Sends to a source until the ledger is full and all of it is answered.
///
/// # Errors
/// When the load fails, or is not taken in time.
pub(super) fn pile_up(
    gateway: &Gateway,
    source: &str,
    ledger: &Arc<Ledger>,
) -> anyhow::Result<Unacknowledged> {
    let load = Closed::start(&gateway.target(source), ledger, CONNECTIONS)?;
    let sent = wait_until(LOAD_PATIENCE, || load.is_finished());
    let unacknowledged = load.stop()?;
    if !sent {
        bail!("the events for `{source}` were not taken within {LOAD_PATIENCE:?}");
    }
    Ok(unacknowledged)
}
