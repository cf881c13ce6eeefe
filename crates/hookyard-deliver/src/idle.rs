//! The workers of a governed lane that have nothing to do, each with its connection open.
//!
//! Of a free lane there are none: its workers wait at the queue.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hookyard_store::lanes::Ready;
use tokio::sync::{Notify, oneshot};

use crate::pace::Probe;

/// An event for a worker.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) ready: Ready,
    /// Where it is a probe.
    pub(crate) probe: Option<Probe>,
}

#[derive(Debug, Default)]
struct State {
    governed: bool,
    /// In the order in which they came.
    waiting: Vec<(Instant, oneshot::Sender<Job>)>,
}

/// The idle workers of one lane.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    state: Mutex<State>,
    /// Told when a worker comes, or the lane may go differently from now on.
    turned: Notify,
}

impl Idle {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an event; none where the worker is sent away, or the lane is free.
    pub(crate) async fn wait(&self) -> Option<Job> {
        let (worker, job) = oneshot::channel();
        {
            let mut state = self.lock();
            if !state.governed {
                return None;
            }
            state.waiting.push((Instant::now(), worker));
        }
        self.wake();
        job.await.ok()
    }

    /// Gives an event to the worker that came last; it comes back where there is none.
    pub(crate) fn give(&self, mut job: Job) -> Option<Job> {
        loop {
            let Some((_, worker)) = self.lock().waiting.pop() else { return Some(job) };
            match worker.send(job) {
                Ok(()) => return None,
                Err(gone) => job = gone,
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Lets workers wait here, or sends them back to the queue.
    pub(crate) fn govern(&self, governed: bool) {
        let mut state = self.lock();
        state.governed = governed;
        if !governed {
            state.waiting.clear();
        }
    }

    /// Sends away those who have waited for longer than this.
    pub(crate) fn dismiss(&self, waited: Duration) {
        let mut state = self.lock();
        let stay = state.waiting.iter().position(|(since, _)| since.elapsed() < waited);
        let gone = stay.unwrap_or(state.waiting.len());
        state.waiting.drain(..gone);
    }

    pub(crate) fn wake(&self) {
        self.turned.notify_one();
    }

    /// Waits until there may be something new for the dispatcher.
    pub(crate) async fn turned(&self) {
        self.turned.notified().await;
    }
}
