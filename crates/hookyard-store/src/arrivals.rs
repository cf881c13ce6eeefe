//! Route's side of the store: accepted requests, each until it has been routed, or refused after all.
//!
//! A stream over the journal behind the writer, so that a slow route stage costs no memory: it reads
//! from the files what is no longer fresh. Requests that an earlier run accepted and did not route
//! come first, once the index says which they are.

use std::sync::Arc;

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId, EventId, RequestId};
use hookyard_model::order::OrderKey;
use hookyard_model::request::{Fields, Proof, RejectCause, Request, Verdict};
use hookyard_model::rule::Ruling;
use tracing::error;

use crate::index::query;
use crate::journal::follow::{Batch, Item};
use crate::journal::queue::Class;
use crate::journal::read;
use crate::journal::record::{Kind, Position};
use crate::lanes::Ready;
use crate::store::Store;
use crate::stored::refused::Refused;
use crate::stored::request;
use crate::stored::routed::{Leg, Routed, Transformed};

/// Requests of earlier runs taken at a time.
const LEFT_OVER_MAX: usize = 256;

/// An accepted request that is to be routed.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The request; its bytes are its own.
    pub request: Arc<Request>,
    pub(crate) position: Position,
}

impl Arrived {
    /// Whether it is to be verified before it is routed.
    pub fn is_pending(&self) -> bool {
        self.request.verdict == Verdict::Pending
    }
}

/// One event that routing makes.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The connection it takes.
    pub connection: ConnectionId,
    /// Where that leads.
    pub destination: DestinationId,
    /// Queued, scheduled, held or discarded.
    pub state: EventState,
    /// From when it may be delivered.
    pub due_at: Timestamp,
    /// What it has in common with those that it goes out before or behind.
    pub order: Option<OrderKey>,
    /// What its connection's rules made of it.
    pub ruling: Ruling,
    /// What is delivered, where transformations changed the request: the same but for its head and body.
    pub transformed: Option<Arc<Request>>,
}

impl NewEvent {
    /// Its stored form; it is one of this request's.
    pub(crate) fn leg(&self, request: &Request) -> Leg {
        let transformed = self.transformed.as_ref().map(|changed| Transformed {
            head: changed.head.clone(),
            body: (changed.body != request.body).then(|| changed.body.clone()),
        });
        Leg {
            connection: self.connection,
            destination: self.destination,
            state: self.state,
            due_at: self.due_at,
            order: self.order,
            ruling: self.ruling.clone(),
            transformed,
        }
    }
}

/// The stream of requests to route. There is one at a time.
#[derive(Debug)]
pub struct Arrivals {
    store: Store,
    position: Position,
    /// Requests of earlier runs with this id or a greater one may still be unrouted; none when done.
    left_over_from: Option<u64>,
}

impl Store {
    /// The stream of requests to route, from the oldest that has not been.
    pub fn arrivals(&self) -> Arrivals {
        Arrivals { store: self.clone(), position: self.inner.run_start.0, left_over_from: Some(0) }
    }

    /// Records what a request was routed to and what its provider says about it, and hands the events to
    /// their lanes. After a crash before that is durable, the request arrives once more, and its events
    /// get the same ids.
    pub fn record_routed(&self, arrived: &Arrived, fields: Fields, events: &[NewEvent]) {
        self.record_decided(arrived, None, fields, events);
    }

    /// The same of a request whose verification was pending: `proof` is what became of that.
    pub fn record_verified(&self, arrived: &Arrived, proof: Proof, fields: Fields, events: &[NewEvent]) {
        self.record_decided(arrived, Some(proof), fields, events);
    }

    /// Records that a request whose verification was pending is refused: it is never routed.
    pub fn record_refused(&self, arrived: &Arrived, cause: RejectCause, detail: String) {
        let request = &arrived.request;
        let Some(source) = request.source else { return };
        let refused = Refused {
            request: request.id,
            project: request.project,
            source,
            cause,
            at: self.inner.clock.now(),
            detail,
        };
        let queue = &self.inner.journal.queue;
        let _ = queue.append(Kind::Refused, Class::Kept, refused.encode(), bytes::Bytes::new());
    }

