//! The data directory: one process at a time, an index that can be thrown away, damage that is reported.

use std::path::Path;

use serde_json::Value;

use crate::gateway::{Gateway, LOOPBACK, OPEN_SOURCE, Yard, leg};
use crate::sink::{Act, OK, Sink};

#[tokio::test]
async fn a_second_process_is_refused() {
    let sink = Sink::start(OK).await;
    let yard = Yard::to(&sink);
    let gateway = yard.start().await;
    let second = yard.spawn().ended().await;
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    let told = format!("another Hookyard (process {}) is using data", gateway.process.id());
    assert!(second.stderr.contains(&told), "{second:?}");
    let reindex = yard.run(&["reindex", "--data-dir", "data"]).await;
    assert_eq!(reindex.status.code(), Some(1), "{reindex:?}");
    assert!(reindex.stderr.contains(&told), "{reindex:?}");
    let id = gateway.take(b"the first one goes on").await;
    gateway.event_in(&id, "successful").await;
    gateway.process.kill();
    let gateway = yard.start().await;
    gateway.event_in(&id, "successful").await;
}

/// Everything there is to read about what happened.
#[derive(Debug, PartialEq)]
struct History {
    requests: Vec<Value>,
    events: Vec<Value>,
    attempts: Vec<Vec<Value>>,
}

impl History {
    async fn of(gateway: &Gateway) -> Self {
        gateway.ready().await;
        let (requests, events) = (gateway.all("/api/v1/requests").await, gateway.all("/api/v1/events").await);
        let mut attempts = Vec::new();
        for event in &events {
            attempts.push(gateway.attempts(event).await);
        }
        Self { requests, events, attempts }
    }
}

/// A directory with history of every kind: delivered, failed, scheduled, rejected, not routed to anything.
async fn with_history(good: &Sink, bad: &Sink) -> (Yard, Vec<String>) {
    let gives_up = "retry = { custom = [\"1ms\"] }";
    let yard = Yard::new(format!(
        "{OPEN_SOURCE}{}{}{}[[source]]\nname = \"unused\"\ntoken = \"unused\"\n",
        leg("good", good, "", ""),
        leg("gives-up", bad, "", gives_up),
        leg("waits", bad, "", "retry = { custom = [\"1h\"] }"),
    ));
    let gateway = yard.start().await;
    let mut ids = Vec::new();
    for number in 0..40 {
        ids.push(gateway.take(format!("marker {number:04} of forty").as_bytes()).await);
    }
    assert_eq!(gateway.post("/unused", &[], b"nobody wants it").await.status, 200);
    assert_eq!(gateway.post("/nobody", &[], b"rejected").await.status, 404);
    for state in ["successful", "failed", "scheduled"] {
        let path = format!("/api/v1/events?state={state}");
        gateway.get_until(&path, "40 events", |list| list["data"].as_array().unwrap().len() == 40).await;
    }
    gateway.stop().await;
    (yard, ids)
}

#[tokio::test]
async fn an_index_that_is_gone_comes_back_the_same() {
    let (good, bad) = (Sink::start(OK).await, Sink::start(Act::Answer(404, "")).await);
    let (yard, _) = with_history(&good, &bad).await;
    let gateway = yard.start().await;
    let before = History::of(&gateway).await;
    assert_eq!((before.requests.len(), before.events.len()), (42, 120));
    gateway.stop().await;

    std::fs::remove_dir_all(yard.data_dir().join("index")).unwrap();
    let gateway = yard.start().await;
    assert_eq!(History::of(&gateway).await, before);
    gateway.stop().await;

    let reindexed = yard.run(&["reindex", "--data-dir", "data"]).await;
    assert!(reindexed.status.success(), "{reindexed:?}");
    assert!(reindexed.stdout.contains("40 undelivered events"), "{reindexed:?}");
    let gateway = yard.start().await;
    assert_eq!(History::of(&gateway).await, before);
}

#[tokio::test]
async fn an_index_that_is_damaged_is_made_anew() {
    let (good, bad) = (Sink::start(OK).await, Sink::start(Act::Answer(404, "")).await);
    let (yard, _) = with_history(&good, &bad).await;
    let gateway = yard.start().await;
    let before = History::of(&gateway).await;
    gateway.stop().await;
    for entry in std::fs::read_dir(yard.data_dir().join("index")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sqlite") {
            std::fs::write(path, vec![0x5a; 20_000]).unwrap();
        }
    }
    let gateway = yard.start().await;
    assert_eq!(History::of(&gateway).await, before);
}

/// Flips one bit of the first place in the journal that holds this text.
fn flip(yard: &Yard, text: &str) -> (String, usize) {
    for path in yard.segments() {
        let mut bytes = std::fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(text.len()).position(|window| window == text.as_bytes()) {
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            let number = Path::new(path.file_name().unwrap()).file_stem().unwrap().to_str().unwrap();
            return (number.trim_start_matches('0').to_owned(), at);
        }
    }
    panic!("`{text}` is not in the journal");
}

#[tokio::test]
async fn a_flipped_bit_is_reported_and_costs_one_record() {
    let (good, bad) = (Sink::start(OK).await, Sink::start(Act::Answer(404, "")).await);
    let (mut yard, ids) = with_history(&good, &bad).await;
    yard.settings = format!("{LOOPBACK}[storage]\nretention = \"forever\"\n");
    let (segment, at) = flip(&yard, "marker 0017");
    let reindexed = yard.run(&["reindex", "--data-dir", "data"]).await;
    assert!(reindexed.status.success(), "{reindexed:?}");
    let report = reindexed.stderr.lines().find(|line| line.contains("damage")).unwrap_or_default();
    let numbers: Vec<usize> =
        report.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    assert!(numbers.contains(&segment.parse().unwrap()), "no segment {segment}: {reindexed:?}");
    let offset = numbers.iter().any(|number| *number <= at && at - *number < 4_096 && *number > 64);
    assert!(offset, "no offset shortly before {at}: {report}");

    let gateway = yard.start().await;
    gateway.ready().await;
    for (number, id) in ids.iter().enumerate() {
        let body = gateway.call("GET", &format!("/api/v1/requests/{id}/body"), "").await;
        if number == 17 {
            assert_eq!(body.status, 404, "{}", body.text());
        } else {
            assert_eq!(body.text(), format!("marker {number:04} of forty"));
            gateway.get(&format!("/api/v1/requests/{id}")).await;
        }
    }
    let successful = gateway.get("/api/v1/events?state=successful&limit=250").await;
    let events = successful["data"].as_array().unwrap().len();
    assert!((39..=40).contains(&events), "{events} of 40 deliveries are known");
}
