//! Routing: each accepted request becomes events, one for each enabled connection of its source.
//!
//! ```text
//!                       ┌── accepted ───────────────────────────────┐
//!   store.arrivals() ───┤                                           ├─► connections of the source ─► store ─► lanes
//!                       └── pending, or through code ─► desk ───────┘
//!                                                       │   ▲ └─► refused after all
//!                                                       ▼   │
//!                                                       keys ─► outgoing (guarded, host-pinned)
//! ```
//! It runs behind the acknowledgement, at its own pace, and knows no destination. Events' ids follow
//! from request and connection, so a request that is routed twice (after a crash) makes the same events.
//!
//! A request is *pending* where a key has to be fetched to verify it. It waits at the desk of its source,
//! and nowhere else: what waits for one provider's key server holds up no other source. Neither does a slow
//! transformation: a source with one has all of its requests pass its desk. A desk's memory is bounded; what is
//! beyond waits in the store.
//!
//! - [`route`]: the stage. `plan`: a request's events; `transform`: what code makes of it. `replay`: an event's rules
//!   once more.
//! - `verify`: what is made of a request's proof and fields.
//! - `desks`, `desk`: where requests wait that cannot be routed at once; `plans`: several of them on their way through
//!   code. `keys`, `document`: fetching what they wait for; `rate`:
//!   how often.
//! - `follow_up`: what a provider wants to be called after its request.
//! - [`limits`], [`metrics`]: what it may take, and what it counts.

pub mod limits;
pub mod metrics;

pub mod route;

mod plan;
mod replay;
mod transform;

mod verify;

mod desk;
mod desks;
mod document;
mod keys;
mod plans;
mod rate;

mod follow_up;
