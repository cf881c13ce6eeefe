//! What follows from a destination's answer: retries, giving up, disabling, a person's retry, the guard.

use std::time::Duration;

use serde_json::{Value, json};

use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::sink::{Act, OK, Sink};

/// A gateway with one destination; further lines for the destination and the connection.
async fn with(sink: &Sink, destination: &str, connection: &str) -> (Yard, Gateway) {
    let yard = Yard::new(format!("{OPEN_SOURCE}{}", leg("out", sink, destination, connection)));
    let gateway = yard.start().await;
    (yard, gateway)
}

async fn connection_of(gateway: &Gateway) -> Value {
    gateway.get("/api/v1/connections").await["data"][0].clone()
}

fn path_of(noun: &str, thing: &Value) -> String {
    format!("/api/v1/{noun}/{}", thing["id"].as_str().unwrap())
}

#[tokio::test]
async fn gone_disables_the_connection_and_holds_what_waits() {
    let mut sink = Sink::start(Act::Hang).await;
    let (yard, gateway) = with(&sink, "concurrency = 1", "").await;
    let first = gateway.take(b"1").await;
    // Nothing says which of several goes first.
    assert_eq!(sink.next().await.body, b"1");
    let ids = [first, gateway.take(b"2").await, gateway.take(b"3").await];
    for id in &ids {
        gateway.event_in(id, "queued").await;
    }
    sink.act(Act::Answer(410, ""));
    gateway.event_in(&ids[0], "failed").await;
    gateway.event_in(&ids[1], "held").await;
    gateway.event_in(&ids[2], "held").await;
    let connection = connection_of(&gateway).await;
    assert_eq!(
        (&connection["enabled"], &connection["disabled"]["cause"]),
        (&json!(false), &json!("destination_gone"))
    );

    // A disabled connection takes nothing new.
    let later = gateway.take(b"4").await;
    let request = path_of("requests", &json!({ "id": later }));
    gateway.get_until("/api/v1/requests", "4 is routed", |list| list["data"][0]["events"] == 0).await;
    assert_eq!(gateway.get(&request).await["events"]["data"], json!([]));

    // It stays so over a restart, and whoever wants to retry is told why that cannot be.
    gateway.stop().await;
    let gateway = yard.start().await;
    gateway.ready().await;
    let held = gateway.event_in(&ids[1], "held").await;
    let refused = gateway.call("POST", &format!("{}/retry", path_of("events", &held)), "").await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("not_deliverable")));

    sink.act(OK);
    let enabled = gateway.call("PATCH", &path_of("connections", &connection), "{\"enabled\":true}").await;
    assert_eq!(enabled.status, 200, "{}", enabled.text());
    gateway.event_in(&ids[1], "successful").await;
    gateway.event_in(&ids[2], "successful").await;
    gateway.event_in(&ids[0], "failed").await;
    let mut delivered = Vec::new();
    while let Some(delivery) = sink.already() {
        delivered.extend((delivery.act == OK).then_some(delivery.body));
    }
    delivered.sort();
    assert_eq!(delivered, [b"2", b"3"]);
}

#[tokio::test]
async fn retry_after_is_honoured() {
    for (status, asked) in [(503, "retry-after: 3600\r\n"), (429, "Retry-After: 3600\r\n")] {
        let mut sink = Sink::start(Act::Answer(status, asked)).await;
        let (_yard, gateway) = with(&sink, "", "retry = { custom = [\"1ms\", \"1ms\"] }").await;
        let id = gateway.take(b"later").await;
        let event = gateway.event_in(&id, "scheduled").await;
        let attempt = &gateway.attempts(&event).await[0];
        let wait = time(&event["due_at"]).duration_since(time(&attempt["started_at"])).unwrap();
        assert!(wait >= Duration::from_secs(3_600), "{wait:?} {event}");
        assert_eq!((&attempt["status"], &attempt["next_attempt_at"]), (&json!(status), &event["due_at"]));
        assert_eq!(sink.next().await.body, b"later");
        assert!(sink.already().is_none());
    }
}

