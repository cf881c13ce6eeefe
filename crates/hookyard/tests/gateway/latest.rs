//! Only the latest: a webhook that tells of a thing as it was before the one that was delivered is discarded, and says
//! which one that was.

use hookyard_model::clock::Clock;
use ring::hmac;
use serde_json::{Value, json};

use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::sink::{OK, Sink};

const BY_ID: &str = r#"{ stale = { latest = { fields = ["/body/id"], time = "/body/updated" } } }"#;

async fn with_rules(sink: &Sink, rules: &str) -> (Yard, Gateway) {
    let (destination, rules) = ("concurrency = 1", format!("rules = [{rules}]"));
    let yard = Yard::new(format!("{OPEN_SOURCE}{}", leg("out", sink, destination, &rules)));
    let gateway = yard.start().await;
    gateway.ready().await;
    (yard, gateway)
}

/// Sends a webhook about the thing with this id.
async fn take(gateway: &Gateway, id: u64, updated: &str) -> String {
    gateway.take(json!({"id": id, "updated": updated}).to_string().as_bytes()).await
}

/// The event of a request, in that state, with what rules made of it.
async fn explained(gateway: &Gateway, request: &str, state: &str) -> Value {
    let event = gateway.event_in(request, state).await;
    gateway.get(&format!("/api/v1/events/{}", event["id"].as_str().unwrap())).await
}

/// When the thing of the next delivery was updated.
async fn next(sink: &mut Sink) -> String {
    let body: Value = serde_json::from_slice(&sink.next().await.body).unwrap();
    body["updated"].as_str().unwrap().to_owned()
}

async fn all_destinations(gateway: &Gateway, verb: &str) {
    let list = gateway.get("/api/v1/destinations").await;
    let path = format!("/api/v1/destinations/{}/{verb}", list["data"][0]["id"].as_str().unwrap());
    assert_eq!(gateway.call("POST", &path, "").await.status, 200);
}

const FIRST: &str = "2026-01-01T00:00:01Z";
const SECOND: &str = "2026-01-01T00:00:02Z";
const THIRD: &str = "2026-01-01T00:00:03Z";

#[tokio::test]
async fn what_arrives_too_late_is_discarded_also_across_a_restart() {
    let mut sink = Sink::start(OK).await;
    let (yard, mut gateway) = with_rules(&sink, BY_ID).await;
    let newer = take(&gateway, 1, SECOND).await;
    let newer = gateway.event_in(&newer, "successful").await;
    assert_eq!(next(&mut sink).await, SECOND);
    for is_restarted in [false, true] {
        if is_restarted {
            gateway.stop().await;
            gateway = yard.start().await;
            gateway.ready().await;
        }
        let older = take(&gateway, 1, FIRST).await;
        let event = explained(&gateway, &older, "discarded").await;
        assert_eq!((&event["discarded"], &event["attempts"]), (&json!("stale"), &json!(0)));
        assert_eq!(event["superseded_by"], newer["id"]);
        assert_eq!(event["revision"]["time"], "2026-01-01T00:00:01.000Z");
        let why = event["rules"][0]["detail"].as_str().unwrap();
        let expected = format!(
            "it is of 2026-01-01T00:00:01.000Z, and the event of {}, of 2026-01-01T00:00:02.000Z, had been \
             delivered",
            newer["request_id"].as_str().unwrap()
        );
        assert_eq!(why, expected);
    }

    // The same time, another thing, no thing, no time: all of them go out.
    for (body, why) in [
        (json!({"id": 1, "updated": SECOND}), Value::Null),
        (json!({"id": 2, "updated": FIRST}), Value::Null),
        (
            json!({"updated": FIRST}),
            json!("nothing that says which thing it tells of is in it: not compared"),
        ),
        (json!({"id": 1}), json!("there is no time at /body/updated: not compared")),
        (json!({"id": 1, "updated": "now"}), json!("what stands at /body/updated is no time: not compared")),
    ] {
        let body = body.to_string();
        let request = gateway.take(body.as_bytes()).await;
        let event = explained(&gateway, &request, "successful").await;
        assert_eq!(event["rules"][0]["detail"], why);
        assert_eq!(event["revision"].is_null(), !why.is_null());
        assert_eq!(sink.next().await.body, body.as_bytes());
    }
    let listed = gateway.get("/api/v1/events?state=discarded").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert!(sink.already().is_none());
}

