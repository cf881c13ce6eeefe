//! The embedded store on real files, through its public face: what the other crates see, and what a
//! failing disk, a crash or a damaged file leaves of it.
//!
//! One module per promise; `harness` is what they share.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that failed")]

mod harness;

mod smoke;

mod alerts;
mod bookmarks;
mod bulk;
mod claims;
mod faults;
mod fixture;
mod full_disk;
mod history;
mod idempotency;
mod index;
mod issues;
mod kill;
mod lanes;
mod latest;
mod live;
mod lock;
mod order;
mod pending;
mod reads;
mod retention;
mod series;
