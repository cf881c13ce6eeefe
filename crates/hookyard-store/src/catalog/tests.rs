//! The catalog on real files: one harness, and a module per promise.

mod alerts;
mod api_keys;
mod apply;
mod audited;
mod declare;
mod durable;
mod retired;
mod signing;
mod verbs;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hookyard_model::auth::Auth;
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::destination::{Http, Pull, Reach, SigningSecret};
use hookyard_model::id::{DestinationId, Generator, ProjectId, SourceId};
use hookyard_model::pacing::Pacing;
use hookyard_model::retry::{Retry, Schedule};
use hookyard_model::secret::Secret;
use hookyard_model::source::Verification;
use tempfile::TempDir;

use super::*;

/// 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_ms(1_767_225_600_000);

/// A catalog in a directory of its own.
struct Fixture {
    directory: TempDir,
    clock: Clock,
    catalog: Catalog,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::manual(START);
        let catalog = open(&directory, &clock, 1).unwrap();
        Self { directory, clock, catalog }
    }

    /// The database file.
    fn file(&self) -> PathBuf {
        self.directory.path().join("catalog.sqlite")
    }

    /// Closes the catalog and opens it again.
    fn reopened(self) -> Self {
        let Self { directory, clock, catalog } = self;
        drop(catalog);
        let catalog = open(&directory, &clock, 1).unwrap();
        Self { directory, clock, catalog }
    }

    /// Closes the catalog, has `edit` change the database behind its back, and tries to open it.
    fn reopened_after(self, edit: impl FnOnce(&rusqlite::Connection)) -> Result<Catalog, OpenError> {
        let Self { directory, clock, catalog } = self;
        drop(catalog);
        let database = rusqlite::Connection::open(directory.path().join("catalog.sqlite")).unwrap();
        edit(&database);
        drop(database);
        open(&directory, &clock, 1)
    }

    fn project(&self) -> ProjectId {
        self.catalog.snapshot().default_project
    }

    fn later(&self) {
        self.clock.advance(Duration::from_secs(60));
    }

    async fn source(&self, name: &str) -> Arc<Source> {
        self.catalog.create_source(self.project(), source(name)).await.unwrap()
    }

    async fn destination(&self, name: &str) -> Arc<Destination> {
        self.catalog.create_destination(self.project(), destination(name)).await.unwrap()
    }

    async fn connection(&self, name: &str, from: SourceId, to: DestinationId) -> Arc<Connection> {
        self.catalog.create_connection(self.project(), connection(name, from, to)).await.unwrap()
    }
}

fn open(directory: &TempDir, clock: &Clock, key_byte: u8) -> Result<Catalog, OpenError> {
    open_with(directory, clock, key_byte, audit::Settings::default())
}

fn open_with(
    directory: &TempDir,
    clock: &Clock,
    key_byte: u8,
    audit: audit::Settings,
) -> Result<Catalog, OpenError> {
    Catalog::open(directory.path(), key(key_byte), clock.clone(), Arc::new(Generator::new(0)), audit)
}

fn key(byte: u8) -> SecretKey {
    use base64::Engine;
    SecretKey::from_base64(&base64::engine::general_purpose::STANDARD.encode([byte; 32])).unwrap()
}

fn source(name: &str) -> NewSource {
    NewSource {
        name: name.to_owned(),
        token: None,
        public_url: None,
        verification: Verification {
            provider: "github".to_owned(),
            secrets: vec![Secret::new("verification-secret")],
            settings: [("header".to_owned(), "x-signature".to_owned())].into(),
        },
        methods: vec!["POST".to_owned()],
        answer: None,
    }
}

fn destination(name: &str) -> NewDestination {
    NewDestination {
        name: name.to_owned(),
        reach: Reach::Http(Http::at("https://example.com/webhooks")),
        concurrency: 64,
        pacing: Pacing::default(),
        paused: None,
        signing_secrets: Vec::new(),
    }
}

fn pulled(name: &str) -> NewDestination {
    let reach = Reach::Pull(Pull { lease: Duration::from_millis(90_001) });
    NewDestination { reach, pacing: Pacing::pulled(), ..destination(name) }
}

fn connection(name: &str, source: SourceId, destination: DestinationId) -> NewConnection {
    NewConnection {
        name: name.to_owned(),
        source,
        destination,
        rules: Vec::new(),
        order: hookyard_model::order::Order::Free,
        retry: Retry::default(),
        enabled: true,
    }
}

/// Everything in a snapshot that is stored, in a form that can be compared.
fn content(snapshot: &Snapshot) -> String {
    let mut sources: Vec<_> = snapshot.sources.values().collect();
    sources.sort_by_key(|it| it.id);
    let mut destinations: Vec<_> = snapshot.destinations.values().collect();
    destinations.sort_by_key(|it| it.id);
    let mut connections: Vec<_> = snapshot.connections.values().collect();
    connections.sort_by_key(|it| it.id);
    let mut by_source: Vec<_> = snapshot.by_source.iter().collect();
    by_source.sort_by_key(|(source, _)| **source);
    let secrets: Vec<&str> = (sources.iter().flat_map(|it| &it.verification.secrets))
        .chain(destinations.iter().flat_map(|it| it.signing_secrets.iter().map(|it| &it.secret)))
        .map(Secret::expose)
        .collect();
    let Snapshot { version, default_project, projects, .. } = snapshot;
    format!(
        "{version} {default_project} {projects:#?} {sources:#?} {destinations:#?} {connections:#?} {by_source:#?} \
         {secrets:#?}"
    )
}
