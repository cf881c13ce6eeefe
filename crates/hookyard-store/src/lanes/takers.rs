//! Those who wait for an event of a lane. An event that comes is handed to one of them without entering
//! the queue, and without waking anybody else.
//!
//! A lane that is *governed* hands out nothing like that: its events are given one by one by whoever governs
//! it, with [`Lane::take`].

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Lane, Ready};

/// Why there is no event to be had by waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEvent {
    /// None came for long ([`Lane::dismiss`]), or the lane gives nothing out any more.
    Dismissed,
    /// The lane is governed: events are given, not taken.
    Governed,
}

/// The waiting takers of one lane.
#[derive(Debug, Default)]
pub(super) struct Takers {
    /// In the order in which they came.
    waiting: Vec<(Instant, oneshot::Sender<Ready>)>,
    /// Nothing is given out any more.
    closed: bool,
    governed: bool,
}

impl Takers {
    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    const fn refusal(&self) -> Option<NoEvent> {
        match (self.closed, self.governed) {
            (true, _) => Some(NoEvent::Dismissed),
            (false, true) => Some(NoEvent::Governed),
            (false, false) => None,
        }
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
    /// The next event, for which it waits. Cancel-safe.
    ///
    /// # Errors
    /// [`NoEvent`] where there is none to wait for, also from a moment on while it waits.
    pub async fn next(&self) -> Result<Ready, NoEvent> {
        if let Some(ready) = self.take_unless(Takers::refusal)? {
            return Ok(ready);
        }
        let mut place = Place { lane: self, events: self.wait()? };
        match (&mut place.events).await {
            Ok(ready) => Ok(ready),
            Err(_sent_away) => Err(self.lock().takers.refusal().unwrap_or(NoEvent::Dismissed)),
        }
    }

    /// A place among those who wait.
    fn wait(&self) -> Result<oneshot::Receiver<Ready>, NoEvent> {
        let (taker, events) = oneshot::channel();
        let mut state = self.lock();
        if let Some(refusal) = state.takers.refusal() {
            return Err(refusal);
        }
        let Some(store) = self.store.upgrade() else { return Err(NoEvent::Dismissed) };
        match state.pop(&store) {
            // It has come since nothing was found.
            Some(ready) => {
                drop(state);
                let _ = taker.send(ready);
            }
            None => state.takers.waiting.push((Instant::now(), taker)),
        }
        Ok(events)
    }

    /// Has the lane governed, or no longer: while it is, nobody gets an event by waiting for it.
    pub fn govern(&self, governed: bool) {
        let mut state = self.lock();
        state.takers.governed = governed;
        if governed {
            state.takers.waiting.clear();
        }
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
