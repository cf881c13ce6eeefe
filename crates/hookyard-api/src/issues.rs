//! `/api/v1/issues`: what fails, grouped, until it works again.

mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookyard_model::id::IssueId;
use hookyard_store::history::Page;

use crate::body::NoBody;
use crate::list::List;
use crate::openapi::id;
use crate::openapi::paging::NewestFirst;
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
use wire::{IssueParameters, IssueView, filter};

/// List issues
///
/// The one that was opened last first.
#[utoipa::path(get, path = "/api/v1/issues", operation_id = "listIssues",
    params(NewestFirst<id::Issue>, IssueParameters), responses((status = 200, body = List<IssueView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<IssueView>>, Problem> {
    let (cursor, filter) = query.read(|query| Ok((query.cursor("before")?, filter(query)?)))?;
    let page = Page { before: cursor.past, limit: cursor.rows_wanted() };
    let rows = api.store.issues(project, filter, page).await?;
    Ok(Json(List::of(rows, cursor.limit, |row| row.id, |row| IssueView::new(&row))))
}

/// Show an issue
#[utoipa::path(get, path = "/api/v1/issues/{id}", operation_id = "getIssue",
    params(("id" = id::Issue, Path)), responses((status = 200, body = IssueView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<IssueId>,
    _: NoQuery,
) -> Result<Json<IssueView>, Problem> {
    let found = api.store.issue(project, id).await?;
    Ok(Json(IssueView::new(&found.ok_or_else(|| Problem::not_found("issue", id))?)))
}

/// Acknowledge an issue
///
/// Somebody knows of it.
#[utoipa::path(post, path = "/api/v1/issues/{id}/acknowledge", operation_id = "acknowledgeIssue",
    params(("id" = id::Issue, Path)), responses((status = 200, body = IssueView)))]
pub(crate) async fn acknowledge(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<IssueId>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<IssueView>, Problem> {
    Ok(Json(IssueView::new(&api.store.acknowledge_issue(project, id).await?)))
}

/// Resolve an issue
///
/// It opens again where it is seen once more.
#[utoipa::path(post, path = "/api/v1/issues/{id}/resolve", operation_id = "resolveIssue",
    params(("id" = id::Issue, Path)), responses((status = 200, body = IssueView)))]
pub(crate) async fn resolve(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<IssueId>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<IssueView>, Problem> {
    Ok(Json(IssueView::new(&api.store.resolve_issue(project, id).await?)))
}
