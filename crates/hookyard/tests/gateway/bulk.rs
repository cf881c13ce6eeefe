//! Bulk operations over real HTTP: a destination fails, recovers, and a person sends all that failed again.

use serde_json::{Value, json};

use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::sink::{Act, OK, Sink};

/// Fewer than the failures in a row that open a breaker.
const EVENTS: usize = 16;
const PATH: &str = "/api/v1/bulk_operations";

/// A gateway with one event that was delivered and many that failed.
async fn failed(sink: &mut Sink) -> (Yard, Gateway) {
    let yard = Yard::new(format!("{OPEN_SOURCE}{}", leg("out", sink, "", "retry = { custom = [] }")));
    let gateway = yard.start().await;
    let good = gateway.take(b"good").await;
    gateway.event_in(&good, "successful").await;
    sink.next().await;
    sink.act(Act::Answer(500, ""));
    let mut requests = Vec::new();
    for n in 0..EVENTS {
        requests.push(gateway.take(format!("{n}").as_bytes()).await);
    }
    for request in &requests {
        gateway.event_in(request, "failed").await;
        sink.next().await;
    }
    sink.act(OK);
    (yard, gateway)
}

async fn start(gateway: &Gateway, fields: Value) -> String {
    let started = gateway.call("POST", PATH, &fields.to_string()).await;
    assert_eq!(started.status, 201, "{}", started.text());
    format!("{PATH}/{}", started.json()["id"].as_str().unwrap())
}

const RETRY_ALL: &str = r#"{"action":"retry","query":{}}"#;

#[tokio::test]
async fn all_that_failed_is_sent_again_and_nothing_else() {
    let mut sink = Sink::start(OK).await;
    let (_yard, gateway) = failed(&mut sink).await;
    let plan = gateway.call("POST", &format!("{PATH}/plan"), RETRY_ALL).await.json();
    assert_eq!((&plan["to_do"], &plan["left_out"]), (&json!(EVENTS), &json!({"successful": 1})));
    assert!(sink.already().is_none(), "a plan changes nothing");

    let order = json!({
        "action": "retry", "query": {}, "up_to": plan["up_to"], "events_max": plan["to_do"], "rate_per_s": 10_000,
    });
    let path = start(&gateway, order).await;
    let done = gateway.get_until(&path, "it ends", |it| it["state"] == "finished").await;
    assert_eq!((&done["done"], &done["left_out"]), (&json!(EVENTS), &json!({"successful": 1})));
    let mut delivered = Vec::new();
    for _ in 0..EVENTS {
        let delivery = sink.next().await;
        assert_eq!(delivery.header("hookyard-trigger"), Some("manual"));
        delivered.push(String::from_utf8(delivery.body).unwrap().parse::<usize>().unwrap());
    }
    delivered.sort_unstable();
    assert_eq!(delivered, (0..EVENTS).collect::<Vec<_>>());
    gateway.get_until("/api/v1/events?state=failed", "none is left", |list| list["data"] == json!([])).await;
    assert!(sink.already().is_none());
}

#[tokio::test]
async fn an_operation_goes_on_after_a_kill_and_ends() {
    let mut sink = Sink::start(OK).await;
    let (yard, gateway) = failed(&mut sink).await;
    let path =
        start(&gateway, json!({"action": "retry", "query": {"state": "failed"}, "rate_per_s": 8})).await;
    gateway.get_until(&path, "it has begun", |it| it["done"].as_u64() > Some(0)).await;
    gateway.process.kill();

    let gateway = yard.start().await;
    let done = gateway.get_until(&path, "it ends", |it| it["state"] == "finished").await;
    assert_eq!((&done["done"], &done["failed"]), (&json!(EVENTS), &json!({})));
    let list = "/api/v1/events?state=successful&limit=100";
    let all = gateway
        .get_until(list, "all are delivered", |list| list["data"].as_array().unwrap().len() == EVENTS + 1)
        .await;
    let repeated =
        all["data"].as_array().unwrap().iter().filter(|event| event["attempts"].as_u64() > Some(2));
    println!("{} of {EVENTS} events were sent twice by the operation and the kill", repeated.count());
}

#[tokio::test]
async fn an_operation_that_is_stopped_leaves_the_rest_alone() {
    let mut sink = Sink::start(OK).await;
    let (_yard, gateway) = failed(&mut sink).await;
    let path =
        start(&gateway, json!({"action": "retry", "query": {"state": "failed"}, "rate_per_s": 1})).await;
    gateway.get_until(&path, "it has begun", |it| it["done"].as_u64() > Some(0)).await;
    let stopped = gateway.call("POST", &format!("{path}/cancel"), "").await;
    assert_eq!((stopped.status, &stopped.json()["state"]), (200, &json!("cancelled")), "{}", stopped.text());
    let left = gateway.get("/api/v1/events?state=failed&limit=100").await;
    assert!(left["data"].as_array().unwrap().len() > EVENTS / 2, "{left}");
}
