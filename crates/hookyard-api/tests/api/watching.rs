//! Health, readiness, metrics, and the end of the server.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hookyard_api::server::Options;
use hookyard_model::event::EventState;
use hookyard_store::Faults;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Answer, ENOSPC, Server};
use crate::traffic::{Yard, answered, refused};

#[tokio::test]
async fn readiness_follows_the_oldest_undelivered_event() {
    let options = Options { undelivered_age_max: Some(Duration::from_secs(60)), ..Options::default() };
    let server = Server::with(options).await;
    let mut yard = Yard::lay_out(&server).await;
    yard.event(&server).await;
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.json()), (200, json!({"status": "ready", "reasons": []})));

    server.clock.advance(Duration::from_secs(61));
    let late = server.get_until("/readyz", |answer| answer.status == 503).await;
    assert_eq!(late.json()["reasons"][0]["code"], "undelivered_too_old");
    assert_eq!(server.get("/healthz").await.ok(), json!({"status": "ok"}));

    yard.attempt(&server, answered(200, b""), EventState::Successful).await;
    server.get_until("/readyz", |answer| answer.status == 200).await;
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_not_ready() {
    let faults = Arc::new(Faults::default());
    let server = Server::with_faults(Options::default(), Arc::clone(&faults)).await;
    let mut yard = Yard::lay_out(&server).await;
    let event = yard.event(&server).await;
    yard.attempt(&server, refused(), EventState::Failed).await;
    faults.write.store(ENOSPC, Ordering::Relaxed);
    faults.create.store(ENOSPC, Ordering::Relaxed);

    let retry = format!("/api/v1/events/{event}/retry");
    let refusal = server.call("POST", &retry, None).await;
    assert_eq!(refusal.problem(), (503, "store_unavailable".to_owned(), None));
    assert!(refusal.header("retry-after").parse::<u32>().unwrap() > 0);
    let answer = server.get_until("/readyz", |answer| answer.status == 503).await;
    assert_eq!(answer.json()["reasons"][0]["code"], "store_unavailable");
    server.get_until("/metrics", |answer| has_line(answer, "hookyard_store_available 0.0")).await;
    assert_eq!(server.get("/healthz").await.status, 200);

    faults.write.store(0, Ordering::Relaxed);
    faults.create.store(0, Ordering::Relaxed);
    server.get_until("/readyz", |answer| answer.status == 200).await;
    assert_eq!(server.call("POST", &retry, None).await.status, 202);
}

fn has_line(answer: &Answer, line: &str) -> bool {
    String::from_utf8_lossy(&answer.body).lines().any(|it| it == line)
}

#[tokio::test]
async fn metrics_show_the_stages_and_the_store() {
    let server = Server::start().await;
    let mut yard = Yard::lay_out(&server).await;
    yard.event(&server).await;
    yard.event(&server).await;
    yard.accept_pending(&server, b"to be verified").await;
    server.clock.advance(Duration::from_secs(5));
    let aged = |answer: &Answer| {
        has_line(answer, "hookyard_oldest_undelivered_age_seconds 5.0")
            && has_line(answer, "hookyard_oldest_pending_age_seconds 5.0")
    };
    let answer = server.get_until("/metrics", aged).await;
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for line in [
        "stage_things_total 7",
        "hookyard_undelivered_events 2.0",
        "hookyard_pending_requests 1.0",
        "hookyard_index_lag_bytes 0.0",
        "hookyard_store_available 1.0",
    ] {
        assert!(has_line(&answer, line), "{line} in\n{text}");
    }
    assert_eq!(text.matches("# EOF").count(), 1);
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn shutdown_finishes_calls_and_takes_no_more() {
    let server = Server::start().await;
    let address = server.address;
    // A call whose body is still arriving when the shutdown begins, and a connection that is idle.
    let body = br#"{"name": "late", "provider": "none"}"#;
    let head = format!(
        "POST /api/v1/sources HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut late = TcpStream::connect(address).await.unwrap();
    late.write_all(head.as_bytes()).await.unwrap();
    let mut proceed = [0; 25];
    late.read_exact(&mut proceed).await.unwrap();
    assert_eq!(&proceed, b"HTTP/1.1 100 Continue\r\n\r\n");
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut begun = [0; 15];
    idle.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200 OK");

    let store = server.store.clone();
    let stopping = tokio::spawn(server.stop());
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    late.write_all(body).await.unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    stopping.await.unwrap();
    assert_eq!(store.catalog().snapshot().sources.len(), 1);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_server_without_free_slots_still_shuts_down() {
    let server = Server::start().await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let mut held = Vec::new();
    for _ in 0..256 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_exact(&mut [0; 15]).await.unwrap();
        held.push(stream);
    }
    // One too many: it is connected by the system, and waits for a slot.
    let mut waiting = TcpStream::connect(server.address).await.unwrap();
    waiting.write_all(request.as_bytes()).await.unwrap();
    drop(held.pop());
    waiting.read_exact(&mut [0; 15]).await.unwrap();
    server.stop().await;
}
