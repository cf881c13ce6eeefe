//! How many requests or events there are over time, by what became of them: counted from the newest on, for as long as
//! [`crate::search`] lets it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ProjectId, made_at};

use super::filter::{Query, first_at};
use super::{EventFilter, ListError, LookUpError, RequestFilter, RequestKind, kind_of};
use crate::index::scan::Scan;
use crate::index::wish::{self, Wish};
use crate::search::{Caller, Work};
use crate::store::{Inner, Store};

/// Which stretch of time, and in how many parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end, which is not part of it; there are no parts where it is not behind its beginning.
    pub to: Timestamp,
    /// Parts of the same length, at most this many and at least one; the last may be shorter.
    pub buckets: u32,
}

/// Counts over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram<Class> {
    /// How long each part is.
    pub bucket: Duration,
    /// The parts, oldest first: when each begins, and how many there are of each class in it.
    pub buckets: Vec<(Timestamp, Vec<(Class, u64)>)>,
    /// Whether all were counted; where not, the oldest parts lack some.
    pub is_complete: bool,
}

impl Grid {
    /// How long a part is, in milliseconds.
    fn bucket_ms(&self) -> u64 {
        let span_ms = self.to.ms().saturating_sub(self.from.ms()).max(1);
        span_ms.div_ceil(u64::from(self.buckets.max(1)))
    }

    fn count(&self) -> usize {
        let span_ms = self.to.ms().saturating_sub(self.from.ms());
        usize::try_from(span_ms.div_ceil(self.bucket_ms())).unwrap_or(usize::MAX)
    }
}

/// Counts by part and class.
struct Counted {
    parts: Vec<BTreeMap<i64, u64>>,
    is_complete: bool,
}

impl Store {
    /// Requests that a filter lets through, over time and by kind. What is in them is not looked at.
    ///
    /// # Errors
    /// [`ListError`] where the index cannot be read.
    pub async fn request_histogram(
        &self,
        project: ProjectId,
        filter: RequestFilter,
        grid: Grid,
    ) -> Result<Histogram<RequestKind>, ListError> {
        let bookmarked = if filter.is_bookmarked { self.bookmarked(project).await? } else { Vec::new() };
        let query = filter.query(project, &bookmarked)?;
        let counted = self.count(query, grid, |_| ("requests", "id", "verdict".to_owned())).await?;
        let class = |code| u8::try_from(code).ok().map(kind_of);
        Ok(histogram(grid, counted, class))
    }

    /// Events that a filter lets through, over time and by state, as people are shown it.
    ///
    /// # Errors
    /// [`ListError`] where the index cannot be read.
    pub async fn event_histogram(
        &self,
        project: ProjectId,
        filter: EventFilter,
        grid: Grid,
    ) -> Result<Histogram<EventState>, ListError> {
        let query = self.inner.event_query(project, &filter)?;
        let shown = |inner: &Inner| ("events", "request", inner.shown_state(inner.clock.now()));
        let counted = self.count(query, grid, shown).await?;
        let class = |code| u8::try_from(code).ok().and_then(EventState::from_code);
        Ok(histogram(grid, counted, class))
    }

    async fn count(
        &self,
        mut query: Query,
        grid: Grid,
        columns: fn(&Inner) -> (&'static str, &'static str, String),
    ) -> Result<Counted, ListError> {
        query.bounds.from = query.bounds.from.max(first_at(grid.from));
        query.bounds.before = query.bounds.before.min(first_at(grid.to));
        let caller = Caller::default();
        let gone = caller.gone();
        let counted = self
            .look_up_behind(move |inner| {
                let time_max = inner.searches.settings.histogram_time_max;
                let work = Work::through_index(time_max, Arc::clone(&gone));
                inner.count(&query, grid, &columns(inner), &work)
            })
            .await?;
        drop(caller);
        Ok(counted)
    }
}

impl Inner {
    fn count(
        &self,
        query: &Query,
        grid: Grid,
        (table, id, class): &(&str, &str, String),
        work: &Work,
    ) -> Result<Counted, LookUpError> {
        let (from_ms, bucket_ms) = (grid.from.ms(), grid.bucket_ms());
        let mut counted = Counted { parts: vec![BTreeMap::new(); grid.count()], is_complete: true };
        let mut scan = Scan::new(&self.index.index, query.bounds.clone(), false);
        let wish = Wish { conditions: &query.conditions, through: query.through, limit: 0 };
        while let Some(run) = scan.next()? {
            wish::each_in(&run, wish, (table, id, class), |request, code| {
                let part = made_at(request).ms().saturating_sub(from_ms) / bucket_ms;
                let part = usize::try_from(part).ok().and_then(|part| counted.parts.get_mut(part));
                if let Some(part) = part {
                    *part.entry(code).or_default() += 1;
                }
            })?;
            if work.is_over() {
                counted.is_complete = scan.next()?.is_none();
                break;
            }
        }
        Ok(counted)
    }
}

fn histogram<Class: PartialEq + Ord>(
    grid: Grid,
    counted: Counted,
    class: impl Fn(i64) -> Option<Class>,
) -> Histogram<Class> {
    let bucket = Duration::from_millis(grid.bucket_ms());
    let mut at = grid.from;
    let mut buckets = Vec::with_capacity(counted.parts.len());
    for part in counted.parts {
        let mut counts = BTreeMap::new();
        for (code, count) in part {
            if let Some(class) = class(code) {
                *counts.entry(class).or_insert(0) += count;
            }
        }
        buckets.push((at, counts.into_iter().collect()));
        at = at.plus(bucket);
    }
    Histogram { bucket, buckets, is_complete: counted.is_complete }
}
