//! A destination compiled for sending: its URL taken apart, its keys decoded, once per change of the
//! destination instead of once per attempt.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookyard_model::destination::{Destination, Reach};
use hookyard_outgoing::endpoint::{Endpoint, Url, UrlError};
use hookyard_outgoing::shared::SharedConnections;
use http::HeaderValue;
use http::uri::PathAndQuery;

use crate::auth::{Auth, AuthProblem};
use crate::sign::{self, SecretError};

/// The longest time one attempt can be given.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(3600);

/// Where attempts go and how they are signed.
#[derive(Clone, Debug)]
pub struct Target {
    pub(crate) endpoint: Arc<Endpoint>,
    /// The connections that all attempts at it share; none where only HTTP/1.1 is spoken.
    pub(crate) shared: Option<Arc<SharedConnections>>,
    /// The URL's host, and its port where it is not the scheme's own.
    pub(crate) host_header: HeaderValue,
    /// One per signing secret, in their order.
    pub(crate) keys: Vec<sign::Key>,
    /// How it is told besides that it is us.
    pub(crate) auth: Auth,
    /// For DNS, connecting, TLS, headers and body together.
    pub(crate) timeout: Duration,
    append_path: bool,
    path: PathAndQuery,
}

/// Why a destination cannot be sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Its events are asked for.
    #[error("nothing is sent to a destination of type `pull`")]
    Pull,
    /// No request can be sent to its URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A signing secret cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The authentication cannot be used.
    #[error(transparent)]
    Auth(#[from] AuthProblem),
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
        let Reach::Http(http) = &destination.reach else { return Err(TargetError::Pull) };
        let url = Url::parse(&http.url)?;
        let keys = keys(destination)?;
        if http.timeout.is_zero() || http.timeout > TIMEOUT_MAX {
            return Err(TargetError::Timeout);
        }
        let shared = SharedConnections::new(http.http_version, &url.endpoint);
        Ok(Self {
            endpoint: url.endpoint,
            shared: shared.map(Arc::new),
            host_header: url.host_header,
            keys,
            auth: Auth::new(&http.auth)?,
            timeout: http.timeout,
            append_path: http.append_path,
            path: url.path,
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

/// What deliveries to a destination are signed with: one key per signing secret, in their order.
///
/// # Errors
/// [`TargetError`] where there are none, or one cannot be used.
pub(crate) fn keys(destination: &Destination) -> Result<Vec<sign::Key>, TargetError> {
    if destination.signing_secrets.is_empty() {
        return Err(TargetError::NoSecret);
    }
    Ok(destination.signing_secrets.iter().map(sign::key).collect::<Result<_, _>>()?)
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
    use hookyard_model::destination::{Http, SigningSecret};
    use hookyard_model::id::{DestinationId, ProjectId};
    use hookyard_model::pacing::Pacing;
    use hookyard_model::secret::Secret;
    use hookyard_model::source::ManagedBy;
    use proptest::prelude::*;

    use super::*;

    fn signing_secret(text: &str) -> SigningSecret {
        SigningSecret { secret: Secret::new(text), public_key: None, ends_at: None }
    }

    fn destination(url: &str) -> Destination {
        Destination {
            id: DestinationId(1),
            project: ProjectId(1),
            name: "test".into(),
            reach: Reach::Http(Http { append_path: true, ..Http::at(url) }),
            concurrency: 1,
            pacing: Pacing::default(),
            paused_at: None,
            failing_since: None,
            signing_secrets: vec![signing_secret("whsec_YSBrZXk=")],
            managed_by: ManagedBy::Api,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn target(url: &str) -> Target {
        Target::new(&destination(url)).unwrap()
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused() {
        let error = Target::new(&destination("ftp://a.test/")).err();
        assert_eq!(error, Some(TargetError::Url(UrlError::Scheme)));
        let changed = |change: fn(&mut Destination)| {
            let mut destination = destination("http://a.test");
            change(&mut destination);
            Target::new(&destination).err()
        };
        let within = |timeout| {
            let reach = Reach::Http(Http { timeout, ..Http::at("http://a.test") });
            Target::new(&Destination { reach, ..destination("") }).err()
        };
        assert_eq!(changed(|one| one.signing_secrets.clear()), Some(TargetError::NoSecret));
        assert_eq!(within(Duration::ZERO), Some(TargetError::Timeout));
        assert_eq!(within(Duration::MAX), Some(TargetError::Timeout));
        let secret = changed(|one| one.signing_secrets.push(signing_secret("plain")));
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
        let reach = Reach::Http(Http::at("http://a.test/hook?a=1"));
        let fixed = Destination { reach, ..destination("") };
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
