//! One destination's lane at work: so many attempts at a time, each on a connection of its own, or over HTTP/2 on one
//! that the lane's workers share.
//!
//! The queue itself is the store's ([`hookyard_store::lanes`]). Here one task, the dispatcher, starts workers,
//! at most as many as the destination's concurrency. A worker goes on to the next event by itself, waits for
//! one with its connection kept open, and ends when it has waited for [`IDLE_MAX`]; an idle lane has none.
//!
//! That is a free lane. Where the lane's [`Pace`] governs it, a worker that has ended its attempt waits for
//! the dispatcher, which asks for each event whether and when it may go out.
//!
//! **Invariants**
//! 1. A lane waits only for itself. It holds nothing that another lane needs: no shared pool, no shared
//!    permit, no shared task.
//! 2. There are never more workers than the concurrency at the time when the last one was started.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hookyard_model::destination::Destination;
use hookyard_store::lanes::{Lane as Queue, NoEvent};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::deliver::Parts;
use crate::failing::Failing;
use crate::idle::{Idle, Job};
use crate::pace::{Birth, Listeners, Pace, Turn};
use crate::target::{Target, TargetError};

/// How long a worker and its open connection wait for the next event.
const IDLE_MAX: Duration = Duration::from_secs(15);

/// What the configuration says about the destination.
pub(crate) struct Plan {
    pub(crate) target: Result<Target, TargetError>,
    pub(crate) of: Destination,
}

/// A destination's lane.
pub(crate) struct Lane {
    pub(crate) parts: Parts,
    pub(crate) queue: Arc<Queue>,
    plan: RwLock<Arc<Plan>>,
    pub(crate) pace: Arc<Pace>,
    pub(crate) idle: Arc<Idle>,
    pub(crate) failing: Failing,
}

/// What the dispatcher waits for.
struct Rest {
    /// An event that nobody takes.
    for_event: bool,
    /// A time.
    until: Option<Instant>,
}

impl Plan {
    fn new(destination: &Destination) -> Self {
        Self { target: Target::new(destination), of: destination.clone() }
    }
}

impl Lane {
    pub(crate) fn new(parts: Parts, destination: &Destination, birth: Birth) -> Self {
        let queue = parts.store.lane(destination.id);
        let idle = Arc::<Idle>::default();
        let listeners = Listeners {
            queue: Arc::clone(&queue),
            idle: Arc::clone(&idle),
            clock: parts.store.clock().clone(),
            metrics: parts.metrics.clone(),
        };
        Self {
            queue,
            parts,
            plan: RwLock::new(Arc::new(Plan::new(destination))),
            pace: Arc::new(Pace::new(destination, birth, listeners)),
            idle,
            failing: Failing::new(destination.failing_since),
        }
    }

    /// Takes over a changed configuration. Workers end with their event, and new ones begin with it.
    pub(crate) fn configure(&self, destination: &Destination) {
        let before = self.plan();
        // What the lane itself has noted is nothing new to it.
        let noted = Destination { failing_since: before.of.failing_since, ..destination.clone() };
        if before.of == noted {
            return;
        }
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Plan::new(destination));
        if before.of.reach.url() != destination.reach.url() {
            self.failing.forget();
        }
        self.pace.configure(destination);
        self.send_away(Duration::ZERO);
        self.idle.wake();
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn send_away(&self, waited: Duration) {
        self.queue.dismiss(waited);
        self.idle.dismiss(waited);
    }

    /// Hands events to workers until `stop` says true, then waits for the workers.
    pub(crate) async fn dispatch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut workers = JoinSet::new();
        let mut is_starting = true;
        loop {
            if is_starting && let Some(left_over) = self.queue.left_over() {
                is_starting = false;
                self.pace.begins_with(left_over);
            }
            let rest = match self.pace.is_governed() {
                true => self.give_events(&mut workers),
                false => self.start_workers(&mut workers),
            };
            let until = rest.until.unwrap_or_else(|| Instant::now() + IDLE_MAX);
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = self.queue.work(), if rest.for_event => {}
                () = self.idle.turned() => {}
                () = self.queue.looked(), if is_starting => {}
                Some(_) = workers.join_next(), if !workers.is_empty() => {}
                () = tokio::time::sleep_until(until) => self.send_away(IDLE_MAX),
            }
        }
        self.queue.stop_giving();
        self.idle.govern(false);
        while workers.join_next().await.is_some() {}
    }

    /// Of a free lane: as many workers as there is work for. At the limit they take what comes by themselves.
    fn start_workers(self: &Arc<Self>, workers: &mut JoinSet<()>) -> Rest {
        let concurrency = self.plan().of.concurrency.max(1) as usize;
        while workers.len() < concurrency {
            let Some(ready) = self.queue.take() else { break };
            workers.spawn(Arc::clone(self).work(Job { ready, probe: None }));
        }
        Rest { for_event: workers.len() < concurrency, until: None }
    }

    /// Of a governed lane: an event each time that the pace allows it, to an idle worker or a new one.
    fn give_events(self: &Arc<Self>, workers: &mut JoinSet<()>) -> Rest {
        self.idle.dismiss(IDLE_MAX);
        loop {
            let busy = workers.len().saturating_sub(self.idle.len());
            match self.pace.turn(busy) {
                Turn::Wait => return Rest { for_event: false, until: None },
                Turn::At(at) => return Rest { for_event: false, until: Some(at) },
                Turn::Go => {}
            }
            let Some(ready) = self.queue.take() else {
                self.pace.rest();
                return Rest { for_event: true, until: None };
            };
            let job = Job { ready, probe: self.pace.begin() };
            if let Some(job) = self.idle.give(job) {
                workers.spawn(Arc::clone(self).work(job));
            }
        }
    }

    /// Delivers one event after the other until it has waited long for one, or the configuration changes.
    async fn work(self: Arc<Self>, first: Job) {
        let plan = self.plan();
        let mut connection = None;
        let mut job = first;
        loop {
            self.deliver(job, &plan, &mut connection).await;
            let Some(next) = self.next().await else { return };
            if !Arc::ptr_eq(&plan, &self.plan()) {
                self.queue.put_back(next.ready);
                break;
            }
            job = next;
        }
        // The others that wait would be handed what is not theirs to send now.
        self.send_away(Duration::ZERO);
    }

    /// The next event, which a free lane's worker takes, and a governed lane's is given.
    async fn next(&self) -> Option<Job> {
        loop {
            match self.queue.next().await {
                Ok(ready) => return Some(Job { ready, probe: None }),
                Err(NoEvent::Dismissed) => return None,
                Err(NoEvent::Governed) => {}
            }
            match self.idle.wait().await {
                Some(job) => return Some(job),
                // Sent away, unless the lane is free again.
                None if self.pace.is_governed() => return None,
                None => {}
            }
        }
    }
}
