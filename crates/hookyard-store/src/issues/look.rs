//! What no record says: connections that are disabled, events that wait too long, and time that passes.
//!
//! Each look compares what is with what is stored, so one that is missed is made up for by the next.

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{DestinationId, Generator, RequestId, floor_at};
use hookyard_model::issue::Kind;
use rusqlite::{Connection, params};

use super::fold::{About, Failure, Key};
use super::{KEPT_FOR, REJECTED_WINDOW, apply, outbox};
use crate::catalog::Snapshot;

/// What the causes of backpressure are named; there is one.
const WAITS_TOO_LONG: &str = "undelivered_age";

/// The oldest events that wait too long, by destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) oldest: Vec<(DestinationId, RequestId)>,
    /// Whether all that wait too long were looked at.
    pub(super) is_whole: bool,
}

/// Issues of what was changed in the configuration: those of what was deleted or enabled are resolved, those of
/// connections that their destination had disabled are opened.
pub(super) fn configuration(
    database: &Connection,
    ids: &Generator,
    snapshot: &Snapshot,
    now: Timestamp,
) -> rusqlite::Result<()> {
    for (kind, subject) in unresolved(database)? {
        let is_there = match kind {
            Kind::Delivery | Kind::Transform => snapshot.connections.keys().any(|id| id.0 == subject),
            Kind::Rejected => snapshot.sources.keys().any(|id| id.0 == subject),
            Kind::Backpressure => snapshot.destinations.keys().any(|id| id.0 == subject),
            Kind::Disabled => snapshot.connections.iter().any(|(id, connection)| {
                id.0 == subject
                    && connection.disabled.as_ref().is_some_and(|it| it.cause.is_the_destinations())
            }),
        };
        if !is_there {
            apply::resolve(database, kind, subject, now)?;
        }
    }
    for connection in snapshot.connections.values() {
        let Some(disabled) = connection.disabled.as_ref().filter(|it| it.cause.is_the_destinations()) else {
            continue;
        };
        let Some(about) = About::connection(snapshot, connection.id) else { continue };
        let cause = disabled.cause.name().to_owned();
        let key = Key { kind: Kind::Disabled, subject: connection.id.0, cause };
        // What a person has resolved stays so, until it is disabled once more.
        if apply::find(database, &key)?.is_some_and(|(_, _, last_seen_at)| last_seen_at >= disabled.at) {
            continue;
        }
        let (first_at, last_at) = (disabled.at, disabled.at);
        apply::fail(database, ids, &Failure { key, about, count: 1, first_at, last_at, sample: None })?;
    }
    Ok(())
}

/// Issues of destinations whose events wait for too long.
pub(super) fn waiting(
    database: &Connection,
    ids: &Generator,
    snapshot: &Snapshot,
    waiting: &Waiting,
    now: Timestamp,
) -> rusqlite::Result<()> {
    for (destination, oldest) in &waiting.oldest {
        let Some(found) = snapshot.destinations.get(destination) else { continue };
        let about =
            About { project: found.project, connection: None, source: None, destination: Some(*destination) };
        let key = Key { kind: Kind::Backpressure, subject: destination.0, cause: WAITS_TOO_LONG.to_owned() };
        let is_unresolved =
            apply::find(database, &key)?.is_some_and(|(_, state, _)| state != super::State::Resolved);
        // It is counted once for as long as it lasts.
        let count = u64::from(!is_unresolved);
        let sample = Some(*oldest);
        apply::fail(database, ids, &Failure { key, about, count, first_at: now, last_at: now, sample })?;
    }
    if !waiting.is_whole {
        return Ok(());
    }
    for (kind, subject) in unresolved(database)? {
        let still_waits = waiting.oldest.iter().any(|(destination, _)| destination.0 == subject);
        if kind == Kind::Backpressure && !still_waits {
            apply::resolve(database, kind, subject, now)?;
        }
    }
    Ok(())
}

/// What time alone changes: a window passed without too many rejected requests, and what is old is forgotten.
pub(super) fn time(database: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let us = |at: Timestamp| at.us().cast_signed();
    let quiet_since = us(now.minus(REJECTED_WINDOW));
    apply::resolved(database, RESOLVE_REJECTED, params![us(now), quiet_since], now)?;
    database.prepare_cached("DELETE FROM rejections WHERE since_us <= ?1")?.execute([quiet_since])?;
    let forgotten = database
        .prepare_cached("DELETE FROM issues WHERE state = 'resolved' AND resolved_at_us < ?1")?
        .execute([us(now.minus(KEPT_FOR))])?;
    if forgotten > 0 {
        outbox::forget(database)?;
    }
    Ok(())
}

/// Ids of requests that arrived longer ago than an age are smaller than this.
pub(super) fn older_than(now: Timestamp, age: std::time::Duration) -> u64 {
    floor_at(now.minus(age))
}

fn unresolved(database: &Connection) -> rusqlite::Result<Vec<(Kind, u64)>> {
    let mut statement =
        database.prepare_cached("SELECT DISTINCT kind, subject FROM issues WHERE state <> 'resolved'")?;
    let rows = statement.query_map([], |row| {
        Ok((Kind::from_name(&row.get::<_, String>(0)?), row.get::<_, i64>(1)?.cast_unsigned()))
    })?;
    rows.filter_map(|row| row.map(|(kind, subject)| Some((kind?, subject))).transpose()).collect()
}

const RESOLVE_REJECTED: &str = "
    UPDATE issues SET state = 'resolved', resolved_at_us = ?1, resolved_by = 'itself'
    WHERE kind = 'rejected' AND state <> 'resolved' AND last_seen_us <= ?2 RETURNING id";
