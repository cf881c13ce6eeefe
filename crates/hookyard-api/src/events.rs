//! `/api/v1/events`: requests on their way along connections, and where they stand.

pub(crate) mod filter;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use hookyard_model::event::EventState;
use hookyard_model::id::{EventId, ProjectId};
use hookyard_store::by_hand::Action;
use hookyard_store::history::Page;
use http::StatusCode;

use crate::body::NoBody;
use crate::histogram::{HistogramParameters, HistogramView, grid};
use crate::list::Searched;
use crate::openapi::id;
use crate::openapi::paging::NewestFirst;
use crate::openapi::wrap::Bytes;
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::requests::raw_body;
use crate::server::Shared;
use crate::wanted::ContentParameters;
use filter::EventParameters;
use wire::EventDetailsView;
pub(crate) use wire::EventView;

/// List events
///
/// The newest request's first.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "listEvents",
    params(NewestFirst<id::Event>, EventParameters, ContentParameters),
    responses((status = 200, body = Searched<EventView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<Searched<EventView>>, Problem> {
    let (cursor, filter) =
        query.read(|query| Ok((query.cursor("before")?, filter::of_parameters(query)?)))?;
    let page = Page { before: cursor.past, limit: cursor.rows_wanted() };
    let listed = api.store.list_events(project, filter, page).await?;
    Ok(Json(Searched::of(listed, cursor.limit, |row| row.id, |row| EventView::new(&api.store, &row))))
}

/// Count events over time
///
/// By state. The time of an event is its request's.
#[utoipa::path(get, path = "/api/v1/events/histogram", operation_id = "countEvents",
    params(HistogramParameters, EventParameters), responses((status = 200, body = HistogramView)))]
pub(crate) async fn histogram(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<HistogramView>, Problem> {
    let now = api.clock.now();
    let (grid, filter) = query.read(|query| Ok((grid(query, now)?, filter::of_index(query)?)))?;
    let counted = api.store.event_histogram(project, filter, grid).await?;
    Ok(Json(HistogramView::new(grid, counted, EventState::name)))
}

/// Show an event
///
/// Also what its connection's rules made of it.
#[utoipa::path(get, path = "/api/v1/events/{id}", operation_id = "getEvent",
    params(("id" = id::Event, Path)), responses((status = 200, body = EventDetailsView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<EventId>,
    _: NoQuery,
) -> Result<Json<EventDetailsView>, Problem> {
    let found = api.store.event_details(project, id).await?;
    found
        .map(|details| Json(EventDetailsView::new(&api.store, details)))
        .ok_or_else(|| Problem::not_found_or_dropped("event", id))
}

/// Download the body of an event
///
/// The bytes that are delivered, as transformations made them.
#[utoipa::path(get, path = "/api/v1/events/{id}/body", operation_id = "getEventBody",
    params(("id" = id::Event, Path)),
    responses((status = 200, body = Bytes, content_type = "application/octet-stream",
        headers(
            ("Hookyard-Content-Type" = String, description = "The `Content-Type` it came with."),
            ("Hookyard-Body-Truncated" = String, description = "`true` where only its beginning was kept."),
        ))))]
pub(crate) async fn body(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<EventId>,
    _: NoQuery,
) -> Result<impl IntoResponse, Problem> {
    let not_found = || Problem::not_found_or_dropped("event", id);
    let details = api.store.event_details(project, id).await?.ok_or_else(not_found)?;
    let delivered = match details.transformed {
        Some(transformed) => transformed,
        None => api.store.request(project, id.request).await?.ok_or_else(not_found)?,
    };
    Ok(raw_body(&id.to_string(), delivered))
}

/// Deliver an event once more
///
/// An event that has ended, as it was delivered before.
#[utoipa::path(post, path = "/api/v1/events/{id}/retry", operation_id = "retryEvent",
    params(("id" = id::Event, Path)), responses((status = 202, body = EventView)))]
pub(crate) async fn retry(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<EventId>,
    _: NoQuery,
    _: NoBody,
) -> Result<(StatusCode, Json<EventView>), Problem> {
    act(Action::Retry, &api, project, id).await
}

/// Cancel an event
///
/// It is not delivered, unless it is retried.
#[utoipa::path(post, path = "/api/v1/events/{id}/cancel", operation_id = "cancelEvent",
    params(("id" = id::Event, Path)), responses((status = 202, body = EventView)))]
pub(crate) async fn cancel(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<EventId>,
    _: NoQuery,
    _: NoBody,
) -> Result<(StatusCode, Json<EventView>), Problem> {
    act(Action::Cancel, &api, project, id).await
}

/// Send an event through the rules once more
///
/// Its stored request, through the rules of its connection as they are now.
#[utoipa::path(post, path = "/api/v1/events/{id}/replay", operation_id = "replayEvent",
    params(("id" = id::Event, Path)), responses((status = 202, body = EventView)))]
pub(crate) async fn replay(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<EventId>,
    _: NoQuery,
    _: NoBody,
) -> Result<(StatusCode, Json<EventView>), Problem> {
    act(Action::Replay, &api, project, id).await
}

/// What became of it is durable when this answers.
async fn act(
    action: Action,
    api: &Shared,
    project: ProjectId,
    id: EventId,
) -> Result<(StatusCode, Json<EventView>), Problem> {
    let event = api.store.act(action, project, id).await?;
    Ok((StatusCode::ACCEPTED, Json(EventView::new(&api.store, &event))))
}
