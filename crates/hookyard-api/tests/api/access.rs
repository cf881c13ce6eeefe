//! Who may call what: every endpoint of the router against keys, scopes, sessions, origins and host names.
//!
//! The endpoints are those of the API's own description, so none can be forgotten here; what each needs is worked out
//! here once more, so that a wrong line of the API's own table shows.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Answer, Server};

const KEY: &str = "the-admin-key-of-this-test";
const SCOPES: [&str; 3] = ["read", "operate", "admin"];

/// An endpoint, as it can be called.
struct Endpoint {
    method: String,
    /// As the description has it.
    pattern: String,
    /// With an id of nothing.
    path: String,
}

/// All endpoints of the API's description.
fn endpoints() -> Vec<Endpoint> {
    let description: Value = serde_json::from_str(hookyard_api::openapi::text()).unwrap();
    let mut endpoints = Vec::new();
    for (pattern, item) in description["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let path = with_id(pattern);
            endpoints.push(Endpoint { method: method.to_uppercase(), pattern: pattern.clone(), path });
        }
    }
    assert!(endpoints.len() >= 71, "{}", endpoints.len());
    endpoints
}

fn with_id(pattern: &str) -> String {
    let zeros = "0".repeat(13);
    let ids = [
        ("sources", format!("src_{zeros}")),
        ("destinations", format!("dst_{zeros}")),
        ("connections", format!("conn_{zeros}")),
        ("requests", format!("req_{zeros}")),
        ("events", format!("evt_{zeros}{zeros}")),
        ("attempts", format!("att_{zeros}{zeros}_1")),
        ("bulk_operations", format!("bulk_{zeros}")),
        ("issues", format!("iss_{zeros}")),
        ("alerts", format!("alert_{zeros}")),
        ("api_keys", format!("key_{zeros}")),
        ("bookmarks", format!("bkm_{zeros}")),
        ("providers", "none".to_owned()),
    ];
    if !pattern.contains('{') {
        return pattern.to_owned();
    }
    let collection = pattern.trim_start_matches("/api/v1/").split('/').next().unwrap();
    let (_, id) = ids.iter().find(|(name, _)| *name == collection).unwrap_or_else(|| panic!("{pattern}"));
    let segments = pattern.split('/').map(|it| if it.starts_with('{') { id.as_str() } else { it });
    segments.collect::<Vec<_>>().join("/")
}

/// The scope that an endpoint needs by the rules of docs/access.md; none where everybody may call it.
fn scope_needed(endpoint: &Endpoint) -> Option<&'static str> {
    let path = endpoint.pattern.trim_start_matches("/api/v1");
    let open = ["/healthz", "/readyz", "/session"];
    let administered = ["/api_keys", "/audit_entries", "/settings"];
    let operated = [
        "/retry",
        "/cancel",
        "/replay",
        "/receive",
        "/ack",
        "/nack",
        "/extend",
        "/acknowledge",
        "/resolve",
        "/pause",
        "/resume",
        "/run",
        "/sample",
        "/test",
        "/trigger",
    ];
    if open.contains(&path) {
        return None;
    }
    if administered.iter().any(|it| path.starts_with(it)) {
        return Some("admin");
    }
    if endpoint.method == "GET" {
        return Some("read");
    }
    let is_operated = operated.iter().any(|it| path.ends_with(it))
        || ["/bulk_operations", "/bulk_operations/plan"].contains(&path)
        || path.starts_with("/bookmarks");
    Some(if is_operated { "operate" } else { "admin" })
}

fn rank(scope: &str) -> usize {
    SCOPES.iter().position(|it| *it == scope).unwrap()
}

/// Whether the guard let a call through, whatever its handler made of it; or the code that the guard answered.
fn verdict(answer: &Answer) -> Result<(), String> {
    match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(answer.problem().1),
        StatusCode::INTERNAL_SERVER_ERROR => panic!("{answer:?}"),
        _ => Ok(()),
    }
}

/// A server with an admin key, and of each scope an API key and a session.
struct Keyed {
    server: Server,
    /// `Authorization` of each scope.
    bearers: Vec<String>,
    /// `Cookie` of each scope.
    cookies: Vec<String>,
}

impl Keyed {
    async fn start() -> Self {
        let server = Server::with_key(KEY).await;
        let (mut bearers, mut cookies) = (Vec::new(), Vec::new());
        for scope in SCOPES {
            let made = server.post("/api/v1/api_keys", json!({"name": scope, "scope": scope})).await.ok();
            let key = made["key_generated"].as_str().unwrap();
            bearers.push(format!("Bearer {key}"));
            cookies.push(server.log_in(key).await);
        }
        Self { server, bearers, cookies }
    }

    /// The verdict on a call with these headers besides `Host`.
    async fn call(&self, endpoint: &Endpoint, headers: &[(&str, &str)]) -> Result<(), String> {
        let host = self.server.address.to_string();
        let mut all = vec![("host", host.as_str())];
        if headers.iter().any(|(name, _)| *name == "host") {
            all.clear();
        }
        all.extend_from_slice(headers);
        verdict(&self.server.send(&endpoint.method, &endpoint.path, &all, "").await)
    }
}

