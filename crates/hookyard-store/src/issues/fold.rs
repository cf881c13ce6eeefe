//! What the journal's records say about failures and recoveries.
//!
//! It decides nothing about issues: it names what is to be applied, in order, and as little of it as will do. What has
//! been deleted from the configuration is passed over.

use bytes::Bytes;
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId, ProjectId, RequestId, SourceId, made_at};
use hookyard_model::issue::Kind;
use hookyard_model::request::RejectCause;
use hookyard_model::rule::{DiscardCause, RuleKind};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::Snapshot;
use crate::journal::record::Kind as RecordKind;
use crate::stored::refused::Refused;
use crate::stored::routed::{self, Leg, Routed};
use crate::stored::{Undecodable, attempt, request};

/// What makes two failures the same issue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) kind: Kind,
    /// The id of what it is about: a connection, source or destination.
    pub(super) subject: u64,
    pub(super) cause: String,
}

/// What an issue is about, beside its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) project: ProjectId,
    pub(super) connection: Option<ConnectionId>,
    pub(super) source: Option<SourceId>,
    pub(super) destination: Option<DestinationId>,
}

/// Failures of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) key: Key,
    pub(super) about: About,
    pub(super) count: u64,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
    pub(super) sample: Option<RequestId>,
}

/// What is to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Failed(Failure),
    /// A failure that becomes an issue only where there are many.
    Rejected(Failure),
    Succeeded {
        kind: Kind,
        connection: ConnectionId,
        at: Timestamp,
    },
}

/// The connections with an unresolved issue that a success resolves.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    pub(super) delivery: FxHashSet<ConnectionId>,
    pub(super) transform: FxHashSet<ConnectionId>,
}

/// A run of records.
#[derive(Debug)]
pub(super) struct Run<'a> {
    snapshot: &'a Snapshot,
    watched: &'a mut Watched,
    pub(super) seen: Vec<Seen>,
    /// Where in `seen` a failure is counted that nothing has succeeded behind.
    counted: FxHashMap<Key, usize>,
}

impl About {
    pub(super) fn connection(snapshot: &Snapshot, id: ConnectionId) -> Option<Self> {
        let connection = snapshot.connections.get(&id)?;
        Some(Self {
            project: connection.project,
            connection: Some(id),
            source: Some(connection.source),
            destination: Some(connection.destination),
        })
    }

    fn source(snapshot: &Snapshot, id: SourceId) -> Option<Self> {
        let project = snapshot.sources.get(&id)?.project;
        Some(Self { project, connection: None, source: Some(id), destination: None })
    }
}

impl Watched {
    const fn of(&mut self, kind: Kind) -> Option<&mut FxHashSet<ConnectionId>> {
        match kind {
            Kind::Delivery => Some(&mut self.delivery),
            Kind::Transform => Some(&mut self.transform),
            Kind::Rejected | Kind::Backpressure | Kind::Disabled => None,
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, watched: &'a mut Watched) -> Self {
        Self { snapshot, watched, seen: Vec::new(), counted: FxHashMap::default() }
    }

    /// Takes in the next record.
    pub(super) fn record(
        &mut self,
        kind: RecordKind,
        version: u8,
        id: u64,
        payload: Bytes,
    ) -> Result<(), Undecodable> {
        let at = made_at(id);
        match kind {
            RecordKind::Attempt => self.attempt(&attempt::outline(&payload)?, at),
            RecordKind::Routed | RecordKind::Replayed if routed::has_rulings(version, &payload) => {
                let routed = Routed::decode(version, payload)?;
                routed.events.iter().for_each(|leg| self.routed(routed.request, leg, at));
            }
            RecordKind::Request => {
                let outline = request::outline(&payload)?;
                if let (Some(cause), Some(source)) = (RejectCause::from_code(outline.verdict), outline.source)
                {
                    self.rejected(source, cause, RequestId(id), at);
                }
            }
            RecordKind::Refused => {
                let refused = Refused::decode(payload)?;
                self.rejected(refused.source, refused.cause, refused.request, at);
            }
            RecordKind::Routed | RecordKind::Replayed | RecordKind::Changed => {}
        }
        Ok(())
    }

    fn attempt(&mut self, attempt: &attempt::Outline, at: Timestamp) {
        let connection = attempt.event.connection;
        match attempt.state {
            EventState::Successful => self.succeeded(Kind::Delivery, connection, at),
            EventState::Failed => {
                let error = || attempt.error.map_or_else(String::new, |kind| kind.name().to_owned());
                let cause = attempt.status.map_or_else(error, |status| status.to_string());
                self.failed(Kind::Delivery, connection, cause, attempt.event.request, at);
            }
            _ => {}
        }
    }

    /// Code has passed where its event was not discarded: another rule may have ended it before the code that fails.
    fn routed(&mut self, request: RequestId, leg: &Leg, at: Timestamp) {
        match leg.ruling.discarded {
            Some(cause @ DiscardCause::TransformError) => {
                self.failed(Kind::Transform, leg.connection, cause.name().to_owned(), request, at);
            }
            Some(_) => {}
            None if leg.ruling.steps.iter().any(|step| step.kind == RuleKind::Transform) => {
                self.succeeded(Kind::Transform, leg.connection, at);
            }
            None => {}
        }
    }

    fn succeeded(&mut self, kind: Kind, connection: ConnectionId, at: Timestamp) {
        // The first success of a connection is all that matters, until it fails again.
        if self.watched.of(kind).is_some_and(|watched| watched.remove(&connection)) {
            self.counted.clear();
            self.seen.push(Seen::Succeeded { kind, connection, at });
        }
    }

    fn failed(
        &mut self,
        kind: Kind,
        connection: ConnectionId,
        cause: String,
        sample: RequestId,
        at: Timestamp,
    ) {
        let Some(about) = About::connection(self.snapshot, connection) else { return };
        if let Some(watched) = self.watched.of(kind) {
            watched.insert(connection);
        }
        let key = Key { kind, subject: connection.0, cause };
        let counted = self.counted.get(&key).and_then(|place| self.seen.get_mut(*place));
        if let Some(Seen::Failed(failure)) = counted {
            failure.count += 1;
            failure.last_at = at;
            failure.sample = Some(sample);
            return;
        }
        self.counted.insert(key.clone(), self.seen.len());
        let failure = Failure { key, about, count: 1, first_at: at, last_at: at, sample: Some(sample) };
        self.seen.push(Seen::Failed(failure));
    }

    fn rejected(&mut self, source: SourceId, cause: RejectCause, sample: RequestId, at: Timestamp) {
        let Some(about) = About::source(self.snapshot, source) else { return };
        let key = Key { kind: Kind::Rejected, subject: source.0, cause: cause.name().to_owned() };
        let failure = Failure { key, about, count: 1, first_at: at, last_at: at, sample: Some(sample) };
        self.seen.push(Seen::Rejected(failure));
    }
}
