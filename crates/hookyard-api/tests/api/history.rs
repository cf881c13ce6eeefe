//! What arrived and what became of it: requests, events, attempts, retries, pages.

use hookyard_model::event::EventState;
use hookyard_model::id::RequestId;
use hookyard_model::request::{Fields, Proof, RejectCause};
use serde_json::{Value, json};

use crate::harness::{START, Server};
use crate::traffic::{PLAIN_HEAD, Yard, answered, refused};

const ODD_HEAD: &[u8] = b"PUT /tok/a%20b?c=%ff HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nx-odd: \xfe\xff\r\n\
    Content-Type: text/html; charset=x\r\nX-Two: 2\r\n\r\n";

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_request_is_shown_as_it_arrived() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let body: Vec<u8> = (0..=255).cycle().take(3_000).collect();
    let id = yard.accept(&server, ODD_HEAD, &body).await;
    let path = format!("/api/v1/requests/{id}");

    let unrouted = server.get("/api/v1/requests").await.ok()["data"][0].clone();
    assert_eq!(
        unrouted,
        json!({
            "id": id.to_string(), "source_id": yard.source.to_string(),
            "received_at": "2027-01-15T08:00:00.000Z", "status": "accepted", "cause": null,
            "verification": "none", "late": false,
            "provider_event_id": null, "topic": null, "provider_time": null,
            "method": "PUT", "target": "/tok/a%20b?c=%ff", "body_bytes": 3_000, "events": null,
        })
    );
    yard.route(&server, 1).await;
    let shown = server.get(&path).await.ok();
    assert_eq!(
        shown["headers"],
        json!([
            ["Host", "h"], ["X-Two", "1"], ["x-odd", {"base64": "/v8="}],
            ["Content-Type", "text/html; charset=x"], ["X-Two", "2"],
        ])
    );
    for (name, expected) in [
        ("method", json!("PUT")),
        ("target", json!("/tok/a%20b?c=%ff")),
        ("remote", json!("192.0.2.7")),
        ("status", json!("accepted")),
        ("cause", json!(null)),
        ("detail", json!(null)),
    ] {
        assert_eq!(shown[name], expected, "{name}");
    }
    assert_eq!((shown["body"]["size"].as_u64(), &shown["body"]["truncated"]), (Some(3_000), &json!(false)));
    assert!(shown["body"]["base64"].is_string() && shown["body"].get("text").is_none());
    let events = &shown["events"]["data"];
    assert_eq!(events[0]["connection_id"], yard.connection.to_string());
    assert_eq!(events.as_array().unwrap().len(), 1);

    let raw = server.get(&format!("{path}/body")).await;
    assert_eq!(raw.body, body);
    for (name, expected) in [
        ("content-type", "application/octet-stream"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox"),
        ("hookyard-content-type", "text/html; charset=x"),
        ("hookyard-body-truncated", ""),
    ] {
        assert_eq!(raw.header(name), expected, "{name}");
    }
    assert_eq!(raw.header("content-disposition"), format!("attachment; filename=\"{id}.body\""));
    let raw = server.get(&format!("{path}/head")).await;
    assert_eq!((&raw.body[..], raw.header("content-type")), (ODD_HEAD, "application/octet-stream"));
}

#[tokio::test]
async fn text_bodies_are_text_up_to_a_limit() {
    let server = Server::start().await;
    let yard = Yard::lay_out(&server).await;
    let small = yard.accept(&server, PLAIN_HEAD, "{\"größe\": 1}".as_bytes()).await;
    let shown = server.get(&format!("/api/v1/requests/{small}")).await.ok();
    assert_eq!(shown["body"], json!({"size": 14, "text": "{\"größe\": 1}", "truncated": false}));
    assert_eq!(shown["events"], json!({"data": [], "next": null}));

    let long = "x".repeat(70_000);
    let large = yard.accept(&server, PLAIN_HEAD, long.as_bytes()).await;
    let shown = server.get(&format!("/api/v1/requests/{large}")).await.ok();
    assert_eq!(shown["body"]["text"].as_str().map(str::len), Some(64 * 1024));
    assert_eq!((&shown["body"]["size"], &shown["body"]["truncated"]), (&json!(70_000), &json!(true)));
    assert_eq!(server.get(&format!("/api/v1/requests/{large}/body")).await.body, long);
}

