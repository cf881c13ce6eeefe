//! The events a request becomes.

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::request::Request;
use hookyard_store::arrivals::NewEvent;
use hookyard_store::catalog::Snapshot;

/// Adds the events of a request: one for each connection of its source. A disabled one takes none.
pub(crate) fn plan(snapshot: &Snapshot, request: &Request, now: Timestamp, events: &mut Vec<NewEvent>) {
    let Some(connections) = request.source.and_then(|source| snapshot.by_source.get(&source)) else { return };
    let enabled = connections.iter().filter(|connection| connection.disabled.is_none());
    events.extend(enabled.map(|connection| NewEvent {
        connection: connection.id,
        destination: connection.destination,
        state: EventState::Queued,
        due_at: now,
    }));
}
