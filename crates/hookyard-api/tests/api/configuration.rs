//! Sources, destinations and connections: made, shown, changed, listed, refused, deleted.

use std::time::Duration;

use hookyard_model::connection::DisableCause;
use hookyard_model::destination::{Http, Reach};
use hookyard_model::id::SourceId;
use hookyard_model::pacing::Pacing;
use hookyard_model::retry::Retry;
use hookyard_model::secret::Secret;
use hookyard_model::source::Verification;
use hookyard_store::catalog::{Declared, DeclaredConnection, NewDestination, NewSource};
use serde_json::{Value, json};

use crate::harness::Server;

const SOURCES: &str = "/api/v1/sources";
const DESTINATIONS: &str = "/api/v1/destinations";
const CONNECTIONS: &str = "/api/v1/connections";

async fn joined(server: &Server) -> (String, String, String) {
    let source = server.create(SOURCES, json!({"name": "in", "provider": "none"})).await;
    let destination = server.create(DESTINATIONS, json!({"name": "out", "url": "http://127.0.0.1:1/"})).await;
    let connection = json!({"name": "in-out", "source_id": source, "destination_id": destination});
    let connection = server.create(CONNECTIONS, connection).await;
    (source, destination, connection)
}

/// What is the same in `value` as in `expected`, for every field of `expected`.
fn assert_fields(value: &Value, expected: &Value) {
    for (name, expected) in expected.as_object().unwrap() {
        assert_eq!(&value[name], expected, "`{name}` of {value}");
    }
}

#[tokio::test]
async fn a_source_lives_its_life() {
    let server = Server::start().await;
    let body = json!({
        "name": "github", "provider": "github", "secrets": ["a-long-enough-secret-1234"],
        "methods": ["POST"], "token": "tok", "answer": {"content_type": "text/plain", "body": "ok"},
    });
    let created = server.post(SOURCES, body).await;
    let source = created.ok();
    let path = format!("{SOURCES}/{}", source["id"].as_str().unwrap());
    assert_eq!((created.status.as_u16(), created.header("location")), (201, path.as_str()));
    assert_fields(
        &source,
        &json!({
            "name": "github", "token": "tok", "url": "http://127.0.0.1:4400/tok", "provider": "github",
            "secrets": [{"hint": "…1234"}], "settings": {}, "methods": ["POST"],
            "answer": {"status": 200, "content_type": "text/plain", "body": "ok"},
            "managed_by": "api", "created_at": "2027-01-15T08:00:00.000Z",
            "updated_at": "2027-01-15T08:00:00.000Z",
        }),
    );
    assert_eq!(server.get(&path).await.ok(), source);

    server.clock.advance(Duration::from_millis(1_500));
    let change = json!({
        "provider": "hmac", "settings": {"header": "x-sig"}, "methods": null,
        "answer": {"status": 202, "content_type": null},
    });
    let changed = server.patch(&path, change).await.ok();
    assert_fields(
        &changed,
        &json!({
            "id": source["id"], "name": "github", "token": "tok", "secrets": [{"hint": "…1234"}],
            "provider": "hmac", "settings": {"header": "x-sig"}, "methods": [],
            "answer": {"status": 202, "content_type": null, "body": "ok"},
            "created_at": source["created_at"], "updated_at": "2027-01-15T08:00:01.500Z",
        }),
    );
    let change = json!({"settings": {"header": "x-other", "prefix": "v1="}, "answer": null});
    let changed = server.patch(&path, change).await.ok();
    assert_fields(&changed, &json!({"settings": {"header": "x-other", "prefix": "v1="}, "answer": null}));
    let changed = server.patch(&path, json!({"settings": {"prefix": null}})).await.ok();
    assert_fields(&changed, &json!({"settings": {"header": "x-other"}}));
    let change = json!({"provider": "none", "settings": null, "secrets": null});
    assert_fields(&server.patch(&path, change).await.ok(), &json!({"settings": {}, "secrets": []}));

    assert_eq!(server.delete(&path).await.status, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(server.call(method, &path, None).await.problem().1, "not_found");
    }
    assert_eq!(server.patch(&path, json!({})).await.problem().0, 404);
}

