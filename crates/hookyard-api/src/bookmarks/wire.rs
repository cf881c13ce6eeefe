//! Bookmarks on the wire.

use hookyard_model::id::{EventId, RequestId};
use hookyard_store::bookmarks::{Bookmark, BookmarkChange, NAME_CHARS_MAX, NOTE_CHARS_MAX, NewBookmark};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::merge::Field;
use crate::openapi::id;
use crate::problem::Problem;
use crate::time::Rfc3339;

/// What is to be kept.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BookmarkFields {
    /// What people call it.
    #[schema(value_type = String, required, min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What people have to say about it.
    #[schema(max_length = 4096)]
    note: Option<String>,
    /// The request.
    #[schema(value_type = id::Request, required)]
    request_id: Option<String>,
    /// The event of it that somebody looked at.
    #[schema(value_type = Option<id::Event>)]
    event_id: Option<String>,
}

/// What is to be changed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = BookmarkChangeFields)]
pub(crate) struct ChangeFields {
    /// What people call it.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    name: Field<String>,
    /// What people have to say about it.
    #[schema(value_type = Option<String>, max_length = 4096)]
    note: Field<String>,
}

/// A bookmark as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookmarkView {
    #[schema(value_type = id::Bookmark)]
    id: String,
    name: String,
    note: String,
    #[schema(value_type = id::Request)]
    request_id: String,
    /// The event of it that somebody looked at.
    #[schema(value_type = Option<id::Event>)]
    event_id: Option<String>,
    #[schema(value_type = id::Source)]
    source_id: String,
    created_at: Rfc3339,
    /// None where the head is no HTTP request's.
    method: Option<String>,
    topic: Option<String>,
    body_bytes: u64,
}

/// The request that was made of a bookmark's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookmarkTriggered)]
pub(crate) struct TriggeredView {
    #[schema(value_type = id::Request)]
    request_id: String,
}

impl BookmarkFields {
    /// What these ask for.
    ///
    /// # Errors
    /// A value that is missing, or cannot be read.
    pub(crate) fn bookmark(self) -> Result<NewBookmark, Problem> {
        let event = self.event_id.map(|text| text.parse::<EventId>()).transpose();
        let event = event.map_err(|error| Problem::invalid_field("event_id", error))?;
        let request = self.request_id.map(|text| text.parse::<RequestId>()).transpose();
        let request = request.map_err(|error| Problem::invalid_field("request_id", error))?;
        Ok(NewBookmark {
            name: name(self.name.ok_or_else(|| Problem::missing_field("name"))?)?,
            note: note(self.note.unwrap_or_default())?,
            request: request.ok_or_else(|| Problem::missing_field("request_id"))?,
            event,
        })
    }
}

impl ChangeFields {
    /// What these ask for.
    ///
    /// # Errors
    /// A value that cannot be taken.
    pub(crate) fn change(self) -> Result<BookmarkChange, Problem> {
        let changed_name = match self.name {
            Field::Keep => None,
            // That there is one, so that it cannot be taken away.
            field => Some(name(field.required(Some(String::new()), "name")?)?),
        };
        let changed_note = match self.note {
            Field::Keep => None,
            Field::Reset => Some(String::new()),
            Field::Set(text) => Some(note(text)?),
        };
        Ok(BookmarkChange { name: changed_name, note: changed_note })
    }
}

fn name(text: String) -> Result<String, Problem> {
    match text.chars().count() {
        1..=NAME_CHARS_MAX => Ok(text),
        _ => Err(Problem::invalid_field("name", format!("expected 1 to {NAME_CHARS_MAX} characters"))),
    }
}

fn note(text: String) -> Result<String, Problem> {
    match text.chars().count() {
        0..=NOTE_CHARS_MAX => Ok(text),
        _ => Err(Problem::invalid_field("note", format!("expected at most {NOTE_CHARS_MAX} characters"))),
    }
}

impl From<Bookmark> for BookmarkView {
    fn from(bookmark: Bookmark) -> Self {
        Self {
            id: bookmark.id.to_string(),
            name: bookmark.name,
            note: bookmark.note,
            request_id: bookmark.request.to_string(),
            event_id: bookmark.event.map(|id| id.to_string()),
            source_id: bookmark.source.to_string(),
            created_at: Rfc3339(bookmark.created_at),
            method: Some(bookmark.method).filter(|method| !method.is_empty()),
            topic: bookmark.topic,
            body_bytes: bookmark.body_bytes,
        }
    }
}

impl From<RequestId> for TriggeredView {
    fn from(request: RequestId) -> Self {
        Self { request_id: request.to_string() }
    }
}
