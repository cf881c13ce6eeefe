//! How much work a person's look at history may be: for how long, how many at once, and what is left to everybody else.
//!
//! What an index of its own answers is not bounded by this, as it is never much. Everything else goes through requests
//! from the newest on (`crate::index::scan`), and comes back with what it has found when its time is up; the caller goes
//! on from there.
//!
//! It runs on threads of its own, behind everybody else ([`behind`]): who sends and who is delivered to is to take no notice.
//!
//! **Invariant:** whoever reads requests' bodies holds a slot, until the thread that reads has stopped, and rests so
//! much that its share of a core is bounded.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The longest rest between two stretches of work.
const REST_MAX: Duration = Duration::from_millis(100);

/// Bounds of what people look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Calls that read requests' heads and bodies at a time; further ones wait.
    pub at_a_time_max: usize,
    /// How long such a call waits for its turn; then it is refused.
    pub wait_max: Duration,
    /// How long one call goes through the index.
    pub index_time_max: Duration,
    /// How long one call reads heads and bodies.
    pub bodies_time_max: Duration,
    /// How long one call counts for a histogram.
    pub histogram_time_max: Duration,
    /// The share of its time in which a call reads heads and bodies, in percent; it rests for what is left.
    pub busy_percent: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            at_a_time_max: 2,
            wait_max: Duration::from_secs(5),
            index_time_max: Duration::from_millis(20),
            bodies_time_max: Duration::from_millis(500),
            histogram_time_max: Duration::from_millis(500),
            busy_percent: 40,
        }
    }
}

/// Too many search at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at_a_time_max} searches are under way already: try again when one has ended")]
pub struct Busy {
    /// As many as there may be.
    pub at_a_time_max: usize,
}

/// How searches that read heads and bodies have gone since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Under way now.
    pub under_way: usize,
    /// Stopped because their callers had gone away.
    pub abandoned: u64,
    /// Refused because too many were under way.
    pub refused: u64,
}

/// Who may search now.
#[derive(Debug)]
pub(crate) struct Searches {
    pub(crate) settings: Settings,
    slots: Arc<Semaphore>,
    abandoned: Arc<AtomicU64>,
    refused: AtomicU64,
}

/// The right to search, held by the thread that does.
#[derive(Debug)]
pub(crate) struct Slot {
    gone: Arc<AtomicBool>,
    abandoned: Arc<AtomicU64>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.gone.load(Ordering::Relaxed) {
            self.abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Searches {
    pub(crate) fn new(settings: Settings) -> Self {
        let slots = Arc::new(Semaphore::new(settings.at_a_time_max));
        Self { settings, slots, abandoned: Arc::default(), refused: AtomicU64::new(0) }
    }

    /// Waits for a slot, for this caller.
    pub(crate) async fn slot(&self, caller: &Caller) -> Result<Slot, Busy> {
        let Settings { at_a_time_max, wait_max, .. } = self.settings;
        let acquired = tokio::time::timeout(wait_max, Arc::clone(&self.slots).acquire_owned()).await;
        let Ok(Ok(permit)) = acquired else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Busy { at_a_time_max });
        };
        Ok(Slot { gone: caller.gone(), abandoned: Arc::clone(&self.abandoned), _permit: permit })
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            under_way: self.settings.at_a_time_max - self.slots.available_permits(),
            abandoned: self.abandoned.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

/// Tells the thread that works for a caller when that has gone away: held by the caller.
#[derive(Debug, Default)]
pub(crate) struct Caller(Arc<AtomicBool>);

impl Caller {
    /// What the thread looks at.
    pub(crate) fn gone(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How long one call may go on, and how it rests.
#[derive(Debug)]
pub(crate) struct Work {
    /// None where it goes on until it is done, or nobody waits for it any more.
    until: Option<Instant>,
    /// The end of the rest before.
    since: Instant,
    /// None where it does not rest.
    busy_percent: Option<u32>,
    gone: Arc<AtomicBool>,
}

impl Work {
    /// Going through the index, for so long.
    pub(crate) fn through_index(time_max: Duration, gone: Arc<AtomicBool>) -> Self {
        let since = Instant::now();
        Self { until: Some(since + time_max), since, busy_percent: None, gone }
    }

    /// Going through the index, however long it takes.
    pub(crate) fn until_done(gone: Arc<AtomicBool>) -> Self {
        Self { until: None, ..Self::through_index(Duration::ZERO, gone) }
    }

    /// Reading bodies.
    pub(crate) fn through_bodies(settings: &Settings, gone: Arc<AtomicBool>) -> Self {
        let busy_percent = Some(settings.busy_percent.clamp(1, 100));
        Self { busy_percent, ..Self::through_index(settings.bodies_time_max, gone) }
    }

    /// Whether bodies are read.
    pub(crate) const fn reads_bodies(&self) -> bool {
        self.busy_percent.is_some()
    }

    /// Whether to stop: the time is up, or nobody waits any more.
    pub(crate) fn is_over(&self) -> bool {
        self.gone.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Leaves the core to others for a while, in proportion to what was done since the last time.
    pub(crate) fn rest(&mut self) {
        let Some(busy_percent) = self.busy_percent else { return };
        let rest = self.since.elapsed() * (100 - busy_percent) / busy_percent;
        if !rest.is_zero() {
            std::thread::sleep(rest.min(REST_MAX));
        }
        self.since = Instant::now();
    }
}

/// Runs work that can keep a processor busy for long on a thread of its own, which the system prefers all others to.
///
/// # Errors
/// When there can be no thread, or it panicked.
pub(crate) async fn behind<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (done, answer) = oneshot::channel();
    std::thread::Builder::new().name("search".to_owned()).spawn(move || {
        give_way();
        // Nobody waits any more where the caller has gone.
        let _ = done.send(work());
    })?;
    answer.await.map_err(|_| io::Error::other("the search panicked"))
}

/// Lowers the priority of this thread, and of no other, for as long as it lives.
#[cfg(target_os = "linux")]
fn give_way() {
    /// A tenth of what others get where a processor has not enough for all.
    const NICENESS: i32 = 10;
    // Of a process without a number Linux takes the calling thread. Where it is not allowed, the search is only less polite.
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

/// Elsewhere a thread has no priority of its own.
#[cfg(not(target_os = "linux"))]
const fn give_way() {}
