//! The database of series. Every function works within the caller's transaction, or on its own.
//!
//! A row has what was counted for a subject in a span of ten seconds, or of a minute. It is a statistic, so a database
//! that is damaged is thrown away.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};

use super::counts::{Counts, Gauges, SPAN_S, Span, Subject};
use super::histogram::Histogram;
use crate::journal::record::Position;

const FILE: &str = "series.sqlite";
const VERSION: u32 = 1;
/// The length of the longer spans, in seconds.
pub(super) const MINUTE_S: u64 = 60;
/// Rows that are deleted at a time where there are too many.
const DELETED_AT_A_TIME: u64 = 10_000;

/// `step` is how long the span is and `at` where it begins, both in seconds; `kind` and `subject` say what of. `latest`
/// columns are how it stood when somebody looked last.
const SCHEMA: &str = "
    CREATE TABLE applied (only INTEGER PRIMARY KEY CHECK (only = 1), position INTEGER NOT NULL) STRICT;
    CREATE TABLE counts (
        kind INTEGER NOT NULL,
        subject INTEGER NOT NULL,
        step INTEGER NOT NULL,
        at INTEGER NOT NULL,
        requests_accepted INTEGER NOT NULL,
        requests_rejected INTEGER NOT NULL,
        events INTEGER NOT NULL,
        discarded INTEGER NOT NULL,
        attempts_successful INTEGER NOT NULL,
        attempts_failed INTEGER NOT NULL,
        delivery BLOB NOT NULL,
        attempt BLOB NOT NULL,
        undelivered INTEGER,
        oldest_undelivered_ms INTEGER,
        disk_bytes INTEGER,
        PRIMARY KEY (kind, subject, step, at)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX counts_by_time ON counts (step, at);
";

const COLUMNS: &str = "requests_accepted, requests_rejected, events, discarded, attempts_successful, \
    attempts_failed, delivery, attempt, undelivered, oldest_undelivered_ms, disk_bytes";

/// Opens the database, or makes it to begin at `end`; how far the journal was read for it.
pub(super) fn open(directory: &Path, end: Position) -> rusqlite::Result<(Connection, Position)> {
    let path = directory.join(FILE);
    match try_open(&path, end) {
        Err(error) if is_damage(&error) => {
            tracing::error!(%error, "the database of series is damaged; it is thrown away, and counting begins anew");
            for suffix in ["", "-wal", "-shm"] {
                let mut name = path.clone().into_os_string();
                name.push(suffix);
                let _ = std::fs::remove_file(name);
            }
            try_open(&path, end)
        }
        opened => opened,
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    let of_code =
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase));
    of_code || matches!(error, rusqlite::Error::InvalidQuery)
}

fn try_open(path: &Path, end: Position) -> rusqlite::Result<(Connection, Position)> {
    let mut database = Connection::open(path)?;
    // What a crash of the machine takes from it is read from the journal again.
    database.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    let version: u32 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        0 => {
            let tx = database.transaction()?;
            tx.execute_batch(SCHEMA)?;
            store_applied(&tx, end)?;
            tx.pragma_update(None, "user_version", VERSION)?;
            tx.commit()?;
        }
        VERSION => {}
        // Of a version to come, whose tables nobody here knows.
        _ => return Err(rusqlite::Error::InvalidQuery),
    }
    let position = database.query_row("SELECT position FROM applied", [], |row| row.get::<_, i64>(0))?;
    Ok((database, Position::from_u64(position.cast_unsigned())))
}

/// Notes how far the journal was read.
pub(super) fn store_applied(database: &Connection, position: Position) -> rusqlite::Result<()> {
    database
        .prepare_cached("INSERT OR REPLACE INTO applied (only, position) VALUES (1, ?1)")?
        .execute([position.to_u64().cast_signed()])?;
    Ok(())
}

/// How many rows there are by the minute, but those of projects: all others are kept for their time only.
pub(super) fn count_rows(database: &Connection) -> rusqlite::Result<u64> {
    let count = |row: &Row<'_>| row.get::<_, i64>(0).map(i64::cast_unsigned);
    database.query_row(
        "SELECT count(*) FROM counts WHERE kind <> 0 AND step = ?1",
        [MINUTE_S.cast_signed()],
        count,
    )
}

fn counts(row: &Row<'_>, first: usize) -> rusqlite::Result<Counts> {
    let number = |column: usize| row.get::<_, i64>(first + column).map(i64::cast_unsigned);
    let optional = |column: usize| {
        row.get::<_, Option<i64>>(first + column).map(|number| number.map(i64::cast_unsigned))
    };
    let histogram = |column: usize| -> rusqlite::Result<Histogram> {
        Ok(Histogram::decode(row.get_ref(first + column)?.as_blob()?))
    };
    Ok(Counts {
        requests_accepted: number(0)?,
        requests_rejected: number(1)?,
        events: number(2)?,
        discarded: number(3)?,
        attempts_successful: number(4)?,
        attempts_failed: number(5)?,
        delivery: histogram(6)?,
        attempt: histogram(7)?,
        gauges: Gauges {
            undelivered: optional(8)?,
            oldest_undelivered_ms: optional(9)?,
            disk_bytes: optional(10)?,
        },
    })
}

