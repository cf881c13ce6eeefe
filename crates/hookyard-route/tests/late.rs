//! Verification behind the acknowledgement: a real store, real sockets to a key server that behaves as it
//! is told, and what becomes of the requests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "late/acknowledged.rs"]
mod acknowledged;
#[path = "late/fetching.rs"]
mod fetching;
#[path = "late/handshake.rs"]
mod handshake;
#[path = "late/harness.rs"]
mod harness;
#[path = "late/key_server.rs"]
mod key_server;
#[path = "late/sender.rs"]
mod sender;
#[path = "late/store.rs"]
mod store;
