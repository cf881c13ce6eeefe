//! The events a request becomes: one for each connection of its source, as that connection's rules will have it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::connection::Connection;
use hookyard_model::event::EventState;
use hookyard_model::id::ConnectionId;
use hookyard_model::order::{Order, OrderKey};
use hookyard_model::request::{Fields, Head, Request};
use hookyard_model::rule::Ruling;
use hookyard_rules::order::OrderBy;
use hookyard_rules::pipeline::{Pipeline, Progress, RuleError, Subject};
use hookyard_rules::values::{Parts, Values};
use hookyard_store::arrivals::NewEvent;
use hookyard_store::catalog::Snapshot;
use hookyard_store::store::Store;
use rustc_hash::FxHashMap;
use tracing::error;

/// How long to wait before the index is asked once more for what came first.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Makes events of requests; clones share the compiled rules.
#[derive(Clone, Debug)]
pub(crate) struct Planner {
    store: Store,
    known: Arc<Mutex<FxHashMap<ConnectionId, Arc<Known>>>>,
}

/// A connection's rules, compiled when they are first needed and again when it has changed.
#[derive(Debug)]
struct Known {
    connection: Arc<Connection>,
    pipeline: Result<Pipeline, RuleError>,
    order: OrderBy,
}

impl Planner {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: Arc::default() }
    }

    /// Adds the events of a request. A disabled connection takes none.
    pub(crate) async fn plan(
        &self,
        snapshot: &Snapshot,
        request: &Request,
        fields: &Fields,
        events: &mut Vec<NewEvent>,
    ) {
        let Some(connections) = request.source.and_then(|source| snapshot.by_source.get(&source)) else {
            return;
        };
        let now = self.store.clock().now();
        for connection in connections.iter().filter(|connection| connection.disabled.is_none()) {
            events.push(self.event(snapshot, connection, request, fields, now).await);
        }
    }

    /// What becomes of a request along one connection.
    pub(crate) async fn event(
        &self,
        snapshot: &Snapshot,
        connection: &Arc<Connection>,
        request: &Request,
        fields: &Fields,
        now: Timestamp,
    ) -> NewEvent {
        let (state, due_at, ruling) = if connection.rules.is_empty() {
            (EventState::Queued, now, Ruling::default())
        } else {
            self.apply(snapshot, connection, request, fields, now).await
        };
        let order = match connection.order {
            Order::Free => None,
            Order::Destination | Order::Key(_) => self.order_key(snapshot, connection, request, fields),
        };
        let (connection, destination) = (connection.id, connection.destination);
        NewEvent { connection, destination, state, due_at, order, ruling }
    }

    /// Sends a request through a connection's rules.
    async fn apply(
        &self,
        snapshot: &Snapshot,
        connection: &Arc<Connection>,
        request: &Request,
        fields: &Fields,
        now: Timestamp,
    ) -> (EventState, Timestamp, Ruling) {
        let known = self.known(snapshot, connection);
        let (pipeline, head) = match (&known.pipeline, Head::parse(&request.head)) {
            (Ok(pipeline), Ok(head)) => (pipeline, head),
            // Nobody saved them like this; what cannot be judged is kept for a person.
            (Err(error), _) => return held(connection, request, error, now),
            (_, Err(error)) => return held(connection, request, &error, now),
        };
        let subject = Subject {
            values: Values::new(Parts::of(&head, fields.topic.as_deref(), &request.body)),
            received_at: request.received_at,
            provider_event_id: fields.provider_event_id.as_deref(),
            provider_time: fields.provider_time,
        };
        let mut run = pipeline.begin(subject, now);
        while let Progress::Claim { key, window } = run.advance() {
            let first = loop {
                let claim = self.store.claim(connection.id, key, request.id, request.received_at, window);
                match claim.await {
                    Ok(first) => break first,
                    Err(error) => {
                        error!(connection = %connection.id, %error, "what came first is not known; it is asked again");
                        tokio::time::sleep(ASK_AGAIN_AFTER).await;
                    }
                }
            };
            run.answer(key, first);
        }
        run.end(now)
    }

    /// What an event has in common with those that it goes out before or behind. Where that cannot be read, it waits
    /// for nothing, as one that has nothing of its key.
    fn order_key(
        &self,
        snapshot: &Snapshot,
        connection: &Arc<Connection>,
        request: &Request,
        fields: &Fields,
    ) -> Option<OrderKey> {
        let known = self.known(snapshot, connection);
        if !known.order.reads_fields() {
            return known.order.key(connection.id, None);
        }
        let head = Head::parse(&request.head).ok()?;
        let values = Values::new(Parts::of(&head, fields.topic.as_deref(), &request.body));
        known.order.key(connection.id, Some(&values))
    }

    fn known(&self, snapshot: &Snapshot, connection: &Arc<Connection>) -> Arc<Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&connection.id).filter(|it| Arc::ptr_eq(&it.connection, connection)) {
            return Arc::clone(found);
        }
        known.retain(|id, _| snapshot.connections.contains_key(id));
        let pipeline = Pipeline::compile(&connection.rules);
        let order = OrderBy::compile(&connection.order).unwrap_or_else(|error| {
            // Nobody saved it like this.
            error!(connection = %connection.id, error, "the order cannot be kept");
            OrderBy::default()
        });
        let made = Arc::new(Known { connection: Arc::clone(connection), pipeline, order });
        known.insert(connection.id, Arc::clone(&made));
        made
    }
}

fn held(
    connection: &Connection,
    request: &Request,
    error: &dyn std::fmt::Display,
    now: Timestamp,
) -> (EventState, Timestamp, Ruling) {
    error!(connection = %connection.id, request = %request.id, %error, "rules cannot be applied; the event is held");
    (EventState::Held, now, Ruling::default())
}
