//! Finds runs that nothing stops.
//!
//! The engine asks for the time between calls and jumps, not within one call into it, and a single call can take
//! minutes: searching a long text in another one, multiplying huge integers. Such a run is left behind: it is
//! answered as one that used too much time, its thread goes on with the lowest priority and ends when the call
//! does, and another thread takes its place. Its script is not started again before that.
//!
//! CPU time decides here too, where the system tells it of another thread (Linux); elsewhere a much longer time
//! on the clock does.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::limits::Limits;
use crate::outcome::{Outcome, RunError};
use crate::realm::thread_cpu;
use crate::script::Script;

/// How often running scripts are looked at.
const PERIOD: Duration = Duration::from_millis(100);

/// CPU time beyond the limit after which a run is left behind. What the engine can stop, it stops much earlier.
const GRACE: Duration = Duration::from_millis(500);

/// How many times the limit has to pass on the clock, where the CPU time of another thread is not known.
const CLOCK_FACTOR: u32 = 50;

type Answer = oneshot::Sender<Result<Outcome, RunError>>;

/// All threads that run scripts.
#[derive(Default)]
pub(crate) struct Watch {
    slots: Mutex<Vec<Arc<Slot>>>,
    changed: Condvar,
    asleep: AtomicBool,
    stopped: AtomicBool,
    abandoned: AtomicUsize,
}

/// One thread, and what it runs.
pub(crate) struct Slot {
    thread: ThreadId,
    running: Mutex<Option<Running>>,
    /// Whether another thread has taken the place of this one, whose run was left behind.
    replaced: AtomicBool,
}

struct Running {
    script: Script,
    limits: Limits,
    since: Instant,
    cpu_before: Duration,
    /// Gone once the run is left behind.
    answer: Option<Answer>,
}

impl Watch {
    /// Registers the calling thread.
    pub(crate) fn add(&self) -> Arc<Slot> {
        let slot = Arc::new(Slot {
            thread: ThreadId::of_this_thread(),
            running: Mutex::default(),
            replaced: AtomicBool::new(false),
        });
        lock(&self.slots).push(Arc::clone(&slot));
        slot
    }

    pub(crate) fn remove(&self, slot: &Arc<Slot>) {
        if slot.was_abandoned() {
            self.abandoned.fetch_sub(1, Ordering::Relaxed);
        }
        lock(&self.slots).retain(|other| !Arc::ptr_eq(other, slot));
    }

    pub(crate) fn stop(&self) {
        let slots = lock(&self.slots);
        self.stopped.store(true, Ordering::SeqCst);
        drop(slots);
        self.changed.notify_all();
    }

    /// Waits until it is time to look; says no once there is nothing to look at any more.
    pub(crate) fn wait(&self) -> bool {
        let slots = lock(&self.slots);
        if self.stopped.load(Ordering::SeqCst) {
            return false;
        }
        self.asleep.store(true, Ordering::SeqCst);
        // A run that begins now finds the watch asleep and has to wait for the lock to wake it.
        if slots.iter().any(|slot| lock(&slot.running).is_some()) {
            self.asleep.store(false, Ordering::SeqCst);
            drop(self.changed.wait_timeout(slots, PERIOD));
        } else {
            drop(self.changed.wait(slots));
        }
        !self.stopped.load(Ordering::SeqCst)
    }

    /// The threads whose run is to be left behind.
    pub(crate) fn overdue(&self) -> Vec<Arc<Slot>> {
        lock(&self.slots).iter().filter(|slot| slot.is_overdue()).cloned().collect()
    }

    /// Notes that one more run is left behind; says how many are now.
    pub(crate) fn count_abandoned(&self) -> usize {
        self.abandoned.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Slot {
    pub(crate) fn begin(&self, watch: &Watch, script: &Script, limits: Limits, answer: Answer) {
        let running = Running {
            script: script.clone(),
            limits,
            since: Instant::now(),
            cpu_before: thread_cpu(),
            answer: Some(answer),
        };
        *lock(&self.running) = Some(running);
        if watch.asleep.swap(false, Ordering::SeqCst) {
            drop(lock(&watch.slots));
            watch.changed.notify_all();
        }
    }

    /// Who waits for the run that has ended; none where it was left behind.
    pub(crate) fn end(&self) -> Option<Answer> {
        lock(&self.running).take()?.answer
    }

    /// Leaves the run behind, unless it has just ended.
    pub(crate) fn abandon(&self) -> Option<(Script, Limits, Answer)> {
        let mut running = lock(&self.running);
        let running = running.as_mut()?;
        let answer = running.answer.take()?;
        self.thread.lower_priority();
        Some((running.script.clone(), running.limits, answer))
    }

    pub(crate) fn was_abandoned(&self) -> bool {
        self.thread.abandoned.load(Ordering::SeqCst)
    }

    pub(crate) fn set_replaced(&self) {
        self.replaced.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_replaced(&self) -> bool {
        self.replaced.load(Ordering::SeqCst)
    }

    fn is_overdue(&self) -> bool {
        let running = lock(&self.running);
        let Some(running) = running.as_ref().filter(|running| running.answer.is_some()) else { return false };
        let elapsed = running.since.elapsed();
        if elapsed < running.limits.cpu + GRACE {
            return false;
        }
        match self.thread.cpu() {
            Some(cpu) => cpu.saturating_sub(running.cpu_before) > running.limits.cpu + GRACE,
            None => elapsed > running.limits.cpu * CLOCK_FACTOR + GRACE,
        }
    }
}

/// A thread of this process, as the system knows it.
struct ThreadId {
    #[cfg(target_os = "linux")]
    id: rustix::thread::Pid,
    abandoned: AtomicBool,
}

impl ThreadId {
    fn of_this_thread() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            id: rustix::thread::gettid(),
            abandoned: AtomicBool::new(false),
        }
    }

    /// CPU time of the thread since it began.
    #[cfg(target_os = "linux")]
    fn cpu(&self) -> Option<Duration> {
        let path = format!("/proc/self/task/{}/schedstat", self.id.as_raw_nonzero());
        let stat = std::fs::read_to_string(path).ok()?;
        stat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    }

    #[cfg(not(target_os = "linux"))]
    fn cpu(&self) -> Option<Duration> {
        None
    }

    fn lower_priority(&self) {
        self.abandoned.store(true, Ordering::SeqCst);
        // Linux keeps a priority for each thread. What cannot be lowered goes on as it was.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::setpriority_process(Some(self.id), 19);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("abandoned", &self.abandoned).finish_non_exhaustive()
    }
}
