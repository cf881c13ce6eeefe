//! Issues: how they look, and what people do to them.

use hookyard_model::event::EventState;
use serde_json::json;

use crate::harness::Server;
use crate::traffic::{Yard, answered, refused};

const PATH: &str = "/api/v1/issues";

#[tokio::test]
async fn a_failure_is_shown_acknowledged_resolved_and_comes_back() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    assert_eq!(server.get(PATH).await.ok(), json!({"data": [], "next": null}));
    let event = yard.event(&server).await;
    yard.attempt(&server, refused(), EventState::Failed).await;
    server.store.flush().await;

    let list = server.get(PATH).await.ok();
    let issue = &list["data"][0];
    let at = "2027-01-15T08:00:00.000Z";
    let shown = json!({
        "id": issue["id"], "kind": "delivery", "cause": "connect", "state": "open",
        "connection_id": yard.connection.to_string(), "source_id": yard.source.to_string(),
        "destination_id": yard.destination.to_string(), "count": 1, "reopened": 0, "first_seen_at": at,
        "last_seen_at": at, "sample_request_id": event.request.to_string(),
        "sample_event_id": event.to_string(), "acknowledged_at": null, "resolved_at": null,
        "resolved_by": null,
    });
    assert_eq!(list, json!({"data": [shown], "next": null}));
    let path = format!("{PATH}/{}", issue["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await.ok(), shown);
    let metrics = server.get("/metrics").await;
    assert!(String::from_utf8_lossy(&metrics.body).contains("\nhookyard_open_issues 1"), "{metrics:?}");

    let mut expected = shown;
    for (verb, state, time) in
        [("acknowledge", "acknowledged", "acknowledged_at"), ("resolve", "resolved", "resolved_at")]
    {
        (expected["state"], expected[time]) = (json!(state), json!(at));
        if verb == "resolve" {
            expected["resolved_by"] = json!("person");
        }
        let answer = server.call("POST", &format!("{path}/{verb}"), None).await;
        assert_eq!(answer.ok(), expected);
        assert_eq!(server.get(&path).await.ok(), expected);
    }
    for verb in ["acknowledge", "resolve"] {
        let answer = server.call("POST", &format!("{path}/{verb}"), None).await;
        assert_eq!(answer.problem(), (409, "issue_resolved".to_owned(), None));
    }

    yard.event(&server).await;
    yard.attempt(&server, refused(), EventState::Failed).await;
    server.store.flush().await;
    let again = server.get(&path).await.ok();
    assert_eq!(
        (&again["state"], &again["reopened"], &again["count"]),
        (&json!("open"), &json!(1), &json!(2))
    );
    yard.event(&server).await;
    yard.attempt(&server, answered(200, b""), EventState::Successful).await;
    server.store.flush().await;
    let over = server.get(&path).await.ok();
    assert_eq!((&over["state"], &over["resolved_by"]), (&json!("resolved"), &json!("itself")));
}

#[tokio::test]
async fn the_list_is_filtered_and_comes_in_pages() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    for status in [500, 404, 503] {
        yard.event(&server).await;
        yard.attempt(&server, answered(status, b""), EventState::Failed).await;
    }
    server.store.flush().await;
    let (rows, pages) = server.pages(PATH, "before", 2).await;
    let causes: Vec<_> = rows.iter().map(|row| row["cause"].as_str().unwrap()).collect();
    assert_eq!((causes, pages), (vec!["503", "404", "500"], 2));
    let path = format!("{PATH}/{}/resolve", rows[1]["id"].as_str().unwrap());
    server.call("POST", &path, None).await.ok();
    let ids = format!(
        "connection_id={}&source_id={}&destination_id={}",
        yard.connection, yard.source, yard.destination
    );
    for (filter, count) in [
        ("state=open", 2),
        ("state=resolved", 1),
        ("state=acknowledged", 0),
        ("kind=delivery", 3),
        ("kind=backpressure", 0),
        (&*ids, 3),
        ("source_id=src_0000000000000", 0),
    ] {
        let list = server.get(&format!("{PATH}?{filter}")).await.ok();
        assert_eq!(list["data"].as_array().unwrap().len(), count, "{filter}");
    }
    let unknown = server.get(&format!("{PATH}/iss_0000000000000")).await;
    assert_eq!(unknown.problem(), (404, "not_found".to_owned(), None));
}
