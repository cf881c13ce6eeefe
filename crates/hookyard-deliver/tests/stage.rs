//! The whole stage over a real store and real sockets, with a clock that is turned by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "stage/failing.rs"]
mod failing;
#[path = "stage/latest.rs"]
mod latest;
#[path = "stage/pull.rs"]
mod pull;
#[path = "stage/yard.rs"]
mod yard;
