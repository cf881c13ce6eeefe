//! The handle on ingest, and what all its connections share.

use std::fmt;
use std::sync::Arc;

use hookyard_model::clock::Clock;
use hookyard_providers::KeyCache;
use hookyard_store::store::Store;
use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;

use crate::allowance::Allowance;
use crate::budget::Budget;
use crate::connection;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::sources::Sources;

/// Receives webhooks; clones share everything. See [`Ingest::serve`].
#[derive(Clone, Debug)]
pub struct Ingest {
    pub(crate) shared: Arc<Shared>,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) sources: Sources,
    /// Keys that were fetched before.
    pub(crate) keys: KeyCache,
    pub(crate) budget: Budget,
    /// How many rejected requests may be recorded.
    pub(crate) recordings: Allowance,
    pub(crate) protocol: auto::Builder<TokioExecutor>,
}

impl Ingest {
    /// An ingest that writes to `store` and knows the sources in its catalog. What their providers were
    /// given as URL begins with `public_url`, which has no closing slash. `keys` is what the route stage
    /// has fetched.
    pub fn new(
        store: Store,
        clock: Clock,
        limits: Limits,
        public_url: Option<String>,
        keys: KeyCache,
        metrics: Metrics,
    ) -> Self {
        let shared = Shared {
            sources: Sources::new(store.catalog().clone(), public_url),
            keys,
            budget: Budget::new(metrics.in_flight_bytes.clone(), limits.in_flight_bytes_max),
            recordings: Allowance::per_minute(limits.rejected_per_minute_max),
            protocol: connection::protocol(&limits),
            store,
            clock,
            limits,
            metrics,
        };
        Self { shared: Arc::new(shared) }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}
