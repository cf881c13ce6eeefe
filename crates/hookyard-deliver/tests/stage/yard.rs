//! A store in a directory of its own, the stage at work on it, and a destination that answers what it is told.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hookyard_deliver::deliver::{self, Parts};
use hookyard_deliver::jitter::Jitter;
use hookyard_deliver::metrics::Metrics;
use hookyard_deliver::send::Sender;
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::connection::Connection;
use hookyard_model::destination::{Destination, Http, Reach};
use hookyard_model::event::EventState;
use hookyard_model::id::EventId;
use hookyard_model::order::OrderKey;
use hookyard_model::pacing::{Breaker, Pacing};
use hookyard_model::request::{Fields, Proof};
use hookyard_model::retry::{Retry, Schedule};
use hookyard_model::rule::Ruling;
use hookyard_model::source::Verification;
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::exchange::AnswerLimits;
use hookyard_outgoing::guard::Guard;
use hookyard_store::Faults;
use hookyard_store::accept::Arrival;
use hookyard_store::arrivals::{Arrivals, NewEvent};
use hookyard_store::catalog::{NewConnection, NewDestination, NewSource};
use hookyard_store::history::EventSummary;
use hookyard_store::store::{Options, Store};
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_ms(1_767_225_600_000);

/// A destination that answers with the status it is told.
pub(crate) struct Service {
    status: Arc<AtomicU16>,
    pub(crate) url: String,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(200));
        let told = Arc::clone(&status);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let told = Arc::clone(&told);
                tokio::spawn(async move {
                    // Every request is small enough to come in one piece, and ends the connection.
                    let mut request = vec![0; 65_536];
                    while stream.read(&mut request).await.is_ok_and(|bytes| bytes > 0) {
                        let status = told.load(Ordering::SeqCst);
                        let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n");
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { status, url }
    }

    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

/// The directory, and the clock that all its stores share.
pub(crate) struct Yard {
    directory: TempDir,
    pub(crate) clock: Clock,
    /// What the disk does wrong.
    pub(crate) faults: Arc<Faults>,
}

/// The stage at work.
pub(crate) struct Running {
    pub(crate) store: Store,
    arrivals: Arrivals,
    stop: watch::Sender<bool>,
    stage: JoinHandle<()>,
    registry: Registry,
}

impl Yard {
    pub(crate) fn new() -> Self {
        let (directory, clock) = (tempfile::tempdir().unwrap(), Clock::manual(START));
        Self { directory, clock, faults: Arc::default() }
    }

    pub(crate) async fn start(&self) -> Running {
        let options = Options {
            clock: self.clock.clone(),
            faults: Some(Arc::clone(&self.faults)),
            ..Options::new(self.directory.path())
        };
        let store = Store::open(options).unwrap();
        store.recovered().await;
        let mut registry = Registry::default();
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let parts = Parts {
            store: store.clone(),
            sender: Sender::new(Connector::new(guard, AnswerLimits::default())),
            jitter: Arc::new(Jitter::new(1)),
            metrics: Metrics::register(&mut registry),
        };
        let (stop, stopped) = watch::channel(false);
        let stage = tokio::spawn(deliver::run(parts, stopped));
        Running { arrivals: store.arrivals(), store, stop, stage, registry }
    }
}

impl Running {
    /// A source joined to this URL; events are tried once, and however often that fails no breaker opens.
    pub(crate) async fn join(&self, url: &str, disable_after: Option<Duration>) {
        self.join_with(url, disable_after, Vec::new()).await;
    }

    /// The same where failed attempts are made again after these waits.
    pub(crate) async fn join_with(&self, url: &str, disable_after: Option<Duration>, waits: Vec<Duration>) {
        let breaker = Breaker { enabled: false, ..Breaker::default() };
        let pacing = Pacing { disable_after, breaker, ..Pacing::default() };
        self.join_to(Reach::Http(Http::at(url)), 1, pacing, waits).await;
    }

    /// A source joined to a destination; events are tried again after these waits.
    pub(crate) async fn join_to(&self, reach: Reach, concurrency: u32, pacing: Pacing, waits: Vec<Duration>) {
        let catalog = self.store.catalog();
        let project = catalog.snapshot().default_project;
        let source = NewSource {
            name: "in".to_owned(),
            token: None,
            public_url: None,
            verification: Verification { provider: "none".to_owned(), ..Verification::default() },
            methods: vec![],
            answer: None,
        };
        let source = catalog.create_source(project, source).await.unwrap().id;
        let destination = NewDestination {
            name: "out".to_owned(),
            reach,
            concurrency,
            pacing,
            paused: None,
            signing_secrets: vec![],
        };
        let destination = catalog.create_destination(project, destination).await.unwrap().id;
        let retry = Retry::on(Schedule::Custom(waits));
        let new = NewConnection {
            name: "join".to_owned(),
            source,
            destination,
            rules: Vec::new(),
            order: hookyard_model::order::Order::Free,
            retry,
            enabled: true,
        };
        catalog.create_connection(project, new).await.unwrap();
    }

    pub(crate) fn connection(&self) -> Arc<Connection> {
        self.store.catalog().snapshot().connections.values().next().unwrap().clone()
    }

    pub(crate) fn destination(&self) -> Arc<Destination> {
        self.store.catalog().snapshot().destinations.values().next().unwrap().clone()
    }

    /// Takes a webhook, and waits until its event has come to an end, which it returns.
    pub(crate) async fn event(&mut self) -> EventState {
        let event = self.take(None).await;
        let has_ended = |state| !matches!(state, EventState::Queued | EventState::Scheduled);
        self.shown(event, has_ended).await.state
    }

    /// Takes a webhook, and routes it to one event.
    pub(crate) async fn take(&mut self, order: Option<OrderKey>) -> EventId {
        self.take_ruled(order, Ruling::default()).await
    }

    /// The same where its connection's rules are to have said this.
    pub(crate) async fn take_ruled(&mut self, order: Option<OrderKey>, ruling: Ruling) -> EventId {
        let connection = self.connection();
        let arrival = Arrival {
            project: connection.project,
            source: connection.source,
            proof: Some(Proof::NotAsked),
            received_at: self.store.clock().now(),
            remote: IpAddr::V4(Ipv4Addr::LOCALHOST),
            head: Bytes::from_static(b"POST /in/path?x=1 HTTP/1.1\r\nHost: a\r\nX-B: c\r\n\r\n"),
            body: Bytes::from_static(b"body"),
        };
        let request = self.store.accept(arrival).await.unwrap();
        for arrived in self.arrivals.next().await {
            let new = NewEvent {
                connection: connection.id,
                destination: connection.destination,
                state: EventState::Queued,
                due_at: self.store.clock().now(),
                order,
                ruling: ruling.clone(),
                transformed: None,
            };
            self.store.record_routed(&arrived, Fields::default(), &[new]);
        }
        EventId { request, connection: connection.id }
    }

    /// An event, once it is in a state that is wanted.
    pub(crate) async fn shown(&self, event: EventId, is_wanted: impl Fn(EventState) -> bool) -> EventSummary {
        let project = self.connection().project;
        let mut tick = tokio::time::interval(Duration::from_millis(2));
        loop {
            tick.tick().await;
            match self.store.event(project, event).await.unwrap() {
                Some(found) if is_wanted(found.state) => return found,
                _ => {}
            }
        }
    }

    /// Waits until the catalog is as wanted.
    pub(crate) async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let mut changes = self.store.catalog().subscribe();
        changes.wait_for(|_| holds(self)).await.unwrap();
    }

    /// What a counter stands at.
    pub(crate) fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }

    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        self.stage.await.unwrap();
        drop(self.arrivals);
        tokio::task::spawn_blocking(move || self.store.close()).await.unwrap();
    }
}
