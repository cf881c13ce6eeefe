//! `/api/v1/bulk_operations`: one change to all events that a query finds, planned first, then carried out behind.

mod wire;

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use hookyard_model::id::BulkOperationId;
use hookyard_store::history::Page;
use http::{StatusCode, header};

use crate::body::{JsonBody, NoBody};
use crate::carry::Noted;
use crate::list::List;
use crate::openapi::id;
use crate::openapi::paging::NewestFirst;
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
use wire::{OperationView, OrderFields, PlanView, StartFields};

/// Plan a bulk operation
///
/// What would be done; nothing is.
#[utoipa::path(post, path = "/api/v1/bulk_operations/plan", operation_id = "planBulkOperation",
    request_body = OrderFields, responses((status = 200, body = PlanView)))]
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

/// Start a bulk operation
///
/// It is durable when this answers, and goes on behind.
#[utoipa::path(post, path = "/api/v1/bulk_operations", operation_id = "startBulkOperation",
    request_body = StartFields, responses((status = 201, body = OperationView)))]
pub(crate) async fn start(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<StartFields>,
) -> Result<impl IntoResponse, Problem> {
    let operation = api.store.start_bulk(project, fields.operation()?).await?;
    let location = format!("/api/v1/bulk_operations/{}", operation.id);
    let view = OperationView::new(&operation);
    let noted = Extension(Noted(view.ordered()));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], noted, Json(view)))
}

/// List bulk operations
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/bulk_operations", operation_id = "listBulkOperations",
    params(NewestFirst<id::BulkOperation>), responses((status = 200, body = List<OperationView>)))]
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

/// Show a bulk operation
#[utoipa::path(get, path = "/api/v1/bulk_operations/{id}", operation_id = "getBulkOperation",
    params(("id" = id::BulkOperation, Path)), responses((status = 200, body = OperationView)))]
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

/// Cancel a bulk operation
///
/// No further batch is begun; what was done stays done.
#[utoipa::path(post, path = "/api/v1/bulk_operations/{id}/cancel", operation_id = "cancelBulkOperation",
    params(("id" = id::BulkOperation, Path)), responses((status = 200, body = OperationView)))]
pub(crate) async fn cancel(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<BulkOperationId>,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<OperationView>, Problem> {
    Ok(Json(OperationView::new(&api.store.cancel_bulk(project, id).await?)))
}
