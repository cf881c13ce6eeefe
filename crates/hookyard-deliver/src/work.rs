//! What a worker does with one event: attempt it, decide what follows, record both in one commit.

use std::time::{Duration, Instant};

use hookyard_model::attempt::{Attempt, DeliveryError, ErrorKind, Outcome};
use hookyard_model::clock::Timestamp;
use hookyard_model::connection::{Connection, DisableCause, Retry};
use hookyard_model::event::{EventState, Input, transition};
use hookyard_model::id::{AttemptId, ConnectionId};
use hookyard_model::request::Request;
use hookyard_outgoing::exchange::OpenConnection;
use hookyard_rules::retry::next_wait;
use hookyard_store::lanes::Ready;
use tracing::{error, warn};

use crate::lane::{Lane, Plan};
use crate::send::{Sent, Shipment};

impl Lane {
    /// Sees one event through: afterwards it is delivered, scheduled, failed or set aside.
    pub(crate) async fn deliver(&self, ready: Ready, plan: &Plan, connection: &mut Option<OpenConnection>) {
        let store = &self.parts.store;
        let snapshot = store.catalog().snapshot();
        let along = match snapshot.connections.get(&ready.event.connection) {
            None => return store.record_set_aside(&ready, EventState::Cancelled),
            Some(along) if along.disabled.is_some() => {
                return store.record_set_aside(&ready, EventState::Held);
            }
            Some(along) => along,
        };
        let started_at = store.clock().now();
        let started = Instant::now();
        let (sent, request) = match store.request_of(&ready).await {
            Ok(request) => {
                (self.attempt(&ready, plan, &request, started_at, connection).await, Some(request))
            }
            Err(error) => (unreadable(&error), None),
        };
        let duration = started.elapsed();
        self.pace.note(&sent.outcome);
        let now = store.clock().now();
        let attempt = self.decide(&ready, along, sent, started_at, duration, now);
        let received_at = request.map(|request| request.received_at);
        self.parts.metrics.note(&attempt, received_at, now);
        store.record_attempt(&ready, &attempt);
        if attempt.outcome.status() == Some(410) {
            self.disable(along.id).await;
        }
    }

    async fn attempt(
        &self,
        ready: &Ready,
        plan: &Plan,
        request: &Request,
        now: Timestamp,
        connection: &mut Option<OpenConnection>,
    ) -> Sent {
        match &plan.target {
            Ok(target) => {
                let shipment = Shipment {
                    event: ready.event,
                    number: ready.attempts + 1,
                    trigger: ready.trigger,
                    request,
                    now,
                };
                let _under_way = self.parts.metrics.under_way();
                self.parts.sender.attempt(connection, target, &shipment).await
            }
            Err(error) => failed(ErrorKind::Request, error.to_string()),
        }
    }

    /// What becomes of the event.
    fn decide(
        &self,
        ready: &Ready,
        along: &Connection,
        sent: Sent,
        started_at: Timestamp,
        duration: Duration,
        now: Timestamp,
    ) -> Attempt {
        let number = ready.attempts + 1;
        let input = follow_up(&sent, &along.retry, number, now, self.parts.jitter.next());
        let next = transition(EventState::Delivering, input, now);
        let (state, due_at) = next.map_or((EventState::Failed, now), |next| (next.state, next.due_at));
        Attempt {
            id: AttemptId { event: ready.event, number },
            project: along.project,
            destination: ready.destination,
            trigger: ready.trigger,
            started_at,
            duration,
            outcome: sent.outcome,
            state,
            due_at,
        }
    }

    async fn disable(&self, connection: ConnectionId) {
        let catalog = self.parts.store.catalog();
        match catalog.disable_connection(connection, DisableCause::DestinationGone).await {
            Ok(true) => warn!(%connection, "the destination answered 410 Gone: its connection is disabled"),
            Ok(false) => {}
            Err(error) => {
                error!(%connection, %error, "a connection whose destination is gone cannot be disabled")
            }
        }
    }
}

/// What an attempt's end means for its event.
fn follow_up(sent: &Sent, retry: &Retry, number: u32, now: Timestamp, random: u64) -> Input {
    if sent.outcome.is_success() {
        return Input::Delivered;
    }
    let hopeless = matches!(&sent.outcome, Outcome::Error(error) if error.kind == ErrorKind::Request);
    if sent.gone || hopeless {
        return Input::GiveUp;
    }
    match next_wait(retry, number, random) {
        None => Input::GiveUp,
        Some(wait) => {
            let at = now.plus(wait);
            Input::RetryAt(sent.retry_after.as_ref().map_or(at, |asked| asked.at.max(at)))
        }
    }
}

fn failed(kind: ErrorKind, detail: String) -> Sent {
    Sent { outcome: Outcome::Error(DeliveryError { kind, detail }), retry_after: None, gone: false }
}

fn unreadable(error: &impl std::fmt::Display) -> Sent {
    failed(ErrorKind::Request, format!("the stored request cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hookyard_model::attempt::Response;

    use super::*;
    use crate::retry_after::RetryAfter;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    fn answered(status: u16) -> Sent {
        let response = Response { status, headers: Bytes::new(), body: Bytes::new(), body_truncated: false };
        Sent { outcome: Outcome::Response(response), retry_after: None, gone: status == 410 }
    }

    fn schedule() -> Retry {
        Retry::Custom(vec![Duration::from_secs(1), Duration::from_secs(60)])
    }

    #[test]
    fn only_2xx_is_delivered() {
        for status in 100..600 {
            let input = follow_up(&answered(status), &schedule(), 1, NOW, 0);
            assert_eq!(input == Input::Delivered, (200..300).contains(&status), "{status}");
        }
    }

    #[test]
    fn the_schedule_is_followed_to_its_end() {
        let follow = |number| follow_up(&answered(500), &schedule(), number, NOW, 0);
        assert_eq!(follow(1), Input::RetryAt(NOW.plus(Duration::from_secs(1))));
        assert_eq!(follow(2), Input::RetryAt(NOW.plus(Duration::from_secs(60))));
        assert_eq!(follow(3), Input::GiveUp);
    }

    #[test]
    fn retry_after_can_only_lengthen_the_wait() {
        for (asked, expected) in [(30, 30), (0, 1)] {
            let asked = RetryAfter { at: NOW.plus(Duration::from_secs(asked)) };
            let sent = Sent { retry_after: Some(asked), ..answered(429) };
            let expected = Input::RetryAt(NOW.plus(Duration::from_secs(expected)));
            assert_eq!(follow_up(&sent, &schedule(), 1, NOW, 0), expected);
        }
    }

    #[test]
    fn what_cannot_succeed_is_given_up_at_once() {
        assert_eq!(follow_up(&answered(410), &schedule(), 1, NOW, 0), Input::GiveUp);
        let damaged = unreadable(&"damaged");
        assert_eq!(follow_up(&damaged, &schedule(), 1, NOW, 0), Input::GiveUp);
    }
}
