//! One destination's lane at work: so many attempts at a time, each on a connection of its own.
//!
//! The queue itself is the store's ([`hookyard_store::lanes`]). Here one task starts workers, at most as
//! many as the destination's concurrency, fewer while the destination fails. A worker goes on to the next
//! event by itself, waits for one with its connection kept open, and ends when it has waited for
//! [`IDLE_MAX`]; an idle lane has none.
//!
//! **Invariant:** a lane waits only for itself. It holds nothing that another lane needs: no shared
//! pool, no shared permit, no shared task.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hookyard_model::destination::Destination;
use hookyard_store::lanes::{Lane as Queue, Ready};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::deliver::Parts;
use crate::pace::Pace;
use crate::target::{Target, TargetError};

/// How long a worker and its open connection wait for the next event.
const IDLE_MAX: Duration = Duration::from_secs(15);

/// What the configuration says about the destination.
pub(crate) struct Plan {
    pub(crate) target: Result<Target, TargetError>,
    concurrency: usize,
    of: Destination,
}

/// A destination's lane.
pub(crate) struct Lane {
    pub(crate) parts: Parts,
    pub(crate) queue: Arc<Queue>,
    plan: RwLock<Arc<Plan>>,
    pub(crate) pace: Pace,
}

impl Plan {
    fn new(destination: &Destination) -> Self {
        Self {
            target: Target::new(destination),
            concurrency: destination.concurrency.max(1) as usize,
            of: destination.clone(),
        }
    }
}

impl Lane {
    pub(crate) fn new(parts: Parts, destination: &Destination) -> Self {
        Self {
            queue: parts.store.lane(destination.id),
            parts,
            plan: RwLock::new(Arc::new(Plan::new(destination))),
            pace: Pace::default(),
        }
    }

    /// Takes over a changed configuration. Workers end with their event, and new ones begin with it.
    pub(crate) fn configure(&self, destination: &Destination) {
        if self.plan().of == *destination {
            return;
        }
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Plan::new(destination));
        self.queue.dismiss(Duration::ZERO);
    }

    fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Hands events to workers until `stop` says true, then waits for the workers.
    pub(crate) async fn dispatch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut workers = JoinSet::new();
        loop {
            let rest = self.spawn_workers(&mut workers);
            // At the limit the workers take what comes by themselves.
            let has_room = rest.is_none() && workers.len() < self.allowed();
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                () = self.queue.work(), if has_room => {}
                Some(_) = workers.join_next(), if !workers.is_empty() => {}
                () = tokio::time::sleep(rest.unwrap_or(IDLE_MAX)) => self.queue.dismiss(IDLE_MAX),
            }
        }
        self.queue.stop_giving();
        while workers.join_next().await.is_some() {}
    }

    /// As many workers as there is work for and the pace allows; or how long the lane has to rest.
    fn spawn_workers(self: &Arc<Self>, workers: &mut JoinSet<()>) -> Option<Duration> {
        let allowed = self.allowed();
        let rest = self.pace.rest();
        if rest.is_some() {
            return rest;
        }
        while workers.len() < allowed {
            let Some(ready) = self.queue.take() else { break };
            workers.spawn(Arc::clone(self).work(ready));
        }
        None
    }

    fn allowed(&self) -> usize {
        self.pace.allowed(self.plan().concurrency)
    }

    /// Delivers one event after the other until it has waited long for one, the destination fails, or
    /// the configuration changes.
    async fn work(self: Arc<Self>, first: Ready) {
        let plan = self.plan();
        let mut connection = None;
        let mut ready = first;
        loop {
            self.deliver(ready, &plan, &mut connection).await;
            if self.pace.is_slowed() {
                break;
            }
            let Some(next) = self.queue.next().await else { return };
            if self.pace.is_slowed() || !Arc::ptr_eq(&plan, &self.plan()) {
                self.queue.put_back(next);
                break;
            }
            ready = next;
        }
        // The others that wait would be handed what is not theirs to send now.
        self.queue.dismiss(Duration::ZERO);
    }
}
