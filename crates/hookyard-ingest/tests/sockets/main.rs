//! Ingest over real sockets, in front of a real store in a temporary directory.
//!
//! No test sleeps or measures time: what has to run out is set to a few milliseconds, and what has to be
//! awaited is awaited.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on ends here")]

mod client;
mod gateway;

mod heads;
mod http2;
mod limits;
mod refusals;
mod shutdown;
mod sources;
mod tls;
