//! Lanes on a destination: pause, rate, breaker, slow start, and whose turn it is.

use serde_json::{Value, json};

use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::sink::{Act, OK, Sink};

async fn with(sink: &Sink, destination: &str, connection: &str) -> (Yard, Gateway) {
    let yard = Yard::new(format!("{OPEN_SOURCE}{}", leg("out", sink, destination, connection)));
    let gateway = yard.start().await;
    gateway.ready().await;
    (yard, gateway)
}

/// The path of the destination of this name.
async fn destination(gateway: &Gateway, name: &str) -> String {
    let list = gateway.get("/api/v1/destinations").await;
    let found = list["data"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    format!("/api/v1/destinations/{}", found["id"].as_str().unwrap())
}

async fn take_all(gateway: &Gateway, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(gateway.take(number.to_string().as_bytes()).await);
    }
    ids
}

/// How many events are shown in a state, once they are so many.
async fn until_count(gateway: &Gateway, state: &str, count: usize) -> Vec<Value> {
    let path = format!("/api/v1/events?limit=250&state={state}");
    let has_all = |list: &Value| list["data"].as_array().is_some_and(|rows| rows.len() == count);
    let list = gateway.get_until(&path, &format!("{count} events {state}"), has_all).await;
    list["data"].as_array().unwrap().clone()
}

pub(crate) async fn metric(gateway: &Gateway, name: &str) -> f64 {
    let text = gateway.call("GET", "/metrics", "").await.text().to_owned();
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("{name} in {text}")).split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_paused_destination_gets_nothing_until_it_is_resumed() {
    let mut sink = Sink::start(OK).await;
    let (yard, gateway) = with(&sink, "", "").await;
    let path = destination(&gateway, "out").await;
    let paused = gateway.call("POST", &format!("{path}/pause"), "").await;
    assert_eq!(paused.status, 200, "{}", paused.text());
    assert!(paused.json()["paused_at"].is_string());
    let ids = take_all(&gateway, 20).await;
    let held = until_count(&gateway, "held", 20).await;
    assert!(held.iter().all(|event| event["held_by"] == "destination_paused" && event["attempts"] == 0));
    until_count(&gateway, "queued", 0).await;

    // Nobody resumed it: a restart does not either, although the configuration file is applied again.
    gateway.stop().await;
    let gateway = yard.start().await;
    gateway.ready().await;
    let again = gateway.call("POST", &format!("{path}/pause"), "").await.json();
    assert_eq!(again["paused_at"], paused.json()["paused_at"]);
    assert!(sink.already().is_none());

    // What hangs shows how many attempts there are: the first proves that the destination works.
    sink.act(Act::Hang);
    let resumed = gateway.call("POST", &format!("{path}/resume"), "").await;
    assert_eq!((resumed.status, &resumed.json()["paused_at"]), (200, &Value::Null));
    sink.next().await;
    assert_eq!(gateway.get(&path).await["lane"]["slowed_to"], 1);
    assert!(sink.already().is_none());
    sink.act(OK);
    for id in &ids {
        gateway.event_in(id, "successful").await;
    }
    until_count(&gateway, "held", 0).await;
}

#[tokio::test]
async fn the_configuration_file_pauses_and_resumes() {
    let mut sink = Sink::start(OK).await;
    let (mut yard, gateway) = with(&sink, "paused = true", "").await;
    let id = gateway.take(b"wait").await;
    gateway.event_in(&id, "held").await;
    gateway.stop().await;
    assert!(sink.already().is_none());
    yard.declared = yard.declared.replace("paused = true", "paused = false");
    let gateway = yard.start().await;
    gateway.event_in(&id, "successful").await;
    assert_eq!(sink.next().await.body, b"wait");
}

#[tokio::test]
async fn a_rate_is_a_burst_and_then_one_by_one() {
    let mut sink = Sink::start(OK).await;
    let (_yard, gateway) = with(&sink, "", "").await;
    let body = json!({"name": "slow", "url": sink.url(), "rate": {"limit": 1, "per": "hour", "burst": 2}});
    let made = gateway.call("POST", "/api/v1/destinations", &body.to_string()).await;
    assert_eq!(made.json()["rate"], json!({"limit": 1, "per": "hour", "burst": 2}), "{}", made.text());
    let source = gateway.get("/api/v1/sources").await["data"][0]["id"].clone();
    let other = gateway.get("/api/v1/connections").await["data"][0]["destination_id"].clone();
    let connection = json!({"name": "slow", "source_id": source, "destination_id": made.json()["id"]});
    assert_eq!(gateway.call("POST", "/api/v1/connections", &connection.to_string()).await.status, 201);

    take_all(&gateway, 5).await;
    // The other destination has them all, this one its burst.
    for _ in 0..5 + 2 {
        sink.next().await;
    }
    until_count(&gateway, "successful", 7).await;
    until_count(&gateway, "queued", 3).await;
    assert!(sink.already().is_none());
    let path = format!("/api/v1/destinations/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(gateway.call("PATCH", &path, "{\"rate\":null}").await.status, 200);
    until_count(&gateway, "successful", 10).await;
    assert_ne!(other, made.json()["id"]);
}

