//! The kinds of error: the table of statuses and codes.

use http::StatusCode;

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
    pub(super) const fn entry(self) -> (StatusCode, &'static str, &'static str) {
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
