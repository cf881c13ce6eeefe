//! Rows of the table, and what of an operation is stored as JSON.

use std::collections::BTreeMap;

use hookyard_model::attempt::ErrorKind;
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{
    BulkOperationId, ConnectionId, DestinationId, EventId, ProjectId, RequestId, SourceId,
};
use hookyard_model::rule::DiscardCause;
use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::{Failure, LeftOut, Operation, OperationState, Order, Progress};
use super::{Mark, Work};
use crate::by_hand::Action;
use crate::history::{Content, EventFilter, Period, Statuses};

/// The columns of an operation, in the order that [`read`] takes.
pub(super) const COLUMNS: &str = "id, project, action, filter, include_successful, up_to, rate_per_s, state, \
    matched, to_do, is_exact, progress, started_at_us, ended_at_us";

/// Which events are meant; what version 1 did not have restricts nothing where it is absent.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StoredFilter {
    request: Option<u64>,
    source: Option<u64>,
    connection: Option<u64>,
    destination: Option<u64>,
    state: Option<String>,
    provider_event_id: Option<String>,
    topic: Option<String>,
    received_after_us: Option<u64>,
    received_before_us: Option<u64>,
    last_status: Option<(u16, u16)>,
    last_error: Option<String>,
    attempts_min: Option<u32>,
    attempts_max: Option<u32>,
    discarded: Option<String>,
    r#match: Option<serde_json::Value>,
    search: Option<String>,
}

/// What has been done, with the reasons by name.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredProgress {
    done: u64,
    left_out: BTreeMap<String, u64>,
    failed: BTreeMap<String, u64>,
}

/// Request, connection, attempts, and where what rules made of it stood.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredMark(u64, u64, u32, u64);

/// The JSON of one of these; they consist of numbers and texts, so there always is one.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl StoredFilter {
    pub(super) fn of(filter: &EventFilter) -> Self {
        let EventFilter { received, content, .. } = filter;
        Self {
            request: filter.request.map(|id| id.0),
            source: filter.source.map(|id| id.0),
            connection: filter.connection.map(|id| id.0),
            destination: filter.destination.map(|id| id.0),
            state: filter.state.map(|state| state.name().to_owned()),
            provider_event_id: filter.provider_event_id.clone(),
            topic: filter.topic.clone(),
            received_after_us: received.after.map(Timestamp::us),
            received_before_us: received.before.map(Timestamp::us),
            last_status: filter.last_status.map(|Statuses { from, to }| (from, to)),
            last_error: filter.last_error.map(|kind| kind.name().to_owned()),
            attempts_min: filter.attempts_min,
            attempts_max: filter.attempts_max,
            discarded: filter.discarded.map(|cause| cause.name().to_owned()),
            r#match: content.matching.clone(),
            search: content.search.clone(),
        }
    }

    /// None where it has a name that is not known.
    fn filter(self) -> Option<EventFilter> {
        Some(EventFilter {
            request: self.request.map(RequestId),
            source: self.source.map(SourceId),
            connection: self.connection.map(ConnectionId),
            destination: self.destination.map(DestinationId),
            state: named(self.state, EventState::from_name)?,
            provider_event_id: self.provider_event_id,
            topic: self.topic,
            received: Period {
                after: self.received_after_us.map(Timestamp::from_us),
                before: self.received_before_us.map(Timestamp::from_us),
            },
            last_status: self.last_status.map(|(from, to)| Statuses { from, to }),
            last_error: named(self.last_error, ErrorKind::from_name)?,
            attempts_min: self.attempts_min,
            attempts_max: self.attempts_max,
            discarded: named(self.discarded, DiscardCause::from_name)?,
            content: Content { matching: self.r#match, search: self.search },
        })
    }
}

/// What has this name, where there is one; none where nothing has.
fn named<T>(name: Option<String>, known: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match name {
        None => Some(None),
        Some(name) => known(&name).map(Some),
    }
}

impl StoredProgress {
    pub(super) fn of(progress: &Progress) -> Self {
        let left_out = progress.left_out.iter().map(|(why, count)| (why.name().to_owned(), *count));
        let failed = progress.failed.iter().map(|(why, count)| (why.name().to_owned(), *count));
        Self { done: progress.done, left_out: left_out.collect(), failed: failed.collect() }
    }

    fn progress(&self) -> Progress {
        let left_out =
            LeftOut::ALL.into_iter().filter_map(|why| Some((why, *self.left_out.get(why.name())?)));
        let failed = Failure::ALL.into_iter().filter_map(|why| Some((why, *self.failed.get(why.name())?)));
        Progress { done: self.done, left_out: left_out.collect(), failed: failed.collect() }
    }
}

impl StoredMark {
    pub(super) const fn of(mark: &Mark) -> Self {
        Self(mark.event.request.0, mark.event.connection.0, mark.attempts, mark.ruled)
    }

    const fn mark(&self) -> Mark {
        let Self(request, connection, attempts, ruled) = *self;
        let event = EventId { request: RequestId(request), connection: ConnectionId(connection) };
        Mark { event, attempts, ruled }
    }
}

/// Reads a row that was selected as [`COLUMNS`].
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Operation> {
    let filter: StoredFilter = parsed(row, 3)?;
    let progress: StoredProgress = parsed(row, 11)?;
    let order = Order {
        action: known(row, 2, Action::from_name)?,
        filter: filter.filter().ok_or_else(|| unknown(3))?,
        include_successful: row.get(4)?,
        up_to: Some(RequestId(unsigned(row, 5)?)),
    };
    Ok(Operation {
        id: BulkOperationId(unsigned(row, 0)?),
        project: ProjectId(unsigned(row, 1)?),
        order,
        rate_per_s: row.get(6)?,
        state: known(row, 7, OperationState::from_name)?,
        matched: unsigned(row, 8)?,
        to_do: unsigned(row, 9)?,
        is_exact: row.get(10)?,
        progress: progress.progress(),
        started_at: Timestamp::from_us(unsigned(row, 12)?),
        ended_at: row.get::<_, Option<i64>>(13)?.map(|us| Timestamp::from_us(us.cast_unsigned())),
        stalled: None,
    })
}

/// Reads a row that was selected as [`COLUMNS`] and what belongs to the work.
pub(super) fn read_work(row: &Row<'_>) -> rusqlite::Result<Work> {
    let batch: Vec<StoredMark> = parsed(row, 16)?;
    let before =
        EventId { request: RequestId(unsigned(row, 14)?), connection: ConnectionId(unsigned(row, 15)?) };
    Ok(Work { operation: read(row)?, before, batch: batch.iter().map(StoredMark::mark).collect() })
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

fn known<T>(row: &Row<'_>, column: usize, from_name: impl Fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    from_name(row.get_ref(column)?.as_str()?).ok_or_else(|| unknown(column))
}

fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

const fn unknown(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, String::new(), Type::Text)
}
