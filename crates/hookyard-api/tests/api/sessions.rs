//! Logins of the dashboard: begun with a key, ended with it, and slowed where the key is wrong.

use std::time::Duration;

use hookyard_api::server::{Logins, Options};
use hookyard_model::secret::Secret;
use serde_json::{Value, json};

use crate::harness::{Answer, Server};

const KEY: &str = "the-admin-key-of-this-test";

async fn with_cookie(server: &Server, method: &str, path: &str, cookie: &str) -> Answer {
    let host = server.address.to_string();
    let origin = format!("http://{host}");
    let headers = [("host", host.as_str()), ("origin", &origin), ("cookie", cookie)];
    server.send(method, path, &headers, "").await
}

async fn shown(server: &Server, cookie: &str) -> Value {
    with_cookie(server, "GET", "/api/v1/session", cookie).await.ok()
}

#[tokio::test]
async fn a_session_is_begun_shown_and_ended() {
    let server = Server::with_key(KEY).await;
    let nobody = json!({"login_required": true, "scope": null, "actor": null, "expires_at": null});
    assert_eq!(shown(&server, "").await, nobody);
    let answer = server.anonymous("POST", "/api/v1/session", Some(&json!({"key": KEY}))).await;
    let begun = answer.ok();
    assert_eq!(begun["actor"], json!({"type": "admin_key", "id": null, "name": null}));
    assert_eq!(
        (&begun["scope"], &begun["expires_at"]),
        (&json!("admin"), &json!("2027-01-15T20:00:00.000Z"))
    );
    let set = answer.header("set-cookie");
    let (cookie, attributes) = set.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=43200; HttpOnly; SameSite=Strict");
    let cookie = cookie.to_owned();
    let known = shown(&server, &format!("theme=dark; {cookie}")).await;
    assert_eq!((&known["scope"], &known["expires_at"]), (&begun["scope"], &begun["expires_at"]));

    let ended = with_cookie(&server, "DELETE", "/api/v1/session", &cookie).await;
    assert_eq!(ended.status, 204);
    assert!(ended.header("set-cookie").starts_with("hookyard_session=; Path=/; Max-Age=0;"), "{ended:?}");
    assert_eq!(shown(&server, &cookie).await, nobody);
    assert_eq!(with_cookie(&server, "GET", "/api/v1/sources", &cookie).await.status, 401);
    assert_eq!(with_cookie(&server, "DELETE", "/api/v1/session", &cookie).await.status, 204);
    assert_eq!(server.times_shown(KEY), 0);
}

#[tokio::test]
async fn on_loopback_nobody_has_to_log_in() {
    let server = Server::start().await;
    let local = server.get("/api/v1/session").await.ok();
    let expected = json!({
        "login_required": false,
        "scope": "admin",
        "actor": {"type": "local", "id": null, "name": null},
        "expires_at": null,
    });
    assert_eq!(local, expected);
    // A cookie from before lets in nobody, and hinders nobody.
    assert_eq!(with_cookie(&server, "GET", "/api/v1/sources", "hookyard_session=old").await.status, 200);
}

#[tokio::test]
async fn a_session_ends_with_its_time_its_key_and_a_new_login() {
    let server = Server::with_key(KEY).await;
    let key = async |name: &str| {
        let made = server.post("/api/v1/api_keys", json!({"name": name, "scope": "operate"})).await.ok();
        (made["id"].as_str().unwrap().to_owned(), made["key_generated"].as_str().unwrap().to_owned())
    };
    let is_in = async |cookie: &str| shown(&server, cookie).await["scope"] != Value::Null;
    let ((deleted, deleted_text), (rotated, rotated_text)) = (key("deleted").await, key("rotated").await);
    let (one, other) = (server.log_in(&deleted_text).await, server.log_in(&rotated_text).await);
    let name = &shown(&server, &one).await["actor"];
    assert_eq!(name, &json!({"type": "api_key", "id": deleted, "name": "deleted"}));

    // What a key may do is asked at each call.
    server.patch(&format!("/api/v1/api_keys/{deleted}"), json!({"scope": "read"})).await.ok();
    assert_eq!(shown(&server, &one).await["scope"], "read");
    server.delete(&format!("/api/v1/api_keys/{deleted}")).await;
    server.post(&format!("/api/v1/api_keys/{rotated}/rotate"), json!({"overlap_ms": 60_000})).await.ok();
    assert!(!is_in(&one).await && !is_in(&other).await, "though the old text is still taken as a key");

    let first = server.log_in(KEY).await;
    let host = server.address.to_string();
    let origin = format!("http://{host}");
    let headers = [
        ("host", host.as_str()),
        ("origin", &origin),
        ("cookie", &first),
        ("content-type", "application/json"),
    ];
    let again = server.send("POST", "/api/v1/session", &headers, json!({"key": KEY}).to_string()).await;
    let again = again.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(!is_in(&first).await && is_in(&again).await, "a login takes the place of the one before");
    server.clock.advance(Duration::from_secs(12 * 3600));
    assert!(!is_in(&again).await);
}

