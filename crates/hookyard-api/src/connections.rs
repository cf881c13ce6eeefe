//! `/api/v1/connections`: sources joined to destinations.

mod order;
mod retry;
mod rules;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hookyard_model::connection::Connection;
use hookyard_model::id::{ConnectionId, ProjectId};
use hookyard_store::accept::Unavailable;
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
use wire::{CancelledView, ConnectionFields};
pub(crate) use wire::{ConnectionView, DeclaredConnectionFields};

/// How long cancelling a connection's events may take. A disk that fails just then is waited for by the
/// store, but not by the caller.
const CANCEL_TIME_MAX: Duration = Duration::from_secs(30);
/// When to try again to delete a connection whose events cannot be cancelled, in seconds.
const CANCEL_RETRY_AFTER_S: u32 = 10;

/// List connections
///
/// Oldest first.
#[utoipa::path(get, path = "/api/v1/connections", operation_id = "listConnections",
    params(OldestFirst<id::Connection>), responses((status = 200, body = List<ConnectionView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<ConnectionView>>, Problem> {
    let cursor = query.read(|query| query.cursor("after"))?;
    let snapshot = api.store.catalog().snapshot();
    let connections = snapshot.connections.values().filter(|it| it.project == project);
    let rows = ascending(connections, &cursor, |connection| connection.id);
    let show = |connection: &Arc<Connection>| ConnectionView::new(connection);
    Ok(Json(List::of(rows, cursor.limit, |connection| connection.id, show)))
}

/// Create a connection
#[utoipa::path(post, path = "/api/v1/connections", operation_id = "createConnection",
    request_body = Creating<ConnectionFields>, responses((status = 201, body = ConnectionView)))]
pub(crate) async fn create(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    _: NoQuery,
    JsonBody(fields): JsonBody<ConnectionFields>,
) -> Result<impl IntoResponse, Problem> {
    let connection = caller.catalog(&api).create_connection(project, fields.onto(None)?).await?;
    let location = format!("/api/v1/connections/{}", connection.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], tagged(&connection)))
}

/// Show a connection
#[utoipa::path(get, path = "/api/v1/connections/{id}", operation_id = "getConnection",
    params(("id" = id::Connection, Path)), responses((status = 200, body = ConnectionView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<ConnectionId>,
    _: NoQuery,
    known: IfNoneMatch,
) -> Result<Tagged<ConnectionView>, Problem> {
    Ok(tagged(&find(&api, project, id)?).unless(known))
}

/// Change a connection
#[utoipa::path(patch, path = "/api/v1/connections/{id}", operation_id = "updateConnection",
    params(("id" = id::Connection, Path)),
    request_body = ConnectionFields,
    responses((status = 200, body = ConnectionView)))]
pub(crate) async fn update(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<ConnectionId>,
    _: NoQuery,
    condition: IfMatch,
    JsonBody(fields): JsonBody<ConnectionFields>,
) -> Result<Tagged<ConnectionView>, Problem> {
    let _turn = api.writing.lock().await;
    let new = fields.onto(Some(&*find(&api, project, id)?))?;
    let connection =
        condition.on_connection(caller.catalog(&api), id).update_connection(project, id, new).await?;
    Ok(tagged(&connection))
}

/// Delete a connection
///
/// Refused while events are undelivered, unless they are to be cancelled with it. The answer then says how many there were.
#[utoipa::path(delete, path = "/api/v1/connections/{id}", operation_id = "deleteConnection",
    params(("id" = id::Connection, Path),
        ("cancel_events" = Option<bool>, Query, description = "Whether its undelivered events are cancelled."),
    ),
    responses(
        (status = 200, description = "It is deleted, and its events are cancelled.", body = CancelledView),
        (status = 204, description = "It is deleted; it had no events."),
    ))]
pub(crate) async fn delete(
    State(api): State<Arc<Shared>>,
    caller: Caller,
    InProject(project): InProject,
    Id(id): Id<ConnectionId>,
    query: Query,
    condition: IfMatch,
) -> Result<Response, Problem> {
    let cancel_events = query.read(|query| query.optional::<bool>("cancel_events"))?.unwrap_or(false);
    let _turn = api.writing.lock().await;
    find(&api, project, id)?;
    let undelivered = api.store.undelivered_of(id).await?;
    if undelivered > 0 && !cancel_events {
        return Err(Problem::events_undelivered(undelivered));
    }
    if let Some(cause) = api.store.health().unavailable.filter(|_| undelivered > 0) {
        return Err(Unavailable { cause, retry_after_s: CANCEL_RETRY_AFTER_S }.into());
    }
    // The connection goes first, so that no event can be made of it after the others were cancelled.
    // That is also why events are cancelled when there were none a moment ago.
    condition.on_connection(caller.catalog(&api), id).delete_connection(project, id).await?;
    let cancelled_events = cancel_events_of(&api, id).await?;
    if cancel_events || cancelled_events > 0 {
        return Ok(Json(CancelledView { cancelled_events }).into_response());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Cancels what is undelivered of a connection that is deleted, and says how much that was.
pub(crate) async fn cancel_events_of(api: &Shared, id: ConnectionId) -> Result<u64, Problem> {
    match tokio::time::timeout(CANCEL_TIME_MAX, api.store.cancel_undelivered_of(id)).await {
        Ok(Ok(count)) => Ok(count),
        Ok(Err(error)) => Err(Problem::left_undelivered(&error)),
        Err(elapsed) => Err(Problem::left_undelivered(&elapsed)),
    }
}

fn tagged(connection: &Arc<Connection>) -> Tagged<ConnectionView> {
    Tagged::new(&Resource::Connection(Arc::clone(connection)), ConnectionView::new(connection))
}

/// What is configured of a connection.
pub(crate) fn configured(connection: &Connection) -> impl serde::Serialize {
    ConnectionView::new(connection)
}

fn find(api: &Shared, project: ProjectId, id: ConnectionId) -> Result<Arc<Connection>, Problem> {
    let snapshot = api.store.catalog().snapshot();
    let found = snapshot.connections.get(&id).filter(|connection| connection.project == project);
    found.cloned().ok_or_else(|| Problem::not_found("connection", id))
}
