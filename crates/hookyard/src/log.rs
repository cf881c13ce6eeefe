//! How log lines look, and where errors of the command go: all to stderr, stdout is for data.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::{Log, LogFormat};

/// Starts logging. `RUST_LOG` overrides the level, where it is set.
pub(crate) fn start(log: &Log) {
    let level = LevelFilter::from_level(log.level);
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    match log.format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}

/// Says why the command failed.
#[expect(clippy::print_stderr, reason = "the command's own last word")]
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("hookyard: {error:#}");
}

/// Prints a line of the command's answer.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub(crate) fn say(line: impl std::fmt::Display) {
    println!("{line}");
}

/// Tells a person something beside the command's answer.
#[expect(clippy::print_stderr, reason = "what is for people, not for programs")]
pub(crate) fn tell(line: impl std::fmt::Display) {
    eprintln!("{line}");
}
