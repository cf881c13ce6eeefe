//! The events a request becomes: one for each connection of its source, as that connection's rules will have it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::connection::Connection;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, RequestId, SourceId};
use hookyard_model::order::{Order, OrderKey};
use hookyard_model::request::{Fields, Head, Request};
use hookyard_model::rule::{ClaimKey, RuleKind, Ruling};
use hookyard_rules::order::OrderBy;
use hookyard_rules::pipeline::{Pipeline, Progress, RuleError, Subject};
use hookyard_rules::values::{Parts, Values};
use hookyard_store::arrivals::NewEvent;
use hookyard_store::catalog::Snapshot;
use hookyard_store::store::Store;
use hookyard_transform::runner::Runner;
use rustc_hash::FxHashMap;
use tracing::error;

use crate::transform::{self, Transformation};

/// How long to wait before the index is asked once more for what came first.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Makes events of requests; clones share the compiled rules.
#[derive(Clone, Debug)]
pub(crate) struct Planner {
    store: Store,
    runner: Runner,
    known: Arc<Mutex<FxHashMap<ConnectionId, Arc<Known>>>>,
}

/// A connection's rules, compiled when they are first needed and again when it has changed.
#[derive(Debug)]
struct Known {
    connection: Arc<Connection>,
    pipeline: Result<Pipeline, RuleError>,
    order: OrderBy,
    transformations: Vec<Transformation>,
}

/// Whether a request of this source goes through a transformation, which takes time.
pub(crate) fn is_transformed(snapshot: &Snapshot, source: SourceId) -> bool {
    let runs_code = |connection: &Arc<Connection>| {
        connection.disabled.is_none()
            && connection.rules.iter().any(|rule| rule.kind() == RuleKind::Transform)
    };
    snapshot.by_source.get(&source).is_some_and(|connections| connections.iter().any(runs_code))
}

impl Planner {
    pub(crate) fn new(store: Store, runner: Runner) -> Self {
        Self { store, runner, known: Arc::default() }
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
        transform::keep_within_bounds(events);
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
        let order = match connection.order {
            Order::Free => None,
            Order::Destination | Order::Key(_) => self.order_key(snapshot, connection, request, fields),
        };
        let queued = NewEvent {
            connection: connection.id,
            destination: connection.destination,
            state: EventState::Queued,
            due_at: now,
            order,
            ruling: Ruling::default(),
            transformed: None,
        };
        if connection.rules.is_empty() {
            return queued;
        }
        let known = self.known(snapshot, connection);
        match self.apply(snapshot, &known, request, fields, now).await {
            Ok((state, due_at, ruling, transformed)) => {
                NewEvent { state, due_at, ruling, transformed: transformed.map(Arc::new), ..queued }
            }
            Err(error) => {
                // Nobody saved them like this; what cannot be judged is kept for a person.
                error!(connection = %connection.id, request = %request.id, error, "rules cannot be applied; the event is held");
                NewEvent { state: EventState::Held, ..queued }
            }
        }
    }

    /// Sends a request through a connection's rules.
    async fn apply(
        &self,
        snapshot: &Snapshot,
        known: &Known,
        request: &Request,
        fields: &Fields,
        now: Timestamp,
    ) -> Result<(EventState, Timestamp, Ruling, Option<Request>), String> {
        let pipeline = known.pipeline.as_ref().map_err(ToString::to_string)?;
        let mut run = pipeline.begin(now);
        // As transformations made it so far.
        let mut transformed: Option<Request> = None;
        loop {
            let by_now = transformed.as_ref().unwrap_or(request);
            let head = Head::parse(&by_now.head).map_err(|error| error.to_string())?;
            let subject = Subject {
                values: Values::new(Parts::of(&head, fields.topic.as_deref(), &by_now.body)),
                received_at: request.received_at,
                provider_event_id: fields.provider_event_id.as_deref(),
                provider_time: fields.provider_time,
            };
            let which = loop {
                match run.advance(&subject) {
                    Progress::Claim { key, window } => {
                        run.answer(key, self.claim(&known.connection, key, request, window).await);
                    }
                    Progress::Latest(revision) => {
                        // Where that is not known now, it is before the first attempt.
                        let connection = known.connection.id;
                        let newest = self.store.newest_delivered_if_known(connection, revision.of).await;
                        run.newest(revision, newest);
                    }
                    Progress::Transform(which) => break which,
                    Progress::End => {
                        let (state, due_at, ruling) = run.end(now);
                        return Ok((state, due_at, ruling, transformed));
                    }
                }
            };
            drop(subject);
            let Some(transformation) = known.transformations.get(which) else {
                return Err(format!("there is no transformation {which}"));
            };
            let context = transform::context(snapshot, &known.connection, request);
            match transformation.apply(&self.runner, context, &head, by_now, now).await {
                Ok(done) => {
                    run.transformed(done.detail, done.execution);
                    transformed = done.request.or(transformed);
                }
                Err(failed) => run.failed(failed.why, failed.execution),
            }
        }
    }

    /// Claims a key for a request, however long it takes to find out whether it can.
    async fn claim(
        &self,
        connection: &Connection,
        key: ClaimKey,
        request: &Request,
        window: Duration,
    ) -> Option<RequestId> {
        loop {
            let claim = self.store.claim(connection.id, key, request.id, request.received_at, window);
            match claim.await {
                Ok(first) => return first,
                Err(error) => {
                    error!(connection = %connection.id, %error, "what came first is not known; it is asked again");
                    tokio::time::sleep(ASK_AGAIN_AFTER).await;
                }
            }
        }
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
        let order = OrderBy::compile(&connection.order).unwrap_or_else(|error| {
            // Nobody saved it like this.
            error!(connection = %connection.id, error, "the order cannot be kept");
            OrderBy::default()
        });
        let made = Arc::new(Known {
            connection: Arc::clone(connection),
            pipeline: Pipeline::compile(&connection.rules),
            order,
            transformations: connection.rules.iter().filter_map(Transformation::of).collect(),
        });
        known.insert(connection.id, Arc::clone(&made));
        made
    }
}
