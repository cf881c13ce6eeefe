//! A thread that follows the journal at its own pace, in rounds: after a rest, or at once where somebody waits for what
//! is durable to be taken in.

use std::fmt::Display;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;
use tracing::error;

/// The longest that what was committed is not taken in.
const REST: Duration = Duration::from_millis(200);
/// How long the thread waits after an error before it tries again.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How long a reader waits for what is durable to be taken in.
const SETTLE_MAX: Duration = Duration::from_secs(2);

/// What the thread is asked for, and how far it is with that.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    wishes: Mutex<Wishes>,
    wake: Condvar,
    /// How many of the rounds that were asked for have been made.
    made: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Wishes {
    stop: bool,
    /// How many rounds readers have asked for.
    rounds: u64,
}

/// A round that is to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// How many had been asked for when it began.
    asked_for: u64,
    /// Whether somebody waits for it.
    pub(crate) is_wanted: bool,
    /// Whether it is the last one.
    pub(crate) is_last: bool,
}

/// The thread; dropping it ends it after one last round.
#[derive(Debug)]
pub(crate) struct Thread {
    rounds: Arc<Rounds>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.rounds.wish(|wishes| wishes.stop = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Rounds {
    /// Starts the thread, which is called like what it keeps up with the journal.
    pub(crate) fn start<E: Display>(
        self: &Arc<Self>,
        name: &'static str,
        mut round: impl FnMut(Round) -> Result<(), E> + Send + 'static,
    ) -> io::Result<Thread> {
        let rounds = Arc::clone(self);
        let run = move || {
            loop {
                let next = rounds.next();
                if let Err(error) = round(next) {
                    error!(%error, "{name} fall behind until that works again");
                    rounds.pause();
                }
                if next.is_last {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Thread { rounds: Arc::clone(self), thread: Some(thread) })
    }

    /// Waits until what is there now has been taken in, for at most [`SETTLE_MAX`].
    pub(crate) async fn settle(&self) {
        let wanted = self.wish(|wishes| {
            wishes.rounds += 1;
            wishes.rounds
        });
        let mut made = self.made.subscribe();
        let _ = tokio::time::timeout(SETTLE_MAX, made.wait_for(|made| *made >= wanted)).await;
    }

    /// Tells those who wait for a round that it has taken in what they wait for.
    pub(crate) fn made(&self, round: Round) {
        self.made.send_replace(round.asked_for);
    }

    fn wish<T>(&self, wish: impl FnOnce(&mut Wishes) -> T) -> T {
        let wished = wish(&mut self.wishes());
        self.wake.notify_all();
        wished
    }

    fn wishes(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rests until something is asked for or time has passed.
    fn next(&self) -> Round {
        let made = *self.made.borrow();
        let is_idle = |wishes: &mut Wishes| wishes.rounds == made && !wishes.stop;
        let rested = self.wake.wait_timeout_while(self.wishes(), REST, is_idle);
        let wishes = rested.unwrap_or_else(PoisonError::into_inner).0;
        Round { asked_for: wishes.rounds, is_wanted: wishes.rounds > made, is_last: wishes.stop }
    }

    /// Gives a failing disk time, unless the thread is to end.
    fn pause(&self) {
        drop(self.wake.wait_timeout_while(self.wishes(), RETRY_EVERY, |wishes| !wishes.stop));
    }
}
