//! The desks: up to two for each source, one for its pending requests and one for the accepted ones that go through
//! code, where there ever were such.
//!
//! Handing a request to its desk never waits. What a desk has no room for it finds in the store later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hookyard_model::id::SourceId;
use hookyard_outgoing::fetch::Fetcher;
use hookyard_store::arrivals::Arrived;
use hookyard_store::store::Store;
use hookyard_store::unrouted::Unrouted;
use rustc_hash::FxHashMap;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::desk::Desk;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::plan::Planner;
use crate::verify::Verifiers;

/// What all desks share.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) verifiers: Verifiers,
    pub(crate) planner: Planner,
    pub(crate) keys: Keys,
    /// For the calls that providers ask for.
    pub(crate) fetcher: Fetcher,
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: Metrics,
}

/// The way to a desk.
#[derive(Debug)]
struct Door {
    inbox: mpsc::Sender<Arrived>,
    behind: Arc<Behind>,
}

/// Whether unrouted requests of a source are in the store only.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    flag: AtomicBool,
    pub(crate) raised: Notify,
}

impl Behind {
    pub(crate) fn raise(&self) {
        self.flag.store(true, Ordering::Release);
        self.raised.notify_one();
    }

    pub(crate) fn lower(&self) {
        self.flag.store(false, Ordering::Release);
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }
}

/// All desks. Dropping them ends their work; what was not decided is so after the next start.
#[derive(Debug)]
pub(crate) struct Desks {
    parts: Parts,
    doors: FxHashMap<(SourceId, Unrouted), Door>,
    running: JoinSet<()>,
}

impl Desks {
    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts, doors: FxHashMap::default(), running: JoinSet::new() }
    }

    /// Whether a source has a desk for accepted requests: then all of these pass it.
    pub(crate) fn take_accepted_of(&self, source: SourceId) -> bool {
        self.doors.contains_key(&(source, Unrouted::Accepted))
    }

    /// Hands a request to the desk of its source and kind.
    pub(crate) fn hand_over(&mut self, arrived: Arrived) {
        let Some(source) = arrived.request.source else { return };
        let kind = if arrived.is_pending() { Unrouted::Pending } else { Unrouted::Accepted };
        let door = self.doors.entry((source, kind)).or_insert_with(|| {
            let (inbox, requests) = mpsc::channel(self.parts.limits.pending_requests_max);
            let behind = Arc::<Behind>::default();
            let desk = Desk::new(self.parts.clone(), source, kind, Arc::clone(&behind));
            self.running.spawn(desk.run(requests));
            Door { inbox, behind }
        });
        if door.inbox.try_send(arrived).is_err() {
            door.behind.raise();
        }
    }
}
