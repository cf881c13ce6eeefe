//! Routing: each accepted request becomes events, one for each enabled connection of its source.
//!
//! ```text
//!   store.arrivals() ──► connections of the source ──► store.record_routed() ──► lanes
//! ```
//! It runs behind the acknowledgement, at its own pace, and knows no destination. Events' ids follow
//! from request and connection, so a request that is routed twice (after a crash) makes the same events.
//!
//! - [`route`]: the stage.
//! - [`metrics`]: what it counts.

pub mod metrics;
pub mod route;