#[tokio::test]
async fn a_destination_lives_its_life() {
    let server = Server::start().await;
    let created = server.post(DESTINATIONS, json!({"name": "app", "url": "https://example.com/hooks"})).await;
    let destination = created.ok();
    let path = format!("{DESTINATIONS}/{}", destination["id"].as_str().unwrap());
    assert_eq!((created.status.as_u16(), created.header("location")), (201, path.as_str()));
    assert_fields(
        &destination,
        &json!({
            "name": "app", "url": "https://example.com/hooks", "append_path": false, "timeout_ms": 30_000,
            "http_version": "auto",
            "managed_by": "api",
        }),
    );
    let change = json!({"append_path": true, "timeout_ms": 1_500, "concurrency": 3, "http_version": "1.1"});
    let changed = server.patch(&path, change.clone()).await.ok();
    assert_fields(&changed, &change);
    assert_eq!(changed["signing_secrets"], destination["signing_secrets"]);
    assert_eq!(server.patch(&path, json!({"http_version": "3"})).await.problem().0, 422);
    let reset = json!({"append_path": null, "timeout_ms": null, "concurrency": null, "http_version": null});
    let changed = server.patch(&path, reset).await.ok();
    for name in ["append_path", "timeout_ms", "concurrency", "http_version"] {
        assert_eq!(changed[name], destination[name], "{name}");
    }
    assert_eq!(server.get(&path).await.ok()["url"], "https://example.com/hooks");
    assert_eq!(server.delete(&path).await.status, 204);
    assert_eq!(server.get(&path).await.problem().0, 404);
}

