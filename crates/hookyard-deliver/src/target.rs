//! A destination compiled for sending: its URL taken apart, its keys decoded, once per change of the
//! destination instead of once per attempt.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookyard_model::destination::Destination;
use http::HeaderValue;
use http::uri::{PathAndQuery, Uri};
use ring::hmac;
use rustls_pki_types::ServerName;

use crate::sign::{self, SecretError};

/// The longest time one attempt can be given.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(3600);

/// Where attempts go and how they are signed.
#[derive(Clone, Debug)]
pub struct Target {
    pub(crate) endpoint: Arc<Endpoint>,
    /// The URL's host, and its port where it is not the scheme's own.
    pub(crate) host_header: HeaderValue,
    /// One per signing secret, in their order.
    pub(crate) keys: Vec<hmac::Key>,
    /// For DNS, connecting, TLS, headers and body together.
    pub(crate) timeout: Duration,
    append_path: bool,
    path: PathAndQuery,
}

/// What a connection is made to. Two targets with equal endpoints can share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: Host,
    pub(crate) port: u16,
    /// The name the certificate must be valid for; none for plain HTTP.
    pub(crate) tls: Option<ServerName<'static>>,
}

/// The host part of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// To be resolved at each connection.
    Name(Box<str>),
    /// Written as an address.
    Address(IpAddr),
}

/// Why a destination cannot be sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The text is no URL.
    #[error("`{0}` is not a valid URL; a host name in another script must be written in its xn-- form")]
    NotAUrl(String),
    /// It is neither `http` nor `https`.
    #[error("the URL must start with http:// or https://")]
    Scheme,
    /// It holds user info, which would end up in logs and on screens.
    #[error("the URL must not hold a user name or password")]
    UserInfo,
    /// It has a fragment, which is never sent.
    #[error("the URL must not have a fragment (`#…`)")]
    Fragment,
    /// A signing secret cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// There is nothing to sign with.
    #[error("a destination needs at least one signing secret")]
    NoSecret,
    /// An attempt that may take no time cannot succeed, and one without end holds its lane.
    #[error("the timeout must be longer than zero and at most {} s", TIMEOUT_MAX.as_secs())]
    Timeout,
}

impl Target {
    /// Compiles a destination.
    ///
    /// # Errors
    /// [`TargetError`] where its URL, secrets or timeout cannot be used.
    pub fn new(destination: &Destination) -> Result<Self, TargetError> {
        let (uri, scheme_is_tls) = parse_url(&destination.url)?;
        let host = uri.host().unwrap_or_default();
        let default_port = if scheme_is_tls { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default_port);
        let not_a_url = || TargetError::NotAUrl(destination.url.clone());

        let bare_host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let tls = if scheme_is_tls {
            Some(ServerName::try_from(bare_host.to_owned()).map_err(|_| not_a_url())?)
        } else {
            None
        };
        let host_header = if port == default_port { host.to_owned() } else { format!("{host}:{port}") };
        if destination.signing_secrets.is_empty() {
            return Err(TargetError::NoSecret);
        }
        if destination.timeout.is_zero() || destination.timeout > TIMEOUT_MAX {
            return Err(TargetError::Timeout);
        }
        Ok(Self {
            endpoint: Arc::new(Endpoint {
                host: bare_host.parse().map_or_else(|_| Host::Name(bare_host.into()), Host::Address),
                port,
                tls,
            }),
            host_header: HeaderValue::try_from(host_header).map_err(|_| not_a_url())?,
            keys: destination.signing_secrets.iter().map(sign::key).collect::<Result<_, _>>()?,
            timeout: destination.timeout,
            append_path: destination.append_path,
            path: uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")),
        })
    }

    /// Path and query of the outgoing request, for a request whose path and query behind the source
    /// token are `suffix`.
    ///
    /// # Errors
    /// A sentence for a person, where the two do not make a path that HTTP can carry.
    pub(crate) fn path_for(&self, suffix: &str) -> Result<PathAndQuery, String> {
        if !self.append_path || suffix.is_empty() {
            return Ok(self.path.clone());
        }
        let joined = join(&self.path, suffix);
        PathAndQuery::from_maybe_shared(Bytes::from(joined)).map_err(|error| {
            format!("the request's path cannot be appended to the destination's URL: {error}")
        })
    }
}

