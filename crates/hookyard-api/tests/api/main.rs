//! The API over real HTTP, on a real store in a directory of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod filters;
mod harness;
mod traffic;

mod access;
mod alerts;
mod api_keys;
mod audit;
mod bulk_operations;
mod configuration;
mod dashboard;
mod deletion;
mod diagnosis;
mod document;
mod etags;
mod history;
mod idempotency;
mod issues;
mod leases;
mod live;
mod looking;
mod metrics;
mod openapi;
mod secrets;
mod sessions;
mod settings;
mod strictness;
mod transformations;
mod watching;
