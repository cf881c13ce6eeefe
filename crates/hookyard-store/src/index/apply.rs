//! From rows to files: one transaction for each partition that changes, the newest one last.

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::Applied;
use super::blocks::Blocks;
use super::fold::{Changes, Decision, EventChange, RequestRow, hash_of, revision_column};
use super::partition::{meta, set_applied, set_meta};
use crate::journal::record::Position;
use hookyard_model::id::EventId;
use hookyard_model::rule::{ClaimKey, DiscardCause, RevisionKey};

/// Writes a run's changes to one partition, all or nothing. With `applied`, also how far the index has
/// come. Answers by how much the number of undelivered events grew.
pub(crate) fn apply(
    connection: &mut Connection,
    changes: &Changes,
    applied: Option<Applied>,
    blocks: &mut Blocks,
) -> rusqlite::Result<i64> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let grown = {
        write_requests(&transaction, changes)?;
        let grown_by_connection = write_events(&transaction, changes)?;
        write_undelivered(&transaction, &grown_by_connection)?;
        let grown: i64 = grown_by_connection.values().sum();
        write_claims(&transaction, changes)?;
        write_delivered(&transaction, changes)?;
        blocks.write(&transaction, changes)?;
        if grown != 0 {
            let before = meta(&transaction, "undelivered")? as i64;
            set_meta(&transaction, "undelivered", (before + grown).max(0) as u64)?;
        }
        if let Some(applied) = applied {
            set_applied(&transaction, applied)?;
        }
        grown
    };
    transaction.commit()?;
    Ok(grown)
}

const INSERT_REQUEST: &str =
    "INSERT INTO requests VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

/// A request that is taken in once more keeps what became of it, and may learn it only now.
const TAKE_IN_REQUEST_AGAIN: &str =
    "INSERT INTO requests VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
     ON CONFLICT DO UPDATE SET
         verdict = excluded.verdict, events = excluded.events, late = excluded.late,
         refused = excluded.refused, provider_event_id = excluded.provider_event_id,
         provider_event_hash = excluded.provider_event_hash, topic = excluded.topic,
         provider_time_us = excluded.provider_time_us
     WHERE excluded.events IS NOT NULL";

/// What is new is inserted. An upsert would do for all, but SQLite opens a temporary table for each of
/// those, which is half of what a row costs.
fn write_requests(transaction: &Connection, changes: &Changes) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(INSERT_REQUEST)?;
    let mut again = transaction.prepare_cached(TAKE_IN_REQUEST_AGAIN)?;
    let mut rows: Vec<(&u64, &RequestRow)> = changes.requests.iter().collect();
    rows.sort_unstable_by_key(|(id, _)| **id);
    for (id, row) in rows {
        let columns = Columns::of(row.decision.as_ref());
        let statement = if changes.is_new(*id) { &mut insert } else { &mut again };
        statement.execute(rusqlite::params![
            *id as i64,
            row.project as i64,
            row.source as i64,
            row.position.to_u64() as i64,
            columns.late.unwrap_or(row.verdict),
            columns.events,
            columns.late.is_some(),
            columns.refused,
            columns.provider_event_id,
            columns.provider_event_id.map(hash_of),
            columns.topic,
            columns.provider_time_us,
            row.method,
        ])?;
    }
    let mut update = transaction.prepare_cached(
        "UPDATE requests SET verdict = coalesce(?2, verdict), events = ?3, late = ?4, refused = ?5,
             provider_event_id = ?6, provider_event_hash = ?7, topic = ?8, provider_time_us = ?9
         WHERE id = ?1",
    )?;
    for (id, decision) in &changes.decided {
        let columns = Columns::of(Some(decision));
        update.execute(rusqlite::params![
            *id as i64,
            columns.late,
            columns.events,
            columns.late.is_some(),
            columns.refused,
            columns.provider_event_id,
            columns.provider_event_id.map(hash_of),
            columns.topic,
            columns.provider_time_us,
        ])?;
    }
    Ok(())
}

/// A decision as the file has it.
#[derive(Default)]
struct Columns<'a> {
    late: Option<u8>,
    events: Option<u32>,
    refused: Option<i64>,
    provider_event_id: Option<&'a str>,
    topic: Option<&'a str>,
    provider_time_us: Option<i64>,
}

