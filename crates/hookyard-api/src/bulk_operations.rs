//! `/api/v1/bulk_operations`: one change to all events that a query finds, planned first, then carried out behind.

mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use hookyard_model::id::BulkOperationId;
use hookyard_store::history::Page;
use http::{StatusCode, header};

use crate::body::{JsonBody, NoBody};
use crate::list::List;
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
use wire::{OperationView, OrderFields, PlanView, StartFields};

/// `POST /api/v1/bulk_operations/plan`: what would be done; nothing is.
pub(crate) async fn plan(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<OrderFields>,
) -> Result<Json<PlanView>, Problem> {
    let order = fields.order()?;
    let plan = api.store.plan_bulk(project, order.clone()).await?;
    Ok(Json(PlanView::new(&api.store, &order, plan)))
}

/// `POST /api/v1/bulk_operations`: it is durable when this answers, and goes on behind.
pub(crate) async fn start(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<StartFields>,
) -> Result<impl IntoResponse, Problem> {
    let operation = api.store.start_bulk(project, fields.operation()?).await?;
    let location = format!("/api/v1/bulk_operations/{}", operation.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(OperationView::new(&operation))))
}

/// `GET /api/v1/bulk_operations`: newest first.
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<OperationView>>, Problem> {
    let cursor = query.read(|query| query.cursor("before"))?;
    let page = Page { before: cursor.past, limit: cursor.rows_wanted() };
    let rows = api.store.bulk_operations(project, page).await?;
    Ok(Json(List::of(rows, cursor.limit, |row| row.id, |row| OperationView::new(&row))))
}

/// `GET /api/v1/bulk_operations/{id}`.
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<BulkOperationId>,
    _: NoQuery,
) -> Result<Json<OperationView>, Problem> {
    let found = api.store.bulk_operation(project, id).await?;
    let operation = found.ok_or_else(|| Problem::not_found("bulk operation", id))?;
    Ok(Json(OperationView::new(&operation)))
}

/// `POST /api/v1/bulk_operations/{id}/cancel`: no further batch is begun; what was done stays done.
pub(crate) async fn cancel(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<BulkOperationId>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<OperationView>, Problem> {
    Ok(Json(OperationView::new(&api.store.cancel_bulk(project, id).await?)))
}