#[tokio::test]
async fn requests_are_found_by_what_became_of_them() {
    let server = Server::start().await;
    let yard = Yard::lay_out(&server).await;
    let accepted = yard.accept(&server, PLAIN_HEAD, b"1").await.to_string();
    yard.reject(&server, RejectCause::VerificationFailed, b"2", 1);
    yard.reject(&server, RejectCause::BodyTooLarge, b"beginning", 99_999);
    server.store.settle().await;
    let source = yard.source;
    for (query, count) in [
        (String::new(), 3),
        ("?status=accepted".to_owned(), 1),
        ("?status=rejected".to_owned(), 2),
        ("?cause=verification_failed".to_owned(), 1),
        ("?cause=unknown_source".to_owned(), 0),
        (format!("?source_id={source}"), 3),
        (format!("?source_id={source}&status=rejected&cause=body_too_large"), 1),
        ("?source_id=src_0000000000000".to_owned(), 0),
    ] {
        let found = server.get(&format!("/api/v1/requests{query}")).await.ok();
        assert_eq!(found["data"].as_array().unwrap().len(), count, "{query}");
    }
    assert_eq!(ids(&server.pages("/api/v1/requests?status=accepted", "before", 9).await.0), [accepted]);

    let cut = server.get("/api/v1/requests?cause=body_too_large").await.ok()["data"][0].clone();
    let path = format!("/api/v1/requests/{}", cut["id"].as_str().unwrap());
    let shown = server.get(&path).await.ok();
    assert_eq!(
        (&shown["cause"], &shown["detail"]),
        (&json!("body_too_large"), &json!("no signature matches"))
    );
    assert_eq!(shown["body"], json!({"size": 99_999, "text": "beginning", "truncated": true}));
    let raw = server.get(&format!("{path}/body")).await;
    assert_eq!((&raw.body[..], raw.header("hookyard-body-truncated")), (&b"beginning"[..], "true"));
}

#[tokio::test]
async fn what_is_verified_late_is_shown_at_each_of_its_stages() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let good = yard.accept_pending(&server, b"good").await;
    let bad = yard.accept_pending(&server, b"bad").await;
    yard.note_answered(&server);
    let show = async |id: RequestId| server.get(&format!("/api/v1/requests/{id}")).await.ok();
    let outline =
        |shown: &Value| ["status", "verification", "late", "cause", "detail"].map(|name| shown[name].clone());
    assert_eq!(
        outline(&show(good).await),
        [json!("pending"), json!("pending"), json!(false), json!(null), json!(null)]
    );
    let arrived = yard.arrived(2).await;
    let fields = Fields {
        provider_event_id: Some("evt_1&2".to_owned()),
        topic: Some("order.paid".to_owned()),
        provider_time: Some(START),
    };
    server.store.record_verified(&arrived[0], Proof::Verified, fields, &[]);
    let cause = RejectCause::VerificationFailed;
    server.store.record_refused(&arrived[1], cause, "no signature matches".to_owned());
    server.store.settle().await;
    let shown = show(good).await;
    assert_eq!(
        outline(&shown),
        [json!("accepted"), json!("verified"), json!(true), json!(null), json!(null)]
    );
    for (name, expected) in [
        ("provider_event_id", "evt_1&2"),
        ("topic", "order.paid"),
        ("provider_time", "2027-01-15T08:00:00.000Z"),
    ] {
        assert_eq!(shown[name], expected, "{name}");
    }
    let why = [json!("verification_failed"), json!("no signature matches")];
    let [cause, detail] = why.clone();
    assert_eq!(outline(&show(bad).await), [json!("rejected"), json!("rejected"), json!(true), cause, detail]);
    assert_eq!(server.get(&format!("/api/v1/requests/{bad}/body")).await.body, "bad");

    for (query, expected) in [
        ("provider_event_id=evt_1%262", vec![good.to_string()]),
        ("provider_event_id=evt_1%262&topic=order.paid", vec![good.to_string()]),
        ("provider_event_id=evt_2", vec![]),
        ("topic=order.paid", vec![good.to_string()]),
        ("status=accepted", vec![good.to_string()]),
        ("status=rejected&cause=verification_failed", vec![bad.to_string()]),
        ("status=pending", vec![]),
    ] {
        let found = server.get(&format!("/api/v1/requests?{query}")).await.ok();
        assert_eq!(ids(found["data"].as_array().unwrap()), expected, "{query}");
    }
    let handshakes = server.get("/api/v1/requests?status=handshake").await.ok();
    let row = &handshakes["data"][0];
    assert_eq!((&row["verification"], &row["events"]), (&json!("none"), &json!(0)));
    let id: RequestId = row["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(show(id).await["detail"], "url_verification");
}

