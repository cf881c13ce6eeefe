//! The guard alone: names, origins, keys, sessions.

use std::time::Duration;

use hookyard_store::catalog::NewApiKey;

use super::*;

/// A guard of a listener on loopback, and the store that it asks.
struct Fixture {
    guard: Guard,
    store: Store,
    _directory: tempfile::TempDir,
}

impl Fixture {
    fn new(key: Option<&str>, listener: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::from_ms(1_800_000_000_000));
        let options = hookyard_store::store::Options {
            clock: clock.clone(),
            ..hookyard_store::store::Options::new(directory.path())
        };
        let store = Store::open(options).unwrap();
        let secret = key.map(Secret::new);
        let logins =
            Logins { failures_per_minute_max: 100, failure_delay: Duration::ZERO, ..Logins::default() };
        let listener = listener.parse().unwrap();
        let guard = Guard::new(secret.as_ref(), listener, (store.clone(), clock), &logins, None);
        Self { guard, store, _directory: directory }
    }

    async fn api_key(&self, name: &str, scope: Scope) -> String {
        let project = self.store.catalog().snapshot().default_project;
        let new = NewApiKey { name: name.to_owned(), scope, expires_at: None };
        self.store.catalog().create_api_key(project, new).await.unwrap().text.expose().to_owned()
    }

    async fn caller(
        &self,
        method: &str,
        target: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Option<Caller>, Kind> {
        let headers = map(headers);
        let (method, uri): (Method, Uri) = (method.parse().unwrap(), target.parse().unwrap());
        let path = Some(uri.path()).filter(|path| endpoints::has_path(path));
        let call = Call { method: &method, uri: &uri, headers: &headers, path, remote: None };
        self.guard.admit(&call).await.map(|it| it.caller).map_err(|problem| problem.kind())
    }
}

fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    map
}

