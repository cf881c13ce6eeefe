//! A lane whose events consumers ask for.
//!
//! ```text
//!   consumers ─► API ─► calls ─► hatch ──► event and lease ──► consumer
//!                                 ▲ │                             │
//!                          queue ─┘ └◄── acknowledged, nacked ◄───┘
//!                                   └◄── the lease expires
//! ```
//!
//! One task, the *hatch*, has the queue, all who wait for events, and all leases. It takes an event from the queue
//! only for somebody who waits, as the lane's pace allows: as many leases are out at a time as the destination's
//! concurrency. To the queue a leased event is one that is attempted, so the next one of its order key waits.
//! `leases` are the leases, `changes` what consumers say about them, `message` is what consumers are given.
//!
//! **Invariants**
//! 1. Who waits is told something: events, that there are none in time, or at the shutdown that there are none.
//! 2. A lease ends once. What consumers are told of it is durable, except that it has expired.

mod changes;
mod leases;
mod message;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hookyard_model::attempt::{DeliveryError, ErrorKind};
use hookyard_model::clock::Timestamp;
use hookyard_model::connection::Connection;
use hookyard_model::destination::{LEASE_DEFAULT, Reach};
use hookyard_model::id::LeaseId;
use hookyard_model::request::Request;
use hookyard_store::lanes::{Call, Change, LeaseState, Leased, Ready, Receive};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use self::leases::{Lease, Leases};
use crate::lane::{Lane, Plan};
use crate::metrics::ConsumerWaiting;
use crate::pace::Turn;
use crate::send::Shipment;
use crate::sign;
use crate::target::{self, TargetError};
use crate::work::{Times, failed, unreadable};

/// Bytes of bodies in one answer, beyond which no further event is added to it.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// How long consumers may go on answering after the shutdown has begun, where any have events.
const ANSWERS_GRACE: Duration = Duration::from_secs(2);
/// The hatch looks about at least so often.
const REST_MAX: Duration = Duration::from_secs(60);

/// Who hands out a lane's events.
struct Hatch {
    lane: Arc<Lane>,
    /// The configuration, and what it comes to: the keys to sign with.
    plan: Arc<Plan>,
    keys: Result<Vec<sign::Key>, TargetError>,
    /// Those who wait, in the order in which they came.
    waiting: VecDeque<Waiting>,
    leases: Leases,
}

/// Somebody who waits.
struct Waiting {
    wants: Receive,
    /// Counts it for as long as it waits.
    counted: ConsumerWaiting,
}

impl Waiting {
    /// Says whether it was there to take them.
    fn answer(self, events: Vec<Leased>) -> bool {
        drop(self.counted);
        self.wants.reply.send(events).is_ok()
    }
}

/// An event that is about to be given to somebody, and what the hatch keeps of it.
type Given = (Leased, Lease);

/// What the hatch waits for, where somebody waits for events.
enum Rest {
    /// Somebody who waits, or an end of a lease.
    Nothing,
    /// An event.
    Event,
    /// A time.
    Until(Instant),
}

impl Lane {
    /// Hands out events to those who ask for them until `stop` says true; then lets those who have some answer,
    /// for a short while.
    pub(crate) async fn serve(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut calls = self.queue.calls();
        let mut hatch = Hatch::new(Arc::clone(&self));
        loop {
            hatch.take_over();
            hatch.expire().await;
            let rest = hatch.hand_out().await;
            hatch.send_away();
            let until = hatch.until(&rest);
            let call = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(call) = calls.recv() => Some(call),
                () = self.queue.work(), if matches!(rest, Rest::Event) => None,
                () = self.idle.turned() => None,
                () = tokio::time::sleep_until(until) => None,
            };
            if let Some(call) = call {
                hatch.answer(call, &mut calls).await;
            }
        }
        self.queue.stop_giving();
        hatch.close(calls).await;
    }
}

