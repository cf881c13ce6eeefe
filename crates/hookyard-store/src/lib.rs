//! Everything durable: what arrived, where it stands, and what a person configured.
//!
//! ```text
//!   accept ──►  journal  ──►  arrivals (to route)
//!               │     └────►  lanes    (to deliver)
//!               ▼ follows
//!             index  ──►  history (to look at)          catalog (configuration)
//! ```
//!
//! - [`store`]: the one handle all stages share, and how it is opened and closed.
//! - [`accept`]: ingest's side. A request is durable before its sender hears so.
//! - [`arrivals`]: route's side. Accepted requests in order, each until it has been routed.
//! - [`claims`]: route's side as well. What came first, for deduplication.
//! - [`latest`]: route's and deliver's side. What was delivered, where only the latest is wanted.
//! - [`pending`]: route's side as well. Requests that wait for a key to be verified with.
//! - [`replays`]: route's side as well. Events that go through their rules once more.
//! - [`lanes`]: deliver's side. What is due for a destination; outcomes.
//! - [`history`]: the reader's side. Look up, list, search and count. [`search`]: how much work that may be.
//! - [`bookmarks`]: requests that people keep, in a database of its own.
//! - [`executions`]: the reader's side as well. Runs of transformations.
//! - [`by_hand`]: what people do to events: retry, cancel, replay, release.
//! - [`bulk`]: the same to all events that a query finds; carried out by a task of its own.
//! - [`idempotency`]: calls that are repeated without being done twice; a database of its own.
//! - [`issues`]: what fails, grouped, until it works again; a database of its own.
//! - [`alerts`]: who is told of that, and what still has to be told.
//! - [`health`]: how it is doing, for readiness and metrics.
//! - [`series`]: what was counted, over time; a database of its own.
//! - [`live`]: the onlooker's side. What happens, as it happens.
//! - [`catalog`]: projects, sources, destinations, connections, alerts, API keys, and who did what; a database of its own.
//! - `journal`: append-only segments, the truth. `index`: SQLite, derived from them at any time. `rounds`: threads that follow
//!   the journal.
//! - `database`: how the databases of their own are opened.

pub mod store;

pub mod accept;
pub mod arrivals;
pub mod claims;
pub mod lanes;
pub mod latest;
pub mod replays;
pub mod unrouted;

pub mod bookmarks;
pub mod bulk;
pub mod by_hand;
pub mod executions;
pub mod history;
pub mod idempotency;
pub mod live;
pub mod search;

pub mod alerts;
pub mod issues;

pub mod health;
pub mod series;

pub mod catalog;

mod database;
mod index;
mod journal;
mod rounds;
mod stored;

pub use journal::disk::Faults;
