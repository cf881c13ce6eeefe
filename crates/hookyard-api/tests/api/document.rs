//! All configuration as one document: what is exported and applied changes nothing, what is planned is what is applied.

use hookyard_model::event::EventState;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::traffic::{Yard, answered};

const PATH: &str = "/api/v1/configuration";
const PLAN: &str = "/api/v1/configuration/plan";
const APPLY: &str = "/api/v1/configuration/apply";

/// A document that uses most of what there is.
fn document() -> Value {
    json!({
        "sources": [
            {"name": "github", "provider": "github", "secrets": ["it-is-a-secret-of-github"], "methods": ["POST"]},
            {"name": "plain", "provider": "none", "token": "plain-1", "answer": {"status": 202, "body": "ok"}},
        ],
        "destinations": [
            {"name": "shop", "url": "https://shop.example/hooks", "timeout_ms": 5_000, "rate": {"limit": 10},
             "auth": {"kind": "bearer", "token": "a-token-of-the-shop"}, "breaker": {"consecutive_failures": 7}},
            {"name": "jobs", "type": "pull", "lease_ms": 60_000},
        ],
        "connections": [
            {"name": "orders", "source": "github", "destination": "shop", "order": {"by": "destination"},
             "rules": [{"type": "filter", "body": {"action": "opened"}},
                       {"type": "transform", "code": "export default (request) => request",
                        "env": {"KEY": "a-value-of-the-environment"}}],
             "retry": {"schedule": "custom", "waits_ms": [1_000, 60_000]}},
            {"name": "all", "source": "plain", "destination": "jobs", "enabled": false},
        ],
        "alerts": [
            {"name": "ops", "connections": ["orders"], "on": ["delivery"],
             "channel": {"type": "webhook", "url": "https://ops.example/hook"}},
            {"name": "chat", "channel": {"type": "slack", "url": "https://slack.example/T0/B0/a-slack-secret"}},
        ],
    })
}

/// What happens to what, like `create source github`.
fn told(plan: &Value) -> Vec<String> {
    let text = |change: &Value, name: &str| change[name].as_str().unwrap().to_owned();
    let changes = plan["changes"].as_array().unwrap().iter();
    changes
        .map(|it| format!("{} {} {}", text(it, "action"), text(it, "resource_type"), text(it, "name")))
        .collect()
}

#[tokio::test]
async fn a_plan_changes_nothing_and_applying_it_does_what_it_said() {
    let server = Server::start().await;
    let empty = server.get(PATH).await.ok();
    assert_eq!(empty, json!({"sources": [], "destinations": [], "connections": [], "alerts": []}));
    let planned = server.post(PLAN, document()).await.ok();
    let expected = [
        "create source github",
        "create source plain",
        "create destination shop",
        "create destination jobs",
        "create connection orders",
        "create connection all",
        "create alert ops",
        "create alert chat",
    ];
    assert_eq!(told(&planned), expected);
    let source = &planned["changes"][0];
    assert_eq!((&source["id"], source["fields"][0]["field"].as_str()), (&Value::Null, Some("methods")));
    assert_eq!(server.get(PATH).await.ok(), empty);
    assert_eq!(server.post(PLAN, document()).await.ok(), planned);

    let applied = server.post(APPLY, document()).await.ok();
    assert_eq!(told(&applied), expected);
    for (at, prefix) in [(2, "whsec_"), (3, "whsec_"), (6, "whsec_")] {
        let secret = applied["changes"][at]["secret_generated"].as_str().unwrap();
        assert!(secret.starts_with(prefix), "{applied}");
        assert_eq!(server.times_shown(secret), 1);
    }
    let id = applied["changes"][0]["id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/api/v1/sources/{id}")).await.ok()["name"], "github");
    for secret in ["it-is-a-secret", "a-token-of", "a-value-of", "a-slack-secret"] {
        assert_eq!(server.times_shown(secret), 0, "{secret}");
    }
}

#[tokio::test]
async fn what_is_exported_and_applied_changes_nothing() {
    let server = Server::start().await;
    server.post(APPLY, document()).await.ok();
    let exported = server.get(PATH).await.ok();
    let connection = json!({
        "name": "orders", "source": "github", "destination": "shop", "order": {"by": "destination"},
        "rules": [{"type": "filter", "body": {"action": "opened"}},
                  {"type": "transform", "code": "export default (request) => request", "env": {"KEY": null}}],
        "retry": {"schedule": "custom", "waits_ms": [1_000, 60_000], "retry_on": [], "give_up_on": [], "max_age_ms": null},
    });
    assert_eq!(exported["connections"][0], connection);
    assert_eq!(exported["destinations"][1], json!({"name": "jobs", "type": "pull", "lease_ms": 60_000}));
    for path in [PLAN, APPLY] {
        let plan = server.post(path, exported.clone()).await.ok();
        assert_eq!((told(&plan), &plan["unchanged"]), (vec![], &json!(8)), "{plan}");
    }
    // The document that it came from says the same again, secrets and all.
    let plan = server.post(PLAN, document()).await.ok();
    assert_eq!((told(&plan), &plan["unchanged"]), (vec![], &json!(8)), "{plan}");
}