impl Hatch {
    fn new(lane: Arc<Lane>) -> Self {
        let plan = lane.plan();
        let keys = target::keys(&plan.of);
        Self { lane, plan, keys, waiting: VecDeque::new(), leases: Leases::default() }
    }

    fn now(&self) -> Timestamp {
        self.lane.parts.store.clock().now()
    }

    /// Takes over a changed configuration.
    fn take_over(&mut self) {
        let plan = self.lane.plan();
        if !Arc::ptr_eq(&plan, &self.plan) {
            self.keys = target::keys(&plan.of);
            self.plan = plan;
        }
    }

    /// When it has to look about, whatever happens.
    fn until(&self, rest: &Rest) -> Instant {
        let now = Instant::now();
        let lease = self.leases.next_end().map(|at| now + at.since(self.now()));
        let waiting = self.waiting.iter().map(|it| it.wants.until).min();
        let rest = match rest {
            Rest::Until(at) => Some(*at),
            Rest::Nothing | Rest::Event => None,
        };
        [lease, waiting, rest].into_iter().flatten().fold(now + REST_MAX, Instant::min)
    }

    /// Takes this call, and all that have come with it.
    async fn answer(&mut self, call: Call, calls: &mut mpsc::Receiver<Call>) {
        let mut changes: Vec<Change> = Vec::new();
        let mut next = Some(call);
        while let Some(call) = next {
            match call {
                Call::Receive(wants) => {
                    let counted = self.lane.parts.metrics.consumer_waits();
                    self.waiting.push_back(Waiting { wants, counted });
                }
                Call::Change(change) => changes.push(change),
            }
            next = calls.try_recv().ok();
        }
        self.change(changes).await;
    }

    /// Gives events to those who wait, in their order, as far as there are events and the pace allows it.
    async fn hand_out(&mut self) -> Rest {
        loop {
            // Who has gone away is not to be given what nobody will answer.
            self.waiting.retain(|it| !it.wants.reply.is_closed());
            let Some(Waiting { wants, .. }) = self.waiting.front() else { return Rest::Nothing };
            let (events_max, lease) = (wants.events_max, wants.lease.unwrap_or(self.lease()));
            let mut given = Vec::new();
            let rest = self.gather(&mut given, events_max, lease).await;
            if given.is_empty() {
                return rest;
            }
            if let Some(first) = self.waiting.pop_front() {
                self.give(first, given);
            }
        }
    }

    fn lease(&self) -> Duration {
        match &self.plan.of.reach {
            Reach::Pull(pull) => pull.lease,
            Reach::Http(_) => LEASE_DEFAULT,
        }
    }

    /// Takes up to `events_max` events from the queue, as many as there are now.
    async fn gather(&self, given: &mut Vec<Given>, events_max: usize, lease: Duration) -> Rest {
        let mut bytes = 0;
        while given.len() < events_max && bytes < ANSWER_BYTES_MAX {
            match self.lane.pace.turn(self.leases.len() + given.len()) {
                Turn::Wait => return Rest::Nothing,
                Turn::At(at) => return Rest::Until(at),
                Turn::Go => {}
            }
            let Some(ready) = self.lane.queue.take() else {
                self.lane.pace.rest();
                return Rest::Event;
            };
            // A lane without a breaker makes no probes.
            drop(self.lane.pace.begin());
            let Some(along) = self.lane.may_go(&ready).await else { continue };
            if let Some(one) = self.prepare(ready, along, lease).await {
                bytes += one.0.message.body.len();
                given.push(one);
            }
        }
        Rest::Nothing
    }

