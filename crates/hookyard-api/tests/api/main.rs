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
mod bulk_operations;
mod configuration;
mod dashboard;
mod deletion;
mod diagnosis;
mod document;
mod history;
mod issues;
mod leases;
mod openapi;
mod secrets;
mod strictness;
mod transformations;
mod watching;
