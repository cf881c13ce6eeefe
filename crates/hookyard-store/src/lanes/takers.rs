//! Those who wait for an event of a lane. An event that comes is handed to one of them without entering
//! the queue, and without waking anybody else.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Lane, Ready};

/// The waiting takers of one lane.
#[derive(Debug, Default)]
pub(super) struct Takers {
    /// In the order in which they came.
    waiting: Vec<(Instant, oneshot::Sender<Ready>)>,
    /// Nothing is given out any more.
    closed: bool,
}

impl Takers {
    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Gives an event to the taker that came last, so that few of them (and their connections) do most of
    /// the work. It comes back where nobody waits.
    pub(super) fn hand_over(&mut self, mut ready: Ready) -> Option<Ready> {
        while let Some((_, taker)) = self.waiting.pop() {
            match taker.send(ready) {
                Ok(()) => return None,
                Err(gone) => ready = gone,
            }
        }
        Some(ready)
    }
}

/// A taker's place. Dropping it gives back what was handed over and not seen.
struct Place<'a> {
    lane: &'a Lane,
    events: oneshot::Receiver<Ready>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.events.close();
        if let Ok(ready) = self.events.try_recv() {
            self.lane.put_back(ready);
        }
    }
}

impl Lane {
    /// The next event, for which it waits. None once it has waited for too long ([`Lane::dismiss`]), or
    /// the lane gives nothing out any more. Cancel-safe.
    pub async fn next(&self) -> Option<Ready> {
        if let Some(ready) = self.take() {
            return Some(ready);
        }
        let mut place = Place { lane: self, events: self.wait()? };
        (&mut place.events).await.ok()
    }

    /// A place among those who wait; none where the lane is closed.
    fn wait(&self) -> Option<oneshot::Receiver<Ready>> {
        let (taker, events) = oneshot::channel();
        let mut state = self.lock();
        if state.takers.closed {
            return None;
        }
        match state.queue.pop_front() {
            // It has come since nothing was found.
            Some(ready) => {
                drop(state);
                if let Some(store) = self.store.upgrade() {
                    store.forget_bytes(&ready);
                }
                let _ = taker.send(ready);
            }
            None => state.takers.waiting.push((Instant::now(), taker)),
        }
        Some(events)
    }

    /// Sends away those who have waited for longer than this.
    pub fn dismiss(&self, waited: Duration) {
        let mut state = self.lock();
        state.takers.waiting.retain(|(since, _)| since.elapsed() < waited);
    }

    /// Gives nothing out any more: who waits is sent away, and what is in memory stays there.
    pub fn stop_giving(&self) {
        let mut state = self.lock();
        state.takers.closed = true;
        state.takers.waiting.clear();
    }
}
