//! What a caller gets wrong is refused and named: bodies, fields, parameters, methods, paths.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::Server;

#[tokio::test]
async fn unknown_fields_are_named() {
    let server = Server::start().await;
    for (path, body, field) in [
        ("/api/v1/sources", json!({"name": "a", "provider": "none", "colour": 1}), "colour"),
        ("/api/v1/sources", json!({"name": "a", "provider": "none", "answer": {"code": 200}}), "answer.code"),
        ("/api/v1/destinations", json!({"name": "a", "url": "http://a/", "timeout": 5}), "timeout"),
        ("/api/v1/connections", json!({"source": "x"}), "source"),
        ("/api/v1/connections", json!({"retry": {"count": 1}}), "retry.count"),
    ] {
        let refused = server.post(path, body.clone()).await;
        assert_eq!(refused.problem(), (422, "unknown_field".to_owned(), Some(field.to_owned())), "{body}");
    }
    let source = server.create("/api/v1/sources", json!({"name": "a", "provider": "none"})).await;
    let refused = server.patch(&format!("/api/v1/sources/{source}"), json!({"id": "src_1"})).await;
    assert_eq!(refused.problem().2.as_deref(), Some("id"));
}

#[tokio::test]
async fn wrong_types_are_named() {
    let server = Server::start().await;
    for (path, body, field) in [
        ("/api/v1/sources", json!({"name": 1}), Some("name")),
        ("/api/v1/sources", json!({"secrets": ["a", 2]}), Some("secrets[1]")),
        ("/api/v1/sources", json!({"settings": {"header": 1}}), Some("settings.header")),
        ("/api/v1/sources", json!({"answer": [200]}), Some("answer")),
        ("/api/v1/destinations", json!({"timeout_ms": 1.5}), Some("timeout_ms")),
        ("/api/v1/destinations", json!({"concurrency": -1}), Some("concurrency")),
        ("/api/v1/connections", json!({"enabled": "yes"}), Some("enabled")),
        ("/api/v1/connections", json!([]), None),
        ("/api/v1/connections", json!("text"), None),
    ] {
        let refused = server.post(path, body.clone()).await;
        let expected = (422, "invalid_field".to_owned(), field.map(str::to_owned));
        assert_eq!(refused.problem(), expected, "{body}");
    }
}

