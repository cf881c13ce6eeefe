//! What becomes of issues when something was seen. Every function works within the caller's transaction.

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{ConnectionId, Generator, IssueId};
use hookyard_model::issue::Kind;
use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashSet;

use super::fold::{Failure, Key, Seen, Watched};
use super::{REJECTED_WINDOW, ResolvedBy, State, outbox};
use crate::alerts::News;
use crate::journal::record::Position;

/// How far the journal was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) position: Position,
    /// The id of the last record before that.
    pub(super) record: u64,
}

impl Applied {
    pub(super) fn load(database: &Connection) -> rusqlite::Result<Option<Self>> {
        let read = |row: &rusqlite::Row<'_>| {
            let position = Position::from_u64(row.get::<_, i64>(0)?.cast_unsigned());
            Ok(Self { position, record: row.get::<_, i64>(1)?.cast_unsigned() })
        };
        database.query_row("SELECT position, record FROM applied", [], read).optional()
    }

    pub(super) fn store(self, database: &Connection) -> rusqlite::Result<()> {
        let parameters = params![self.position.to_u64().cast_signed(), self.record.cast_signed()];
        database
            .prepare_cached("INSERT OR REPLACE INTO applied (only, position, record) VALUES (1, ?1, ?2)")?
            .execute(parameters)?;
        Ok(())
    }
}

impl Watched {
    /// As the database has it.
    pub(super) fn load(database: &Connection) -> rusqlite::Result<Self> {
        let connections = |kind: Kind| -> rusqlite::Result<FxHashSet<ConnectionId>> {
            let mut statement = database
                .prepare_cached("SELECT subject FROM issues WHERE kind = ?1 AND state <> 'resolved'")?;
            let rows = statement
                .query_map([kind.name()], |row| Ok(ConnectionId(row.get::<_, i64>(0)?.cast_unsigned())))?;
            rows.collect()
        };
        Ok(Self { delivery: connections(Kind::Delivery)?, transform: connections(Kind::Transform)? })
    }
}

/// How many issues are open.
pub(super) fn count_open(database: &Connection) -> rusqlite::Result<u64> {
    let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0).map(i64::cast_unsigned);
    database.prepare_cached("SELECT count(*) FROM issues WHERE state = 'open'")?.query_row([], count)
}

/// Applies what the journal's records said, in their order.
pub(super) fn apply(
    database: &Connection,
    ids: &Generator,
    rejected_max: u32,
    seen: &[Seen],
) -> rusqlite::Result<()> {
    for seen in seen {
        match seen {
            Seen::Failed(failure) => fail(database, ids, failure)?,
            Seen::Rejected(failure) => reject(database, ids, rejected_max, failure)?,
            Seen::Succeeded { kind, connection, at } => {
                resolve(database, *kind, connection.0, *at)?;
            }
        }
    }
    Ok(())
}

/// The issue of a key as it stands, and when it was last seen.
pub(super) fn find(
    database: &Connection,
    key: &Key,
) -> rusqlite::Result<Option<(IssueId, State, Timestamp)>> {
    let read = |row: &rusqlite::Row<'_>| {
        let state: String = row.get(1)?;
        let last_seen_at = Timestamp::from_us(row.get::<_, i64>(2)?.cast_unsigned());
        let id = IssueId(row.get::<_, i64>(0)?.cast_unsigned());
        Ok((id, State::from_name(&state).unwrap_or(State::Open), last_seen_at))
    };
    database
        .prepare_cached(
            "SELECT id, state, last_seen_us FROM issues WHERE kind = ?1 AND subject = ?2 AND cause = ?3",
        )?
        .query_row(params![key.kind.name(), key.subject.cast_signed(), key.cause], read)
        .optional()
}

/// Opens an issue, opens it again, or counts it.
pub(super) fn fail(database: &Connection, ids: &Generator, failure: &Failure) -> rusqlite::Result<()> {
    let Some((id, state, _)) = find(database, &failure.key)? else { return open(database, ids, failure) };
    let sql = if state == State::Resolved { REOPEN } else { COUNT };
    database.prepare_cached(sql)?.execute(params![
        id.0.cast_signed(),
        failure.count.cast_signed(),
        failure.last_at.us().cast_signed(),
        failure.sample.map(|id| id.0.cast_signed()),
    ])?;
    if state == State::Resolved {
        outbox::push(database, id.0, News::Reopened, failure.last_at)?;
    }
    Ok(())
}