#[tokio::test]
async fn a_connection_lives_its_life() {
    let server = Server::start().await;
    let (source, destination, id) = joined(&server).await;
    let path = format!("{CONNECTIONS}/{id}");
    let connection = server.get(&path).await.ok();
    assert_fields(
        &connection,
        &json!({
            "name": "in-out", "source_id": source, "destination_id": destination, "enabled": true,
            "disabled": null, "managed_by": "api",
            "retry": {"schedule": "exponential", "first_ms": 5_000, "factor_percent": 300,
                      "max_ms": 43_200_000, "retries": 14, "retry_on": [], "give_up_on": [],
                      "max_age_ms": null},
        }),
    );
    let change = json!({"enabled": false, "retry": {"schedule": "custom", "waits_ms": [1_000, 60_000]}});
    let changed = server.patch(&path, change).await.ok();
    assert_fields(
        &changed,
        &json!({
            "enabled": false, "disabled": {"cause": "by_hand", "at": "2027-01-15T08:00:00.000Z"},
            "retry": {"schedule": "custom", "waits_ms": [1_000, 60_000], "retry_on": [], "give_up_on": [],
                      "max_age_ms": null},
        }),
    );
    let changed = server.patch(&path, json!({"enabled": null, "retry": null})).await.ok();
    for name in ["enabled", "disabled", "retry"] {
        assert_eq!(changed[name], connection[name], "{name}");
    }

    for (path, noun) in [(SOURCES, &source), (DESTINATIONS, &destination)] {
        let refused = server.delete(&format!("{path}/{noun}")).await;
        assert_eq!(refused.problem(), (409, "in_use".to_owned(), None));
        assert!(refused.json()["detail"].as_str().unwrap().contains("in-out"));
    }
    assert_eq!(server.delete(&path).await.status, 204);
    assert_eq!(server.get(&path).await.problem().0, 404);
    for (path, noun) in [(SOURCES, &source), (DESTINATIONS, &destination)] {
        assert_eq!(server.delete(&format!("{path}/{noun}")).await.status, 204);
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    let (source, destination, _) = joined(&server).await;
    let taken = json!({"name": "taken", "provider": "none", "token": "taken"});
    let other = server.create(SOURCES, taken).await;
    let before = server.get(SOURCES).await.ok();
    let url = "http://127.0.0.1:1/";
    let unknown_source = format!("src_{}", "0".repeat(13));
    for (path, body, code, field) in [
        (SOURCES, json!({}), "missing_field", "provider"),
        (SOURCES, json!({"provider": "none"}), "missing_field", "name"),
        (SOURCES, json!({"provider": "none", "name": null}), "missing_field", "name"),
        (SOURCES, json!({"provider": "none", "name": ""}), "invalid_field", "name"),
        (SOURCES, json!({"provider": "none", "name": "a b"}), "invalid_field", "name"),
        (SOURCES, json!({"provider": "none", "name": "in"}), "name_taken", "name"),
        (SOURCES, json!({"provider": "none", "name": "x", "token": "taken"}), "token_taken", "token"),
        (SOURCES, json!({"provider": "none", "name": "x", "token": "a/b"}), "invalid_field", "token"),
        (SOURCES, json!({"provider": "none", "name": "x", "methods": ["post"]}), "invalid_field", "methods"),
        (
            SOURCES,
            json!({"provider": "none", "name": "x", "answer": {"status": 500}}),
            "invalid_field",
            "answer",
        ),
        (SOURCES, json!({"provider": "nobody", "name": "x"}), "invalid_field", "provider"),
        (SOURCES, json!({"provider": "github", "name": "x"}), "invalid_field", "secrets"),
        (
            SOURCES,
            json!({"provider": "hmac", "name": "x", "secrets": ["s3cret-s3cret"]}),
            "invalid_field",
            "settings.header",
        ),
        (
            SOURCES,
            json!({"provider": "github", "name": "x", "secrets": ["s3cret-s3cret"], "settings": {"a": "b"}}),
            "invalid_field",
            "settings.a",
        ),
        (DESTINATIONS, json!({"url": url}), "missing_field", "name"),
        (DESTINATIONS, json!({"name": "x"}), "missing_field", "url"),
        (DESTINATIONS, json!({"name": "out", "url": url}), "name_taken", "name"),
        (DESTINATIONS, json!({"name": "x", "url": "ftp://a/"}), "invalid_field", "url"),
        (DESTINATIONS, json!({"name": "x", "url": url, "timeout_ms": 0}), "invalid_field", "timeout_ms"),
        (DESTINATIONS, json!({"name": "x", "url": url, "concurrency": 0}), "invalid_field", "concurrency"),
        (
            DESTINATIONS,
            json!({"name": "x", "url": url, "signing_secrets": []}),
            "invalid_field",
            "signing_secrets",
        ),
        (
            DESTINATIONS,
            json!({"name": "x", "url": url, "signing_secrets": ["plain"]}),
            "invalid_field",
            "signing_secrets",
        ),
        (CONNECTIONS, json!({"name": "x", "source_id": source}), "missing_field", "destination_id"),
        (
            CONNECTIONS,
            json!({"name": "x", "source_id": unknown_source, "destination_id": destination}),
            "unknown_reference",
            "source_id",
        ),
        (
            CONNECTIONS,
            json!({"name": "x", "source_id": source, "destination_id": source}),
            "unknown_reference",
            "destination_id",
        ),
        (
            CONNECTIONS,
            json!({"name": "in-out", "source_id": source, "destination_id": destination}),
            "name_taken",
            "name",
        ),
        (
            CONNECTIONS,
            json!({"name": "x", "source_id": source, "destination_id": destination,
                   "retry": {"retries": 100_000}}),
            "invalid_field",
            "retry",
        ),
    ] {
        let refused = server.post(path, body.clone()).await;
        let status = if code.ends_with("taken") { 409 } else { 422 };
        assert_eq!(refused.problem(), (status, code.to_owned(), Some(field.to_owned())), "{path} {body}");
    }
    for (change, code, field) in [
        (json!({"name": null}), "invalid_field", "name"),
        (json!({"token": null}), "invalid_field", "token"),
        (json!({"provider": null}), "invalid_field", "provider"),
        (json!({"name": "in"}), "name_taken", "name"),
        (json!({"provider": "stripe"}), "invalid_field", "secrets"),
    ] {
        let refused = server.patch(&format!("{SOURCES}/{other}"), change.clone()).await.problem();
        assert_eq!((refused.1.as_str(), refused.2.as_deref()), (code, Some(field)), "{change}");
    }
    assert_eq!(server.get(SOURCES).await.ok(), before);
}

#[tokio::test]
async fn pages_of_configuration_show_everything_once() {
    let server = Server::start().await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(server.create(SOURCES, json!({"name": format!("s{number}"), "provider": "none"})).await);
    }
    for (limit, expected_pages) in [(1, 7), (2, 4), (7, 1), (250, 1)] {
        let (rows, pages) = server.pages(SOURCES, "after", limit).await;
        let ids: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!((ids, pages), (made.iter().map(String::as_str).collect(), expected_pages));
    }
    for path in [DESTINATIONS, CONNECTIONS] {
        assert_eq!(server.get(path).await.ok(), json!({"data": [], "next": null}));
    }
}

