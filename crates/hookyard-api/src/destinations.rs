//! `/api/v1/destinations`: where events go.

mod auth;
mod pacing;
mod reach;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, post};
use hookyard_model::destination::Destination;
use hookyard_model::id::{DestinationId, ProjectId};
use hookyard_model::secret::Secret;
use http::{StatusCode, header};

use crate::body::{JsonBody, NoBody, OptionalBody};
use crate::list::{List, ascending};
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
use wire::{DestinationFields, DestinationView, RotationFields};

/// `GET /api/v1/destinations`: oldest first.
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

/// `POST /api/v1/destinations`. A signing secret that is generated is shown here and never again.
pub(crate) async fn create(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<DestinationFields>,
) -> Result<impl IntoResponse, Problem> {
    let (new, generated) = fields.onto(None)?;
    let destination = api.store.catalog().create_destination(project, new).await?;
    let location = format!("/api/v1/destinations/{}", destination.id);
    let shown = view(&api, &destination, generated.as_ref());
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown)))
}

/// `GET /api/v1/destinations/{id}`.
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
) -> Result<Json<DestinationView>, Problem> {
    Ok(Json(view(&api, &*find(&api, project, id)?, None)))
}

/// `PATCH /api/v1/destinations/{id}`.
pub(crate) async fn update(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    JsonBody(fields): JsonBody<DestinationFields>,
) -> Result<Json<DestinationView>, Problem> {
    let _turn = api.writing.lock().await;
    let (new, generated) = fields.onto(Some(&*find(&api, project, id)?))?;
    let destination = api.store.catalog().update_destination(project, id, new).await?;
    Ok(Json(view(&api, &destination, generated.as_ref())))
}

/// `POST /api/v1/destinations/{id}/rotate-secret`: a new secret signs from now on, shown here and never
/// again; those that signed until now sign too until the overlap is over.
pub(crate) async fn rotate_secret(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
    OptionalBody(fields): OptionalBody<RotationFields>,
) -> Result<Json<DestinationView>, Problem> {
    let _turn = api.writing.lock().await;
    let rotation = fields.of(&*find(&api, project, id)?)?;
    let secret = rotation.secret.clone();
    let catalog = api.store.catalog();
    let destination = catalog.rotate_signing_secret(project, id, secret, rotation.overlap).await?;
    let told = rotation.is_told.then_some(&rotation.secret);
    Ok(Json(view(&api, &destination, told)))
}

/// `POST /api/v1/destinations/{id}/pause`: nothing is delivered from now on; events wait. `…/resume`: what waits is
/// delivered, slowly at first.
pub(crate) fn pausing(is_paused: bool) -> MethodRouter<Arc<Shared>> {
    post(
        async move |State(api): State<Arc<Shared>>,
                    InProject(project): InProject,
                    Id(id): Id<DestinationId>,
                    _: NoQuery,
                    _: NoBody| {
            let destination = api.store.catalog().pause_destination(project, id, is_paused).await?;
            Ok::<_, Problem>(Json(view(&api, &destination, None)))
        },
    )
}

/// `DELETE /api/v1/destinations/{id}`.
pub(crate) async fn delete(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
) -> Result<StatusCode, Problem> {
    api.store.catalog().delete_destination(project, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn view(api: &Shared, destination: &Destination, generated: Option<&Secret>) -> DestinationView {
    DestinationView::new(destination, api.store.standing(destination.id), generated, api.clock.now())
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
