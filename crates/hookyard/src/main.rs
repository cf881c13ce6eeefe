//! Hookyard, the webhook gateway: takes webhooks in, makes them durable, delivers them.
//!
//! The binary knows all stages and wires them; the stages know only the store.
//!
//! - `args`: the command line. One file per subcommand: `serve`, `dev`, `check`, `providers`,
//!   `sign`, `openapi`, `reindex`.
//! - `config`: the configuration file. `log`: how log lines look.
//! - `gateway`: all stages, from start to ordered shutdown. `narrate`: what `dev` prints of it.

mod args;
mod check;
mod config;
mod dev;
mod gateway;
mod log;
mod narrate;
mod openapi;
mod providers;
mod reindex;
mod serve;
mod sign;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Dev(args) => dev::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Providers(args) => providers::run(&args),
        Command::Sign(args) => sign::run(&args),
        Command::Openapi => openapi::run(),
        Command::Reindex(args) => reindex::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::complain(&error);
            ExitCode::FAILURE
        }
    }
}
