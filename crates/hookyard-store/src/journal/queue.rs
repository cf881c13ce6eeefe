//! Where appenders leave entries for the writer, and how they learn what became of them.
//!
//! Ids are given out under the queue's lock, so that their order is the order in the journal.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hookyard_model::clock::Clock;
use hookyard_model::id::Generator;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

use super::durable::Told;
use super::record::{Kind, record_bytes};
use crate::accept::Unavailable;

/// What is owed to an entry when the disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Somebody waits for it: written at once, and told where that fails.
    Awaited,
    /// A consequence of what was accepted: written soon, and kept until it is written.
    Kept,
    /// Nice to have: written soon, and dropped where that fails.
    Droppable,
}

/// One record to be.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) id: u64,
    pub(crate) class: Class,
    pub(crate) head: Vec<u8>,
    pub(crate) body: Bytes,
    pub(crate) done: Option<oneshot::Sender<Told>>,
}

impl Entry {
    pub(crate) fn bytes(&self) -> usize {
        record_bytes(self.head.len() + self.body.len())
    }
}

#[derive(Debug)]
struct State {
    entries: Vec<Entry>,
    bytes: usize,
    droppable: usize,
    /// Entries that somebody waits for.
    awaited: usize,
    /// While the writer lets entries gather: how many awaited ones it wants; 0 otherwise.
    gathering: usize,
    /// Everything is to be written now.
    flushing: bool,
    /// Since when the oldest entry that nobody waits for has been waiting.
    lingering_since: Option<Instant>,
    writer_sleeps: bool,
    closing: bool,
    /// While set, awaited entries are refused at once.
    refusing: Option<Unavailable>,
    newest_id: u64,
}

/// What the writer is asked to do next.
#[derive(Debug)]
pub(crate) enum Task {
    /// Commit these, in this order.
    Commit(Vec<Entry>),
    /// Nothing waits; time has passed.
    Idle,
    /// The queue is closed and empty.
    Close,
}

/// Bounds of the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Bytes waiting, beyond which awaited entries are refused.
    pub(crate) bytes_max: usize,
    /// Droppable entries waiting, beyond which further ones are dropped.
    pub(crate) droppable_max: usize,
    /// How long an entry that nobody waits for may wait for company.
    pub(crate) linger: Duration,
}

#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    bounds: Bounds,
    clock: Clock,
    ids: Arc<Generator>,
    /// Every entry up to this id has been written, or given up.
    resolved: watch::Sender<u64>,
}

/// When a commit is worth it although nobody else may come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gather {
    /// Enough for a commit: as many awaited entries.
    pub(crate) awaited: usize,
    /// No awaited entry waits beyond this.
    pub(crate) until: Instant,
}

impl State {
    /// How long what waits may go on waiting; none where it is to be written now.
    fn wait(&self, now: Instant, gather: &Gather, linger: Duration) -> Option<Duration> {
        let until = match (self.awaited, self.lingering_since) {
            _ if self.flushing || self.closing => return None,
            (0, Some(since)) => since + linger,
            (0, None) => return None,
            (awaited, _) if awaited >= gather.awaited => return None,
            _ => gather.until,
        };
        let wait = until.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }
}