fn time(text: &Value) -> std::time::SystemTime {
    humantime::parse_rfc3339(text.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_schedule_runs_to_its_end_and_a_person_tries_again() {
    let mut sink = Sink::start(Act::Answer(500, "")).await;
    let (_yard, gateway) = with(&sink, "", "retry = { custom = [\"20ms\", \"1ms\"] }").await;
    let id = gateway.take(b"try").await;
    let event = gateway.event_in(&id, "failed").await;
    assert_eq!((&event["attempts"], &event["last_status"]), (&json!(3), &json!(500)));
    sink.act(OK);
    let retried = gateway.call("POST", &format!("{}/retry", path_of("events", &event)), "").await;
    assert_eq!((retried.status, &retried.json()["state"]), (202, &json!("queued")));
    let event = gateway.event_in(&id, "successful").await;

    let mut attempts = Vec::new();
    for _ in 0..4 {
        let delivery = sink.next().await;
        let header = |name: &str| delivery.header(name).unwrap().to_owned();
        assert_eq!(header("webhook-id"), event["id"].as_str().unwrap());
        assert_eq!(header("idempotency-key"), header("webhook-id"));
        attempts.push((header("hookyard-attempt"), header("hookyard-trigger"), delivery.act));
    }
    let expected = [("1", "initial", 500), ("2", "retry", 500), ("3", "retry", 500), ("4", "manual", 200)];
    let expected = expected
        .map(|(number, trigger, status)| (number.to_owned(), trigger.to_owned(), Act::Answer(status, "")));
    assert_eq!(attempts, expected);
    let recorded = gateway.attempts(&event).await;
    let recorded: Vec<&Value> = recorded.iter().map(|attempt| &attempt["trigger"]).collect();
    assert_eq!(recorded, ["initial", "retry", "retry", "manual"]);
    assert!(sink.already().is_none());
}

#[tokio::test]
async fn a_scheduled_retry_is_made_after_a_restart() {
    let mut sink = Sink::start(Act::Answer(500, "")).await;
    let (yard, gateway) = with(&sink, "", "retry = { custom = [\"300ms\", \"1h\"] }").await;
    let id = gateway.take(b"again").await;
    assert_eq!(sink.next().await.header("hookyard-attempt"), Some("1"));
    gateway.event_in(&id, "scheduled").await;
    sink.act(OK);
    gateway.process.kill();
    let gateway = yard.start().await;
    assert_eq!(sink.next().await.header("hookyard-attempt"), Some("2"));
    gateway.event_in(&id, "successful").await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Sink::start(OK).await;
    let location: &'static str = format!("location: {}\r\n", elsewhere.url()).leak();
    for status in [301, 302, 303, 307, 308] {
        let sink = Sink::start(Act::Answer(status, location)).await;
        let (_yard, gateway) = with(&sink, "", "retry = { custom = [] }").await;
        let id = gateway.take(b"go elsewhere").await;
        let event = gateway.event_in(&id, "failed").await;
        assert_eq!(event["last_status"], status);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused() {
    let sink = Sink::start(OK).await;
    let by_name = sink.url().replace("127.0.0.1", "localhost");
    let mapped = sink.url().replace("127.0.0.1", "[::ffff:127.0.0.1]");
    for url in [sink.url(), by_name, mapped] {
        let out = leg("out", &sink, "", "retry = { custom = [] }").replace(&sink.url(), &url);
        let mut yard = Yard::new(format!("{OPEN_SOURCE}{out}"));
        yard.settings.clear();
        let gateway = yard.start().await;
        let id = gateway.take(b"to this machine").await;
        let event = gateway.event_in(&id, "failed").await;
        let attempt = &gateway.attempts(&event).await[0];
        assert_eq!(attempt["error"], "address_refused", "{url}: {attempt}");
    }
    assert_eq!(sink.connections(), 0);
}
