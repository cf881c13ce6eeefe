//! `hookyard-bench`: the load generator, the sink and the floors behind `make bench`.
//!
//! Without a subcommand it measures a `hookyard` binary next to what bare hyper can do on the same
//! machine in the same minutes, prints a table and writes `bench.json`. `docs/BENCHMARKS.md` says what
//! each figure means. It ends with an error when a run failed or an acknowledged event was lost, never
//! because something was slow.
//!
//! In reading order: what is sent and remembered, who sends and receives, what is measured against,
//! the processes under test, the scenarios, and what is told of them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool: printing is what it does"
)]

mod ledger;
mod push;
mod wire;

mod load;
mod sink;

mod floor;

mod api;
mod disk;
mod gateway;
mod os;
mod process;

mod bench;
mod scenario;

mod figures;
mod table;

mod by_hand;
mod fill;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Hookyard against bare hyper on this machine.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(flatten)]
    bench: BenchArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Args)]
struct BenchArgs {
    /// The binary under test.
    #[arg(long, default_value = "target/release/hookyard")]
    hookyard: PathBuf,
    /// Where the figures go; data directories lie beside it while a run lasts.
    #[arg(long, default_value = "target/bench.json")]
    out: PathBuf,
    /// Short windows, one round, a backlog of 100,000: for a look, not for a statement.
    #[arg(long)]
    quick: bool,
    /// Only these scenarios, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "SCENARIO")]
    only: Vec<scenario::Name>,
}

#[derive(Subcommand)]
enum Command {
    /// Sends signed requests to a URL and prints rates and latencies.
    Load(by_hand::LoadArgs),
    /// Receives deliveries and prints how many came, until it is stopped.
    Sink(by_hand::SinkArgs),
    /// Fills a new data directory with a history: a million events over seven days.
    Fill(fill::Args),
    /// A bare hyper server: the floor of ingest.
    FloorServer(floor::server::Args),
    /// A bare hyper relay that stores nothing: the floor of delivery.
    FloorRelay(floor::relay::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None => bench::run(&cli.bench.hookyard, &cli.bench.out, cli.bench.quick, &cli.bench.only),
        Some(Command::Load(args)) => by_hand::load(&args),
        Some(Command::Sink(args)) => by_hand::sink(&args),
        Some(Command::Fill(args)) => fill::by_hand(&args),
        Some(Command::FloorServer(args)) => floor::server::run(&args),
        Some(Command::FloorRelay(args)) => floor::relay::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hookyard-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
