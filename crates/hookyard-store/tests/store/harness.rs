//! A store in a directory of its own, with a clock that stands still, and short ways to use it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookyard_model::attempt::{Attempt, Outcome, Response};
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::destination::{Http, Reach};
use hookyard_model::event::EventState;
use hookyard_model::id::{AttemptId, ConnectionId, DestinationId, EventId, ProjectId, RequestId, SourceId};
use hookyard_model::pacing::Pacing;
use hookyard_model::request::{Fields, Proof, RejectCause, Request, Verdict};
use hookyard_model::retry::Retry;
use hookyard_model::rule::Ruling;
use hookyard_model::source::Verification;
use hookyard_store::accept::{Arrival, Unavailable};
use hookyard_store::arrivals::{Arrivals, Arrived, NewEvent};
use hookyard_store::catalog::{NewConnection, NewDestination, NewSource};
use hookyard_store::history::{
    EventFilter, Page, RequestDetails, RequestFilter, RequestSummary as Summary, Status,
};
use hookyard_store::lanes::{Lane, Ready};
use hookyard_store::store::{OpenError, Options, Store};
use tempfile::TempDir;

/// 2026-01-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_767_225_600_000);
/// The project, source, connection and destination of whatever does not care.
pub(crate) const PROJECT: ProjectId = ProjectId(1);
pub(crate) const SOURCE: SourceId = SourceId(2);
pub(crate) const CONNECTION: ConnectionId = ConnectionId(3);
pub(crate) const DESTINATION: DestinationId = DestinationId(4);

/// A data directory, and how stores in it are opened.
pub(crate) struct Yard {
    pub(crate) directory: TempDir,
    pub(crate) clock: Clock,
    pub(crate) options: Options,
}

impl Yard {
    /// Small segments, no reserve, nothing is too old.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// Like [`Yard::new`], with further changes to the options.
    pub(crate) fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self::on(tempfile::tempdir().unwrap(), change)
    }

    /// The same where the kernel keeps files in memory, if it does: for tests of thousands of stores, whose every sync
    /// would wait for the disk.
    pub(crate) fn in_memory(change: impl FnOnce(&mut Options)) -> Self {
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self::on(directory.unwrap(), change)
    }

    fn on(directory: TempDir, change: impl FnOnce(&mut Options)) -> Self {
        let clock = Clock::manual(START);
        let mut options = Options::new(directory.path());
        options.clock = clock.clone();
        options.segment_bytes = 256 << 10;
        options.reserve_bytes = 0;
        options.retention = None;
        change(&mut options);
        Self { directory, clock, options }
    }

    pub(crate) fn open(&self) -> Store {
        loop {
            match Store::open(self.options.clone()) {
                // A look-up of a task that was stopped may still hold the store before.
                Err(OpenError::Locked { .. }) => std::thread::yield_now(),
                opened => return opened.unwrap(),
            }
        }
    }

    /// The journal's segment files, oldest first.
    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        files(&self.directory.path().join("journal"), "segment")
    }

    /// The index's files, oldest first.
    pub(crate) fn partitions(&self) -> Vec<PathBuf> {
        files(&self.directory.path().join("index"), "sqlite")
    }
}

