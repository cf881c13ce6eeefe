//! From what became of issues to what alerts tell of it. Every function but the last ones works within the caller's
//! transaction.

use std::sync::Arc;

use hookyard_model::alert::Alert;
use hookyard_model::clock::Timestamp;
use hookyard_model::id::{AlertId, ConnectionId, IssueId};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Issue;
use super::stored::find_any;
use super::telling::State;
use crate::alerts::{Due, Mark, News, Telling};
use crate::catalog::Snapshot;

/// News that is dealt out in one transaction.
const DEALT_AT_ONCE_MAX: u32 = 500;

/// Puts into the outbox what became of an issue.
pub(super) fn push(database: &Connection, issue: u64, news: News, at: Timestamp) -> rusqlite::Result<()> {
    let parameters = params![issue.cast_signed(), news.name(), at.us().cast_signed()];
    database
        .prepare_cached("INSERT INTO outbox (issue, news, at_us) VALUES (?1, ?2, ?3)")?
        .execute(parameters)?;
    Ok(())
}

/// Drops the oldest news beyond a number. The newest one's place, and how many were dropped.
pub(super) fn bound(database: &Connection, rows_max: u32) -> rusqlite::Result<(u64, usize)> {
    let newest: Option<i64> = database
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let newest = newest.unwrap_or_default();
    let dropped = database
        .prepare_cached("DELETE FROM outbox WHERE id <= ?1")?
        .execute([newest - i64::from(rows_max)])?;
    Ok((newest.cast_unsigned(), dropped))
}

/// Forgets what was told of issues that are forgotten.
pub(super) fn forget(database: &Connection) -> rusqlite::Result<()> {
    database.execute("DELETE FROM tellings WHERE issue NOT IN (SELECT id FROM issues)", [])?;
    Ok(())
}

/// Deals out the oldest of what became of issues to the alerts that it concerns.
fn deal(database: &Connection, snapshot: &Snapshot, now: Timestamp) -> rusqlite::Result<()> {
    let read = |row: &Row<'_>| {
        let news = named(row, 2)?;
        let at = Timestamp::from_us(row.get::<_, i64>(3)?.cast_unsigned());
        Ok((row.get::<_, i64>(0)?, IssueId(row.get::<_, i64>(1)?.cast_unsigned()), news, at))
    };
    let mut statement =
        database.prepare_cached("SELECT id, issue, news, at_us FROM outbox ORDER BY id LIMIT ?1")?;
    let rows: Vec<_> = statement.query_map([DEALT_AT_ONCE_MAX], read)?.collect::<rusqlite::Result<_>>()?;
    for (_, id, news, at) in &rows {
        let Some(issue) = find_any(database, *id)? else { continue };
        for alert in snapshot.alerts.values().filter(|alert| concerns(alert, &issue, snapshot)) {
            let mut state = load(database, alert.id, *id)?.unwrap_or_default();
            state.take_in(*news, *at, now, alert.interval, alert.resolutions);
            store(database, alert.id, *id, &state)?;
        }
    }
    let Some((last, ..)) = rows.last() else { return Ok(()) };
    database.prepare_cached("DELETE FROM outbox WHERE id <= ?1")?.execute([last])?;
    Ok(())
}

/// Whether an alert tells of an issue. One that is about a source or a destination is on the way of each of its
/// connections.
fn concerns(alert: &Alert, issue: &Issue, snapshot: &Snapshot) -> bool {
    let is_on_the_way = |id: &ConnectionId| match issue.connection {
        Some(about) => *id == about,
        None => snapshot.connections.get(id).is_some_and(|connection| {
            issue.source == Some(connection.source) || issue.destination == Some(connection.destination)
        }),
    };
    alert.enabled
        && alert.project == issue.project
        && alert.on.contains(&issue.kind)
        && (alert.connections.is_empty() || alert.connections.iter().any(is_on_the_way))
}

