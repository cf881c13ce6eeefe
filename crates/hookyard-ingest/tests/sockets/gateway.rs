//! A running ingest with a store of its own, and one source (`/open`) that verifies nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use hookyard_ingest::ingest::Ingest;
use hookyard_ingest::limits::Limits;
use hookyard_ingest::metrics::Metrics;
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::id::{ProjectId, RequestId};
use hookyard_model::request::Request;
use hookyard_model::secret::Secret;
use hookyard_model::source::{Source, Verification};
use hookyard_providers::KeyCache;
use hookyard_store::catalog::NewSource;
use hookyard_store::history::{Page, RequestFilter, RequestKind};
use hookyard_store::store::{Options, Store};
use prometheus_client::registry::Registry;
use rustls::ServerConfig;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client::Client;

pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) shutdown: watch::Sender<bool>,
    pub(crate) serving: JoinHandle<()>,
    registry: Registry,
    _directory: TempDir,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        Self::open(Limits::default(), None).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        Self::open(limits, None).await
    }

    pub(crate) async fn with_tls(tls: ServerConfig) -> Self {
        Self::open(Limits::default(), Some(tls)).await
    }

    pub(crate) async fn open(limits: Limits, tls: Option<ServerConfig>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::from_ms(1_800_000_000_000));
        let mut options = Options::new(directory.path());
        options.clock = clock.clone();
        let store = Store::open(options).unwrap();
        let project = store.catalog().snapshot().default_project;
        store.catalog().create_source(project, source("open")).await.unwrap();
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, stop) = watch::channel(false);
        let ingest = Ingest::new(store.clone(), clock.clone(), limits, None, KeyCache::default(), metrics);
        let serving = tokio::spawn(ingest.serve(listener, tls.map(Arc::new), stop));
        Self { address, clock, store, shutdown, serving, registry, _directory: directory }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    pub(crate) fn project(&self) -> ProjectId {
        self.store.catalog().snapshot().default_project
    }

    pub(crate) fn open_source(&self) -> Arc<Source> {
        Arc::clone(self.store.catalog().snapshot().source_named(self.project(), "open").unwrap())
    }

    pub(crate) async fn create(&self, new: NewSource) -> Arc<Source> {
        self.store.catalog().create_source(self.project(), new).await.unwrap()
    }

    pub(crate) async fn create_github(&self, token: &str, secret: &str) -> Arc<Source> {
        self.create(github(token, secret)).await
    }

    pub(crate) async fn set_github_secret(&self, old: &Source, secret: &str) {
        let new = github(&old.token, secret);
        let known = self.store.catalog().snapshot().sources.get(&old.id).map(Arc::clone).unwrap();
        self.store.catalog().update_source(old.project, known, new).await.unwrap();
    }

    /// An accepted request, as it is stored.
    pub(crate) async fn stored(&self, id: RequestId) -> Request {
        self.store.request(self.project(), id).await.unwrap().expect("an acknowledged request is stored")
    }

    /// All rejected requests, as they are stored, newest first.
    pub(crate) async fn rejected(&self) -> Vec<Request> {
        self.store.settle().await;
        let filter = RequestFilter { kind: Some(RequestKind::Rejected), ..RequestFilter::default() };
        let page = Page { before: None, limit: 1_000 };
        let mut found = Vec::new();
        for summary in self.store.requests(self.project(), filter, page).await.unwrap() {
            found.push(self.stored(summary.id).await);
        }
        found
    }

    pub(crate) fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }

    pub(crate) fn in_flight_bytes(&self) -> u64 {
        let text = self.metrics();
        let value = text.lines().find_map(|line| line.strip_prefix("hookyard_ingest_in_flight_bytes "));
        value.unwrap().parse().unwrap()
    }

    /// Lets the gateway run until this holds.
    pub(crate) async fn until(&self, holds: impl Fn(&Self) -> bool) {
        while !holds(self) {
            tokio::task::yield_now().await;
        }
    }
}

/// A source that verifies nothing; its token is its name.
pub(crate) fn source(name: &str) -> NewSource {
    NewSource {
        name: name.to_owned(),
        token: Some(name.to_owned()),
        public_url: None,
        verification: Verification { provider: "none".to_owned(), ..Verification::default() },
        methods: Vec::new(),
        answer: None,
    }
}

fn github(token: &str, secret: &str) -> NewSource {
    let mut new = source(token);
    new.verification.provider = "github".to_owned();
    new.verification.secrets = vec![Secret::new(secret)];
    new
}
