//! The engine: a bounded queue, and the threads that run scripts.
//!
//! ```text
//!   run ──► queue (a turn per script) ──► thread: its ready realms ──► answer
//!                                            ▲
//!                                         watch: leaves behind what cannot be stopped
//! ```
//!
//! Scripts take turns, so that many waiting runs of one do not hold up another; a script that was stopped for its
//! CPU time has one thread at most until a run of it ends in time. Each thread keeps the realms of the scripts
//! that it ran last; a realm never leaves its thread.
//!
//! What is dropped while it waits is not run; what is dropped while it runs is run to its end.

mod queue;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use hookyard_model::execution::Console;
use tokio::sync::oneshot;

use self::queue::{Job, Queue};
use crate::input::Input;
use crate::limits::{EngineLimits, Limits};
use crate::outcome::{Failure, FailureKind, Outcome, RunError};
use crate::realm::{Ran, Realm, out_of_time};
use crate::script::{Script, WeakScript};
use crate::watch::{Slot, Watch};

/// Stack of a thread, in bytes: what a script may have, and room for the engine below and above it.
const THREAD_STACK_BYTES: usize = 2 * Limits::STACK_BYTES_MAX + (1 << 20);

/// Runs scripts on threads of its own.
///
/// Cheap to clone; the threads end when the last clone is gone and what runs has ended.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Owner>);

#[derive(Debug)]
struct Owner(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: EngineLimits,
    queue: Queue,
    watch: Watch,
}

impl Engine {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(limits: EngineLimits) -> io::Result<Self> {
        let shared =
            Arc::new(Shared { limits, queue: Queue::new(limits.waiting_max), watch: Watch::default() });
        let engine = Self(Arc::new(Owner(Arc::clone(&shared))));
        for _ in 0..limits.threads.get() {
            start_thread(&shared)?;
        }
        let watched = Arc::clone(&shared);
        thread::Builder::new().name("transform-watch".to_owned()).spawn(move || watch(&watched))?;
        Ok(engine)
    }

    /// Runs a script once, within these limits.
    ///
    /// Waits for a thread, then for the run, without holding up the caller's thread. A future that is dropped
    /// before the run has begun takes it off the queue.
    ///
    /// # Errors
    /// [`RunError::Failed`] is the script's fault and final; [`RunError::Busy`] and [`RunError::Stopped`] are not.
    pub async fn run(
        &self,
        script: &Script,
        input: impl Into<Arc<Input>>,
        limits: Limits,
    ) -> Result<Outcome, RunError> {
        if script.is_hanging() {
            return Err(RunError::Failed(Box::new(hanging(&limits))));
        }
        let (answer, answered) = oneshot::channel();
        let job = Job { script: script.clone(), input: input.into(), limits, answer };
        self.0.0.queue.push(job)?;
        answered.await.unwrap_or(Err(RunError::Stopped))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.queue.stop();
        self.0.watch.stop();
    }
}

fn start_thread(shared: &Arc<Shared>) -> io::Result<()> {
    let shared = Arc::clone(shared);
    let thread = thread::Builder::new().name("transform".to_owned()).stack_size(THREAD_STACK_BYTES);
    thread.spawn(move || work(&shared)).map(drop)
}

/// The life of a thread.
fn work(shared: &Arc<Shared>) {
    let slot = shared.watch.add();
    let mut ready = Ready { realms: Vec::new(), max: shared.limits.ready_max.get() };
    while let Some(Job { script, input, limits, answer }) = shared.queue.next() {
        slot.begin(&shared.watch, &script, limits, answer);
        let result = catch_unwind(AssertUnwindSafe(|| ready.run(&script, &input, &limits)));
        let result = result.unwrap_or_else(|_| {
            ready.realms.clear();
            Err(RunError::Stopped)
        });
        let out_of_time =
            matches!(&result, Err(RunError::Failed(failure)) if failure.kind == FailureKind::Cpu);
        script.set_slow(out_of_time);
        shared.queue.done(&script);
        let Some(answer) = slot.end() else {
            // The run was left behind, and with it the thread, whose priority is the lowest.
            script.set_hanging(false);
            break;
        };
        // Nobody listens any more where the future was dropped.
        let _ = answer.send(result);
    }
    shared.watch.remove(&slot);
    if slot.was_abandoned() && !slot.is_replaced() {
        let _ = start_thread(shared);
    }
}

/// The life of the watching thread.
fn watch(shared: &Arc<Shared>) {
    while shared.watch.wait() {
        for slot in shared.watch.overdue() {
            abandon(shared, &slot);
        }
    }
}

fn abandon(shared: &Arc<Shared>, slot: &Arc<Slot>) {
    let Some((script, limits, answer)) = slot.abandon() else { return };
    script.set_hanging(true);
    script.set_slow(true);
    let _ = answer.send(Err(RunError::Failed(Box::new(hanging(&limits)))));
    // Without a new thread the engine goes on with one fewer, until the old one is free again.
    if shared.watch.count_abandoned() <= shared.limits.abandoned_max && start_thread(shared).is_ok() {
        slot.set_replaced();
    }
}

/// What becomes of a run that cannot be stopped, and of later ones while it goes on.
fn hanging(limits: &Limits) -> Failure {
    let (kind, message, position) = out_of_time(limits);
    let message = format!("{message} in one call into the engine, which cannot be stopped");
    Failure { kind, message, position, console: Console::default(), cpu: limits.cpu }
}

/// The realms that a thread keeps, the one used last in front.
struct Ready {
    realms: Vec<(u64, WeakScript, Realm)>,
    max: usize,
}

impl Ready {
    fn run(&mut self, script: &Script, input: &Input, limits: &Limits) -> Result<Outcome, RunError> {
        let realm = match self.take(script) {
            Some(realm) => realm,
            None => Realm::new(script).map_err(|error| RunError::Failed(Box::new(not_ready(&error))))?,
        };
        let Ran { result, reusable } = realm.run(input, limits);
        if reusable {
            self.realms.insert(0, (script.id(), script.downgrade(), realm));
            self.realms.truncate(self.max);
        }
        result.map_err(|failure| RunError::Failed(Box::new(failure)))
    }

    fn take(&mut self, script: &Script) -> Option<Realm> {
        let at = self.realms.iter().position(|(id, ..)| *id == script.id());
        if at.is_none() {
            self.realms.retain(|(_, script, _)| !script.is_gone());
        }
        at.map(|at| self.realms.remove(at).2)
    }
}

/// A script that has compiled cannot be made ready only for want of memory.
fn not_ready(error: &rquickjs::Error) -> Failure {
    Failure {
        kind: FailureKind::Memory,
        message: format!("the script could not be made ready: {error}"),
        position: None,
        console: Console::default(),
        cpu: std::time::Duration::ZERO,
    }
}