#[tokio::test]
async fn pages_of_history_show_everything_once_newest_first() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let mut requests = Vec::new();
    for number in 0..23_u8 {
        requests.push(yard.accept(&server, PLAIN_HEAD, &[number]).await.to_string());
    }
    yard.route(&server, 23).await;
    requests.reverse();
    for (limit, expected_pages) in [(1, 23), (5, 5), (23, 1), (250, 1)] {
        let (rows, pages) = server.pages("/api/v1/requests", "before", limit).await;
        assert_eq!((ids(&rows), pages), (requests.clone(), expected_pages));
        let filtered = format!("/api/v1/events?connection_id={}&state=queued", yard.connection);
        for path in ["/api/v1/events", &filtered] {
            let (rows, pages) = server.pages(path, "before", limit).await;
            let of: Vec<_> = rows.iter().map(|row| row["request_id"].as_str().unwrap().to_owned()).collect();
            assert_eq!((of, pages), (requests.clone(), expected_pages), "{path}");
        }
    }
}

#[tokio::test]
async fn an_event_and_its_attempts_are_shown() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let event = yard.event(&server).await;
    let path = format!("/api/v1/events/{event}");
    let shown = server.get(&path).await.ok();
    assert_eq!(
        shown,
        json!({
            "id": event.to_string(), "request_id": event.request.to_string(),
            "connection_id": yard.connection.to_string(), "source_id": yard.source.to_string(),
            "destination_id": yard.destination.to_string(), "received_at": "2027-01-15T08:00:00.000Z",
            "topic": null, "state": "queued", "held_by": null,
            "discarded": null, "duplicate_of": null, "superseded_by": null, "revision": null, "order_key": null,
            "rules": [], "transformed": null,
            "due_at": "2027-01-15T08:00:00.000Z", "attempts": 0, "last_status": null,
            "last_error": null, "last_attempt_at": null,
        })
    );
    let first = yard.attempt(&server, answered(503, b"busy"), EventState::Failed).await;
    let shown = server.get(&path).await.ok();
    assert_eq!((&shown["state"], &shown["last_status"]), (&json!("failed"), &json!(503)));
    assert_eq!((&shown["due_at"], &shown["attempts"]), (&json!(null), &json!(1)));

    let attempt = server.get(&format!("/api/v1/attempts/{first}")).await.ok();
    assert_eq!(
        attempt,
        json!({
            "id": first.to_string(), "event_id": event.to_string(),
            "destination_id": yard.destination.to_string(), "number": 1, "trigger": "initial",
            "started_at": "2027-01-15T08:00:00.000Z", "duration_ms": 1.25, "successful": false,
            "status": 503, "error": null, "error_detail": null, "event_state": "failed",
            "next_attempt_at": null,
            "response": {
                "status": 503,
                "headers": [["Content-Type", "text/plain"], ["X-Odd", {"base64": "/w=="}]],
                "body": {"size": 4, "text": "busy", "truncated": false},
            },
        })
    );
    server.call("POST", &format!("{path}/retry"), None).await.ok();
    let second = yard.attempt(&server, refused(), EventState::Scheduled).await;
    let attempt = server.get(&format!("/api/v1/attempts/{second}")).await.ok();
    for (name, expected) in [
        ("number", json!(2)),
        ("trigger", json!("manual")),
        ("status", json!(null)),
        ("error", json!("connect")),
        ("error_detail", json!("connection refused")),
        ("event_state", json!("scheduled")),
        ("next_attempt_at", json!("2027-01-15T08:01:00.000Z")),
        ("response", json!(null)),
    ] {
        assert_eq!(attempt[name], expected, "{name}");
    }
    let expected = vec![first.to_string(), second.to_string()];
    for (limit, expected_pages) in [(1, 2), (2, 1), (50, 1)] {
        let (rows, pages) = server.pages(&format!("{path}/attempts"), "after", limit).await;
        assert_eq!((ids(&rows), pages), (expected.clone(), expected_pages));
        assert!(rows.iter().all(|row| row.get("response").is_none()));
    }
}

