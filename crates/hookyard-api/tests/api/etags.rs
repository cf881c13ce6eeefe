//! Tags: what a caller knows is not sent once more, and nobody overwrites what they have not seen.

use serde_json::{Value, json};

use crate::harness::{Answer, Server};

async fn conditional(
    server: &Server,
    method: &str,
    path: &str,
    condition: (&str, &str),
    body: Option<Value>,
) -> Answer {
    let host = server.address.to_string();
    let mut headers = vec![("host", host.as_str()), condition];
    headers.extend(body.as_ref().map(|_| ("content-type", "application/json")));
    server.send(method, path, &headers, body.map(|it| it.to_string()).unwrap_or_default()).await
}

/// One of each kind: its path, and two changes.
async fn things(server: &Server) -> Vec<(String, Value, Value)> {
    let source = server.create("/api/v1/sources", json!({"name": "in", "provider": "none"})).await;
    let destination =
        server.create("/api/v1/destinations", json!({"name": "out", "url": "https://example.com/"})).await;
    let joined = json!({"name": "joined", "source_id": source, "destination_id": destination});
    let connection = server.create("/api/v1/connections", joined).await;
    let channel = json!({"type": "webhook", "url": "https://example.com/"});
    let alert = server.create("/api/v1/alerts", json!({"name": "us", "channel": channel})).await;
    let key = server.create("/api/v1/api_keys", json!({"name": "ci", "scope": "read"})).await;
    let named = |path: String| (path, json!({"name": "one"}), json!({"name": "two"}));
    vec![
        named(format!("/api/v1/connections/{connection}")),
        named(format!("/api/v1/sources/{source}")),
        named(format!("/api/v1/destinations/{destination}")),
        named(format!("/api/v1/alerts/{alert}")),
        named(format!("/api/v1/api_keys/{key}")),
    ]
}

#[tokio::test]
async fn what_is_known_is_not_shown_once_more() {
    let server = Server::start().await;
    for (path, change, _) in things(&server).await {
        let shown = server.get(&path).await;
        let tag = shown.header("etag").to_owned();
        assert!(tag.len() == 35 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        for known in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
            let answer = conditional(&server, "GET", &path, ("if-none-match", &known), None).await;
            assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0), "{path} {known}");
            assert_eq!(answer.header("etag"), tag);
        }
        let changed = server.patch(&path, change).await;
        assert_ne!(changed.header("etag"), tag);
        let answer = conditional(&server, "GET", &path, ("if-none-match", &tag), None).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, changed.header("etag")), "{path}");
        assert_eq!(answer.json(), changed.json());
    }
}

#[tokio::test]
async fn a_change_is_made_to_what_the_caller_has_seen_or_not_at_all() {
    let server = Server::start().await;
    for (path, one, two) in things(&server).await {
        let seen = server.get(&path).await.header("etag").to_owned();
        let changed = conditional(&server, "PATCH", &path, ("if-match", &seen), Some(one)).await;
        assert_eq!(changed.status, 200, "{path} {changed:?}");
        for stale in [seen.as_str(), "\"x\"", "W/\"x\"", ""] {
            for (method, body) in [("PATCH", Some(two.clone())), ("DELETE", None)] {
                let refused = conditional(&server, method, &path, ("if-match", stale), body).await;
                assert_eq!(
                    refused.problem(),
                    (412, "precondition_failed".to_owned(), None),
                    "{method} {path} {stale}"
                );
            }
        }
        assert_eq!(server.get(&path).await.ok()["name"], "one");
        let known = changed.header("etag");
        let known = format!("\"x\", {known}");
        let deleted = conditional(&server, "DELETE", &path, ("if-match", &known), None).await;
        assert_eq!(deleted.status, 204, "{path} {deleted:?}");
        let gone = conditional(&server, "DELETE", &path, ("if-match", &known), None).await;
        assert_eq!(gone.status, 404, "{path}");
    }
}

#[tokio::test]
async fn pausing_and_rotating_have_conditions_too() {
    let server = Server::start().await;
    let destination =
        server.create("/api/v1/destinations", json!({"name": "out", "url": "https://example.com/"})).await;
    let key = server.create("/api/v1/api_keys", json!({"name": "ci", "scope": "read"})).await;
    for path in [
        format!("/api/v1/destinations/{destination}/pause"),
        format!("/api/v1/destinations/{destination}/resume"),
        format!("/api/v1/destinations/{destination}/rotate-secret"),
        format!("/api/v1/api_keys/{key}/rotate"),
    ] {
        let refused = conditional(&server, "POST", &path, ("if-match", "\"x\""), None).await;
        assert_eq!(refused.problem().1, "precondition_failed", "{path}");
        let (thing, _) = path.rsplit_once('/').unwrap();
        let seen = server.get(thing).await.header("etag").to_owned();
        server.clock.advance(std::time::Duration::from_millis(1));
        let done = conditional(&server, "POST", &path, ("if-match", &seen), None).await;
        assert_eq!(done.status, 200, "{path} {done:?}");
        assert_ne!(done.header("etag"), seen, "{path}");
    }
}

/// What happens by itself changes what is shown, and hinders nobody who edits.
#[tokio::test]
async fn a_use_of_a_key_changes_the_second_half_only() {
    let server = Server::start().await;
    let made = server.post("/api/v1/api_keys", json!({"name": "ci", "scope": "read"})).await.ok();
    let path = format!("/api/v1/api_keys/{}", made["id"].as_str().unwrap());
    let before = server.get(&path).await.header("etag").to_owned();
    server.as_key(made["key_generated"].as_str().unwrap(), "GET", "/api/v1/sources", None).await.ok();
    let after = server.get(&path).await.header("etag").to_owned();
    assert_ne!(before, after);
    assert_eq!(before.split('.').next(), after.split('.').next());
    let seen = conditional(&server, "PATCH", &path, ("if-match", &before), Some(json!({"name": "x"}))).await;
    assert_eq!(seen.status, 200, "{seen:?}");
}
