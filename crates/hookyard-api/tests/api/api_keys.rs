//! API keys: made, changed, rotated and deleted; their texts are shown once.

use std::time::Duration;

use hookyard_api::server::Options;
use serde_json::{Value, json};

use crate::harness::{Answer, START, Server};

const KEYS: &str = "/api/v1/api_keys";

async fn with_key(server: &Server, key: &str, method: &str, path: &str) -> Answer {
    let (host, bearer) = (server.address.to_string(), format!("Bearer {key}"));
    server.send(method, path, &[("host", &host), ("authorization", &bearer)], "").await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_is_made_used_changed_and_deleted() {
    let server = Server::start().await;
    let made = server.post(KEYS, json!({"name": "ci", "scope": "read"})).await;
    assert_eq!(made.status, 201);
    let key = made.json();
    let (id, generated) = (text(&key["id"]), text(&key["key_generated"]));
    assert_eq!(made.header("location"), format!("{KEYS}/{id}"));
    assert!(generated.starts_with("hky_") && generated.len() == 69, "{generated}");
    assert_eq!(text(&key["hint"]), format!("…{}", &generated[65..]));
    let shown = server.get(&format!("{KEYS}/{id}")).await.ok();
    let expected = json!({
        "id": id, "name": "ci", "scope": "read", "hint": key["hint"], "expires_at": null, "last_used_at": null,
        "previous_valid_until": null, "created_at": "2027-01-15T08:00:00.000Z", "updated_at": "2027-01-15T08:00:00.000Z",
    });
    assert_eq!(shown, expected);

    server.clock.advance(Duration::from_secs(5));
    assert_eq!(with_key(&server, &generated, "GET", "/api/v1/sources").await.status, 200);
    assert_eq!(with_key(&server, &generated, "GET", KEYS).await.problem().1, "scope_missing");
    let changed = json!({"name": "dashboards", "scope": "admin", "expires_at": "2027-01-15T09:00:00Z"});
    let changed = server.patch(&format!("{KEYS}/{id}"), changed).await.ok();
    assert_eq!(
        (&changed["name"], &changed["last_used_at"]),
        (&json!("dashboards"), &json!("2027-01-15T08:00:05.000Z"))
    );
    let list = with_key(&server, &generated, "GET", KEYS).await.ok();
    assert_eq!((list["data"].as_array().unwrap().len(), &list["data"][0]["scope"]), (1, &json!("admin")));
    server.clock.advance(Duration::from_secs(3600));
    assert_eq!(with_key(&server, &generated, "GET", KEYS).await.problem().1, "unauthorized");
    server.patch(&format!("{KEYS}/{id}"), json!({"expires_at": null})).await.ok();
    assert_eq!(with_key(&server, &generated, "GET", KEYS).await.status, 200);

    assert_eq!(server.delete(&format!("{KEYS}/{id}")).await.status, 204);
    assert_eq!(with_key(&server, &generated, "GET", KEYS).await.status, 401);
    assert_eq!(server.get(&format!("{KEYS}/{id}")).await.status, 404);
    assert_eq!(server.times_shown(&generated), 1, "in the answer that made it, and in no other");
}

#[tokio::test]
async fn a_rotated_key_has_two_texts_for_a_while() {
    let server = Server::start().await;
    let made = server.post(KEYS, json!({"name": "ci", "scope": "read"})).await.ok();
    let (id, old) = (text(&made["id"]), text(&made["key_generated"]));
    let rotated = server.post(&format!("{KEYS}/{id}/rotate"), json!({"overlap_ms": 60_000})).await.ok();
    let new = text(&rotated["key_generated"]);
    assert_eq!(rotated["previous_valid_until"], "2027-01-15T08:01:00.000Z");
    assert_ne!((&old, &made["hint"]), (&new, &rotated["hint"]));
    for key in [&old, &new] {
        assert_eq!(with_key(&server, key, "GET", "/api/v1/sources").await.status, 200);
    }
    server.clock.advance(Duration::from_secs(60));
    assert!(server.clock.now() > START);
    assert_eq!(with_key(&server, &old, "GET", "/api/v1/sources").await.status, 401);
    assert_eq!(with_key(&server, &new, "GET", "/api/v1/sources").await.status, 200);
    assert_eq!(server.get(&format!("{KEYS}/{id}")).await.ok()["previous_valid_until"], Value::Null);
    let by_default = server.call("POST", &format!("{KEYS}/{id}/rotate"), None).await.ok();
    assert_eq!(by_default["previous_valid_until"], "2027-01-16T08:01:00.000Z");
    let long = server.post(&format!("{KEYS}/{id}/rotate"), json!({"overlap_ms": 2_592_000_001_u64})).await;
    assert_eq!(long.problem(), (422, "invalid_field".to_owned(), Some("overlap_ms".to_owned())));
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_named() {
    let server = Server::start().await;
    server.post(KEYS, json!({"name": "ci", "scope": "read"})).await.ok();
    for (body, code, field) in [
        (json!({"scope": "read"}), "missing_field", "name"),
        (json!({"name": "x"}), "missing_field", "scope"),
        (json!({"name": "x", "scope": "root"}), "invalid_field", "scope"),
        (json!({"name": "x y", "scope": "read"}), "invalid_field", "name"),
        (json!({"name": "ci", "scope": "read"}), "name_taken", "name"),
        (json!({"name": "x", "scope": "read", "expires_at": "tomorrow"}), "invalid_field", "expires_at"),
        (
            json!({"name": "x", "scope": "read", "expires_at": "2026-01-15T08:00:00Z"}),
            "invalid_field",
            "expires_at",
        ),
        (json!({"name": "x", "scope": "read", "key": "mine"}), "unknown_field", "key"),
    ] {
        let (_, found, named) = server.post(KEYS, body.clone()).await.problem();
        assert_eq!((found.as_str(), named.as_deref()), (code, Some(field)), "{body}");
    }
}

/// Where nothing but API keys lets anybody in, the last one of the scope admin stays.
#[tokio::test]
async fn nobody_locks_everybody_out() {
    let server = Server::beyond_loopback(Options::default()).await;
    let first = server.seed_key("first").await;
    let second = {
        let made = server
            .as_key(&first.text, "POST", KEYS, Some(&json!({"name": "second", "scope": "operate"})))
            .await;
        text(&made.ok()["id"])
    };
    let path = format!("{KEYS}/{}", first.id);
    for (method, body) in [("DELETE", None), ("PATCH", Some(json!({"scope": "operate"})))] {
        let refused = server.as_key(&first.text, method, &path, body.as_ref()).await;
        assert_eq!(refused.problem().1, "last_admin_key", "{method}");
    }
    let promoted = json!({"scope": "admin"});
    server.as_key(&first.text, "PATCH", &format!("{KEYS}/{second}"), Some(&promoted)).await.ok();
    assert_eq!(server.as_key(&first.text, "DELETE", &path, None).await.status, 204);
}
