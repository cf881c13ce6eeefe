//! A closed loop's rate and what it costs: warm up, then count in a window.

use std::sync::Arc;
use std::time::Duration;

use crate::bench::Plan;
use crate::ledger::{Ledger, Window};
use crate::load::closed::Closed;
use crate::load::{Target, Unacknowledged};
use crate::process::{Process, own_cpu_s};

/// What a closed loop came to.
pub(super) struct Rate {
    /// Acknowledged per second of the window.
    pub(super) acknowledged_per_s: f64,
    /// Delivered per second of the window.
    pub(super) delivered_per_s: f64,
    /// Processor time of the process under test per second of the window, in microseconds.
    pub(super) cpu_us_per_s: f64,
    /// The same of generator and sink.
    pub(super) tools_cpu_us_per_s: f64,
    /// When the window began and ended.
    pub(super) window: Window,
    /// What was not acknowledged, also outside the window.
    pub(super) unacknowledged: Unacknowledged,
}

/// Sends over so many connections for the warm-up and `lasts`, and counts the latter.
///
/// # Errors
/// When the load fails or the process under test ends.
pub(super) fn measure(
    process: &mut Process,
    target: &Target,
    ledger: &Arc<Ledger>,
    connections: usize,
    plan: &Plan,
    lasts: Duration,
) -> anyhow::Result<Rate> {
    let load = Closed::start(target, ledger, connections)?;
    std::thread::sleep(plan.warm_up);
    process.check()?;
    let (start_ns, cpu_start_s, own_start_s) = (ledger.now_ns(), process.cpu_s()?, own_cpu_s()?);
    std::thread::sleep(lasts);
    process.check()?;
    let (end_ns, cpu_end_s, own_end_s) = (ledger.now_ns(), process.cpu_s()?, own_cpu_s()?);
    let unacknowledged = load.stop()?;

    let window = Window { start_ns, end_ns };
    Ok(Rate {
        acknowledged_per_s: ledger.acknowledged_in(window) as f64 / window.seconds(),
        delivered_per_s: ledger.delivered_in(window) as f64 / window.seconds(),
        cpu_us_per_s: (cpu_end_s - cpu_start_s) * 1e6 / window.seconds(),
        tools_cpu_us_per_s: (own_end_s - own_start_s) * 1e6 / window.seconds(),
        window,
        unacknowledged,
    })
}

impl Rate {
    /// Says how many requests were not acknowledged, where there are any.
    pub(super) fn mention_trouble(&self, who: &str) {
        if self.unacknowledged.total() > 0 {
            println!("  {who}: {:?}", self.unacknowledged);
        }
    }
}
