//! Counting events: how many meet the conditions, by what decides on what can be done to them.

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId};
use hookyard_model::rule::DiscardCause;
use rusqlite::Row;

use super::Error;
use super::query::all;
use super::scan::Run;
use super::wish::Wish;

/// Events of the same state, connection and destination.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) state: EventState,
    pub(crate) connection: ConnectionId,
    pub(crate) destination: DestinationId,
    /// Scheduled, and the time has come.
    pub(crate) is_due: bool,
    /// Why a rule discarded them.
    pub(crate) discarded: Option<DiscardCause>,
    pub(crate) count: u64,
}

/// Events of a run that meet the conditions.
pub(crate) fn tally_in(run: &Run, wish: Wish<'_>, now: Timestamp) -> Result<Vec<Group>, Error> {
    let columns = format!(
        "state, connection, destination, (state = 1 AND due_us <= {}) AS is_due, discarded, count(*)",
        now.us()
    );
    let sql = wish.sql(
        &columns,
        "events",
        "request",
        " GROUP BY state, connection, destination, is_due, discarded",
    );
    run.partition.read(|file| all(file, &sql, &wish.parameters(run.from, run.to), group))
}

fn group(row: &Row<'_>) -> rusqlite::Result<Group> {
    let state: u8 = row.get(0)?;
    let state =
        EventState::from_code(state).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, i64::from(state)))?;
    Ok(Group {
        state,
        connection: ConnectionId(row.get::<_, i64>(1)?.cast_unsigned()),
        destination: DestinationId(row.get::<_, i64>(2)?.cast_unsigned()),
        is_due: row.get(3)?,
        discarded: row.get::<_, Option<u8>>(4)?.and_then(DiscardCause::from_code),
        count: row.get::<_, i64>(5)?.cast_unsigned(),
    })
}
