//! What consumers say about their leases.
//!
//! All that has been said at a time is recorded together, and then answered: so one commit serves many, and who says
//! the same twice hears the same.

use std::time::Duration;

use hookyard_model::attempt::{Attempt, ErrorKind, Outcome};
use hookyard_model::id::LeaseId;
use hookyard_rules::retry::RetryAfter;
use hookyard_store::accept::Unavailable;
use hookyard_store::lanes::{Change, ChangeTo, LeaseState};
use rustc_hash::FxHashMap;
use tokio::task::JoinSet;
use tracing::error;

use super::Hatch;
use super::leases::Lease;
use crate::retry_after::WAIT_MAX;
use crate::send::Sent;
use crate::work::{Times, failed};

/// A lease that ends, if that can be recorded.
struct Ending {
    id: LeaseId,
    lease: Lease,
    state: LeaseState,
    attempt: Attempt,
    times: Times,
}

impl Hatch {
    /// What becomes of a lease's event, the attempt having ended now.
    pub(super) fn decide(&self, lease: &Lease, sent: Sent) -> (Attempt, Times) {
        let Lease { ready, along, received_at, started_at, started, .. } = lease;
        let times = Times {
            received_at: Some(*received_at),
            started_at: *started_at,
            duration: started.elapsed(),
            ended_at: self.now(),
        };
        let snapshot = self.lane.parts.store.catalog().snapshot();
        let along = snapshot.connections.get(&ready.event.connection).unwrap_or(along);
        (self.lane.decide(ready, along, sent, times), times)
    }

    /// Does what was said, and answers all of it.
    pub(super) async fn change(&mut self, changes: Vec<Change>) {
        // What has ended meanwhile cannot be changed any more.
        self.expire().await;
        let mut recording = JoinSet::new();
        for change in &changes {
            for id in &change.leases {
                let Some(lease) = self.leases.take(*id) else { continue };
                if let Some(ending) = self.begin(*id, lease, &change.to) {
                    recording.spawn(record(self.lane.parts.store.clone(), ending));
                }
            }
        }
        let mut refused: FxHashMap<LeaseId, Unavailable> = FxHashMap::default();
        while let Some(recorded) = recording.join_next().await {
            match recorded {
                Ok((ending, Ok(()))) => self.end(ending).await,
                Ok((Ending { id, lease, .. }, Err(refusal))) => {
                    self.leases.put(id, lease);
                    refused.insert(id, refusal);
                }
                Err(broken) => error!(%broken, "what became of a leased event could not be recorded"),
            }
        }
        for Change { leases, reply, .. } in changes {
            let answer = match leases.iter().find_map(|id| refused.get(id)) {
                Some(refusal) => Err(refusal.clone()),
                None => Ok(leases.iter().map(|id| self.leases.state(*id)).collect()),
            };
            // Where nobody hears it, it is as durable.
            let _ = reply.send(answer);
        }
    }

    /// The lease's end; none where it has another one now.
    fn begin(&mut self, id: LeaseId, lease: Lease, to: &ChangeTo) -> Option<Ending> {
        let (state, sent) = match to {
            ChangeTo::Extended(by) => {
                self.leases.put(id, Lease { ends_at: self.now().plus(*by), ..lease });
                return None;
            }
            ChangeTo::Acknowledged => {
                (LeaseState::Acknowledged, Sent { outcome: Outcome::Acknowledged, retry_after: None })
            }
            ChangeTo::Nacked { retry_after, reason } => {
                (LeaseState::Nacked, self.nacked(*retry_after, reason.clone()))
            }
        };
        let (attempt, times) = self.decide(&lease, sent);
        Some(Ending { id, lease, state, attempt, times })
    }

    fn nacked(&self, retry_after: Option<Duration>, reason: Option<String>) -> Sent {
        let detail = reason.unwrap_or_else(|| "the consumer gave no reason".to_owned());
        let at = |wait: Duration| RetryAfter::At(self.now().plus(wait.min(WAIT_MAX)));
        Sent { retry_after: retry_after.map(at), ..failed(ErrorKind::Nacked, detail) }
    }

    async fn end(&mut self, ending: Ending) {
        let Ending { id, lease, state, attempt, times } = ending;
        self.leases.end(id, state);
        let step = self.lane.note(&attempt, &self.plan.of, None, times);
        self.lane.follow(&lease.ready, &attempt, step).await;
    }
}

async fn record(store: hookyard_store::store::Store, ending: Ending) -> (Ending, Result<(), Unavailable>) {
    let recorded = store.record_attempt_durably(&ending.lease.ready, &ending.attempt).await;
    (ending, recorded)
}
