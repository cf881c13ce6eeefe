//! What the store's errors are on the wire.

use hookyard_store::accept::Unavailable;
use hookyard_store::alerts::TrialError;
use hookyard_store::bookmarks::{self, BookmarkError, TriggerError};
use hookyard_store::bulk::{StartError, StopError, StoreError};
use hookyard_store::by_hand::ByHandError;
use hookyard_store::catalog::{Noun, WriteError};
use hookyard_store::history::{ListError, ReadError};
use hookyard_store::issues;
use hookyard_store::lanes::{ChangeError, NotServed};
use http::header;

use super::{BUSY_RETRY_AFTER_S, Kind, Problem};

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
