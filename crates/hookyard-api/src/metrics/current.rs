//! `/api/v1/metrics/current`: what goes on now, of everything at once, for whoever looks all day.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookyard_model::id::ProjectId;
use hookyard_store::catalog::Snapshot;
use hookyard_store::series::{Counts, Current, Subject};
use serde::Serialize;
use utoipa::ToSchema;

use super::series::PercentilesView;
use crate::problem::Problem;
use crate::project::InProject;
use crate::query::NoQuery;
use crate::server::Shared;
use crate::time::Rfc3339;

/// What was counted within the last minute or so, and what waits. Sources, connections and destinations that nothing
/// happened to are left out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CurrentView {
    at: Rfc3339,
    /// The time that the counts are of, up to `at`.
    window_ms: u64,
    totals: TotalsView,
    sources: BTreeMap<String, SourceView>,
    connections: BTreeMap<String, ConnectionView>,
    destinations: BTreeMap<String, DestinationView>,
    disk: DiskView,
}

#[derive(Debug, Serialize, ToSchema)]
struct TotalsView {
    requests_accepted: u64,
    requests_rejected: u64,
    events: u64,
    discarded: u64,
    attempts_successful: u64,
    attempts_failed: u64,
    delivery_ms: Option<PercentilesView>,
    attempt_ms: Option<PercentilesView>,
    /// Events that are not delivered yet.
    undelivered: u64,
    /// How old the oldest request of one is; none where there is none.
    oldest_undelivered_ms: Option<u64>,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = SourceFigures)]
struct SourceView {
    /// Those that were accepted.
    requests: u64,
    rejected: u64,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ConnectionFigures)]
struct ConnectionView {
    events: u64,
    discarded: u64,
    successful: u64,
    failed: u64,
    /// Events that are not delivered yet.
    undelivered: u64,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = DestinationFigures)]
struct DestinationView {
    successful: u64,
    failed: u64,
    attempt_ms: Option<PercentilesView>,
    /// Events that are not delivered yet.
    undelivered: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct DiskView {
    /// What the data directory holds.
    used_bytes: u64,
    /// What is left where it lies; none where the system does not say.
    free_bytes: Option<u64>,
}

/// What goes on now
///
/// Of everything at once: what was counted within the last minute or so, and what waits.
#[utoipa::path(get, path = "/api/v1/metrics/current", operation_id = "getCurrent",
    responses((status = 200, body = CurrentView)))]
pub(crate) async fn current(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    _: NoQuery,
) -> Result<Json<CurrentView>, Problem> {
    let current = api.store.current().await?;
    let snapshot = api.store.catalog().snapshot();
    Ok(Json(CurrentView::new(current, project, &snapshot)))
}

impl CurrentView {
    fn new(current: Current, project: ProjectId, snapshot: &Snapshot) -> Self {
        let Current { at, window, counts, backlog, used_bytes, free_bytes } = current;
        let undelivered = backlog.undelivered.values().sum();
        // Of the oldest of all, which are looked at, the oldest one is always one.
        let oldest = backlog.oldest.values().min().map(|oldest| at.since(*oldest).as_millis());
        let oldest_undelivered_ms = oldest.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX));
        let totals = counts.get(&Subject::Project(project)).cloned().unwrap_or_default();
        let mut view = Self {
            at: Rfc3339(at),
            window_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX),
            totals: TotalsView::new(&totals, undelivered, oldest_undelivered_ms),
            sources: BTreeMap::new(),
            connections: BTreeMap::new(),
            destinations: BTreeMap::new(),
            disk: DiskView { used_bytes, free_bytes },
        };
        for (subject, counts) in &counts {
            if is_in(snapshot, project, *subject) {
                view.add(*subject, counts);
            }
        }
        for ((connection, destination), count) in &backlog.undelivered {
            if is_in(snapshot, project, Subject::Connection(*connection)) {
                view.connections.entry(connection.to_string()).or_default().undelivered += count;
            }
            if is_in(snapshot, project, Subject::Destination(*destination)) {
                view.destinations.entry(destination.to_string()).or_default().undelivered += count;
            }
        }
        view
    }

    fn add(&mut self, subject: Subject, counts: &Counts) {
        let Counts { attempts_successful: successful, attempts_failed: failed, .. } = *counts;
        match subject {
            Subject::Project(_) => {}
            Subject::Source(id) => {
                let (requests, rejected) = (counts.requests_accepted, counts.requests_rejected);
                self.sources.insert(id.to_string(), SourceView { requests, rejected });
            }
            Subject::Connection(id) => {
                let (events, discarded) = (counts.events, counts.discarded);
                let view = ConnectionView { events, discarded, successful, failed, undelivered: 0 };
                self.connections.insert(id.to_string(), view);
            }
            Subject::Destination(id) => {
                let attempt_ms = PercentilesView::of(&counts.attempt);
                let view = DestinationView { successful, failed, attempt_ms, undelivered: 0 };
                self.destinations.insert(id.to_string(), view);
            }
        }
    }
}

impl TotalsView {
    fn new(counts: &Counts, undelivered: u64, oldest_undelivered_ms: Option<u64>) -> Self {
        Self {
            requests_accepted: counts.requests_accepted,
            requests_rejected: counts.requests_rejected,
            events: counts.events,
            discarded: counts.discarded,
            attempts_successful: counts.attempts_successful,
            attempts_failed: counts.attempts_failed,
            delivery_ms: PercentilesView::of(&counts.delivery),
            attempt_ms: PercentilesView::of(&counts.attempt),
            undelivered,
            oldest_undelivered_ms,
        }
    }
}

/// Whether a project has this, still.
fn is_in(snapshot: &Snapshot, project: ProjectId, subject: Subject) -> bool {
    let owner = match subject {
        Subject::Project(id) => Some(id),
        Subject::Source(id) => snapshot.sources.get(&id).map(|source| source.project),
        Subject::Connection(id) => snapshot.connections.get(&id).map(|connection| connection.project),
        Subject::Destination(id) => snapshot.destinations.get(&id).map(|destination| destination.project),
    };
    owner == Some(project)
}
