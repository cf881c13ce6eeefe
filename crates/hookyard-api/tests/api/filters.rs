//! Trying filters: on requests that are made up, and on stored ones.

use serde_json::json;

use crate::harness::Server;
use crate::traffic::Yard;

const PATH: &str = "/api/v1/filters/run";

#[tokio::test]
async fn a_filter_is_tried_on_a_sample_and_says_why_it_stops_it() {
    let server = Server::start().await;
    let filter = json!({"body": {"amount": {"$gte": 100}}, "topic": "order.paid"});
    for (body, topic, why) in [
        (json!({"amount": 100}), "order.paid", json!(null)),
        (json!({"amount": 4}), "order.paid", json!("/body/amount (a number) does not meet $gte 100")),
        (
            json!({"amount": 100}),
            "order",
            json!("/topic (a text of 5 bytes) does not meet equals \"order.paid\""),
        ),
    ] {
        let wanted = json!({"filter": filter, "request": {"body": body}, "topic": topic});
        let answer = server.post(PATH, wanted).await.ok();
        assert_eq!(answer, json!({"passes": why.is_null(), "why": why}), "{body} {topic}");
    }
}

#[tokio::test]
async fn a_filter_is_tried_on_a_stored_request() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let event = yard.event(&server).await;
    let request = server.get(&format!("/api/v1/events/{event}")).await.ok()["request_id"].clone();
    let wanted = json!({"filter": {"method": "POST"}, "request_id": request});
    assert_eq!(server.post(PATH, wanted).await.ok(), json!({"passes": true, "why": null}));
    let wanted = json!({"filter": {"method": "PUT"}, "request_id": request});
    assert_eq!(server.post(PATH, wanted).await.ok()["passes"], false);
}

#[tokio::test]
async fn what_cannot_be_tried_is_named() {
    let server = Server::start().await;
    for (body, code, field) in [
        (json!({}), "missing_field", "filter"),
        (json!({"filter": {}}), "missing_field", "request"),
        (json!({"filter": {"cookies": 1}, "request": {}}), "invalid_field", "filter"),
        (json!({"filter": {}, "request": {"colour": 1}}), "unknown_field", "request.colour"),
        (
            json!({"filter": {}, "request": {}, "request_id": "req_0000000000000"}),
            "invalid_field",
            "request_id",
        ),
        (json!({"filter": {}, "request_id": "req_0000000000000"}), "unknown_reference", "request_id"),
        (json!({"filter": {}, "request_id": "x"}), "unknown_reference", "request_id"),
        (json!({"filter": {}, "request_id": "req_0000000000000", "topic": "a"}), "invalid_field", "topic"),
    ] {
        let refused = server.post(PATH, body.clone()).await;
        assert_eq!(refused.problem(), (422, code.to_owned(), Some(field.to_owned())), "{body}");
    }
}
