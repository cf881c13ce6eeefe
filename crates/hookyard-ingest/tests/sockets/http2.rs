//! HTTP/2 without TLS (prior knowledge), by hyper's own client.

use bytes::Bytes;
use hookyard_ingest::limits::Limits;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::gateway::Gateway;

async fn connect(gateway: &Gateway) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn post(path: &str, body: &str) -> http::request::Builder {
    Request::post(format!("http://gateway.example{path}")).header("x-length", body.len())
}

#[tokio::test]
async fn requests_are_stored_in_the_form_of_http_1() {
    let gateway = Gateway::start().await;
    let mut sender = connect(&gateway).await;
    let request = post("/open/a?b=c", "hello").header("x-a", "1").header("x-b", "2").header("x-a", "3");
    let answer = sender.send_request(request.body(Full::from("hello")).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let id = std::str::from_utf8(&body).unwrap().split('"').nth(3).unwrap().parse().unwrap();
    let stored = gateway.stored(id).await;
    assert_eq!(
        String::from_utf8_lossy(&stored.head),
        "POST /open/a?b=c HTTP/1.1\r\nhost: gateway.example\r\nx-length: 5\r\nx-a: 1\r\nx-a: 3\r\nx-b: 2\r\n\
         content-length: 5\r\n\r\n"
    );
    assert_eq!(stored.body, "hello");
}

#[tokio::test]
async fn many_at_a_time_share_a_connection() {
    let gateway = Gateway::start().await;
    let sender = connect(&gateway).await;
    let sent = (0..100).map(|number| {
        let (mut sender, body) = (sender.clone(), format!("body {number}"));
        let request = post("/open", &body).body(Full::from(body)).unwrap();
        tokio::spawn(async move { sender.send_request(request).await.unwrap().status() })
    });
    for answered in sent.collect::<Vec<_>>() {
        assert_eq!(answered.await.unwrap(), StatusCode::OK);
    }
    assert!(gateway.metrics().contains("hookyard_ingest_requests_accepted_total 100\n"));
    assert!(gateway.metrics().contains("hookyard_ingest_connections_open 1\n"));
}

#[tokio::test]
async fn limits_and_refusals_hold_as_well() {
    let gateway = Gateway::with_limits(Limits { body_bytes_max: 10, ..Limits::default() }).await;
    let mut sender = connect(&gateway).await;
    for (path, body, status) in [
        ("/open", "short", StatusCode::OK),
        ("/open", "eleven char", StatusCode::PAYLOAD_TOO_LARGE),
        ("/nobody", "short", StatusCode::NOT_FOUND),
        ("/open", "short", StatusCode::OK),
    ] {
        let request = post(path, body).body(Full::from(body)).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), status, "{path}");
    }
    let head = Request::head("http://gateway.example/open").body(Full::default()).unwrap();
    let answer = sender.send_request(head).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.into_body().collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn a_resting_connection_is_told_to_go() {
    let short = std::time::Duration::from_millis(50);
    let limits = Limits { idle_timeout: short, header_read_timeout: short, ..Limits::default() };
    let gateway = Gateway::with_limits(limits).await;
    let mut sender = connect(&gateway).await;
    let request = post("/open", "").body(Full::default()).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), StatusCode::OK);
    gateway.until(|gateway| gateway.metrics().contains("hookyard_ingest_connections_open 0\n")).await;
    assert!(sender.is_closed());
}
