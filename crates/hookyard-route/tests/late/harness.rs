//! A store with sources of providers whose keys have to be fetched, and a router on top of it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hookyard_model::destination::{CONCURRENCY_DEFAULT, Http, Reach};
use hookyard_model::id::{DestinationId, ProjectId, RequestId, SourceId};
use hookyard_model::order::Order;
use hookyard_model::pacing::Pacing;
use hookyard_model::request::{Proof, RejectCause, Verdict};
use hookyard_model::retry::Retry;
use hookyard_model::secret::Secret;
use hookyard_model::source::Verification;
use hookyard_providers::KeyCache;
use hookyard_route::limits::Limits;
use hookyard_route::metrics::Metrics;
use hookyard_route::route::Router;
use hookyard_store::accept::Arrival;
use hookyard_store::catalog::{NewConnection, NewDestination, NewSource};
use hookyard_store::history::{EventFilter, Page, RequestFilter};
use hookyard_store::store::{OpenError, Options, Store};
use hookyard_transform::runner::Runner;
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::key_server::KeyServer;
use crate::sender::{Message, TOPIC};

/// Quick to try again, and patient otherwise.
pub(crate) fn limits() -> Limits {
    Limits {
        fetch_timeout: Duration::from_secs(60),
        retry_first: Duration::from_millis(1),
        retry_max: Duration::from_millis(20),
        ..Limits::default()
    }
}

/// A directory that stores are opened in, one after the other.
pub(crate) struct Yard {
    directory: TempDir,
    pub(crate) limits: Limits,
}

/// A store and the router on top of it.
pub(crate) struct Running {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    /// What ingest shares with the router.
    pub(crate) cache: KeyCache,
    pub(crate) project: ProjectId,
    pub(crate) destination: DestinationId,
    stop: watch::Sender<bool>,
    routing: JoinHandle<()>,
}

impl Yard {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), limits: limits() }
    }

    pub(crate) fn open(&self) -> Store {
        let options =
            || Options { reserve_bytes: 0, segment_bytes: 256 << 10, ..Options::new(self.directory.path()) };
        loop {
            match Store::open(options()) {
                // A task that was stopped may still hold the store before.
                Err(OpenError::Locked { .. }) => std::thread::yield_now(),
                opened => return opened.unwrap(),
            }
        }
    }

    /// A store with a destination, whose requests' keys are at this server, and its router.
    pub(crate) async fn start(&self, keys: &KeyServer) -> Running {
        let store = self.open();
        let project = store.catalog().snapshot().default_project;
        let known = store.catalog().snapshot().destination_named(project, "out").map(|known| known.id);
        let destination = match known {
            Some(known) => known,
            None => {
                let new = NewDestination {
                    name: "out".to_owned(),
                    reach: Reach::Http(Http::at("http://127.0.0.1:1/")),
                    concurrency: CONCURRENCY_DEFAULT,
                    pacing: Pacing::default(),
                    paused: None,
                    signing_secrets: Vec::new(),
                };
                store.catalog().create_destination(project, new).await.unwrap().id
            }
        };
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let (cache, limits) = (KeyCache::default(), self.limits.clone());
        let router = Router::new(
            store.clone(),
            &keys.connector(),
            cache.clone(),
            None,
            Runner::default(),
            limits,
            metrics,
        );
        let (stop, stopped) = watch::channel(false);
        let routing = tokio::spawn(router.run(stopped));
        Running { store, registry, cache, project, destination, stop, routing }
    }
}

impl Running {
    /// A source of Circle's that leads to the destination; the one of this name, where there is one.
    pub(crate) async fn circle(&self, name: &str) -> SourceId {
        self.source(name, "circle", &["TEST_API_KEY:a:b"], &[]).await
    }

    /// A source of one SNS topic.
    pub(crate) async fn sns(&self) -> SourceId {
        self.source("sns", "aws-sns", &[], &[("topic_arn", TOPIC)]).await
    }

    async fn source(
        &self,
        name: &str,
        provider: &str,
        secrets: &[&str],
        settings: &[(&str, &str)],
    ) -> SourceId {
        let catalog = self.store.catalog();
        if let Some(known) = catalog.snapshot().source_named(self.project, name) {
            return known.id;
        }
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let verification = Verification {
            provider: provider.to_owned(),
            secrets: secrets.iter().map(|secret| Secret::new(*secret)).collect(),
            settings: settings.collect::<BTreeMap<_, _>>(),
        };
        let name = name.to_owned();
        let new = NewSource {
            name: name.clone(),
            token: Some(name.clone()),
            public_url: None,
            verification,
            methods: Vec::new(),
            answer: None,
        };
        let source = catalog.create_source(self.project, new).await.unwrap().id;
        let (destination, rules, retry, enabled) = (self.destination, Vec::new(), Retry::default(), true);
        let new = NewConnection { name, source, destination, rules, order: Order::Free, retry, enabled };
        catalog.create_connection(self.project, new).await.unwrap();
        source
    }

    /// Accepts a request whose verification is pending, or is not.
    pub(crate) async fn accept(&self, source: SourceId, proof: Option<Proof>, sent: Message) -> RequestId {
        let arrival = Arrival {
            project: self.project,
            source,
            proof,
            received_at: self.store.clock().now(),
            remote: IpAddr::V4(Ipv4Addr::LOCALHOST),
            head: sent.0.into(),
            body: sent.1.into(),
        };
        self.store.accept(arrival).await.unwrap()
    }

    pub(crate) async fn pending(&self, source: SourceId, sent: Message) -> RequestId {
        self.accept(source, None, sent).await
    }

    pub(crate) async fn verdict(&self, id: RequestId) -> Verdict {
        self.store.request(self.project, id).await.unwrap().unwrap().verdict
    }

    /// Waits until a request is decided.
    pub(crate) async fn decided(&self, id: RequestId) -> Verdict {
        until(async || self.verdict(id).await != Verdict::Pending).await;
        self.verdict(id).await
    }

    /// Waits until a request is verified; it then has one event.
    pub(crate) async fn verified(&self, id: RequestId) {
        assert_eq!(self.decided(id).await, Verdict::Accepted(Proof::Verified), "{id}");
        assert_eq!(self.events(id).await, 1);
    }

    /// Waits until a request is refused, and has the reason.
    pub(crate) async fn refused(&self, id: RequestId) -> (RejectCause, String) {
        let Verdict::Rejected { cause, detail } = self.decided(id).await else { panic!("{id} is accepted") };
        assert_eq!(self.events(id).await, 0);
        (cause, detail)
    }

    pub(crate) async fn events(&self, id: RequestId) -> usize {
        let filter = EventFilter { request: Some(id), ..EventFilter::default() };
        self.store.events(self.project, filter, Page { before: None, limit: 9 }).await.unwrap().len()
    }

    pub(crate) async fn found(&self, filter: RequestFilter) -> Vec<RequestId> {
        let page = Page { before: None, limit: 10_000 };
        let rows = self.store.requests(self.project, filter, page).await.unwrap();
        rows.iter().map(|row| row.id).collect()
    }

    /// A metric's line, without its name.
    pub(crate) fn metric(&self, name: &str) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    }

    /// Stops the router and closes the store.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        self.routing.await.unwrap();
        self.store.close();
    }

    /// Ends both at once, as a crash would.
    pub(crate) async fn kill(self) {
        self.routing.abort();
        let _ = self.routing.await;
    }
}

/// Waits until something that others do has come about.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    while !holds().await {
        tick.tick().await;
    }
}