/// The URL taken apart, and whether it is `https`.
fn parse_url(url: &str) -> Result<(Uri, bool), TargetError> {
    if url.contains('#') {
        return Err(TargetError::Fragment);
    }
    let uri: Uri = url.parse().map_err(|_| TargetError::NotAUrl(url.to_owned()))?;
    let is_tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(TargetError::Scheme),
    };
    let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    if authority.contains('@') {
        return Err(TargetError::UserInfo);
    }
    // The URI type reads a port that is no port as none at all.
    let port = authority.strip_prefix(uri.host().unwrap_or_default()).unwrap_or(":");
    let port_is_readable = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => digits.parse::<u16>().is_ok_and(|port| port > 0),
    };
    if uri.host().unwrap_or_default().is_empty() || !port_is_readable {
        return Err(TargetError::NotAUrl(url.to_owned()));
    }
    Ok((uri, is_tls))
}

/// Appends path and query: one slash between the paths, one `&` between the queries, the URL's first.
fn join(base: &PathAndQuery, suffix: &str) -> String {
    let (path, query) = suffix.split_once('?').map_or((suffix, ""), |(path, query)| (path, query));
    let mut joined = String::with_capacity(base.as_str().len() + suffix.len() + 1);
    if path.is_empty() {
        joined.push_str(base.path());
    } else {
        joined.push_str(base.path().trim_end_matches('/'));
        push_escaped(&mut joined, &without_dot_segments(path));
    }
    let queries = [base.query().unwrap_or_default(), query];
    for (query, separator) in queries.into_iter().filter(|query| !query.is_empty()).zip(['?', '&']) {
        joined.push(separator);
        push_escaped(&mut joined, query);
    }
    joined
}

/// Resolves `.` and `..` (also written `%2e`) within the appended path itself, so that a sender cannot
/// climb out of the path that the destination's owner wrote.
fn without_dot_segments(path: &str) -> std::borrow::Cow<'_, str> {
    let dots = |segment: &str| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        if plain == "." { 1 } else { 2 * usize::from(plain == "..") }
    };
    if !path.split('/').any(|segment| dots(segment) > 0) {
        return path.into();
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_open = false;
    for segment in path.trim_start_matches('/').split('/') {
        match dots(segment) {
            0 => kept.push(segment),
            1 => {}
            _ => drop(kept.pop()),
        }
        ends_open = dots(segment) > 0;
    }
    let slash = if ends_open && !kept.is_empty() { "/" } else { "" };
    format!("/{}{slash}", kept.join("/")).into()
}

