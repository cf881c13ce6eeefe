//! `/api/v1/events/{id}/attempts` and `/api/v1/attempts/{id}`: each try to deliver an event.

mod wire;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookyard_model::attempt::Attempt;
use hookyard_model::id::{AttemptId, EventId, ProjectId};

use crate::list::{List, ascending};
use crate::openapi::id;
use crate::openapi::paging::OldestFirst;
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
pub(crate) use wire::AttemptSummaryView;
use wire::AttemptView;

/// List the attempts of an event
///
/// Oldest first, without what the destination answered.
#[utoipa::path(get, path = "/api/v1/events/{id}/attempts", operation_id = "listAttempts", tag = "Attempts",
    params(("id" = id::Event, Path), OldestFirst<id::Attempt>),
    responses((status = 200, body = List<AttemptSummaryView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(event): Id<EventId>,
    query: Query,
) -> Result<Json<List<AttemptSummaryView>>, Problem> {
    let cursor = query.read(|query| query.cursor("after"))?;
    let attempts = of_event(&api, project, event).await?;
    let rows = ascending(attempts.iter(), &cursor, |attempt| attempt.id);
    Ok(Json(List::of(rows, cursor.limit, |attempt| attempt.id, AttemptSummaryView::from)))
}

/// Show an attempt
#[utoipa::path(get, path = "/api/v1/attempts/{id}", operation_id = "getAttempt",
    params(("id" = id::Attempt, Path)), responses((status = 200, body = AttemptView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<AttemptId>,
    _: NoQuery,
) -> Result<Json<AttemptView>, Problem> {
    let attempts = of_event(&api, project, id.event).await?;
    let found = attempts.iter().find(|attempt| attempt.id == id);
    found.map(|attempt| Json(attempt.into())).ok_or_else(|| Problem::not_found_or_dropped("attempt", id))
}

async fn of_event(api: &Shared, project: ProjectId, event: EventId) -> Result<Vec<Attempt>, Problem> {
    let found = api.store.attempts(project, event).await?;
    found.ok_or_else(|| Problem::not_found_or_dropped("event", event))
}
