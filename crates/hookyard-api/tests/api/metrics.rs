//! What people are shown of what was counted, and of how lanes stand.

use hookyard_model::event::EventState;
use hookyard_model::request::RejectCause;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::traffic::{Yard, answered};

/// A request that was refused, an event that was delivered, and one that waits.
async fn happen(server: &Server, yard: &mut Yard) {
    yard.event(server).await;
    yard.attempt(server, answered(200, b""), EventState::Successful).await;
    yard.event(server).await;
    yard.reject(server, RejectCause::VerificationFailed, b"", 0);
    server.store.settle().await;
}

fn sum(series: &Value, field: &str) -> u64 {
    series["points"].as_array().unwrap().iter().map(|point| point[field].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn series_show_what_was_counted() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    happen(&server, &mut yard).await;
    let all = server.get("/api/v1/metrics/series").await.ok();
    assert_eq!((&all["to"], &all["step_ms"]), (&json!("2027-01-15T08:00:00.000Z"), &json!(30_000)));
    for (query, counted) in [
        (String::new(), [2, 1, 2, 1]),
        (format!("?source_id={}", yard.source), [2, 1, 2, 1]),
        (format!("?connection_id={}", yard.connection), [0, 0, 2, 1]),
        (format!("?destination_id={}&step_ms=60000", yard.destination), [0, 0, 2, 1]),
        ("?to=2027-01-15T07:00:00Z".to_owned(), [0; 4]),
        ("?source_id=src_0000000000000".to_owned(), [0; 4]),
    ] {
        let series = server.get(&format!("/api/v1/metrics/series{query}")).await.ok();
        let fields = ["requests_accepted", "requests_rejected", "events", "attempts_successful"];
        assert_eq!(fields.map(|field| sum(&series, field)), counted, "{query}");
    }
    let last = all["points"].as_array().unwrap().last().unwrap();
    assert!(last["attempt_ms"]["p99"].as_f64().unwrap() > 1.0, "{last}");
    assert_eq!(last["discarded"], json!(0));
}

#[tokio::test]
async fn what_cannot_be_shown_is_named() {
    let server = Server::start().await;
    for (query, field) in [
        ("from=yesterday", "from"),
        ("from=2027-01-15T08:00:00Z&to=2027-01-15T07:00:00Z", "from"),
        ("step_ms=0", "step_ms"),
        ("source_id=src_0000000000000&destination_id=dst_0000000000000", "destination_id"),
    ] {
        let refused = server.get(&format!("/api/v1/metrics/series?{query}")).await;
        assert_eq!(
            refused.problem(),
            (422, "invalid_parameter".to_owned(), Some(field.to_owned())),
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_goes_on_now_is_shown_of_everything() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    happen(&server, &mut yard).await;
    let now = server.get("/api/v1/metrics/current").await.ok();
    assert_eq!((&now["at"], &now["window_ms"]), (&json!("2027-01-15T08:00:00.000Z"), &json!(60_000)));
    let totals = &now["totals"];
    assert_eq!(
        [
            &totals["requests_accepted"],
            &totals["requests_rejected"],
            &totals["events"],
            &totals["undelivered"]
        ],
        [&json!(2), &json!(1), &json!(2), &json!(1)]
    );
    assert_eq!(now["sources"], json!({yard.source.to_string(): {"requests": 2, "rejected": 1}}));
    let connection = json!({"events": 2, "discarded": 0, "successful": 1, "failed": 0, "undelivered": 1});
    assert_eq!(now["connections"], json!({yard.connection.to_string(): connection}));
    let destination = &now["destinations"][yard.destination.to_string()];
    assert_eq!((&destination["successful"], &destination["undelivered"]), (&json!(1), &json!(1)));
    assert!(now["disk"]["used_bytes"].as_u64().unwrap() > 0);

    server.clock.advance(std::time::Duration::from_secs(90));
    let later = server.get("/api/v1/metrics/current").await.ok();
    assert_eq!((&later["sources"], &later["totals"]["events"]), (&json!({}), &json!(0)));
    assert_eq!(later["totals"]["oldest_undelivered_ms"], json!(90_000), "{later}");
}

#[tokio::test]
async fn lanes_show_what_waits_and_why() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let path = format!("/api/v1/destinations/{}/lane", yard.destination);
    let idle = server.get(&path).await.ok();
    assert_eq!(
        (&idle["state"], &idle["undelivered"], &idle["breaker"]),
        (&json!("idle"), &json!(0), &Value::Null)
    );
    yard.event(&server).await;
    server.clock.advance(std::time::Duration::from_secs(5));
    let busy = server.get_until(&path, |answer| answer.json()["queued_in_memory"] == 1).await.json();
    assert_eq!((&busy["state"], &busy["in_flight"]), (&json!("running"), &json!(0)));
    assert_eq!((&busy["undelivered"], &busy["oldest_undelivered_ms"]), (&json!(1), &json!(5_000)));
    assert_eq!((&busy["concurrency"], &busy["width"]), (&busy["width"], &busy["concurrency"]));
    server.call("POST", &format!("/api/v1/destinations/{}/pause", yard.destination), None).await.ok();
    let list = server.get("/api/v1/lanes").await.ok();
    assert_eq!(list["data"][0]["state"], json!("paused"));
    assert!(list["data"][0]["paused_at"].is_string() && list["next"].is_null(), "{list}");
    let unknown = server.get("/api/v1/destinations/dst_0000000000000/lane").await;
    assert_eq!(unknown.problem().0, 404);
}