    fn record_decided(&self, arrived: &Arrived, proof: Option<Proof>, fields: Fields, events: &[NewEvent]) {
        let request = &arrived.request;
        let Some(source) = request.source else { return };
        let routed = Routed {
            request: request.id,
            position: arrived.position,
            project: request.project,
            source,
            proof,
            fields,
            events: events.iter().map(|event| event.leg(request)).collect(),
        };
        let queue = &self.inner.journal.queue;
        let record = queue.append(Kind::Routed, Class::Kept, routed.encode(), bytes::Bytes::new());
        for event in events {
            self.inner.claims.written(event, record.unwrap_or(0));
            match event.state {
                EventState::Queued => {
                    let id = EventId { request: request.id, connection: event.connection };
                    let ready = Ready::fresh(id, event, arrived);
                    self.lane(event.destination).offer(ready);
                }
                EventState::Scheduled | EventState::Held => {
                    let lane = self.lane(event.destination);
                    match event.order {
                        Some(order) => lane.missed(order),
                        None if event.state == EventState::Scheduled => lane.expect_at(event.due_at),
                        None => {}
                    }
                }
                _ => {}
            }
        }
    }
}

impl Arrivals {
    /// The next requests, at least one. Cancel-safe.
    pub async fn next(&mut self) -> Vec<Arrived> {
        let store = self.store.clone();
        loop {
            let grown = store.inner.journal.tail.grown.notified();
            tokio::pin!(grown);
            grown.as_mut().enable();
            if self.left_over_from.is_some() {
                // Before what has arrived since: events go out in the order of their arrival where that is asked.
                store.recovered().await;
                let left_over = self.left_over().await;
                if !left_over.is_empty() {
                    return left_over;
                }
                continue;
            }
            match store.inner.journal.tail.next(self.position) {
                Ok(Some(batch)) => {
                    let arrived = self.read(&batch);
                    if !arrived.is_empty() {
                        return arrived;
                    }
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    error!(%error, "the journal cannot be read; requests wait to be routed");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    continue;
                }
            }
            grown.await;
        }
    }

    fn read(&mut self, batch: &Batch) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        let mut items = batch.items();
        // Damage is reported by the index, which reads every record as well.
        for item in items.by_ref() {
            let Item::Record { position, kind: Kind::Request, id, payload, .. } = item else { continue };
            match request::decode(id, payload) {
                Ok(request) if matches!(request.verdict, Verdict::Accepted(_) | Verdict::Pending) => {
                    arrived.push(Arrived { request: Arc::new(on_its_own(request)), position });
                }
                Ok(_not_routed) => {}
                Err(error) => error!(request = %RequestId(id), %error, "a request cannot be routed"),
            }
        }
        self.position = items.reached();
        arrived
    }

    /// Requests that earlier runs accepted and did not route.
    async fn left_over(&mut self) -> Vec<Arrived> {
        let Some(from) = self.left_over_from else { return Vec::new() };
        let inner = Arc::clone(&self.store.inner);
        let generation = inner.index.index.generation();
        let found = tokio::task::spawn_blocking(move || {
            let rows = query::unrouted(&inner.index.index, from, inner.run_start.1, LEFT_OVER_MAX)?;
            let mut reader = read::Reader::new(&inner.journal.directory);
            let last = rows.last().map(|(id, _)| *id);
            let mut arrived = Vec::new();
            for (id, row) in rows {
                match inner.read_request(&mut reader, id, row.position) {
                    Ok(request) => {
                        arrived.push(Arrived { request: Arc::new(request), position: row.position })
                    }
                    Err(error) => error!(request = %RequestId(id), %error, "a request cannot be routed"),
                }
            }
            Ok::<_, crate::index::Error>((arrived, last))
        });
        let found = found.await;
        let index = &self.store.inner.index.index;
        if index.generation() != generation || index.is_recovering() {
            // It was made anew meanwhile: what was found may have been routed long ago.
            return Vec::new();
        }
        match found {
            Ok(Ok((arrived, last))) => {
                self.left_over_from = last.map(|last| last + 1);
                arrived
            }
            Ok(Err(error)) => {
                if error.is_damage() {
                    index.rebuild();
                }
                error!(%error, "the index cannot be read; requests of the earlier run wait to be routed");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                Vec::new()
            }
            Err(_cancelled) => Vec::new(),
        }
    }
}

/// Copies a request out of the journal's batch, which is much larger and would be kept with it.
fn on_its_own(request: Request) -> Request {
    let mut bytes = Vec::with_capacity(request.head.len() + request.body.len());
    bytes.extend_from_slice(&request.head);
    bytes.extend_from_slice(&request.body);
    let bytes = bytes::Bytes::from(bytes);
    let (head, body) = (bytes.slice(..request.head.len()), bytes.slice(request.head.len()..));
    Request { head, body, ..request }
}