    /// Reads and signs what is delivered; where that cannot be, the attempt has failed.
    async fn prepare(&self, ready: Ready, along: Arc<Connection>, lease: Duration) -> Option<Given> {
        let store = &self.lane.parts.store;
        let (started_at, started) = (self.now(), std::time::Instant::now());
        let (sent, received_at) = match store.request_of(&ready).await {
            Ok(request) => match self.leased(&ready, &request, lease, started_at) {
                Ok(leased) => {
                    let (received_at, ends_at) = (request.received_at, leased.ends_at);
                    let counted = self.lane.parts.metrics.lease_out();
                    let lease =
                        Lease { ready, along, received_at, started_at, started, ends_at, _counted: counted };
                    return Some((leased, lease));
                }
                Err(DeliveryError { kind, detail }) => (failed(kind, detail), Some(request.received_at)),
            },
            Err(error) => (unreadable(&error), None),
        };
        let times = Times { received_at, started_at, duration: started.elapsed(), ended_at: self.now() };
        let attempt = self.lane.decide(&ready, &along, sent, times);
        let step = self.lane.note(&attempt, &self.plan.of, None, times);
        store.record_attempt(&ready, &attempt);
        self.lane.follow(&ready, &attempt, step).await;
        None
    }

    fn leased(
        &self,
        ready: &Ready,
        request: &Request,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Leased, DeliveryError> {
        let refuse = |detail: String| DeliveryError { kind: ErrorKind::Request, detail };
        let keys = self.keys.as_ref().map_err(|error| refuse(error.to_string()))?;
        let number = ready.attempts + 1;
        let shipment = Shipment { event: ready.event, number, trigger: ready.trigger, request, now };
        Ok(Leased {
            event: ready.event,
            lease: new_id().map_err(|error| refuse(error.to_string()))?,
            ends_at: now.plus(lease),
            number,
            trigger: ready.trigger,
            message: message::message(keys, &shipment)?,
        })
    }

    /// Leases events to somebody who waited; puts them back where that one has gone away.
    fn give(&mut self, to: Waiting, given: Vec<Given>) {
        let (leased, leases): (Vec<Leased>, Vec<Lease>) = given.into_iter().unzip();
        let ids: Vec<LeaseId> = leased.iter().map(|it| it.lease).collect();
        let is_given = to.answer(leased);
        // From behind, as each is put back in front of all others.
        for (id, mut lease) in ids.into_iter().zip(leases).rev() {
            if is_given {
                lease.ready.forget_request();
                self.leases.put(id, lease);
            } else {
                self.lane.queue.put_back(lease.ready);
            }
        }
    }

    /// Tells those whose time is over that there is nothing.
    fn send_away(&mut self) {
        let now = Instant::now();
        let (over, waiting) = self.waiting.drain(..).partition(|it| it.wants.until <= now);
        self.waiting = waiting;
        tell_none(over);
    }

    /// Counts the attempts as failed whose leases have ended without a word.
    async fn expire(&mut self) {
        let now = self.now();
        while let Some((id, lease)) = self.leases.take_expired(now) {
            let leased_s = lease.ends_at.since(lease.started_at).as_secs_f64();
            let detail = format!("the consumer said nothing within the {leased_s} s of its lease");
            let (attempt, times) = self.decide(&lease, failed(ErrorKind::LeaseExpired, detail));
            let step = self.lane.note(&attempt, &self.plan.of, None, times);
            self.lane.parts.store.record_attempt(&lease.ready, &attempt);
            self.leases.end(id, LeaseState::Expired);
            self.lane.follow(&lease.ready, &attempt, step).await;
        }
    }

    /// Gives out nothing any more, and takes answers as long as some are missing, for a short while.
    async fn close(mut self, mut calls: mpsc::Receiver<Call>) {
        tell_none(std::mem::take(&mut self.waiting));
        let end = Instant::now() + ANSWERS_GRACE;
        while !self.leases.is_empty() {
            let Ok(Some(call)) = tokio::time::timeout_at(end, calls.recv()).await else { return };
            self.answer(call, &mut calls).await;
            // Who comes now has to come again once the process has restarted.
            self.waiting.clear();
        }
    }
}

fn tell_none(waiting: VecDeque<Waiting>) {
    for one in waiting {
        // Where nobody hears it, nobody waits for it.
        let _ = one.answer(Vec::new());
    }
}

fn new_id() -> Result<LeaseId, getrandom::Error> {
    Ok(LeaseId([getrandom::u64()?, getrandom::u64()?]))
}