/// Adds what was counted in a span, both to that and to its minute; whether that has a new row, other than a project's.
pub(super) fn add(
    database: &Connection,
    (span, subject): (Span, Subject),
    counted: &Counts,
) -> rusqlite::Result<bool> {
    let Span(at) = span;
    add_to(database, subject, (SPAN_S, at), counted)?;
    let is_new = add_to(database, subject, (MINUTE_S, at - at % MINUTE_S), counted)?;
    Ok(is_new && !matches!(subject, Subject::Project(_)))
}

fn add_to(
    database: &Connection,
    subject: Subject,
    (step, at): (u64, u64),
    counted: &Counts,
) -> rusqlite::Result<bool> {
    let (kind, id) = subject.stored();
    let key = (kind, id.cast_signed(), step.cast_signed(), at.cast_signed());
    let known = database
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM counts WHERE kind = ?1 AND subject = ?2 AND step = ?3 AND at = ?4"
        ))?
        .query_row(key, |row| counts(row, 0))
        .optional()?;
    let is_new = known.is_none();
    let mut all = known.unwrap_or_default();
    all.merge(counted);
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let Gauges { undelivered, oldest_undelivered_ms, disk_bytes } = all.gauges;
    database
        .prepare_cached(&format!(
            "INSERT OR REPLACE INTO counts (kind, subject, step, at, {COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
        ))?
        .execute(params![
            key.0,
            key.1,
            key.2,
            key.3,
            number(all.requests_accepted),
            number(all.requests_rejected),
            number(all.events),
            number(all.discarded),
            number(all.attempts_successful),
            number(all.attempts_failed),
            all.delivery.encode(),
            all.attempt.encode(),
            undelivered.map(number),
            oldest_undelivered_ms.map(number),
            disk_bytes.map(number),
        ])?;
    Ok(is_new)
}

/// What was counted for a subject in the spans of a step that begin from `from` to before `to`, by their beginning.
pub(super) fn range(
    database: &Connection,
    subject: Subject,
    step: u64,
    (from, to): (u64, u64),
) -> rusqlite::Result<Vec<(u64, Counts)>> {
    let (kind, id) = subject.stored();
    let mut statement = database.prepare_cached(&format!(
        "SELECT at, {COLUMNS} FROM counts
         WHERE kind = ?1 AND subject = ?2 AND step = ?3 AND at >= ?4 AND at < ?5 ORDER BY at"
    ))?;
    let key = (kind, id.cast_signed(), step.cast_signed(), from.cast_signed(), to.cast_signed());
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.cast_unsigned(), counts(row, 1)?));
    statement.query_map(key, read)?.collect()
}

/// What was counted for all subjects in the shortest spans from `from` on.
pub(super) fn since(database: &Connection, Span(from): Span) -> rusqlite::Result<Vec<(Subject, Counts)>> {
    let mut statement = database.prepare_cached(&format!(
        "SELECT kind, subject, {COLUMNS} FROM counts INDEXED BY counts_by_time
         WHERE step = ?1 AND at >= ?2 ORDER BY at"
    ))?;
    let read = |row: &Row<'_>| {
        let subject = Subject::from_stored(row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned());
        Ok(subject.map(|subject| counts(row, 2).map(|counts| (subject, counts))))
    };
    let rows = statement.query_map((SPAN_S.cast_signed(), from.cast_signed()), read)?;
    rows.filter_map(Result::transpose).map(Result::flatten).collect()
}

/// Deletes what is older than these times, in seconds, and the oldest minutes' rows beyond the bound, some at a time;
/// how many of those are left.
pub(super) fn prune(
    database: &Connection,
    (spans_from, minutes_from): (u64, u64),
    rows: u64,
    rows_max: u64,
) -> rusqlite::Result<u64> {
    for (step, of_projects, from) in
        [(SPAN_S, true, spans_from), (SPAN_S, false, spans_from), (MINUTE_S, true, minutes_from)]
    {
        delete_before(database, step, from, of_projects)?;
    }
    let mut rows = rows.saturating_sub(delete_before(database, MINUTE_S, minutes_from, false)?);
    let excess = rows.saturating_sub(rows_max).min(DELETED_AT_A_TIME);
    if excess > 0 {
        let cut = database
            .prepare_cached(
                "SELECT at FROM counts WHERE step = ?1 AND kind <> 0 ORDER BY at LIMIT 1 OFFSET ?2",
            )?
            .query_row((MINUTE_S.cast_signed(), (excess - 1).cast_signed()), |row| row.get::<_, i64>(0))
            .optional()?;
        if let Some(cut) = cut {
            rows = rows.saturating_sub(delete_before(database, MINUTE_S, cut.cast_unsigned() + 1, false)?);
        }
    }
    Ok(rows)
}

fn delete_before(database: &Connection, step: u64, before: u64, of_projects: bool) -> rusqlite::Result<u64> {
    let deleted = database
        .prepare_cached("DELETE FROM counts WHERE step = ?1 AND at < ?2 AND (kind = 0) = ?3")?
        .execute((step.cast_signed(), before.cast_signed(), of_projects))?;
    Ok(deleted as u64)
}