#[tokio::test]
async fn a_rate_holds_across_a_restart() {
    let mut sink = Sink::start(OK).await;
    let (mut yard, gateway) = with(&sink, "rate = { limit = 1, per = \"hour\" }", "").await;
    let ids = take_all(&gateway, 3).await;
    until_count(&gateway, "queued", 3).await;
    gateway.stop().await;
    let gateway = yard.start().await;
    gateway.ready().await;
    until_count(&gateway, "queued", 3).await;
    gateway.stop().await;
    assert!(sink.already().is_none(), "an hour has not passed since the process began");
    yard.declared = yard.declared.replace("rate = { limit = 1, per = \"hour\" }", "");
    let gateway = yard.start().await;
    for id in &ids {
        gateway.event_in(id, "successful").await;
    }
}

#[tokio::test]
async fn an_open_breaker_holds_events_without_using_up_their_tries() {
    let sink = Sink::start(Act::Answer(503, "")).await;
    let settings = "concurrency = 1\n\
        breaker = { consecutive_failures = 3, probe_first = \"10ms\", probe_max = \"1h\" }";
    let (_yard, gateway) = with(&sink, settings, "retry = { custom = [\"1h\"] }").await;
    let path = destination(&gateway, "out").await;
    const EVENTS: usize = 40;
    take_all(&gateway, EVENTS).await;
    let is_open = |it: &Value| it["lane"]["breaker"] == "open";
    let shown = gateway.get_until(&path, "the breaker opens", is_open).await;
    assert!(shown["lane"]["breaker_open_since"].is_string() && shown["lane"]["next_probe_at"].is_string());
    let held = gateway
        .get_until("/api/v1/events?limit=250&state=held", "events are held", |list| {
            list["data"].as_array().is_some_and(|rows| rows.len() > EVENTS / 2)
        })
        .await;
    for event in held["data"].as_array().unwrap() {
        assert_eq!((&event["held_by"], &event["attempts"]), (&json!("breaker_open"), &json!(0)));
    }
    assert!(metric(&gateway, "hookyard_delivery_breakers_open").await == 1.0);

    sink.act(OK);
    let is_closed = |it: &Value| it["lane"]["breaker"] == "closed";
    gateway.get_until(&path, "a probe finds it well", is_closed).await;
    until_count(&gateway, "held", 0).await;
    until_count(&gateway, "queued", 0).await;
    let (scheduled, delivered) = (
        gateway.get("/api/v1/events?limit=250&state=scheduled").await["data"].as_array().unwrap().len(),
        gateway.get("/api/v1/events?limit=250&state=successful").await["data"].as_array().unwrap().len(),
    );
    assert_eq!(scheduled + delivered, EVENTS);
    assert!((3..EVENTS / 2).contains(&scheduled), "three failures, and the probes: {scheduled}");
    assert_eq!(metric(&gateway, "hookyard_delivery_breakers_open").await, 0.0);
    assert_eq!(metric(&gateway, "hookyard_delivery_breaker_openings_total").await, 1.0);
}

#[tokio::test]
async fn a_connection_with_a_backlog_lets_another_go_first() {
    let mut sink = Sink::start(Act::Hang).await;
    let other = "[[source]]\nname = \"other\"\ntoken = \"other\"\n\
        [[connection]]\nsource = \"other\"\ndestination = \"out\"\n";
    let out = leg("out", &sink, "concurrency = 1\ntimeout = \"10m\"", "");
    let mut yard = Yard::new(format!("{OPEN_SOURCE}{out}{other}"));
    yard.settings.push_str("lane_events_max = 20\n");
    let gateway = yard.start().await;
    gateway.ready().await;
    take_all(&gateway, 200).await;
    assert_eq!(sink.next().await.body, b"0");
    assert_eq!(gateway.post("/other", &[], b"other").await.status, 200);
    until_count(&gateway, "queued", 201).await;
    sink.act(OK);
    let mut before = 0;
    while sink.next().await.body != b"other" {
        before += 1;
    }
    // The one that hung, told of again as it ends, and at most one more turn.
    assert!(before <= 2, "{before} deliveries came first");
    until_count(&gateway, "successful", 201).await;
}

#[tokio::test]
async fn retry_conditions_and_minus_one_end_it() {
    for (answer, headers, retry, state) in [
        (404, "", "retry_on = [\"500-599\", \"timeout\"]", "failed"),
        (503, "", "retry_on = [\"500-599\", \"timeout\"]", "scheduled"),
        (503, "", "give_up_on = [\"503\"]", "failed"),
        (503, "retry-after: -1\r\n", "", "failed"),
        (500, "", "max_age = \"1s\"", "failed"),
        (500, "", "linear = { first = \"1h\", step = \"0s\", retries = 1 }", "scheduled"),
    ] {
        let sink = Sink::start(Act::Answer(answer, headers)).await;
        let schedule = if retry.contains("linear") { "" } else { "custom = [\"1h\"]" };
        let both: Vec<&str> = [schedule, retry].into_iter().filter(|it| !it.is_empty()).collect();
        let (_yard, gateway) = with(&sink, "", &format!("retry = {{ {} }}", both.join(", "))).await;
        let id = gateway.take(b"once").await;
        let event = gateway.event_in(&id, state).await;
        assert_eq!(event["attempts"], 1, "{retry}");
    }
}