fn files(directory: &std::path::Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// A verified request with this body.
pub(crate) fn arrival(body: impl Into<Bytes>) -> Arrival {
    Arrival {
        project: PROJECT,
        source: SOURCE,
        proof: Some(Proof::Verified),
        received_at: START,
        remote: IpAddr::V4(Ipv4Addr::LOCALHOST),
        head: Bytes::from_static(b"POST /token/path?x=1 HTTP/1.1\r\nHost: here\r\nX-A: 1\r\n\r\n"),
        body: body.into(),
    }
}

/// Accepts a request with this body.
pub(crate) async fn accept(store: &Store, body: impl Into<Bytes>) -> Result<RequestId, Unavailable> {
    store.accept(arrival(body)).await
}

/// Where a routed request is to go when nothing special is wanted.
pub(crate) fn queued(store: &Store) -> NewEvent {
    NewEvent {
        connection: CONNECTION,
        destination: DESTINATION,
        state: EventState::Queued,
        due_at: store.clock().now(),
        order: None,
        ruling: Ruling::default(),
        transformed: None,
    }
}

/// The next `count` requests to route.
pub(crate) async fn next_arrived(arrivals: &mut Arrivals, count: usize) -> Vec<Arrived> {
    let mut arrived = Vec::new();
    while arrived.len() < count {
        arrived.extend(arrivals.next().await);
    }
    assert_eq!(arrived.len(), count, "more requests arrived than were accepted");
    arrived
}

/// Routes the next `count` requests, each to one queued event.
pub(crate) async fn route(store: &Store, arrivals: &mut Arrivals, count: usize) -> Vec<EventId> {
    let mut events = Vec::new();
    for arrived in next_arrived(arrivals, count).await {
        store.record_routed(&arrived, Fields::default(), &[queued(store)]);
        events.push(EventId { request: arrived.request.id, connection: CONNECTION });
    }
    events
}

/// A source joined to a destination in the catalog, for what looks there.
pub(crate) struct Joined {
    pub(crate) project: ProjectId,
    pub(crate) source: SourceId,
    pub(crate) destination: DestinationId,
    pub(crate) connection: ConnectionId,
}

impl Joined {
    pub(crate) async fn new(store: &Store) -> Self {
        let catalog = store.catalog();
        let project = catalog.snapshot().default_project;
        let source = NewSource {
            name: "source".to_owned(),
            token: None,
            public_url: None,
            verification: Verification { provider: "none".to_owned(), ..Verification::default() },
            methods: vec![],
            answer: None,
        };
        let source = catalog.create_source(project, source).await.unwrap().id;
        let destination = NewDestination {
            name: "destination".to_owned(),
            reach: Reach::Http(Http::at("https://example.com/")),
            concurrency: 1,
            pacing: Pacing::default(),
            paused: None,
            signing_secrets: vec![],
        };
        let destination = catalog.create_destination(project, destination).await.unwrap().id;
        let mut joined = Self { project, source, destination, connection: ConnectionId(0) };
        joined.connection = joined.connect(store, "connection").await;
        joined
    }

    /// One more connection between the two.
    pub(crate) async fn connect(&self, store: &Store, name: &str) -> ConnectionId {
        let new = NewConnection {
            name: name.to_owned(),
            source: self.source,
            destination: self.destination,
            rules: Vec::new(),
            order: hookyard_model::order::Order::Free,
            retry: Retry::default(),
            enabled: true,
        };
        store.catalog().create_connection(self.project, new).await.unwrap().id
    }

    /// A request that is accepted.
    pub(crate) async fn accept(&self, store: &Store) -> RequestId {
        let arrival = Arrival { project: self.project, source: self.source, ..arrival("body") };
        store.accept(arrival).await.unwrap()
    }

    /// A request that is accepted, and routed to one queued event.
    pub(crate) async fn event(&self, store: &Store, arrivals: &mut Arrivals) -> EventId {
        let request = self.accept(store).await;
        let arrived = next_arrived(arrivals, 1).await.remove(0);
        let leg = NewEvent { connection: self.connection, destination: self.destination, ..queued(store) };
        store.record_routed(&arrived, Fields::default(), &[leg]);
        EventId { request, connection: self.connection }
    }

    /// Attempts the lane's next event, with this status and what becomes of it.
    pub(crate) async fn attempt(
        &self,
        store: &Store,
        lane: &Filled,
        status: u16,
        state: EventState,
    ) -> EventId {
        let ready = lane.take().await;
        let due_at = store.clock().now().plus(Duration::from_secs(60));
        let made = Attempt { project: self.project, ..attempt(&ready, status, state, due_at) };
        store.record_attempt(&ready, &made);
        ready.event
    }
}

/// A lane that is kept filled by a task of its own until this is dropped.
pub(crate) struct Filled {
    pub(crate) lane: Arc<Lane>,
    task: tokio::task::JoinHandle<()>,
}

impl Filled {
    pub(crate) fn new(store: &Store, destination: DestinationId) -> Self {
        let lane = store.lane(destination);
        let filler = Arc::clone(&lane);
        let task = tokio::spawn(async move { filler.keep_filled().await });
        Self { lane, task }
    }

    /// The next event, however long it takes to come.
    pub(crate) async fn take(&self) -> Ready {
        loop {
            if let Some(ready) = self.lane.take() {
                return ready;
            }
            self.lane.work().await;
        }
    }

    /// Ends the task, so that the store can be closed.
    pub(crate) async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// The attempt that comes next for an event, answered with this status.
pub(crate) fn attempt(ready: &Ready, status: u16, state: EventState, due_at: Timestamp) -> Attempt {
    Attempt {
        id: AttemptId { event: ready.event, number: ready.attempts + 1 },
        project: PROJECT,
        destination: ready.destination,
        trigger: ready.trigger,
        started_at: START,
        duration: Duration::from_millis(3),
        outcome: Outcome::Response(Response {
            status,
            headers: Bytes::from_static(b"server: sink\r\n"),
            body: Bytes::from(format!("answer {status}")),
            body_truncated: false,
        }),
        state,
        due_at,
    }
}

/// Records that an event was delivered.
pub(crate) fn deliver(store: &Store, ready: &Ready) -> Attempt {
    let made = attempt(ready, 200, EventState::Successful, START);
    store.record_attempt(ready, &made);
    made
}

/// A line of the list of requests as fixtures of version 1 have it.
#[derive(Debug)]
#[expect(dead_code, reason = "its fields are read by `Debug`")]
struct RequestSummary<'a> {
    id: RequestId,
    source: Option<SourceId>,
    received_at: Timestamp,
    rejected: Option<RejectCause>,
    method: &'a str,
    target: &'a str,
    body_bytes: u64,
    events: Option<u32>,
}

/// What can be looked up of a request, as text. What version 1 did not have is there where it says
/// something.
fn request_line(row: &Summary, whole: &RequestDetails) -> String {
    let Summary { id, source, received_at, status, is_late, method, target, body_bytes, events, fields } =
        row;
    assert_eq!((whole.is_late, &whole.fields), (*is_late, fields));
    let rejected = match status {
        Status::Rejected(cause) => Some(*cause),
        _ => None,
    };
    let as_v1 = RequestSummary {
        id: *id,
        source: *source,
        received_at: *received_at,
        rejected,
        method,
        target,
        body_bytes: *body_bytes,
        events: *events,
    };
    let verdict = match &whole.request.verdict {
        Verdict::Accepted(Proof::Unrecorded) => "Accepted".to_owned(),
        verdict => format!("{verdict:?}"),
    };
    let mut line = format!("{as_v1:?} {} {verdict}", whole.request.body.len());
    if *is_late || *fields != Fields::default() {
        line.push_str(&format!(" late: {is_late} {fields:?}"));
    }
    line
}

/// Everything that can be looked up, as text that can be compared.
pub(crate) async fn answers(store: &Store) -> String {
    let all = 10_000;
    let requests = store.requests(PROJECT, RequestFilter::default(), Page { before: None, limit: all }).await;
    let requests = requests.unwrap();
    let events =
        store.events(PROJECT, EventFilter::default(), Page { before: None, limit: all }).await.unwrap();
    let mut text = format!("{} undelivered\n", store.health().undelivered);
    for request in &requests {
        // Retention may have dropped it since it was listed.
        let Some(whole) = store.request_details(PROJECT, request.id).await.unwrap() else { continue };
        text.push_str(&format!("{}\n", request_line(request, &whole)));
    }
    for event in &events {
        // Retention may have dropped it as well.
        let Some(attempts) = store.attempts(PROJECT, event.id).await.unwrap() else { continue };
        // As events were shown before rules could discard them.
        // And before their topics were among what is shown of them.
        let line = format!("{event:?}");
        let (line, _) = line.rsplit_once(", topic: ").unwrap();
        text.push_str(&format!("{}\n", format!("{line} }}").replace(", discarded: None }", " }")));
        for attempt in attempts {
            text.push_str(&format!("    {attempt:?}\n"));
        }
        let Some(details) = store.event_details(PROJECT, event.id).await.unwrap() else { continue };
        if !details.ruling.steps.is_empty() {
            // As they were shown before transformations could be among them, and before only the latest could be wanted.
            let ruling = format!("{:?}", details.ruling).replace(", execution: None }", " }");
            let ruling = ruling.replace("superseded_by: None, ", "").replace("revision: None, ", "");
            text.push_str(&format!("    {ruling}\n"));
        }
        if let Some(Request { head, body, body_bytes, .. }) = details.transformed {
            text.push_str(&format!("    transformed: {head:?} {body:?} {body_bytes}\n"));
        }
    }
    text
}

/// Waits until something that the store does on its own has come about.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    while !holds().await {
        tick.tick().await;
    }
}

/// Accepts again and again until one is taken.
pub(crate) async fn accept_at_last(store: &Store, body: &'static str) -> RequestId {
    let mut accepted = None;
    until(async || {
        accepted = accept(store, body).await.ok();
        accepted.is_some()
    })
    .await;
    accepted.unwrap()
}

/// The ids of all requests, oldest first.
pub(crate) async fn ids(store: &Store) -> Vec<RequestId> {
    let page = Page { before: None, limit: 1_000_000 };
    let found = store.requests(PROJECT, RequestFilter::default(), page).await.unwrap();
    found.iter().rev().map(|request| request.id).collect()
}
