//! HTTP in, verify, commit, answer: where webhooks come in.
//!
//! ```text
//!   listener ─► connection ─► receive ─► store.accept ─► 200     the only way to a 2xx
//!   (limits)    (wire, head)    │ look up source, method, length, body, verify
//!                               └──────► store.reject ─► 4xx     bounded, nobody waits for it
//! ```
//!
//! Nothing else happens before the answer: no rule, no script, no outgoing call. What follows is the
//! other stages' business, and they find it in the store.
//!
//! **Invariants:** a 2xx is sent only after the store has made the request durable. What was verified is
//! what is stored, byte for byte. Every amount a sender can influence has a limit in [`limits::Limits`].
//!
//! - [`ingest`]: the handle that the binary makes. [`limits`], [`metrics`], [`tls`]: what it is made with.
//! - [`serve`]: the accept loop, and the end of it.
//! - `connection`, `activity`, `wire`, `linger`: one connection, its timer, its stream, its end.
//! - `framing`, `head`: the head of a request, as it stood on the wire.
//! - `receive`, `refuse`, `answer`: one request.
//! - `published`: the keys that receivers of deliveries verify with.
//! - `sources`, `body`, `budget`, `allowance`: what a request meets on its way.

pub mod ingest;

pub mod limits;
pub mod metrics;
pub mod tls;

pub mod serve;

mod activity;
mod connection;
mod linger;
mod wire;

mod framing;
mod handshake;
mod head;
mod published;

mod answer;
mod receive;
mod refuse;

mod allowance;
mod body;
mod budget;
mod sources;
