//! Bookmarks: requests that people keep, to look at them again or to receive them once more, also when they are past
//! retention.
//!
//! A bookmark has a copy of its request, so it depends on nothing else. They stand in a database of their own: the
//! catalog's readers have nothing to do with them, and the index can be thrown away.
//!
//! - `stored`: the database.
//!
//! **Invariant:** what they take on disk is bounded: [`Settings`] says by how much.

mod stored;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{BookmarkId, EventId, ProjectId, RequestId, SourceId};
use hookyard_model::request::{Head, Proof, Request};

use crate::accept::{Arrival, Unavailable};
use crate::history::{Page, ReadError, RequestDetails};
use crate::store::Store;

pub use stored::StoreError;

pub(crate) use stored::Bookmarks;

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// Longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 4_096;

/// Bounds of what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bookmarks of a project.
    pub count_max: u64,
    /// Heads and bodies of all of a project's bookmarks together, in bytes.
    pub bytes_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { count_max: 1_000, bytes_max: 256 << 20 }
    }
}

/// What is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBookmark {
    /// What people call it.
    pub name: String,
    /// What people have to say about it; may be empty.
    pub note: String,
    /// The request.
    pub request: RequestId,
    /// The event of it that somebody looked at.
    pub event: Option<EventId>,
}

/// A request that somebody keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// Its identity.
    pub id: BookmarkId,
    /// What people call it.
    pub name: String,
    /// What people have to say about it.
    pub note: String,
    /// The request, which may be past retention.
    pub request: RequestId,
    /// The event of it that somebody looked at.
    pub event: Option<EventId>,
    /// The source it came in at.
    pub source: SourceId,
    /// When it was bookmarked.
    pub created_at: Timestamp,
    /// The method, as sent; empty where the head is no HTTP request's.
    pub method: String,
    /// What kind of event it is, by its provider's word.
    pub topic: Option<String>,
    /// How long the body was, in bytes.
    pub body_bytes: u64,
}

/// What is to be changed of a bookmark; none of what stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookmarkChange {
    /// Its name.
    pub name: Option<String>,
    /// Its note.
    pub note: Option<String>,
}

/// A request is not kept.
#[derive(Debug, thiserror::Error)]
pub enum BookmarkError {
    /// There is none such.
    #[error("there is no request {0}; it may be past retention")]
    NoRequest(RequestId),
    /// It came in at no source.
    #[error("the request came in at no source: there is nothing to receive it once more")]
    NoSource,
    /// The event is another request's.
    #[error("the event is not one of the request's")]
    OtherEvent,
    /// There are as many as there may be.
    #[error(
        "there are {0} bookmarks, which is as many as there may be: delete some, or raise `bookmarks.count_max`"
    )]
    TooMany(u64),
    /// They would take more than they may.
    #[error("bookmarks would take more than {0} bytes: delete some, or raise `bookmarks.bytes_max`")]
    TooLarge(u64),
    /// The request cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A bookmark's request is not received once more.
#[derive(Debug, thiserror::Error)]
pub enum TriggerError {
    /// There is no such bookmark.
    #[error("there is no such bookmark; it may have been deleted")]
    NotFound,
    /// Its source is gone.
    #[error("the source of the bookmark's request was deleted")]
    SourceDeleted,
    /// The whole body was never stored.
    #[error("of the bookmark's request only the beginning of the body was kept")]
    NotWhole,
    /// The bookmark cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store takes no requests now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Store {
    /// Keeps a request.
    ///
    /// # Errors
    /// [`BookmarkError`] where there is nothing to keep, or no room for it.
    pub async fn create_bookmark(
        &self,
        project: ProjectId,
        new: NewBookmark,
    ) -> Result<Bookmark, BookmarkError> {
        if new.event.is_some_and(|event| event.request != new.request) {
            return Err(BookmarkError::OtherEvent);
        }
        let details = self.request_details(project, new.request).await?;
        let details = details.ok_or(BookmarkError::NoRequest(new.request))?;
        if let Some(event) = new.event
            && self.event(project, event).await?.is_none()
        {
            return Err(BookmarkError::OtherEvent);
        }
        let source = details.request.source.ok_or(BookmarkError::NoSource)?;
        self.inner.bookmarks.create(project, source, new, details).await
    }

    /// A page of bookmarks, newest first.
    ///
    /// # Errors
    /// [`StoreError`] where they cannot be read.
    pub async fn bookmarks(
        &self,
        project: ProjectId,
        page: Page<BookmarkId>,
    ) -> Result<Vec<Bookmark>, StoreError> {
        self.inner.bookmarks.list(project, page).await
    }

    /// A bookmark.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub async fn bookmark(&self, project: ProjectId, id: BookmarkId) -> Result<Option<Bookmark>, StoreError> {
        self.inner.bookmarks.find(project, id).await
    }

    /// The request that a bookmark keeps, as it stood when it was bookmarked.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be read.
    pub async fn bookmark_request(
        &self,
        project: ProjectId,
        id: BookmarkId,
    ) -> Result<Option<RequestDetails>, StoreError> {
        self.inner.bookmarks.request(project, id).await
    }

    /// Changes a bookmark's words; none where there is no such bookmark.
    ///
    /// # Errors
    /// [`StoreError`] where that cannot be stored.
    pub async fn change_bookmark(
        &self,
        project: ProjectId,
        id: BookmarkId,
        change: BookmarkChange,
    ) -> Result<Option<Bookmark>, StoreError> {
        self.inner.bookmarks.change(project, id, change).await
    }

    /// Deletes a bookmark. False where there is none such.
    ///
    /// # Errors
    /// [`StoreError`] where that cannot be stored.
    pub async fn delete_bookmark(&self, project: ProjectId, id: BookmarkId) -> Result<bool, StoreError> {
        self.inner.bookmarks.delete(project, id).await
    }

    /// Receives a bookmark's request once more at its source: a new request with the same head and body. Nothing is
    /// proved of it, as its provider did not send it.
    ///
    /// # Errors
    /// [`TriggerError`] where that cannot be done.
    pub async fn trigger_bookmark(
        &self,
        project: ProjectId,
        id: BookmarkId,
    ) -> Result<RequestId, TriggerError> {
        let details = self.bookmark_request(project, id).await?.ok_or(TriggerError::NotFound)?;
        let Request { source, remote, head, body, body_bytes, .. } = details.request;
        let known = self.catalog().snapshot();
        let source = source.filter(|source| known.sources.contains_key(source));
        let source = source.ok_or(TriggerError::SourceDeleted)?;
        if body.len() as u64 != body_bytes || Head::parse(&head).is_err() {
            return Err(TriggerError::NotWhole);
        }
        let received_at = self.clock().now();
        let proof = Some(Proof::NotAsked);
        Ok(self.accept(Arrival { project, source, proof, received_at, remote, head, body }).await?)
    }

    /// All requests of a project that somebody bookmarked.
    pub(crate) async fn bookmarked(&self, project: ProjectId) -> Result<Vec<RequestId>, ReadError> {
        let found = self.inner.bookmarks.requests(project).await;
        found.map_err(|error| ReadError(error.to_string()))
    }
}
