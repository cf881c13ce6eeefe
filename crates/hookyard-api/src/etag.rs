//! `ETag`, `If-Match` and `If-None-Match` on what is configured.
//!
//! A tag has two halves, `"CONFIGURATION.ANSWER"`. The first one is different after every change of the configuration, and
//! is what `If-Match` compares: what happens by itself (a breaker opens, a key is used) hinders nobody who edits. The
//! second one is different with everything that is shown, and `If-None-Match` compares both.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use hookyard_model::clock::Timestamp;
use hookyard_model::id::{AlertId, ApiKeyId, ConnectionId, DestinationId, SourceId};
use hookyard_store::catalog::audit::Resource;
use hookyard_store::catalog::{Catalog, Snapshot};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::configured;
use crate::problem::Problem;

/// Bytes of a digest that are shown, in hex.
const SHOWN_BYTES: usize = 8;

/// A thing as it is shown, with its tag.
#[derive(Debug)]
pub(crate) struct Tagged<T> {
    view: T,
    configuration: String,
    known: IfNoneMatch,
}

impl<T> Tagged<T> {
    /// `view` shows `resource`.
    pub(crate) fn new(resource: &Resource, view: T) -> Self {
        Self { view, configuration: configuration_tag(resource), known: IfNoneMatch(Vec::new()) }
    }

    /// Not shown once more to whoever knows it.
    pub(crate) fn unless(self, known: IfNoneMatch) -> Self {
        Self { known, ..self }
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let body = match serde_json::to_vec(&self.view) {
            Ok(body) => body,
            Err(error) => return Problem::internal(&error).into_response(),
        };
        let tag = format!("\"{}.{}\"", self.configuration, hex(&body));
        let headers = HeaderValue::try_from(&tag).map(|tag| [(header::ETAG, tag)]);
        match (headers, self.known.has(&tag)) {
            (Ok(headers), true) => (StatusCode::NOT_MODIFIED, headers).into_response(),
            (Ok(headers), false) => {
                let json = HeaderValue::from_static("application/json");
                (headers, [(header::CONTENT_TYPE, json)], body).into_response()
            }
            (Err(error), _) => Problem::internal(&error).into_response(),
        }
    }
}

/// What the caller knows already.
#[derive(Debug)]
pub(crate) struct IfNoneMatch(Vec<String>);

impl IfNoneMatch {
    /// Weak and strong tags compare alike here (RFC 9110, section 13.1.2).
    fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|known| known == "*" || known.trim_start_matches("W/") == tag)
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(tags(&parts.headers, &header::IF_NONE_MATCH)))
    }
}

/// What has to be so for a change to be made; none to make it however it is.
#[derive(Debug)]
pub(crate) struct IfMatch(Option<Vec<String>>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let is_there = parts.headers.contains_key(header::IF_MATCH);
        Ok(Self(is_there.then(|| tags(&parts.headers, &header::IF_MATCH))))
    }
}

impl IfMatch {
    /// Has a source be as the caller knows it.
    pub(crate) fn on_source(self, catalog: Catalog, id: SourceId) -> Catalog {
        self.on(catalog, move |snapshot| snapshot.sources.get(&id).cloned().map(Resource::Source))
    }

    /// The same of a destination.
    pub(crate) fn on_destination(self, catalog: Catalog, id: DestinationId) -> Catalog {
        self.on(catalog, move |snapshot| snapshot.destinations.get(&id).cloned().map(Resource::Destination))
    }

    /// The same of a connection.
    pub(crate) fn on_connection(self, catalog: Catalog, id: ConnectionId) -> Catalog {
        self.on(catalog, move |snapshot| snapshot.connections.get(&id).cloned().map(Resource::Connection))
    }

    /// The same of an alert.
    pub(crate) fn on_alert(self, catalog: Catalog, id: AlertId) -> Catalog {
        self.on(catalog, move |snapshot| snapshot.alerts.get(&id).cloned().map(Resource::Alert))
    }

    /// The same of an API key.
    pub(crate) fn on_api_key(self, catalog: Catalog, id: ApiKeyId) -> Catalog {
        self.on(catalog, move |snapshot| snapshot.api_keys.get(&id).cloned().map(Resource::ApiKey))
    }

    /// The catalog asks at the moment of the change, so that nothing comes between. What is not there is left to it.
    fn on(
        self,
        catalog: Catalog,
        find: impl Fn(&Snapshot) -> Option<Resource> + Send + Sync + 'static,
    ) -> Catalog {
        let Self(Some(wanted)) = self else { return catalog };
        catalog.only_if(move |snapshot| find(snapshot).is_none_or(|resource| matches(&wanted, &resource)))
    }
}

fn matches(wanted: &[String], resource: &Resource) -> bool {
    let configuration = configuration_tag(resource);
    let is_it = |tag: &String| {
        let half = tag.strip_prefix('"').and_then(|tag| tag.split('.').next());
        tag == "*" || half == Some(configuration.as_str())
    };
    wanted.iter().any(is_it)
}

fn configuration_tag(resource: &Resource) -> String {
    // Of two changes that are shown alike, such as of secrets, the time tells.
    let updated_at: Timestamp = match resource {
        Resource::Source(it) => it.updated_at,
        Resource::Destination(it) => it.updated_at,
        Resource::Connection(it) => it.updated_at,
        Resource::Alert(it) => it.updated_at,
        Resource::ApiKey(it) => it.updated_at,
    };
    let shown = serde_json::to_vec(&configured::shown(resource)).unwrap_or_default();
    hex(&[&updated_at.us().to_be_bytes(), shown.as_slice()].concat())
}

fn hex(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest.as_ref().iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// The tags of a header that is a list. Ours have no comma in them.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|tag| tag.trim().to_owned()).collect()
}
