//! What the other stages do to the store: requests come in, are routed, are attempted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookyard_model::attempt::{Attempt, DeliveryError, ErrorKind, Outcome, Response};
use hookyard_model::event::EventState;
use hookyard_model::id::{AttemptId, ConnectionId, DestinationId, EventId, RequestId, SourceId};
use hookyard_model::request::{Fields, Proof, RejectCause};
use hookyard_model::rule::Ruling;
use hookyard_store::accept::{Answered, Arrival, Rejection, Unavailable};
use hookyard_store::arrivals::{Arrivals, Arrived, NewEvent};
use hookyard_store::lanes::Lane;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::harness::{START, Server};

/// A head that no test looks at.
pub(crate) const PLAIN_HEAD: &[u8] = b"POST /tok HTTP/1.1\r\nHost: hooks.example\r\n\r\n";

/// A source joined to a destination, and the stages around them.
pub(crate) struct Yard {
    pub(crate) source: SourceId,
    pub(crate) destination: DestinationId,
    pub(crate) connection: ConnectionId,
    arrivals: Arrivals,
    lane: Arc<Lane>,
    filling: JoinHandle<()>,
}

impl Drop for Yard {
    fn drop(&mut self) {
        self.filling.abort();
    }
}

impl Yard {
    /// Makes the three through the API.
    pub(crate) async fn lay_out(server: &Server) -> Self {
        let source = server.create("/api/v1/sources", json!({"name": "in", "provider": "none"})).await;
        let destination = json!({"name": "out", "url": "http://127.0.0.1:1/"});
        let destination = server.create("/api/v1/destinations", destination).await;
        let connection = json!({"name": "in-out", "source_id": source, "destination_id": destination});
        let connection = server.create("/api/v1/connections", connection).await;
        let destination = destination.parse().unwrap();
        let lane = server.store.lane(destination);
        let filled = Arc::clone(&lane);
        Self {
            source: source.parse().unwrap(),
            destination,
            connection: connection.parse().unwrap(),
            arrivals: server.store.arrivals(),
            lane,
            filling: tokio::spawn(async move { filled.keep_filled().await }),
        }
    }

    /// Makes a request durable.
    pub(crate) async fn accept(&self, server: &Server, head: &[u8], body: &[u8]) -> RequestId {
        self.try_accept(server, head, body).await.unwrap()
    }

    /// Makes a request durable, if the store lets it.
    pub(crate) async fn try_accept(
        &self,
        server: &Server,
        head: &[u8],
        body: &[u8],
    ) -> Result<RequestId, Unavailable> {
        let arrival = Arrival {
            project: server.project(),
            source: self.source,
            proof: Some(Proof::NotAsked),
            received_at: server.clock.now(),
            remote: [192, 0, 2, 7].into(),
            head: Bytes::copy_from_slice(head),
            body: Bytes::copy_from_slice(body),
        };
        server.store.accept(arrival).await
    }

    /// Makes a request durable that is to be verified later.
    pub(crate) async fn accept_pending(&self, server: &Server, body: &'static [u8]) -> RequestId {
        let arrival = Arrival {
            project: server.project(),
            source: self.source,
            proof: None,
            received_at: server.clock.now(),
            remote: [192, 0, 2, 7].into(),
            head: Bytes::from_static(PLAIN_HEAD),
            body: Bytes::from_static(body),
        };
        server.store.accept(arrival).await.unwrap()
    }

    /// The next requests to route, as many as these.
    pub(crate) async fn arrived(&mut self, count: usize) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        while arrived.len() < count {
            arrived.extend(self.arrivals.next().await);
        }
        arrived
    }

    /// Notes a handshake that was answered.
    pub(crate) fn note_answered(&self, server: &Server) {
        server.store.note_answered(Answered {
            project: server.project(),
            source: self.source,
            received_at: server.clock.now(),
            remote: [192, 0, 2, 8].into(),
            head: Bytes::from_static(PLAIN_HEAD),
            body: Bytes::from_static(b"?"),
            body_bytes: 1,
            detail: "url_verification".to_owned(),
        });
    }

    /// Notes a refused request of which `body_bytes` had come.
    pub(crate) fn reject(&self, server: &Server, cause: RejectCause, body: &[u8], body_bytes: u64) {
        server.store.reject(Rejection {
            project: server.project(),
            source: Some(self.source),
            received_at: server.clock.now(),
            remote: [192, 0, 2, 8].into(),
            head: Bytes::from_static(PLAIN_HEAD),
            body: Bytes::copy_from_slice(body),
            body_bytes,
            cause,
            detail: "no signature matches".to_owned(),
        });
    }

    /// Routes the next `count` requests along the connection; the events are to be found when this returns.
    pub(crate) async fn route(&mut self, server: &Server, count: usize) {
        let mut routed = 0;
        while routed < count {
            for arrived in self.arrivals.next().await {
                let event = NewEvent {
                    connection: self.connection,
                    destination: self.destination,
                    state: EventState::Queued,
                    due_at: server.clock.now(),
                    order: None,
                    ruling: Ruling::default(),
                    transformed: None,
                };
                server.store.record_routed(&arrived, Fields::default(), &[event]);
                routed += 1;
            }
        }
        server.store.settle().await;
    }

    /// A request that was accepted and routed.
    pub(crate) async fn event(&mut self, server: &Server) -> EventId {
        let request = self.accept(server, PLAIN_HEAD, b"{}").await;
        self.route(server, 1).await;
        EventId { request, connection: self.connection }
    }

    /// Attempts the next event of the lane; `state` is what becomes of it, to be found when this returns.
    pub(crate) async fn attempt(&self, server: &Server, outcome: Outcome, state: EventState) -> AttemptId {
        let ready = loop {
            if let Some(ready) = self.lane.take() {
                break ready;
            }
            self.lane.work().await;
        };
        let id = AttemptId { event: ready.event, number: ready.attempts + 1 };
        let attempt = Attempt {
            id,
            project: server.project(),
            destination: self.destination,
            trigger: ready.trigger,
            started_at: server.clock.now(),
            duration: Duration::from_micros(1_250),
            outcome,
            state,
            due_at: START.plus(Duration::from_secs(60)),
        };
        server.store.record_attempt(&ready, &attempt);
        server.store.settle().await;
        id
    }
}

/// An answer of a destination.
pub(crate) fn answered(status: u16, body: &[u8]) -> Outcome {
    Outcome::Response(Response {
        status,
        headers: Bytes::from_static(b"Content-Type: text/plain\r\nX-Odd: \xff\r\n"),
        body: Bytes::copy_from_slice(body),
        body_truncated: false,
    })
}

/// A destination that did not answer.
pub(crate) fn refused() -> Outcome {
    Outcome::Error(DeliveryError { kind: ErrorKind::Connect, detail: "connection refused".to_owned() })
}
