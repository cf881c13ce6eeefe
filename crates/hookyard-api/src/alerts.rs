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
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
use wire::{AlertFields, AlertView, TrialView};

/// `GET /api/v1/alerts`: oldest first.
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

/// `POST /api/v1/alerts`. A secret that is generated is shown here and never again.
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

/// `GET /api/v1/alerts/{id}`.
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<AlertId>,
    _: NoQuery,
) -> Result<Json<AlertView>, Problem> {
    let alert = find(&api, project, id)?;
    view(&api, &alert, None).await
}

/// `PATCH /api/v1/alerts/{id}`.
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

/// `DELETE /api/v1/alerts/{id}`.
pub(crate) async fn delete(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<AlertId>,
    _: NoQuery,
) -> Result<StatusCode, Problem> {
    api.store.catalog().delete_alert(project, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/alerts/{id}/test`: sends a sample now, also where the alert is disabled, and says what came of it.
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
