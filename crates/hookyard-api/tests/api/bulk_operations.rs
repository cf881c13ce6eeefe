//! Many events at once: plans, operations, what they refuse; and the cancelling of a single event.

use hookyard_model::event::EventState;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::harness::Server;
use crate::traffic::{Yard, answered, refused};

const PATH: &str = "/api/v1/bulk_operations";

/// Carries operations out until it is dropped.
struct Runner {
    _stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Runner {
    fn start(server: &Server) -> Self {
        let (stop, stopped) = watch::channel(false);
        let store = server.store.clone();
        let task = tokio::spawn(async move { store.run_bulk_operations(stopped).await });
        Self { _stop: stop, task }
    }
}

async fn ended(server: &Server, operation: &Value) -> Value {
    let path = format!("{PATH}/{}", operation["id"].as_str().unwrap());
    server.get_until(&path, |answer| answer.json()["state"] != "running").await.ok()
}

#[tokio::test]
async fn a_plan_and_then_the_operation() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    yard.event(&server).await;
    yard.attempt(&server, answered(200, b""), EventState::Successful).await;
    let failed = yard.event(&server).await;
    yard.attempt(&server, refused(), EventState::Failed).await;

    let query = json!({"connection_id": yard.connection.to_string()});
    let plan = server.post(&format!("{PATH}/plan"), json!({"action": "retry", "query": query})).await.ok();
    let sample = server.get(&format!("/api/v1/events?request_id={}", failed.request)).await.ok();
    assert_eq!(
        plan,
        json!({
            "action": "retry", "query": query, "include_successful": false, "up_to": plan["up_to"],
            "matched": 2, "to_do": 1, "exact": true, "states": {"failed": 1, "successful": 1},
            "left_out": {"successful": 1}, "sample": sample["data"],
        })
    );
    let order = json!({"action": "retry", "query": query, "up_to": plan["up_to"], "events_max": 1});
    let started = server.post(PATH, order.clone()).await;
    assert_eq!(started.status, 201, "{started:?}");
    let operation = started.json();
    assert_eq!(started.header("location"), format!("{PATH}/{}", operation["id"].as_str().unwrap()));
    let shown = json!({
        "id": operation["id"], "action": "retry", "query": query, "include_successful": false,
        "up_to": plan["up_to"], "rate_per_s": 100, "state": "running", "stalled": null, "matched": 2,
        "to_do": 1, "exact": true, "done": 0, "left_out": {}, "failed": {},
        "started_at": "2027-01-15T08:00:00.000Z", "ended_at": null,
    });
    assert_eq!(operation, shown);
    assert_eq!(server.post(PATH, order).await.problem(), (409, "bulk_operation_running".to_owned(), None));

    let _runner = Runner::start(&server);
    let done = ended(&server, &operation).await;
    let mut expected = shown;
    expected["state"] = json!("finished");
    expected["done"] = json!(1);
    expected["left_out"] = json!({"successful": 1});
    expected["ended_at"] = json!("2027-01-15T08:00:00.000Z");
    assert_eq!(done, expected);
    let event = server.get(&format!("/api/v1/events/{failed}")).await.ok();
    assert_eq!(event["state"], "queued");

    let cancel = format!("{PATH}/{}/cancel", operation["id"].as_str().unwrap());
    let late = server.call("POST", &cancel, None).await;
    assert_eq!(late.problem(), (409, "bulk_operation_ended".to_owned(), None));
    let all = json!({"action": "retry", "query": {}, "include_successful": true, "events_max": 0});
    let too_many = server.post(PATH, all).await;
    assert_eq!(too_many.problem(), (409, "more_events".to_owned(), Some("events_max".to_owned())));
}

