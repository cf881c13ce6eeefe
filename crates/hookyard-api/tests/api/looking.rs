//! Looking for what arrived: filters, searches, histograms, bookmarks.

use hookyard_model::event::EventState;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::traffic::{PLAIN_HEAD, Yard, answered};

const JSON_HEAD: &[u8] =
    b"PUT /tok/hooks?shard=7 HTTP/1.1\r\nHost: h\r\nX-Env: live\r\nContent-Type: application/json\r\n\r\n";

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn requests_are_found_by_what_is_in_them() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let odd = yard
        .accept(&server, JSON_HEAD, br#"{"type":"invoice.paid","to":{"name":"Zo\u00eb"}}"#)
        .await
        .to_string();
    let plain = yard.accept(&server, PLAIN_HEAD, "Grüße aus SANSIBAR".as_bytes()).await.to_string();
    yard.route(&server, 2).await;
    for (query, expected) in [
        ("search=sansibar", vec![&plain]),
        ("search=GR%C3%9C%C3%9FE", vec![&plain]),
        ("search=hooks", vec![&plain, &odd]),
        ("search=nowhere", vec![]),
        (r#"match={"body":{"type":"invoice.paid"}}"#, vec![&odd]),
        (r#"match={"body":{"to":{"name":"Zo%C3%AB"}}}"#, vec![&odd]),
        (r#"match={"headers":{"X-Env":"live"},"query":{"shard":"7"},"path":"/hooks"}"#, vec![&odd]),
        (r#"match={"method":"POST"}"#, vec![&plain]),
        (r#"match={"body":{"type":"invoice.paid"}}&search=sansibar"#, vec![]),
        ("method=PUT", vec![&odd]),
        ("method=put", vec![]),
        ("received_after=2027-01-15T08:00:00Z", vec![&plain, &odd]),
        (
            "received_after=2027-01-15T09:00:00%2B01:00&received_before=2027-01-15T08:00:00.001Z",
            vec![&plain, &odd],
        ),
        ("received_before=2027-01-15T08:00:00Z", vec![]),
    ] {
        let page = server.get(&format!("/api/v1/requests?{}", query.replace('"', "%22"))).await.ok();
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), expected, "{query}");
        assert_eq!(page["next"], Value::Null, "{query}");
        let page = page["progress"].clone();
        let is_search = query.contains("search") || query.contains("match") || query.contains("method");
        assert_eq!(page["complete"] == json!(true), is_search, "{query} {page}");
    }
    let events = server.get("/api/v1/events?search=sansibar").await.ok();
    assert_eq!(events["data"][0]["request_id"], plain);
    assert_eq!(events["data"][0]["received_at"], "2027-01-15T08:00:00.000Z");
    assert_eq!((ids(&events).len(), &events["data"][0]["topic"]), (1, &json!(null)));
}

#[tokio::test]
async fn events_are_found_by_what_became_of_them_and_counted_over_time() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    for _ in 0..6 {
        yard.accept(&server, PLAIN_HEAD, b"x").await;
    }
    yard.route(&server, 6).await;
    for (status, state) in
        [(503, EventState::Failed), (404, EventState::Failed), (204, EventState::Successful)]
    {
        yard.attempt(&server, answered(status, b""), state).await;
    }
    for (query, count) in [
        ("last_status=503", 1),
        ("last_status=5xx", 1),
        ("last_status=4xx&state=failed", 1),
        ("last_status=4xx&state=successful", 0),
        ("last_error=timeout", 0),
        ("attempts_min=1", 3),
        ("attempts_max=0", 3),
        ("attempts_min=1&attempts_max=1&last_status=2xx", 1),
        ("discarded=filtered", 0),
        ("topic=order.paid", 0),
        ("provider_event_id=evt_1", 0),
    ] {
        let page = server.get(&format!("/api/v1/events?{query}")).await.ok();
        assert_eq!(ids(&page).len(), count, "{query}");
    }
    let range = "from=2027-01-15T07:59:59.999Z&to=2027-01-15T08:00:00.001Z&buckets=2";
    let counted = server.get(&format!("/api/v1/events/histogram?{range}")).await.ok();
    assert_eq!(
        counted,
        json!({
            "from": "2027-01-15T07:59:59.999Z", "to": "2027-01-15T08:00:00.001Z", "bucket_ms": 1,
            "buckets": [
                {"at": "2027-01-15T07:59:59.999Z", "count": 0, "by": {}},
                {"at": "2027-01-15T08:00:00.000Z", "count": 6, "by": {"queued": 3, "failed": 2, "successful": 1}},
            ],
            "complete": true,
        })
    );
    let failed =
        server.get(&format!("/api/v1/events/histogram?{range}&state=failed&last_status=5xx")).await.ok();
    assert_eq!(failed["buckets"][1]["by"], json!({"failed": 1}));
    let requests = server.get("/api/v1/requests/histogram").await.ok();
    let buckets = requests["buckets"].as_array().unwrap();
    assert_eq!((buckets.len(), buckets[59]["by"].clone()), (60, json!({"accepted": 6})));

    let query =
        json!({"last_status": "5xx", "search": "hooks", "match": {"method": "POST"}, "attempts_min": 1});
    let plan = json!({"action": "retry", "query": query});
    let plan = server.post("/api/v1/bulk_operations/plan", plan).await.ok();
    assert_eq!((&plan["matched"], &plan["exact"], &plan["query"]), (&json!(1), &json!(true), &query));
    for (query, field) in [
        (json!({"match": {"boddy": 1}}), "query.match"),
        (json!({"search": ""}), "query.search"),
        (json!({"received_after": "now"}), "query.received_after"),
    ] {
        let refused =
            server.post("/api/v1/bulk_operations/plan", json!({"action": "retry", "query": query})).await;
        assert_eq!(refused.problem(), (422, "invalid_field".to_owned(), Some(field.to_owned())));
    }
}

#[tokio::test]
async fn a_request_is_bookmarked_shown_and_received_once_more() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let request = yard.accept(&server, JSON_HEAD, b"{}").await.to_string();
    yard.route(&server, 1).await;
    let event = ids(&server.get("/api/v1/events").await.ok()).remove(0);

    let made = server
        .post("/api/v1/bookmarks", json!({"name": "odd", "request_id": request, "event_id": event}))
        .await;
    let bookmark = serde_json::from_slice::<Value>(&made.body).unwrap();
    let id = bookmark["id"].as_str().unwrap().to_owned();
    assert_eq!((made.status.as_u16(), made.header("location")), (201, &*format!("/api/v1/bookmarks/{id}")));
    assert_eq!(
        bookmark,
        json!({
            "id": id, "name": "odd", "note": "", "request_id": request, "event_id": event,
            "source_id": yard.source.to_string(), "created_at": "2027-01-15T08:00:00.000Z", "method": "PUT",
            "topic": null, "body_bytes": 2,
        })
    );
    let path = format!("/api/v1/bookmarks/{id}");
    let changed = server.patch(&path, json!({"name": "odder", "note": "look at X-Env"})).await.ok();
    assert_eq!((&changed["name"], &changed["note"]), (&json!("odder"), &json!("look at X-Env")));
    let changed = server.patch(&path, json!({"note": null})).await.ok();
    assert_eq!((&changed["name"], &changed["note"]), (&json!("odder"), &json!("")));
    assert_eq!(server.get("/api/v1/bookmarks").await.ok()["data"], json!([changed]));
    assert_eq!(server.get(&path).await.ok(), changed);
    let shown = server.get(&format!("{path}/request")).await.ok();
    assert_eq!(shown, server.get(&format!("/api/v1/requests/{request}")).await.ok());
    assert_eq!(
        ids(&server.get("/api/v1/requests?bookmarked=true").await.ok()),
        std::slice::from_ref(&request)
    );

    let again = server.post(&format!("{path}/trigger"), json!({})).await;
    assert_eq!(again.status.as_u16(), 202);
    let again =
        serde_json::from_slice::<Value>(&again.body).unwrap()["request_id"].as_str().unwrap().to_owned();
    let again = server.get(&format!("/api/v1/requests/{again}")).await.ok();
    assert_ne!(again["id"], request);
    for name in ["method", "target", "headers", "body", "source_id", "status"] {
        assert_eq!(again[name], shown[name], "{name}");
    }

    for (body, code, field) in [
        (json!({"request_id": request}), "missing_field", "name"),
        (json!({"name": "x"}), "missing_field", "request_id"),
        (json!({"name": "", "request_id": request}), "invalid_field", "name"),
        (json!({"name": "x", "note": "x".repeat(4_097), "request_id": request}), "invalid_field", "note"),
        (json!({"name": "x", "request_id": "req_0000000000001"}), "unknown_reference", "request_id"),
        (
            json!({"name": "x", "request_id": "req_0000000000001", "event_id": event}),
            "invalid_field",
            "event_id",
        ),
    ] {
        let refused = server.post("/api/v1/bookmarks", body.clone()).await;
        assert_eq!(refused.problem(), (422, code.to_owned(), Some(field.to_owned())), "{body}");
    }
    assert_eq!(server.patch(&path, json!({"name": null})).await.problem().2.as_deref(), Some("name"));
    assert_eq!(server.delete(&path).await.status.as_u16(), 204);
    assert_eq!(server.get(&path).await.problem().1, "not_found");
}
