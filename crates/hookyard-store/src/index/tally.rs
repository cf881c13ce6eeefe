//! Counting events: how many meet the conditions, by what decides on what can be done to them.

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId};
use hookyard_model::rule::DiscardCause;
use rusqlite::Row;

use super::query::{Conditions, all};
use super::{Error, Index};

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

/// Events that meet the conditions, the newest partition's first, until `count_max` of them are counted.
pub(crate) fn tally(
    index: &Index,
    conditions: &Conditions,
    now: Timestamp,
    count_max: u64,
) -> Result<Vec<Group>, Error> {
    let mut groups = Vec::new();
    let mut left = count_max;
    for partition in index.partitions().iter().rev() {
        let sql = format!(
            "SELECT state, connection, destination, is_due, discarded, count(*) FROM
                (SELECT state, connection, destination, (state = 1 AND due_us <= {}) AS is_due, discarded
                 FROM events WHERE {} AND request >= {} LIMIT {left})
             GROUP BY state, connection, destination, is_due, discarded",
            now.us(),
            conditions.sql,
            index.floor()
        );
        let found = partition.read(|connection| all(connection, &sql, &conditions.parameters, group))?;
        left = left.saturating_sub(found.iter().map(|group| group.count).sum());
        groups.extend(found);
        if left == 0 {
            break;
        }
    }
    Ok(groups)
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
