//! Configuration: projects, sources, destinations, connections, alerts, API keys, in a small SQLite database of its
//! own with full sync, together with the log of who changed it. Readers take an immutable snapshot from memory; every write makes a new one.
//!
//! It is not derived from the journal, so the journal's index can be thrown away without losing it.
//!
//! **Invariant:** a snapshot is published only after the transaction that made it was committed and
//! synced, and in the order of the commits. A change that fails leaves no trace.
//!
//! - `open`, `schema`: the database and its versions, up to the first snapshot.
//! - `key`, `seal`: secrets are encrypted at rest, each bound to its place in the database.
//! - `auth`, `signing`: how a destination is told that it is us, and how it is signed to; the latter rotates.
//! - `check`: what a source, destination or connection must look like, whoever declares it.
//! - `retired`: secrets that were taken away, for a while and for diagnosis only.
//! - `write`: the one way in which anything changes; `sources`, `destinations`, `connections`, `alerts`, `api_keys`: the
//!   verbs; `stored_pacing`, `stored_retry`, `stored_channel`: the forms of what has many parts.
//! - [`audit`]: who did what. `key_uses`: when API keys were last used.
//! - `apply`: the configuration file's content, in one transaction. `declare`: a document of the API's, likewise, or only
//!   on trial.

mod alerts;
mod api_keys;
mod apply;
pub mod audit;
mod auth;
mod check;
mod connections;
mod declare;
mod destinations;
mod key;
mod key_uses;
mod open;
mod retired;
mod schema;
pub(crate) mod seal;
mod signing;
mod sources;
mod stored_channel;
mod stored_order;
mod stored_pacing;
mod stored_retry;
mod stored_rules;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex};

use hookyard_model::access::ApiKey;
use hookyard_model::alert::Alert;
use hookyard_model::clock::Clock;
use hookyard_model::connection::Connection;
use hookyard_model::destination::Destination;
use hookyard_model::id::{AlertId, ApiKeyId, ConnectionId, DestinationId, Generator, ProjectId, SourceId};
use hookyard_model::project::Project;
use hookyard_model::source::Source;
use rustc_hash::FxHashMap;
use tokio::sync::watch;

use audit::Author;
use key_uses::KeyUses;

pub use alerts::{DeclaredAlert, NewAlert};
pub use api_keys::{GeneratedKey, NewApiKey, key_digest, key_taken_until};
pub use apply::{Applied, Changes, Declared, DeclaredConnection};
pub use check::{Noun, Problem, public_url as public_url_problem};
pub use connections::NewConnection;
pub use declare::{Change, Declaration, Outcome};
pub use destinations::NewDestination;
pub use key::{KeyError, SecretKey};
pub(crate) use open::FILE;
pub use open::OpenError;
pub use retired::RetiredSecret;
pub use signing::SigningAlgorithm;
pub use sources::NewSource;
pub use write::WriteError;

/// All configuration at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts the changes; greater is newer.
    pub version: u64,
    /// The project that exists from the start.
    pub default_project: ProjectId,
    /// All projects.
    pub projects: Vec<Arc<Project>>,
    /// All sources.
    pub sources: FxHashMap<SourceId, Arc<Source>>,
    /// All destinations.
    pub destinations: FxHashMap<DestinationId, Arc<Destination>>,
    /// All connections, also the disabled ones.
    pub connections: FxHashMap<ConnectionId, Arc<Connection>>,
    /// Each source's connections, oldest first, also the disabled ones.
    pub by_source: FxHashMap<SourceId, Vec<Arc<Connection>>>,
    /// All alerts, also the disabled ones.
    pub alerts: FxHashMap<AlertId, Arc<Alert>>,
    /// All API keys, also those whose end has come.
    pub api_keys: FxHashMap<ApiKeyId, Arc<ApiKey>>,
}

impl Snapshot {
    /// The project's source of this name.
    pub fn source_named(&self, project: ProjectId, name: &str) -> Option<&Arc<Source>> {
        self.sources.values().find(|source| source.project == project && source.name == name)
    }

    /// The project's destination of this name.
    pub fn destination_named(&self, project: ProjectId, name: &str) -> Option<&Arc<Destination>> {
        self.destinations.values().find(|it| it.project == project && it.name == name)
    }

    /// The project's connection of this name.
    pub fn connection_named(&self, project: ProjectId, name: &str) -> Option<&Arc<Connection>> {
        self.connections.values().find(|it| it.project == project && it.name == name)
    }

    /// The project's alert of this name.
    pub fn alert_named(&self, project: ProjectId, name: &str) -> Option<&Arc<Alert>> {
        self.alerts.values().find(|it| it.project == project && it.name == name)
    }

    /// Brings `by_source` in line with `connections`.
    fn group_by_source(&mut self) {
        self.by_source.clear();
        for connection in self.connections.values() {
            self.by_source.entry(connection.source).or_default().push(Arc::clone(connection));
        }
        for of_one_source in self.by_source.values_mut() {
            of_one_source.sort_unstable_by_key(|connection| connection.id);
        }
    }
}

/// A handle on the configuration; clones share it. What is changed through it has its author in the audit log.
#[derive(Clone)]
pub struct Catalog {
    shared: Arc<Shared>,
    author: Arc<Author>,
    condition: Option<Condition>,
}

/// What has to hold for a change to be made.
type Condition = Arc<dyn Fn(&Snapshot) -> bool + Send + Sync>;

/// What the clones of a [`Catalog`] share.
struct Shared {
    current: watch::Sender<Arc<Snapshot>>,
    /// Held for the whole of a change, so that snapshots are published in the order of the commits.
    database: Mutex<rusqlite::Connection>,
    key: SecretKey,
    clock: Clock,
    ids: Arc<Generator>,
    audit: audit::Settings,
    key_uses: KeyUses,
}

impl Catalog {
    /// The configuration as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shared.current.borrow())
    }

    /// The same configuration, whose changes are this author's.
    #[must_use]
    pub fn by(&self, author: Author) -> Self {
        Self { author: Arc::new(author), ..self.clone() }
    }

    /// The same configuration, whose changes are made only where this holds at that moment; they are refused with
    /// [`WriteError::ConditionFailed`] otherwise.
    #[must_use]
    pub fn only_if(self, condition: impl Fn(&Snapshot) -> bool + Send + Sync + 'static) -> Self {
        Self { condition: Some(Arc::new(condition)), ..self }
    }

    /// Follows the configuration from now on.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.shared.current.subscribe()
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Catalog").field("version", &self.snapshot().version).finish_non_exhaustive()
    }
}