#[tokio::test]
async fn operations_are_listed_newest_first_and_stopped() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    yard.event(&server).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        // Nobody carries them out.
        let operation = server.create(PATH, json!({"action": "cancel", "query": {}})).await;
        let stopped = server.call("POST", &format!("{PATH}/{operation}/cancel"), None).await.ok();
        assert_eq!((&stopped["state"], &stopped["done"]), (&json!("cancelled"), &json!(0)));
        ids.insert(0, operation);
    }
    for (limit, expected) in [(2, 3), (5, 1)] {
        let (rows, pages) = server.pages(PATH, "before", limit).await;
        let listed: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!((listed, pages), (ids.iter().map(String::as_str).collect(), expected));
    }
    let unknown = format!("{PATH}/bulk_0000000000000");
    assert_eq!(server.get(&unknown).await.problem().0, 404);
    assert_eq!(server.call("POST", &format!("{unknown}/cancel"), None).await.problem().0, 404);
}

#[tokio::test]
async fn what_an_operation_does_not_understand_is_named() {
    let server = Server::start().await;
    for (body, code, field) in [
        (json!({"query": {}}), "missing_field", "action"),
        (json!({"action": "retry"}), "missing_field", "query"),
        (json!({"action": "skip", "query": {}}), "invalid_field", "action"),
        (json!({"action": "retry", "query": {"method": "PUT"}}), "unknown_field", "query.method"),
        (json!({"action": "retry", "query": {"limit": 1}}), "unknown_field", "query.limit"),
        (json!({"action": "retry", "query": {"state": "delivering"}}), "invalid_field", "query.state"),
        (json!({"action": "retry", "query": {"source_id": "x"}}), "invalid_field", "query.source_id"),
        (json!({"action": "retry", "query": [1]}), "invalid_field", "query"),
        (json!({"action": "retry", "query": {}, "up_to": "evt_1"}), "invalid_field", "up_to"),
        (
            json!({"action": "cancel", "query": {}, "include_successful": true}),
            "invalid_field",
            "include_successful",
        ),
        (json!({"action": "retry", "query": {}, "dry_run": true}), "unknown_field", "dry_run"),
    ] {
        let expected = (422, code.to_owned(), Some(field.to_owned()));
        assert_eq!(server.post(PATH, body.clone()).await.problem(), expected, "{body}");
        assert_eq!(server.post(&format!("{PATH}/plan"), body.clone()).await.problem(), expected, "{body}");
    }
    for (name, value) in
        [("rate_per_s", json!(0)), ("rate_per_s", json!(10_001)), ("events_max", json!(1_000_000))]
    {
        let body = json!({"action": "retry", "query": {}, name: value});
        let refused = server.post(PATH, body).await;
        assert_eq!(refused.problem(), (422, "invalid_field".to_owned(), Some(name.to_owned())));
    }
    let planned = json!({"action": "retry", "query": {}, "rate_per_s": 1});
    let refused = server.post(&format!("{PATH}/plan"), planned).await;
    assert_eq!(refused.problem().2.as_deref(), Some("rate_per_s"));
}

#[tokio::test]
async fn an_event_that_waits_is_cancelled_and_one_that_has_ended_is_not() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let event = yard.event(&server).await;
    let cancel = format!("/api/v1/events/{event}/cancel");
    let unknown_field = server.post(&cancel, json!({"now": true})).await;
    assert_eq!(unknown_field.problem(), (422, "unknown_field".to_owned(), Some("now".to_owned())));
    let cancelled = server.call("POST", &cancel, None).await;
    assert_eq!((cancelled.status.as_u16(), &cancelled.json()["state"]), (202, &json!("cancelled")));
    assert_eq!(cancelled.json()["due_at"], Value::Null);
    let again = server.call("POST", &cancel, None).await;
    assert_eq!(again.problem(), (409, "event_not_cancellable".to_owned(), None));
    let none = "0".repeat(26);
    assert_eq!(
        server.call("POST", &format!("/api/v1/events/evt_{none}/cancel"), None).await.problem().0,
        404
    );

    // Also where its connection is disabled, and where it waits for its next try.
    let scheduled = yard.event(&server).await;
    yard.attempt(&server, refused(), EventState::Scheduled).await;
    let connection = format!("/api/v1/connections/{}", yard.connection);
    server.patch(&connection, json!({"enabled": false})).await.ok();
    let cancelled = server.call("POST", &format!("/api/v1/events/{scheduled}/cancel"), None).await.ok();
    assert_eq!((&cancelled["state"], &cancelled["attempts"]), (&json!("cancelled"), &json!(1)));
}