#[tokio::test]
async fn every_endpoint_takes_the_keys_and_sessions_of_its_scope_and_no_others() {
    let keyed = Keyed::start().await;
    let origin = format!("http://{}", keyed.server.address);
    let admin = format!("Bearer {KEY}");
    for endpoint in endpoints() {
        let needed = scope_needed(&endpoint);
        let case = format!("{} {} needs {needed:?}", endpoint.method, endpoint.path);
        let nobody = keyed.call(&endpoint, &[]).await;
        assert_eq!(nobody, if needed.is_some() { Err("unauthorized".into()) } else { Ok(()) }, "{case}");
        if endpoint.pattern.ends_with("/session") && endpoint.method == "DELETE" {
            // It would end the sessions that are still needed; the next test has it.
            continue;
        }
        for wrong in
            ["Bearer x", "Bearer", "Basic eA==", &format!("{admin}x"), &keyed.bearers[2].to_uppercase()]
        {
            let called = keyed.call(&endpoint, &[("authorization", wrong)]).await;
            let is_asked = !["/healthz", "/readyz"].contains(&endpoint.path.as_str());
            let expected = if is_asked { Err("unauthorized".into()) } else { Ok(()) };
            assert_eq!(called, expected, "{case} {wrong}");
        }
        for (number, scope) in SCOPES.into_iter().enumerate() {
            let is_enough = needed.is_none_or(|needed| rank(scope) >= rank(needed));
            let expected = if is_enough { Ok(()) } else { Err("scope_missing".to_owned()) };
            let by_key = keyed.call(&endpoint, &[("authorization", &keyed.bearers[number])]).await;
            assert_eq!(by_key, expected, "{case} key of {scope}");
            let headers = [("cookie", keyed.cookies[number].as_str()), ("origin", origin.as_str())];
            assert_eq!(keyed.call(&endpoint, &headers).await, expected, "{case} session of {scope}");
        }
        assert_eq!(keyed.call(&endpoint, &[("authorization", &admin)]).await, Ok(()), "{case} admin key");
    }
    assert_eq!(keyed.server.times_shown(KEY), 0);
}

#[tokio::test]
async fn every_endpoint_refuses_other_origins_with_whatever_is_shown() {
    let keyed = Keyed::start().await;
    let foreign = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for endpoint in endpoints() {
        for header in foreign {
            let (bearer, cookie) = (&keyed.bearers[2], &keyed.cookies[2]);
            for shown in [None, Some(("authorization", bearer.as_str())), Some(("cookie", cookie.as_str()))] {
                let headers: Vec<_> = shown.into_iter().chain([header]).collect();
                let expected = Err("origin_not_allowed".to_owned());
                let case = format!("{} {} {headers:?}", endpoint.method, endpoint.path);
                assert_eq!(keyed.call(&endpoint, &headers).await, expected, "{case}");
            }
        }
        // A session's change has to prove where it comes from; what only looks need not.
        let bare = keyed.call(&endpoint, &[("cookie", &keyed.cookies[2])]).await;
        let is_look = endpoint.method == "GET";
        let expected = if is_look { Ok(()) } else { Err("origin_not_allowed".to_owned()) };
        assert_eq!(bare, expected, "{} {}", endpoint.method, endpoint.path);
    }
}

#[tokio::test]
async fn every_endpoint_refuses_a_session_under_another_host_name() {
    let keyed = Keyed::start().await;
    for endpoint in endpoints().iter().filter(|it| !["/healthz", "/readyz"].contains(&it.path.as_str())) {
        let rebound = [
            ("host", "evil.example:4401"),
            ("origin", "http://evil.example:4401"),
            ("cookie", keyed.cookies[2].as_str()),
        ];
        let expected = Err("host_not_allowed".to_owned());
        assert_eq!(keyed.call(endpoint, &rebound).await, expected, "{} {}", endpoint.method, endpoint.path);
    }
}

#[tokio::test]
async fn without_a_key_every_endpoint_refuses_rebound_names_and_other_origins() {
    let server = Server::start().await;
    let port = server.address.port();
    let (rebound, local) = (format!("evil.example:{port}"), format!("localhost:{port}"));
    let rebound_origin = format!("http://{rebound}");
    for Endpoint { method, path, .. } in endpoints() {
        for (headers, code) in [
            (vec![("host", rebound.as_str())], "host_not_allowed"),
            (vec![("host", &rebound), ("origin", &rebound_origin)], "host_not_allowed"),
            (vec![], "host_not_allowed"),
            (vec![("host", &local), ("origin", "https://evil.example")], "origin_not_allowed"),
            (vec![("host", &local), ("origin", "null")], "origin_not_allowed"),
            (vec![("host", &local), ("sec-fetch-site", "cross-site")], "origin_not_allowed"),
            (vec![("host", &local), ("sec-fetch-site", "same-site")], "origin_not_allowed"),
        ] {
            let answer = server.send(&method, &path, &headers, "").await;
            assert_eq!(answer.problem(), (403, code.to_owned(), None), "{method} {path} {headers:?}");
        }
        let answer = server.send(&method, &path, &[("host", &local)], "").await;
        assert_eq!(verdict(&answer), Ok(()), "{method} {path}");
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_is_told_to_whoever_may_look() {
    let keyed = Keyed::start().await;
    for (method, path) in [("GET", "/api/nowhere"), ("PUT", "/api/v1/sources"), ("GET", "/metrics/x")] {
        let endpoint =
            Endpoint { method: method.to_owned(), pattern: path.to_owned(), path: path.to_owned() };
        assert_eq!(keyed.call(&endpoint, &[]).await, Err("unauthorized".to_owned()), "{path}");
        assert_eq!(keyed.call(&endpoint, &[("authorization", &keyed.bearers[0])]).await, Ok(()), "{path}");
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
    let headings: BTreeSet<&str> = documentation.lines().filter(|line| line.starts_with("### ")).collect();
    for Endpoint { method, pattern, .. } in endpoints() {
        let heading = format!("### `{method} {pattern}`");
        assert!(headings.contains(heading.as_str()), "{heading}");
    }
}
