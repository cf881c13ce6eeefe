//! Hookyard, the webhook gateway: takes webhooks in, makes them durable, delivers them.
//!
//! The binary knows all stages and wires them; the stages know only the store.
//!
//! - `args`: the command line. One file per subcommand: `serve`, `dev`, `check`, `providers`,
//!   `sign`, `openapi`, `export`, `plan`, `apply`, `reindex`.
//! - `client`: calls of a running gateway's API. `document`: its configuration as a file.
//! - `config`: the configuration file. `log`: how log lines look.
//! - `gateway`: all stages, from start to ordered shutdown. `narrate`: what `dev` prints of it.
//! - `memory`: how the process wants its pages.

mod apply;
mod args;
mod check;
mod client;
mod config;
mod dev;
mod document;
mod export;
mod gateway;
mod log;
mod memory;
mod narrate;
mod openapi;
mod plan;
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
    memory::refuse_huge_pages();
    let outcome = match Args::parse().command {
        Command::Serve(args) => serve::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Dev(args) => dev::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Check(args) => check::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Providers(args) => providers::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Sign(args) => sign::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Openapi => openapi::run().map(|()| ExitCode::SUCCESS),
        Command::Export(args) => export::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Plan(args) => plan::run(&args),
        Command::Apply(args) => apply::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Reindex(args) => reindex::run(&args).map(|()| ExitCode::SUCCESS),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            log::complain(&error);
            ExitCode::FAILURE
        }
    }
}
