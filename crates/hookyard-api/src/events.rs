//! `/api/v1/events`: requests on their way along connections, and where they stand.

pub(crate) mod filter;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, post};
use hookyard_model::id::EventId;
use hookyard_store::by_hand::Action;
use hookyard_store::history::Page;
use http::StatusCode;

use crate::body::NoBody;
use crate::list::List;
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::requests::raw_body;
use crate::server::Shared;
use wire::EventDetailsView;
pub(crate) use wire::EventView;

/// `GET /api/v1/events`: the newest request's first.
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<EventView>>, Problem> {
    let (cursor, filter) =
        query.read(|query| Ok((query.cursor("before")?, filter::of_parameters(query)?)))?;
    let page = Page { before: cursor.past, limit: cursor.rows_wanted() };
    let rows = api.store.events(project, filter, page).await?;
    Ok(Json(List::of(rows, cursor.limit, |row| row.id, |row| EventView::new(&api.store, &row))))
}

/// `GET /api/v1/events/{id}`: also what its connection's rules made of it.
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

/// `GET /api/v1/events/{id}/body`: the bytes that are delivered, as transformations made them.
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

/// `POST /api/v1/events/{id}/retry`, `…/cancel`, `…/replay`: what became of it is durable when this answers.
pub(crate) fn acting(action: Action) -> MethodRouter<Arc<Shared>> {
    post(
        async move |State(api): State<Arc<Shared>>,
                    InProject(project): InProject,
                    Id(id): Id<EventId>,
                    _: NoQuery,
                    _: NoBody| {
            let event = api.store.act(action, project, id).await?;
            Ok::<_, Problem>((StatusCode::ACCEPTED, Json(EventView::new(&api.store, &event))))
        },
    )
}