#[tokio::test]
async fn changes_at_the_same_time_do_not_undo_each_other() {
    let server = Server::start().await;
    let (_, destination, _) = joined(&server).await;
    let path = format!("{DESTINATIONS}/{destination}");
    for round in 1..=10_u64 {
        let (one, other) = tokio::join!(
            server.patch(&path, json!({"timeout_ms": round})),
            server.patch(&path, json!({"concurrency": round})),
        );
        assert!(one.status.is_success() && other.status.is_success());
        assert_fields(&server.get(&path).await.ok(), &json!({"timeout_ms": round, "concurrency": round}));
    }
}

#[tokio::test]
async fn a_source_shows_the_url_that_its_provider_was_given() {
    let server = Server::start().await;
    let body = json!({"name": "a", "provider": "none", "token": "tok", "public_url": "https://a.example/x"});
    let source = server.post(SOURCES, body).await.ok();
    let url = json!({"url": "https://a.example/x", "public_url": "https://a.example/x"});
    assert_fields(&source, &url);
    let path = format!("{SOURCES}/{}", source["id"].as_str().unwrap());
    let refused = server.patch(&path, json!({"public_url": "https://a.example/x?y"})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (422, &json!("public_url")));
    let source = server.patch(&path, json!({"public_url": null})).await.ok();
    assert_fields(&source, &json!({"url": "http://127.0.0.1:4400/tok", "public_url": null}));
}

#[tokio::test]
async fn what_the_configuration_file_declares_is_only_read() {
    let server = Server::start().await;
    let source = NewSource {
        name: "in".to_owned(),
        token: None,
        public_url: None,
        verification: Verification { provider: "none".to_owned(), ..Verification::default() },
        methods: Vec::new(),
        answer: None,
    };
    let destination = NewDestination {
        name: "out".to_owned(),
        reach: Reach::Http(Http::at("http://127.0.0.1:1/")),
        concurrency: 1,
        pacing: Pacing::default(),
        paused: None,
        signing_secrets: Vec::new(),
    };
    let connection = DeclaredConnection {
        name: "in-out".to_owned(),
        source: "in".to_owned(),
        destination: "out".to_owned(),
        rules: Vec::new(),
        order: hookyard_model::order::Order::Free,
        retry: Retry::default(),
        enabled: true,
    };
    let declared = Declared {
        sources: vec![source],
        destinations: vec![destination],
        connections: vec![connection],
        ..Declared::default()
    };
    server.store.catalog().apply_file(server.project(), declared).await.unwrap();
    let refused = (409, "managed_by_file".to_owned(), None);
    for list in [SOURCES, DESTINATIONS, CONNECTIONS] {
        let row = server.get(list).await.ok()["data"][0].clone();
        assert_eq!(row["managed_by"], "file");
        let path = format!("{list}/{}", row["id"].as_str().unwrap());
        assert_eq!(server.patch(&path, json!({"name": "other"})).await.problem(), refused, "{path}");
        assert_eq!(server.delete(&path).await.problem(), refused, "{path}");
        assert_eq!(server.get(&path).await.ok(), row);
    }
    let destination = server.get(DESTINATIONS).await.ok()["data"][0]["id"].clone();
    let rotate = format!("{DESTINATIONS}/{}/rotate-secret", destination.as_str().unwrap());
    assert_eq!(server.call("POST", &rotate, None).await.problem(), refused);
}

