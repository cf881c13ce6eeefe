//! Calls that are sent more than once with one key: done once, and answered alike.

use hookyard_model::event::EventState;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::harness::{Answer, Server};
use crate::traffic::{Yard, refused};

async fn keyed(server: &Server, key: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
    let host = server.address.to_string();
    let mut headers = vec![("host", host.as_str()), ("idempotency-key", key)];
    headers.extend(body.as_ref().map(|_| ("content-type", "application/json")));
    server.send(method, path, &headers, body.map(|it| it.to_string()).unwrap_or_default()).await
}

#[tokio::test]
async fn the_same_call_is_done_once_and_answered_alike() {
    let server = Server::start().await;
    let body = json!({"name": "out", "url": "https://example.com/"});
    let first = keyed(&server, "k-1", "POST", "/api/v1/destinations", Some(body.clone())).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, ""));
    let again = keyed(&server, "k-1", "POST", "/api/v1/destinations", Some(body.clone())).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.body, first.body, "also the secret that was made");
    for name in ["location", "etag", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
        assert!(!again.header(name).is_empty(), "{name}");
    }
    let list = server.get("/api/v1/destinations").await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);

    let path = first.header("location").to_owned();
    let other = json!({"name": "other", "url": "https://example.com/"});
    for (method, path, body) in [
        ("POST", "/api/v1/destinations", Some(other)),
        ("POST", "/api/v1/sources", Some(body)),
        ("DELETE", path.as_str(), None),
    ] {
        let refused = keyed(&server, "k-1", method, path, body).await;
        assert_eq!(refused.problem().1, "idempotency_key_reused", "{method} {path}");
    }
    let deleted = keyed(&server, "k-2", "DELETE", &path, None).await;
    let again = keyed(&server, "k-2", "DELETE", &path, None).await;
    assert_eq!((deleted.status.as_u16(), again.status.as_u16()), (204, 204));
    assert_eq!(again.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn a_call_that_was_refused_can_be_made_again() {
    let server = Server::start().await;
    let body = json!({"name": "in", "provider": "none"});
    let wrong = json!({"name": "in", "provider": "nobody"});
    assert_eq!(keyed(&server, "k", "POST", "/api/v1/sources", Some(wrong)).await.status, 422);
    assert_eq!(keyed(&server, "k", "POST", "/api/v1/sources", Some(body)).await.status, 201);
    for wrong in ["", "two words", &"x".repeat(256), "\u{e9}"] {
        let answer = keyed(&server, wrong, "POST", "/api/v1/sources", Some(json!({}))).await;
        assert_eq!(
            answer.problem(),
            (422, "invalid_header".to_owned(), Some("Idempotency-Key".to_owned())),
            "{wrong}"
        );
    }
    assert_eq!(keyed(&server, "k", "GET", "/api/v1/sources", None).await.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn each_caller_has_keys_of_its_own() {
    let server = Server::start().await;
    let key = server.seed_key("ci").await;
    let (host, bearer) = (server.address.to_string(), format!("Bearer {}", key.text));
    let call = async |name: &str| {
        let headers = [
            ("host", host.as_str()),
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "k"),
        ];
        server
            .send("POST", "/api/v1/sources", &headers, json!({"name": name, "provider": "none"}).to_string())
            .await
    };
    let local = json!({"name": "local", "provider": "none"});
    assert_eq!(keyed(&server, "k", "POST", "/api/v1/sources", Some(local)).await.status, 201);
    assert_eq!(call("keyed").await.status, 201);
    assert_eq!(call("keyed").await.header("idempotency-replayed"), "true");
    assert_eq!(call("other").await.problem().1, "idempotency_key_reused");
}

#[tokio::test]
async fn an_action_is_noted_once() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    let event = yard.event(&server).await;
    yard.attempt(&server, refused(), EventState::Failed).await;
    let path = format!("/api/v1/events/{event}/retry");
    for _ in 0..3 {
        assert_eq!(keyed(&server, "k", "POST", &path, None).await.status, 202);
    }
    let entries = server.get("/api/v1/audit_entries?action=event.retry").await.ok();
    assert_eq!(entries["data"].as_array().unwrap().len(), 1);
}

/// The caller goes away while the call is made. What has begun is carried through, and its repetition hears the answer.
#[tokio::test]
async fn a_call_whose_caller_goes_away_is_carried_through() {
    let server = Server::start().await;
    let body = json!({"name": "in", "provider": "none"});
    let text = body.to_string();
    let head = format!(
        "POST /api/v1/sources HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\n\
         Content-Length: {}\r\n\r\n{text}",
        server.address,
        text.len()
    );
    // Whether one has begun before its caller is gone is a race; one of them has.
    loop {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        drop(stream);
        let list = server.get("/api/v1/sources").await.ok();
        if list["data"].as_array().unwrap().len() == 1 {
            break;
        }
    }
    let again = loop {
        let again = keyed(&server, "k", "POST", "/api/v1/sources", Some(body.clone())).await;
        if again.status != 409 {
            break again;
        }
        assert_eq!(again.problem().1, "idempotency_key_in_use");
    };
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
}
