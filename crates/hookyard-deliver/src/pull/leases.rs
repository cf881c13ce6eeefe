//! The leases of one lane: which events are out, until when, and what became of those that were.
//!
//! **Invariant:** a lease is out, or has ended, or is not known; of the ended ones the newest [`ENDED_MAX`] are known.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use hookyard_model::clock::Timestamp;
use hookyard_model::connection::Connection;
use hookyard_model::id::LeaseId;
use hookyard_store::lanes::{LeaseState, Ready};
use rustc_hash::FxHashMap;

use crate::metrics::LeaseOut;

/// Ended leases of a lane of which it is remembered how they ended, so that who says something twice hears the same.
const ENDED_MAX: usize = 10_000;

/// An event that is out.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) ready: Ready,
    /// The connection as it was when the event went out.
    pub(super) along: Arc<Connection>,
    pub(super) received_at: Timestamp,
    pub(super) started_at: Timestamp,
    pub(super) started: Instant,
    pub(super) ends_at: Timestamp,
    /// Counts it for as long as it is out.
    pub(super) _counted: LeaseOut,
}

/// The leases of one lane.
#[derive(Debug, Default)]
pub(super) struct Leases {
    out: FxHashMap<LeaseId, Lease>,
    ends: BTreeSet<(Timestamp, LeaseId)>,
    ended: FxHashMap<LeaseId, LeaseState>,
    /// In the order in which they ended.
    ended_order: VecDeque<LeaseId>,
}

impl Leases {
    /// How many events are out.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// When the next one ends.
    pub(super) fn next_end(&self) -> Option<Timestamp> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// An event goes out, or is out as before.
    pub(super) fn put(&mut self, id: LeaseId, lease: Lease) {
        self.ends.insert((lease.ends_at, id));
        self.out.insert(id, lease);
    }

    /// Takes a lease out, to end it or to put it again.
    pub(super) fn take(&mut self, id: LeaseId) -> Option<Lease> {
        let lease = self.out.remove(&id)?;
        self.ends.remove(&(lease.ends_at, id));
        Some(lease)
    }

    /// Takes the next lease that has ended by `now`.
    pub(super) fn take_expired(&mut self, now: Timestamp) -> Option<(LeaseId, Lease)> {
        let (_, id) = *self.ends.first().filter(|(at, _)| *at <= now)?;
        self.take(id).map(|lease| (id, lease))
    }

    /// Remembers how a lease that was taken ended.
    pub(super) fn end(&mut self, id: LeaseId, state: LeaseState) {
        self.ended.insert(id, state);
        self.ended_order.push_back(id);
        if self.ended_order.len() > ENDED_MAX
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
    }

    /// What a lease is.
    pub(super) fn state(&self, id: LeaseId) -> LeaseState {
        match self.out.get(&id) {
            Some(lease) => LeaseState::Leased(lease.ends_at),
            None => self.ended.get(&id).copied().unwrap_or(LeaseState::Unknown),
        }
    }
}
