//! `hookyard-bench fill`: a data directory with a history in it, written through the store itself.
//!
//! What is written depends on the seed alone, but for the time at which it ends. Of each event only the last attempt is
//! recorded, under its number: the lists show nothing else of those before.
//!
//! - `content`: what the requests are: sources, topics, heads, bodies, and what becomes of their events.

mod content;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};
use hookyard_model::attempt::{Attempt, DeliveryError, Outcome, Response, Trigger};
use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::destination::{Http, Reach};
use hookyard_model::event::EventState;
use hookyard_model::id::{AttemptId, ConnectionId, DestinationId, ProjectId, RequestId, SourceId};
use hookyard_model::order::Order;
use hookyard_model::pacing::Pacing;
use hookyard_model::request::{Proof, RejectCause};
use hookyard_model::retry::Retry;
use hookyard_model::rule::{RuleKind, Ruling, Step};
use hookyard_model::source::Verification;
use hookyard_store::accept::{Arrival, Rejection, Unavailable};
use hookyard_store::arrivals::{Arrivals, Arrived, NewEvent};
use hookyard_store::catalog::{NewConnection, NewDestination, NewSource};
use hookyard_store::lanes::{Lane, Ready};
use hookyard_store::store::{Options, Store};
use tokio::task::JoinHandle;

use content::{Content, End, SOURCES};

use crate::os;

pub(crate) use content::{NEEDLE, RARE_TOPIC};

/// Requests that are accepted, routed and attempted together.
const BATCH: u64 = 1_024;
/// So long after the end what is scheduled is due: nothing is sent while somebody looks.
const DUE_AFTER: Duration = Duration::from_secs(30 * 24 * 3600);

/// What `fill` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The directory; it must not hold a journal yet.
    #[arg(long)]
    data_dir: PathBuf,
    /// How many events.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// What the contents depend on.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Over how many days they are spread, up to now.
    #[arg(long, default_value_t = 7)]
    days: u32,
}

