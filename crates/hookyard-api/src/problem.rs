//! Errors on the wire: the one place where what went wrong becomes a status, a stable code and a
//! sentence that says what to do (RFC 9457, `application/problem+json`).
//!
//! - `kind`: the kinds of error. `causes`: which of them the store's errors are.
//!
//! **Invariant:** the inner cause of a failure of ours is logged here, once, and is never in an answer;
//! no answer repeats a value that a caller sent as a secret.

mod causes;
mod kind;

use axum::response::{IntoResponse, Response};
use hookyard_model::access::Scope;
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use kind::Kind;

/// When to come back where too much is to be done, in seconds.
const BUSY_RETRY_AFTER_S: u32 = 1;

/// An error as the caller sees it; boxed, since calls that succeed should not carry its size around.
#[derive(Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    kind: Kind,
    detail: String,
    field: Option<String>,
    undelivered_events: Option<u64>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of this kind; `detail` says what to do.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self(Box::new(Parts { kind, detail, field: None, undelivered_events: None, header: None }))
    }

    /// A problem with one field or query parameter.
    pub(crate) fn with_field(kind: Kind, field: &str, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(kind, detail);
        problem.0.field = Some(field.to_owned());
        problem
    }

    /// A field whose value does not do; `reason` is readable after "`field`: ".
    pub(crate) fn invalid_field(field: &str, reason: impl std::fmt::Display) -> Self {
        Self::with_field(Kind::InvalidField, field, format!("`{field}`: {reason}"))
    }

    /// A field that has to be given.
    pub(crate) fn missing_field(field: &str) -> Self {
        Self::with_field(Kind::MissingField, field, format!("`{field}` has to be given"))
    }

    /// Nothing with this id; `noun` is what was asked for.
    pub(crate) fn not_found(noun: &str, id: impl std::fmt::Display) -> Self {
        Self::new(Kind::NotFound, format!("there is no {noun} `{id}`; it may have been deleted"))
    }

    /// Nothing with this id among what retention can have dropped.
    pub(crate) fn not_found_or_dropped(noun: &str, id: impl std::fmt::Display) -> Self {
        Self::new(Kind::NotFound, format!("there is no {noun} `{id}`; it may be past retention"))
    }

    /// A connection that cannot be deleted without a decision about its events.
    pub(crate) fn events_undelivered(count: u64) -> Self {
        let detail = format!(
            "the connection has {count} undelivered events: wait until they are delivered, or delete it \
             with `?cancel_events=true`, which cancels them"
        );
        let mut problem = Self::new(Kind::EventsUndelivered, detail);
        problem.0.undelivered_events = Some(count);
        problem
    }

    /// A document that deletes connections without a decision about their events.
    pub(crate) fn events_undelivered_of_document(count: u64) -> Self {
        let detail = format!(
            "the connections that the document does not have, and that are deleted with `prune`, have {count} undelivered \
             events: wait until they are delivered, or say `\"cancel_events\": true`, which cancels them"
        );
        let mut problem = Self::new(Kind::EventsUndelivered, detail);
        problem.0.undelivered_events = Some(count);
        problem
    }

    /// A connection that was deleted before its events could be cancelled.
    pub(crate) fn left_undelivered(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a connection was deleted, and not all of its undelivered events are cancelled");
        let detail = "the connection is deleted, but not all of its undelivered events are cancelled yet: none of \
                      them is delivered, and each is cancelled when its turn comes";
        Self::new(Kind::StoreUnavailable, detail)
    }

    /// The caller's key is for less.
    pub(crate) fn scope_missing(needed: Scope, has: Scope) -> Self {
        let (needed, has) = (needed.name(), has.name());
        let detail = format!("this needs a key of the scope `{needed}`, and yours has `{has}`");
        Self::new(Kind::ScopeMissing, detail)
    }

    /// Too many wrong keys came from there.
    pub(crate) fn too_many_failures(retry_after_s: u64) -> Self {
        let detail = format!("too many wrong keys came from this address: try again in {retry_after_s} s");
        Self::new(Kind::TooManyFailures, detail).and_header(header::RETRY_AFTER, retry_after_s.into())
    }

    /// Too much is to be done now; `detail` says of what.
    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Self::new(Kind::Busy, detail).and_header(header::RETRY_AFTER, BUSY_RETRY_AFTER_S.into())
    }

    /// A failure of ours: the cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "an API call failed");
        Self::new(Kind::Internal, "the cause is in the log of the server; the call can be made again")
    }

    /// The same problem with a part of something greater, like `sources[2]`.
    pub(crate) fn within(mut self, outer: &str) -> Self {
        let Parts { field, detail, .. } = &mut *self.0;
        match field {
            Some(field) => {
                let inner = std::mem::replace(field, format!("{outer}.{field}"));
                *detail = detail.replacen(&format!("`{inner}`"), &format!("`{field}`"), 1);
            }
            None => *detail = format!("`{outer}`: {detail}"),
        }
        self
    }

    /// A header that goes with the answer.
    pub(crate) fn and_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// Whether it is of this kind.
    pub(crate) fn is(&self, kind: Kind) -> bool {
        self.0.kind == kind
    }

    #[cfg(test)]
    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    #[cfg(test)]
    pub(crate) fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }
}

/// What went wrong, and what to do (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(crate) struct Wire<'a> {
    r#type: String,
    title: &'a str,
    /// The status of the answer.
    status: u16,
    /// What programs should look at: it never changes.
    code: &'a str,
    /// What to do, for people.
    detail: &'a str,
    /// The field or parameter that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<&'a str>,
    /// Of `events_undelivered`: how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    undelivered_events: Option<u64>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let problem = *self.0;
        let (status, code, title) = problem.kind.entry();
        let wire = Wire {
            r#type: format!("/problems/{}", code.replace('_', "-")),
            title,
            status: status.as_u16(),
            code,
            detail: &problem.detail,
            field: problem.field.as_deref(),
            undelivered_events: problem.undelivered_events,
        };
        let body = serde_json::to_vec(&wire).unwrap_or_default();
        let json = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, json)], body).into_response();
        if let Some((name, value)) = problem.header {
            response.headers_mut().append(name, value);
        }
        response
    }
}
