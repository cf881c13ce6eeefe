//! The route stage: one task that follows what arrives, a desk for each source with requests that cannot be routed at
//! once, and one task that replays.

use std::sync::Arc;

use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::fetch::Fetcher;
use hookyard_providers::{DOCUMENT_BYTES_MAX, KeyCache};
use hookyard_store::arrivals::{Arrived, NewEvent};
use hookyard_store::catalog::Snapshot;
use hookyard_store::store::Store;
use hookyard_transform::runner::Runner;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::desks::{Desks, Parts};
use crate::keys::Keys;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::plan::{Planner, is_transformed};
use crate::replay;
use crate::verify::Verifiers;

/// The route stage, ready to run.
#[derive(Debug)]
pub struct Router {
    parts: Parts,
    desks: Desks,
}

impl Router {
    /// A router that fetches keys over connections of `connector`, for itself and for ingest, and has `runner` run
    /// transformations. What the providers were given as sources' URL begins with `public_url`, which has no closing
    /// slash.
    pub fn new(
        store: Store,
        connector: &Connector,
        cache: KeyCache,
        public_url: Option<String>,
        runner: Runner,
        limits: Limits,
        metrics: Metrics,
    ) -> Self {
        let fetcher = Fetcher::new(connector, limits.fetch_timeout, DOCUMENT_BYTES_MAX);
        let verifiers = Verifiers::new(cache.clone(), public_url);
        let clock = store.clock().clone();
        let keys = Keys::new(connector, fetcher.clone(), cache, clock, &limits, metrics.clone());
        let planner = Planner::new(store.clone(), runner);
        let parts = Parts { store, verifiers, planner, keys, fetcher, limits: Arc::new(limits), metrics };
        Self { desks: Desks::new(parts.clone()), parts }
    }

    /// Routes what arrives, until `stop` says true. What is neither routed nor refused by then is after
    /// the next start.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut arrivals = self.parts.store.arrivals();
        let mut events = Vec::new();
        let mut replaying = JoinSet::new();
        replaying.spawn(replay::run(self.parts.clone()));
        loop {
            let arrived = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                arrived = arrivals.next() => arrived,
            };
            let snapshot = self.parts.store.catalog().snapshot();
            for arrived in arrived {
                if self.is_for_a_desk(&snapshot, &arrived) {
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

    /// Whether a request cannot be routed at once, or comes behind some that cannot.
    fn is_for_a_desk(&self, snapshot: &Snapshot, arrived: &Arrived) -> bool {
        let behind_others = |source| self.desks.take_accepted_of(source) || is_transformed(snapshot, source);
        arrived.is_pending() || arrived.request.source.is_some_and(behind_others)
    }

    async fn route(&self, snapshot: &Snapshot, arrived: &Arrived, events: &mut Vec<NewEvent>) {
        let Parts { store, verifiers, planner, metrics, .. } = &self.parts;
        let fields = verifiers.fields(snapshot, &arrived.request);
        planner.plan(snapshot, &arrived.request, &fields, events).await;
        store.record_routed(arrived, fields, events);
        metrics.note_routed(events);
    }
}