async fn admit(key: Option<&str>, target: &str, headers: &[(&'static str, &str)]) -> Option<Kind> {
    Fixture::new(key, "127.0.0.1:4401").caller("GET", target, headers).await.err()
}

#[tokio::test]
async fn a_rebound_name_does_not_reach_a_listener_without_a_key() {
    for (target, hosts, admitted) in [
        ("/metrics", &["127.0.0.1:4401"][..], true),
        ("/metrics", &["localhost"], true),
        ("/metrics", &["LocalHost:9"], true),
        ("/metrics", &["[::1]:4401"], true),
        ("/metrics", &["evil.example:4401"], false),
        ("/metrics", &["localhost.evil.example"], false),
        ("/metrics", &["127.0.0.1.evil.example:4401"], false),
        ("/metrics", &["localhost@evil.example"], false),
        ("/metrics", &["evil.example@localhost"], false),
        ("/metrics", &["10.0.0.1:4401"], false),
        ("/metrics", &[""], false),
        ("/metrics", &[], false),
        ("/metrics", &["localhost", "localhost"], false),
        ("/metrics", &["localhost", "evil.example"], false),
        ("http://localhost/metrics", &["localhost"], true),
        ("http://evil.example/metrics", &["localhost"], false),
    ] {
        let headers: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
        let expected = (!admitted).then_some(Kind::HostNotAllowed);
        assert_eq!(admit(None, target, &headers).await, expected, "{target} {hosts:?}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_with_and_without_a_key() {
    let bearer = ("authorization", "Bearer k");
    let host = ("host", "localhost:4401");
    for (header, admitted) in [
        (("origin", "http://localhost:4401"), true),
        (("origin", "http://LOCALHOST:4401"), true),
        (("origin", "http://localhost:4402"), false),
        (("origin", "http://localhost"), false),
        (("origin", "https://evil.example"), false),
        (("origin", "null"), false),
        (("origin", ""), false),
        (("sec-fetch-site", "same-origin"), true),
        (("sec-fetch-site", "none"), true),
        (("sec-fetch-site", "same-site"), false),
        (("sec-fetch-site", "cross-site"), false),
    ] {
        let expected = (!admitted).then_some(Kind::OriginNotAllowed);
        assert_eq!(admit(None, "/metrics", &[host, header]).await, expected, "{header:?}");
        assert_eq!(admit(Some("k"), "/metrics", &[host, bearer, header]).await, expected, "{header:?}");
    }
}

#[tokio::test]
async fn default_ports_are_the_same_origin_behind_a_proxy() {
    let bearer = ("authorization", "Bearer k");
    for (host, origin) in [
        ("hooks.example", "https://hooks.example"),
        ("hooks.example:443", "https://hooks.example"),
        ("hooks.example:80", "http://hooks.example"),
    ] {
        assert_eq!(
            admit(Some("k"), "/metrics", &[bearer, ("host", host), ("origin", origin)]).await,
            None,
            "{host}"
        );
    }
}

#[tokio::test]
async fn an_empty_key_admits_nobody() {
    for credentials in ["Bearer ", "Bearer", "Basic Og==", "Basic YTo="] {
        let admitted = admit(Some(""), "/metrics", &[("authorization", credentials)]).await;
        assert_eq!(admitted, Some(Kind::Unauthorized), "{credentials}");
    }
}

#[tokio::test]
async fn a_key_is_needed_where_one_is_set() {
    for (path, credentials, admitted) in [
        ("/api/v1/sources", &["Bearer k"][..], true),
        ("/api/v1/sources", &["bearer k"], true),
        ("/api/v1/sources", &["Bearer  k"], true),
        ("/api/v1/sources", &["Basic YWRtaW46aw=="], true),
        ("/api/v1/sources", &["Basic Oms="], true),
        ("/metrics", &["Bearer k"], true),
        ("/healthz", &[], true),
        ("/readyz", &[], true),
        ("/metrics", &[], false),
        ("/healthz/x", &[], false),
        ("/api/nowhere", &[], false),
        ("/", &[], true),
        ("/api/v1/sources", &[], false),
        ("/api/v1/sources", &["Bearer K"], false),
        ("/api/v1/sources", &["Bearer kk"], false),
        ("/api/v1/sources", &["Bearer "], false),
        ("/api/v1/sources", &["Basic aw=="], false),
        ("/api/v1/sources", &["Basic k"], false),
        ("/api/v1/sources", &["k"], false),
        ("/api/v1/sources", &["Bearer k", "Bearer k"], false),
    ] {
        let headers: Vec<_> = credentials.iter().map(|value| ("authorization", *value)).collect();
        let expected = (!admitted).then_some(Kind::Unauthorized);
        assert_eq!(admit(Some("k"), path, &headers).await, expected, "{path} {credentials:?}");
    }
}

const HOST: (&str, &str) = ("host", "hooks.example:4401");

#[tokio::test]
async fn a_key_lets_in_for_its_scope_and_no_more() {
    let fixture = Fixture::new(Some("the-admin-key"), "127.0.0.1:4401");
    let text = fixture.api_key("ci", Scope::Operate).await;
    let bearer = format!("Bearer {text}");
    for (method, path, expected) in [
        ("GET", "/api/v1/sources", Ok(Scope::Operate)),
        ("HEAD", "/api/v1/sources", Ok(Scope::Operate)),
        ("POST", "/api/v1/bulk_operations", Ok(Scope::Operate)),
        ("POST", "/api/v1/sources", Err(Kind::ScopeMissing)),
        ("GET", "/api/v1/api_keys", Err(Kind::ScopeMissing)),
        ("GET", "/api/v1/nowhere", Ok(Scope::Operate)),
        ("PUT", "/api/v1/sources", Ok(Scope::Operate)),
    ] {
        let called = fixture.caller(method, path, &[HOST, ("authorization", &bearer)]).await;
        assert_eq!(called.map(|caller| caller.unwrap().scope), expected, "{method} {path}");
    }
    let admin = [HOST, ("authorization", "Bearer the-admin-key")];
    let caller = fixture.caller("POST", "/api/v1/sources", &admin).await.unwrap().unwrap();
    assert_eq!((caller.actor, caller.action), (Actor::AdminKey, Some("source.create")));
}

#[tokio::test]
async fn on_loopback_a_key_that_is_shown_counts_and_none_is_everything() {
    let fixture = Fixture::new(None, "127.0.0.1:4401");
    let bearer = format!("Bearer {}", fixture.api_key("reader", Scope::Read).await);
    let local = ("host", "localhost");
    let caller = fixture.caller("POST", "/api/v1/sources", &[local]).await.unwrap().unwrap();
    assert_eq!((caller.actor, caller.scope), (Actor::Local, Scope::Admin));
    let shown = [local, ("authorization", bearer.as_str())];
    assert_eq!(fixture.caller("POST", "/api/v1/sources", &shown).await, Err(Kind::ScopeMissing));
    let wrong = [local, ("authorization", "Bearer nobody's")];
    assert_eq!(fixture.caller("GET", "/api/v1/sources", &wrong).await, Err(Kind::Unauthorized));
}

#[tokio::test]
async fn beyond_loopback_a_key_is_needed_also_without_an_admin_key() {
    let fixture = Fixture::new(None, "10.0.0.1:4401");
    let bearer = format!("Bearer {}", fixture.api_key("reader", Scope::Read).await);
    assert_eq!(fixture.caller("GET", "/api/v1/sources", &[HOST]).await, Err(Kind::Unauthorized));
    let shown = [HOST, ("authorization", bearer.as_str())];
    assert!(fixture.caller("GET", "/api/v1/sources", &shown).await.is_ok());
}

#[tokio::test]
async fn a_session_is_taken_under_its_host_and_from_its_pages_only() {
    let fixture = Fixture::new(Some("the-admin-key"), "127.0.0.1:4401");
    let key = Secret::new("the-admin-key");
    let begun = fixture.guard.log_in(&key, &map(&[HOST]), None).await.unwrap();
    let cookie = begun.cookie.split(';').next().unwrap().to_owned();
    let cookie = ("cookie", cookie.as_str());
    let own = ("origin", "https://hooks.example:4401");
    for (method, headers, expected) in [
        ("GET", vec![HOST, cookie], Ok(())),
        ("POST", vec![HOST, cookie, own], Ok(())),
        ("POST", vec![HOST, cookie, ("sec-fetch-site", "same-origin")], Ok(())),
        ("POST", vec![HOST, cookie], Err(Kind::OriginNotAllowed)),
        ("POST", vec![HOST, cookie, ("sec-fetch-site", "none")], Err(Kind::OriginNotAllowed)),
        ("POST", vec![HOST, cookie, ("origin", "https://evil.example")], Err(Kind::OriginNotAllowed)),
        ("GET", vec![HOST, cookie, ("sec-fetch-site", "cross-site")], Err(Kind::OriginNotAllowed)),
        ("GET", vec![("host", "evil.example:4401"), cookie], Err(Kind::HostNotAllowed)),
        ("GET", vec![cookie], Err(Kind::HostNotAllowed)),
        ("GET", vec![("host", "hooks.example"), cookie], Ok(())),
        ("GET", vec![HOST, ("cookie", "hookyard_session=x")], Err(Kind::Unauthorized)),
    ] {
        let called = fixture.caller(method, "/api/v1/sources", &headers).await.map(|_| ());
        assert_eq!(called, expected, "{method} {headers:?}");
    }
    fixture.guard.log_out(&map(&[cookie]));
    assert_eq!(fixture.caller("GET", "/api/v1/sources", &[HOST, cookie]).await, Err(Kind::Unauthorized));
}

#[tokio::test]
async fn the_cookie_is_for_https_where_the_browser_speaks_that() {
    let fixture = Fixture::new(Some("the-admin-key"), "127.0.0.1:4401");
    let guard = Guard { public_url: Some("https://hooks.example/in".to_owned()), ..fixture.guard };
    for (headers, is_secure) in [
        (vec![("host", "10.0.0.1:4401")], false),
        (vec![("host", "10.0.0.1:4401"), ("origin", "http://10.0.0.1:4401")], false),
        (vec![("host", "admin.example"), ("origin", "https://admin.example")], true),
        (vec![("host", "admin.example"), ("x-forwarded-proto", "https")], true),
        (vec![("host", "admin.example"), ("forwarded", "for=10.0.0.9;proto=https")], true),
        (vec![("host", "hooks.example")], true),
    ] {
        let begun = guard.log_in(&Secret::new("the-admin-key"), &map(&headers), None).await.unwrap();
        assert_eq!(begun.cookie.ends_with("; Secure"), is_secure, "{headers:?}");
        assert!(begun.cookie.contains("; HttpOnly; SameSite=Strict"), "{}", begun.cookie);
    }
}

#[tokio::test]
async fn guesses_are_refused_while_unguessable_keys_go_on() {
    let fixture = Fixture::new(Some("the-admin-key"), "127.0.0.1:4401");
    let text = fixture.api_key("ci", Scope::Read).await;
    let call = async |key: &str| {
        let bearer = format!("Bearer {key}");
        fixture.caller("GET", "/api/v1/sources", &[HOST, ("authorization", &bearer)]).await.map(|_| ())
    };
    for _ in 0..100 {
        assert_eq!(call("a guess").await, Err(Kind::Unauthorized));
    }
    assert_eq!(call("a guess").await, Err(Kind::TooManyFailures));
    assert_eq!(
        call("the-admin-key").await,
        Err(Kind::TooManyFailures),
        "or the answers would tell which is right"
    );
    assert_eq!(call(&text).await, Ok(()));
    let wrong = format!("{}0000", &text[..text.len() - 4]);
    assert_eq!(call(&wrong).await, Err(Kind::Unauthorized));
    let log_in = async |key: &str| fixture.guard.log_in(&Secret::new(key), &map(&[HOST]), None).await;
    assert!(log_in(&text).await.is_ok());
    assert_eq!(log_in(&wrong).await.unwrap_err().kind(), Kind::TooManyFailures);
}

#[test]
fn a_page_that_asks_in_the_background_is_not_answered_with_a_password_dialogue() {
    for (headers, is_asked) in [
        (vec![], true),
        (vec![("sec-fetch-dest", "document")], true),
        (vec![("sec-fetch-dest", "empty")], false),
    ] {
        let answer = unauthorized(&map(&headers)).into_response();
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        assert_eq!(challenge.contains("Basic"), is_asked, "{headers:?}");
    }
}
