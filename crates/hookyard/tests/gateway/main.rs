//! The gateway as its users meet it: the real binary as a child process, real sockets on both sides, and
//! what happens when either side misbehaves.
//!
//! No test sleeps, and none asserts how long something takes: what has to happen is awaited, and what
//! never happens ends the test after a generous while.
//!
//! - `process`, `gateway`: the binary and the directory it runs in. `client`: who sends. `sink`: who receives.
//!   `namespace`: a machine of one's own.
//! - The other modules hold the tests.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends here"
)]
#![expect(clippy::print_stdout, reason = "figures and seeds for whoever reads the test's output")]

mod client;
mod gateway;
#[cfg(target_os = "linux")]
mod namespace;
mod process;
mod sink;

mod access;
mod alerts;
mod auth;
mod bulk;
mod bytes;
mod cli;
mod configuration;
mod crash;
mod declare;
mod directory;
#[cfg(target_os = "linux")]
mod disk;
mod http2;
mod isolation;
mod issues;
mod lanes;
mod latest;
mod live;
#[cfg(target_os = "linux")]
mod memory;
mod openapi;
mod order;
mod outcomes;
mod pending;
mod providers;
mod pull;
mod rules;
mod samples;
mod sdk;
mod searches;
mod shutdown;
#[cfg(target_os = "linux")]
mod sns;
mod tls;
mod transform;
mod watching;
