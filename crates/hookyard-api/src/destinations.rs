//! `/api/v1/destinations`: where events go.

mod auth;
mod pacing;
mod reach;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use hookyard_model::clock::Timestamp;
use hookyard_model::destination::Destination;
use hookyard_model::id::{DestinationId, ProjectId};
use hookyard_model::secret::Secret;
use hookyard_model::standing::Standing;
use hookyard_store::catalog::Catalog;
use hookyard_store::catalog::audit::Resource;
use http::{StatusCode, header};

use crate::body::{JsonBody, NoBody, OptionalBody};
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
pub(crate) use pacing::RateView;
use wire::RotationFields;
pub(crate) use wire::{DestinationFields, DestinationView};

/// List destinations
///
/// Oldest first.
#[utoipa::path(get, path = "/api/v1/destinations", operation_id = "listDestinations",
    params(OldestFirst<id::Destination>), responses((status = 200, body = List<DestinationView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<DestinationView>>, Problem> {
    let cursor = query.read(|query| query.cursor("after"))?;
    let snapshot = api.store.catalog().snapshot();
    let destinations = snapshot.destinations.values().filter(|it| it.project == project);
    let rows = ascending(destinations, &cursor, |destination| destination.id);
    let show = |destination: &Arc<Destination>| view(&api, destination, None);
    Ok(Json(List::of(rows, cursor.limit, |destination| destination.id, show)))
}

/// Create a destination
///
/// A signing secret that is made here is shown in this answer and never again.
#[utoipa::path(post, path = "/api/v1/destinations", operation_id = "createDestination",
    request_body = Creating<DestinationFields>, responses((status = 201, body = DestinationView)))]
pub(crate) async fn create(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<DestinationFields>,
) -> Result<impl IntoResponse, Problem> {
    let (new, generated) = fields.onto(None)?;
    let destination = caller.catalog(&api).create_destination(project, new).await?;
    let location = format!("/api/v1/destinations/{}", destination.id);
    let shown = tagged(&api, &destination, generated.as_ref());
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], shown))
}

/// Show a destination
#[utoipa::path(get, path = "/api/v1/destinations/{id}", operation_id = "getDestination",
    params(("id" = id::Destination, Path)), responses((status = 200, body = DestinationView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    known: IfNoneMatch,
) -> Result<Tagged<DestinationView>, Problem> {
    Ok(tagged(&api, &find(&api, project, id)?, None).unless(known))
}

/// Change a destination
///
/// Settings of `auth` merge into those of the same kind. `{"signing_secrets": null}` has a new secret made, which is shown
/// in this answer and never again.
#[utoipa::path(patch, path = "/api/v1/destinations/{id}", operation_id = "updateDestination",
    params(("id" = id::Destination, Path)),
    request_body = DestinationFields,
    responses((status = 200, body = DestinationView)))]
pub(crate) async fn update(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    condition: IfMatch,
    JsonBody(fields): JsonBody<DestinationFields>,
) -> Result<Tagged<DestinationView>, Problem> {
    let _turn = api.writing.lock().await;
    let (new, generated) = fields.onto(Some(&*find(&api, project, id)?))?;
    let destination =
        condition.on_destination(caller.catalog(&api), id).update_destination(project, id, new).await?;
    Ok(tagged(&api, &destination, generated.as_ref()))
}

/// Rotate the signing secret
///
/// A new secret signs from now on, shown here and never again; those that signed until now sign too until the overlap is
/// over.
#[utoipa::path(post, path = "/api/v1/destinations/{id}/rotate-secret", operation_id = "rotateDestinationSecret",
    params(("id" = id::Destination, Path)),
    request_body = Option<RotationFields>,
    responses((status = 200, body = DestinationView)))]
pub(crate) async fn rotate_secret(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    condition: IfMatch,
    OptionalBody(fields): OptionalBody<RotationFields>,
) -> Result<Tagged<DestinationView>, Problem> {
    let _turn = api.writing.lock().await;
    let rotation = fields.of(&*find(&api, project, id)?)?;
    let secret = rotation.secret.clone();
    let catalog = condition.on_destination(caller.catalog(&api), id);
    let destination = catalog.rotate_signing_secret(project, id, secret, rotation.overlap).await?;
    let told = rotation.is_told.then_some(&rotation.secret);
    Ok(tagged(&api, &destination, told))
}

/// Pause a destination
///
/// Nothing is delivered from now on; events wait.
#[utoipa::path(post, path = "/api/v1/destinations/{id}/pause", operation_id = "pauseDestination",
    params(("id" = id::Destination, Path)), responses((status = 200, body = DestinationView)))]
pub(crate) async fn pause(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    condition: IfMatch,
    _: NoBody,
) -> Result<Tagged<DestinationView>, Problem> {
    set_paused(&api, &condition.on_destination(caller.catalog(&api), id), (project, id), true).await
}

/// Resume a destination
///
/// What waits is delivered, slowly at first.
#[utoipa::path(post, path = "/api/v1/destinations/{id}/resume", operation_id = "resumeDestination",
    params(("id" = id::Destination, Path)), responses((status = 200, body = DestinationView)))]
pub(crate) async fn resume(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    condition: IfMatch,
    _: NoBody,
) -> Result<Tagged<DestinationView>, Problem> {
    set_paused(&api, &condition.on_destination(caller.catalog(&api), id), (project, id), false).await
}

async fn set_paused(
    api: &Shared,
    catalog: &Catalog,
    (project, id): (ProjectId, DestinationId),
    is_paused: bool,
) -> Result<Tagged<DestinationView>, Problem> {
    let destination = catalog.pause_destination(project, id, is_paused).await?;
    Ok(tagged(api, &destination, None))
}

/// Delete a destination
///
/// Refused while a connection leads there.
#[utoipa::path(delete, path = "/api/v1/destinations/{id}", operation_id = "deleteDestination",
    params(("id" = id::Destination, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    condition: IfMatch,
) -> Result<StatusCode, Problem> {
    condition.on_destination(caller.catalog(&api), id).delete_destination(project, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tagged(
    api: &Shared,
    destination: &Arc<Destination>,
    generated: Option<&Secret>,
) -> Tagged<DestinationView> {
    Tagged::new(&Resource::Destination(Arc::clone(destination)), view(api, destination, generated))
}

fn view(api: &Shared, destination: &Destination, generated: Option<&Secret>) -> DestinationView {
    DestinationView::new(destination, api.store.standing(destination.id), generated, api.clock.now())
}

/// What is configured of a destination, with all secrets that sign or have signed.
pub(crate) fn configured(destination: &Destination) -> impl serde::Serialize {
    DestinationView::new(destination, Standing::default(), None, Timestamp::default())
}

/// The destination with this id.
///
/// # Errors
/// Not found.
pub(crate) fn find(api: &Shared, project: ProjectId, id: DestinationId) -> Result<Arc<Destination>, Problem> {
    let snapshot = api.store.catalog().snapshot();
    let found = snapshot.destinations.get(&id).filter(|destination| destination.project == project);
    found.cloned().ok_or_else(|| Problem::not_found("destination", id))
}
