//! One attempt from beginning to end: connect or reuse, send, read, and name what happened.
//!
//! There is no pool. A lane's worker makes one attempt at a time and keeps at most one connection, which
//! it lends to [`Sender::attempt`]; so connections are bounded by workers, and no destination waits for
//! another's. Where the server speaks HTTP/2, what a worker keeps is its hold on a connection that it shares with
//! the lane's other workers ([`hookyard_outgoing::shared`]).

use std::sync::Arc;

use bytes::Bytes;
use hookyard_model::attempt::{DeliveryError, Outcome, Trigger};
use hookyard_model::clock::Timestamp;
use hookyard_model::id::EventId;
use hookyard_model::request::Request;
use hookyard_outgoing::alarm::Alarm;
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::exchange::{Answer, AnswerLimits, Broken, Kept};
use hookyard_outgoing::fetch::Fetcher;
use hookyard_outgoing::http1::OpenConnection;
use hookyard_outgoing::shared::{Found, SharedConnections, Way};
use hookyard_outgoing::stage::Stage;
use hookyard_rules::retry::RetryAfter;
use http::HeaderValue;
use http_body_util::Full;
use tokio::time::Instant;

use crate::auth::Auth;
use crate::auth::oauth2::{self, Tokens};
use crate::outgoing;
use crate::retry_after;
use crate::target::Target;

/// Makes attempts; shared by all lanes, cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    connector: Connector,
    /// Asks token endpoints.
    fetcher: Fetcher,
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Shipment<'a> {
    /// The event; its id is `webhook-id` and `Idempotency-Key` of every attempt.
    pub event: EventId,
    /// Which attempt this is, from 1.
    pub number: u32,
    /// Why it is made.
    pub trigger: Trigger,
    /// The request as it arrived.
    pub request: &'a Request,
    /// When the attempt is made: `webhook-timestamp`, and what `Retry-After` counts from.
    pub now: Timestamp,
}

/// How an attempt ended, and what the destination asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The answer or the error.
    pub outcome: Outcome,
    /// What an unsuccessful answer asked for.
    pub retry_after: Option<RetryAfter>,
}

impl Sender {
    /// A sender over connections that `connector` makes.
    pub fn new(connector: Connector) -> Self {
        let fetcher = Fetcher::new(&connector, oauth2::FETCH_TIMEOUT, oauth2::ANSWER_BYTES_MAX);
        Self { connector, fetcher }
    }

    /// Makes one attempt, which takes at most the target's timeout.
    ///
    /// Uses the connection in `kept` where it is open and leads to the target, otherwise finds or makes one;
    /// leaves there the one that can be used again. A connection that had idled and is closed before a
    /// byte of the answer comes was given up by the peer just then: the request goes out once more on a
    /// new one, within the same attempt; so does one that the server says it has not taken. Dropping the
    /// future closes the connection, or resets the stream of a shared one.
    pub async fn attempt(&self, kept: &mut Option<Kept>, target: &Target, shipment: &Shipment<'_>) -> Sent {
        let mut stage = Stage::Resolving;
        let deadline = Instant::now() + target.timeout;
        let mut alarm = Alarm::at(deadline, kept.as_mut().and_then(Kept::take_alarm));
        let delivery = self.deliver(kept, target, shipment, deadline, &mut stage);
        let delivered = match alarm.unless(delivery).await {
            Some(delivered) => delivered,
            None => Err(stage.timed_out(&target.endpoint, target.timeout)),
        };
        if let Some(kept) = kept {
            kept.keep_alarm(alarm);
        }
        match delivered {
            Ok(answer) => sent(answer, shipment.now),
            Err(error) => Sent { outcome: Outcome::Error(error), retry_after: None },
        }
    }

    async fn deliver(
        &self,
        kept: &mut Option<Kept>,
        target: &Target,
        shipment: &Shipment<'_>,
        deadline: Instant,
        stage: &mut Stage,
    ) -> Result<Answer, DeliveryError> {
        match &target.auth {
            // Boxed, so that no other attempt carries its future about.
            Auth::Token(tokens) => {
                Box::pin(self.deliver_with_token(tokens, kept, target, shipment, deadline, stage)).await
            }
            _ => self.exchange(kept, target, shipment, None, deadline, stage).await,
        }
    }

