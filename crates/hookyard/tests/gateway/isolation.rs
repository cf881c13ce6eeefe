//! One source, four destinations, three of them in trouble: the fourth does not feel it.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::{Client, request};
use crate::gateway::{OPEN_SOURCE, Yard, leg};
use crate::process::within;
use crate::sink::{Act, Delivery, OK, Sink};

const REQUESTS: usize = 2_000;
const SENDERS: usize = 8;
const HUNDRED_MB: usize = 100 << 20;

#[tokio::test]
async fn a_healthy_destination_does_not_feel_its_neighbours() {
    let mut healthy = Sink::start(OK).await;
    let mut hanging = Sink::start(Act::Hang).await;
    let failing = Sink::start(Act::Answer(500, "")).await;
    let slow = Sink::start(Act::Drip(HUNDRED_MB)).await;
    let yard = Yard::new(format!(
        "{OPEN_SOURCE}{}{}{}{}",
        leg("healthy", &healthy, "", ""),
        leg("hanging", &hanging, "timeout = \"10m\"", ""),
        leg("failing", &failing, "", ""),
        leg("slow", &slow, "timeout = \"10m\"", ""),
    ));
    let gateway = yard.start().await;
    let arrivals = tokio::spawn(arrivals(healthy.take_deliveries()));
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        senders.spawn(send(gateway.public, sender));
    }
    let mut sent = HashMap::new();
    while let Some(sender) = senders.join_next().await {
        sent.extend(sender.unwrap());
    }
    let arrived = within("the healthy destination has it all", arrivals).await.unwrap();

    // Nobody was answered who should not have been: the three are still in trouble.
    let mut hung = HashSet::new();
    while let Some(delivery) = hanging.already() {
        assert_eq!(delivery.act, Act::Hang);
        hung.insert(delivery.body);
    }
    assert!(!hung.is_empty() && hung.len() < REQUESTS, "{}", hung.len());
    assert!(failing.connections() > 0 && slow.connections() > 0);
    print_figures(&sent, &arrived);

    // What hung was not forgotten.
    hanging.act(OK);
    let mut delivered = HashSet::new();
    while delivered.len() < REQUESTS {
        let delivery = hanging.next().await;
        if delivery.act == OK {
            delivered.insert(delivery.body);
        }
    }
}

async fn send(address: std::net::SocketAddr, sender: usize) -> Vec<(Vec<u8>, Instant)> {
    let mut client = Client::connect(address).await.unwrap();
    let mut sent = Vec::new();
    for number in 0..REQUESTS / SENDERS {
        let body = format!("{sender}/{number}").into_bytes();
        let bytes = request("POST", "/in", address, &[], &body);
        sent.push((body, Instant::now()));
        let answer = within("the webhook is answered", client.ask(&bytes)).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    sent
}

/// When each body first arrived, once all have.
async fn arrivals(mut deliveries: mpsc::UnboundedReceiver<Delivery>) -> HashMap<Vec<u8>, Instant> {
    let mut arrived = HashMap::new();
    while arrived.len() < REQUESTS {
        let delivery = deliveries.recv().await.unwrap();
        arrived.entry(delivery.body).or_insert_with(Instant::now);
    }
    arrived
}

fn print_figures(sent: &HashMap<Vec<u8>, Instant>, arrived: &HashMap<Vec<u8>, Instant>) {
    let mut taken: Vec<Duration> = sent.iter().map(|(body, at)| arrived[body].duration_since(*at)).collect();
    taken.sort_unstable();
    let at = |percent: usize| taken[(taken.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    println!(
        "isolation: {REQUESTS} webhooks, sent to arrived at the healthy destination: p50 {:.1} ms, p99 {:.1} ms, \
         while others hang, answer 500, and drip 100 MB",
        at(50),
        at(99)
    );
}

#[tokio::test]
async fn a_backlog_beyond_memory_is_delivered_once_each() {
    let mut sink = Sink::start(Act::Hang).await;
    let mut yard = Yard::new(format!("{OPEN_SOURCE}{}", leg("out", &sink, "timeout = \"10m\"", "")));
    yard.settings.push_str("lane_events_max = 100\nlanes_bytes_max = \"1MiB\"\n");
    let gateway = yard.start().await;
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        senders.spawn(send(gateway.public, sender));
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    sink.act(OK);
    let mut delivered = HashMap::<Vec<u8>, u32>::new();
    while delivered.len() < REQUESTS {
        let delivery = sink.next().await;
        if delivery.act == OK {
            *delivered.entry(delivery.body).or_default() += 1;
        }
    }
    gateway.get_until("/api/v1/events?state=queued", "nothing left", |it| it["data"] == json!([])).await;
    // A second one would be on its way by now; the next delivery is that of the next request.
    let id = gateway.take(b"last").await;
    gateway.event_in(&id, "successful").await;
    let mut rest = Vec::new();
    while let Some(delivery) = sink.already() {
        rest.push(delivery.body);
    }
    assert_eq!(rest, [b"last"]);
    assert!(delivered.values().all(|times| *times == 1), "{delivered:?}");
}

#[tokio::test]
async fn an_endless_answer_is_cut_and_its_status_counts() {
    let sink = Sink::start(Act::Flood(HUNDRED_MB)).await;
    let yard = Yard::to(&sink);
    let gateway = yard.start().await;
    let id = gateway.take(b"what is the answer?").await;
    let event = gateway.event_in(&id, "successful").await;
    let attempt = &gateway.attempts(&event).await[0];
    let attempt = gateway.get(&format!("/api/v1/attempts/{}", attempt["id"].as_str().unwrap())).await;
    let body = &attempt["response"]["body"];
    assert_eq!((body["truncated"].as_bool(), body["size"].as_u64()), (Some(true), None), "{attempt}");
    assert_eq!(body["text"].as_str().unwrap().len(), 16 << 10);
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_a_timeout() {
    let sink = Sink::start(Act::Drip(HUNDRED_MB)).await;
    let timeout = leg("out", &sink, "timeout = \"200ms\"", "retry = { custom = [] }");
    let yard = Yard::new(format!("{OPEN_SOURCE}{timeout}"));
    let gateway = yard.start().await;
    let id = gateway.take(b"what is the answer?").await;
    let event = gateway.event_in(&id, "failed").await;
    let attempt = &gateway.attempts(&event).await[0];
    assert_eq!(attempt["error"], "timeout", "{attempt}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_reset() {
    for act in [Act::BreakOff, Act::Reset] {
        let sink = Sink::start(act).await;
        let leg = leg("out", &sink, "", "retry = { custom = [] }");
        let yard = Yard::new(format!("{OPEN_SOURCE}{leg}"));
        let gateway = yard.start().await;
        let id = gateway.take(b"what is the answer?").await;
        let event = gateway.event_in(&id, "failed").await;
        let attempt = &gateway.attempts(&event).await[0];
        assert_eq!(attempt["error"], "reset", "{act:?} {attempt}");
    }
}
