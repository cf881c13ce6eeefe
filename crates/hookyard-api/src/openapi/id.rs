//! Ids as schemas: a prefix and digits of Crockford's base 32. The domain's own ids know nothing of schemas.

use std::borrow::Cow;

use hookyard_model::id as model;
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

/// One number: 64 bits, so that the first of the 13 digits is below 16.
const NUMBER: &str = "[0-9a-f][0-9abcdefghjkmnpqrstvwxyz]{12}";

macro_rules! id {
    ($($(#[doc = $doc:literal])* $name:ident is $text:literal: $prefix:expr, $numbers:literal $(, $end:literal)?;)*) => {
        $(
            $(#[doc = $doc])*
            pub(crate) enum $name {}

            impl ComposeSchema for $name {
                fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
                    let end = concat!("" $(, $end)?);
                    text(concat!($($doc),*), &format!("^{}_{}{end}$", $prefix, NUMBER.repeat($numbers)))
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed($text)
                }
            }
        )*
    };
}

id! {
    /// The id of a source.
    Source is "SourceId": model::SourceId::PREFIX, 1;
    /// The id of a destination.
    Destination is "DestinationId": model::DestinationId::PREFIX, 1;
    /// The id of a connection.
    Connection is "ConnectionId": model::ConnectionId::PREFIX, 1;
    /// The id of a request.
    Request is "RequestId": model::RequestId::PREFIX, 1;
    /// The id of an event: made of those of its request and its connection.
    Event is "EventId": model::EventId::PREFIX, 2;
    /// The id of an attempt: that of its event, and which try it was.
    Attempt is "AttemptId": "att", 2, "_[0-9]{1,9}";
    /// The id of a lease.
    Lease is "LeaseId": model::LeaseId::PREFIX, 2;
    /// The id of a bulk operation.
    BulkOperation is "BulkOperationId": model::BulkOperationId::PREFIX, 1;
    /// The id of a bookmark.
    Bookmark is "BookmarkId": model::BookmarkId::PREFIX, 1;
    /// The id of an issue.
    Issue is "IssueId": model::IssueId::PREFIX, 1;
    /// The id of an alert.
    Alert is "AlertId": model::AlertId::PREFIX, 1;
    /// The id of an API key.
    ApiKey is "ApiKeyId": model::ApiKeyId::PREFIX, 1;
    /// The id of an entry of the audit log.
    AuditEntry is "AuditEntryId": model::AuditEntryId::PREFIX, 1;
}

/// A text of a form.
fn text(doc: &str, pattern: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).description(Some(doc.trim())).pattern(Some(pattern)).into()
}
