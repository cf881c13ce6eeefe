//! Events that consumers ask for: what those who pass on their calls say to who owns the lane, and what they hear.
//!
//! A *lease* is an attempt under way: the event is out, and a consumer is to say what became of it. Leases are with
//! the lane's owner, in the deliver stage, and in memory only. After a restart nobody knows them, and their events are
//! queued as before.
//!
//! **Invariant:** what is acknowledged was durable before the consumer hears of it.

use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use hookyard_model::attempt::Trigger;
use hookyard_model::clock::Timestamp;
use hookyard_model::id::{EventId, LeaseId};
use http::HeaderMap;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Lane;
use crate::accept::Unavailable;

/// Calls that wait for a lane's owner at a time; those beyond wait before they are made.
const CALLS_MAX: usize = 64;

/// What is asked of a lane's owner.
#[derive(Debug)]
pub enum Call {
    /// Events.
    Receive(Receive),
    /// That leases change.
    Change(Change),
}

/// A consumer asks for events.
#[derive(Debug)]
pub struct Receive {
    /// How many it takes at most.
    pub events_max: usize,
    /// For how long they are leased; none for as long as the destination says.
    pub lease: Option<Duration>,
    /// Until when it waits for the first one.
    pub until: Instant,
    /// Where they go; none of them where none came in time. Dropped where nobody serves the lane any more.
    pub reply: oneshot::Sender<Vec<Leased>>,
}

/// A consumer says something about leases of its.
#[derive(Debug)]
pub struct Change {
    /// Which ones.
    pub leases: Vec<LeaseId>,
    /// What.
    pub to: ChangeTo,
    /// Where it goes what they are now, in the same order. Dropped where nobody serves the lane any more.
    pub reply: oneshot::Sender<Result<Vec<LeaseState>, Unavailable>>,
}

/// What is to become of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeTo {
    /// The event is delivered.
    Acknowledged,
    /// The attempt has failed.
    Nacked {
        /// No further attempt within this.
        retry_after: Option<Duration>,
        /// Why, for a person.
        reason: Option<String>,
    },
    /// It ends so long from now.
    Extended(Duration),
}

/// What a lease is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// The event is the consumer's until then.
    Leased(Timestamp),
    /// The event is delivered.
    Acknowledged,
    /// The attempt has failed, as the consumer said.
    Nacked,
    /// The attempt has failed, as the consumer said nothing in time.
    Expired,
    /// It never was, or is forgotten.
    Unknown,
}

/// An event that a consumer is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The event.
    pub event: EventId,
    /// By what the consumer refers to it.
    pub lease: LeaseId,
    /// When the attempt counts as failed, unless the consumer has said something.
    pub ends_at: Timestamp,
    /// Which attempt this is, from 1.
    pub number: u32,
    /// Why it is made.
    pub trigger: Trigger,
    /// What is delivered.
    pub message: Message,
}

/// A request as a consumer is given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The request's method.
    pub method: String,
    /// Its path behind the source token.
    pub path: String,
    /// Its query, without the question mark; none where it has none.
    pub query: Option<String>,
    /// Its headers, and Hookyard's own.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// Nobody serves the lane: the process starts or stops, or the destination is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody serves the destination now")]
pub struct NotServed;

/// Leases cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Nobody serves the lane.
    #[error(transparent)]
    NotServed(#[from] NotServed),
    /// It cannot be made durable now; some may be changed, and the others are what they were.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl LeaseState {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leased(_) => "leased",
            Self::Acknowledged => "acknowledged",
            Self::Nacked => "nacked",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }
}

impl Lane {
    /// What is asked from now on; for the lane's owner, of which there is one.
    pub fn calls(&self) -> mpsc::Receiver<Call> {
        let (calls, asked) = mpsc::channel(CALLS_MAX);
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner) = Some(calls);
        asked
    }

    /// Asks for up to `events_max` events, and waits up to `wait` for the first one.
    ///
    /// # Errors
    /// [`NotServed`] where nobody can give any.
    pub async fn receive(
        &self,
        events_max: usize,
        lease: Option<Duration>,
        wait: Duration,
    ) -> Result<Vec<Leased>, NotServed> {
        let until = Instant::now() + wait;
        let (reply, events) = oneshot::channel();
        self.call(Call::Receive(Receive { events_max, lease, until, reply })).await?;
        events.await.map_err(|_dropped| NotServed)
    }

    /// Has leases changed, and says what they are now. Durable when this returns.
    ///
    /// # Errors
    /// [`ChangeError`] where that cannot be done now.
    pub async fn change_leases(
        &self,
        leases: Vec<LeaseId>,
        to: ChangeTo,
    ) -> Result<Vec<LeaseState>, ChangeError> {
        let (reply, states) = oneshot::channel();
        self.call(Call::Change(Change { leases, to, reply })).await?;
        Ok(states.await.map_err(|_dropped| NotServed)??)
    }

    async fn call(&self, call: Call) -> Result<(), NotServed> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        calls.ok_or(NotServed)?.send(call).await.map_err(|_closed| NotServed)
    }
}
