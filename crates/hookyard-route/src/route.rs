//! The route stage: one task that follows what arrives.

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::request::Request;
use hookyard_store::arrivals::NewEvent;
use hookyard_store::catalog::Snapshot;
use hookyard_store::store::Store;
use tokio::sync::watch;

use crate::metrics::Metrics;

/// Routes what arrives, until `stop` says true. What is not routed by then is routed after the start.
pub async fn run(store: Store, metrics: Metrics, mut stop: watch::Receiver<bool>) {
    let mut arrivals = store.arrivals();
    let mut events = Vec::new();
    loop {
        let arrived = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            arrived = arrivals.next() => arrived,
        };
        let snapshot = store.catalog().snapshot();
        let now = store.clock().now();
        for arrived in &arrived {
            events.clear();
            plan(&snapshot, &arrived.request, now, &mut events);
            store.record_routed(arrived, &events);
            metrics.events.inc_by(events.len() as u64);
        }
        metrics.requests.inc_by(arrived.len() as u64);
        // Others run between two batches, also while there is always a next one.
        tokio::task::yield_now().await;
    }
}

/// The events a request becomes. A disabled connection takes none.
fn plan(snapshot: &Snapshot, request: &Request, now: Timestamp, events: &mut Vec<NewEvent>) {
    let Some(connections) = request.source.and_then(|source| snapshot.by_source.get(&source)) else { return };
    let enabled = connections.iter().filter(|connection| connection.disabled.is_none());
    events.extend(enabled.map(|connection| NewEvent {
        connection: connection.id,
        destination: connection.destination,
        state: EventState::Queued,
        due_at: now,
    }));
}
