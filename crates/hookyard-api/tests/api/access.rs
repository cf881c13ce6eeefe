//! Who may call what: every endpoint against keys, origins and host names.

use crate::harness::Server;

const KEY: &str = "the-admin-key-of-this-test";

/// Every endpoint, and whether it is open without a key.
const ENDPOINTS: [(&str, &str, bool); 56] = [
    ("GET", "/healthz", true),
    ("GET", "/readyz", true),
    ("GET", "/metrics", false),
    ("GET", "/api/nowhere", false),
    ("GET", "/api/v1/openapi.json", false),
    ("GET", "/api/v1/sources", false),
    ("POST", "/api/v1/sources", false),
    ("GET", "/api/v1/sources/src_0000000000000", false),
    ("PATCH", "/api/v1/sources/src_0000000000000", false),
    ("DELETE", "/api/v1/sources/src_0000000000000", false),
    ("GET", "/api/v1/destinations", false),
    ("POST", "/api/v1/destinations", false),
    ("GET", "/api/v1/destinations/dst_0000000000000", false),
    ("PATCH", "/api/v1/destinations/dst_0000000000000", false),
    ("DELETE", "/api/v1/destinations/dst_0000000000000", false),
    ("POST", "/api/v1/destinations/dst_0000000000000/rotate-secret", false),
    ("POST", "/api/v1/destinations/dst_0000000000000/receive", false),
    ("POST", "/api/v1/destinations/dst_0000000000000/ack", false),
    ("POST", "/api/v1/destinations/dst_0000000000000/nack", false),
    ("POST", "/api/v1/destinations/dst_0000000000000/extend", false),
    ("GET", "/api/v1/connections", false),
    ("POST", "/api/v1/connections", false),
    ("GET", "/api/v1/connections/conn_0000000000000", false),
    ("PATCH", "/api/v1/connections/conn_0000000000000", false),
    ("DELETE", "/api/v1/connections/conn_0000000000000", false),
    ("GET", "/api/v1/configuration", false),
    ("POST", "/api/v1/configuration/plan", false),
    ("POST", "/api/v1/configuration/apply", false),
    ("POST", "/api/v1/filters/run", false),
    ("GET", "/api/v1/providers", false),
    ("GET", "/api/v1/requests", false),
    ("GET", "/api/v1/requests/req_0000000000000", false),
    ("GET", "/api/v1/requests/req_0000000000000/body", false),
    ("GET", "/api/v1/requests/req_0000000000000/head", false),
    ("GET", "/api/v1/events", false),
    ("GET", "/api/v1/events/evt_00000000000000000000000000", false),
    ("GET", "/api/v1/events/evt_00000000000000000000000000/attempts", false),
    ("POST", "/api/v1/events/evt_00000000000000000000000000/retry", false),
    ("POST", "/api/v1/events/evt_00000000000000000000000000/cancel", false),
    ("POST", "/api/v1/events/evt_00000000000000000000000000/replay", false),
    ("GET", "/api/v1/bulk_operations", false),
    ("POST", "/api/v1/bulk_operations", false),
    ("POST", "/api/v1/bulk_operations/plan", false),
    ("GET", "/api/v1/bulk_operations/bulk_0000000000000", false),
    ("POST", "/api/v1/bulk_operations/bulk_0000000000000/cancel", false),
    ("GET", "/api/v1/issues", false),
    ("GET", "/api/v1/issues/iss_0000000000000", false),
    ("POST", "/api/v1/issues/iss_0000000000000/acknowledge", false),
    ("POST", "/api/v1/issues/iss_0000000000000/resolve", false),
    ("GET", "/api/v1/alerts", false),
    ("POST", "/api/v1/alerts", false),
    ("GET", "/api/v1/alerts/alert_0000000000000", false),
    ("PATCH", "/api/v1/alerts/alert_0000000000000", false),
    ("DELETE", "/api/v1/alerts/alert_0000000000000", false),
    ("POST", "/api/v1/alerts/alert_0000000000000/test", false),
    ("GET", "/api/v1/attempts/att_00000000000000000000000000_1", false),
];

