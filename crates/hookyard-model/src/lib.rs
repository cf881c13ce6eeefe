//! The nouns of Hookyard and the rules that bind them: ids, time, configuration, requests, events and
//! their state machine, attempts.
//!
//! Nothing here does I/O or waits. Every other crate speaks in these types; none of them is a wire or
//! a stored form (those live in `hookyard-api` and `hookyard-store`), so a change of format never
//! changes the model.
//!
//! In reading order: what time and identity are, what a person configures, then what happens.

pub mod clock;
pub mod id;

pub mod access;
pub mod alert;
pub mod auth;
pub mod connection;
pub mod destination;
pub mod order;
pub mod pacing;
pub mod project;
pub mod retry;
pub mod rule;
pub mod secret;
pub mod source;

pub mod attempt;
pub mod event;
pub mod execution;
pub mod issue;
pub mod request;
pub mod standing;
