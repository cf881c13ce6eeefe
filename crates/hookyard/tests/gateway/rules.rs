//! What a connection's rules make of events: filtered, duplicate, stale, delayed; and that each says why.

use serde_json::{Value, json};

use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::sink::{OK, Sink};

async fn with_rules(sink: &Sink, rules: &str) -> (Yard, Gateway) {
    let yard = Yard::new(format!("{OPEN_SOURCE}{}", leg("out", sink, "", &format!("rules = [{rules}]"))));
    let gateway = yard.start().await;
    (yard, gateway)
}

/// The event of a request, in that state, with what rules made of it.
async fn explained(gateway: &Gateway, request: &str, state: &str) -> Value {
    let event = gateway.event_in(request, state).await;
    gateway.get(&format!("/api/v1/events/{}", event["id"].as_str().unwrap())).await
}

#[tokio::test]
async fn what_does_not_meet_a_filter_is_kept_and_says_why() {
    let mut sink = Sink::start(OK).await;
    let (_yard, gateway) = with_rules(&sink, r#"{ filter = { body = { amount = { "$gt" = 10 } } } }"#).await;
    let small = gateway.take(br#"{"amount":9}"#).await;
    let large = gateway.take(br#"{"amount":11}"#).await;

    let event = explained(&gateway, &large, "successful").await;
    assert_eq!(
        (&event["discarded"], &event["rules"]),
        (&Value::Null, &json!([{"type": "filter", "detail": null}]))
    );
    assert_eq!(sink.next().await.body, br#"{"amount":11}"#);

    let event = explained(&gateway, &small, "discarded").await;
    assert_eq!((&event["discarded"], &event["attempts"]), (&json!("filtered"), &json!(0)));
    let why = event["rules"][0]["detail"].as_str().unwrap();
    assert!(why.contains("/body/amount") && why.contains("$gt"), "{why}");
    let listed = gateway.get("/api/v1/events?state=discarded").await;
    assert_eq!(listed["data"][0]["id"], event["id"]);

    // A person may want it nevertheless.
    let path = format!("/api/v1/events/{}/retry", event["id"].as_str().unwrap());
    assert_eq!(gateway.call("POST", &path, "").await.status, 202);
    assert_eq!(sink.next().await.body, br#"{"amount":9}"#);
    gateway.event_in(&small, "successful").await;
    assert!(sink.already().is_none());
}

#[tokio::test]
async fn a_duplicate_names_the_first_also_across_a_restart() {
    let mut sink = Sink::start(OK).await;
    let (yard, gateway) =
        with_rules(&sink, r#"{ deduplicate = { window = "1h", fields = ["/body/id"] } }"#).await;
    let first = gateway.take(br#"{"id":1,"try":1}"#).await;
    let again = gateway.take(br#"{"id":1,"try":2}"#).await;
    let other = gateway.take(br#"{"id":2}"#).await;
    let original = gateway.event_in(&first, "successful").await;
    gateway.event_in(&other, "successful").await;
    let event = explained(&gateway, &again, "discarded").await;
    assert_eq!((&event["discarded"], &event["duplicate_of"]), (&json!("duplicate"), &original["id"]));
    gateway.stop().await;

    let gateway = yard.start().await;
    let late = gateway.take(br#"{"id":1,"try":3}"#).await;
    let event = explained(&gateway, &late, "discarded").await;
    assert_eq!(event["duplicate_of"], original["id"]);
    let mut delivered = vec![sink.next().await.body, sink.next().await.body];
    delivered.sort();
    assert_eq!(delivered, [&br#"{"id":1,"try":1}"#[..], br#"{"id":2}"#]);
    assert!(sink.already().is_none());
}

#[tokio::test]
async fn a_delayed_event_waits_for_its_time() {
    let mut sink = Sink::start(OK).await;
    let rules = r#"{ filter = '{"body":{"gone":null}}' }, { delay = { until = "/body/at" } }, { delay = { for = "20ms" } }"#;
    let (_yard, gateway) = with_rules(&sink, rules).await;
    let soon = gateway.take(br#"{"gone":null}"#).await;
    let late = gateway.take(br#"{"gone":null,"at":"2199-01-01T00:00:00Z"}"#).await;
    assert_eq!(sink.next().await.body, br#"{"gone":null}"#);
    gateway.event_in(&soon, "successful").await;

    let event = explained(&gateway, &late, "scheduled").await;
    assert_eq!(event["attempts"], 0);
    let detail = event["rules"][1]["detail"].as_str().unwrap();
    assert_eq!(detail, format!("not before {}", event["due_at"].as_str().unwrap()));
    assert!(sink.already().is_none());
}

#[tokio::test]
async fn rules_are_changed_over_the_api_and_bad_ones_refused() {
    let mut sink = Sink::start(OK).await;
    let yard = Yard::new("");
    let gateway = yard.start().await;
    let source = gateway
        .call("POST", "/api/v1/sources", r#"{"name":"in","token":"in","provider":"none"}"#)
        .await
        .json();
    let destination = json!({"name": "out", "url": sink.url()}).to_string();
    let destination = gateway.call("POST", "/api/v1/destinations", &destination).await.json();
    let connection = json!({
        "name": "both", "source_id": source["id"], "destination_id": destination["id"],
        "rules": [{"type": "filter", "headers": {"x-kind": "good"}}, {"type": "stale", "older_than_ms": 1000}],
    });
    let made = gateway.call("POST", "/api/v1/connections", &connection.to_string()).await;
    assert_eq!((made.status, &made.json()["rules"]), (201, &connection["rules"]), "{}", made.text());
    let path = format!("/api/v1/connections/{}", made.json()["id"].as_str().unwrap());

    let bad = gateway.call("PATCH", &path, r#"{"rules":[{"type":"filter","body":{"a":{"$like":1}}}]}"#).await;
    assert_eq!((bad.status, &bad.json()["field"]), (422, &json!("rules[0]")), "{}", bad.text());
    let body = br#"{"n":1}"#;
    let dropped = gateway.take(body).await;
    gateway.event_in(&dropped, "discarded").await;
    assert_eq!(gateway.call("PATCH", &path, r#"{"rules":null}"#).await.json()["rules"], json!([]));
    let passed = gateway.take(body).await;
    gateway.event_in(&passed, "successful").await;
    assert_eq!(sink.next().await.body, body);

    // What the old rules ended goes through the new ones.
    let event = gateway.event_in(&dropped, "discarded").await;
    let replay = format!("/api/v1/events/{}/replay", event["id"].as_str().unwrap());
    let replayed = gateway.call("POST", &replay, "").await;
    assert_eq!((replayed.status, &replayed.json()["state"]), (202, &json!("queued")), "{}", replayed.text());
    let event = explained(&gateway, &dropped, "successful").await;
    assert_eq!((&event["discarded"], &event["rules"]), (&Value::Null, &json!([])));
    assert_eq!(sink.next().await.header("hookyard-trigger").unwrap(), "manual");
    assert!(sink.already().is_none());
}

#[tokio::test]
async fn a_replay_is_no_duplicate_of_itself_and_lasts() {
    let mut sink = Sink::start(OK).await;
    let (yard, gateway) =
        with_rules(&sink, r#"{ deduplicate = { window = "1h", fields = ["/body/id"] } }"#).await;
    let first = gateway.take(br#"{"id":1}"#).await;
    let event = gateway.event_in(&first, "successful").await;
    let second = gateway.take(br#"{"id":1}"#).await;
    let duplicate = gateway.event_in(&second, "discarded").await;
    let replay = async |gateway: &Gateway, event: &Value| {
        let path = format!("/api/v1/events/{}/replay", event["id"].as_str().unwrap());
        gateway.call("POST", &path, "").await.json()
    };
    assert_eq!(replay(&gateway, &event).await["state"], "queued");
    assert_eq!(replay(&gateway, &duplicate).await["discarded"], "duplicate");
    gateway
        .get_until("/api/v1/events?state=successful", "it is delivered twice", |list| {
            list["data"][0]["attempts"] == 2
        })
        .await;
    assert_eq!([sink.next().await.body, sink.next().await.body], [br#"{"id":1}"#, br#"{"id":1}"#]);
    gateway.stop().await;

    let gateway = yard.start().await;
    assert_eq!(gateway.event_in(&first, "successful").await["attempts"], 2);
    let shown = explained(&gateway, &second, "discarded").await;
    assert_eq!(shown["duplicate_of"], event["id"]);
    assert!(sink.already().is_none());
}
