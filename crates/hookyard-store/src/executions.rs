//! The reader's side as well: runs of transformations, as they stand with the events that went through them.
//!
//! No index has them: events are looked through from the newest on, so many at a time, and whoever wants more goes on
//! from where that ended.

use hookyard_model::clock::Timestamp;
use hookyard_model::execution::Execution;
use hookyard_model::id::{ConnectionId, EventId, ProjectId, made_at};
use hookyard_model::rule::{DiscardCause, RuleKind};

use crate::history::{LookUpError, Page, ReadError};
use crate::index::fold::EventRow;
use crate::index::scan::{BEYOND, Bounds};
use crate::index::wish::{self, Conditions, Wish};
use crate::journal::read::{self, Reader};
use crate::journal::record::{Kind, Position};
use crate::store::{Inner, Store};
use crate::stored::routed::Routed;

/// Events that are looked through at a time.
const LOOKED_THROUGH_MAX: usize = 20_000;
/// Of these are read together.
const READ_TOGETHER: usize = 1_000;

/// A run of a transformation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The event that was on its way.
    pub event: EventId,
    /// When that was.
    pub at: Timestamp,
    /// What it printed, and how long it took.
    pub execution: Execution,
    /// What went wrong, for a person; none where nothing did.
    pub failure: Option<String>,
}

/// Which runs are meant; none restricts nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Those along this connection.
    pub connection: Option<ConnectionId>,
    /// Those that failed, or those that did not.
    pub has_failed: Option<bool>,
}

/// A part of the runs there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// Those of at most so many events as were asked for, the newest first.
    pub runs: Vec<Run>,
    /// How many events were looked through.
    pub looked_through: u64,
    /// The last of them, from where to go on; none where there are no more.
    pub reached: Option<EventId>,
}

impl Store {
    /// Runs of a project's transformations, those of the newest request first. A page can have fewer than there are: see
    /// [`Runs::reached`].
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read, or what stands in the journal is damaged.
    pub async fn runs(
        &self,
        project: ProjectId,
        filter: RunFilter,
        page: Page<EventId>,
    ) -> Result<Runs, ReadError> {
        self.look_up(move |inner| inner.runs(project, filter, page)).await
    }
}

impl Inner {
    fn runs(&self, project: ProjectId, filter: RunFilter, page: Page<EventId>) -> Result<Runs, LookUpError> {
        let mut reader = Reader::new(&self.journal.directory);
        let mut found = Runs { reached: page.before, ..Runs::default() };
        let mut events = 0;
        while (found.looked_through as usize) < LOOKED_THROUGH_MAX {
            let mut conditions = Conditions::default();
            conditions.compare("project =", project.0);
            if let Some(before) = found.reached {
                conditions.event_before(before);
            }
            let wish = Wish { conditions: &conditions, through: None, limit: READ_TOGETHER };
            // All before the last one, of which the connection may be another.
            let before = found.reached.map_or(BEYOND, |id| id.request.0 + 1);
            let rows =
                wish::events(&self.index.index, wish, &Bounds { from: 0, before, wanted: Vec::new() })?;
            let is_last = rows.len() < READ_TOGETHER;
            for (id, row) in rows {
                found.looked_through += 1;
                found.reached = Some(id);
                if !filter.may_want(id, &row) {
                    continue;
                }
                let runs = self.runs_of(&mut reader, id, row.ruled)?;
                let wanted = runs.into_iter().filter(|run| filter.wants(run));
                let before = found.runs.len();
                found.runs.extend(wanted);
                events += usize::from(found.runs.len() > before);
                if events == page.limit {
                    return Ok(found);
                }
            }
            if is_last {
                found.reached = None;
                break;
            }
        }
        Ok(found)
    }

    /// The runs of an event, in their order. None where retention has the record.
    fn runs_of(
        &self,
        reader: &mut Reader<'_>,
        event: EventId,
        position: Position,
    ) -> Result<Vec<Run>, ReadError> {
        let record = match reader.record(position) {
            Ok(record) => record,
            Err(read::Error::Gone(_)) => return Ok(Vec::new()),
            Err(error) => return Err(ReadError(error.to_string())),
        };
        let at = made_at(record.id);
        let is_routed = matches!(record.kind, Kind::Routed | Kind::Replayed);
        let routed = Routed::decode(record.version, record.payload);
        let routed = routed.map_err(|error| ReadError(error.to_string()))?;
        let is_of_event = is_routed && routed.request == event.request;
        let leg = routed.events.into_iter().find(|leg| is_of_event && leg.connection == event.connection);
        let leg = leg.ok_or_else(|| ReadError("the index points at another record".to_owned()))?;
        let has_failed = leg.ruling.discarded == Some(DiscardCause::TransformError);
        let count = leg.ruling.steps.len();
        let runs =
            leg.ruling.steps.into_iter().enumerate().filter(|(_, step)| step.kind == RuleKind::Transform);
        let run = |(place, step): (usize, hookyard_model::rule::Step)| Run {
            event,
            at,
            execution: step.execution.unwrap_or_default(),
            // The step that fails is the last one.
            failure: (has_failed && place + 1 == count).then_some(step.detail),
        };
        Ok(runs.map(run).collect())
    }
}

impl RunFilter {
    /// Whether the row of an event speaks against it.
    fn may_want(&self, id: EventId, row: &EventRow) -> bool {
        let is_of_connection = self.connection.is_none_or(|connection| connection == id.connection);
        // An event that failed can have had runs before that did not; one that did not can have none that did.
        let can_have = self.has_failed != Some(true) || row.discarded == Some(DiscardCause::TransformError);
        is_of_connection && can_have && row.ruled != Position::default()
    }

    fn wants(&self, run: &Run) -> bool {
        self.has_failed.is_none_or(|has_failed| has_failed == run.failure.is_some())
    }
}
