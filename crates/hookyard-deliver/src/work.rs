//! What is done with one event: whether it may go, the attempt, what follows from it, and both recorded in one
//! commit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hookyard_model::attempt::{Attempt, DeliveryError, ErrorKind, Outcome};
use hookyard_model::clock::Timestamp;
use hookyard_model::connection::{Connection, DisableCause};
use hookyard_model::destination::Destination;
use hookyard_model::event::{EventState, Input, transition};
use hookyard_model::id::{AttemptId, ConnectionId, DestinationId};
use hookyard_model::request::Request;
use hookyard_model::retry::Retry;
use hookyard_outgoing::exchange::Kept;
use hookyard_rules::retry::{Failed, next_attempt};
use hookyard_store::lanes::Ready;
use tracing::{error, warn};

use crate::failing::Step;
use crate::idle::Job;
use crate::lane::{Lane, Plan};
use crate::pace::Probe;
use crate::send::{Sent, Shipment};

/// When an attempt was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// When the request arrived, where it could be read.
    pub(crate) received_at: Option<Timestamp>,
    pub(crate) started_at: Timestamp,
    pub(crate) duration: Duration,
    pub(crate) ended_at: Timestamp,
}

impl Lane {
    /// Sees one event through: afterwards it is delivered, scheduled, failed or set aside.
    pub(crate) async fn deliver(&self, job: Job, plan: &Plan, connection: &mut Option<Kept>) {
        let Job { ready, probe } = job;
        let Some(along) = self.may_go(&ready).await else { return };
        let (sent, times) = self.exchange(&ready, plan, connection).await;
        let attempt = self.decide(&ready, &along, sent, times);
        let step = self.note(&attempt, &plan.of, probe, times);
        self.parts.store.record_attempt(&ready, &attempt);
        self.follow(&ready, &attempt, step).await;
    }

    /// The connection that an event goes along; none where it may not go, and is set aside.
    pub(crate) async fn may_go(&self, ready: &Ready) -> Option<Arc<Connection>> {
        let store = &self.parts.store;
        let snapshot = store.catalog().snapshot();
        let aside = match snapshot.connections.get(&ready.event.connection) {
            None => EventState::Cancelled,
            Some(along) if along.disabled.is_some() => EventState::Held,
            Some(along) => return (!self.parts.is_superseded(ready).await).then(|| Arc::clone(along)),
        };
        store.record_set_aside(ready, aside);
        None
    }

    /// Sends the event, and reads the answer.
    async fn exchange(&self, ready: &Ready, plan: &Plan, connection: &mut Option<Kept>) -> (Sent, Times) {
        let store = &self.parts.store;
        let started_at = store.clock().now();
        let started = Instant::now();
        let (sent, received_at) = match store.request_of(ready).await {
            Ok(request) => {
                let sent = self.attempt(ready, plan, &request, started_at, connection).await;
                (sent, Some(request.received_at))
            }
            Err(error) => (unreadable(&error), None),
        };
        let ended_at = store.clock().now();
        (sent, Times { received_at, started_at, duration: started.elapsed(), ended_at })
    }

