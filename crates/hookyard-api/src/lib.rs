//! REST on the admin listener: configuration, what arrived, where it stands, health and metrics.
//!
//! ```text
//!   connection ─► guard (Host, Origin, key) ─► router ─► handler ─► store
//!      server                                    │          │
//!                                                └─ problem ◄┘   every error, as problem+json
//! ```
//!
//! - [`server`]: the listener, its limits, the table of routes.
//! - [`openapi`]: the description of the API, made of the annotations of handlers and the wire types.
//! - `endpoints`: the one table of who may call what. `guard`: who may speak to it at all, and who that is: the `caller`.
//! - `carry`: what is around a change: the audit log, and calls that are repeated. `etag`: what a caller knows already.
//! - `unread`: who does not read an answer is cut.
//! - `query`, `body`, `merge`: strict reading of what a caller sends.
//! - `wanted`: what lists can be restricted to.
//! - `list`, `histogram`, `time`, `payload`, `managed`, `problem`: how answers look.
//! - `project`: which project a call is about. `secrets`: how secrets come in, and what is shown of them.
//! - `sources`, `destinations`, `connections`: configuration. `providers`: what a source can verify.
//! - `configuration`: all of it as one document. `diff`: what is different between two states.
//! - `leases`: events that consumers ask for.
//! - `requests`, `events`, `attempts`: what arrived and what became of it. `bookmarks`: what people keep of it.
//!   `bulk_operations`: many events at once.
//! - `issues`: what fails, until it works again. `alerts`: who is told of them.
//! - `session`, `api_keys`: logins and keys. `audit_entries`: who did what, shown as `configured` says. `settings`: what the
//!   process was started with.
//! - [`live`]: what happens, as it happens.
//! - `transformations`, `filters`: trying one on a sample.
//! - `health`, `metrics`: for machines that watch, and what is counted for people. `lanes`: how deliveries go. `dashboard`: for
//!   people; its files, no powers.
//!
//! Each resource has its handlers in one file and its wire types in `wire.rs` beside it; the domain
//! types have no wire form of their own.

pub mod openapi;
pub mod server;

mod caller;
mod carry;
mod endpoints;
mod etag;
mod guard;
mod unread;

mod body;
mod merge;
mod query;
mod wanted;

mod diff;
mod histogram;
mod list;
mod managed;
mod payload;
mod problem;
mod project;
mod secrets;
mod time;

mod alerts;
mod configuration;
mod connections;
mod destinations;
mod leases;
pub mod providers;
mod sources;

mod attempts;
mod bookmarks;
mod bulk_operations;
mod events;
mod issues;
mod requests;

mod api_keys;
mod audit_entries;
pub mod configured;
mod session;
pub mod settings;

mod filters;

pub mod live;

mod transformations;

pub mod dashboard;
mod health;
mod lanes;
mod metrics;
