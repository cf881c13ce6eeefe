//! `/api/v1/lanes`: how the deliveries to each destination go at this moment.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookyard_model::clock::Timestamp;
use hookyard_model::destination::Destination;
use hookyard_model::id::DestinationId;
use hookyard_model::standing::{BreakerState, Standing};
use hookyard_store::lanes::Queued;
use hookyard_store::series::{Counts, Current, Subject};
use serde::Serialize;
use utoipa::ToSchema;

use crate::destinations::{RateView, find};
use crate::list::{List, ascending};
use crate::openapi::paging::OldestFirst;
use crate::openapi::{id, names};
use crate::problem::Problem;
use crate::project::{Id, InProject};
use crate::query::{NoQuery, Query};
use crate::server::Shared;
use crate::time::Rfc3339;

/// How a lane stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LaneHealthView {
    #[schema(value_type = id::Destination)]
    destination_id: String,
    /// `idle` where nothing is to be sent now.
    #[schema(value_type = names::LaneState)]
    state: &'static str,
    /// Attempts under way, or leases.
    in_flight: usize,
    /// How many there may be, as configured.
    concurrency: u32,
    /// How many there may be now: fewer while the lane starts slowly.
    width: u32,
    /// Events in memory that wait; all others wait on disk.
    queued_in_memory: usize,
    /// All events that are not delivered yet.
    undelivered: u64,
    /// How old the oldest request of one is; none where there is none, or none among the oldest 100,000 of all.
    oldest_undelivered_ms: Option<u64>,
    rate: Option<RateView>,
    /// When it goes on by itself, where it waits for a time: the next probe, or the next event that is scheduled.
    next_at: Option<Rfc3339>,
    /// None while it is closed.
    breaker: Option<OpenView>,
    paused_at: Option<Rfc3339>,
}

/// A breaker that keeps events back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenBreaker)]
struct OpenView {
    opened_at: Rfc3339,
    /// When the next probe may be made; none while one is under way.
    probe_at: Option<Rfc3339>,
    /// Attempts that failed within the last minute or so.
    failures: u64,
    /// Their share of all, from 0 to 1; none where there were none.
    error_rate: Option<f64>,
}

/// List lanes
///
/// Of all destinations, the oldest first.
#[utoipa::path(get, path = "/api/v1/lanes", operation_id = "listLanes",
    params(OldestFirst<id::Destination>), responses((status = 200, body = List<LaneHealthView>)))]
pub(crate) async fn list(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<List<LaneHealthView>>, Problem> {
    let cursor = query.read(|query| query.cursor("after"))?;
    let current = api.store.current().await?;
    let snapshot = api.store.catalog().snapshot();
    let destinations = snapshot.destinations.values().filter(|destination| destination.project == project);
    let rows = ascending(destinations, &cursor, |destination| destination.id);
    let show = |destination: &Arc<Destination>| LaneHealthView::new(&api, &current, destination);
    Ok(Json(List::of(rows, cursor.limit, |destination| destination.id, show)))
}

/// How the deliveries to a destination go
#[utoipa::path(get, path = "/api/v1/destinations/{id}/lane", operation_id = "getLane",
    params(("id" = id::Destination, Path)), responses((status = 200, body = LaneHealthView)))]
pub(crate) async fn show(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    Id(id): Id<DestinationId>,
    _: NoQuery,
) -> Result<Json<LaneHealthView>, Problem> {
    find(&api, project, id)?;
    let current = api.store.current().await?;
    Ok(Json(LaneHealthView::new(&api, &current, &*find(&api, project, id)?)))
}

impl LaneHealthView {
    fn new(api: &Shared, current: &Current, destination: &Destination) -> Self {
        let id = destination.id;
        let (standing, queued) = (api.store.standing(id), api.store.queued(id));
        let of_this = |(_, to): &(_, DestinationId)| *to == id;
        let undelivered = current.backlog.undelivered.iter();
        let undelivered = undelivered.filter(|(place, _)| of_this(place)).map(|(_, count)| count).sum();
        let oldest = current.backlog.oldest.get(&id);
        let age_ms = |at: &Timestamp| u64::try_from(current.at.since(*at).as_millis()).unwrap_or(u64::MAX);
        let counts = current.counts.get(&Subject::Destination(id));
        Self {
            destination_id: id.to_string(),
            state: state(destination, standing, queued),
            in_flight: queued.out,
            concurrency: destination.concurrency,
            width: standing.slowed_to.unwrap_or(destination.concurrency),
            queued_in_memory: queued.in_memory,
            undelivered,
            oldest_undelivered_ms: oldest.map(age_ms),
            rate: destination.pacing.rate.map(RateView::from),
            next_at: next_at(standing, queued).map(Rfc3339),
            breaker: OpenView::new(standing.breaker, counts),
            paused_at: destination.paused_at.map(Rfc3339),
        }
    }
}

const fn state(destination: &Destination, standing: Standing, queued: Queued) -> &'static str {
    match standing.breaker {
        _ if destination.paused_at.is_some() => "paused",
        BreakerState::Open { .. } => "breaker_open",
        BreakerState::HalfOpen { .. } => "probing",
        BreakerState::Closed if queued.out == 0 && queued.in_memory == 0 => "idle",
        BreakerState::Closed => "running",
    }
}

const fn next_at(standing: Standing, queued: Queued) -> Option<Timestamp> {
    match standing.breaker {
        BreakerState::Open { next_probe_at, .. } => Some(next_probe_at),
        BreakerState::HalfOpen { .. } => None,
        BreakerState::Closed => queued.wake_at,
    }
}

impl OpenView {
    fn new(breaker: BreakerState, counts: Option<&Counts>) -> Option<Self> {
        let (opened_at, probe_at) = match breaker {
            BreakerState::Closed => return None,
            BreakerState::Open { since, next_probe_at } => (since, Some(next_probe_at)),
            BreakerState::HalfOpen { since } => (since, None),
        };
        let failed = counts.map_or(0, |counts| counts.attempts_failed);
        let all = failed + counts.map_or(0, |counts| counts.attempts_successful);
        Some(Self {
            opened_at: Rfc3339(opened_at),
            probe_at: probe_at.map(Rfc3339),
            failures: failed,
            error_rate: (all > 0).then(|| failed as f64 / all as f64),
        })
    }
}
