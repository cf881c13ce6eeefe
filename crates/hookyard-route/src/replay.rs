//! Replays: events whose requests go through today's rules once more, because a person said so.
//!
//! Beside the requests that arrive, so that neither waits for the other's transformations.

use hookyard_store::replays::Replay;
use tokio::task::JoinSet;

use crate::desks::Parts;

/// Events that are replayed at the same time.
const REPLAYED_AT_A_TIME: usize = 16;

/// Replays what people ask for, for ever. Dropping it ends what is under way, of which nothing is recorded then.
pub(crate) async fn run(parts: Parts) {
    let Some(mut replays) = parts.store.replays() else { return };
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            Some(replay) = replays.recv(), if under_way.len() < REPLAYED_AT_A_TIME => {
                under_way.spawn(replay_one(parts.clone(), replay));
            }
            Some(_done) = under_way.join_next() => {}
            else => return,
        }
    }
}

/// Sends an event through today's rules of its connection, which was there a moment ago.
async fn replay_one(parts: Parts, replay: Replay) {
    let Parts { store, verifiers, planner, metrics, .. } = &parts;
    let snapshot = store.catalog().snapshot();
    let Some(connection) = snapshot.connections.get(&replay.event.connection) else { return };
    let request = &replay.arrived.request;
    let fields = verifiers.fields(&snapshot, request);
    let new = planner.event(&snapshot, connection, request, &fields, store.clock().now()).await;
    metrics.note_replay(&new);
    store.record_replayed(replay, fields, new).await;
}
