//! `/api/v1/alerts`: who is told of issues.

mod channel;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use hookyard_model::alert::Alert;
use hookyard_model::id::{AlertId, ProjectId};
use hookyard_model::secret::Secret;
use http::{StatusCode, header};

use crate::body::{JsonBody, NoBody};
use crate::list::{List, ascending};
use crate::openapi::id;
use crate::openapi::paging::OldestFirst;
use crate::openapi::wrap::Creating;
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
use wire::{AlertFields, TrialView};
pub(crate) use wire::{AlertView, DeclaredAlertFields};

/// List alerts
///
/// Oldest first.
#[utoipa::path(get, path = "/api/v1/alerts", operation_id = "listAlerts",
    params(OldestFirst<id::Alert>), responses((status = 200, body = List<AlertView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<AlertView>>, Problem> {
    let cursor = query.read(|query| query.cursor("after"))?;
    let snapshot = api.store.catalog().snapshot();
    let alerts = snapshot.alerts.values().filter(|it| it.project == project);
    let rows = ascending(alerts, &cursor, |alert| alert.id);
    let marks = api.store.alert_marks().await?;
    let show = |alert: &Arc<Alert>| AlertView::new(alert, marks.get(&alert.id), None);
    Ok(Json(List::of(rows, cursor.limit, |alert| alert.id, show)))
}

/// Create an alert
///
/// A secret that is made here is shown in this answer and never again.
#[utoipa::path(post, path = "/api/v1/alerts", operation_id = "createAlert",
    request_body = Creating<AlertFields>, responses((status = 201, body = AlertView)))]
pub(crate) async fn create(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<AlertFields>,
) -> Result<impl IntoResponse, Problem> {
    let (new, generated) = fields.onto(None)?;
    let alert = api.store.catalog().create_alert(project, new).await?;
    let location = format!("/api/v1/alerts/{}", alert.id);
    let shown = AlertView::new(&alert, None, generated.as_ref());
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown)))
}

/// Show an alert
#[utoipa::path(get, path = "/api/v1/alerts/{id}", operation_id = "getAlert",
    params(("id" = id::Alert, Path)), responses((status = 200, body = AlertView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<AlertId>,
    _: NoQuery,
) -> Result<Json<AlertView>, Problem> {
    let alert = find(&api, project, id)?;
    view(&api, &alert, None).await
}

/// Change an alert
///
/// Settings of `channel` merge into those of the same type.
#[utoipa::path(patch, path = "/api/v1/alerts/{id}", operation_id = "updateAlert",
    params(("id" = id::Alert, Path)),
    request_body = AlertFields,
    responses((status = 200, body = AlertView)))]
pub(crate) async fn update(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<AlertId>,
    _: NoQuery,
    JsonBody(fields): JsonBody<AlertFields>,
) -> Result<Json<AlertView>, Problem> {
    let _turn = api.writing.lock().await;
    let (new, generated) = fields.onto(Some(&*find(&api, project, id)?))?;
    let alert = api.store.catalog().update_alert(project, id, new).await?;
    view(&api, &alert, generated.as_ref()).await
}

/// Delete an alert
///
/// What it has still to tell is told no more.
#[utoipa::path(delete, path = "/api/v1/alerts/{id}", operation_id = "deleteAlert",
    params(("id" = id::Alert, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<AlertId>,
    _: NoQuery,
) -> Result<StatusCode, Problem> {
    api.store.catalog().delete_alert(project, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a sample
///
/// Now, also where the alert is disabled; the answer says what came of it.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/test", operation_id = "testAlert",
    params(("id" = id::Alert, Path)), responses((status = 200, body = TrialView)))]
pub(crate) async fn test(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<AlertId>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<TrialView>, Problem> {
    let alert = find(&api, project, id)?;
    Ok(Json(TrialView::new(api.store.try_alert(alert).await?)))
}

async fn view(api: &Shared, alert: &Alert, generated: Option<&Secret>) -> Result<Json<AlertView>, Problem> {
    let marks = api.store.alert_marks().await?;
    Ok(Json(AlertView::new(alert, marks.get(&alert.id), generated)))
}

fn find(api: &Shared, project: ProjectId, id: AlertId) -> Result<Arc<Alert>, Problem> {
    let snapshot = api.store.catalog().snapshot();
    let found = snapshot.alerts.get(&id).filter(|alert| alert.project == project);
    found.cloned().ok_or_else(|| Problem::not_found("alert", id))
}
