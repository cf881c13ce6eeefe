//! Histograms on the wire: counts over time, by what became of what is counted.

use std::collections::BTreeMap;
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_store::history::{Grid, Histogram};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;
use crate::query::Parameters;
use crate::time::{self, Rfc3339};

/// The stretch of time where nobody says from when on.
const SPAN_DEFAULT: Duration = Duration::from_secs(24 * 3600);
/// Parts where nobody says how many.
const BUCKETS_DEFAULT: u32 = 60;
/// Most parts.
const BUCKETS_MAX: u32 = 500;

/// Counts over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistogramView {
    from: Rfc3339,
    to: Rfc3339,
    bucket_ms: u64,
    /// Oldest first; those without anything too.
    buckets: Vec<BucketView>,
    /// Whether all were counted; where not, the oldest buckets lack some.
    complete: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistogramBucket)]
struct BucketView {
    at: Rfc3339,
    count: u64,
    /// By `status` of requests and `state` of events; what there is none of is left out.
    #[schema(value_type = BTreeMap<String, u64>)]
    by: BTreeMap<&'static str, u64>,
}

/// Over which time it is counted, described: what [`grid`] reads.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes only")]
pub(crate) struct HistogramParameters {
    /// From this time on; 24 hours before `to` by default.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Before this time; now by default.
    #[param(format = DateTime)]
    to: Option<String>,
    /// In how many parts, at most.
    #[param(minimum = 1, maximum = 500, default = 60)]
    buckets: Option<u32>,
}

/// The parameters `from`, `to` and `buckets`.
pub(crate) fn grid(query: &mut Parameters, now: Timestamp) -> Result<Grid, Problem> {
    let (from, to) = (query.with("from", time::parse)?, query.with("to", time::parse)?);
    let buckets = query.with("buckets", |text| match text.parse() {
        Ok(buckets @ 1..=BUCKETS_MAX) => Ok(buckets),
        _ => Err(format!("expected a number from 1 to {BUCKETS_MAX}")),
    })?;
    // What was stored within this very millisecond counts.
    let to = to.unwrap_or(now.plus(Duration::from_millis(1)));
    let from = from.unwrap_or(to.minus(SPAN_DEFAULT));
    Ok(Grid { from, to, buckets: buckets.unwrap_or(BUCKETS_DEFAULT) })
}

impl HistogramView {
    /// Shows counts; `name` is what a class is called.
    pub(crate) fn new<Class: Copy>(
        grid: Grid,
        counted: Histogram<Class>,
        name: impl Fn(Class) -> &'static str,
    ) -> Self {
        let bucket = |(at, counts): (Timestamp, Vec<(Class, u64)>)| BucketView {
            at: Rfc3339(at),
            count: counts.iter().map(|(_, count)| count).sum(),
            by: counts.into_iter().map(|(class, count)| (name(class), count)).collect(),
        };
        Self {
            from: Rfc3339(grid.from),
            to: Rfc3339(grid.to),
            bucket_ms: u64::try_from(counted.bucket.as_millis()).unwrap_or(u64::MAX),
            buckets: counted.buckets.into_iter().map(bucket).collect(),
            complete: counted.is_complete,
        }
    }
}
