//! The audit log over the API: who did what, through every endpoint that changes something, without a secret.

use hookyard_model::access::Actor;
use hookyard_model::event::EventState;
use hookyard_model::source::Verification;
use hookyard_store::catalog::audit::Author;
use hookyard_store::catalog::{Declared, NewSource};
use serde_json::{Value, json};

use crate::harness::Server;
use crate::traffic::{Yard, refused};

const SECRETS: [&str; 4] =
    ["verification-secret", "a password 4711", "the-webhook-secret-of-this", "an-env-secret"];

async fn entries(server: &Server, query: &str) -> Vec<Value> {
    let list = server.get(&format!("/api/v1/audit_entries{query}")).await.ok();
    list["data"].as_array().unwrap().clone()
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// Everything that changes the configuration, by an API key; what each call is called.
async fn change_everything(server: &Server, key: &str) -> Vec<(&'static str, String)> {
    let mut done = Vec::new();
    let call = async |method: &str, path: &str, body: Value| {
        let answer = server.as_key(key, method, path, (!body.is_null()).then_some(&body)).await;
        assert!(answer.status.is_success(), "{method} {path} {answer:?}");
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    };
    let source = json!({"name": "in", "provider": "github", "secrets": [SECRETS[0]]});
    let source = id(&call("POST", "/api/v1/sources", source).await);
    let auth = json!({"kind": "basic", "username": "me", "password": SECRETS[1]});
    let destination = json!({"name": "out", "url": "https://example.com/", "auth": auth});
    let destination = id(&call("POST", "/api/v1/destinations", destination).await);
    let rule =
        json!({"type": "transform", "code": "export default (it) => it", "env": {"TOKEN": SECRETS[3]}});
    let connection =
        json!({"name": "joined", "source_id": source, "destination_id": destination, "rules": [rule]});
    let connection = id(&call("POST", "/api/v1/connections", connection).await);
    let alert = json!({"name": "us", "channel": {"type": "slack", "url": "https://hooks.example/the-webhook-secret-of-this"}});
    let alert = id(&call("POST", "/api/v1/alerts", alert).await);
    let made = id(&call("POST", "/api/v1/api_keys", json!({"name": "made", "scope": "read"})).await);
    for (action, thing) in [
        ("source.create", &source),
        ("destination.create", &destination),
        ("connection.create", &connection),
        ("alert.create", &alert),
        ("api_key.create", &made),
    ] {
        done.push((action, thing.clone()));
    }
    let api = |path: &str| format!("/api/v1/{path}");
    for (action, method, path, body, thing) in [
        ("source.update", "PATCH", api(&format!("sources/{source}")), json!({"methods": ["POST"]}), &source),
        (
            "destination.update",
            "PATCH",
            api(&format!("destinations/{destination}")),
            json!({"timeout_ms": 5}),
            &destination,
        ),
        (
            "destination.pause",
            "POST",
            api(&format!("destinations/{destination}/pause")),
            Value::Null,
            &destination,
        ),
        (
            "destination.resume",
            "POST",
            api(&format!("destinations/{destination}/resume")),
            Value::Null,
            &destination,
        ),
        (
            "destination.rotate_secret",
            "POST",
            api(&format!("destinations/{destination}/rotate-secret")),
            Value::Null,
            &destination,
        ),
        (
            "connection.update",
            "PATCH",
            api(&format!("connections/{connection}")),
            json!({"enabled": false}),
            &connection,
        ),
        ("alert.update", "PATCH", api(&format!("alerts/{alert}")), json!({"enabled": false}), &alert),
        ("api_key.update", "PATCH", api(&format!("api_keys/{made}")), json!({"scope": "operate"}), &made),
        ("api_key.rotate", "POST", api(&format!("api_keys/{made}/rotate")), Value::Null, &made),
        ("api_key.delete", "DELETE", api(&format!("api_keys/{made}")), Value::Null, &made),
        ("alert.delete", "DELETE", api(&format!("alerts/{alert}")), Value::Null, &alert),
        ("connection.delete", "DELETE", api(&format!("connections/{connection}")), Value::Null, &connection),
        (
            "destination.delete",
            "DELETE",
            api(&format!("destinations/{destination}")),
            Value::Null,
            &destination,
        ),
        ("source.delete", "DELETE", api(&format!("sources/{source}")), Value::Null, &source),
    ] {
        call(method, &path, body).await;
        done.push((action, thing.clone()));
    }
    done
}

#[tokio::test]
async fn every_change_of_the_configuration_is_its_callers() {
    let server = Server::start().await;
    let key = server.seed_key("operator").await;
    let done = change_everything(&server, &key.text).await;
    let by_key = format!("?limit=250&actor_id={}", key.id);
    let mut told = entries(&server, &by_key).await;
    told.reverse();
    let seen: Vec<_> =
        told.iter().map(|it| (it["action"].as_str().unwrap(), it["resource_id"].as_str().unwrap())).collect();
    let expected: Vec<_> = done.iter().map(|(action, id)| (*action, id.as_str())).collect();
    assert_eq!(seen, expected);
    for entry in &told {
        assert_eq!(entry["actor"], json!({"type": "api_key", "id": key.id, "name": "operator"}));
        assert_eq!(
            (&entry["remote"], &entry["at"]),
            (&json!("127.0.0.1"), &json!("2027-01-15T08:00:00.000Z"))
        );
        assert!(!entry["changes"].as_array().unwrap().is_empty(), "{entry}");
        let kind = entry["action"].as_str().unwrap().split('.').next().unwrap();
        assert_eq!(entry["resource_type"], kind);
    }
    // Nothing else was done but making the key that did it.
    assert_eq!(entries(&server, "?actor_type=system").await.len(), 1);
    for secret in SECRETS {
        assert_eq!(server.times_shown(secret), 0, "{secret}");
    }
    assert_eq!(server.times_shown(&key.text), 0);
}

#[tokio::test]
async fn an_entry_shows_what_is_different() {
    let server = Server::start().await;
    let source = json!({"name": "in", "provider": "github", "secrets": [SECRETS[0]]});
    let source = server.create("/api/v1/sources", source).await;
    let path = format!("/api/v1/sources/{source}");
    server.patch(&path, json!({"name": "inbox", "methods": ["POST"]})).await.ok();
    // The same end, which is all that is shown of a secret.
    server.patch(&path, json!({"secrets": [format!("another-{}", SECRETS[0])]})).await.ok();
    server.patch(&path, json!({})).await.ok();
    let [secret, renamed, made] = &entries(&server, &format!("?resource_id={source}")).await[..] else {
        panic!()
    };
    let expected = json!([
        {"field": "methods", "from": [], "to": ["POST"]},
        {"field": "name", "from": "in", "to": "inbox"},
    ]);
    assert_eq!(renamed["changes"], expected);
    let hints = json!([{"hint": "…cret"}]);
    assert_eq!(secret["changes"], json!([{"field": "secrets", "from": hints, "to": hints}]));
    assert_eq!(
        made["changes"].as_array().unwrap().iter().find(|it| it["field"] == "name").unwrap()["to"],
        "in"
    );
    assert_eq!(made["actor"]["type"], "local");
    for (query, field) in
        [("?actor_type=king", "actor_type"), ("?action=", "action"), ("?after=aud_0", "after")]
    {
        let answer = server.get(&format!("/api/v1/audit_entries{query}")).await.problem();
        assert_eq!((answer.0, answer.2.as_deref()), (422, Some(field)), "{query}");
    }
    let (rows, pages) = server.pages("/api/v1/audit_entries", "before", 2).await;
    assert_eq!((rows.len(), pages), (3, 2));
}

#[tokio::test]
async fn actions_on_events_and_issues_are_noted_where_they_succeed() {
    let server = Server::start().await;
    let key = server.seed_key("operator").await;
    let mut yard = Yard::lay_out(&server).await;
    let event = yard.event(&server).await;
    yard.attempt(&server, refused(), EventState::Failed).await;
    for action in ["retry", "cancel", "cancel"] {
        server.as_key(&key.text, "POST", &format!("/api/v1/events/{event}/{action}"), None).await;
    }
    let order = json!({"action": "retry", "query": {}});
    let bulk = server.as_key(&key.text, "POST", "/api/v1/bulk_operations", Some(&order)).await.ok();
    let told = entries(&server, &format!("?actor_id={}", key.id)).await;
    let seen: Vec<_> = told.iter().map(|it| (it["action"].clone(), it["resource_id"].clone())).collect();
    let expected = [
        (json!("bulk_operation.start"), bulk["id"].clone()),
        (json!("event.cancel"), json!(event.to_string())),
        (json!("event.retry"), json!(event.to_string())),
    ];
    assert_eq!(seen, expected, "the second cancelling was refused");
    let changes = json!([
        {"field": "action", "from": null, "to": "retry"},
        {"field": "include_successful", "from": null, "to": false},
        {"field": "query", "from": null, "to": {}},
    ]);
    assert_eq!(told[0]["changes"], changes);
}

#[tokio::test]
async fn what_a_document_changes_is_its_callers() {
    let server = Server::with_key("the-admin-key-of-this-test").await;
    let key = server.seed_key("deployer").await;
    let document = |timeout_ms: u64| {
        json!({
            "sources": [{"name": "in", "provider": "none"}],
            "destinations": [{"name": "out", "url": "https://example.com/", "timeout_ms": timeout_ms}],
            "connections": [{"name": "joined", "source": "in", "destination": "out"}],
            "alerts": [{"name": "us", "channel": {"type": "slack", "url": "https://hooks.example/of-this"}}],
        })
    };
    let path = "/api/v1/configuration/apply";
    server.as_key(&key.text, "POST", path, Some(&document(1_000))).await.ok();
    let actor = json!({"type": "api_key", "id": key.id, "name": "deployer"});
    let told = entries(&server, &format!("?actor_id={}", key.id)).await;
    let mut seen: Vec<_> = told.iter().map(|it| it["action"].as_str().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["alert.create", "connection.create", "destination.create", "source.create"]);
    assert!(told.iter().all(|it| it["actor"] == actor && it["remote"] == "127.0.0.1"), "{told:?}");

    // A plan leaves nothing, and a session is its key's.
    server.as_key(&key.text, "POST", "/api/v1/configuration/plan", Some(&document(2_000))).await.ok();
    let (host, cookie) = (server.address.to_string(), server.log_in(&key.text).await);
    let headers = [
        ("host", host.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("cookie", &cookie),
        ("content-type", "application/json"),
    ];
    let mut pruned = document(3_000);
    pruned["prune"] = json!(true);
    pruned["alerts"] = json!([]);
    server.send("POST", path, &headers, pruned.to_string()).await.ok();
    let told = entries(&server, "?limit=3").await;
    let seen: Vec<_> = told.iter().map(|it| (it["action"].as_str().unwrap(), &it["actor"])).collect();
    assert_eq!(seen, [("alert.delete", &actor), ("destination.update", &actor), ("session.login", &actor)]);
}

#[tokio::test]
async fn the_configuration_file_is_an_actor() {
    let server = Server::start().await;
    let by_file = Author { actor: Actor::File, remote: None, action: None };
    let catalog = server.store.catalog().by(by_file);
    let source = server.create("/api/v1/sources", json!({"name": "in", "provider": "none"})).await;
    let taken = NewSource {
        name: "in".to_owned(),
        token: None,
        public_url: None,
        verification: Verification { provider: "none".to_owned(), ..Default::default() },
        methods: Vec::new(),
        answer: None,
    };
    let declared = Declared { sources: vec![taken], ..Declared::default() };
    catalog.apply_file(server.project(), declared.clone()).await.unwrap();
    catalog.apply_file(server.project(), declared).await.unwrap();
    let [entry] = &entries(&server, "?actor_type=file").await[..] else { panic!() };
    assert_eq!((&entry["action"], &entry["resource_id"]), (&json!("source.update"), &json!(source)));
    assert_eq!(entry["changes"], json!([{"field": "managed_by", "from": "api", "to": "file"}]));
    assert_eq!(entry["remote"], Value::Null);
}
