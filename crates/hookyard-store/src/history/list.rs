//! Lists, newest first: a page at a time, and what is not found by an index of its own within the bounds of
//! [`crate::search`]. The caller goes on where the answer says that it stopped.

use std::sync::Arc;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{ConnectionId, EventId, ProjectId, RequestId, made_at};
use tracing::error;

use super::filter::Query;
use super::{
    EventFilter, EventSummary, LookUpError, Page, ReadError, RequestFilter, RequestSummary, outline,
    summarize,
};
use crate::index::fold::{EventRow, RequestRow};
use crate::index::scan::{Run, Scan};
use crate::index::wish::{self, Wish};
use crate::journal::read;
use crate::search::{Busy, Caller, Work};
use crate::store::{Inner, Store};

/// As many rows as a run has.
pub(crate) const EVERY: usize = i64::MAX as usize;

/// What one call found, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<Row, Id> {
    /// Rows that are wanted, newest first: no more than were asked for.
    pub rows: Vec<Row>,
    /// Everything before this one has been looked at; none at the end of history.
    pub resume: Option<Id>,
    /// How far it went; none where an index had the answer.
    pub progress: Option<Progress>,
}

/// How far a call went through history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Requests that it went past, roughly.
    pub searched: u64,
    /// The time of the oldest of them; none where there were none.
    pub searched_to: Option<Timestamp>,
    /// Whether it came to the end: nothing more is to be found.
    pub is_complete: bool,
}

/// A list is not made.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Something stored cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Too many search.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// What reads so many rows that a query wants, as far as there is work to be done for it.
type Gather<Row> = fn(&Inner, &Query, &mut Work, usize) -> Result<Gathered<Row>, LookUpError>;

/// The same on the thread that reads.
pub(crate) struct Gathered<Row> {
    pub(crate) rows: Vec<Row>,
    searched: u64,
    /// The oldest request that was looked at.
    oldest: Option<u64>,
    /// All requests from this one on have been looked at; none at the end of history.
    pub(crate) reached: Option<u64>,
}

impl<Row> Gathered<Row> {
    /// What an index found, all at once.
    const fn found(rows: Vec<Row>) -> Self {
        Self { rows, searched: 0, oldest: None, reached: None }
    }
}

impl Store {
    /// A page of requests, newest first.
    ///
    /// # Errors
    /// [`ListError`] where the index cannot be read, or too many search.
    pub async fn list_requests(
        &self,
        project: ProjectId,
        filter: RequestFilter,
        page: Page<RequestId>,
    ) -> Result<Listed<RequestSummary, RequestId>, ListError> {
        let bookmarked = if filter.is_bookmarked { self.bookmarked(project).await? } else { Vec::new() };
        let query = filter.query(project, &bookmarked)?.before_request(page.before);
        self.list(query, page.limit, Inner::list_requests, |row| row.id, RequestId).await
    }

    /// A page of events, the newest request's first. Asked for a state, it takes what [`Store::held_by`] says is held
    /// for held.
    ///
    /// # Errors
    /// As [`Store::list_requests`].
    pub async fn list_events(
        &self,
        project: ProjectId,
        filter: EventFilter,
        page: Page<EventId>,
    ) -> Result<Listed<EventSummary, EventId>, ListError> {
        let query = self.inner.event_query(project, &filter)?.before_event(page.before);
        let resumed = |request| EventId { request: RequestId(request), connection: ConnectionId(0) };
        self.list(query, page.limit, Inner::list_events, |row| row.id, resumed).await
    }

    /// A page of requests, however long it takes to find.
    ///
    /// # Errors
    /// [`ListError`] where the index cannot be read, or too many search.
    pub async fn requests(
        &self,
        project: ProjectId,
        filter: RequestFilter,
        mut page: Page<RequestId>,
    ) -> Result<Vec<RequestSummary>, ListError> {
        let mut rows = Vec::new();
        loop {
            let listed = self.list_requests(project, filter.clone(), page).await?;
            page.limit -= listed.rows.len();
            rows.extend(listed.rows);
            match listed.resume {
                Some(resume) if page.limit > 0 => page.before = Some(resume),
                _ => return Ok(rows),
            }
        }
    }

    /// A page of events, however long it takes to find.
    ///
    /// # Errors
    /// [`ListError`] where the index cannot be read, or too many search.
    pub async fn events(
        &self,
        project: ProjectId,
        filter: EventFilter,
        mut page: Page<EventId>,
    ) -> Result<Vec<EventSummary>, ListError> {
        let mut rows = Vec::new();
        loop {
            let listed = self.list_events(project, filter.clone(), page).await?;
            page.limit -= listed.rows.len();
            rows.extend(listed.rows);
            match listed.resume {
                Some(resume) if page.limit > 0 => page.before = Some(resume),
                _ => return Ok(rows),
            }
        }
    }

