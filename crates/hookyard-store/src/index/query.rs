//! Reading the index. Every function here may block on the disk: call them from a blocking thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId, EventId, RequestId, made_at};
use hookyard_model::order::OrderKey;
use hookyard_model::request::Fields;
use hookyard_model::rule::Delivered;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row};

use super::fold::{Decision, EVENT_COLUMNS, EventRow, RequestRow};
use super::partition::Partition;
use super::wish::Conditions;
use super::{Error, Index};
use crate::journal::record::Position;

/// The undelivered states, exactly as the partial index has them.
const OPEN: &str = "state <= 3";

pub(super) fn request_row(row: &Row<'_>) -> rusqlite::Result<(u64, RequestRow)> {
    let verdict: u8 = row.get(4)?;
    let late: bool = row.get(6)?;
    let columns = RequestRow {
        project: row.get::<_, i64>(1)? as u64,
        source: row.get::<_, i64>(2)? as u64,
        position: Position::from_u64(row.get::<_, i64>(3)? as u64),
        verdict,
        method: None,
        decision: match row.get(5)? {
            None => None,
            Some(events) => Some(Decision {
                events,
                late: late.then_some(verdict),
                refused: row.get::<_, Option<i64>>(7)?.map(|position| Position::from_u64(position as u64)),
                fields: Fields {
                    provider_event_id: row.get(8)?,
                    topic: row.get(9)?,
                    provider_time: row.get::<_, Option<i64>>(10)?.map(|us| Timestamp::from_us(us as u64)),
                },
            }),
        },
    };
    Ok((row.get::<_, i64>(0)? as u64, columns))
}

pub(super) const REQUEST_COLUMNS: &str = "id, project, source, position, verdict, events, late, refused, \
    provider_event_id, topic, provider_time_us";

pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    parameters: &[Value],
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(rusqlite::params_from_iter(parameters), |row| read(row))?.collect()
}

/// The row of a request.
pub(crate) fn request(index: &Index, id: u64) -> Result<Option<RequestRow>, Error> {
    let Some(partition) = index.partition_of(id).filter(|_| id >= index.floor()) else { return Ok(None) };
    partition.read(|connection| {
        connection
            .prepare_cached(&format!("SELECT {REQUEST_COLUMNS} FROM requests WHERE id = ?1"))?
            .query_row([id as i64], request_row)
            .optional()
            .map(|found| found.map(|(_, row)| row))
    })
}

/// The row of an event.
pub(crate) fn event(index: &Index, event: EventId) -> Result<Option<EventRow>, Error> {
    let partition = index.partition_of(event.request.0).filter(|_| event.request.0 >= index.floor());
    let Some(partition) = partition else { return Ok(None) };
    partition.read(|connection| EventRow::load(connection, event))
}

fn oldest_first<T>(
    index: &Index,
    sql: &str,
    parameters: &[Value],
    limit: usize,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Error> {
    first_of(index.partitions().into_iter(), sql, parameters, limit, read)
}

/// The first rows of partitions that come in the order of the rows.
pub(super) fn first_of<T>(
    partitions: impl Iterator<Item = Arc<Partition>>,
    sql: &str,
    parameters: &[Value],
    limit: usize,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    for partition in partitions {
        found.extend(partition.read(|connection| all(connection, sql, parameters, &read))?);
        if found.len() >= limit {
            found.truncate(limit);
            break;
        }
    }
    Ok(found)
}

/// Accepted and pending requests with ids from `from` to before `to` that have not been routed, oldest first.
pub(crate) fn unrouted(
    index: &Index,
    from: u64,
    to: u64,
    limit: usize,
) -> Result<Vec<(u64, RequestRow)>, Error> {
    let sql = format!(
        "SELECT {REQUEST_COLUMNS} FROM requests WHERE events IS NULL AND id >= ?1 AND id < ?2
         ORDER BY id LIMIT {limit}"
    );
    let parameters = [Value::Integer(from as i64), Value::Integer(to.min(i64::MAX as u64) as i64)];
    oldest_first(index, &sql, &parameters, limit, request_row)
}

/// Requests of a source that have been neither routed nor refused, pending or accepted ones, oldest first.
pub(crate) fn unrouted_of(
    index: &Index,
    source: u64,
    is_pending: bool,
    limit: usize,
) -> Result<Vec<(u64, RequestRow)>, Error> {
    let sql = format!(
        "SELECT {REQUEST_COLUMNS} FROM requests INDEXED BY requests_unrouted_of
         WHERE events IS NULL AND source = ?1 AND (verdict = 254) = ?2 ORDER BY id LIMIT {limit}"
    );
    let parameters = [Value::Integer(source as i64), Value::Integer(i64::from(is_pending))];
    oldest_first(index, &sql, &parameters, limit, request_row)
}

/// How many requests are pending, and the smallest id of one.
pub(crate) fn count_pending(index: &Index) -> Result<(u64, Option<u64>), Error> {
    let sql = "SELECT count(*), min(id) FROM requests WHERE verdict = 254";
    let (mut count, mut oldest) = (0, None);
    for partition in index.partitions() {
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?));
        for (some, first) in partition.read(|connection| all(connection, sql, &[], read))? {
            count += some as u64;
            oldest = oldest.or(first.map(|id| id as u64));
        }
    }
    Ok((count, oldest))
}

