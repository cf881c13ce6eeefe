//! Alerts: how they look, how they change, and that what is secret in them does not come out.

use serde_json::json;

use crate::harness::Server;
use crate::traffic::Yard;

const PATH: &str = "/api/v1/alerts";

#[tokio::test]
async fn one_is_made_with_its_defaults_shown_changed_and_deleted() {
    let server = Server::start().await;
    let body = json!({"name": "ops", "channel": {"type": "webhook", "url": "https://a.example/hook"}});
    let created = server.post(PATH, body).await;
    let location = created.header("location").to_owned();
    let mut shown = created.ok();
    let secret = shown["channel"]["secret_generated"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    let at = "2027-01-15T08:00:00.000Z";
    let expected = json!({
        "id": shown["id"], "name": "ops",
        "on": ["delivery", "transform", "rejected", "backpressure", "disabled"], "connection_ids": [],
        "resolutions": true, "interval_ms": 3_600_000, "enabled": true,
        "channel": {
            "type": "webhook", "url": "https://a.example/hook", "secret": shown["channel"]["secret"],
            "secret_generated": secret,
        },
        "last_sent_at": null, "last_error": null, "managed_by": "api", "created_at": at, "updated_at": at,
    });
    assert_eq!(shown, expected);
    assert_eq!(location, format!("{PATH}/{}", shown["id"].as_str().unwrap()));
    shown["channel"].as_object_mut().unwrap().remove("secret_generated");
    assert_eq!(server.get(&location).await.ok(), shown);
    assert_eq!(server.get(PATH).await.ok(), json!({"data": [shown], "next": null}));
    assert_eq!(server.times_shown(&secret), 1);

    let change =
        json!({"on": ["disabled", "delivery"], "resolutions": false, "interval_ms": 0, "enabled": false});
    let changed = server.patch(&location, change).await.ok();
    assert_eq!(changed["on"], json!(["delivery", "disabled"]));
    assert_eq!((&changed["resolutions"], &changed["interval_ms"]), (&json!(false), &json!(0)));
    assert_eq!((&changed["enabled"], &changed["channel"]), (&json!(false), &shown["channel"]));
    let reset = json!({"on": null, "resolutions": null, "interval_ms": null, "enabled": null});
    assert_eq!(server.patch(&location, reset).await.ok(), shown);
    assert_eq!(server.delete(&location).await.status, 204);
    assert_eq!(server.get(&location).await.problem(), (404, "not_found".to_owned(), None));
}

#[tokio::test]
async fn what_is_secret_comes_in_and_not_out() {
    let server = Server::start().await;
    let slack = "https://hooks.slack.example/services/T0000/B0000/XXXXXXXXXXXXXXXX-abcd";
    let password = "correct-horse-battery-staple";
    let body = json!({"name": "chat", "channel": {"type": "slack", "url": slack}});
    let chat = server.post(PATH, body).await.ok();
    assert_eq!(chat["channel"], json!({"type": "slack", "url": {"hint": "…abcd"}}));
    let channel = json!({"type": "email", "host": "smtp.example", "user": "hookyard", "password": password,
                         "from": "hookyard@example.com", "to": ["ops@example.com"]});
    let mail = server.post(PATH, json!({"name": "mail", "channel": channel})).await.ok();
    let view = json!({"type": "email", "host": "smtp.example", "port": 587, "security": "starttls",
                      "user": "hookyard", "from": "hookyard@example.com", "to": ["ops@example.com"]});
    assert_eq!(mail["channel"], view);
    let path = format!("{PATH}/{}", mail["id"].as_str().unwrap());
    server.patch(&path, json!({"channel": {"to": ["dev@example.com"]}})).await.ok();
    server.patch(&path, json!({"channel": {"to": []}})).await.problem();
    server.patch(&path, json!({"channel": {"port": password}})).await.problem();
    server
        .patch(&path, json!({"channel": {"type": "slack", "url": "no-url", "secret": slack}}))
        .await
        .problem();
    server.patch(&path, json!({"name": "chat"})).await.problem();
    server.get(PATH).await.ok();
    for secret in [slack, password] {
        assert_eq!(server.times_shown(secret), 0);
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_named() {
    let server = Server::start().await;
    let slack = json!({"type": "slack", "url": "https://a.example/"});
    for (body, status, code, field) in [
        (json!({"channel": slack}), 422, "missing_field", Some("name")),
        (json!({"name": "a"}), 422, "missing_field", Some("channel")),
        (json!({"name": "a", "channel": slack, "on": []}), 422, "invalid_field", Some("on")),
        (json!({"name": "a", "channel": slack, "on": ["weather"]}), 422, "invalid_field", Some("on")),
        (json!({"name": "a b", "channel": slack}), 422, "invalid_field", Some("name")),
        (
            json!({"name": "a", "channel": slack, "interval_ms": 2_592_000_001_u64}),
            422,
            "invalid_field",
            Some("interval_ms"),
        ),
        (
            json!({"name": "a", "channel": slack, "connection_ids": ["src_0000000000000"]}),
            422,
            "unknown_reference",
            Some("connection_ids"),
        ),
        (
            json!({"name": "a", "channel": slack, "connection_ids": ["conn_0000000000000"]}),
            422,
            "unknown_reference",
            Some("connection_ids"),
        ),
        (json!({"name": "a", "channel": {"type": "pager"}}), 422, "invalid_field", Some("channel.type")),
        (json!({"name": "a", "channel": {"colour": 1}}), 422, "unknown_field", Some("channel.colour")),
        (json!({"name": "a", "channel": "slack"}), 422, "invalid_field", Some("channel")),
        (
            json!({"name": "a", "channel": {"type": "webhook", "url": "a.example"}}),
            422,
            "invalid_field",
            Some("channel.url"),
        ),
    ] {
        let expected = (status, code.to_owned(), field.map(str::to_owned));
        assert_eq!(server.post(PATH, body.clone()).await.problem(), expected, "{body}");
    }
    server.create(PATH, json!({"name": "a", "channel": slack})).await;
    let taken = server.post(PATH, json!({"name": "a", "channel": slack})).await;
    assert_eq!(taken.problem(), (409, "name_taken".to_owned(), Some("name".to_owned())));
}

#[tokio::test]
async fn a_connection_that_one_is_restricted_to_stays() {
    let server = Server::start().await;
    let yard = Yard::lay_out(&server).await;
    let connection = yard.connection.to_string();
    let slack = json!({"type": "slack", "url": "https://a.example/"});
    let body = json!({"name": "ops", "channel": slack, "connection_ids": [connection]});
    let alert = server.create(PATH, body).await;
    let path = format!("/api/v1/connections/{connection}");
    let refused = server.delete(&path).await;
    assert_eq!(refused.problem(), (409, "in_use".to_owned(), None));
    let whole = server.patch(&format!("{PATH}/{alert}"), json!({"connection_ids": null})).await.ok();
    assert_eq!(whole["connection_ids"], json!([]));
    assert_eq!(server.delete(&path).await.status, 204);
}

#[tokio::test]
async fn nothing_is_tried_where_nobody_sends() {
    let server = Server::start().await;
    let slack = json!({"type": "slack", "url": "https://a.example/"});
    let alert = server.create(PATH, json!({"name": "ops", "channel": slack})).await;
    let refused = server.call("POST", &format!("{PATH}/{alert}/test"), None).await;
    assert_eq!(refused.problem(), (503, "store_unavailable".to_owned(), None));
    let unknown = server.call("POST", &format!("{PATH}/alert_0000000000000/test"), None).await;
    assert_eq!(unknown.problem(), (404, "not_found".to_owned(), None));
}