    async fn list<Row: Send + 'static, Id>(
        &self,
        query: Query,
        limit: usize,
        gather: Gather<Row>,
        id: impl Fn(&Row) -> Id,
        resumed: impl Fn(u64) -> Id,
    ) -> Result<Listed<Row, Id>, ListError> {
        let caller = Caller::default();
        let slot = match query.probe {
            Some(_) => Some(self.inner.searches.slot(&caller).await?),
            None => None,
        };
        let (gone, is_direct) = (caller.gone(), query.is_direct);
        let reads_bodies = query.probe.is_some();
        let look = move |inner: &Inner| {
            // For as long as this thread reads.
            let _slot = &slot;
            let mut work = inner.work(&query, &gone);
            gather(inner, &query, &mut work, limit)
        };
        let gathered = match reads_bodies {
            true => self.look_up_behind(look).await?,
            false => self.look_up(look).await?,
        };
        drop(caller);
        let Gathered { rows, searched, oldest, reached } = gathered;
        let is_full = rows.len() >= limit;
        // What was found last is older than what would come next.
        let last = rows.last().filter(|_| is_full).map(&id);
        let is_complete = reached.is_none() && !is_full;
        let progress =
            (!is_direct).then(|| Progress { searched, searched_to: oldest.map(made_at), is_complete });
        Ok(Listed { resume: last.or_else(|| reached.map(resumed)), rows, progress })
    }
}

impl Inner {
    /// How long a look may take.
    pub(crate) fn work(&self, query: &Query, gone: &Arc<std::sync::atomic::AtomicBool>) -> Work {
        let settings = &self.searches.settings;
        match query.probe {
            Some(_) => Work::through_bodies(settings, Arc::clone(gone)),
            None => Work::through_index(settings.index_time_max, Arc::clone(gone)),
        }
    }

    fn list_requests(
        &self,
        query: &Query,
        work: &mut Work,
        limit: usize,
    ) -> Result<Gathered<RequestSummary>, LookUpError> {
        let mut reader = read::Reader::new(&self.journal.directory);
        if query.is_direct {
            let wish = Wish { conditions: &query.conditions, through: query.through, limit };
            let found = wish::requests(&self.index.index, wish, &query.bounds)?;
            let rows =
                found.into_iter().filter_map(|(id, row)| self.summary(&mut reader, id, &row)).collect();
            return Ok(Gathered::found(rows));
        }
        self.gather(query, work, limit, |run, left| {
            let limit = if query.probe.is_some() { EVERY } else { left };
            let wish = Wish { conditions: &query.conditions, through: query.through, limit };
            let found = wish::requests_in(run, wish)?;
            if query.probe.is_some() {
                return self.probe_requests(query, found, left);
            }
            Ok(found.into_iter().filter_map(|(id, row)| self.summary(&mut reader, id, &row)).collect())
        })
    }

    fn list_events(
        &self,
        query: &Query,
        work: &mut Work,
        limit: usize,
    ) -> Result<Gathered<EventSummary>, LookUpError> {
        let mut gathered = self.gather_events(query, work, limit)?;
        let rows = std::mem::take(&mut gathered.rows);
        let rows = rows.iter().map(|(id, row)| self.event_summary(*id, row)).collect::<Result<_, _>>()?;
        let Gathered { searched, oldest, reached, .. } = gathered;
        Ok(Gathered { rows, searched, oldest, reached })
    }

    pub(crate) fn gather_events(
        &self,
        query: &Query,
        work: &mut Work,
        limit: usize,
    ) -> Result<Gathered<(EventId, EventRow)>, LookUpError> {
        if query.is_direct {
            let wish = Wish { conditions: &query.conditions, through: query.through, limit };
            let rows = wish::events(&self.index.index, wish, &query.bounds)?;
            return Ok(Gathered::found(rows));
        }
        self.gather(query, work, limit, |run, left| {
            let limit = if query.probe.is_some() { EVERY } else { left };
            let wish = Wish { conditions: &query.conditions, through: query.through, limit };
            let mut found = wish::events_in(run, wish)?;
            if query.probe.is_some() {
                found = self.probe_events(query, found)?;
                found.truncate(left);
            }
            Ok(found)
        })
    }

    /// Goes from run to run until there are enough rows, or the time is up.
    fn gather<Row>(
        &self,
        query: &Query,
        work: &mut Work,
        limit: usize,
        mut of_run: impl FnMut(&Run, usize) -> Result<Vec<Row>, LookUpError>,
    ) -> Result<Gathered<Row>, LookUpError> {
        let mut scan = Scan::new(&self.index.index, query.bounds.clone(), work.reads_bodies());
        let mut gathered = Gathered::found(Vec::new());
        while let Some(run) = scan.next()? {
            let left = limit - gathered.rows.len();
            gathered.rows.extend(of_run(&run, left)?);
            gathered.searched += run.requests;
            gathered.oldest = Some(run.from);
            gathered.reached = Some(run.from);
            if gathered.rows.len() >= limit || work.is_over() {
                return Ok(gathered);
            }
            work.rest();
        }
        gathered.reached = None;
        Ok(gathered)
    }

    /// A line of the list; none where its record went meanwhile.
    fn summary(&self, reader: &mut read::Reader<'_>, id: u64, row: &RequestRow) -> Option<RequestSummary> {
        match self.read_request(reader, id, row.position) {
            Ok(request) => Some(summarize(&request, row)),
            Err(read::Error::Gone(_)) => None,
            // One damaged record does not take the list along.
            Err(error) => {
                error!(request = %RequestId(id), %error, "a request cannot be read");
                Some(outline(id, row))
            }
        }
    }
}