#[tokio::test]
async fn what_was_overtaken_while_it_waited_is_discarded_when_it_is_its_turn() {
    let mut sink = Sink::start(OK).await;
    let (yard, gateway) = with_rules(&sink, BY_ID).await;
    all_destinations(&gateway, "pause").await;
    let mut requests = Vec::new();
    for updated in [SECOND, FIRST, THIRD, SECOND] {
        requests.push(take(&gateway, 1, updated).await);
    }
    for request in &requests {
        gateway.event_in(request, "held").await;
    }
    gateway.stop().await;
    let gateway = yard.start().await;
    all_destinations(&gateway, "resume").await;

    let mut events = Vec::new();
    for (request, state) in requests.iter().zip(["successful", "discarded", "successful", "discarded"]) {
        events.push(explained(&gateway, request, state).await);
    }
    assert_eq!([next(&mut sink).await, next(&mut sink).await], [SECOND, THIRD]);
    for (stale, newer) in [(1, 0), (3, 2)] {
        assert_eq!((&events[stale]["discarded"], &events[stale]["attempts"]), (&json!("stale"), &json!(0)));
        assert_eq!(events[stale]["superseded_by"], events[newer]["id"]);
        let rules = events[stale]["rules"].as_array().unwrap();
        assert_eq!((rules.len(), &rules[0]["detail"]), (2, &Value::Null));
        assert!(rules[1]["detail"].as_str().unwrap().ends_with("had been delivered"), "{rules:?}");
        assert_eq!(events[stale]["revision"]["key"], events[newer]["revision"]["key"]);
    }

    // A person may want it nevertheless; a replay goes through the rules.
    let path = format!("/api/v1/events/{}", events[1]["id"].as_str().unwrap());
    let replayed = gateway.call("POST", &format!("{path}/replay"), "").await;
    assert_eq!((replayed.status, &replayed.json()["discarded"]), (202, &json!("stale")));
    assert_eq!(gateway.call("POST", &format!("{path}/retry"), "").await.status, 202);
    let event = explained(&gateway, &requests[1], "successful").await;
    assert_eq!((&event["discarded"], &event["attempts"]), (&Value::Null, &json!(1)));
    assert_eq!(next(&mut sink).await, FIRST);
    assert!(sink.already().is_none());
}

#[tokio::test]
async fn the_providers_own_time_counts_where_no_field_is_named() {
    let mut sink = Sink::start(OK).await;
    let source =
        "[[source]]\nname = \"in\"\ntoken = \"in\"\nprovider = \"stripe\"\nsecrets = [\"whsec_a\"]\n";
    let rules =
        r#"rules = [{ stale = { older_than = "1h", latest = { fields = ["/body/data/object/id"] } } }]"#;
    let yard = Yard::new(format!("{source}{}", leg("out", &sink, "", rules)));
    let gateway = yard.start().await;
    let now = Clock::System.now().s();
    let take = async |created: u64| {
        let body = json!({"id": "evt_1", "created": created, "data": {"object": {"id": "in_1"}}}).to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"whsec_a");
        let tag = hmac::sign(&key, format!("{now}.{body}").as_bytes());
        let tag: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("t={now},v1={tag}");
        let headers = [("Stripe-Signature", signature.as_str())];
        gateway.post("/in", &headers, body.as_bytes()).await.request_id()
    };
    let newer = take(now - 60).await;
    let newer = gateway.event_in(&newer, "successful").await;
    let late = take(now - 61).await;
    assert_eq!(explained(&gateway, &late, "discarded").await["superseded_by"], newer["id"]);
    let old = take(now - 7_200).await;
    let event = explained(&gateway, &old, "discarded").await;
    assert_eq!((&event["superseded_by"], &event["revision"]), (&Value::Null, &Value::Null));
    assert!(event["rules"][0]["detail"].as_str().unwrap().contains("3600 s are allowed"), "{event}");
    sink.next().await;
    assert!(sink.already().is_none());
}
