//! One attempt from beginning to end: connect or reuse, send, read, and name what happened.
//!
//! There is no pool. A lane's worker makes one attempt at a time and keeps at most one connection, which
//! it lends to [`Sender::attempt`]; so connections are bounded by workers, and no destination waits for
//! another's.

use std::sync::Arc;

use hookyard_model::attempt::{DeliveryError, Outcome, Trigger};
use hookyard_model::clock::Timestamp;
use hookyard_model::id::EventId;
use hookyard_model::request::Request;
use rustls_pki_types::CertificateDer;
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::connect;
use crate::exchange::{Answer, Broken, OpenConnection};
use crate::guard::Guard;
use crate::outgoing;
use crate::retry_after::{self, RetryAfter};
use crate::stage::Stage;
use crate::target::Target;
use crate::tls::Tls;

/// Makes attempts; shared by all lanes, cheap to clone.
#[derive(Clone)]
pub struct Sender(Arc<Shared>);

struct Shared {
    guard: Guard,
    limits: SendLimits,
    tls: Tls,
}

/// How much of an answer is read and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendLimits {
    /// The largest head of an answer, in bytes; one that is larger is a protocol error. At least 8 KiB
    /// are always read. The number of header lines is limited to 100.
    pub response_head_bytes_max: usize,
    /// How much of the header lines is kept, in bytes.
    pub response_headers_kept_bytes_max: usize,
    /// How much of the body is kept, in bytes.
    pub response_body_bytes_max: usize,
    /// How much more of the body is read and dropped, in bytes, to use the connection again; what is
    /// longer is not read, and the connection is closed.
    pub response_drain_bytes_max: usize,
}

impl Default for SendLimits {
    fn default() -> Self {
        Self {
            response_head_bytes_max: 64 * 1024,
            response_headers_kept_bytes_max: 8 * 1024,
            response_body_bytes_max: 16 * 1024,
            response_drain_bytes_max: 64 * 1024,
        }
    }
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
    /// The time an unsuccessful answer asked to wait for.
    pub retry_after: Option<RetryAfter>,
    /// Whether the destination says that it is gone for good (410).
    pub gone: bool,
}

impl Sender {
    /// A sender that trusts the machine's root certificates.
    pub fn new(guard: Guard, limits: SendLimits) -> Self {
        Self::with_extra_roots(guard, limits, Vec::new())
    }

    /// A sender that trusts these certificates besides the machine's.
    pub fn with_extra_roots(guard: Guard, limits: SendLimits, roots: Vec<CertificateDer<'static>>) -> Self {
        Self(Arc::new(Shared { guard, limits, tls: Tls::new(roots) }))
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
            Err(error) => Sent { outcome: Outcome::Error(error), retry_after: None, gone: false },
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
        let request = outgoing::build(target, shipment)?;
        let limits = self.limits();
        let request = match still_open(idle, target).await {
            None => request,
            Some(mut idle) => match idle.exchange(request, limits, stage).await {
                Ok(answer) => return Ok(keep_if_reusable(answer, idle).await),
                Err(Broken { unanswered: true, .. }) => outgoing::build(target, shipment)?,
                Err(Broken { error, .. }) => return Err(error),
            },
        };
        // Boxed: it is rare, and its future is so large that moving it would cost every attempt.
        let mut fresh = Box::pin(connect::open(self, target, deadline, stage)).await?;
        match fresh.exchange(request, limits, stage).await {
            Ok(answer) => Ok(keep_if_reusable(answer, fresh).await),
            Err(Broken { error, .. }) => Err(error),
        }
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.0.guard
    }

    pub(crate) fn limits(&self) -> &SendLimits {
        &self.0.limits
    }

    pub(crate) fn tls(&self) -> &Tls {
        &self.0.tls
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
    let gone = answer.response.status == http::StatusCode::GONE;
    let outcome = Outcome::Response(answer.response);
    let retry_after = answer.retry_after.filter(|_| !outcome.is_success());
    Sent {
        retry_after: retry_after.and_then(|value| retry_after::parse(value.as_bytes(), now)),
        outcome,
        gone,
    }
}
