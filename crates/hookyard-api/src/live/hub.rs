//! Follows the journal for all streams while there is one, and keeps the newest rounds of messages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookyard_model::id::ProjectId;
use hookyard_store::live::{Cursor, Rows, RowsError};
use hookyard_store::store::Store;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Limits;
use super::message::Message;

/// The shortest time from one round to the next: what happens within it is told together.
const PACE: Duration = Duration::from_millis(100);
/// How long to wait where the store cannot be read.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// What all streams share.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(super) limits: Limits,
    /// One for each stream.
    pub(super) slots: Arc<Semaphore>,
    state: Mutex<State>,
    /// The number of the next round.
    next: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    rounds: VecDeque<Arc<Round>>,
    bytes: usize,
    /// The number of the first of them.
    first: u64,
    /// Where the first of them begins.
    from: Option<Cursor>,
    /// Where the last of them ends.
    to: Option<Cursor>,
    listeners: usize,
    following: Option<JoinHandle<()>>,
}

/// Messages of one round, or that there are none of it.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) to: Cursor,
    pub(super) messages: Vec<Message>,
    /// Whether what happened in it was passed over.
    pub(super) is_gap: bool,
    bytes: usize,
}

/// A stream's place among the rounds.
#[derive(Debug)]
pub(super) struct Listener {
    hub: Arc<Hub>,
    changed: watch::Receiver<u64>,
    next: u64,
}

/// What a listener hears next.
#[derive(Debug)]
pub(super) enum Heard {
    Round(Arc<Round>),
    /// What it was to hear is not kept any more; all up to here is missing.
    Missed(Cursor),
}

impl Round {
    pub(super) fn new(store: &Store, round: &hookyard_store::live::Round) -> Self {
        let messages: Vec<Message> = round.rows.iter().map(|row| Message::new(store, row)).collect();
        let bytes = messages.iter().map(|message| size_of::<Message>() + message.bytes.len()).sum();
        Self { to: round.to, messages, is_gap: false, bytes }
    }

    const fn gap(to: Cursor) -> Self {
        Self { to, messages: Vec::new(), is_gap: true, bytes: size_of::<Self>() }
    }
}

impl Hub {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        let slots = Arc::new(Semaphore::new(limits.streams_max));
        Arc::new(Self { limits, slots, state: Mutex::default(), next: watch::Sender::new(0) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens from the oldest round that is kept on; where it is the first to listen, from now on. Also where the first
    /// round that it hears begins.
    pub(super) fn listen(self: &Arc<Self>, store: &Store, project: ProjectId) -> (Listener, Cursor) {
        let mut state = self.lock();
        state.listeners += 1;
        if state.following.is_none() {
            let rows = store.rows(project);
            (state.from, state.to) = (Some(rows.reached()), Some(rows.reached()));
            state.following = Some(tokio::spawn(follow(Arc::clone(self), store.clone(), rows)));
        }
        let from = state.from.unwrap_or_else(|| store.now());
        let listener = Listener { hub: Arc::clone(self), changed: self.next.subscribe(), next: state.first };
        (listener, from)
    }

    /// Keeps a round, and gives up the oldest ones beyond the bound.
    fn keep(&self, round: Round) {
        let mut state = self.lock();
        // The last listener has gone meanwhile.
        if state.listeners == 0 {
            return;
        }
        state.bytes += round.bytes;
        state.to = Some(round.to);
        state.rounds.push_back(Arc::new(round));
        while state.bytes > self.limits.buffer_bytes_max {
            let Some(oldest) = state.rounds.pop_front() else { break };
            state.bytes -= oldest.bytes;
            state.first += 1;
            state.from = Some(oldest.to);
        }
        self.next.send_replace(state.first + state.rounds.len() as u64);
    }
}

impl Listener {
    /// Waits for the next round. Cancel-safe.
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            self.changed.borrow_and_update();
            if let Some(heard) = self.at_hand() {
                return heard;
            }
            // The hub is alive as long as this is.
            let _ = self.changed.changed().await;
        }
    }

    fn at_hand(&mut self) -> Option<Heard> {
        let state = self.hub.lock();
        let Some(place) = self.next.checked_sub(state.first) else {
            self.next = state.first + state.rounds.len() as u64;
            return state.to.map(Heard::Missed);
        };
        let round = Arc::clone(state.rounds.get(usize::try_from(place).ok()?)?);
        self.next += 1;
        Some(Heard::Round(round))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        state.listeners -= 1;
        if state.listeners == 0 {
            if let Some(following) = state.following.take() {
                following.abort();
            }
            state.first += state.rounds.len() as u64;
            state.rounds.clear();
            state.bytes = 0;
        }
    }
}

async fn follow(hub: Arc<Hub>, store: Store, mut rows: Rows) {
    loop {
        match rows.next().await {
            Ok(round) => {
                hub.keep(Round::new(&store, &round));
                sleep(PACE).await;
                // More happens than can be told: it is not made up for at the cost of what happens.
                let Limits { buffer_bytes_max, resume_bytes_max, .. } = hub.limits;
                if rows.bytes_behind() > resume_bytes_max.max(buffer_bytes_max as u64) {
                    hub.keep(Round::gap(rows.skip_to_now()));
                }
            }
            Err(RowsError::Gone) => hub.keep(Round::gap(rows.skip_to_now())),
            Err(RowsError::Read(error)) => {
                tracing::error!(%error, "live streams stand still until that works again");
                sleep(RETRY_EVERY).await;
            }
        }
    }
}
