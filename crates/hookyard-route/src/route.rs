//! The route stage: one task that follows what arrives, and a desk for each source with pending requests.

use std::sync::Arc;

use hookyard_model::request::{Fields, Request};
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::fetch::Fetcher;
use hookyard_providers::{DOCUMENT_BYTES_MAX, KeyCache};
use hookyard_store::arrivals::{Arrived, NewEvent};
use hookyard_store::catalog::Snapshot;
use hookyard_store::replays::Replay;
use hookyard_store::store::Store;
use tokio::sync::{mpsc, watch};

use crate::desks::{Desks, Parts};
use crate::keys::Keys;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::plan::Planner;
use crate::verify::Verifiers;

/// The route stage, ready to run.
#[derive(Debug)]
pub struct Router {
    parts: Parts,
    desks: Desks,
}

impl Router {
    /// A router that fetches keys over connections of `connector`, for itself and for ingest. What the
    /// providers were given as sources' URL begins with `public_url`, which has no closing slash.
    pub fn new(
        store: Store,
        connector: &Connector,
        cache: KeyCache,
        public_url: Option<String>,
        limits: Limits,
        metrics: Metrics,
    ) -> Self {
        let fetcher = Fetcher::new(connector, limits.fetch_timeout, DOCUMENT_BYTES_MAX);
        let verifiers = Verifiers::new(cache.clone(), public_url);
        let clock = store.clock().clone();
        let keys = Keys::new(connector, fetcher.clone(), cache, clock, &limits, metrics.clone());
        let planner = Planner::new(store.clone());
        let parts = Parts { store, verifiers, planner, keys, fetcher, limits: Arc::new(limits), metrics };
        Self { desks: Desks::new(parts.clone()), parts }
    }

    /// Routes what arrives, until `stop` says true. What is neither routed nor refused by then is after
    /// the next start.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut arrivals = self.parts.store.arrivals();
        let mut replays = self.parts.store.replays();
        let mut events = Vec::new();
        loop {
            let next = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                Some(replay) = next_of(&mut replays) => Next::Replay(replay),
                arrived = arrivals.next() => Next::Arrived(arrived),
            };
            let arrived = match next {
                Next::Arrived(arrived) => arrived,
                Next::Replay(replay) => {
                    self.replay(replay).await;
                    continue;
                }
            };
            let snapshot = self.parts.store.catalog().snapshot();
            for arrived in arrived {
                if arrived.is_pending() {
                    self.desks.hand_over(arrived);
                } else {
                    events.clear();
                    self.route(&snapshot, &arrived, &mut events).await;
                }
            }
            // Others run between two batches, also while there is always a next one.
            tokio::task::yield_now().await;
        }
    }

    /// Sends an event through today's rules of its connection, which was there a moment ago.
    async fn replay(&self, replay: Replay) {
        let Parts { store, planner, metrics, .. } = &self.parts;
        let snapshot = store.catalog().snapshot();
        let Some(connection) = snapshot.connections.get(&replay.event.connection) else { return };
        let request = &replay.arrived.request;
        let fields = self.fields(&snapshot, request);
        let new = planner.event(&snapshot, connection, request, &fields, store.clock().now()).await;
        metrics.note_replay(&new);
        store.record_replayed(replay, fields, new).await;
    }

    /// What its provider says about the event in a request.
    fn fields(&self, snapshot: &Snapshot, request: &Request) -> Fields {
        let judge = request.source.and_then(|source| self.parts.verifiers.of(snapshot, source));
        judge.map(|judge| judge.fields(request)).unwrap_or_default()
    }

    async fn route(&self, snapshot: &Snapshot, arrived: &Arrived, events: &mut Vec<NewEvent>) {
        let Parts { store, planner, metrics, .. } = &self.parts;
        let fields = self.fields(snapshot, &arrived.request);
        planner.plan(snapshot, &arrived.request, &fields, events).await;
        store.record_routed(arrived, fields, events);
        metrics.requests.inc();
        metrics.events.inc_by(events.len() as u64);
        metrics.note_discarded(events);
    }
}

/// What there is to do next.
enum Next {
    Arrived(Vec<Arrived>),
    Replay(Replay),
}

/// The next event to replay; waits for ever where they were taken before.
async fn next_of(replays: &mut Option<mpsc::Receiver<Replay>>) -> Option<Replay> {
    match replays {
        Some(replays) => replays.recv().await,
        None => std::future::pending().await,
    }
}
