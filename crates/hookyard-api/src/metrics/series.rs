//! `/api/v1/metrics/series`: what was counted, span by span, for charts.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hookyard_model::clock::Timestamp;
use hookyard_model::id::ProjectId;
use hookyard_store::series::{Counts, Gauges, Histogram, Points, Subject};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::openapi::id;
use crate::problem::{Kind, Problem};
use crate::project::InProject;
use crate::query::{Parameters, Query};
use crate::server::Shared;
use crate::time::{self, Rfc3339};

/// The time that is shown where the caller asks for none.
const SPAN_DEFAULT: Duration = Duration::from_secs(3600);
/// Longest span that can be asked for, in milliseconds: 365 days.
const STEP_MS_MAX: u64 = 31_536_000_000;
/// So many points there are where the caller asks for no step, or a few more.
const POINTS_DEFAULT: u32 = 120;

/// What was counted between two times.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesView {
    from: Rfc3339,
    to: Rfc3339,
    /// How long each span is; at least what was asked for.
    step_ms: u64,
    /// All spans that lie in that time, without a gap.
    points: Vec<PointView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PointView {
    /// Where the span begins.
    at: Rfc3339,
    requests_accepted: u64,
    requests_rejected: u64,
    events: u64,
    discarded: u64,
    attempts_successful: u64,
    attempts_failed: u64,
    /// From the arrival of a request to the end of the attempt that delivered an event of it; none where none did.
    delivery_ms: Option<PercentilesView>,
    /// How long attempts took; none where none was made.
    attempt_ms: Option<PercentilesView>,
    /// Undelivered events when somebody looked last in the span; none where nobody did, or nothing waited.
    undelivered: Option<u64>,
    oldest_undelivered_ms: Option<u64>,
    disk_bytes: Option<u64>,
}

/// Within which time half, and nearly all, were done; right to some 3 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct PercentilesView {
    p50: f64,
    p95: f64,
    p99: f64,
}

impl PercentilesView {
    /// None where nothing was measured.
    pub(crate) fn of(histogram: &Histogram) -> Option<Self> {
        let ms = |share| histogram.per_mille(share).map(|time| time.as_micros() as f64 / 1_000.0);
        Some(Self { p50: ms(500)?, p95: ms(950)?, p99: ms(990)? })
    }
}

impl PointView {
    fn new(at: Timestamp, counts: &Counts) -> Self {
        let Gauges { undelivered, oldest_undelivered_ms, disk_bytes } = counts.gauges;
        Self {
            at: Rfc3339(at),
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
            disk_bytes,
        }
    }
}

/// What is asked for.
struct Asked {
    subject: Subject,
    from: Timestamp,
    to: Timestamp,
    step: Duration,
}

/// What was counted over time
///
/// In spans without a gap, multiples of ten seconds within the last hour and of a minute before; at most 1,000 of them.
#[utoipa::path(get, path = "/api/v1/metrics/series", operation_id = "getSeries", params(SeriesParameters),
    responses((status = 200, body = SeriesView)))]
pub(crate) async fn series(
    State(api): State<Arc<Shared>>,
    InProject(project): InProject,
    query: Query,
) -> Result<Json<SeriesView>, Problem> {
    let now = api.clock.now();
    let Asked { subject, from, to, step } = query.read(|query| asked(query, project, now))?;
    let Points { step, points } = api.store.series(subject, from, to, step).await?;
    let step_ms = u64::try_from(step.as_millis()).unwrap_or(u64::MAX);
    let points = points.iter().map(|(at, counts)| PointView::new(*at, counts)).collect();
    Ok(Json(SeriesView { from: Rfc3339(from), to: Rfc3339(to), step_ms, points }))
}

/// What is asked for, described: what [`asked`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes only")]
pub(crate) struct SeriesParameters {
    /// By default an hour before `to`.
    #[param(format = DateTime)]
    from: Option<String>,
    /// By default now.
    #[param(format = DateTime)]
    to: Option<String>,
    /// How long a span is, at least; by default so that there are some 120.
    #[param(minimum = 1, maximum = 31_536_000_000_u64)]
    step_ms: Option<u64>,
    /// Of this source only; at most one of the three ids is given.
    #[param(inline)]
    source_id: Option<id::Source>,
    /// Of this connection only.
    #[param(inline)]
    connection_id: Option<id::Connection>,
    /// Of this destination only.
    #[param(inline)]
    destination_id: Option<id::Destination>,
}

fn asked(query: &mut Parameters, project: ProjectId, now: Timestamp) -> Result<Asked, Problem> {
    let to = query.with("to", time::parse)?.unwrap_or(now);
    let from = query.with("from", time::parse)?;
    let from =
        from.unwrap_or_else(|| Timestamp::from_us(to.us().saturating_sub(SPAN_DEFAULT.as_micros() as u64)));
    if from > to {
        let detail = "`from`: is later than `to`: give an earlier time";
        return Err(Problem::with_field(Kind::InvalidParameter, "from", detail));
    }
    let step_ms = query.with("step_ms", |text| match text.parse() {
        Ok(ms @ 1..=STEP_MS_MAX) => Ok(ms),
        _ => Err(format!("expected a number of milliseconds, from 1 to {STEP_MS_MAX}")),
    })?;
    let step = step_ms.map_or_else(|| to.since(from) / POINTS_DEFAULT, Duration::from_millis);
    let mut subjects = [
        ("source_id", query.optional("source_id")?.map(Subject::Source)),
        ("connection_id", query.optional("connection_id")?.map(Subject::Connection)),
        ("destination_id", query.optional("destination_id")?.map(Subject::Destination)),
    ]
    .into_iter()
    .filter_map(|(name, subject)| subject.map(|subject| (name, subject)));
    let subject = subjects.next().map_or(Subject::Project(project), |(_, subject)| subject);
    if let Some((name, _)) = subjects.next() {
        let detail = format!(
            "`{name}`: series are of one thing: give one of source_id, connection_id and destination_id"
        );
        return Err(Problem::with_field(Kind::InvalidParameter, name, detail));
    }
    Ok(Asked { subject, from, to, step })
}
