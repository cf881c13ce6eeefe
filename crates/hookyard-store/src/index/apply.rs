//! From rows to files: one transaction for each partition that changes, the newest one last.

use rusqlite::Connection;

use super::Applied;
use super::fold::{Changes, EventChange, RequestRow};
use super::partition::{meta, set_applied, set_meta};
use hookyard_model::id::EventId;

/// Writes a run's changes to one partition, all or nothing. With `applied`, also how far the index has
/// come. Answers by how much the number of undelivered events grew.
pub(crate) fn apply(
    connection: &mut Connection,
    changes: &Changes,
    applied: Option<Applied>,
) -> rusqlite::Result<i64> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let grown = {
        write_requests(&transaction, changes)?;
        let grown = write_events(&transaction, changes)?;
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

fn write_requests(transaction: &Connection, changes: &Changes) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO requests (id, project, source, position, cause, events) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET events = coalesce(excluded.events, events)",
    )?;
    let mut rows: Vec<(&u64, &RequestRow)> = changes.requests.iter().collect();
    rows.sort_unstable_by_key(|(id, _)| **id);
    for (id, row) in rows {
        insert.execute((
            *id as i64,
            row.project as i64,
            row.source as i64,
            row.position.to_u64() as i64,
            row.cause,
            row.events,
        ))?;
    }
    let mut update = transaction.prepare_cached("UPDATE requests SET events = ?2 WHERE id = ?1")?;
    for (id, events) in &changes.routed {
        update.execute((*id as i64, events))?;
    }
    Ok(())
}

/// A new event is inserted, a known one updated. An upsert would do for both, but SQLite opens a
/// temporary table for each of those, which is half of what a row costs.
fn write_events(transaction: &Connection, changes: &Changes) -> rusqlite::Result<i64> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    let mut update = transaction.prepare_cached(
        "UPDATE events SET state = ?3, due_us = ?4, by_hand = ?5, attempts = ?6, last_position = ?7,
             last_status = ?8, last_error = ?9, last_at_us = ?10
         WHERE request = ?1 AND connection = ?2",
    )?;
    let mut rows: Vec<(&EventId, &EventChange)> = changes.events.iter().collect();
    rows.sort_unstable_by_key(|(event, _)| **event);
    let mut grown = 0;
    for (event, EventChange { row, before }) in rows {
        let (request, connection) = (event.request.0 as i64, event.connection.0 as i64);
        let (state, due_us, attempts) = (row.state.code(), row.due_us as i64, row.attempts);
        let last_position = row.last_position.to_u64() as i64;
        let last_at_us = row.last_at_us.map(|us| us as i64);
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
            ])?,
        };
        grown += i64::from(row.state.is_undelivered());
        grown -= i64::from(before.is_some_and(|state| state.is_undelivered()));
    }
    Ok(grown)
}