#[tokio::test]
async fn wrong_keys_are_noted_and_many_are_refused() {
    let logins = Logins { failures_per_minute_max: 3, failure_delay: Duration::ZERO, ..Logins::default() };
    let server =
        Server::with(Options { admin_key: Some(Secret::new(KEY)), logins, ..Options::default() }).await;
    let made = server.post("/api/v1/api_keys", json!({"name": "ci", "scope": "read"})).await.ok();
    let log_in =
        async |key: &str| server.anonymous("POST", "/api/v1/session", Some(&json!({"key": key}))).await;
    for _ in 0..3 {
        assert_eq!(log_in("a-guess-of-somebody").await.problem().1, "unauthorized");
    }
    let refused = log_in("a-guess-of-somebody").await;
    assert_eq!(refused.problem().1, "too_many_failures");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(log_in(KEY).await.status, 429, "or the answers would tell which key is right");
    assert_eq!(log_in(made["key_generated"].as_str().unwrap()).await.status, 200);
    server.clock.advance(Duration::from_secs(60));
    assert_eq!(log_in(KEY).await.status, 200);

    let entries = server.get("/api/v1/audit_entries?resource_type=session").await.ok();
    let told: Vec<_> =
        entries["data"].as_array().unwrap().iter().map(|it| (&it["action"], &it["actor"]["type"])).collect();
    let (failed, login) = (json!("session.login_failed"), json!("session.login"));
    let (unknown, admin, api_key) = (json!("unknown"), json!("admin_key"), json!("api_key"));
    let expected =
        [(&login, &admin), (&login, &api_key), (&failed, &unknown), (&failed, &unknown), (&failed, &unknown)];
    assert_eq!(told, expected);
    assert_eq!(entries["data"][0]["remote"], "127.0.0.1");
    assert_eq!(server.times_shown("a-guess-of"), 0);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_caller_counts_for_themselves() {
    let start = async |trusted: &str| {
        let logins = Logins {
            failures_per_minute_max: 2,
            failure_delay: Duration::ZERO,
            trusted_proxies: vec![trusted.parse().unwrap()],
            ..Logins::default()
        };
        Server::with(Options { admin_key: Some(Secret::new(KEY)), logins, ..Options::default() }).await
    };
    let log_in = async |server: &Server, forwarded_for: &str, key: &str| {
        let host = server.address.to_string();
        let headers = [
            ("host", host.as_str()),
            ("content-type", "application/json"),
            ("x-forwarded-for", forwarded_for),
        ];
        server
            .send("POST", "/api/v1/session", &headers, json!({"key": key}).to_string())
            .await
            .status
            .as_u16()
    };
    let server = start("127.0.0.0/8").await;
    for made_up in ["203.0.113.1, ", "203.0.113.2, "] {
        assert_eq!(log_in(&server, &format!("{made_up}192.0.2.7"), "a-guess").await, 401);
    }
    assert_eq!(log_in(&server, "203.0.113.3, 192.0.2.7", KEY).await, 429);
    assert_eq!(log_in(&server, "192.0.2.7, 192.0.2.8", KEY).await, 200);
    let entries = server.get("/api/v1/audit_entries?limit=2").await.ok();
    let told: Vec<_> = entries["data"].as_array().unwrap().iter().map(|it| &it["remote"]).collect();
    assert_eq!(told, [&json!("192.0.2.8"), &json!("192.0.2.7")]);

    let server = start("192.0.2.0/24").await;
    for address in ["192.0.2.7", "192.0.2.8"] {
        assert_eq!(log_in(&server, address, "a-guess").await, 401);
    }
    assert_eq!(log_in(&server, "192.0.2.9", KEY).await, 429, "whoever is no proxy is believed nothing");
}

#[tokio::test]
async fn a_login_needs_a_key_and_is_no_form() {
    let server = Server::with_key(KEY).await;
    for body in [json!({}), json!({"key": ""}), json!({"key": null})] {
        let answer = server.anonymous("POST", "/api/v1/session", Some(&body)).await;
        assert_eq!(answer.problem(), (422, "missing_field".to_owned(), Some("key".to_owned())), "{body}");
    }
    let host = server.address.to_string();
    let form = [("host", host.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(server.send("POST", "/api/v1/session", &form, format!("key={KEY}")).await.status, 415);
}
