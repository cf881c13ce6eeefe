//! Delivery: events leave here for their destinations.
//!
//! ```text
//!   Target ──┐  (a destination, compiled)
//!            ▼
//!   Sender::attempt ─► outgoing ─► connection ─► exchange ─► Sent
//!                      (headers,   (hookyard_outgoing: guarded, bounded)
//!                       sign)
//! ```
//!
//! Of a destination whose events are asked for, `pull` hands them out instead.

// The stage: a lane for each destination, and what a worker does with an event.
pub mod deliver;
mod failing;
mod idle;
pub mod jitter;
mod lane;
mod latest;
pub mod metrics;
mod pace;
mod pull;
mod work;

// What goes where.
pub mod send;
pub mod target;

// The request.
pub mod auth;
mod outgoing;
pub mod sign;

// What the answer asks for.
pub mod retry_after;
