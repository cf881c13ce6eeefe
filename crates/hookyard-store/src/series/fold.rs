//! What the journal's records say that is to be counted. Nothing here looks anything up but in the configuration.

use std::time::Duration;

use bytes::Bytes;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, ProjectId, SourceId, made_at};

use super::counts::{Pending, Subject};
use crate::catalog::Snapshot;
use crate::journal::record::Kind;
use crate::stored::changed::Changed;
use crate::stored::refused::Refused;
use crate::stored::request::{self, verdict};
use crate::stored::routed::Routed;
use crate::stored::{Undecodable, attempt};

/// Takes in the next record.
pub(super) fn record(
    pending: &mut Pending,
    snapshot: &Snapshot,
    (kind, version, id): (Kind, u8, u64),
    payload: Bytes,
) -> Result<(), Undecodable> {
    let at = made_at(id);
    match kind {
        Kind::Request => {
            let outline = request::outline(&payload)?;
            let subjects = of_source(outline.project, outline.source);
            if request::proof_of(outline.verdict).is_some() {
                pending.add(at, subjects, |counts| counts.requests_accepted += 1);
            } else if !matches!(outline.verdict, verdict::PENDING | verdict::HANDSHAKE) {
                pending.add(at, subjects, |counts| counts.requests_rejected += 1);
            }
        }
        Kind::Refused => {
            let Refused { source, .. } = Refused::decode(payload)?;
            let Some(project) = snapshot.sources.get(&source).map(|source| source.project) else {
                return Ok(());
            };
            pending.add(at, of_source(project, Some(source)), |counts| counts.requests_rejected += 1);
        }
        Kind::Routed => {
            let routed = Routed::decode(version, payload)?;
            if routed.proof.is_some() {
                let subjects = of_source(routed.project, Some(routed.source));
                pending.add(at, subjects, |counts| counts.requests_accepted += 1);
            }
            for leg in &routed.events {
                let subjects = [
                    Subject::Project(routed.project),
                    Subject::Source(routed.source),
                    Subject::Connection(leg.connection),
                    Subject::Destination(leg.destination),
                ];
                let discarded = u64::from(leg.ruling.discarded.is_some());
                pending.add(at, subjects, |counts| {
                    counts.events += 1;
                    counts.discarded += discarded;
                });
            }
        }
        Kind::Attempt => attempted(pending, snapshot, &attempt::outline(&payload)?, at),
        Kind::Changed => {
            let changed = Changed::decode(version, payload)?;
            if changed.discarded.is_some() {
                let subjects = of_connection(snapshot, changed.event.connection);
                pending.add(at, subjects, |counts| counts.discarded += 1);
            }
        }
        // Its events were counted when they were made.
        Kind::Replayed => {}
    }
    Ok(())
}

fn attempted(
    pending: &mut Pending,
    snapshot: &Snapshot,
    outline: &attempt::Outline,
    at: hookyard_model::clock::Timestamp,
) {
    let connection = outline.event.connection;
    let source = snapshot.connections.get(&connection).map(|connection| Subject::Source(connection.source));
    let others = [
        Subject::Project(outline.project),
        Subject::Connection(connection),
        Subject::Destination(outline.destination),
    ];
    let is_successful = outline.state == EventState::Successful;
    let ended_at = outline.started_at.plus(outline.duration);
    let delivered_after: Duration = ended_at.since(made_at(outline.event.request.0));
    pending.add(at, source.into_iter().chain(others), |counts| {
        counts.attempt.record(outline.duration);
        if is_successful {
            counts.attempts_successful += 1;
            counts.delivery.record(delivered_after);
        } else {
            counts.attempts_failed += 1;
        }
    });
}

fn of_source(project: ProjectId, source: Option<SourceId>) -> impl Iterator<Item = Subject> {
    [Subject::Project(project)].into_iter().chain(source.map(Subject::Source))
}

/// What a connection belongs to; nothing where it has been deleted.
fn of_connection(snapshot: &Snapshot, id: ConnectionId) -> impl Iterator<Item = Subject> {
    let subjects = snapshot.connections.get(&id).map(|connection| {
        [
            Subject::Project(connection.project),
            Subject::Source(connection.source),
            Subject::Connection(id),
            Subject::Destination(connection.destination),
        ]
    });
    subjects.into_iter().flatten()
}