fn open(database: &Connection, ids: &Generator, failure: &Failure) -> rusqlite::Result<()> {
    let Failure { key, about, count, first_at, last_at, sample } = failure;
    let id = ids.next(*last_at);
    database.prepare_cached(OPEN)?.execute(params![
        id.cast_signed(),
        about.project.0.cast_signed(),
        key.kind.name(),
        key.subject.cast_signed(),
        key.cause,
        about.connection.map(|id| id.0.cast_signed()),
        about.source.map(|id| id.0.cast_signed()),
        about.destination.map(|id| id.0.cast_signed()),
        count.cast_signed(),
        first_at.us().cast_signed(),
        last_at.us().cast_signed(),
        sample.map(|id| id.0.cast_signed()),
    ])?;
    outbox::push(database, id, News::Opened, *last_at)
}

/// Counts a rejected request; beyond the limit it is a failure, with those before it.
fn reject(
    database: &Connection,
    ids: &Generator,
    rejected_max: u32,
    failure: &Failure,
) -> rusqlite::Result<()> {
    let Key { subject, cause, .. } = &failure.key;
    let window_start = failure.last_at.minus(REJECTED_WINDOW).us().cast_signed();
    let parameters = params![subject.cast_signed(), cause, failure.last_at.us().cast_signed(), window_start];
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?));
    let (count, since_us) = database.prepare_cached(COUNT_REJECTION)?.query_row(parameters, read)?;
    let limit = u64::from(rejected_max);
    if count <= limit {
        return Ok(());
    }
    let first_at = Timestamp::from_us(since_us.cast_unsigned());
    let count = if count == limit + 1 { count } else { 1 };
    fail(database, ids, &Failure { count, first_at, ..failure.clone() })
}

/// Resolves all that is unresolved of this kind about something.
pub(super) fn resolve(
    database: &Connection,
    kind: Kind,
    subject: u64,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let by = ResolvedBy::Itself.name();
    let parameters = params![kind.name(), subject.cast_signed(), at.us().cast_signed(), by];
    resolved(database, RESOLVE, parameters, at)
}

/// Runs a statement that resolves issues and returns their ids.
pub(super) fn resolved(
    database: &Connection,
    statement: &str,
    parameters: impl rusqlite::Params,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let mut statement = database.prepare_cached(statement)?;
    let ids: Vec<i64> =
        statement.query_map(parameters, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for id in ids {
        outbox::push(database, id.cast_unsigned(), News::Resolved, at)?;
    }
    Ok(())
}

const OPEN: &str = "
    INSERT INTO issues (id, project, kind, subject, cause, connection, source, destination, state, count, reopened,
                        first_seen_us, last_seen_us, sample_request)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', ?9, 0, ?10, ?11, ?12)";

const COUNT: &str = "
    UPDATE issues SET count = count + ?2, last_seen_us = ?3, sample_request = ?4 WHERE id = ?1";

const REOPEN: &str = "
    UPDATE issues SET state = 'open', reopened = reopened + 1, count = count + ?2, last_seen_us = ?3,
        sample_request = ?4, acknowledged_at_us = NULL, resolved_at_us = NULL, resolved_by = NULL
    WHERE id = ?1";

const RESOLVE: &str = "
    UPDATE issues SET state = 'resolved', resolved_at_us = ?3, resolved_by = ?4
    WHERE kind = ?1 AND subject = ?2 AND state <> 'resolved' RETURNING id";

const COUNT_REJECTION: &str = "
    INSERT INTO rejections (source, cause, since_us, count) VALUES (?1, ?2, ?3, 1)
    ON CONFLICT (source, cause) DO UPDATE SET
        count = CASE WHEN since_us <= ?4 THEN 1 ELSE count + 1 END,
        since_us = CASE WHEN since_us <= ?4 THEN ?3 ELSE since_us END
    RETURNING count, since_us";
