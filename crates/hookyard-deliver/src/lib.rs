//! Delivery: events leave here for their destinations.
//!
//! ```text
//!   Target ──┐  (a destination, compiled)
//!            ▼
//!   Sender::attempt ─► outgoing ─► resolve ─► guard ─► connect ─► tls ─► exchange ─► Sent
//!                      (headers,    (look up,  (per address)              (send, read, bound)
//!                       sign)        judge)
//! ```

// The stage: a lane for each destination, and what a worker does with an event.
pub mod deliver;
pub mod jitter;
mod lane;
pub mod metrics;
mod pace;
mod work;

// What goes where.
pub mod send;
pub mod target;

// The request.
mod outgoing;
pub mod sign;

// The connection.
mod connect;
pub mod guard;
mod resolve;
mod tls;

// The answer, or what came instead.
mod alarm;
pub mod exchange;
pub mod retry_after;
mod stage;