#[tokio::test]
async fn a_connection_that_a_destination_ended_can_be_enabled_again() {
    let server = Server::start().await;
    let (_, _, id) = joined(&server).await;
    let path = format!("{CONNECTIONS}/{id}");
    let cause = DisableCause::DestinationGone;
    server.store.catalog().disable_connection(id.parse().unwrap(), cause).await.unwrap();
    let changed = server.patch(&path, json!({"name": "renamed"})).await.ok();
    assert_eq!(changed["disabled"]["cause"], "destination_gone");
    let changed = server.patch(&path, json!({"enabled": true})).await.ok();
    assert_fields(&changed, &json!({"enabled": true, "disabled": null}));
}

#[tokio::test]
async fn providers_say_what_they_need() {
    let server = Server::start().await;
    let providers = server.get("/api/v1/providers").await.ok();
    let named = |name: &str| {
        let all = providers["data"].as_array().unwrap();
        all.iter().find(|provider| provider["name"] == name).unwrap_or_else(|| panic!("{name}")).clone()
    };
    assert_eq!(named("github")["secrets_required"], true);
    assert_eq!(named("none")["secrets_required"], false);
    let settings = named("hmac")["settings"].clone();
    let header = settings.as_array().unwrap().iter().find(|setting| setting["name"] == "header").unwrap();
    assert_eq!(header["required"], true);
}