impl<'a> Columns<'a> {
    fn of(decision: Option<&'a Decision>) -> Self {
        let Some(Decision { events, late, refused, fields }) = decision else { return Self::default() };
        Self {
            late: *late,
            events: Some(*events),
            refused: refused.map(|position| position.to_u64() as i64),
            provider_event_id: fields.provider_event_id.as_deref(),
            topic: fields.topic.as_deref(),
            provider_time_us: fields.provider_time.map(|time| time.us() as i64),
        }
    }
}

/// A position as a column that may be empty.
fn column(position: Position) -> Option<i64> {
    (position != Position::default()).then(|| position.to_u64() as i64)
}

/// By how much the number of undelivered events grew, by connection and destination.
type Grown = FxHashMap<(u64, u64), i64>;

/// A new event is inserted, a known one updated.
fn write_events(transaction: &Connection, changes: &Changes) -> rusqlite::Result<Grown> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
             ?17, ?18, ?19, ?20, ?21)",
    )?;
    let mut update = transaction.prepare_cached(
        "UPDATE events SET state = ?3, due_us = ?4, by_hand = ?5, attempts = ?6, last_position = ?7,
             last_status = ?8, last_error = ?9, last_at_us = ?10, discarded = ?11, ruled = ?12,
             transformed = ?13, order_key = ?14, revision = ?15, regardless = ?16, overruled = ?17
         WHERE request = ?1 AND connection = ?2",
    )?;
    let mut rows: Vec<(&EventId, &EventChange)> = changes.events.iter().collect();
    rows.sort_unstable_by_key(|(event, _)| **event);
    let mut grown = Grown::default();
    for (event, EventChange { row, before }) in rows {
        let (request, connection) = (event.request.0 as i64, event.connection.0 as i64);
        let (state, due_us, attempts) = (row.state.code(), row.due_us as i64, row.attempts);
        let last_position = row.last_position.to_u64() as i64;
        let last_at_us = row.last_at_us.map(|us| us as i64);
        let revision = row.revision.as_ref().map(revision_column);
        match before {
            None => insert.execute(rusqlite::params![
                request,
                connection,
                row.destination as i64,
                row.project as i64,
                row.source as i64,
                row.position.to_u64() as i64,
                state,
                due_us,
                row.by_hand,
                attempts,
                last_position,
                row.last_status,
                row.last_error,
                last_at_us,
                row.discarded.map(DiscardCause::code),
                column(row.ruled),
                row.transformed,
                row.order.map(|key| key.stored() as i64),
                revision,
                row.regardless,
                column(row.overruled),
            ])?,
            Some(_) => update.execute(rusqlite::params![
                request,
                connection,
                state,
                due_us,
                row.by_hand,
                attempts,
                last_position,
                row.last_status,
                row.last_error,
                last_at_us,
                row.discarded.map(DiscardCause::code),
                column(row.ruled),
                row.transformed,
                row.order.map(|key| key.stored() as i64),
                revision,
                row.regardless,
                column(row.overruled),
            ])?,
        };
        let is_undelivered = i64::from(row.state.is_undelivered());
        let was_undelivered = i64::from(before.is_some_and(|state| state.is_undelivered()));
        if is_undelivered != was_undelivered {
            *grown.entry((event.connection.0, row.destination)).or_default() +=
                is_undelivered - was_undelivered;
        }
    }
    Ok(grown)
}

fn write_undelivered(transaction: &Connection, grown: &Grown) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO undelivered VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((connection, destination), grown) in grown.iter().filter(|(_, grown)| **grown != 0) {
        upsert.execute((*connection as i64, *destination as i64, grown))?;
    }
    Ok(())
}

/// One that is there already came with a request that was routed once more.
fn write_claims(transaction: &Connection, changes: &Changes) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO claims VALUES (?1, ?2, ?3)")?;
    for (connection, ClaimKey(key), request) in &changes.claims {
        insert.execute(rusqlite::params![connection.0 as i64, key, request.0 as i64])?;
    }
    Ok(())
}

/// Applied once more, it changes nothing: of each thing the newest stays.
fn write_delivered(transaction: &Connection, changes: &Changes) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO delivered VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET at_us = excluded.at_us, request = excluded.request
         WHERE excluded.at_us > at_us",
    )?;
    for ((connection, RevisionKey(key)), delivered) in &changes.delivered {
        let (at_us, request) = (delivered.at.us() as i64, delivered.request.0 as i64);
        upsert.execute(rusqlite::params![connection.0 as i64, key, at_us, request])?;
    }
    Ok(())
}