/// The connections along which something waits for a destination, ascending.
pub(crate) fn connections_waiting(index: &Index, destination: u64) -> Result<Vec<u64>, Error> {
    // A step of the index for each connection, however many events it has.
    let sql = "SELECT connection FROM events INDEXED BY events_due
        WHERE state <= 2 AND order_key IS NULL AND destination = ?1 AND connection > ?2 ORDER BY connection LIMIT 1";
    let mut found = Vec::new();
    for partition in index.partitions() {
        let connections = partition.read(|connection| {
            let (mut all_found, mut after) = (Vec::new(), i64::MIN);
            loop {
                let parameters = [Value::Integer(destination as i64), Value::Integer(after)];
                let next = all(connection, sql, &parameters, |row| row.get::<_, i64>(0))?;
                let Some(next) = next.first() else { return Ok(all_found) };
                after = *next;
                all_found.push(after as u64);
            }
        })?;
        found.extend(connections);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The order keys of which something is undelivered for a destination.
pub(crate) fn order_keys(index: &Index, destination: u64) -> Result<Vec<OrderKey>, Error> {
    // A step of the index for each key, however many events it has.
    let sql = "SELECT order_key FROM events INDEXED BY events_ordered
        WHERE state <= 3 AND order_key IS NOT NULL AND destination = ?1 AND order_key > ?2
        ORDER BY order_key LIMIT 1";
    let mut found = Vec::new();
    for partition in index.partitions() {
        let keys = partition.read(|connection| {
            let (mut all_found, mut after) = (Vec::new(), i64::MIN);
            loop {
                let parameters = [Value::Integer(destination as i64), Value::Integer(after)];
                let next = all(connection, sql, &parameters, |row| row.get::<_, i64>(0))?;
                let Some(next) = next.first() else { return Ok(all_found) };
                after = *next;
                all_found.extend(OrderKey::from_stored(after as u64));
            }
        })?;
        found.extend(keys);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The first undelivered events of an order key, in their order. Where one is found, none before it is missed that was
/// routed before it, though the index be written meanwhile: partitions are written from the oldest on, so they are read
/// from the newest on.
pub(crate) fn open_of_key(
    index: &Index,
    destination: u64,
    key: OrderKey,
    limit: usize,
) -> Result<Vec<(EventId, EventRow)>, Error> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events INDEXED BY events_ordered
         WHERE state <= 3 AND order_key IS NOT NULL AND destination = ?1 AND order_key = ?2
         ORDER BY request, connection LIMIT ?3"
    );
    let parameters = [destination, key.stored(), limit as u64].map(|value| Value::Integer(value as i64));
    let mut found: Vec<(EventId, EventRow)> = Vec::new();
    for partition in index.partitions().iter().rev() {
        let mut older = partition.read(|connection| all(connection, &sql, &parameters, EventRow::read))?;
        older.extend(found);
        older.truncate(limit);
        found = older;
    }
    Ok(found)
}

/// Events of one destination, connection and state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) destination: u64,
    pub(crate) connection: u64,
    /// Scheduled or queued.
    pub(crate) state: EventState,
}

impl Waiting {
    /// Exactly as the partial index has it. The state is one of our own numbers.
    fn condition(self) -> String {
        let state = self.state.code();
        format!(
            "state <= 2 AND order_key IS NULL AND state = {state} AND destination = ?1 AND connection = ?2"
        )
    }

    fn parameters(self, now_us: u64) -> [Value; 3] {
        [self.destination, self.connection, now_us].map(|value| Value::Integer(value as i64))
    }
}

/// Those that are due at `now_us`, longest due first.
pub(crate) fn due(
    index: &Index,
    waiting: Waiting,
    now_us: u64,
    limit: usize,
) -> Result<Vec<(EventId, EventRow)>, Error> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events INDEXED BY events_due WHERE {} AND due_us <= ?3
         ORDER BY due_us LIMIT ?4",
        waiting.condition()
    );
    let mut parameters = waiting.parameters(now_us).to_vec();
    parameters.push(Value::Integer(limit as i64));
    let mut found = Vec::new();
    for partition in index.partitions() {
        found.extend(partition.read(|connection| all(connection, &sql, &parameters, EventRow::read))?);
    }
    found.sort_by_key(|(event, row)| (row.due_us, *event));
    found.truncate(limit);
    Ok(found)
}

