//! One attempt from beginning to end: connect or reuse, send, read, and name what happened.
//!
//! There is no pool. A lane's worker makes one attempt at a time and keeps at most one connection, which
//! it lends to [`Sender::attempt`]; so connections are bounded by workers, and no destination waits for
//! another's.

use hookyard_model::attempt::{DeliveryError, Outcome, Trigger};
use hookyard_model::clock::Timestamp;
use hookyard_model::id::EventId;
use hookyard_model::request::Request;
use hookyard_outgoing::alarm::Alarm;
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::exchange::{Answer, Broken, OpenConnection};
use hookyard_outgoing::fetch::Fetcher;
use hookyard_outgoing::stage::Stage;
use hookyard_rules::retry::RetryAfter;
use http::HeaderValue;
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
    /// Uses the connection in `connection` where it is open and leads to the target, otherwise makes one;
    /// leaves there the one that can be used again. A connection that had idled and is closed before a
    /// byte of the answer comes was given up by the peer just then: the request goes out once more on a
    /// new one, within the same attempt. Dropping the future closes the connection.
    pub async fn attempt(
        &self,
        connection: &mut Option<OpenConnection>,
        target: &Target,
        shipment: &Shipment<'_>,
    ) -> Sent {
        let mut stage = Stage::Resolving;
        let deadline = Instant::now() + target.timeout;
        let mut alarm = Alarm::at(deadline, connection.as_mut().and_then(OpenConnection::take_alarm));
        let delivery = self.deliver(connection.take(), target, shipment, deadline, &mut stage);
        let delivered = match alarm.unless(delivery).await {
            Some(delivered) => delivered,
            None => Err(stage.timed_out(&target.endpoint, target.timeout)),
        };
        match delivered {
            Ok((answer, reusable)) => {
                *connection = reusable.map(|reusable| reusable.with_alarm(alarm));
                sent(answer, shipment.now)
            }
            Err(error) => Sent { outcome: Outcome::Error(error), retry_after: None },
        }
    }

    async fn deliver(
        &self,
        idle: Option<OpenConnection>,
        target: &Target,
        shipment: &Shipment<'_>,
        deadline: Instant,
        stage: &mut Stage,
    ) -> Result<(Answer, Option<OpenConnection>), DeliveryError> {
        match &target.auth {
            // Boxed, so that no other attempt carries its future about.
            Auth::Token(tokens) => {
                Box::pin(self.deliver_with_token(tokens, idle, target, shipment, deadline, stage)).await
            }
            _ => self.exchange(idle, target, shipment, None, deadline, stage).await,
        }
    }

    /// A token that the destination refuses is fetched anew, and the request sent once more: a token that was
    /// revoked should not cost an attempt.
    async fn deliver_with_token(
        &self,
        tokens: &Tokens,
        idle: Option<OpenConnection>,
        target: &Target,
        shipment: &Shipment<'_>,
        deadline: Instant,
        stage: &mut Stage,
    ) -> Result<(Answer, Option<OpenConnection>), DeliveryError> {
        *stage = Stage::Token;
        let token = tokens.obtain(&self.fetcher, shipment.now, None).await?;
        let (answer, connection) =
            self.exchange(idle, target, shipment, Some(&token.value), deadline, stage).await?;
        if token.is_new || answer.response.status != http::StatusCode::UNAUTHORIZED {
            return Ok((answer, connection));
        }
        *stage = Stage::Token;
        let renewed = tokens.obtain(&self.fetcher, shipment.now, Some(&token.value)).await?;
        if renewed.value == token.value {
            return Ok((answer, connection));
        }
        self.exchange(connection, target, shipment, Some(&renewed.value), deadline, stage).await
    }

    async fn exchange(
        &self,
        idle: Option<OpenConnection>,
        target: &Target,
        shipment: &Shipment<'_>,
        token: Option<&HeaderValue>,
        deadline: Instant,
        stage: &mut Stage,
    ) -> Result<(Answer, Option<OpenConnection>), DeliveryError> {
        let request = outgoing::build(target, shipment, token)?;
        let limits = self.connector.limits();
        let request = match still_open(idle, target).await {
            None => request,
            Some(mut idle) => match idle.exchange(request, limits, stage).await {
                Ok(answer) => return Ok(keep_if_reusable(answer, idle).await),
                Err(Broken { unanswered: true, .. }) => outgoing::build(target, shipment, token)?,
                Err(Broken { error, .. }) => return Err(error),
            },
        };
        // Boxed: it is rare, and its future is so large that moving it would cost every attempt.
        let opening = self.connector.open(&target.endpoint, target.auth.identity(), deadline, stage);
        let mut fresh = Box::pin(opening).await?;
        match fresh.exchange(request, limits, stage).await {
            Ok(answer) => Ok(keep_if_reusable(answer, fresh).await),
            Err(Broken { error, .. }) => Err(error),
        }
    }
}

/// The idle connection, if it leads to the target and the peer has not closed it as far as is known.
async fn still_open(idle: Option<OpenConnection>, target: &Target) -> Option<OpenConnection> {
    let mut idle = idle.filter(|idle| idle.leads_to(&target.endpoint))?;
    idle.is_ready().await.then_some(idle)
}

async fn keep_if_reusable(
    answer: Answer,
    mut connection: OpenConnection,
) -> (Answer, Option<OpenConnection>) {
    let reusable = answer.complete && connection.is_ready().await;
    (answer, reusable.then_some(connection))
}

fn sent(answer: Answer, now: Timestamp) -> Sent {
    let outcome = Outcome::Response(answer.response);
    let retry_after = answer.retry_after.filter(|_| !outcome.is_success());
    Sent { retry_after: retry_after.and_then(|value| retry_after::parse(value.as_bytes(), now)), outcome }
}