#[tokio::test]
async fn events_are_found_by_where_they_belong() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let failed = yard.event(&server).await;
    yard.attempt(&server, refused(), EventState::Failed).await;
    let queued = yard.event(&server).await;
    for (query, expected) in [
        (format!("request_id={}", failed.request), vec![failed]),
        (format!("source_id={}", yard.source), vec![queued, failed]),
        (format!("connection_id={}", yard.connection), vec![queued, failed]),
        (format!("destination_id={}", yard.destination), vec![queued, failed]),
        ("state=failed".to_owned(), vec![failed]),
        ("state=queued".to_owned(), vec![queued]),
        ("state=successful".to_owned(), vec![]),
        (format!("request_id={}&state=queued", failed.request), vec![]),
        ("destination_id=dst_0000000000000".to_owned(), vec![]),
    ] {
        let found = server.get(&format!("/api/v1/events?{query}")).await.ok();
        let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(ids(found["data"].as_array().unwrap()), expected, "{query}");
    }
}

#[tokio::test]
async fn a_retry_queues_what_has_ended_and_nothing_else() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let event = yard.event(&server).await;
    let retry = format!("/api/v1/events/{event}/retry");
    let waiting = server.call("POST", &retry, None).await;
    assert_eq!(waiting.problem(), (409, "event_not_retryable".to_owned(), None));

    yard.attempt(&server, refused(), EventState::Failed).await;
    let unknown_field = server.post(&retry, json!({"now": true})).await;
    assert_eq!(unknown_field.problem(), (422, "unknown_field".to_owned(), Some("now".to_owned())));
    let connection = format!("/api/v1/connections/{}", yard.connection);
    server.patch(&connection, json!({"enabled": false})).await.ok();
    let disabled = server.call("POST", &retry, None).await;
    assert_eq!(disabled.problem(), (409, "not_deliverable".to_owned(), None));
    server.patch(&connection, json!({"enabled": true})).await.ok();

    let queued = server.post(&retry, json!({})).await;
    assert_eq!((queued.status.as_u16(), &queued.json()["state"]), (202, &json!("queued")));
    yard.attempt(&server, answered(200, b""), EventState::Successful).await;
    let shown = server.get(&format!("/api/v1/events/{event}")).await.ok();
    assert_eq!((&shown["state"], &shown["attempts"]), (&json!("successful"), &json!(2)));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let event = yard.event(&server).await;
    let none = "0".repeat(13);
    for path in [
        format!("/api/v1/requests/req_{none}"),
        format!("/api/v1/requests/req_{none}/body"),
        format!("/api/v1/requests/req_{none}/head"),
        "/api/v1/requests/nonsense".to_owned(),
        format!("/api/v1/events/evt_{none}{none}"),
        format!("/api/v1/events/evt_{none}{none}/attempts"),
        format!("/api/v1/attempts/att_{none}{none}_1"),
        format!("/api/v1/attempts/{}_1", event.to_string().replace("evt_", "att_")),
    ] {
        assert_eq!(server.get(&path).await.problem(), (404, "not_found".to_owned(), None), "{path}");
    }
    let retry = format!("/api/v1/events/evt_{none}{none}/retry");
    assert_eq!(server.call("POST", &retry, None).await.problem().0, 404);
}
