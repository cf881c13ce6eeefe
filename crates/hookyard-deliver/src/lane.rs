//! One destination's lane at work: so many attempts at a time, each on a connection of its own.
//!
//! The queue itself is the store's ([`hookyard_store::lanes`]). Here one task hands its events to
//! workers, of which there are at most as many as the destination's concurrency, fewer while the
//! destination fails. A worker goes on to the next event by itself; an idle lane has none.
//!
//! **Invariant:** a lane waits only for itself. It holds nothing that another lane needs: no shared
//! pool, no shared permit, no shared task.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hookyard_model::destination::Destination;
use hookyard_store::lanes::{Lane as Queue, Ready};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::deliver::Parts;
use crate::exchange::OpenConnection;
use crate::pace::Pace;
use crate::target::{Target, TargetError};

/// How long an open connection is kept for the next event.
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
    idle: Mutex<Vec<(Instant, OpenConnection)>>,
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
            idle: Mutex::default(),
        }
    }

    /// Takes over a changed configuration; attempts under way end with the old one.
    pub(crate) fn configure(&self, destination: &Destination) {
        if self.plan().of == *destination {
            return;
        }
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Plan::new(destination));
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
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
                () = tokio::time::sleep(rest.unwrap_or(IDLE_MAX)) => self.close_idle(),
            }
        }
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

    /// Delivers one event after the other while there are any and the destination does not fail.
    async fn work(self: Arc<Self>, first: Ready) {
        let mut connection = self.borrow_connection();
        let mut next = Some(first);
        while let Some(ready) = next {
            self.deliver(ready, &mut connection).await;
            next = if self.pace.is_slowed() { None } else { self.queue.take() };
        }
        if let Some(connection) = connection {
            self.return_connection(connection);
        }
    }

    fn borrow_connection(&self) -> Option<OpenConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().map(|(_, connection)| connection)
    }

    fn return_connection(&self, connection: OpenConnection) {
        self.close_idle();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), connection));
    }

    fn close_idle(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, _)| since.elapsed() < IDLE_MAX);
    }
}