/// Escapes the bytes that some clients send and the grammar of a URL does not have.
fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_ascii_graphic()
            && !matches!(character, '"' | '#' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        {
            out.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hookyard_model::clock::Timestamp;
    use hookyard_model::id::{DestinationId, ProjectId};
    use hookyard_model::secret::Secret;
    use hookyard_model::source::ManagedBy;
    use proptest::prelude::*;

    use super::*;

    fn destination(url: &str) -> Destination {
        Destination {
            id: DestinationId(1),
            project: ProjectId(1),
            name: "test".into(),
            url: url.into(),
            append_path: true,
            timeout: Duration::from_secs(30),
            concurrency: 1,
            signing_secrets: vec![Secret::new("whsec_YSBrZXk=")],
            managed_by: ManagedBy::Api,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn target(url: &str) -> Target {
        Target::new(&destination(url)).unwrap()
    }

    #[test]
    fn a_url_is_taken_apart() {
        let name = |name: &str| Host::Name(name.into());
        let address = |address: &str| Host::Address(address.parse().unwrap());
        for (url, host, port, host_header, is_tls) in [
            ("http://a.test", name("a.test"), 80, "a.test", false),
            ("http://a.test:80/x", name("a.test"), 80, "a.test", false),
            ("http://a.test:8080", name("a.test"), 8080, "a.test:8080", false),
            ("https://a.test/", name("a.test"), 443, "a.test", true),
            ("HTTPS://a.test:80/", name("a.test"), 80, "a.test:80", true),
            ("https://10.0.0.1/", address("10.0.0.1"), 443, "10.0.0.1", true),
            ("https://[::1]:8443/", address("::1"), 8443, "[::1]:8443", true),
            // Another way to write 127.0.0.1: the resolver reads it, and the guard judges what comes out.
            ("http://2130706433/", name("2130706433"), 80, "2130706433", false),
        ] {
            let target = target(url);
            assert_eq!((&target.endpoint.host, target.endpoint.port), (&host, port), "{url}");
            assert_eq!(target.host_header, host_header, "{url}");
            assert_eq!(target.endpoint.tls.is_some(), is_tls, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused() {
        let error = |url: &str| Target::new(&destination(url)).err();
        for url in [
            "",
            "http://",
            "http://a b/",
            "http://ä.test/",
            "http://a.test:/",
            "http://a.test:99999/",
            "http://:80/",
        ] {
            assert_eq!(error(url), Some(TargetError::NotAUrl(url.into())), "{url}");
        }
        for url in ["ftp://a.test/", "a.test", "/path"] {
            assert_eq!(error(url), Some(TargetError::Scheme), "{url}");
        }
        assert_eq!(error("http://user:pass@a.test/"), Some(TargetError::UserInfo));
        assert_eq!(error("http://a.test/#x"), Some(TargetError::Fragment));
        let changed = |change: fn(&mut Destination)| {
            let mut destination = destination("http://a.test");
            change(&mut destination);
            Target::new(&destination).err()
        };
        assert_eq!(changed(|one| one.signing_secrets.clear()), Some(TargetError::NoSecret));
        assert_eq!(changed(|one| one.timeout = Duration::ZERO), Some(TargetError::Timeout));
        assert_eq!(changed(|one| one.timeout = Duration::MAX), Some(TargetError::Timeout));
        let secret = changed(|one| one.signing_secrets.push(Secret::new("plain")));
        assert_eq!(secret, Some(TargetError::Secret(SecretError::NoPrefix)));
    }

    #[test]
    fn path_and_query_are_appended() {
        for (url, suffix, expected) in [
            ("http://a.test", "", "/"),
            ("http://a.test", "/", "/"),
            ("http://a.test", "/x", "/x"),
            ("http://a.test", "?x=1", "/?x=1"),
            ("http://a.test/hook", "", "/hook"),
            ("http://a.test/hook", "/", "/hook/"),
            ("http://a.test/hook", "/x/y", "/hook/x/y"),
            ("http://a.test/hook/", "/x/y", "/hook/x/y"),
            ("http://a.test/hook/", "", "/hook/"),
            ("http://a.test/hook", "?b=2", "/hook?b=2"),
            ("http://a.test/hook?a=1", "", "/hook?a=1"),
            ("http://a.test/hook?a=1", "/x", "/hook/x?a=1"),
            ("http://a.test/hook?a=1", "/x?b=2&b=3", "/hook/x?a=1&b=2&b=3"),
            ("http://a.test/hook?a=1", "?", "/hook?a=1"),
            ("http://a.test/hook", "?", "/hook"),
            ("http://a.test/hook", "//x//y", "/hook//x//y"),
            ("http://a.test/hook", "/x%20y%2Fz?q=%26", "/hook/x%20y%2Fz?q=%26"),
            ("http://a.test/hook", "/a?u=http://b/?c", "/hook/a?u=http://b/?c"),
            // What is outside the grammar of a URL is escaped.
            ("http://a.test/hook", "/<\"{|}`^>?\\#", "/hook/%3C%22%7B%7C%7D%60%5E%3E?%5C%23"),
            ("http://a.test/hook", "/ä", "/hook/%C3%A4"),
            // Nobody climbs out of the destination's path.
            ("http://a.test/hook", "/..", "/hook/"),
            ("http://a.test/hook", "/../admin", "/hook/admin"),
            ("http://a.test/hook", "/x/../../../admin", "/hook/admin"),
            ("http://a.test/hook", "/%2e%2E/.%2e/admin", "/hook/admin"),
            ("http://a.test/hook", "/x/./y/", "/hook/x/y/"),
            ("http://a.test/hook", "/x/y/..", "/hook/x/"),
            ("http://a.test/hook", "/..x/.y", "/hook/..x/.y"),
            ("http://a.test/hook", "/x?../..", "/hook/x?../.."),
        ] {
            assert_eq!(target(url).path_for(suffix).unwrap(), expected, "{url} and {suffix}");
        }
        let mut fixed = destination("http://a.test/hook?a=1");
        fixed.append_path = false;
        assert_eq!(Target::new(&fixed).unwrap().path_for("/x?b=2").unwrap(), "/hook?a=1");
    }

    proptest! {
        #[test]
        fn any_suffix_makes_a_path_below_the_destinations(suffix in "(/(\\.|%2e|%2E|a|\\PC){0,4}){0,5}(\\?\\PC{0,8})?") {
            let joined = target("http://a.test/hook/here?key=1").path_for(&suffix).unwrap();
            prop_assert!(joined.path().starts_with("/hook/here"), "{joined}");
            prop_assert!(joined.query().unwrap().starts_with("key=1"), "{joined}");
            let climbs = joined.path().split('/').any(|segment| segment.to_lowercase().replace("%2e", ".") == "..");
            prop_assert!(!climbs, "{joined}");
        }
    }
}