/// The newest request that claimed a key along a connection, not looking at what is older than `since`.
pub(crate) fn newest_claim(
    index: &Index,
    connection_id: u64,
    key: &[u8; 16],
    since: Timestamp,
) -> Result<Option<u64>, Error> {
    let sql = "SELECT max(request) FROM claims WHERE connection = ?1 AND key = ?2";
    let parameters = [Value::Integer(connection_id as i64), Value::Blob(key.to_vec())];
    for partition in index.partitions().iter().rev() {
        let read = |row: &Row<'_>| row.get::<_, Option<i64>>(0);
        let found = partition.read(|connection| all(connection, sql, &parameters, read))?;
        if let Some(newest) = found.into_iter().flatten().next() {
            return Ok(Some(newest as u64));
        }
        // All that is in the partitions before is older than this one's first.
        if made_at(partition.first_id) < since {
            break;
        }
    }
    Ok(None)
}

/// The newest that was delivered of a thing along a connection, of requests from the one with the id `from` on.
pub(crate) fn newest_delivered(
    index: &Index,
    connection_id: u64,
    key: &[u8; 16],
    from: u64,
) -> Result<Option<Delivered>, Error> {
    let sql = "SELECT at_us, request FROM delivered WHERE connection = ?1 AND key = ?2 AND request >= ?3";
    let parameters =
        [Value::Integer(connection_id as i64), Value::Blob(key.to_vec()), Value::Integer(from as i64)];
    let mut newest: Option<Delivered> = None;
    for partition in index.partitions().iter().rev() {
        let read = |row: &Row<'_>| {
            let at = Timestamp::from_us(row.get::<_, i64>(0)? as u64);
            Ok(Delivered { at, request: RequestId(row.get::<_, i64>(1)? as u64) })
        };
        let found = partition.read(|connection| all(connection, sql, &parameters, read))?;
        newest = newest.into_iter().chain(found).max_by_key(|delivered| delivered.at);
        // All that is in the partitions before is older than this one's first.
        if partition.first_id < from {
            break;
        }
    }
    Ok(newest)
}

/// When the next of them is due that is not due at `now_us`.
pub(crate) fn next_due(index: &Index, waiting: Waiting, now_us: u64) -> Result<Option<u64>, Error> {
    let sql = format!(
        "SELECT min(due_us) FROM events INDEXED BY events_due WHERE {} AND due_us > ?3",
        waiting.condition()
    );
    let parameters = waiting.parameters(now_us);
    let mut next: Option<u64> = None;
    for partition in index.partitions() {
        let found = partition
            .read(|connection| all(connection, &sql, &parameters, |row| row.get::<_, Option<i64>>(0)))?;
        for due in found.into_iter().flatten() {
            next = Some(next.map_or(due as u64, |known| known.min(due as u64)));
        }
    }
    Ok(next)
}

/// The smallest id of a request that has an undelivered event.
pub(crate) fn oldest_open(index: &Index) -> Result<Option<u64>, Error> {
    let sql = format!("SELECT min(request) FROM events WHERE {OPEN}");
    for partition in index.partitions() {
        let found =
            partition.read(|connection| all(connection, &sql, &[], |row| row.get::<_, Option<i64>>(0)))?;
        if let Some(oldest) = found.into_iter().flatten().next() {
            return Ok(Some(oldest as u64));
        }
    }
    Ok(None)
}