impl Queue {
    pub(crate) fn new(bounds: Bounds, clock: Clock, ids: Arc<Generator>, newest_id: u64) -> Self {
        let state = State {
            entries: Vec::new(),
            bytes: 0,
            droppable: 0,
            awaited: 0,
            gathering: 0,
            flushing: false,
            lingering_since: None,
            writer_sleeps: false,
            closing: false,
            refusing: None,
            newest_id,
        };
        Self {
            state: Mutex::new(state),
            wake: Condvar::new(),
            bounds,
            clock,
            ids,
            resolved: watch::Sender::new(newest_id),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves an entry that somebody waits for. The receiver hears when it is durable, and is to be polled
    /// or dropped then: others may hear through it ([`super::durable`]).
    pub(crate) fn append_awaited(
        &self,
        kind: Kind,
        head: Vec<u8>,
        body: Bytes,
    ) -> Result<(u64, oneshot::Receiver<Told>), Unavailable> {
        let mut state = self.lock();
        if let Some(refusal) = &state.refusing {
            return Err(refusal.clone());
        }
        if state.closing {
            return Err(Unavailable { cause: "the store is closing".to_owned(), retry_after_s: 5 });
        }
        if state.bytes > self.bounds.bytes_max {
            return Err(Unavailable {
                cause: "too much is waiting to be written".to_owned(),
                retry_after_s: 1,
            });
        }
        let (done, receiver) = oneshot::channel();
        let id = self.push(&mut state, kind, Class::Awaited, head, body, Some(done));
        state.awaited += 1;
        if state.awaited >= state.gathering {
            self.rouse(&mut state);
        }
        Ok((id, receiver))
    }

    /// Leaves an entry that nobody waits for; it is written within the linger time, or when the disk
    /// works again. A droppable one is dropped (`None`) where too many wait.
    pub(crate) fn append(&self, kind: Kind, class: Class, head: Vec<u8>, body: Bytes) -> Option<u64> {
        let mut state = self.lock();
        if class == Class::Droppable {
            let full = state.droppable >= self.bounds.droppable_max || state.bytes > self.bounds.bytes_max;
            if full || state.refusing.is_some() || state.closing {
                return None;
            }
            state.droppable += 1;
        }
        let id = self.push(&mut state, kind, class, head, body, None);
        if state.lingering_since.is_none() {
            state.lingering_since = Some(Instant::now());
            if state.gathering == 0 {
                self.rouse(&mut state);
            }
        }
        Some(id)
    }

    fn push(
        &self,
        state: &mut State,
        kind: Kind,
        class: Class,
        head: Vec<u8>,
        body: Bytes,
        done: Option<oneshot::Sender<Told>>,
    ) -> u64 {
        let id = self.ids.next(self.clock.now());
        let entry = Entry { kind, id, class, head, body, done };
        state.newest_id = id;
        state.bytes += entry.bytes();
        state.entries.push(entry);
        id
    }

    fn rouse(&self, state: &mut State) {
        if state.writer_sleeps {
            state.writer_sleeps = false;
            self.wake.notify_one();
        }
    }

    /// Has all that waits written now, and returns when it has been written or given up.
    pub(crate) async fn flush(&self) {
        let newest_id = {
            let mut state = self.lock();
            if !state.entries.is_empty() {
                state.flushing = true;
                self.rouse(&mut state);
            }
            state.newest_id
        };
        // An error would mean that the queue, and with it this borrow, is gone.
        let _ = self.resolved.subscribe().wait_for(|resolved| *resolved >= newest_id).await;
    }

    /// Notes that everything up to `id` has been written, or given up.
    pub(crate) fn resolve(&self, id: u64) {
        self.resolved.send_if_modified(|resolved| {
            let grows = *resolved < id;
            *resolved = id.max(*resolved);
            grows
        });
    }

    /// Lets no further entries in; the writer ends when it has written what waits.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        self.rouse(&mut state);
    }

    /// Notes that there is no writer any more: those who wait hear that the store is closing.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.closing = true;
        state.entries.clear();
        drop(state);
        self.resolved.send_replace(u64::MAX);
    }

    /// Whether [`Queue::close`] was called.
    pub(crate) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// Waits for something to do, at most `patience` where there is nothing. Where only few wait for an
    /// entry, lets more gather first, as `gather` says.
    pub(crate) fn next(&self, patience: Duration, gather: Gather) -> Task {
        let mut state = self.lock();
        loop {
            if state.entries.is_empty() && state.closing {
                return Task::Close;
            }
            let now = Instant::now();
            let wait = match state.wait(now, &gather, self.bounds.linger) {
                _ if state.entries.is_empty() => patience,
                Some(wait) => wait,
                None => break,
            };
            state.gathering = if state.awaited > 0 { gather.awaited } else { 0 };
            state.writer_sleeps = true;
            let (woken, timeout) =
                self.wake.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.writer_sleeps = false;
            state.gathering = 0;
            if timeout.timed_out() && state.entries.is_empty() && !state.closing {
                return Task::Idle;
            }
        }
        state.awaited = 0;
        state.flushing = false;
        state.lingering_since = None;
        state.bytes = 0;
        state.droppable = 0;
        Task::Commit(std::mem::take(&mut state.entries))
    }

    /// Puts entries that could not be written back in front of all others.
    pub(crate) fn put_back(&self, mut entries: Vec<Entry>) {
        let mut state = self.lock();
        state.bytes += entries.iter().map(Entry::bytes).sum::<usize>();
        entries.append(&mut state.entries);
        state.entries = entries;
        if !state.entries.is_empty() && state.lingering_since.is_none() {
            state.lingering_since = Some(Instant::now());
        }
    }

    /// From now on refuses awaited entries with this, or takes them again.
    pub(crate) fn refuse(&self, refusal: Option<Unavailable>) {
        self.lock().refusing = refusal;
    }

    /// Why awaited entries are refused now, if they are.
    pub(crate) fn refusal(&self) -> Option<Unavailable> {
        self.lock().refusing.clone()
    }
}