/// Deals out everything; `is_new` where the configuration has changed since.
pub(super) fn deal_out(
    database: &mut Connection,
    snapshot: &Snapshot,
    now: Timestamp,
    is_new: bool,
) -> rusqlite::Result<()> {
    if is_new {
        let tx = begin(database)?;
        forget_alerts(&tx, snapshot)?;
        hurry(&tx, snapshot, now)?;
        tx.commit()?;
    }
    while database.prepare_cached("SELECT 1 FROM outbox LIMIT 1")?.exists([])? {
        let tx = begin(database)?;
        deal(&tx, snapshot, now)?;
        tx.commit()?;
    }
    Ok(())
}

/// What is due, one thing for each alert that is not `busy`.
pub(super) fn due(
    database: &Connection,
    snapshot: &Snapshot,
    busy: &FxHashSet<AlertId>,
    now: Timestamp,
) -> rusqlite::Result<Due> {
    let mut due = Due::default();
    let mut statement = database.prepare_cached(NEXT_OF_EACH)?;
    let first = |row: &Row<'_>| {
        let number = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
        Ok((AlertId(number(0)?), IssueId(number(1)?), Timestamp::from_us(number(2)?)))
    };
    for row in statement.query_map([], first)? {
        let (alert, issue, due_at) = row?;
        let found = snapshot.alerts.get(&alert).filter(|alert| !busy.contains(&alert.id));
        let Some(alert) = found else { continue };
        if due_at > now {
            due.next_at = Some(due.next_at.map_or(due_at, |next| next.min(due_at)));
            continue;
        }
        due.tellings.extend(telling(database, alert, issue, now)?);
    }
    Ok(due)
}

/// What an alert tells of an issue next.
fn telling(
    database: &Connection,
    alert: &Arc<Alert>,
    issue: IssueId,
    now: Timestamp,
) -> rusqlite::Result<Option<Telling>> {
    let Some(issue) = find_any(database, issue)? else { return Ok(None) };
    let Some(state) = load(database, alert.id, issue.id)? else { return Ok(None) };
    let Some(news) = state.next() else { return Ok(None) };
    let opening_at = state.opening.map(|(_, at)| at);
    let happened_at = opening_at.or(issue.resolved.map(|(at, _)| at)).unwrap_or(now);
    let State { openings, number, tries, since, .. } = state;
    Ok(Some(Telling { alert: Arc::clone(alert), issue, news, happened_at, openings, number, tries, since }))
}

/// Forgets what alerts have told that are gone, and of those that are disabled what they had to tell.
fn forget_alerts(tx: &Transaction<'_>, snapshot: &Snapshot) -> rusqlite::Result<()> {
    let listed = |ids: Vec<String>| ids.join(", ");
    let all = listed(snapshot.alerts.keys().map(|id| id.0.cast_signed().to_string()).collect());
    let enabled = snapshot.alerts.values().filter(|alert| alert.enabled);
    let enabled = listed(enabled.map(|alert| alert.id.0.cast_signed().to_string()).collect());
    tx.execute_batch(&format!(
        "DELETE FROM marks WHERE alert NOT IN ({all}); DELETE FROM tellings WHERE alert NOT IN ({enabled});"
    ))
}

/// What failed is tried again at once where a person has changed its alert since: that may have mended it.
fn hurry(tx: &Transaction<'_>, snapshot: &Snapshot, now: Timestamp) -> rusqlite::Result<()> {
    for alert in snapshot.alerts.values() {
        let (id, us) = (alert.id.0.cast_signed(), |at: Timestamp| at.us().cast_signed());
        tx.prepare_cached(HURRY)?.execute(params![id, us(now), us(alert.updated_at)])?;
    }
    Ok(())
}

/// Changes how it stands between an alert and an issue, and notes how telling went.
pub(super) fn settle(
    database: &mut Connection,
    telling: &Telling,
    mark: &Mark,
    change: impl FnOnce(&mut State),
) -> rusqlite::Result<()> {
    let tx = begin(database)?;
    if let Some(mut state) = load(&tx, telling.alert.id, telling.issue.id)?
        && state.number == telling.number
    {
        change(&mut state);
        store(&tx, telling.alert.id, telling.issue.id, &state)?;
    }
    let (error_at, error) = mark.error.clone().unzip();
    tx.prepare_cached(MARK)?.execute(params![
        telling.alert.id.0.cast_signed(),
        mark.sent_at.map(|at| at.us().cast_signed()),
        error,
        error_at.map(|at| at.us().cast_signed()),
    ])?;
    tx.commit()
}

