//! Killed at any moment, again and again: nothing that was acknowledged is lost.
//!
//! Segments are as small as they can be, so that the journal turns to a new one all the time. Some
//! segments are hours old from the start, so that retention and the index's partitions move during the
//! load as soon as what is in them has been delivered, and not before. Round after round the destination
//! is well, answers 500, hangs, or breaks connections; in some rounds the index is gone at the start, so
//! that the kill comes while it is made anew.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hookyard_model::clock::{Clock, Timestamp};
use hookyard_model::request::Proof;
use hookyard_model::secret::Secret;
use hookyard_model::source::Verification;
use hookyard_store::accept::Arrival;
use hookyard_store::catalog::NewSource;
use hookyard_store::store::{Options, Store};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::client::{Client, github_signature, request};
use crate::gateway::{Gateway, LOOPBACK, Yard};
use crate::process::{GUARD, within};
use crate::sink::{Act, Delivery, OK, Sink};

const CONNECTIONS: usize = 32;
const SECRET: &str = "a secret of GitHub's kind";
const BODY_BYTES: usize = 1_024;
/// Requests that are there, hours old, before the first round.
const OLD_REQUESTS: u64 = 10_000;
/// The shortest retention there is; `settings` says it in words.
const RETENTION: Duration = Duration::from_secs(60);
const BAD: Act = Act::Answer(500, "");
const ROUNDS: [Round; 14] = [
    round(true, Act::Hang, Act::Hang),
    round(true, BAD, BAD),
    Round { killed_by: Moment::Retention, ..round(true, Act::Reset, OK) },
    round(true, OK, OK),
    round(true, OK, Act::Hang),
    Round { index_lost: true, ..round(true, Act::Hang, OK) },
    round(true, OK, OK),
    Round { killed_by: Moment::Start, ..round(false, OK, OK) },
    round(false, Act::Hang, OK),
    round(false, OK, BAD),
    round(false, BAD, OK),
    Round { index_lost: true, killed_by: Moment::Start, ..round(false, OK, OK) },
    round(false, OK, Act::Reset),
    round(false, OK, OK),
];
/// In so many rounds at the beginning nothing is delivered, so that nothing may be deleted.
const UNDELIVERED_ROUNDS: usize = 2;

/// One life of the gateway.
#[derive(Clone, Copy)]
struct Round {
    /// Whether the old requests are past retention.
    retention: bool,
    first: Act,
    /// What the destination does from the middle of the round on.
    second: Act,
    /// Whether somebody has deleted the index before.
    index_lost: bool,
    killed_by: Moment,
}

/// When the gateway is killed.
#[derive(Clone, Copy)]
enum Moment {
    /// As soon as it says that it takes webhooks.
    Start,
    /// After a random number of acknowledgements.
    Count,
    /// While retention deletes the first old segments.
    Retention,
}

