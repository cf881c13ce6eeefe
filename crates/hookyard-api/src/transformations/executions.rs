//! `/api/v1/transformations/executions`: runs of transformations, as they stand with the events that went through them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookyard_model::execution::{Console, Execution};
use hookyard_model::id::{EventId, made_at};
use hookyard_store::executions::{Run, RunFilter, Runs};
use hookyard_store::history::Page;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::LineView;
use crate::list::Cursor;
use crate::openapi::id;
use crate::openapi::paging::NewestFirst;
use crate::problem::Problem;
use crate::project::InProject;
use crate::query::Query;
use crate::server::Shared;
use crate::time::Rfc3339;

/// Some of the runs there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransformationExecutionList)]
pub(crate) struct RunsView {
    data: Vec<RunView>,
    /// Where to go on, also where there is nothing on this page; none where everything was looked through.
    next: Option<String>,
    progress: ProgressView,
}

/// How much was looked through for a page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransformationExecutionProgress)]
struct ProgressView {
    /// Events.
    searched: u64,
    /// When the request of the oldest of them arrived; none where there was none.
    searched_to: Option<Rfc3339>,
    /// Whether there are no more.
    complete: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransformationExecution)]
struct RunView {
    #[schema(value_type = id::Event)]
    event_id: String,
    #[schema(value_type = id::Connection)]
    connection_id: String,
    at: Rfc3339,
    /// Processor time that it took, in microseconds.
    cpu_us: u64,
    console: Vec<LineView>,
    /// Lines of the console that were too many.
    console_dropped: u64,
    /// What went wrong; none where nothing did.
    failure: Option<String>,
}

/// Which runs are listed, described: what [`list`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes only")]
pub(crate) struct RunParameters {
    /// Along this connection.
    #[param(inline)]
    connection_id: Option<id::Connection>,
    /// Those that failed, or those that did not.
    failed: Option<bool>,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        let Run { event, at, execution: Execution { console: Console { lines, dropped }, cpu }, failure } =
            run;
        Self {
            event_id: event.to_string(),
            connection_id: event.connection.to_string(),
            at: Rfc3339(at),
            cpu_us: u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX),
            console: lines.into_iter().map(LineView::from).collect(),
            console_dropped: dropped,
            failure,
        }
    }
}

/// List runs of transformations
///
/// As they stand with the events that went through them, those of the newest request first. `limit` is of events.
#[utoipa::path(get, path = "/api/v1/transformations/executions", operation_id = "listTransformationExecutions",
    params(NewestFirst<id::Event>, RunParameters), responses((status = 200, body = RunsView)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<RunsView>, Problem> {
    let (cursor, filter): (Cursor<EventId>, _) = query.read(|query| {
        let connection = query.optional("connection_id")?;
        let has_failed = query.with("failed", |text| {
            text.parse::<bool>().map_err(|_| "expected `true` or `false`".to_owned())
        })?;
        Ok((query.cursor("before")?, RunFilter { connection, has_failed }))
    })?;
    let page = Page { before: cursor.past, limit: cursor.limit };
    let Runs { runs, looked_through, reached } = api.store.runs(project, filter, page).await?;
    let progress = ProgressView {
        searched: looked_through,
        searched_to: reached.map(|event| Rfc3339(made_at(event.request.0))),
        complete: reached.is_none(),
    };
    let data = runs.into_iter().map(RunView::from).collect();
    Ok(Json(RunsView { data, next: reached.map(|event| event.to_string()), progress }))
}
