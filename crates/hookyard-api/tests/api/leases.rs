//! Pull destinations as configuration, and the calls of consumers as far as they need nobody who hands out events.

use serde_json::{Value, json};

use crate::harness::Server;

const DESTINATIONS: &str = "/api/v1/destinations";

async fn made(server: &Server, type_: &str) -> String {
    let body = match type_ {
        "pull" => json!({"name": "pulled", "type": "pull"}),
        _ => json!({"name": "sent", "url": "https://example.com/"}),
    };
    format!("{DESTINATIONS}/{}", server.create(DESTINATIONS, body).await)
}

#[tokio::test]
async fn a_pull_destination_shows_what_it_has() {
    let server = Server::start().await;
    let path = made(&server, "pull").await;
    let shown = server.get(&path).await.ok();
    assert_eq!((&shown["type"], &shown["lease_ms"]), (&json!("pull"), &json!(30_000)));
    assert_eq!((&shown["concurrency"], &shown["rate"]), (&json!(1_000), &Value::Null));
    for absent in ["url", "append_path", "timeout_ms", "auth", "breaker", "slow_start"] {
        assert!(shown.get(absent).is_none(), "{absent}: {shown}");
    }
    let change = json!({"type": "pull", "lease_ms": 120_000, "concurrency": 5, "rate": {"limit": 3}});
    let changed = server.patch(&path, change).await.ok();
    assert_eq!((&changed["lease_ms"], &changed["concurrency"]), (&json!(120_000), &json!(5)));
    assert_eq!(changed["rate"], json!({"limit": 3, "per": "second", "burst": 1}));
    let reset = server.patch(&path, json!({"lease_ms": null, "concurrency": null})).await.ok();
    assert_eq!((&reset["lease_ms"], &reset["concurrency"]), (&json!(30_000), &json!(1_000)));
    let sent = server.get(&made(&server, "http").await).await.ok();
    assert_eq!((&sent["type"], sent.get("lease_ms")), (&json!("http"), None));
}

#[tokio::test]
async fn what_the_other_type_has_is_refused_and_a_type_stays() {
    let server = Server::start().await;
    let (pull, http) = (made(&server, "pull").await, made(&server, "http").await);
    for (name, value) in [
        ("url", json!("https://example.com/")),
        ("append_path", json!(true)),
        ("timeout_ms", json!(1)),
        ("auth", json!({"kind": "bearer", "token": "t"})),
        ("auth", Value::Null),
        ("breaker", json!({"enabled": false})),
        ("slow_start", json!(false)),
        ("lease_ms", json!(999)),
        ("lease_ms", json!(43_200_001)),
        ("type", json!("http")),
        ("type", json!("queue")),
    ] {
        let expected = (422, "invalid_field".to_owned(), Some(name.to_owned()));
        assert_eq!(server.patch(&pull, json!({name: value.clone()})).await.problem(), expected, "{value}");
        if name != "type" {
            let mut fields = json!({"name": "new", "type": "pull"});
            fields[name] = value;
            assert_eq!(server.post(DESTINATIONS, fields).await.problem(), expected);
        }
    }
    for (name, value) in [("lease_ms", json!(30_000)), ("type", json!("pull"))] {
        let refused = server.patch(&http, json!({name: value})).await;
        assert_eq!(refused.problem(), (422, "invalid_field".to_owned(), Some(name.to_owned())));
    }
    let refused = server.patch(&http, json!({"type": "pull"})).await.json();
    assert!(refused["detail"].as_str().unwrap().contains("make another destination"), "{refused}");
}

#[tokio::test]
async fn calls_are_read_strictly() {
    let server = Server::start().await;
    let path = made(&server, "pull").await;
    let lease = "lease_00000000000000000000000000";
    let with = |name: &str, value: Value| {
        let mut fields = json!({"lease_ids": [lease], "lease_ms": 1_000});
        fields[name] = value;
        fields
    };
    let many = vec![lease; 1_001];
    for (call, body, code, field) in [
        ("receive", json!({"max": 0}), "invalid_field", "max"),
        ("receive", json!({"max": 101}), "invalid_field", "max"),
        ("receive", json!({"wait_ms": 20_001}), "invalid_field", "wait_ms"),
        ("receive", json!({"lease_ms": 999}), "invalid_field", "lease_ms"),
        ("receive", json!({"lease_ms": 43_200_001}), "invalid_field", "lease_ms"),
        ("receive", json!({"wait": 1}), "unknown_field", "wait"),
        ("ack", json!({}), "missing_field", "lease_ids"),
        ("ack", json!({"lease_ids": []}), "invalid_field", "lease_ids"),
        ("ack", json!({"lease_ids": many}), "invalid_field", "lease_ids"),
        ("ack", json!({"lease_ids": [lease, "evt_1"]}), "invalid_field", "lease_ids[1]"),
        ("ack", json!({"lease_ids": [lease], "reason": "x"}), "unknown_field", "reason"),
        ("nack", json!({"lease_ids": [lease], "lease_ms": 1}), "unknown_field", "lease_ms"),
        (
            "nack",
            json!({"lease_ids": [lease], "retry_after_ms": 86_400_001}),
            "invalid_field",
            "retry_after_ms",
        ),
        ("nack", json!({"lease_ids": [lease], "reason": "x".repeat(1_025)}), "invalid_field", "reason"),
        ("extend", json!({"lease_ids": [lease]}), "missing_field", "lease_ms"),
        ("extend", with("lease_ms", json!(43_200_001)), "invalid_field", "lease_ms"),
        ("extend", with("lease", json!(1)), "unknown_field", "lease"),
    ] {
        let refused = server.post(&format!("{path}/{call}"), body).await;
        assert_eq!(refused.problem(), (422, code.to_owned(), Some(field.to_owned())), "{call} {field}");
    }
}

#[tokio::test]
async fn who_cannot_be_asked_says_so() {
    let server = Server::start().await;
    let (pull, http) = (made(&server, "pull").await, made(&server, "http").await);
    let body = json!({"lease_ids": ["lease_00000000000000000000000000"]});
    for call in ["receive", "ack", "nack"] {
        let body = if call == "receive" { json!({}) } else { body.clone() };
        let ask = async |path: &str| server.post(&format!("{path}/{call}"), body.clone()).await;
        assert_eq!(ask(&http).await.problem(), (409, "not_a_pull_destination".to_owned(), None));
        let nowhere = ask(&format!("{DESTINATIONS}/dst_0000000000000")).await;
        assert_eq!(nowhere.problem(), (404, "not_found".to_owned(), None));
        // Nobody is there to hand out events.
        let nobody = ask(&pull).await;
        assert_eq!(nobody.problem(), (503, "not_served".to_owned(), None));
        assert_eq!(nobody.header("retry-after"), "1");
    }
}
