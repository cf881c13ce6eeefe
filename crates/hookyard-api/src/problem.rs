//! Errors on the wire: the one place where what went wrong becomes a status, a stable code and a
//! sentence that says what to do (RFC 9457, `application/problem+json`).
//!
//! **Invariant:** the inner cause of a failure of ours is logged here, once, and is never in an answer;
//! no answer repeats a value that a caller sent as a secret.

use axum::response::{IntoResponse, Response};
use hookyard_model::access::Scope;
use hookyard_store::accept::Unavailable;
use hookyard_store::alerts::TrialError;
use hookyard_store::bookmarks::{self, BookmarkError, TriggerError};
use hookyard_store::bulk::{StartError, StopError, StoreError};
use hookyard_store::by_hand::ByHandError;
use hookyard_store::catalog::{Noun, WriteError};
use hookyard_store::history::{ListError, ReadError};
use hookyard_store::issues;
use hookyard_store::lanes::{ChangeError, NotServed};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// An error as the caller sees it; boxed, since calls that succeed should not carry its size around.
/// When to come back where too much is to be done, in seconds.
const BUSY_RETRY_AFTER_S: u32 = 1;

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

/// Kinds of error; each has a status, a code that never changes, and a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The body is not JSON, or did not arrive whole.
    MalformedBody,
    /// No key, or not the right one.
    Unauthorized,
    /// The key is for less than this.
    ScopeMissing,
    /// Too many wrong keys came from there.
    TooManyFailures,
    /// The `Host` is not one this listener answers for.
    HostNotAllowed,
    /// A page of another origin is asking.
    OriginNotAllowed,
    /// There is no such path, or nothing with this id.
    NotFound,
    /// The path does not take this method.
    MethodNotAllowed,
    /// The body took too long to arrive.
    BodyTimeout,
    /// The name is taken.
    NameTaken,
    /// The token is taken.
    TokenTaken,
    /// Something else refers to it.
    InUse,
    /// Somebody else changed it between reading and writing.
    ChangedMeanwhile,
    /// It stands in the configuration file.
    ManagedByFile,
    /// The connection has undelivered events.
    EventsUndelivered,
    /// The event's state does not take a retry.
    EventNotRetryable,
    /// The event has ended, so that it cannot be cancelled.
    EventNotCancellable,
    /// The event's connection does not deliver.
    NotDeliverable,
    /// No request of the source's provider can be made here.
    NoSample,
    /// Another bulk operation is running.
    BulkOperationRunning,
    /// The bulk operation has ended.
    BulkOperationEnded,
    /// The issue is resolved already.
    IssueResolved,
    /// There are as many alerts as there can be.
    TooManyAlerts,
    /// There are as many API keys as there can be.
    TooManyApiKeys,
    /// Nobody could call any more.
    LastAdminKey,
    /// It is not as the caller knows it.
    PreconditionFailed,
    /// A header has a wrong value.
    InvalidHeader,
    /// The idempotency key was used for another call.
    IdempotencyKeyReused,
    /// A call with the same idempotency key is under way.
    IdempotencyKeyInUse,
    /// Nobody knows whether the call was carried out.
    IdempotencyCallCutOff,
    /// The call was carried out, and its answer is not kept.
    IdempotencyAnswerGone,
    /// There is no room for another bookmark.
    BookmarksFull,
    /// The source of a bookmark's request was deleted.
    SourceDeleted,
    /// Only the beginning of a body was kept.
    BodyNotWhole,
    /// A bulk operation would do more than was expected.
    MoreEvents,
    /// Events of the destination are sent, and cannot be asked for.
    NotAPullDestination,
    /// The body is too long.
    BodyTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// A field has a wrong type or value.
    InvalidField,
    /// A field is needed.
    MissingField,
    /// A field that does not exist.
    UnknownField,
    /// A query parameter has a wrong value.
    InvalidParameter,
    /// A query parameter that does not exist here.
    UnknownParameter,
    /// A query parameter was given twice.
    DuplicateParameter,
    /// A field refers to something that does not exist.
    UnknownReference,
    /// A failure of ours.
    Internal,
    /// The own public listener does not answer.
    ListenerUnreachable,
    /// The store takes no writes at the moment.
    StoreUnavailable,
    /// Nobody serves the destination at the moment.
    NotServed,
    /// Too much waits: transformations to be tried, or calls for events.
    Busy,
}

