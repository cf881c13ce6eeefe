//! `/api/v1/sources`: where webhooks come in.

pub(crate) mod sample;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use hookyard_model::id::{ProjectId, SourceId};
use hookyard_model::source::Source;
use hookyard_store::catalog::WriteError;
use hookyard_store::catalog::audit::Resource;
use http::{StatusCode, header};

use crate::body::JsonBody;
use crate::caller::Caller;
use crate::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::list::{List, ascending};
use crate::openapi::id;
use crate::openapi::paging::OldestFirst;
use crate::openapi::wrap::Creating;
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
pub(crate) use wire::{SourceFields, SourceView};

/// List sources
///
/// Oldest first.
#[utoipa::path(get, path = "/api/v1/sources", operation_id = "listSources",
    params(OldestFirst<id::Source>), responses((status = 200, body = List<SourceView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<SourceView>>, Problem> {
    let cursor = query.read(|query| query.cursor("after"))?;
    let snapshot = api.store.catalog().snapshot();
    let sources = snapshot.sources.values().filter(|source| source.project == project);
    let rows = ascending(sources, &cursor, |source| source.id);
    let show = |source: &Arc<Source>| SourceView::new(source, &api);
    Ok(Json(List::of(rows, cursor.limit, |source| source.id, show)))
}

/// Create a source
///
/// A provider that does not exist, or secrets and settings it cannot use, are refused here and not when the first
/// webhook comes.
#[utoipa::path(post, path = "/api/v1/sources", operation_id = "createSource",
    request_body = Creating<SourceFields>, responses((status = 201, body = SourceView)))]
pub(crate) async fn create(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<SourceFields>,
) -> Result<impl IntoResponse, Problem> {
    let source = caller.catalog(&api).create_source(project, fields.onto(None, &api)?).await?;
    let location = format!("/api/v1/sources/{}", source.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], tagged(&api, &source)))
}

/// Show a source
#[utoipa::path(get, path = "/api/v1/sources/{id}", operation_id = "getSource",
    params(("id" = id::Source, Path)), responses((status = 200, body = SourceView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<SourceId>,
    _: NoQuery,
    known: IfNoneMatch,
) -> Result<Tagged<SourceView>, Problem> {
    Ok(tagged(&api, &find(&api, project, id)?).unless(known))
}

/// Change a source
#[utoipa::path(patch, path = "/api/v1/sources/{id}", operation_id = "updateSource",
    params(("id" = id::Source, Path)),
    request_body = SourceFields,
    responses((status = 200, body = SourceView)))]
pub(crate) async fn update(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<SourceId>,
    _: NoQuery,
    condition: IfMatch,
    JsonBody(fields): JsonBody<SourceFields>,
) -> Result<Tagged<SourceView>, Problem> {
    let _turn = api.writing.lock().await;
    let catalog = condition.on_source(caller.catalog(&api), id);
    let known = find(&api, project, id)?;
    let new = fields.clone().onto(Some(&known), &api)?;
    let source = match catalog.update_source(project, known, new).await {
        // A handshake brought the secret in between, which it does once: worked out anew, it is kept.
        Err(WriteError::ChangedMeanwhile { .. }) => {
            let known = find(&api, project, id)?;
            let new = fields.onto(Some(&known), &api)?;
            catalog.update_source(project, known, new).await?
        }
        changed => changed?,
    };
    Ok(tagged(&api, &source))
}

/// Delete a source
///
/// Refused while a connection starts there.
#[utoipa::path(delete, path = "/api/v1/sources/{id}", operation_id = "deleteSource",
    params(("id" = id::Source, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<SourceId>,
    _: NoQuery,
    condition: IfMatch,
) -> Result<StatusCode, Problem> {
    condition.on_source(caller.catalog(&api), id).delete_source(project, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tagged(api: &Shared, source: &Arc<Source>) -> Tagged<SourceView> {
    Tagged::new(&Resource::Source(Arc::clone(source)), SourceView::new(source, api))
}

/// What is configured of a source.
pub(crate) fn configured(source: &Source) -> impl serde::Serialize {
    SourceView::at(source, None, "")
}

fn find(api: &Shared, project: ProjectId, id: SourceId) -> Result<Arc<Source>, Problem> {
    let snapshot = api.store.catalog().snapshot();
    let found = snapshot.sources.get(&id).filter(|source| source.project == project);
    found.cloned().ok_or_else(|| Problem::not_found("source", id))
}