/// A handshake writes past the API's turn: what it brings must be there whichever of the two is first.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_captured_during_a_change_stays() {
    let server = Server::start().await;
    for round in 0..40 {
        let body = json!({"name": format!("asana-{round}"), "provider": "asana"});
        let id: SourceId = server.create(SOURCES, body).await.parse().unwrap();
        let path = format!("{SOURCES}/{id}");
        let brought = Secret::new("brought-by-a-handshake");
        let capture = server.store.catalog().capture_secret(id, brought.clone());
        let (changed, captured) = tokio::join!(server.patch(&path, json!({"methods": ["POST"]})), capture);
        changed.ok();
        assert!(captured.unwrap());
        let source = server.store.catalog().snapshot().sources[&id].clone();
        assert_eq!(source.verification.secrets, [brought], "round {round}");
        assert_eq!(source.methods, ["POST"]);
    }
}
#[tokio::test]
async fn how_a_destination_is_sent_to_merges_field_by_field() {
    let server = Server::start().await;
    let (_, destination, _) = joined(&server).await;
    let path = format!("{DESTINATIONS}/{destination}");
    let default = json!({
        "rate": null, "slow_start": true, "disable_after_ms": 432_000_000, "paused_at": null,
        "failing_since": null,
        "breaker": {"enabled": true, "consecutive_failures": 20, "error_percent": 80, "window_ms": 60_000,
                    "attempts_min": 100, "probe_first_ms": 1_000, "probe_max_ms": 30_000},
        "lane": {"breaker": "closed", "breaker_open_since": null, "next_probe_at": null, "slowed_to": null},
    });
    assert_fields(&server.get(&path).await.ok(), &default);
    let change = json!({"rate": {"limit": 90, "per": "minute"}, "breaker": {"enabled": false, "window_ms": 5},
                        "slow_start": false, "disable_after_ms": 0});
    let changed = server.patch(&path, change).await.ok();
    assert_fields(
        &changed,
        &json!({"rate": {"limit": 90, "per": "minute", "burst": 1}, "slow_start": false, "disable_after_ms": 0}),
    );
    let breaker = &changed["breaker"];
    assert_eq!((&breaker["enabled"], &breaker["window_ms"]), (&json!(false), &json!(5)));
    let changed = server.patch(&path, json!({"rate": {"burst": 7}})).await.ok();
    assert_eq!(changed["rate"], json!({"limit": 90, "per": "minute", "burst": 7}));
    let paused = server.patch(&path, json!({"paused": true})).await.ok();
    assert!(paused["paused_at"].is_string());
    let reset =
        json!({"rate": null, "breaker": null, "slow_start": null, "disable_after_ms": null, "paused": null});
    assert_fields(&server.patch(&path, reset).await.ok(), &default);
    for (change, field) in [
        (json!({"rate": {"limit": 0}}), "rate"),
        (json!({"rate": {}}), "rate.limit"),
        (json!({"rate": {"limit": 1, "per": "day"}}), "rate.per"),
        (json!({"rate": {"limit": 1, "each": "second"}}), "rate.each"),
        (json!({"rate": 100}), "rate"),
        (json!({"breaker": {"error_percent": 101}}), "breaker"),
        (json!({"disable_after_ms": 1}), "disable_after_ms"),
    ] {
        let refused = server.patch(&path, change.clone()).await.problem();
        assert_eq!((refused.0, refused.2.as_deref()), (422, Some(field)), "{change}");
    }
}

#[tokio::test]
async fn a_destination_of_the_configuration_file_can_be_paused() {
    let server = Server::start().await;
    let destination = NewDestination {
        name: "out".to_owned(),
        reach: Reach::Http(Http::at("http://127.0.0.1:1/")),
        concurrency: 1,
        pacing: Pacing::default(),
        paused: None,
        signing_secrets: Vec::new(),
    };
    let declared = |paused| Declared {
        destinations: vec![NewDestination { paused, ..destination.clone() }],
        ..Declared::default()
    };
    let catalog = server.store.catalog();
    catalog.apply_file(server.project(), declared(None)).await.unwrap();
    let id = server.get(DESTINATIONS).await.ok()["data"][0]["id"].clone();
    let path = format!("{DESTINATIONS}/{}", id.as_str().unwrap());
    let call = async |verb: &str| server.call("POST", &format!("{path}/{verb}"), None).await.ok();
    let paused_at = call("pause").await["paused_at"].clone();
    assert!(paused_at.is_string());
    server.clock.advance(Duration::from_secs(60));
    assert_eq!(call("pause").await["paused_at"], paused_at);
    // A file that says nothing about it leaves it so; one that does decides.
    catalog.apply_file(server.project(), declared(None)).await.unwrap();
    assert_eq!(server.get(&path).await.ok()["paused_at"], paused_at);
    catalog.apply_file(server.project(), declared(Some(false))).await.unwrap();
    assert_eq!(server.get(&path).await.ok()["paused_at"], json!(null));
    catalog.apply_file(server.project(), declared(Some(true))).await.unwrap();
    assert!(server.get(&path).await.ok()["paused_at"].is_string());
    assert_eq!(call("resume").await["paused_at"], json!(null));
    let unknown =
        server.call("POST", &format!("{DESTINATIONS}/dst_07fjcpm000002/pause"), None).await.problem();
    assert_eq!((unknown.0, unknown.1.as_str()), (404, "not_found"));
}
