//! `/api/v1/bookmarks`: requests that people keep, and receive once more.

mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use hookyard_model::id::BookmarkId;
use hookyard_store::history::Page;
use http::{StatusCode, header};

use crate::body::{JsonBody, NoBody};
use crate::list::List;
use crate::openapi::id;
use crate::openapi::paging::NewestFirst;
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::requests::{self, RequestView};
use crate::server::Shared;
use wire::{BookmarkFields, BookmarkView, ChangeFields, TriggeredView};

/// List bookmarks
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/bookmarks", operation_id = "listBookmarks",
    params(NewestFirst<id::Bookmark>), responses((status = 200, body = List<BookmarkView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<BookmarkView>>, Problem> {
    let cursor = query.read(|query| query.cursor("before"))?;
    let page = Page { before: cursor.past, limit: cursor.rows_wanted() };
    let rows = api.store.bookmarks(project, page).await?;
    Ok(Json(List::of(rows, cursor.limit, |row| row.id, BookmarkView::from)))
}

/// Bookmark a request
///
/// It is copied, and outlives retention.
#[utoipa::path(post, path = "/api/v1/bookmarks", operation_id = "createBookmark",
    request_body = BookmarkFields, responses((status = 201, body = BookmarkView)))]
pub(crate) async fn create(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<BookmarkFields>,
) -> Result<impl IntoResponse, Problem> {
    let bookmark = api.store.create_bookmark(project, fields.bookmark()?).await?;
    let location = format!("/api/v1/bookmarks/{}", bookmark.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(BookmarkView::from(bookmark))))
}

/// Show a bookmark
#[utoipa::path(get, path = "/api/v1/bookmarks/{id}", operation_id = "getBookmark",
    params(("id" = id::Bookmark, Path)), responses((status = 200, body = BookmarkView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<BookmarkId>,
    _: NoQuery,
) -> Result<Json<BookmarkView>, Problem> {
    let found = api.store.bookmark(project, id).await?;
    Ok(Json(BookmarkView::from(found.ok_or_else(|| Problem::not_found("bookmark", id))?)))
}

/// Change a bookmark
///
/// What people call it and have to say about it.
#[utoipa::path(patch, path = "/api/v1/bookmarks/{id}", operation_id = "updateBookmark",
    params(("id" = id::Bookmark, Path)), request_body = ChangeFields,
    responses((status = 200, body = BookmarkView)))]
pub(crate) async fn update(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<BookmarkId>,
    _: NoQuery,
    JsonBody(fields): JsonBody<ChangeFields>,
) -> Result<Json<BookmarkView>, Problem> {
    let changed = api.store.change_bookmark(project, id, fields.change()?).await?;
    Ok(Json(BookmarkView::from(changed.ok_or_else(|| Problem::not_found("bookmark", id))?)))
}

/// Delete a bookmark
///
/// Also its copy of the request.
#[utoipa::path(delete, path = "/api/v1/bookmarks/{id}", operation_id = "deleteBookmark",
    params(("id" = id::Bookmark, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<BookmarkId>,
    _: NoQuery,
) -> Result<StatusCode, Problem> {
    match api.store.delete_bookmark(project, id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("bookmark", id)),
    }
}

/// Show the request of a bookmark
///
/// As it stood when it was bookmarked.
#[utoipa::path(get, path = "/api/v1/bookmarks/{id}/request", operation_id = "getBookmarkRequest",
    params(("id" = id::Bookmark, Path)), responses((status = 200, body = RequestView)))]
pub(crate) async fn request(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<BookmarkId>,
    _: NoQuery,
) -> Result<Json<RequestView>, Problem> {
    let details = api.store.bookmark_request(project, id).await?;
    let details = details.ok_or_else(|| Problem::not_found("bookmark", id))?;
    Ok(Json(requests::view(&api, project, &details).await?))
}

/// Receive the request of a bookmark once more
///
/// At its source: a new request, which is durable when this answers.
#[utoipa::path(post, path = "/api/v1/bookmarks/{id}/trigger", operation_id = "triggerBookmark",
    params(("id" = id::Bookmark, Path)), responses((status = 202, body = TriggeredView)))]
pub(crate) async fn trigger(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<BookmarkId>,
    _: NoQuery,
    _: NoBody,
) -> Result<impl IntoResponse, Problem> {
    let request = api.store.trigger_bookmark(project, id).await?;
    Ok((StatusCode::ACCEPTED, Json(TriggeredView::from(request))))
}