#[tokio::test]
async fn every_endpoint_refuses_parameters_it_does_not_have() {
    let server = Server::start().await;
    let event = "evt_00000000000000000000000000";
    for (method, path) in [
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/api/v1/configuration"),
        ("POST", "/api/v1/configuration/plan"),
        ("POST", "/api/v1/configuration/apply"),
        ("POST", "/api/v1/filters/run"),
        ("GET", "/api/v1/docs"),
        ("GET", "/api/v1/sources"),
        ("POST", "/api/v1/sources"),
        ("GET", "/api/v1/sources/src_0000000000000"),
        ("PATCH", "/api/v1/sources/src_0000000000000"),
        ("DELETE", "/api/v1/sources/src_0000000000000"),
        ("POST", "/api/v1/sources/src_0000000000000/sample"),
        ("GET", "/api/v1/destinations"),
        ("POST", "/api/v1/destinations"),
        ("GET", "/api/v1/destinations/dst_0000000000000"),
        ("PATCH", "/api/v1/destinations/dst_0000000000000"),
        ("DELETE", "/api/v1/destinations/dst_0000000000000"),
        ("POST", "/api/v1/destinations/dst_0000000000000/rotate-secret"),
        ("POST", "/api/v1/destinations/dst_0000000000000/receive"),
        ("POST", "/api/v1/destinations/dst_0000000000000/ack"),
        ("POST", "/api/v1/destinations/dst_0000000000000/nack"),
        ("POST", "/api/v1/destinations/dst_0000000000000/extend"),
        ("GET", "/api/v1/connections"),
        ("POST", "/api/v1/connections"),
        ("GET", "/api/v1/connections/conn_0000000000000"),
        ("PATCH", "/api/v1/connections/conn_0000000000000"),
        ("DELETE", "/api/v1/connections/conn_0000000000000"),
        ("GET", "/api/v1/providers"),
        ("GET", "/api/v1/requests"),
        ("GET", "/api/v1/requests/histogram"),
        ("GET", "/api/v1/events/histogram"),
        ("GET", "/api/v1/bookmarks"),
        ("POST", "/api/v1/bookmarks"),
        ("GET", "/api/v1/bookmarks/bkm_0000000000000"),
        ("PATCH", "/api/v1/bookmarks/bkm_0000000000000"),
        ("DELETE", "/api/v1/bookmarks/bkm_0000000000000"),
        ("GET", "/api/v1/bookmarks/bkm_0000000000000/request"),
        ("POST", "/api/v1/bookmarks/bkm_0000000000000/trigger"),
        ("GET", "/api/v1/requests/req_0000000000000"),
        ("GET", "/api/v1/requests/req_0000000000000/body"),
        ("GET", "/api/v1/requests/req_0000000000000/head"),
        ("GET", "/api/v1/events"),
        ("GET", &format!("/api/v1/events/{event}")),
        ("GET", &format!("/api/v1/events/{event}/attempts")),
        ("POST", &format!("/api/v1/events/{event}/retry")),
        ("POST", &format!("/api/v1/events/{event}/cancel")),
        ("POST", &format!("/api/v1/events/{event}/replay")),
        ("GET", "/api/v1/bulk_operations"),
        ("POST", "/api/v1/bulk_operations"),
        ("POST", "/api/v1/bulk_operations/plan"),
        ("GET", "/api/v1/bulk_operations/bulk_0000000000000"),
        ("POST", "/api/v1/bulk_operations/bulk_0000000000000/cancel"),
        ("GET", "/api/v1/issues"),
        ("GET", "/api/v1/issues/iss_0000000000000"),
        ("POST", "/api/v1/issues/iss_0000000000000/acknowledge"),
        ("POST", "/api/v1/issues/iss_0000000000000/resolve"),
        ("GET", "/api/v1/alerts"),
        ("POST", "/api/v1/alerts"),
        ("GET", "/api/v1/alerts/alert_0000000000000"),
        ("PATCH", "/api/v1/alerts/alert_0000000000000"),
        ("DELETE", "/api/v1/alerts/alert_0000000000000"),
        ("POST", "/api/v1/alerts/alert_0000000000000/test"),
        ("GET", "/api/v1/live"),
        ("GET", "/api/v1/lanes"),
        ("GET", "/api/v1/destinations/dst_0000000000000/lane"),
        ("GET", "/api/v1/metrics/series"),
        ("GET", "/api/v1/metrics/current"),
        ("GET", "/api/v1/transformations/executions"),
        ("GET", "/api/v1/attempts/att_00000000000000000000000000_1"),
    ] {
        let answer = server.call(method, &format!("{path}?colour=red"), Some(&json!({}))).await;
        let expected = (422, "unknown_parameter".to_owned(), Some("colour".to_owned()));
        assert_eq!(answer.problem(), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn parameters_with_wrong_values_are_named() {
    let server = Server::start().await;
    for (path, code, field) in [
        ("/api/v1/sources?limit=0", "invalid_parameter", "limit"),
        ("/api/v1/sources?limit=251", "invalid_parameter", "limit"),
        ("/api/v1/sources?limit=5&limit=5", "duplicate_parameter", "limit"),
        ("/api/v1/sources?after=dst_0000000000000", "invalid_parameter", "after"),
        ("/api/v1/sources?before=src_0000000000000", "unknown_parameter", "before"),
        ("/api/v1/requests?status=maybe", "invalid_parameter", "status"),
        ("/api/v1/requests?cause=weather", "invalid_parameter", "cause"),
        ("/api/v1/requests?topic=", "invalid_parameter", "topic"),
        ("/api/v1/requests?provider_event_id=", "invalid_parameter", "provider_event_id"),
        ("/api/v1/requests?verification=none", "unknown_parameter", "verification"),
        ("/api/v1/requests?source_id=", "invalid_parameter", "source_id"),
        ("/api/v1/requests?method=", "invalid_parameter", "method"),
        ("/api/v1/requests?bookmarked=perhaps", "invalid_parameter", "bookmarked"),
        ("/api/v1/requests?received_after=yesterday", "invalid_parameter", "received_after"),
        ("/api/v1/requests?received_before=2027-01-15", "invalid_parameter", "received_before"),
        ("/api/v1/requests?search=", "invalid_parameter", "search"),
        ("/api/v1/requests?match=body", "invalid_parameter", "match"),
        ("/api/v1/requests?match={%22boddy%22:1}", "invalid_parameter", "match"),
        ("/api/v1/requests/histogram?search=x", "unknown_parameter", "search"),
        ("/api/v1/requests/histogram?limit=5", "unknown_parameter", "limit"),
        ("/api/v1/requests/histogram?buckets=501", "invalid_parameter", "buckets"),
        ("/api/v1/requests/histogram?from=then", "invalid_parameter", "from"),
        ("/api/v1/events?last_status=5x", "invalid_parameter", "last_status"),
        ("/api/v1/events?last_status=99", "invalid_parameter", "last_status"),
        ("/api/v1/events?last_error=weather", "invalid_parameter", "last_error"),
        ("/api/v1/events?attempts_min=-1", "invalid_parameter", "attempts_min"),
        ("/api/v1/events?attempts_max=1000001", "invalid_parameter", "attempts_max"),
        ("/api/v1/events?discarded=lost", "invalid_parameter", "discarded"),
        ("/api/v1/events?method=POST", "unknown_parameter", "method"),
        ("/api/v1/events?state=delivering", "invalid_parameter", "state"),
        ("/api/v1/issues?state=closed", "invalid_parameter", "state"),
        ("/api/v1/issues?kind=weather", "invalid_parameter", "kind"),
        ("/api/v1/issues?after=iss_0000000000000", "unknown_parameter", "after"),
        ("/api/v1/events?before=req_0000000000000", "invalid_parameter", "before"),
    ] {
        let expected = (422, code.to_owned(), Some(field.to_owned()));
        assert_eq!(server.get(path).await.problem(), expected, "{path}");
    }
    let path = "/api/v1/connections/conn_0000000000000?cancel_events=1";
    assert_eq!(server.delete(path).await.problem().2.as_deref(), Some("cancel_events"));
}

#[tokio::test]
async fn bodies_that_are_not_json_are_refused() {
    let server = Server::start().await;
    let host = server.address.to_string();
    for (content_type, body, status, code) in [
        (Some("application/json"), "{", 400, "malformed_body"),
        (Some("application/json"), "", 400, "malformed_body"),
        (Some("application/json"), "{}{}", 400, "malformed_body"),
        (Some("text/plain"), "{}", 415, "unsupported_media_type"),
        (Some("application/x-www-form-urlencoded"), "name=a", 415, "unsupported_media_type"),
        (None, "{}", 415, "unsupported_media_type"),
        (Some("application/json; charset=utf-8"), "{}", 422, "missing_field"),
        (Some("application/merge-patch+json"), "{}", 422, "missing_field"),
    ] {
        let mut headers = vec![("host", host.as_str())];
        headers.extend(content_type.map(|value| ("content-type", value)));
        let answer = server.send("POST", "/api/v1/sources", &headers, body).await.problem();
        assert_eq!((answer.0, answer.1.as_str()), (status, code), "{content_type:?} {body:?}");
    }
}

#[tokio::test]
async fn a_long_body_is_refused_while_it_arrives() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /api/v1/sources HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, " ".repeat(64 * 1024));
    for _ in 0..16 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    // One byte over the limit, and no end: the answer does not wait for one.
    stream.write_all(b"1\r\n \r\n").await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn unknown_paths_and_methods_say_so() {
    let server = Server::start().await;
    for path in ["/api", "/api/v1", "/api/v1/sources/", "/api/v2/sources", "/api/v1/sources/a/b"] {
        assert_eq!(server.get(path).await.problem(), (404, "not_found".to_owned(), None), "{path}");
    }
    for path in ["/api/v1/sources/1", "/api/v1/sources/dst_0000000000000", "/api/v1/sources/%ff"] {
        assert_eq!(server.get(path).await.problem().0, 404, "{path}");
    }
    for (method, path, allowed) in [
        ("PUT", "/api/v1/sources", &["GET", "HEAD", "POST"][..]),
        ("POST", "/api/v1/sources/src_0000000000000", &["GET", "HEAD", "PATCH", "DELETE"]),
        ("DELETE", "/api/v1/requests", &["GET", "HEAD"]),
        ("GET", "/api/v1/events/evt_00000000000000000000000000/retry", &["POST"]),
        ("POST", "/healthz", &["GET", "HEAD"]),
    ] {
        let answer = server.call(method, path, None).await;
        assert_eq!(answer.problem(), (405, "method_not_allowed".to_owned(), None), "{method} {path}");
        let mut allow: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        let mut expected = allowed.to_vec();
        allow.sort_unstable();
        expected.sort_unstable();
        assert_eq!(allow, expected, "{path}");
    }
}
