//! Issues over real HTTP: a destination fails, which is shown, and recovers, which resolves it, also after a kill.

use serde_json::json;

use crate::gateway::{OPEN_SOURCE, Yard, leg};
use crate::sink::{Act, OK, Sink};

const PATH: &str = "/api/v1/issues";

#[tokio::test]
async fn a_failing_destination_opens_one_which_resolves_itself() {
    let mut sink = Sink::start(Act::Answer(503, "")).await;
    let yard = Yard::new(format!("{OPEN_SOURCE}{}", leg("out", &sink, "", "retry = { custom = [] }")));
    let gateway = yard.start().await;
    for body in [b"one", b"two"] {
        let request = gateway.take(body).await;
        gateway.event_in(&request, "failed").await;
        sink.next().await;
    }
    let list = gateway.get(PATH).await;
    let issue = &list["data"][0];
    assert_eq!(
        (&issue["kind"], &issue["cause"], &issue["count"]),
        (&json!("delivery"), &json!("503"), &json!(2))
    );
    let path = format!("{PATH}/{}", issue["id"].as_str().unwrap());
    let known = gateway.call("POST", &format!("{path}/acknowledge"), "").await;
    assert_eq!(known.status, 200, "{}", known.text());
    gateway.process.kill();

    let gateway = yard.start().await;
    let after = gateway.get(&path).await;
    assert_eq!((&after["state"], &after["count"]), (&json!("acknowledged"), &json!(2)));
    sink.act(OK);
    let event = after["sample_event_id"].as_str().unwrap();
    let retried = gateway.call("POST", &format!("/api/v1/events/{event}/retry"), "").await;
    assert_eq!(retried.status, 202, "{}", retried.text());
    let over = gateway.get_until(&path, "it resolves itself", |it| it["state"] == "resolved").await;
    assert_eq!((&over["resolved_by"], &over["count"]), (&json!("itself"), &json!(2)));
    gateway.stop().await;
}

#[tokio::test]
async fn rejected_requests_are_one_beyond_the_number_in_the_file() {
    let mut yard = Yard::new("[[source]]\nname = \"in\"\ntoken = \"in\"\nmethods = [\"PUT\"]\n");
    yard.settings.push_str("[issues]\nrejected_max = 2\n");
    let gateway = yard.start().await;
    for _ in 0..3 {
        assert_eq!(gateway.post("/in", &[], b"").await.status, 405);
    }
    let wanted = |list: &serde_json::Value| list["data"][0]["count"] == 3;
    let list = gateway.get_until(PATH, "three were rejected", wanted).await;
    let issue = &list["data"][0];
    assert_eq!((&issue["kind"], &issue["cause"]), (&json!("rejected"), &json!("method_not_allowed")));
    gateway.stop().await;
}