#[tokio::test]
async fn every_endpoint_asks_for_the_key_and_refuses_other_origins() {
    let server = Server::with_key(KEY).await;
    let host = server.address.to_string();
    let (right, wrong) = (format!("Bearer {KEY}"), format!("Bearer {KEY}x"));
    let own_origin = format!("http://{host}");
    for (method, path, open) in ENDPOINTS {
        for (credentials, key_is_right) in [(None, false), (Some(&wrong), false), (Some(&right), true)] {
            for (origin, same_origin) in
                [(None, true), (Some(own_origin.as_str()), true), (Some("https://evil.example"), false)]
            {
                let mut headers = vec![("host", host.as_str())];
                headers.extend(credentials.map(|value| ("authorization", value.as_str())));
                headers.extend(origin.map(|value| ("origin", value)));
                let answer = server.send(method, path, &headers, "").await;
                let case = format!("{method} {path} {credentials:?} {origin:?} {answer:?}");
                if !same_origin {
                    assert_eq!(answer.problem().1, "origin_not_allowed", "{case}");
                } else if !key_is_right && !open {
                    assert_eq!(answer.problem(), (401, "unauthorized".to_owned(), None), "{case}");
                    assert!(answer.header("www-authenticate").contains("Basic realm="), "{case}");
                } else {
                    assert!(![401, 403].contains(&answer.status.as_u16()), "{case}");
                }
            }
        }
    }
    assert_eq!(server.times_shown(KEY), 0);
}

#[tokio::test]
async fn without_a_key_every_endpoint_refuses_rebound_names_and_other_origins() {
    let server = Server::start().await;
    let port = server.address.port();
    let (rebound, local) = (format!("evil.example:{port}"), format!("localhost:{port}"));
    let rebound_origin = format!("http://{rebound}");
    for (method, path, _) in ENDPOINTS {
        for (headers, code) in [
            (vec![("host", rebound.as_str())], "host_not_allowed"),
            (vec![("host", &rebound), ("origin", &rebound_origin)], "host_not_allowed"),
            (vec![], "host_not_allowed"),
            (vec![("host", &local), ("origin", "https://evil.example")], "origin_not_allowed"),
            (vec![("host", &local), ("origin", "null")], "origin_not_allowed"),
            (vec![("host", &local), ("sec-fetch-site", "cross-site")], "origin_not_allowed"),
            (vec![("host", &local), ("sec-fetch-site", "same-site")], "origin_not_allowed"),
        ] {
            let answer = server.send(method, path, &headers, "").await;
            assert_eq!(answer.problem(), (403, code.to_owned(), None), "{method} {path} {headers:?}");
        }
        let answer = server.send(method, path, &[("host", &local)], "").await;
        assert!(![401, 403].contains(&answer.status.as_u16()), "{method} {path} {answer:?}");
    }
}

#[tokio::test]
async fn a_key_works_under_any_host_name_and_as_basic_password() {
    let server = Server::with_key("k").await;
    for credentials in ["Bearer k", "Basic YWRtaW46aw=="] {
        let headers = [("host", "hooks.example"), ("authorization", credentials)];
        assert_eq!(server.send("GET", "/api/v1/sources", &headers, "").await.status, 200, "{credentials}");
    }
}

#[tokio::test]
async fn no_answer_is_cached_or_guessed_at() {
    let server = Server::with_key(KEY).await;
    let refused = server.send("GET", "/api/v1/sources", &[("host", "localhost")], "").await;
    for answer in [server.get("/api/v1/sources").await, server.get("/api/nowhere").await, refused] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[test]
fn the_documentation_describes_every_endpoint() {
    let documentation = include_str!("../../../../docs/api.md");
    for (method, path, _) in ENDPOINTS.iter().filter(|(_, path, _)| *path != "/api/nowhere") {
        let is_id = |segment: &&str| segment.contains("_0");
        let generic = path.split('/').map(|segment| if is_id(&segment) { "{id}" } else { segment });
        let heading = format!("### `{method} {}`", generic.collect::<Vec<_>>().join("/"));
        assert!(documentation.contains(&format!("\n{heading}\n")), "{heading}");
    }
}
