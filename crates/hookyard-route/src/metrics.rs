//! What routing counts.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// Counters of the route stage; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    pub(crate) requests: Counter,
    pub(crate) events: Counter,
}

impl Metrics {
    /// Makes the counters and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("hookyard_route");
        registry.register("requests", "Accepted requests that were routed", metrics.requests.clone());
        registry.register("events", "Events that were made of them", metrics.events.clone());
        metrics
    }
}
