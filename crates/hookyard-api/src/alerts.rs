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
use hookyard_store::catalog::audit::Resource;
use http::{StatusCode, header};

use crate::body::{JsonBody, NoBody};
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
    caller: Caller,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<AlertFields>,
) -> Result<impl IntoResponse, Problem> {
    let (new, generated) = fields.onto(None)?;
    let alert = caller.catalog(&api).create_alert(project, new).await?;
    let location = format!("/api/v1/alerts/{}", alert.id);
    let shown = AlertView::new(&alert, None, generated.as_ref());
    let shown = Tagged::new(&Resource::Alert(alert), shown);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], shown))
}

/// Show an alert
#[utoipa::path(get, path = "/api/v1/alerts/{id}", operation_id = "getAlert",
    params(("id" = id::Alert, Path)), responses((status = 200, body = AlertView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<AlertId>,
    _: NoQuery,
    known: IfNoneMatch,
) -> Result<Tagged<AlertView>, Problem> {
    let alert = find(&api, project, id)?;
    Ok(tagged(&api, &alert, None).await?.unless(known))
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
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<AlertId>,
    _: NoQuery,
    condition: IfMatch,
    JsonBody(fields): JsonBody<AlertFields>,
) -> Result<Tagged<AlertView>, Problem> {
    let _turn = api.writing.lock().await;
    let (new, generated) = fields.onto(Some(&*find(&api, project, id)?))?;
    let alert = condition.on_alert(caller.catalog(&api), id).update_alert(project, id, new).await?;
    tagged(&api, &alert, generated.as_ref()).await
}

/// Delete an alert
///
/// What it has still to tell is told no more.
#[utoipa::path(delete, path = "/api/v1/alerts/{id}", operation_id = "deleteAlert",
    params(("id" = id::Alert, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<AlertId>,
    _: NoQuery,
    condition: IfMatch,
) -> Result<StatusCode, Problem> {
    condition.on_alert(caller.catalog(&api), id).delete_alert(project, id).await?;
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

async fn tagged(
    api: &Shared,
    alert: &Arc<Alert>,
    generated: Option<&Secret>,
) -> Result<Tagged<AlertView>, Problem> {
    let marks = api.store.alert_marks().await?;
    let view = AlertView::new(alert, marks.get(&alert.id), generated);
    Ok(Tagged::new(&Resource::Alert(Arc::clone(alert)), view))
}

/// What is configured of an alert.
pub(crate) fn configured(alert: &Alert) -> impl serde::Serialize {
    AlertView::new(alert, None, None)
}

fn find(api: &Shared, project: ProjectId, id: AlertId) -> Result<Arc<Alert>, Problem> {
    let snapshot = api.store.catalog().snapshot();
    let found = snapshot.alerts.get(&id).filter(|alert| alert.project == project);
    found.cloned().ok_or_else(|| Problem::not_found("alert", id))
}
