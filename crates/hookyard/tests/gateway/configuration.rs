//! Configuration over its life: made by file or API, changed over restarts, and what becomes of events.

use serde_json::{Value, json};

use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::sink::{Act, OK, Sink};

async fn create(gateway: &Gateway, noun: &str, fields: Value) -> Value {
    let made = gateway.call("POST", &format!("/api/v1/{noun}"), &fields.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

#[tokio::test]
async fn what_the_api_makes_works_at_once_and_lasts() {
    let mut sink = Sink::start(OK).await;
    let yard = Yard::new("");
    let gateway = yard.start().await;
    let source = create(&gateway, "sources", json!({ "name": "made", "provider": "none" })).await;
    let destination = create(&gateway, "destinations", json!({ "name": "out", "url": sink.url() })).await;
    let ends = json!({ "name": "c", "source_id": source["id"], "destination_id": destination["id"] });
    let connection = create(&gateway, "connections", ends).await;
    let target = format!("/{}", source["token"].as_str().unwrap());
    let id = gateway.post(&target, &[], b"at once").await.request_id();
    assert_eq!(sink.next().await.body, b"at once");
    gateway.event_in(&id, "successful").await;
    gateway.process.kill();

    let gateway = yard.start().await;
    assert_eq!(gateway.post(&target, &[], b"after a kill").await.status, 200);
    assert_eq!(sink.next().await.body, b"after a kill");

    // What has undelivered events is not deleted unless they are to go with it.
    sink.act(Act::Answer(404, ""));
    let id = gateway.post(&target, &[], b"waits").await.request_id();
    let event = gateway.event_in(&id, "scheduled").await;
    let path = format!("/api/v1/connections/{}", connection["id"].as_str().unwrap());
    let refused = gateway.call("DELETE", &path, "").await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("events_undelivered")));
    let deleted = gateway.call("DELETE", &format!("{path}?cancel_events=true"), "").await;
    assert_eq!((deleted.status, &deleted.json()["cancelled_events"]), (200, &json!(1)), "{}", deleted.text());
    gateway.event_in(&id, "cancelled").await;
    let event = format!("/api/v1/events/{}", event["id"].as_str().unwrap());
    let refused = gateway.call("POST", &format!("{event}/retry"), "").await;
    assert_eq!(refused.json()["code"], "not_deliverable");
}

#[tokio::test]
async fn a_connection_that_leaves_the_file_holds_its_events_until_it_is_back() {
    let mut sink = Sink::start(Act::Answer(404, "")).await;
    let connected =
        format!("{OPEN_SOURCE}{}", leg("out", &sink, "", "retry = { custom = [\"1s\", \"1s\"] }"));
    let mut yard = Yard::new(connected.as_str());
    let gateway = yard.start().await;
    let id = gateway.take(b"wait for me").await;
    let first = sink.next().await;
    gateway.event_in(&id, "scheduled").await;
    gateway.stop().await;

    yard.declared = OPEN_SOURCE.to_owned();
    sink.act(OK);
    let gateway = yard.start().await;
    gateway.process.stderr.containing("no longer in the configuration file").await;
    gateway.event_in(&id, "held").await;
    let connection = gateway.get("/api/v1/connections").await["data"][0].clone();
    assert_eq!(connection["disabled"]["cause"], "removed_from_file", "{connection}");
    gateway.stop().await;
    assert!(sink.already().is_none());

    yard.declared = connected;
    let gateway = yard.start().await;
    let second = sink.next().await;
    assert_eq!(second.header("webhook-id"), first.header("webhook-id"));
    gateway.event_in(&id, "successful").await;
}

#[tokio::test]
async fn another_key_is_refused_before_anything_changes() {
    let sink = Sink::start(OK).await;
    let mut yard = Yard::to(&sink);
    yard.start().await.stop().await;
    // 32 bytes that are not those of the key file.
    yard.env.insert("HOOKYARD_SECRET_KEY".to_owned(), format!("{}=", "A".repeat(43)));
    let refused = yard.spawn().ended().await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("key"), "{refused:?}");
    yard.env.clear();
    let gateway = yard.start().await;
    let id = gateway.take(b"with the right one").await;
    gateway.event_in(&id, "successful").await;
}