#[tokio::test]
async fn what_is_left_out_has_its_default_but_for_what_is_never_shown() {
    let server = Server::start().await;
    server.post(APPLY, document()).await.ok();
    let less = json!({
        "sources": [{"name": "github", "provider": "github"}],
        "destinations": [{"name": "shop", "url": "https://shop.example/hooks"}],
    });
    let plan = server.post(APPLY, less).await.ok();
    let fields = |at: usize| -> Vec<String> {
        let fields = plan["changes"][at]["fields"].as_array().unwrap().iter();
        fields.map(|it| it["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(told(&plan), ["update source github", "update destination shop"]);
    assert_eq!(fields(0), ["methods"]);
    assert_eq!(fields(1), ["auth", "breaker.consecutive_failures", "rate", "timeout_ms"]);
    assert_eq!(plan["undeclared"].as_array().unwrap().len(), 6);
    // A secret that is another, and looks the same in its hint, is a change too.
    let another = json!({"sources": [{"name": "github", "provider": "github", "secrets": ["it-is-another-of-github"]}]});
    let plan = server.post(APPLY, another).await.ok();
    assert_eq!(plan["changes"][0]["fields"][0]["field"], "secrets");
    // Also beside others, and of whatever has it.
    let destination = |token: &str, timeout_ms: u64| {
        let auth = json!({"kind": "bearer", "token": token});
        let shop = json!({"name": "shop", "url": "https://shop.example/hooks", "auth": auth, "timeout_ms": timeout_ms});
        json!({"destinations": [shop]})
    };
    server.post(APPLY, destination("a-token-of-the-shop", 1)).await.ok();
    let plan = server.post(PLAN, destination("another-token-of-the-shop", 2)).await.ok();
    let hidden = json!({"field": "auth", "from": "(hidden)", "to": "(another)"});
    let timeout = json!({"field": "timeout_ms", "from": 1, "to": 2});
    assert_eq!(plan["changes"][0]["fields"], json!([timeout, hidden]));
}

#[tokio::test]
async fn what_is_not_in_the_document_is_deleted_where_that_is_asked_for() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    yard.event(&server).await;
    yard.attempt(&server, answered(200, b""), EventState::Successful).await;
    let undelivered = yard.event(&server).await;

    let plan = server.post(PLAN, json!({"prune": true})).await.ok();
    assert_eq!(plan["undelivered_events"], 1);
    assert_eq!(told(&plan).len(), 3, "{plan}");
    let refused = server.post(APPLY, json!({"prune": true})).await;
    assert_eq!(refused.problem(), (409, "events_undelivered".to_owned(), None));
    assert_eq!(server.get("/api/v1/sources").await.ok()["data"].as_array().unwrap().len(), 1);

    let applied = server.post(APPLY, json!({"prune": true, "cancel_events": true})).await.ok();
    assert_eq!(applied["undelivered_events"], 1);
    assert_eq!(server.get(&format!("/api/v1/events/{undelivered}")).await.ok()["state"], "cancelled");
    for list in ["sources", "destinations", "connections"] {
        assert_eq!(server.get(&format!("/api/v1/{list}")).await.ok()["data"], json!([]), "{list}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_place_and_nothing_is_changed() {
    let server = Server::start().await;
    let source = json!({"name": "a", "provider": "none"});
    let destination = json!({"name": "b", "url": "https://b.example/"});
    let with = |connection: Value| json!({"sources": [source], "destinations": [destination], "connections": [connection]});
    for (document, code, field) in [
        (json!({"source": []}), "unknown_field", "source"),
        (
            json!({"sources": [{"name": "a", "provider": "none", "colour": 1}]}),
            "unknown_field",
            "sources[0].colour",
        ),
        (json!({"sources": [source, {"name": "x"}]}), "missing_field", "sources[1].provider"),
        (json!({"destinations": [{"name": "b"}]}), "missing_field", "destinations[0].url"),
        (
            with(json!({"name": "c", "source": "z", "destination": "b"})),
            "unknown_reference",
            "connections[0].source",
        ),
        (
            with(json!({"name": "c", "source": "a", "destination": "z"})),
            "unknown_reference",
            "connections[0].destination",
        ),
        (
            with(json!({"name": "c", "source": "a", "destination": "b", "rules": [{"type": "sort"}]})),
            "invalid_field",
            "connections[0].rules[0].type",
        ),
        (
            json!({"alerts": [{"name": "x", "connections": ["c"], "channel": {"type": "webhook", "url": "https://x.example"}}]}),
            "unknown_reference",
            "alerts[0].connections",
        ),
    ] {
        for path in [PLAN, APPLY] {
            let refused = server.post(path, document.clone()).await;
            let expected = (422, code.to_owned(), Some(field.to_owned()));
            assert_eq!(refused.problem(), expected, "{path} {document}");
        }
    }
    assert_eq!(server.get("/api/v1/sources").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn a_plan_that_is_out_of_date_is_refused() {
    let server = Server::start().await;
    let version = server.post(PLAN, document()).await.ok()["version"].clone();
    server.create("/api/v1/sources", json!({"name": "meanwhile", "provider": "none"})).await;
    let mut late = document();
    late["version"] = version;
    assert_eq!(server.post(APPLY, late).await.problem(), (409, "changed_meanwhile".to_owned(), None));
}
