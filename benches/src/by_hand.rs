//! `hookyard-bench load` and `hookyard-bench sink`: the two tools by themselves, for trying things out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::ledger::{Ledger, Row, Window, wait_until};
use crate::load::Target;
use crate::load::closed::Closed;
use crate::load::open::{self, Pace};
use crate::sink::{Behaviour, Sink};

const ROWS_MAX: Row = 8_000_000;

/// What `load` is told.
#[derive(clap::Args)]
pub(crate) struct LoadArgs {
    /// Address of the gateway.
    #[arg(long, default_value = "127.0.0.1:4400")]
    to: SocketAddr,
    /// Path of the source, with its token.
    #[arg(long, default_value = "/bench")]
    path: String,
    /// The source's GitHub secret.
    #[arg(long, env = "HOOKYARD_BENCH_SECRET", default_value = crate::gateway::SECRET)]
    secret: String,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Requests per second; without it, as many as are answered.
    #[arg(long)]
    rate: Option<u32>,
    /// How long, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Also receive deliveries here, so that latencies and losses are measured to the end.
    #[arg(long)]
    sink: Option<SocketAddr>,
}

/// What `sink` is told.
#[derive(clap::Args)]
pub(crate) struct SinkArgs {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:4500")]
    listen: SocketAddr,
}

/// Sends, and prints what came of it.
///
/// # Errors
/// When the load cannot be made.
pub(crate) fn load(args: &LoadArgs) -> anyhow::Result<()> {
    if args.rate == Some(0) || args.connections == 0 {
        bail!("--rate and --connections must be at least 1");
    }
    let lasts = Duration::from_secs(args.seconds);
    let ledger = Arc::new(Ledger::new(std::process::id(), ROWS_MAX));
    let sink = match args.sink {
        Some(address) => Some(Sink::start(address, Some(&ledger), Behaviour::Healthy)?),
        None => None,
    };
    let target = Target { address: args.to, path: args.path.clone(), secret: args.secret.clone() };
    let began = Instant::now();
    let unacknowledged = match args.rate {
        Some(per_s) => open::send(
            std::slice::from_ref(&target),
            &ledger,
            Pace { per_s, lasts, connections: args.connections },
        )?,
        None => {
            let load = Closed::start(&target, &ledger, args.connections)?;
            std::thread::sleep(lasts);
            load.stop()?
        }
    };
    let took_s = began.elapsed().as_secs_f64();
    let acknowledged = ledger.accounts().acknowledged;
    let latency = ledger.acknowledge_latency(Window::ALL);
    println!(
        "acknowledged {acknowledged} ({:.0}/s), p50 {:.2} ms, p99 {:.2} ms",
        acknowledged as f64 / took_s,
        latency.percentile_ms(50.0),
        latency.percentile_ms(99.0)
    );
    println!("refused {}, broken {}", unacknowledged.refused, unacknowledged.broken);
    if sink.is_some() {
        wait_until(Duration::from_secs(60), || ledger.accounts().lost == 0);
        let accounts = ledger.accounts();
        let latency = ledger.delivery_latency(Window::ALL);
        println!(
            "delivered {}, p50 {:.2} ms, p99 {:.2} ms",
            accounts.delivered,
            latency.percentile_ms(50.0),
            latency.percentile_ms(99.0)
        );
        println!("duplicates {}, acknowledged and not delivered {}", accounts.duplicates, accounts.lost);
    }
    Ok(())
}

/// Receives, and prints once a second how many came.
///
/// # Errors
/// When it cannot listen.
pub(crate) fn sink(args: &SinkArgs) -> anyhow::Result<()> {
    let sink = Sink::start(args.listen, None, Behaviour::Healthy)?;
    println!("listening on http://{}/", sink.address());
    let mut before = 0;
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let received = sink.received();
        println!("{received} received, {} in the last second", received - before);
        before = received;
    }
}