const fn round(retention: bool, first: Act, second: Act) -> Round {
    Round { retention, first, second, index_lost: false, killed_by: Moment::Count }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kills() {
    let mut random = Random::from_environment();
    println!("crash: HOOKYARD_TEST_SEED={}", random.0);
    let mut sink = Sink::start(OK).await;
    let mut yard = Yard::new(declared(&sink));
    age(&yard).await;
    let old_segments = yard.segments();
    let tally = Tally::start(sink.take_deliveries());
    let load = Load::new();
    let mut retained_until = Instant::now();
    for (number, round) in ROUNDS.into_iter().enumerate() {
        yard.settings = settings(round.retention);
        sink.act(round.first);
        if round.index_lost {
            std::fs::remove_dir_all(yard.data_dir().join("index")).unwrap();
        }
        let gateway = yard.start().await;
        let (count, by) = load.until_killed(gateway, &sink, round, random.below(4_000)).await;
        println!("crash: round {number}: killed by {by} after {count} acknowledgements");
        if round.retention {
            retained_until = Instant::now();
        }
        if number < UNDELIVERED_ROUNDS {
            assert!(old_segments.iter().all(|old| old.exists()), "undelivered requests were deleted");
        }
    }
    sink.act(OK);
    yard.settings = settings(false);
    let gateway = yard.start().await;
    let acknowledged = load.acknowledged();
    let wanted: HashSet<u64> = (0..OLD_REQUESTS).chain(acknowledged.keys().copied()).collect();
    tally.covers(&wanted).await;
    check_history(&gateway, &acknowledged, retained_until).await;
    gateway.stop().await;
    let deleted = old_segments.iter().filter(|path| !path.exists()).count();
    assert!(deleted > 0, "retention never deleted a segment");
    println!(
        "crash: {} rounds, {} acknowledged, {OLD_REQUESTS} older, {}, {} refused with 503, \
         {deleted} of {} old segments deleted, 0 lost",
        ROUNDS.len(),
        acknowledged.len(),
        tally.summary(&wanted),
        load.refused.load(Ordering::Relaxed),
        old_segments.len(),
    );
}

fn declared(sink: &Sink) -> String {
    format!(
        "[[source]]\nname = \"github\"\ntoken = \"github\"\nprovider = \"github\"\nsecrets = [\"{SECRET}\"]\n\
         [[destination]]\nname = \"out\"\nurl = \"{}\"\ntimeout = \"5m\"\n\
         [[connection]]\nsource = \"github\"\ndestination = \"out\"\n\
         retry = {{ exponential = {{ first = \"200ms\", factor = 1.0, max = \"200ms\", retries = 100 }} }}\n",
        sink.url()
    )
}

fn settings(retention: bool) -> String {
    let retention = if retention { "1m" } else { "forever" };
    format!("{LOOPBACK}[storage]\nsegment_bytes = \"1MiB\"\nretention = \"{retention}\"\n")
}

/// The body that belongs to a number; every byte depends on it.
fn body_of(number: u64) -> Vec<u8> {
    let mut body = format!("{{\"number\":{number:020},\"filling\":\"").into_bytes();
    let mut random = Random(number);
    while body.len() < BODY_BYTES - 2 {
        body.push(b'a' + (random.next() % 26) as u8);
    }
    body.extend_from_slice(b"\"}");
    body
}

fn number_of(body: &[u8]) -> u64 {
    std::str::from_utf8(&body[10..30]).unwrap().parse().unwrap()
}

/// Fills the data directory with requests that were accepted three hours ago and not yet routed.
async fn age(yard: &Yard) {
    let start = Clock::System.now();
    let clock = Clock::manual(Timestamp::from_ms(start.ms() - 3 * 3_600_000));
    let options = Options { clock: clock.clone(), segment_bytes: 1 << 20, ..Options::new(yard.data_dir()) };
    let store = Store::open(options).unwrap();
    let project = store.catalog().snapshot().default_project;
    let verification = Verification { provider: "github".to_owned(), ..Verification::default() };
    let verification = Verification { secrets: vec![Secret::new(SECRET)], ..verification };
    let name = "github".to_owned();
    let new = NewSource {
        token: Some(name.clone()),
        public_url: None,
        name,
        verification,
        methods: Vec::new(),
        answer: None,
    };
    let source = store.catalog().create_source(project, new).await.unwrap().id;
    let mut accepting = JoinSet::new();
    for number in 0..OLD_REQUESTS {
        clock.advance(Duration::from_millis(100));
        let store = store.clone();
        accepting.spawn(async move {
            let arrival = Arrival {
                proof: Some(Proof::NotAsked),
                project,
                source,
                received_at: store.clock().now(),
                remote: IpAddr::V4(Ipv4Addr::LOCALHOST),
                head: "POST /github HTTP/1.1\r\nHost: here\r\n\r\n".into(),
                body: body_of(number).into(),
            };
            store.accept(arrival).await.unwrap();
        });
        if accepting.len() == 64 {
            accepting.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(accepted) = accepting.join_next().await {
        accepted.unwrap();
    }
    store.settle().await;
    store.close();
}

/// What is sent, and what became of it as far as the senders know.
#[derive(Clone)]
struct Load {
    next: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
    acknowledged: Arc<Mutex<HashMap<u64, Acknowledged>>>,
    count: watch::Sender<u64>,
}

#[derive(Clone, Debug)]
struct Acknowledged {
    request_id: String,
    at: Instant,
}

impl Load {
    fn new() -> Self {
        Self {
            next: Arc::new(AtomicU64::new(OLD_REQUESTS)),
            refused: Arc::default(),
            acknowledged: Arc::default(),
            count: watch::Sender::new(0),
        }
    }

    fn acknowledged(&self) -> HashMap<u64, Acknowledged> {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Sends on many connections until the moment has come, and kills the gateway then. Answers how many
    /// requests it acknowledged, and what the moment was.
    async fn until_killed(
        &self,
        gateway: Gateway,
        sink: &Sink,
        round: Round,
        wanted: u64,
    ) -> (u64, &'static str) {
        let before = *self.count.borrow();
        let mut senders = JoinSet::new();
        for _ in 0..CONNECTIONS {
            senders.spawn(self.clone().send(gateway.public));
        }
        let by = match round.killed_by {
            Moment::Start => "its start",
            Moment::Count => {
                self.reaches(before + wanted / 2).await;
                sink.act(round.second);
                self.reaches(before + wanted).await;
                "the count"
            }
            Moment::Retention => {
                sink.act(round.second);
                gateway.process.stderr.containing("past retention is deleted").await;
                "retention"
            }
        };
        gateway.process.kill();
        while let Some(sender) = senders.join_next().await {
            sender.unwrap();
        }
        (*self.count.borrow() - before, by)
    }

    /// Waits until so many have been acknowledged.
    async fn reaches(&self, wanted: u64) {
        let mut count = self.count.subscribe();
        within("the load is acknowledged", count.wait_for(|count| *count >= wanted)).await.unwrap();
    }

    /// Sends one request after the other until the connection breaks.
    async fn send(self, address: SocketAddr) {
        let Ok(mut client) = Client::connect(address).await else { return };
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let body = body_of(number);
            let signature = github_signature(SECRET, &body);
            let headers = [("X-Hub-Signature-256", signature.as_str())];
            let Ok(answer) = client.ask(&request("POST", "/github", address, &headers, &body)).await else {
                return;
            };
            if answer.status == 503 {
                self.refused.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let noted = Acknowledged { request_id: answer.request_id(), at: Instant::now() };
            self.acknowledged.lock().unwrap().insert(number, noted);
            self.count.send_modify(|count| *count += 1);
        }
    }
}

/// How often each number was delivered, with a 200 for an answer.
#[derive(Clone)]
struct Tally(watch::Receiver<HashMap<u64, u32>>);

impl Tally {
    fn start(mut deliveries: mpsc::UnboundedReceiver<Delivery>) -> Self {
        let (sender, receiver) = watch::channel(HashMap::new());
        tokio::spawn(async move {
            while let Some(delivery) = deliveries.recv().await {
                let number = number_of(&delivery.body);
                assert!(delivery.body == body_of(number), "the body of {number} changed on its way");
                if delivery.act == OK {
                    sender.send_modify(|tally| *tally.entry(number).or_default() += 1);
                }
            }
        });
        Self(receiver)
    }

    /// Waits until all these numbers have been delivered.
    async fn covers(&self, wanted: &HashSet<u64>) {
        let mut tally = self.0.clone();
        let mut missing = wanted.len();
        let all = async {
            loop {
                {
                    let tally = tally.borrow_and_update();
                    // Looked at in full only where it could be the end.
                    if tally.len() >= wanted.len() || missing < 100 {
                        missing = wanted.iter().filter(|number| !tally.contains_key(number)).count();
                    }
                    if missing == 0 {
                        return;
                    }
                }
                tally.changed().await.expect("the sink goes on");
            }
        };
        let done = tokio::time::timeout(GUARD, all).await.is_ok();
        let tally = self.0.borrow();
        let missing: Vec<&u64> = wanted.iter().filter(|number| !tally.contains_key(number)).collect();
        assert!(done, "{} acknowledged requests were not delivered: {missing:?}", missing.len());
    }

    fn summary(&self, wanted: &HashSet<u64>) -> String {
        let tally = self.0.borrow();
        let deliveries: u32 = tally.values().sum();
        let unacknowledged = tally.keys().filter(|number| !wanted.contains(number)).count();
        format!(
            "{} delivered ({unacknowledged} of them not acknowledged), {} duplicates",
            tally.len(),
            deliveries as usize - tally.len()
        )
    }
}

/// All that was acknowledged can be read, except what retention may have deleted meanwhile.
async fn check_history(
    gateway: &Gateway,
    acknowledged: &HashMap<u64, Acknowledged>,
    retained_until: Instant,
) {
    gateway.ready().await;
    let rows = gateway.all("/api/v1/requests").await;
    let known: HashSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(known.len(), rows.len(), "a request is listed twice");
    for (number, Acknowledged { request_id, at }) in acknowledged {
        let past_retention = retained_until.saturating_duration_since(*at) >= RETENTION;
        assert!(past_retention || known.contains(request_id.as_str()), "{number}: {request_id} is gone");
        if number % 50 == 0 && !past_retention {
            let body = gateway.call("GET", &format!("/api/v1/requests/{request_id}/body"), "").await;
            assert_eq!((body.status, number_of(&body.body)), (200, *number));
        }
    }
    let unrouted = rows.iter().filter(|row| row["events"] == Value::Null).count();
    assert_eq!(unrouted, 0, "some were never routed");
}

/// Numbers that look random; the same for the same beginning (SplitMix64).
struct Random(u64);

impl Random {
    /// Begins with `HOOKYARD_TEST_SEED`, or anew each time.
    fn from_environment() -> Self {
        match std::env::var("HOOKYARD_TEST_SEED") {
            Ok(seed) => Self(seed.parse().expect("HOOKYARD_TEST_SEED is a number")),
            Err(_unset) => Self(getrandom::u64().unwrap()),
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