    async fn attempt(
        &self,
        ready: &Ready,
        plan: &Plan,
        request: &Request,
        now: Timestamp,
        connection: &mut Option<Kept>,
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
    pub(crate) fn decide(&self, ready: &Ready, along: &Connection, sent: Sent, times: Times) -> Attempt {
        let Times { received_at, started_at, duration, ended_at } = times;
        let number = ready.attempts + 1;
        let received_at = received_at.unwrap_or(ended_at);
        let input = follow_up(&sent, &along.retry, number, received_at, ended_at, self.parts.jitter.next());
        let next = transition(EventState::Delivering, input, ended_at);
        let (state, due_at) = next.map_or((EventState::Failed, ended_at), |next| (next.state, next.due_at));
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

    /// Counts an attempt; what is to be done about its destination, if anything.
    pub(crate) fn note(
        &self,
        attempt: &Attempt,
        destination: &Destination,
        probe: Option<Probe>,
        times: Times,
    ) -> Option<Step> {
        self.pace.note(&attempt.outcome, probe);
        self.parts.metrics.note(attempt, times.received_at, times.ended_at);
        self.failing.note(&attempt.outcome, destination.pacing.disable_after, times.ended_at)
    }

    /// Does what an attempt means for others than its event, once it is recorded.
    pub(crate) async fn follow(&self, ready: &Ready, attempt: &Attempt, step: Option<Step>) {
        if attempt.outcome.status() == Some(410) {
            self.disable(ready.event.connection, DisableCause::DestinationGone).await;
        }
        match step {
            None => {}
            Some(Step::Note(since)) => self.note_failing(ready.destination, since).await,
            Some(Step::GiveUp { since }) => self.give_up(ready.destination, since).await,
        }
    }

    async fn disable(&self, connection: ConnectionId, cause: DisableCause) {
        match self.parts.store.catalog().disable_connection(connection, cause).await {
            // The catalog has logged it.
            Ok(true) => self.parts.metrics.connection_disabled(cause),
            Ok(false) => {}
            Err(error) => {
                error!(%connection, cause = cause.name(), %error, "a connection cannot be disabled")
            }
        }
    }

    /// Keeps in the catalog since when the destination does nothing but fail.
    async fn note_failing(&self, destination: DestinationId, since: Option<Timestamp>) {
        match self.parts.store.catalog().note_failing(destination, since).await {
            Ok(()) => self.failing.is_noted(since),
            Err(error) => warn!(%destination, %error, "it cannot be noted whether a destination fails"),
        }
    }

    /// Disables every connection to a destination that has failed for as long as it may.
    async fn give_up(&self, destination: DestinationId, since: Timestamp) {
        let snapshot = self.parts.store.catalog().snapshot();
        let leading_here = |it: &&Arc<Connection>| it.destination == destination && it.disabled.is_none();
        let connections: Vec<_> = snapshot.connections.values().filter(leading_here).collect();
        warn!(
            %destination,
            failing_since_s = since.s(),
            connections = connections.len(),
            "a destination has done nothing but fail for as long as its `disable_after` allows: its connections \
             are disabled; enable them again once it works"
        );
        for connection in connections {
            self.disable(connection.id, DisableCause::DestinationFailing).await;
        }
        self.note_failing(destination, None).await;
    }
}

/// What an attempt's end means for its event.
fn follow_up(
    sent: &Sent,
    retry: &Retry,
    attempts: u32,
    received_at: Timestamp,
    now: Timestamp,
    random: u64,
) -> Input {
    if sent.outcome.is_success() {
        return Input::Delivered;
    }
    let Sent { outcome, retry_after } = sent;
    let failed = Failed { outcome, retry_after: *retry_after, attempts, received_at, now };
    next_attempt(retry, &failed, random).map_or(Input::GiveUp, Input::RetryAt)
}

pub(crate) fn failed(kind: ErrorKind, detail: String) -> Sent {
    Sent { outcome: Outcome::Error(DeliveryError { kind, detail }), retry_after: None }
}

pub(crate) fn unreadable(error: &impl std::fmt::Display) -> Sent {
    failed(ErrorKind::Request, format!("the stored request cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hookyard_model::attempt::Response;
    use hookyard_model::retry::Schedule;
    use hookyard_rules::retry::RetryAfter;

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    fn answered(status: u16) -> Sent {
        let response = Response { status, headers: Bytes::new(), body: Bytes::new(), body_truncated: false };
        Sent { outcome: Outcome::Response(response), retry_after: None }
    }

    fn follow(sent: &Sent, number: u32) -> Input {
        let waits = vec![Duration::from_secs(1), Duration::from_secs(60)];
        follow_up(sent, &Retry::on(Schedule::Custom(waits)), number, NOW, NOW, 0)
    }

    #[test]
    fn only_2xx_is_delivered() {
        for status in 100..600 {
            let input = follow(&answered(status), 1);
            assert_eq!(input == Input::Delivered, (200..300).contains(&status), "{status}");
        }
    }

    #[test]
    fn the_schedule_is_followed_to_its_end() {
        let follow = |number| follow(&answered(500), number);
        assert_eq!(follow(1), Input::RetryAt(NOW.plus(Duration::from_secs(1))));
        assert_eq!(follow(2), Input::RetryAt(NOW.plus(Duration::from_secs(60))));
        assert_eq!(follow(3), Input::GiveUp);
    }

    #[test]
    fn what_cannot_succeed_is_given_up_at_once() {
        assert_eq!(follow(&answered(410), 1), Input::GiveUp);
        assert_eq!(follow(&unreadable(&"damaged"), 1), Input::GiveUp);
        let unwanted = Sent { retry_after: Some(RetryAfter::Never), ..answered(503) };
        assert_eq!(follow(&unwanted, 1), Input::GiveUp);
    }
}
