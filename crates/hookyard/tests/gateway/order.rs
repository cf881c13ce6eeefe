//! Order: events of a key go out one after the other, whatever becomes of them; keys do not wait for each other.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::sink::{Act, OK, Sink};

const BY_CUSTOMER: &str = r#"order = { by = "key", fields = ["/body/customer"] }"#;
const RETRY_SOON: &str =
    r#"retry = { linear = { first = "50ms", step = "0s", max = "50ms", retries = 100 } }"#;

async fn ordered(sink: &Sink, connection: &str) -> (Yard, Gateway) {
    let yard =
        Yard::new(format!("{OPEN_SOURCE}{}", leg("out", sink, "breaker = { enabled = false }", connection)));
    let gateway = yard.start().await;
    gateway.ready().await;
    (yard, gateway)
}

async fn take(gateway: &Gateway, customer: &str, number: u64) -> String {
    gateway.take(json!({"customer": customer, "number": number}).to_string().as_bytes()).await
}

/// The customer and number of the next delivery.
async fn next(sink: &mut Sink) -> (String, u64) {
    let body: Value = serde_json::from_slice(&sink.next().await.body).unwrap();
    (body["customer"].as_str().unwrap().to_owned(), body["number"].as_u64().unwrap())
}

#[tokio::test]
async fn a_failing_event_holds_back_its_own_key_until_a_person_ends_it() {
    let mut sink = Sink::start(Act::Answer(500, "")).await;
    let (_yard, gateway) =
        ordered(&sink, &format!("{BY_CUSTOMER}\n{}", r#"retry = { custom = ["1h"] }"#)).await;
    let stuck = take(&gateway, "a", 0).await;
    gateway.event_in(&stuck, "scheduled").await;
    assert_eq!(next(&mut sink).await, ("a".to_owned(), 0));
    sink.act(OK);
    let waiting = [take(&gateway, "a", 1).await, take(&gateway, "a", 2).await];
    for number in 0..20 {
        let other = take(&gateway, "b", number).await;
        gateway.event_in(&other, "successful").await;
        assert_eq!(next(&mut sink).await, ("b".to_owned(), number));
    }
    for request in &waiting {
        assert_eq!(gateway.event_in(request, "queued").await["attempts"], 0);
    }
    // A person does not want to wait for an hour.
    let event = gateway.event_in(&stuck, "scheduled").await;
    let path = format!("/api/v1/events/{}/retry", event["id"].as_str().unwrap());
    assert_eq!(gateway.call("POST", &path, "").await.status, 202);
    for number in 0..3 {
        assert_eq!(next(&mut sink).await, ("a".to_owned(), number));
    }
    assert!(sink.already().is_none());
}

#[tokio::test]
async fn order_holds_across_failures_and_a_kill() {
    let mut sink = Sink::start(Act::Answer(500, "")).await;
    let (yard, gateway) = ordered(&sink, &format!("{BY_CUSTOMER}\n{RETRY_SOON}")).await;
    for number in 0..30 {
        for customer in ["a", "b", "c"] {
            take(&gateway, customer, number).await;
        }
    }
    for _ in 0..3 {
        assert_eq!(next(&mut sink).await.1, 0, "nothing goes before the first of its key");
    }
    sink.act(OK);
    let mut newest: HashMap<String, u64> = HashMap::new();
    let mut note = |(customer, number): (String, u64)| {
        let newest = newest.entry(customer).or_default();
        // What was in hand when the process died, and what had not become durable, goes out once more.
        assert!(number <= *newest + 1, "{number} follows {newest}");
        *newest = number;
        number
    };
    for _ in 0..30 {
        note(next(&mut sink).await);
    }
    drop(gateway);
    let gateway = yard.start().await;
    let mut ended = 0;
    while ended < 3 {
        ended += u64::from(note(next(&mut sink).await) == 29);
    }
    let all = |list: &Value| list["data"].as_array().is_some_and(|rows| rows.len() == 90);
    gateway.get_until("/api/v1/events?limit=250&state=successful", "all delivered", all).await;
}

#[tokio::test]
async fn an_order_is_shown_changed_and_refused_where_it_names_nothing() {
    let mut sink = Sink::start(OK).await;
    let yard = Yard::new("");
    let gateway = yard.start().await;
    let source = gateway.call("POST", "/api/v1/sources", r#"{"name":"in","token":"in","provider":"none"}"#);
    let source = source.await.json();
    let destination = json!({"name": "out", "url": sink.url()}).to_string();
    let destination = gateway.call("POST", "/api/v1/destinations", &destination).await.json();
    let connection = json!({
        "name": "both", "source_id": source["id"], "destination_id": destination["id"],
        "order": {"by": "destination"},
    });
    let made = gateway.call("POST", "/api/v1/connections", &connection.to_string()).await;
    assert_eq!((made.status, &made.json()["order"]), (201, &connection["order"]), "{}", made.text());
    let path = format!("/api/v1/connections/{}", made.json()["id"].as_str().unwrap());
    for (order, field) in [
        (json!({"by": "size"}), "order.by"),
        (json!({"by": "key"}), "order.fields"),
        (json!({"by": "key", "fields": []}), "order.fields"),
        (json!({"by": "key", "fields": ["customer"]}), "order.fields"),
        (json!({"by": "destination", "fields": ["/topic"]}), "order.fields"),
    ] {
        let bad = gateway.call("PATCH", &path, &json!({"order": order}).to_string()).await;
        assert_eq!((bad.status, &bad.json()["field"]), (422, &json!(field)), "{}", bad.text());
    }
    let by_key = json!({"order": {"by": "key", "fields": ["/body/customer"]}});
    let changed = gateway.call("PATCH", &path, &by_key.to_string()).await;
    assert_eq!(changed.json()["order"], by_key["order"]);
    let without = gateway.call("PATCH", &path, r#"{"order":null}"#).await.json();
    assert_eq!(without["order"], Value::Null);
    take(&gateway, "a", 7).await;
    assert_eq!(next(&mut sink).await, ("a".to_owned(), 7));
}