/// The oldest undelivered event's request of each destination, of those before the request `before`; looked for among
/// the oldest `limit` of them. Also whether that was all.
pub(crate) fn oldest_of_destinations(
    index: &Index,
    before: u64,
    limit: usize,
) -> Result<(Vec<(u64, u64)>, bool), Error> {
    let sql = format!(
        "SELECT destination, min(request), count(*) FROM (
            SELECT destination, request FROM events INDEXED BY events_open WHERE {OPEN} AND request < ?1
            ORDER BY request LIMIT ?2) GROUP BY destination"
    );
    let mut oldest = BTreeMap::new();
    let mut left = limit as u64;
    for partition in index.partitions() {
        let parameters = [before, left].map(|value| Value::Integer(value as i64));
        let found = partition.read(|connection| {
            let read =
                |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
            all(connection, &sql, &parameters, read)
        })?;
        for (destination, request, count) in found {
            oldest.entry(destination as u64).or_insert(request as u64);
            left = left.saturating_sub(count as u64);
        }
        if left == 0 {
            break;
        }
    }
    Ok((oldest.into_iter().collect(), left > 0))
}

/// How many events of each connection are undelivered, where there are any.
pub(crate) fn undelivered(index: &Index) -> Result<Vec<(ConnectionId, DestinationId, u64)>, Error> {
    let sql = "SELECT connection, destination, count FROM undelivered WHERE count > 0";
    let mut counts: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for partition in index.partitions() {
        let number = |row: &Row<'_>, column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let read = |row: &Row<'_>| Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?));
        for (connection, destination, count) in partition.read(|database| all(database, sql, &[], read))? {
            *counts.entry((connection, destination)).or_default() += count;
        }
    }
    let typed =
        |((connection, destination), count)| (ConnectionId(connection), DestinationId(destination), count);
    Ok(counts.into_iter().map(typed).collect())
}

/// Whether a request with an id from `from` to before `to` is still to be routed or delivered.
pub(crate) fn is_open_between(connection: &Connection, from: u64, to: u64) -> rusqlite::Result<bool> {
    let range = (from as i64, to.min(i64::MAX as u64) as i64);
    let open: bool = connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM events WHERE {OPEN} AND request >= ?1 AND request < ?2)"
        ))?
        .query_row(range, |row| row.get(0))?;
    if open {
        return Ok(true);
    }
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM requests WHERE events IS NULL AND id >= ?1 AND id < ?2)",
        )?
        .query_row(range, |row| row.get(0))
}

/// Undelivered events of a connection, oldest first, behind `after`; only those in `state` where given.
pub(crate) fn open_of(
    index: &Index,
    connection_id: u64,
    state: Option<EventState>,
    after: Option<EventId>,
    limit: usize,
) -> Result<Vec<(EventId, EventRow)>, Error> {
    let mut conditions = Conditions::default();
    conditions.fixed(OPEN);
    conditions.compare("connection =", connection_id);
    if let Some(state) = state {
        conditions.compare("state =", u64::from(state.code()));
    }
    if let Some(after) = after {
        conditions.compare("request >", after.request.0);
    }
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events INDEXED BY events_open WHERE {} ORDER BY request LIMIT {limit}",
        conditions.sql
    );
    oldest_first(index, &sql, &conditions.parameters, limit, EventRow::read)
}

/// How many undelivered events a connection has.
pub(crate) fn count_open_of(index: &Index, connection_id: u64) -> Result<u64, Error> {
    let sql = format!("SELECT count(*) FROM events INDEXED BY events_open WHERE {OPEN} AND connection = ?1");
    let parameters = [Value::Integer(connection_id as i64)];
    let mut count = 0;
    for partition in index.partitions() {
        let found =
            partition.read(|connection| all(connection, &sql, &parameters, |row| row.get::<_, i64>(0)))?;
        count += found.into_iter().sum::<i64>() as u64;
    }
    Ok(count)
}

/// The connections that have held events.
pub(crate) fn connections_with_held(index: &Index) -> Result<Vec<u64>, Error> {
    let sql =
        format!("SELECT DISTINCT connection FROM events INDEXED BY events_open WHERE {OPEN} AND state = 3");
    let mut found = Vec::new();
    for partition in index.partitions() {
        found.extend(partition.read(|connection| all(connection, &sql, &[], |row| row.get::<_, i64>(0)))?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found.into_iter().map(|id| id as u64).collect())
}