/// Fills a directory, and says what is in it.
///
/// # Errors
/// When the store cannot be opened or written.
pub(crate) fn by_hand(args: &Args) -> anyhow::Result<()> {
    let began = Instant::now();
    let span = Duration::from_secs(u64::from(args.days) * 24 * 3600);
    let filled = fill(&args.data_dir, args.events, args.seed, span)?;
    println!(
        "{} events of {} requests, {} more rejected; {:.1} s",
        filled.events,
        filled.requests,
        filled.rejected,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filled {
    pub(crate) requests: u64,
    pub(crate) events: u64,
    pub(crate) rejected: u64,
    /// The source that few requests came in at.
    pub(crate) rare_source: String,
    /// The connection that few events took.
    pub(crate) rare_connection: String,
    /// The source and connection that most took.
    pub(crate) common_source: String,
    pub(crate) common_connection: String,
    /// Where the events of the rare connection go.
    pub(crate) rare_destination: String,
}

/// Writes so many events, spread over this span up to now, and waits until they are on the disk: what is measured next is
/// not to wait for that.
///
/// # Errors
/// When the directory has a journal already, or the store cannot be opened or written.
pub(crate) fn fill(data_dir: &Path, events: u64, seed: u64, span: Duration) -> anyhow::Result<Filled> {
    if data_dir.join("journal").exists() {
        bail!("{} holds a journal already: choose another directory", data_dir.display());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let filled = runtime.block_on(async {
        let mut filler = Filler::open(data_dir, events, seed, span).await?;
        while filler.filled.events < events {
            filler.batch().await?;
        }
        filler.close().await
    })?;
    os::sync();
    Ok(filled)
}

/// A way from a source to a destination.
#[derive(Clone, Copy)]
struct Way {
    connection: ConnectionId,
    destination: DestinationId,
    /// Disabled: its events are held.
    is_disabled: bool,
}

struct Filler {
    store: Store,
    clock: Clock,
    project: ProjectId,
    /// Sources, and where their requests go.
    sources: Vec<(SourceId, Vec<Way>)>,
    lanes: Vec<(Arc<Lane>, JoinHandle<()>)>,
    arrivals: Arrivals,
    content: Content,
    /// From one request to the next.
    step: Duration,
    filled: Filled,
}

impl Filler {
    async fn open(data_dir: &Path, events: u64, seed: u64, span: Duration) -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "a generator ends when it is run")]
        let now =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).context("the clock is before 1970")?;
        let end = Timestamp::from_ms(u64::try_from(now.as_millis())?);
        let clock = Clock::manual(end.minus(span));
        let store = Store::open(Options {
            clock: clock.clone(),
            segment_age: span + Duration::from_secs(3_600),
            retention: None,
            lane_events_max: 1 << 20,
            lanes_bytes_max: 1 << 30,
            ..Options::new(data_dir)
        })?;
        store.recovered().await;
        let mut filler = Self {
            project: store.catalog().snapshot().default_project,
            arrivals: store.arrivals(),
            content: Content::new(seed),
            step: span.div_f64(events as f64 * content::REQUESTS_PER_EVENT * 1.001),
            store,
            clock,
            sources: Vec::new(),
            lanes: Vec::new(),
            filled: Filled::default(),
        };
        filler.configure().await?;
        Ok(filler)
    }

    async fn configure(&mut self) -> anyhow::Result<()> {
        let catalog = self.store.catalog().clone();
        for (nth, name) in SOURCES.iter().enumerate() {
            let source = catalog.create_source(self.project, source(name)).await?;
            let destination = catalog.create_destination(self.project, destination(name)).await?.id;
            self.open_lane(destination).await;
            let mut ways = Vec::new();
            for way in 0..content::ways_of(nth) {
                let is_disabled = way == 2;
                let new = NewConnection {
                    name: format!("{name}-{way}"),
                    source: source.id,
                    destination,
                    rules: Vec::new(),
                    order: Order::Free,
                    retry: Retry::default(),
                    enabled: !is_disabled,
                };
                let connection = catalog.create_connection(self.project, new).await?.id;
                ways.push(Way { connection, destination, is_disabled });
            }
            self.sources.push((source.id, ways));
        }
        let ends = [self.sources.first(), self.sources.last()]
            .map(|source| source.cloned().unwrap_or((SourceId(0), Vec::new())));
        let [common, rare] = ends;
        let first = |ways: &[Way]| ways.first().copied().context("a source without a connection");
        self.filled.common_source = common.0.to_string();
        self.filled.common_connection = first(&common.1)?.connection.to_string();
        self.filled.rare_source = rare.0.to_string();
        self.filled.rare_connection = first(&rare.1)?.connection.to_string();
        self.filled.rare_destination = first(&rare.1)?.destination.to_string();
        Ok(())
    }

    async fn open_lane(&mut self, destination: DestinationId) {
        let lane = self.store.lane(destination);
        let filler = Arc::clone(&lane);
        let task = tokio::spawn(async move { filler.keep_filled().await });
        lane.looked().await;
        self.lanes.push((lane, task));
    }

    /// Accepts, routes and attempts so many requests.
    async fn batch(&mut self) -> anyhow::Result<()> {
        let mut accepting: Vec<(usize, Accepting)> = Vec::new();
        for nth in 0..BATCH {
            self.clock.advance(self.step);
            let source = self.content.source();
            if nth % 32 == 31 {
                self.reject(source);
                self.filled.rejected += 1;
                continue;
            }
            let accept = self.accept(source);
            accepting.push((source, accept));
        }
        let sources: Vec<usize> = accepting.iter().map(|(source, _)| *source).collect();
        all(accepting.into_iter().map(|(_, accept)| accept).collect()).await?;
        let mut routed = 0;
        let mut queued = 0;
        while routed < sources.len() {
            for arrived in self.arrivals.next().await {
                let source = sources.get(routed).copied().context("more arrived than was accepted")?;
                queued += self.route(source, &arrived);
                routed += 1;
            }
        }
        self.filled.requests += routed as u64;
        self.attempt(queued).await
    }

    fn accept(&mut self, source: usize) -> Accepting {
        let (head, body) = self.content.request(source);
        let arrival = Arrival {
            project: self.project,
            source: self.sources.get(source).map_or(SourceId(0), |(id, _)| *id),
            proof: Some(Proof::Verified),
            received_at: self.clock.now(),
            remote: content::REMOTE,
            head,
            body,
        };
        let store = self.store.clone();
        let mut accept: Accepting = Box::pin(async move { store.accept(arrival).await });
        // The first poll gives it its place in the journal, so that the order is that of the clock.
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match accept.as_mut().poll(&mut context) {
            Poll::Pending => accept,
            Poll::Ready(done) => Box::pin(std::future::ready(done)),
        }
    }

    fn reject(&mut self, source: usize) {
        let (head, body) = self.content.request(source);
        self.store.reject(Rejection {
            project: self.project,
            source: self.sources.get(source).map(|(id, _)| *id),
            received_at: self.clock.now(),
            remote: content::REMOTE,
            head,
            body_bytes: body.len() as u64,
            body,
            cause: RejectCause::VerificationFailed,
            detail: "no signature matches".to_owned(),
        });
    }

    /// Routes a request, and says how many of its events are to be attempted.
    fn route(&mut self, source: usize, arrived: &Arrived) -> usize {
        let ways = self.sources.get(source).map_or(&[][..], |(_, ways)| ways);
        let fields = self.content.fields(source);
        let mut queued = 0;
        let mut events = Vec::with_capacity(ways.len());
        for way in ways {
            let (state, discarded) =
                if way.is_disabled { (EventState::Held, None) } else { self.content.beginning() };
            queued += usize::from(state == EventState::Queued);
            let steps = discarded.map(|_| Step {
                kind: RuleKind::Filter,
                detail: "/body/type (a string) does not meet $eq".to_owned(),
                execution: None,
            });
            let now = self.clock.now();
            events.push(NewEvent {
                connection: way.connection,
                destination: way.destination,
                state,
                due_at: if state == EventState::Scheduled { now.plus(DUE_AFTER) } else { now },
                order: None,
                ruling: Ruling { discarded, steps: steps.into_iter().collect(), ..Ruling::default() },
                transformed: None,
            });
        }
        self.filled.events += events.len() as u64;
        self.store.record_routed(arrived, fields, &events);
        queued
    }

    /// Has so many events taken from their lanes and attempted.
    async fn attempt(&mut self, queued: usize) -> anyhow::Result<()> {
        let mut left = queued;
        let deadline = Instant::now() + Duration::from_secs(60);
        while left > 0 {
            let before = left;
            let lanes: Vec<Arc<Lane>> = self.lanes.iter().map(|(lane, _)| Arc::clone(lane)).collect();
            for lane in lanes {
                while let Some(ready) = lane.take() {
                    self.end(&ready);
                    left = left.saturating_sub(1);
                }
            }
            if left == before {
                if Instant::now() > deadline {
                    bail!("{left} events did not come to their lanes");
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        Ok(())
    }

    fn end(&mut self, ready: &Ready) {
        let (number, end) = self.content.end();
        let (outcome, state) = match end {
            End::Cancelled => return self.store.record_set_aside(ready, EventState::Cancelled),
            End::Answered(status) => {
                let answer = Response {
                    status,
                    headers: "content-type: text/plain\r\nserver: sink\r\n".into(),
                    body: if status < 300 { "ok".into() } else { "try again later".into() },
                    body_truncated: false,
                };
                let state = if status < 300 { EventState::Successful } else { EventState::Failed };
                (Outcome::Response(answer), state)
            }
            End::Unanswered(kind) => {
                let detail = "the destination did not answer".to_owned();
                (Outcome::Error(DeliveryError { kind, detail }), EventState::Failed)
            }
        };
        let now = self.clock.now();
        let attempt = Attempt {
            id: AttemptId { event: ready.event, number },
            project: self.project,
            destination: ready.destination,
            trigger: if number == 1 { Trigger::Initial } else { Trigger::Retry },
            started_at: now,
            duration: Duration::from_millis(3),
            outcome,
            state,
            due_at: now,
        };
        self.store.record_attempt(ready, &attempt);
    }

    async fn close(self) -> anyhow::Result<Filled> {
        self.store.settle().await;
        for (_, task) in &self.lanes {
            task.abort();
        }
        for (_, task) in self.lanes {
            let _ = task.await;
        }
        drop(self.arrivals);
        let store = self.store;
        tokio::task::spawn_blocking(move || store.close()).await?;
        Ok(self.filled)
    }
}

type Accepting = Pin<Box<dyn Future<Output = Result<RequestId, Unavailable>> + Send>>;

/// Waits for all of them.
async fn all(accepting: Vec<Accepting>) -> anyhow::Result<()> {
    // Each in a task of its own: those that became durable together hear of it one through the other.
    let accepting: Vec<_> = accepting.into_iter().map(tokio::spawn).collect();
    for accept in accepting {
        accept.await??;
    }
    Ok(())
}

fn source(name: &str) -> NewSource {
    NewSource {
        name: name.to_owned(),
        token: Some(format!("{name}-token")),
        public_url: None,
        verification: Verification { provider: "none".to_owned(), ..Verification::default() },
        methods: Vec::new(),
        answer: None,
    }
}

fn destination(name: &str) -> NewDestination {
    NewDestination {
        name: name.to_owned(),
        reach: Reach::Http(Http::at(format!("https://{name}.example.com/hooks"))),
        concurrency: 1,
        pacing: Pacing::default(),
        paused: None,
        signing_secrets: Vec::new(),
    }
}