/// How telling went, by alert.
pub(super) fn marks(database: &Connection) -> rusqlite::Result<FxHashMap<AlertId, Mark>> {
    let mut statement = database.prepare_cached("SELECT alert, sent_us, error, error_us FROM marks")?;
    let rows = statement.query_map([], |row| {
        let time = |at: usize| {
            row.get::<_, Option<i64>>(at).map(|us| us.map(|us| Timestamp::from_us(us.cast_unsigned())))
        };
        let mark = Mark { sent_at: time(1)?, error: time(3)?.zip(row.get(2)?) };
        Ok((AlertId(row.get::<_, i64>(0)?.cast_unsigned()), mark))
    })?;
    rows.collect()
}

fn begin(database: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    database.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn load(database: &Connection, alert: AlertId, issue: IssueId) -> rusqlite::Result<Option<State>> {
    let read = |row: &Row<'_>| {
        let number = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
        let opening = if row.get_ref(1)?.as_str_or_null()?.is_some() { Some(named(row, 1)?) } else { None };
        let told_us: Option<i64> = row.get(8)?;
        Ok(State {
            number: number(0)?,
            opening: opening.zip(Some(Timestamp::from_us(number(2)?))),
            resolution: row.get(3)?,
            openings: number(4)?,
            due_at: Timestamp::from_us(number(5)?),
            since: Timestamp::from_us(number(6)?),
            tries: row.get(7)?,
            told_at: told_us.map(|us| Timestamp::from_us(us.cast_unsigned())),
            is_told: row.get(9)?,
        })
    };
    let parameters = params![alert.0.cast_signed(), issue.0.cast_signed()];
    database.prepare_cached(LOAD)?.query_row(parameters, read).optional()
}

fn store(database: &Connection, alert: AlertId, issue: IssueId, state: &State) -> rusqlite::Result<()> {
    let us = |at: Timestamp| at.us().cast_signed();
    database.prepare_cached(STORE)?.execute(params![
        alert.0.cast_signed(),
        issue.0.cast_signed(),
        state.number.cast_signed(),
        state.opening.map(|(news, _)| news.name()),
        state.opening.map_or(0, |(_, at)| us(at)),
        state.resolution,
        state.openings.cast_signed(),
        us(state.due_at),
        us(state.since),
        state.tries,
        state.told_at.map(us),
        state.is_told,
    ])?;
    Ok(())
}

fn named(row: &Row<'_>, column: usize) -> rusqlite::Result<News> {
    let name: String = row.get(column)?;
    News::from_name(&name).ok_or_else(|| {
        let why = format!("unknown name `{name}`");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
    })
}

/// SQLite takes the other columns from the row with the minimum (https://sqlite.org/lang_select.html#bareagg).
const NEXT_OF_EACH: &str = "
    SELECT alert, issue, min(due_us) FROM tellings WHERE opening IS NOT NULL OR resolution = 1 GROUP BY alert";

const LOAD: &str = "
    SELECT number, opening, opening_us, resolution, openings, due_us, since_us, tries, told_us, is_told
    FROM tellings WHERE alert = ?1 AND issue = ?2";

const STORE: &str = "
    INSERT OR REPLACE INTO tellings (alert, issue, number, opening, opening_us, resolution, openings, due_us, since_us,
                                     tries, told_us, is_told)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

const HURRY: &str = "
    UPDATE tellings SET due_us = ?2
    WHERE alert = ?1 AND tries > 0 AND due_us > ?2
        AND EXISTS (SELECT 1 FROM marks WHERE marks.alert = ?1 AND error_us < ?3)";

const MARK: &str = "
    INSERT INTO marks (alert, sent_us, error, error_us) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (alert) DO UPDATE SET
        sent_us = coalesce(excluded.sent_us, sent_us), error = excluded.error, error_us = excluded.error_us";
