//! The deliver stage: a lane for each destination, kept in step with the configuration.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hookyard_model::connection::Connection;
use hookyard_model::destination::Reach;
use hookyard_model::id::{ConnectionId, DestinationId};
use hookyard_store::catalog::Snapshot;
use hookyard_store::store::Store;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tracing::{error, info};

use crate::jitter::Jitter;
use crate::lane::Lane;
use crate::metrics::Metrics;
use crate::pace::Birth;
use crate::send::Sender;

/// How often it is looked whether signing secrets have ended. Nothing depends on it: they stop signing by
/// themselves.
const ENDED_SECRETS_EVERY: Duration = Duration::from_secs(60);

/// What all lanes share.
#[derive(Clone)]
pub struct Parts {
    /// Where events come from and outcomes go.
    pub store: Store,
    /// Makes the attempts.
    pub sender: Sender,
    /// Spreads retries.
    pub jitter: Arc<Jitter>,
    /// Counters.
    pub metrics: Metrics,
}

struct Running {
    lane: Arc<Lane>,
    dispatch: JoinHandle<()>,
    fill: JoinHandle<()>,
}

/// Delivers until `stop` says true; returns when the attempts under way have ended. The caller bounds
/// how long that may take: dropping the future breaks them off, and they are made again after the start.
pub async fn run(parts: Parts, mut stop: watch::Receiver<bool>) {
    let mut catalog = parts.store.catalog().subscribe();
    let mut lanes: HashMap<DestinationId, Running> = HashMap::new();
    let mut releases = JoinSet::new();
    releases.spawn(settle_left_over(parts.store.clone()));
    releases.spawn(drop_ended_secrets(parts.store.clone()));
    let mut before: Option<Arc<Snapshot>> = None;
    loop {
        let snapshot = Arc::clone(&catalog.borrow_and_update());
        let birth = if before.is_none() { Birth::WithTheProcess } else { Birth::WithItsDestination };
        keep_in_step(&parts, &mut lanes, &snapshot, birth, &stop);
        for connection in before.iter().flat_map(|before| enabled_again(before, &snapshot)) {
            releases.spawn(release(parts.store.clone(), connection));
        }
        before = Some(snapshot);
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            changed = catalog.changed() => if changed.is_err() { break },
            Some(_) = releases.join_next(), if !releases.is_empty() => {}
        }
    }
    for running in lanes.values() {
        running.fill.abort();
    }
    for (_, running) in lanes.drain() {
        let _ = running.dispatch.await;
    }
}

fn keep_in_step(
    parts: &Parts,
    lanes: &mut HashMap<DestinationId, Running>,
    snapshot: &Snapshot,
    birth: Birth,
    stop: &watch::Receiver<bool>,
) {
    lanes.retain(|id, running| {
        let stays = snapshot.destinations.contains_key(id);
        if !stays {
            running.fill.abort();
            running.dispatch.abort();
            parts.store.close_lane(*id);
        }
        stays
    });
    for (id, destination) in &snapshot.destinations {
        match lanes.get(id) {
            Some(running) => running.lane.configure(destination),
            None => {
                let lane = Arc::new(Lane::new(parts.clone(), destination, birth));
                let queue = parts.store.lane(*id);
                let fill = tokio::spawn(async move { queue.keep_filled().await });
                let dispatch = match destination.reach {
                    Reach::Http(_) => tokio::spawn(Arc::clone(&lane).dispatch(stop.clone())),
                    Reach::Pull(_) => tokio::spawn(Arc::clone(&lane).serve(stop.clone())),
                };
                lanes.insert(*id, Running { lane, dispatch, fill });
            }
        }
    }
}

/// Connections that were disabled and no longer are.
fn enabled_again(before: &Snapshot, now: &Snapshot) -> Vec<ConnectionId> {
    let was_disabled = |connection: &&Arc<Connection>| {
        before.connections.get(&connection.id).is_some_and(|before| before.disabled.is_some())
    };
    let enabled = now.connections.values().filter(|connection| connection.disabled.is_none());
    enabled.filter(was_disabled).map(|connection| connection.id).collect()
}

/// Finishes what an earlier run began: held events of a connection that was enabled again are released,
/// those of one that was deleted are cancelled.
async fn settle_left_over(store: Store) {
    store.recovered().await;
    let found = match store.connections_with_held().await {
        Ok(found) => found,
        Err(error) => return error!(%error, "held events of an earlier run cannot be looked for"),
    };
    for id in found {
        let connection = store.catalog().snapshot().connections.get(&id).cloned();
        match connection {
            Some(connection) if connection.disabled.is_none() => release(store.clone(), id).await,
            Some(_disabled) => {}
            None => match store.cancel_undelivered_of(id).await {
                Ok(events) => {
                    info!(connection = %id, events, "held events of a deleted connection are cancelled")
                }
                Err(error) => error!(connection = %id, %error, "held events cannot be cancelled"),
            },
        }
    }
}

/// Has the catalog forget signing secrets that were rotated out, once their end has come.
async fn drop_ended_secrets(store: Store) {
    let mut ticks = tokio::time::interval(ENDED_SECRETS_EVERY);
    loop {
        ticks.tick().await;
        match store.catalog().drop_ended_signing_secrets().await {
            Ok(0) => {}
            Ok(secrets) => info!(secrets, "signing secrets that were rotated out have ended"),
            Err(error) => {
                error!(%error, "signing secrets that have ended cannot be dropped; they sign no more")
            }
        }
    }
}

async fn release(store: Store, connection: ConnectionId) {
    match store.release_held_of(connection).await {
        Ok(0) => {}
        Ok(events) => info!(%connection, events, "held events are queued again"),
        Err(error) => {
            error!(%connection, %error, "held events cannot be released; enable the connection again")
        }
    }
}
