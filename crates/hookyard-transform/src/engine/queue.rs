//! The runs that wait, in turns by script.
//!
//! **Invariant:** a script stands in `turns` exactly once while runs of it wait, and never otherwise.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::input::Input;
use crate::limits::Limits;
use crate::outcome::{Outcome, RunError};
use crate::script::Script;

/// A run that waits.
pub(super) struct Job {
    pub(super) script: Script,
    pub(super) input: Arc<Input>,
    pub(super) limits: Limits,
    pub(super) answer: oneshot::Sender<Result<Outcome, RunError>>,
}

/// What waits and how much of each script runs.
pub(super) struct Queue {
    waiting_max: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    turns: VecDeque<u64>,
    scripts: HashMap<u64, Runs>,
    waiting: usize,
    stopped: bool,
}

#[derive(Default)]
struct Runs {
    waiting: VecDeque<Job>,
    running: usize,
}

impl Queue {
    pub(super) fn new(waiting_max: usize) -> Self {
        Self { waiting_max, state: Mutex::default(), changed: Condvar::new() }
    }

    pub(super) fn push(&self, job: Job) -> Result<(), RunError> {
        let mut state = self.lock();
        if state.stopped {
            return Err(RunError::Stopped);
        }
        if state.waiting >= self.waiting_max {
            return Err(RunError::Busy);
        }
        let id = job.script.id();
        let runs = state.scripts.entry(id).or_default();
        let is_first = runs.waiting.is_empty();
        runs.waiting.push_back(job);
        state.waiting += 1;
        if is_first {
            state.turns.push_back(id);
        }
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// The next run, as soon as there is one; none once the queue is stopped.
    pub(super) fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            match state.take() {
                Some(job) if job.answer.is_closed() => state.done(job.script.id()),
                Some(job) => return Some(job),
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Notes that a run that [`next`](Self::next) gave has ended.
    pub(super) fn done(&self, script: &Script) {
        self.lock().done(script.id());
        if script.is_slow() {
            // A run of it may have waited for this one.
            self.changed.notify_one();
        }
    }

    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        // Dropping a run answers it with `Stopped`.
        state.scripts.clear();
        state.turns.clear();
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The first run of the first script that may have a thread now; the script goes to the end.
    fn take(&mut self) -> Option<Job> {
        for _ in 0..self.turns.len() {
            let id = self.turns.pop_front()?;
            let Some(runs) = self.scripts.get_mut(&id) else { continue };
            let may_run = runs.running == 0 || !runs.waiting.front().is_some_and(|job| job.script.is_slow());
            let job = if may_run { runs.waiting.pop_front() } else { None };
            if !runs.waiting.is_empty() {
                self.turns.push_back(id);
            }
            if let Some(job) = job {
                runs.running += 1;
                self.waiting -= 1;
                return Some(job);
            }
        }
        None
    }

    fn done(&mut self, id: u64) {
        let Some(runs) = self.scripts.get_mut(&id) else { return };
        runs.running = runs.running.saturating_sub(1);
        if runs.running == 0 && runs.waiting.is_empty() {
            self.scripts.remove(&id);
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("waiting_max", &self.waiting_max).finish_non_exhaustive()
    }
}
