//! Who may speak to the admin listener at all; asked before anything else, also for unknown paths.
//!
//! Two threats, two answers:
//! - *A stranger on the network*: with an admin key, every call shows it (`Bearer`, or `Basic` with the
//!   key as password). Without one the binary listens on loopback only.
//! - *A web page in the operator's browser*, which can reach loopback and has the browser's remembered
//!   `Basic` password: a call from another origin is refused (`Origin`, `Sec-Fetch-Site`), with or
//!   without a key. A page that re-binds its own name to 127.0.0.1 is of the same origin, but its `Host`
//!   gives it away; with a key it fails for want of the key.

mod key;
mod origin;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hookyard_model::secret::Secret;
use http::{HeaderMap, HeaderValue, Uri, header};

use crate::dashboard;
use crate::problem::{Kind, Problem};
use key::AdminKey;
use origin::Authority;

/// Paths that need no key: a load balancer has none, and they tell nothing about the content.
const OPEN_PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// The rule for the calls of one listener.
#[derive(Debug)]
pub(crate) struct Guard {
    key: Option<AdminKey>,
    listener: SocketAddr,
}

/// The middleware: refuses, or lets pass.
pub(crate) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.admit(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

impl Guard {
    /// The rule for a listener at this address.
    pub(crate) fn new(admin_key: Option<&Secret>, listener: SocketAddr) -> Self {
        Self { key: admin_key.map(AdminKey::new), listener }
    }

    fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let host = single(headers, &header::HOST).and_then(Authority::parse);
        if self.key.is_none() {
            self.check_host(uri, host.as_ref())?;
        }
        // The dashboard's files may be linked to from anywhere, and are no secret.
        if dashboard::is_dashboards(uri.path()) {
            return Ok(());
        }
        check_origin(headers, host.as_ref())?;
        match &self.key {
            Some(key) if !OPEN_PATHS.contains(&uri.path()) => check_key(key, headers),
            _ => Ok(()),
        }
    }

    /// Without a key the caller has to know this listener by a name that no stranger can re-bind.
    fn check_host(&self, uri: &Uri, host: Option<&Authority>) -> Result<(), Problem> {
        // In absolute form the target's authority is the one that counts (RFC 9112, section 3.2.2).
        let target = uri.authority().map(|authority| Authority::parse(authority.as_str()));
        let target_allowed = match target {
            None => true,
            Some(target) => target.is_some_and(|target| target.is_local(self.listener)),
        };
        if target_allowed && host.is_some_and(|host| host.is_local(self.listener)) {
            return Ok(());
        }
        let detail = format!(
            "without an admin key this listener answers only for localhost, 127.0.0.1, [::1] and {}: use one \
             of them, or set an admin key",
            self.listener
        );
        Err(Problem::new(Kind::HostNotAllowed, detail))
    }
}

fn check_origin(headers: &HeaderMap, host: Option<&Authority>) -> Result<(), Problem> {
    let foreign_fetch = headers
        .get_all("sec-fetch-site")
        .iter()
        .any(|site| site.as_bytes() != b"same-origin" && site.as_bytes() != b"none");
    let foreign_origin = headers.contains_key(header::ORIGIN)
        && !single(headers, &header::ORIGIN).is_some_and(|origin| origin::is_same(origin, host));
    if foreign_fetch || foreign_origin {
        let detail = "a page of another origin sent this call: only pages of this listener may";
        return Err(Problem::new(Kind::OriginNotAllowed, detail));
    }
    Ok(())
}

fn check_key(key: &AdminKey, headers: &HeaderMap) -> Result<(), Problem> {
    if single(headers, &header::AUTHORIZATION).is_some_and(|credentials| key.admits(credentials)) {
        return Ok(());
    }
    let detail = "send `Authorization: Bearer` with the admin key, or Basic with the key as password";
    let challenge = HeaderValue::from_static("Basic realm=\"hookyard\", charset=\"UTF-8\", Bearer");
    Err(Problem::new(Kind::Unauthorized, detail).and_header(header::WWW_AUTHENTICATE, challenge))
}

/// The value of a header that stands there exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(key: Option<&str>, target: &str, headers: &[(&'static str, &str)]) -> Option<Kind> {
        let secret = key.map(Secret::new);
        let guard = Guard::new(secret.as_ref(), "127.0.0.1:4401".parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        guard.admit(&target.parse().unwrap(), &map).err().map(|problem| problem.kind())
    }

    #[test]
    fn a_rebound_name_does_not_reach_a_listener_without_a_key() {
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
            assert_eq!(admit(None, target, &headers), expected, "{target} {hosts:?}");
        }
    }

    #[test]
    fn pages_of_other_origins_are_refused_with_and_without_a_key() {
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
            assert_eq!(admit(None, "/metrics", &[host, header]), expected, "{header:?}");
            assert_eq!(admit(Some("k"), "/metrics", &[host, bearer, header]), expected, "{header:?}");
        }
    }

    #[test]
    fn default_ports_are_the_same_origin_behind_a_proxy() {
        let bearer = ("authorization", "Bearer k");
        for (host, origin) in [
            ("hooks.example", "https://hooks.example"),
            ("hooks.example:443", "https://hooks.example"),
            ("hooks.example:80", "http://hooks.example"),
        ] {
            assert_eq!(
                admit(Some("k"), "/metrics", &[bearer, ("host", host), ("origin", origin)]),
                None,
                "{host}"
            );
        }
    }

    #[test]
    fn an_empty_key_admits_nobody() {
        for credentials in ["Bearer ", "Bearer", "Basic Og==", "Basic YTo="] {
            let admitted = admit(Some(""), "/metrics", &[("authorization", credentials)]);
            assert_eq!(admitted, Some(Kind::Unauthorized), "{credentials}");
        }
    }

    #[test]
    fn a_key_is_needed_where_one_is_set() {
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
            assert_eq!(admit(Some("k"), path, &headers), expected, "{path} {credentials:?}");
        }
    }
}