impl Kind {
    const fn entry(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::MalformedBody => (S::BAD_REQUEST, "malformed_body", "The body cannot be read"),
            Self::Unauthorized => (S::UNAUTHORIZED, "unauthorized", "A key is needed"),
            Self::ScopeMissing => (S::FORBIDDEN, "scope_missing", "The key is not for this"),
            Self::TooManyFailures => (S::TOO_MANY_REQUESTS, "too_many_failures", "Too many wrong keys"),
            Self::HostNotAllowed => (S::FORBIDDEN, "host_not_allowed", "This host name is not allowed"),
            Self::OriginNotAllowed => (S::FORBIDDEN, "origin_not_allowed", "Other origins are not allowed"),
            Self::NotFound => (S::NOT_FOUND, "not_found", "There is no such thing"),
            Self::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not take this method")
            }
            Self::BodyTimeout => (S::REQUEST_TIMEOUT, "body_timeout", "The body took too long"),
            Self::NameTaken => (S::CONFLICT, "name_taken", "The name is taken"),
            Self::TokenTaken => (S::CONFLICT, "token_taken", "The token is taken"),
            Self::InUse => (S::CONFLICT, "in_use", "Something refers to it"),
            Self::ChangedMeanwhile => (S::CONFLICT, "changed_meanwhile", "It was changed at the same time"),
            Self::ManagedByFile => (S::CONFLICT, "managed_by_file", "The configuration file manages it"),
            Self::EventsUndelivered => (S::CONFLICT, "events_undelivered", "It has undelivered events"),
            Self::EventNotRetryable => {
                (S::CONFLICT, "event_not_retryable", "The event cannot be retried now")
            }
            Self::EventNotCancellable => (S::CONFLICT, "event_not_cancellable", "The event has ended"),
            Self::BulkOperationRunning => {
                (S::CONFLICT, "bulk_operation_running", "Another bulk operation is running")
            }
            Self::BulkOperationEnded => (S::CONFLICT, "bulk_operation_ended", "The bulk operation has ended"),
            Self::IssueResolved => (S::CONFLICT, "issue_resolved", "The issue is resolved"),
            Self::TooManyAlerts => (S::CONFLICT, "too_many_alerts", "There are too many alerts"),
            Self::TooManyApiKeys => (S::CONFLICT, "too_many_api_keys", "There are too many API keys"),
            Self::LastAdminKey => (S::CONFLICT, "last_admin_key", "It is the last key of the scope admin"),
            Self::PreconditionFailed => {
                (S::PRECONDITION_FAILED, "precondition_failed", "It is not as you know it")
            }
            Self::InvalidHeader => (S::UNPROCESSABLE_ENTITY, "invalid_header", "A header is invalid"),
            Self::IdempotencyKeyReused => {
                (S::UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The idempotency key was used already")
            }
            Self::IdempotencyKeyInUse => {
                (S::CONFLICT, "idempotency_key_in_use", "The call is being carried out")
            }
            Self::IdempotencyCallCutOff => {
                (S::CONFLICT, "idempotency_call_cut_off", "Whether the call was carried out is not known")
            }
            Self::IdempotencyAnswerGone => {
                (S::CONFLICT, "idempotency_answer_gone", "The answer to the call is not kept")
            }
            Self::BookmarksFull => (S::CONFLICT, "bookmarks_full", "There is no room for another bookmark"),
            Self::SourceDeleted => (S::CONFLICT, "source_deleted", "The source was deleted"),
            Self::BodyNotWhole => (S::CONFLICT, "body_not_whole", "The whole body is not there"),
            Self::MoreEvents => (S::CONFLICT, "more_events", "There are more events than expected"),
            Self::NotAPullDestination => {
                (S::CONFLICT, "not_a_pull_destination", "The destination's events cannot be asked for")
            }
            Self::NotDeliverable => {
                (S::CONFLICT, "not_deliverable", "The event's connection does not deliver")
            }
            Self::NoSample => (S::CONFLICT, "no_sample", "No sample can be made"),
            Self::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too long"),
            Self::UnsupportedMediaType => {
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body has to be JSON")
            }
            Self::InvalidField => (S::UNPROCESSABLE_ENTITY, "invalid_field", "A field is invalid"),
            Self::MissingField => (S::UNPROCESSABLE_ENTITY, "missing_field", "A field is missing"),
            Self::UnknownField => (S::UNPROCESSABLE_ENTITY, "unknown_field", "A field is unknown"),
            Self::InvalidParameter => {
                (S::UNPROCESSABLE_ENTITY, "invalid_parameter", "A query parameter is invalid")
            }
            Self::UnknownParameter => {
                (S::UNPROCESSABLE_ENTITY, "unknown_parameter", "A query parameter is unknown")
            }
            Self::DuplicateParameter => {
                (S::UNPROCESSABLE_ENTITY, "duplicate_parameter", "A query parameter is given twice")
            }
            Self::UnknownReference => {
                (S::UNPROCESSABLE_ENTITY, "unknown_reference", "A field refers to nothing")
            }
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "Something failed here"),
            Self::ListenerUnreachable => {
                (S::BAD_GATEWAY, "listener_unreachable", "The public listener cannot be reached")
            }
            Self::StoreUnavailable => {
                (S::SERVICE_UNAVAILABLE, "store_unavailable", "The store takes no writes now")
            }
            Self::NotServed => {
                (S::SERVICE_UNAVAILABLE, "not_served", "The destination is not served at the moment")
            }
            Self::Busy => (S::SERVICE_UNAVAILABLE, "busy", "There is too much to do now"),
        }
    }
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

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        Self::internal(&error)
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Read(error) => error.into(),
            ListError::Busy(busy) => Self::busy(busy.to_string()),
        }
    }
}

