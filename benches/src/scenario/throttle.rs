//! A destination with a rate, and more for it than that: how exactly the rate is met.

use std::time::Duration;

use super::{delivery, settle_accounts};
use crate::bench::Bench;
use crate::figures::Figures;
use crate::gateway::{Gateway, Setup};
use crate::ledger::{Accounts, Window};
use crate::load::open::{self, Pace};
use crate::sink::{Behaviour, Sink};

/// Offered per second: enough that there is always something to send.
const OFFERED_PER_S: u32 = 150;
const CONNECTIONS: usize = 16;
/// Not counted: until the first events wait.
const WARM_UP: Duration = Duration::from_secs(2);
const COUNTED: Duration = Duration::from_secs(60);
const RATE: &str = r#"rate = { limit = 100, per = "second" }"#;

/// Sends more than the rate and counts what comes.
///
/// # Errors
/// When the gateway fails.
pub(super) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let pace = Pace { per_s: OFFERED_PER_S, lasts: WARM_UP + COUNTED, connections: CONNECTIONS };
    let ledger = bench.ledger(pace.requests());
    let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy)?;
    let setup = Setup { each_destination: RATE.to_owned(), ..delivery::setup(&sink) };
    let mut gateway = Gateway::launch(bench, &setup)?;
    let start_ns = ledger.now_ns() + WARM_UP.as_nanos() as u64;
    open::send(&[gateway.target("bench")], &ledger, pace)?;
    let window = Window { start_ns, end_ns: start_ns + COUNTED.as_nanos() as u64 };
    gateway.process()?.check()?;
    figures.set("throttled_per_s", ledger.delivered_in(window) as f64 / window.seconds());
    // What still waits is not waited for: at this rate it takes half a minute.
    settle_accounts(figures, Accounts { lost: 0, ..ledger.accounts() });
    Ok(())
}
