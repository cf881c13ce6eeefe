//! Events that consumers ask for, over real HTTP: the long poll, what is acknowledged across kills, what becomes of what
//! is refused, and the shutdown.

use hookyard_test_sdk::VerifierProcess;
use serde_json::{Value, json};

use crate::client::{Answer, Client, request};
use crate::gateway::{Gateway, OPEN_SOURCE, Yard};
use crate::lanes::metric;
use crate::process::within;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A source that takes everything, joined to a destination that is pulled from.
fn yard(destination: &str, connection: &str) -> Yard {
    Yard::new(format!(
        "{OPEN_SOURCE}[[destination]]\nname = \"out\"\ntype = \"pull\"\nsigning_secrets = [\"{SECRET}\"]\n\
         {destination}\n[[connection]]\nsource = \"in\"\ndestination = \"out\"\n{connection}\n"
    ))
}

impl Gateway {
    /// The calls of the one destination.
    async fn pull_path(&self, call: &str) -> String {
        let list = self.get("/api/v1/destinations").await;
        format!("/api/v1/destinations/{}/{call}", list["data"][0]["id"].as_str().unwrap())
    }

    /// Asks for events; until the lane is there, again.
    async fn receive(&self, fields: Value) -> Vec<Value> {
        let path = self.pull_path("receive").await;
        let asked = async {
            loop {
                let answer = self.call("POST", &path, &fields.to_string()).await;
                if answer.status != 503 {
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    return answer.json()["events"].as_array().unwrap().clone();
                }
            }
        };
        within("events are asked for", asked).await
    }