impl From<bookmarks::StoreError> for Problem {
    fn from(error: bookmarks::StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<BookmarkError> for Problem {
    fn from(error: BookmarkError) -> Self {
        let detail = error.to_string();
        match error {
            BookmarkError::NoRequest(_) => Self::with_field(Kind::UnknownReference, "request_id", detail),
            BookmarkError::NoSource => Self::invalid_field("request_id", detail),
            BookmarkError::OtherEvent => Self::invalid_field("event_id", detail),
            BookmarkError::TooMany(_) | BookmarkError::TooLarge(_) => Self::new(Kind::BookmarksFull, detail),
            BookmarkError::Read(error) => error.into(),
            BookmarkError::Store(error) => error.into(),
        }
    }
}

impl From<TriggerError> for Problem {
    fn from(error: TriggerError) -> Self {
        let detail = error.to_string();
        match error {
            TriggerError::NotFound => Self::new(Kind::NotFound, detail),
            TriggerError::SourceDeleted => Self::new(Kind::SourceDeleted, detail),
            TriggerError::NotWhole => Self::new(Kind::BodyNotWhole, detail),
            TriggerError::Store(error) => error.into(),
            TriggerError::Unavailable(error) => error.into(),
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        tracing::warn!(cause = %error.cause, "an API call was refused: the store takes no writes");
        let detail = format!("nothing was changed: try again in {} s", error.retry_after_s);
        Self::new(Kind::StoreUnavailable, detail).and_header(header::RETRY_AFTER, error.retry_after_s.into())
    }
}

impl From<NotServed> for Problem {
    fn from(_: NotServed) -> Self {
        let detail = format!("the gateway starts or stops: try again in {BUSY_RETRY_AFTER_S} s");
        Self::new(Kind::NotServed, detail).and_header(header::RETRY_AFTER, BUSY_RETRY_AFTER_S.into())
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotServed(error) => error.into(),
            ChangeError::Unavailable(Unavailable { cause, retry_after_s }) => {
                tracing::warn!(%cause, "what a consumer said could not be recorded: the store takes no writes");
                let detail = format!(
                    "not all of it is recorded, and what is not is leased as before: say all of it again in \
                     {retry_after_s} s"
                );
                Self::new(Kind::StoreUnavailable, detail)
                    .and_header(header::RETRY_AFTER, retry_after_s.into())
            }
        }
    }
}

impl From<ByHandError> for Problem {
    fn from(error: ByHandError) -> Self {
        match error {
            ByHandError::NotFound => {
                Self::new(Kind::NotFound, "there is no such event; its request may be past retention")
            }
            ByHandError::NotAllowed(not_allowed) => {
                let detail =
                    format!("it is {}: it is delivered without being asked to", not_allowed.state.name());
                Self::new(Kind::EventNotRetryable, detail)
            }
            ByHandError::NotTransformed => Self::new(Kind::EventNotRetryable, error.to_string()),
            ByHandError::NotCancellable(_) => Self::new(Kind::EventNotCancellable, error.to_string()),
            ByHandError::NotDeliverable(_) => Self::new(Kind::NotDeliverable, error.to_string()),
            ByHandError::Unavailable(error) => error.into(),
            ByHandError::Read(error) => error.into(),
        }
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        let detail = error.to_string();
        match error {
            StartError::Running(_) => Self::new(Kind::BulkOperationRunning, detail),
            StartError::MoreEvents { .. } => Self::with_field(Kind::MoreEvents, "events_max", detail),
            StartError::List(error) => error.into(),
            StartError::Store(error) => error.into(),
        }
    }
}

impl From<StopError> for Problem {
    fn from(error: StopError) -> Self {
        let detail = error.to_string();
        match error {
            StopError::NotFound => Self::new(Kind::NotFound, detail),
            StopError::Ended(_) => Self::new(Kind::BulkOperationEnded, detail),
            StopError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<issues::StoreError> for Problem {
    fn from(error: issues::StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<issues::ActError> for Problem {
    fn from(error: issues::ActError) -> Self {
        let detail = error.to_string();
        match error {
            issues::ActError::NotFound => Self::new(Kind::NotFound, detail),
            issues::ActError::Resolved => Self::new(Kind::IssueResolved, detail),
            issues::ActError::Store(error) => error.into(),
        }
    }
}

impl From<TrialError> for Problem {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::Busy => Self::busy(error.to_string()),
            TrialError::Stopping => Self::new(Kind::StoreUnavailable, error.to_string()),
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        let detail = error.to_string();
        match error {
            WriteError::NotFound { .. } => Self::new(Kind::NotFound, detail),
            WriteError::NameTaken { .. } => Self::with_field(Kind::NameTaken, "name", detail),
            WriteError::TokenTaken => Self::with_field(Kind::TokenTaken, "token", detail),
            WriteError::InvalidName { .. } => Self::with_field(Kind::InvalidField, "name", detail),
            WriteError::Invalid { setting, .. } => {
                Self::with_field(Kind::InvalidField, field_of_setting(setting), detail)
            }
            WriteError::InUse { .. } | WriteError::Alerted { .. } => Self::new(Kind::InUse, detail),
            WriteError::TooManyApiKeys => Self::new(Kind::TooManyApiKeys, detail),
            WriteError::ConditionFailed => Self::new(Kind::PreconditionFailed, detail),
            WriteError::TooManyAlerts => Self::new(Kind::TooManyAlerts, detail),
            WriteError::ChangedMeanwhile { .. } => Self::new(Kind::ChangedMeanwhile, detail),
            WriteError::ManagedByFile { .. } => Self::new(Kind::ManagedByFile, detail),
            WriteError::UnknownReference { noun } => {
                // A connection has one source and one destination, and alerts have many connections.
                let field =
                    if noun == Noun::Connection { "connection_ids".to_owned() } else { format!("{noun}_id") };
                Self::with_field(Kind::UnknownReference, &field, detail)
            }
            WriteError::Storage(cause) => {
                tracing::error!(%cause, "an API call could not change the configuration");
                let detail =
                    "nothing was changed: the cause is in the log of the server; try again after that";
                Self::new(Kind::StoreUnavailable, detail).and_header(header::RETRY_AFTER, 5.into())
            }
        }
    }
}

/// The API's name of a setting; a duration carries its unit here.
fn field_of_setting(setting: &'static str) -> &'static str {
    match setting {
        "timeout" => "timeout_ms",
        "interval" => "interval_ms",
        "connections" => "connection_ids",
        "lease" => "lease_ms",
        "disable_after" => "disable_after_ms",
        same => same,
    }
}
