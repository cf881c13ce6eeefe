//! `/api/v1/api_keys`: keys for callers, each with a scope. The text of one is shown once, by the call that makes it.

mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use hookyard_model::access::{ApiKey, Scope};
use hookyard_model::id::{ApiKeyId, ProjectId};
use hookyard_store::catalog::audit::Resource;
use http::{StatusCode, header};

use crate::body::{JsonBody, OptionalBody};
use crate::caller::Caller;
use crate::etag::{IfMatch, IfNoneMatch, Tagged};
use crate::list::{List, ascending};
use crate::openapi::id;
use crate::openapi::paging::OldestFirst;
use crate::openapi::wrap::Creating;
use crate::problem::{Kind, Problem};
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
use wire::{ApiKeyFields, ApiKeyView, RotationFields};

/// List API keys
///
/// Oldest first.
#[utoipa::path(get, path = "/api/v1/api_keys", operation_id = "listApiKeys",
    params(OldestFirst<id::ApiKey>), responses((status = 200, body = List<ApiKeyView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<ApiKeyView>>, Problem> {
    let cursor = query.read(|query| query.cursor("after"))?;
    let snapshot = api.store.catalog().snapshot();
    let rows =
        ascending(snapshot.api_keys.values().filter(|it| it.project == project), &cursor, |key| key.id);
    Ok(Json(List::of(rows, cursor.limit, |key| key.id, |key| view(&api, key, None))))
}

/// Create an API key
///
/// Its text is shown in this answer and never again.
#[utoipa::path(post, path = "/api/v1/api_keys", operation_id = "createApiKey",
    request_body = Creating<ApiKeyFields>, responses((status = 201, body = ApiKeyView)))]
pub(crate) async fn create(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<ApiKeyFields>,
) -> Result<impl IntoResponse, Problem> {
    let made = caller.catalog(&api).create_api_key(project, fields.onto(None)?).await?;
    let location = format!("/api/v1/api_keys/{}", made.key.id);
    let shown = tagged(&api, &made.key, Some(made.text.expose()));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], shown))
}

/// Show an API key
#[utoipa::path(get, path = "/api/v1/api_keys/{id}", operation_id = "getApiKey",
    params(("id" = id::ApiKey, Path)), responses((status = 200, body = ApiKeyView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<ApiKeyId>,
    _: NoQuery,
    known: IfNoneMatch,
) -> Result<Tagged<ApiKeyView>, Problem> {
    Ok(tagged(&api, &find(&api, project, id)?, None).unless(known))
}

/// Change an API key
///
/// Its text stays.
#[utoipa::path(patch, path = "/api/v1/api_keys/{id}", operation_id = "updateApiKey",
    params(("id" = id::ApiKey, Path)),
    request_body = ApiKeyFields,
    responses((status = 200, body = ApiKeyView)))]
pub(crate) async fn update(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<ApiKeyId>,
    _: NoQuery,
    condition: IfMatch,
    JsonBody(fields): JsonBody<ApiKeyFields>,
) -> Result<Tagged<ApiKeyView>, Problem> {
    let _turn = api.writing.lock().await;
    let new = fields.onto(Some(&*find(&api, project, id)?))?;
    if new.scope != Scope::Admin {
        require_other_admin(&api, &caller, id)?;
    }
    let catalog = condition.on_api_key(caller.catalog(&api), id);
    let key = catalog.update_api_key(project, id, new).await?;
    Ok(tagged(&api, &key, None))
}

/// Rotate an API key
///
/// A new text, which is shown in this answer and never again. The one until now is taken beside it until the overlap is
/// over; sessions that were begun with it end at once.
#[utoipa::path(post, path = "/api/v1/api_keys/{id}/rotate", operation_id = "rotateApiKey",
    params(("id" = id::ApiKey, Path)),
    request_body = Option<RotationFields>,
    responses((status = 200, body = ApiKeyView)))]
pub(crate) async fn rotate(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<ApiKeyId>,
    _: NoQuery,
    condition: IfMatch,
    OptionalBody(fields): OptionalBody<RotationFields>,
) -> Result<Tagged<ApiKeyView>, Problem> {
    let catalog = condition.on_api_key(caller.catalog(&api), id);
    let made = catalog.rotate_api_key(project, id, fields.overlap()).await?;
    Ok(tagged(&api, &made.key, Some(made.text.expose())))
}

/// Delete an API key
///
/// It is not taken any more when this answers, and its sessions end.
#[utoipa::path(delete, path = "/api/v1/api_keys/{id}", operation_id = "deleteApiKey",
    params(("id" = id::ApiKey, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<ApiKeyId>,
    _: NoQuery,
    condition: IfMatch,
) -> Result<StatusCode, Problem> {
    let _turn = api.writing.lock().await;
    require_other_admin(&api, &caller, id)?;
    condition.on_api_key(caller.catalog(&api), id).delete_api_key(project, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where only API keys let anybody in, one of the scope admin has to stay. That one may end in time is not looked at.
fn require_other_admin(api: &Shared, caller: &Caller, id: ApiKeyId) -> Result<(), Problem> {
    if !caller.needs_api_keys {
        return Ok(());
    }
    let (snapshot, now) = (api.store.catalog().snapshot(), api.clock.now());
    let administers = |key: &ApiKey| key.scope == Scope::Admin && key.is_valid_at(now);
    let mut others = snapshot.api_keys.values().filter(|key| key.id != id);
    let is_one = snapshot.api_keys.get(&id).is_some_and(|key| administers(key));
    if is_one && !others.any(|key| administers(key)) {
        let detail =
            "without it nobody could administer any more: make another key of the scope `admin` first";
        return Err(Problem::new(Kind::LastAdminKey, detail));
    }
    Ok(())
}

fn tagged(api: &Shared, key: &Arc<ApiKey>, generated: Option<&str>) -> Tagged<ApiKeyView> {
    Tagged::new(&Resource::ApiKey(Arc::clone(key)), view(api, key, generated))
}

fn view(api: &Shared, key: &ApiKey, generated: Option<&str>) -> ApiKeyView {
    let used_at = api.store.catalog().api_key_used_at(key.id);
    ApiKeyView::new(key, used_at, generated, api.clock.now())
}

/// What is configured of a key.
pub(crate) fn configured(key: &ApiKey) -> impl serde::Serialize {
    ApiKeyView::new(key, None, None, key.created_at)
}

fn find(api: &Shared, project: ProjectId, id: ApiKeyId) -> Result<Arc<ApiKey>, Problem> {
    let snapshot = api.store.catalog().snapshot();
    let found = snapshot.api_keys.get(&id).filter(|key| key.project == project);
    found.cloned().ok_or_else(|| Problem::not_found("API key", id))
}