    /// The one event there is.
    async fn receive_one(&self) -> Value {
        let mut events = self.receive(json!({"wait_ms": 20_000})).await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    async fn say(&self, call: &str, fields: Value) -> Answer {
        let path = self.pull_path(call).await;
        self.call("POST", &path, &fields.to_string()).await
    }

    /// Says something about one lease, and what that is then.
    async fn state_after(&self, call: &str, event: &Value, more: Value) -> String {
        let mut fields = json!({"lease_ids": [event["lease_id"]]});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = self.say(call, fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let lease = answer.json()["leases"][0].clone();
        assert_eq!(lease["lease_id"], event["lease_id"]);
        lease["state"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_long_poll_wakes_and_what_is_acknowledged_survives_a_kill() {
    let yard = yard("", "");
    let gateway = yard.start().await;
    assert!(gateway.receive(json!({})).await.is_empty());
    let path = gateway.pull_path("receive").await;
    let mut waiting = Client::connect(gateway.admin).await.unwrap();
    let headers = [("Content-Type", "application/json")];
    let ask = request("POST", &path, gateway.admin, &headers, b"{\"wait_ms\":20000}");
    waiting.send(&ask).await.unwrap();
    let body = b"{\"paid\": true}";
    let answer = gateway.post("/in/orders?shop=7", &[("Content-Type", "application/json")], body).await;
    let id = answer.request_id();
    let received = within("the long poll is answered", waiting.answer()).await.unwrap().json();
    let event = received["events"][0].clone();
    assert_eq!((&event["attempt"], &event["trigger"]), (&json!(1), &json!("initial")));
    let sent = &event["request"];
    assert_eq!(
        (&sent["method"], &sent["path"], &sent["query"]),
        (&json!("POST"), &json!("/orders"), &json!("shop=7"))
    );
    assert_eq!(sent["body"], json!({"size": 14, "text": "{\"paid\": true}", "truncated": false}));
    let lines = sent["headers"].as_array().unwrap();
    let headers: Vec<(String, String)> = lines
        .iter()
        .map(|line| (line[0].as_str().unwrap().to_owned(), line[1].as_str().unwrap().to_owned()))
        .collect();
    let header =
        |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("webhook-id"), event["event_id"].as_str());
    assert_eq!((header("content-type"), header("hookyard-attempt")), (Some("application/json"), Some("1")));
    VerifierProcess::start().verify(SECRET, &headers, body).unwrap();

    assert_eq!(gateway.state_after("ack", &event, json!({})).await, "acknowledged");
    gateway.process.kill();
    let gateway = yard.start().await;
    gateway.ready().await;
    let shown = gateway.event_in(&id, "successful").await;
    assert_eq!(
        (&shown["attempts"], &shown["last_status"], &shown["last_error"]),
        (&json!(1), &Value::Null, &Value::Null)
    );
    let attempts = gateway.attempts(&shown).await;
    assert_eq!((&attempts[0]["successful"], &attempts[0]["status"]), (&json!(true), &Value::Null));
    assert!(gateway.receive(json!({"wait_ms": 0})).await.is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn a_consumer_that_waits_hears_that_its_key_has_ended() {
    let yard = yard("", "");
    let gateway = yard.start().await;
    assert!(gateway.receive(json!({})).await.is_empty());
    let made =
        gateway.call("POST", "/api/v1/api_keys", r#"{"name":"consumer","scope":"operate"}"#).await.json();
    let path = gateway.pull_path("receive").await;
    let bearer = format!("Bearer {}", made["key_generated"].as_str().unwrap());
    let headers = [("Content-Type", "application/json"), ("Authorization", &bearer)];
    let mut waiting = Client::connect(gateway.admin).await.unwrap();
    waiting.send(&request("POST", &path, gateway.admin, &headers, b"{\"wait_ms\":20000}")).await.unwrap();
    let waits = async { while metric(&gateway, "hookyard_delivery_consumers_waiting").await < 1.0 {} };
    within("the consumer waits", waits).await;
    let key = format!("/api/v1/api_keys/{}", made["id"].as_str().unwrap());
    assert_eq!(gateway.call("DELETE", &key, "").await.status, 204);
    let answer = within("the consumer is answered", waiting.answer()).await.unwrap();
    assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("unauthorized")));
    gateway.take(b"for somebody else").await;
    assert_eq!(gateway.receive_one().await["request"]["body"]["text"], "for somebody else");
    gateway.stop().await;
}

#[tokio::test]
async fn what_was_not_answered_comes_again_after_a_kill() {
    let yard = yard("lease = \"12h\"", "");
    let gateway = yard.start().await;
    let id = gateway.take(b"\xff\x00").await;
    let first = gateway.receive_one().await;
    assert_eq!(first["request"]["body"], json!({"size": 2, "base64": "/wA=", "truncated": false}));
    assert_eq!(gateway.event_in(&id, "queued").await["attempts"], 0);
    gateway.process.kill();
    let gateway = yard.start().await;
    let second = gateway.receive_one().await;
    assert_eq!((&second["event_id"], &second["attempt"]), (&first["event_id"], &json!(1)));
    assert_ne!(second["lease_id"], first["lease_id"]);
    assert_eq!(gateway.state_after("ack", &first, json!({})).await, "unknown");
    assert_eq!(gateway.state_after("extend", &second, json!({"lease_ms": 60_000})).await, "leased");
    assert_eq!(gateway.state_after("ack", &second, json!({})).await, "acknowledged");
    gateway.event_in(&id, "successful").await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_tried_again_and_makes_an_issue_at_last() {
    let yard = yard("", "retry = { custom = [\"1ms\"] }");
    let gateway = yard.start().await;
    let id = gateway.take(b"unwanted").await;
    for attempt in [1, 2] {
        let event = gateway.receive_one().await;
        assert_eq!(event["attempt"], attempt);
        let reason = json!({"reason": "no such customer"});
        assert_eq!(gateway.state_after("nack", &event, reason).await, "nacked");
    }
    let failed = gateway.event_in(&id, "failed").await;
    assert_eq!(failed["last_error"], "nacked");
    assert_eq!(gateway.attempts(&failed).await[1]["error_detail"], "no such customer");
    let issue =
        gateway.get_until("/api/v1/issues", "an issue", |list| list["data"][0]["cause"] == "nacked").await;
    let issue = format!("/api/v1/issues/{}", issue["data"][0]["id"].as_str().unwrap());

    let retry = format!("/api/v1/events/{}/retry", failed["id"].as_str().unwrap());
    assert_eq!(gateway.call("POST", &retry, "").await.status, 202);
    let event = gateway.receive_one().await;
    assert_eq!((&event["attempt"], &event["trigger"]), (&json!(3), &json!("manual")));
    assert_eq!(gateway.state_after("ack", &event, json!({})).await, "acknowledged");
    gateway.get_until(&issue, "it resolves itself", |it| it["state"] == "resolved").await;
    gateway.stop().await;
}

#[tokio::test]
async fn what_code_made_is_what_is_received() {
    let code = "export default (request) => ({ body: { made: request.body.n + 1 } })";
    let yard = yard("", &format!("rules = [{{ transform = {{ code = '{code}' }} }}]"));
    let gateway = yard.start().await;
    gateway.post("/in", &[("Content-Type", "application/json")], b"{\"n\":1}").await.request_id();
    let event = gateway.receive_one().await;
    assert_eq!(event["request"]["body"]["text"], "{\"made\":2}");
    gateway.process.kill();
    let gateway = yard.start().await;
    let event = gateway.receive_one().await;
    assert_eq!(event["request"]["body"]["text"], "{\"made\":2}");
    assert_eq!(gateway.state_after("ack", &event, json!({})).await, "acknowledged");
    gateway.stop().await;
}

#[tokio::test]
async fn the_shutdown_answers_who_waits() {
    let yard = yard("", "");
    let gateway = yard.start().await;
    assert!(gateway.receive(json!({})).await.is_empty());
    let path = gateway.pull_path("receive").await;
    let mut waiting = Client::connect(gateway.admin).await.unwrap();
    let headers = [("Content-Type", "application/json")];
    let ask = request("POST", &path, gateway.admin, &headers, b"{\"wait_ms\":20000}");
    waiting.send(&ask).await.unwrap();
    let waits = async { while metric(&gateway, "hookyard_delivery_consumers_waiting").await < 1.0 {} };
    within("it waits", waits).await;
    gateway.process.terminate();
    let answer = within("who waits is answered", waiting.answer()).await.unwrap();
    assert_eq!((answer.status, answer.json()), (200, json!({"events": []})));
    let ended = gateway.process.ended().await;
    assert!(ended.status.success(), "{ended:?}");
}

#[tokio::test]
async fn so_many_may_wait_and_other_calls_are_answered() {
    const WAITING_MAX: usize = 128;
    let yard = yard("", "");
    let gateway = yard.start().await;
    assert!(gateway.receive(json!({})).await.is_empty());
    let path = gateway.pull_path("receive").await;
    let headers = [("Content-Type", "application/json")];
    let ask = request("POST", &path, gateway.admin, &headers, b"{\"wait_ms\":20000}");
    let mut waiting = Vec::new();
    for _ in 0..WAITING_MAX {
        let mut client = Client::connect(gateway.admin).await.unwrap();
        client.send(&ask).await.unwrap();
        waiting.push(client);
    }
    let all =
        async { while metric(&gateway, "hookyard_delivery_consumers_waiting").await < WAITING_MAX as f64 {} };
    within("all of them wait", all).await;
    let refused = gateway.say("receive", json!({})).await;
    assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("busy")));
    // Who goes away makes room.
    drop(waiting.pop());
    assert!(gateway.receive(json!({})).await.is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn a_file_with_another_type_is_refused() {
    let mut yard = yard("", "");
    yard.start().await.stop().await;
    yard.declared = yard.declared.replace("type = \"pull\"", "url = \"https://example.com/\"");
    yard.write_config();
    let checked = yard.run(&["check", "--config", "hookyard.toml"]).await;
    let refused = yard.spawn().ended().await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stderr.contains("a destination of type `pull` stays one"), "{refused:?}");
    assert!(checked.status.success(), "{checked:?}");
}