    /// A token that the destination refuses is fetched anew, and the request sent once more: a token that was
    /// revoked should not cost an attempt.
    async fn deliver_with_token(
        &self,
        tokens: &Tokens,
        kept: &mut Option<Kept>,
        target: &Target,
        shipment: &Shipment<'_>,
        deadline: Instant,
        stage: &mut Stage,
    ) -> Result<Answer, DeliveryError> {
        *stage = Stage::Token;
        let token = tokens.obtain(&self.fetcher, shipment.now, None).await?;
        let answer = self.exchange(kept, target, shipment, Some(&token.value), deadline, stage).await?;
        if token.is_new || answer.response.status != http::StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        *stage = Stage::Token;
        let renewed = tokens.obtain(&self.fetcher, shipment.now, Some(&token.value)).await?;
        if renewed.value == token.value {
            return Ok(answer);
        }
        self.exchange(kept, target, shipment, Some(&renewed.value), deadline, stage).await
    }

    async fn exchange(
        &self,
        kept: &mut Option<Kept>,
        target: &Target,
        shipment: &Shipment<'_>,
        token: Option<&HeaderValue>,
        deadline: Instant,
        stage: &mut Stage,
    ) -> Result<Answer, DeliveryError> {
        let (limits, build) = (self.connector.limits(), || outgoing::build(target, shipment, token));
        if let Some(mut idle) = still_open(kept, target).await {
            match idle.exchange(build()?, limits, stage).await {
                Ok(answer) => return Ok(keep_if_reusable(kept, answer, idle).await),
                Err(Broken { unanswered: true, .. }) => {}
                Err(Broken { error, .. }) => return Err(error),
            }
        }
        let request = build()?;
        let (connector, endpoint, identity) = (&self.connector, &target.endpoint, target.auth.identity());
        // Boxed: both are rare, and their futures so large that moving them would cost every attempt.
        let Some(shared) = &target.shared else {
            let fresh = Box::pin(connector.open(endpoint, identity, deadline, stage)).await?;
            return exchange_first(kept, fresh, request, limits, stage).await;
        };
        let way = Way { connector, endpoint, identity, deadline };
        Box::pin(exchange_shared(kept, shared, way, request, &build, stage)).await
    }
}

/// The worker's own connection, if it leads to the target and the peer has not closed it as far as is known.
async fn still_open(kept: &mut Option<Kept>, target: &Target) -> Option<OpenConnection> {
    let Some(Kept::Own(mut idle)) = kept.take_if(|kept| matches!(kept, Kept::Own(_))) else { return None };
    (idle.leads_to(&target.endpoint) && idle.is_ready().await).then_some(idle)
}

async fn exchange_first(
    kept: &mut Option<Kept>,
    mut fresh: OpenConnection,
    request: http::Request<Full<Bytes>>,
    limits: &AnswerLimits,
    stage: &mut Stage,
) -> Result<Answer, DeliveryError> {
    match fresh.exchange(request, limits, stage).await {
        Ok(answer) => Ok(keep_if_reusable(kept, answer, fresh).await),
        Err(Broken { error, .. }) => Err(error),
    }
}

async fn keep_if_reusable(kept: &mut Option<Kept>, answer: Answer, mut connection: OpenConnection) -> Answer {
    let reusable = answer.complete && connection.is_ready().await;
    *kept = reusable.then_some(Kept::Own(connection));
    answer
}

/// The same over the connections that the lane's workers share.
async fn exchange_shared(
    kept: &mut Option<Kept>,
    shared: &SharedConnections,
    way: Way<'_>,
    mut request: http::Request<Full<Bytes>>,
    build: &(impl Fn() -> Result<http::Request<Full<Bytes>>, DeliveryError> + Sync),
    stage: &mut Stage,
) -> Result<Answer, DeliveryError> {
    let limits = way.connector.limits();
    // Not held, as that would keep it open beside the next one.
    let mut given_up = None;
    loop {
        let held = kept.take().and_then(Kept::shared);
        let seat = match shared.find(held, given_up.as_ref(), way, stage).await? {
            Found::Seat(seat) => seat,
            Found::Own(fresh) => return exchange_first(kept, fresh, request, limits, stage).await,
        };
        let exchanged = seat.exchange(request, limits, stage).await;
        let connection = seat.into_connection();
        if given_up.is_none() && exchanged.as_ref().is_err_and(|broken| broken.unanswered) {
            given_up = Some(Arc::downgrade(&connection));
            request = build()?;
            continue;
        }
        *kept = Some(Kept::Shared(connection, None));
        return exchanged.map_err(|broken| broken.error);
    }
}

fn sent(answer: Answer, now: Timestamp) -> Sent {
    let outcome = Outcome::Response(answer.response);
    let retry_after = answer.retry_after.filter(|_| !outcome.is_success());
    Sent { retry_after: retry_after.and_then(|value| retry_after::parse(value.as_bytes(), now)), outcome }
}
