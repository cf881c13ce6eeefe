//! Deliver's side of the store: what is due for each destination, and what became of it.
//!
//! A lane is the queue of one destination. It keeps a bounded number of events in memory, handed over
//! by the route stage without a detour; what goes beyond waits in the index and is loaded when there
//! is room again, or when its time has come (`fill`). `ready` is such an event, `shares` says which event comes next, `takers` how it
//! comes to those who wait for one, `settle` what became of it, `keys` which events wait for others of their order key,
//! `standing` what people are shown of the lane, `polls` how consumers ask for events.
//!
//! **Invariants**
//! 1. An event is at most once in a lane's memory: `known` holds it from the moment it enters until the
//!    index has taken in what became of it, so that loading can tell it apart.
//! 2. While `behind`, something due may be in the index only; the lane does not rest before it has
//!    looked there.
//! 3. What is in memory is bounded, and no connection's events keep another's out of it: where it is full,
//!    the longest line gives up its last one for an event of a shorter. What waits for others of its order key may be
//!    half as much again.

mod fill;
mod keys;
mod look;
mod polls;
mod ready;
mod settle;
mod shares;
mod standing;
mod takers;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{DestinationId, EventId};
use hookyard_model::order::OrderKey;
use hookyard_model::standing::Standing;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::{Notify, mpsc};

use self::keys::{Keys, Offered};
use self::shares::{Behind, Shares};
use self::takers::Takers;
use crate::store::{Inner, Store};

pub use polls::{Call, Change, ChangeError, ChangeTo, LeaseState, Leased, Message, NotServed, Receive};
pub use ready::Ready;
pub use standing::Queued;
pub use takers::NoEvent;

#[derive(Debug)]
struct State {
    waiting: Shares,
    keys: Keys,
    takers: Takers,
    known: FxHashSet<EventId>,
    /// Events that left memory, with the id of the record that says what became of them.
    settling: VecDeque<(u64, EventId)>,
    /// While the index is being read: events that have settled since, which the answer may still hold.
    settled_meanwhile: Option<FxHashSet<EventId>>,
    /// While the lane is being filled: events that were cancelled since, which the index may not know yet.
    withdrawn_meanwhile: Option<FxHashSet<EventId>>,
    behind: Behind,
    /// When something that waits in the index is due; none where nothing is known to.
    wake_at: Option<Timestamp>,
}

/// The queue of one destination.
#[derive(Debug)]
pub struct Lane {
    /// Whose lane it is.
    pub destination: DestinationId,
    state: Mutex<State>,
    /// Told when an event enters and somebody waits for one.
    work: Notify,
    /// Whether somebody waits, or is about to.
    wanting: AtomicBool,
    /// Told when the index should be looked at.
    look: Notify,
    /// What the deliver stage says of it.
    standing: Mutex<Standing>,
    /// How many events earlier runs left, as far as they fit into memory; `u64::MAX` while nobody has looked.
    left_over: AtomicU64,
    /// Told when that is known.
    looked: Notify,
    /// What consumers ask of the lane's owner, where there is one.
    calls: Mutex<Option<mpsc::Sender<Call>>>,
    store: Weak<Inner>,
}

impl Store {
    /// The lane of a destination; made where there is none yet.
    pub fn lane(&self, destination: DestinationId) -> Arc<Lane> {
        let known =
            self.inner.lanes.read().unwrap_or_else(PoisonError::into_inner).get(&destination).cloned();
        if let Some(lane) = known {
            return lane;
        }
        let mut lanes = self.inner.lanes.write().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(destination).or_insert_with(|| {
            let state = State {
                waiting: Shares::default(),
                keys: Keys::new(self.inner.lane_keys_max),
                takers: Takers::default(),
                known: FxHashSet::default(),
                settling: VecDeque::new(),
                settled_meanwhile: None,
                withdrawn_meanwhile: None,
                // Earlier runs may have left something in the index.
                behind: Behind::everything(),
                wake_at: None,
            };
            Arc::new(Lane {
                destination,
                state: Mutex::new(state),
                work: Notify::new(),
                wanting: AtomicBool::new(true),
                look: Notify::new(),
                standing: Mutex::default(),
                left_over: AtomicU64::new(u64::MAX),
                looked: Notify::new(),
                calls: Mutex::default(),
                store: Arc::downgrade(&self.inner),
            })
        });
        Arc::clone(lane)
    }

    /// Forgets the lane of a destination that is no more. Its undelivered events stay in the index.
    pub fn close_lane(&self, destination: DestinationId) {
        let closed = self.inner.lanes.write().unwrap_or_else(PoisonError::into_inner).remove(&destination);
        let Some(lane) = closed else { return };
        lane.stop_giving();
        for ready in lane.lock().waiting.drain() {
            self.inner.forget_bytes(&ready);
        }
    }
}

impl State {
    /// The event whose turn it is.
    fn pop(&mut self, store: &Inner) -> Option<Ready> {
        let mut ready = self.waiting.pop()?;
        if let Some(order) = ready.order {
            ready = self.keys.first_of(order, ready);
        }
        store.forget_bytes(&ready);
        Some(ready)
    }

    /// Lets out an event that waited with its key: true where it was handed to who waits for one.
    fn let_out(&mut self, ready: Ready, store: &Inner) -> bool {
        store.forget_bytes(&ready);
        self.enter(ready, store)
    }

    /// Lets go of events that are found in the index again.
    fn drop_all(&mut self, dropped: impl IntoIterator<Item = Ready>, store: &Inner) {
        for ready in dropped {
            store.forget_bytes(&ready);
            self.known.remove(&ready.event);
        }
    }

    /// Whether the index should be looked at.
    fn wants_look(&self, events_max: usize) -> bool {
        (self.behind.any() && self.behind.wants_look(&self.waiting, events_max))
            || self.keys.wants_look(self.waiting.len(), events_max)
    }

    /// Hands an event to who waits for one (true), or keeps it in memory as far as there is room for it.
    fn enter(&mut self, ready: Ready, store: &Inner) -> bool {
        let Some(mut ready) = self.takers.hand_over(ready) else { return true };
        if !store.account(&mut ready) {
            self.give_up(&ready, store);
            return false;
        }
        self.waiting.push(ready);
        false
    }

    /// Has a longer line give up an event for one of `place`; false where there is none.
    fn make_room(&mut self, place: shares::Place, store: &Inner) -> bool {
        let Some(given_up) = self.waiting.give_way_to(place) else { return false };
        self.give_up(&given_up, store);
        true
    }

    /// Lets go of an event that was let out, and is found in the index again.
    fn give_up(&mut self, given_up: &Ready, store: &Inner) {
        store.forget_bytes(given_up);
        self.known.remove(&given_up.event);
        match given_up.order {
            Some(order) => {
                let dropped = self.keys.given_up(order);
                self.drop_all(dropped, store);
            }
            None => self.behind.add((given_up.event.connection, given_up.line)),
        }
    }
}

impl Lane {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new event into memory, where there is room; otherwise it is loaded later.
    pub(crate) fn offer(&self, ready: Ready) {
        let Some(store) = self.store.upgrade() else { return };
        if let Some(order) = ready.order {
            return self.offer_ordered(order, ready, &store);
        }
        let place = (ready.event.connection, ready.line);
        let mut state = self.lock();
        if state.behind.has(place) {
            return;
        }
        if state.waiting.len() >= store.lane_events_max && !state.make_room(place, &store) {
            state.behind.add(place);
            return;
        }
        if !state.known.insert(ready.event) {
            return;
        }
        let is_handed_over = state.enter(ready, &store);
        drop(state);
        if !is_handed_over {
            self.announce();
        }
    }

    /// The same of an event that waits for others of its key.
    fn offer_ordered(&self, order: OrderKey, ready: Ready, store: &Inner) {
        let place = (ready.event.connection, ready.line);
        let mut state = self.lock();
        let event = ready.event;
        if !state.known.insert(event) {
            return;
        }
        let events_max = store.lane_events_max;
        let has_room = state.waiting.len() < events_max || state.make_room(place, store);
        let mut ready = ready;
        let fits = store.account(&mut ready);
        match state.keys.offer(order, ready, events_max, has_room, fits) {
            Offered::Waits => {}
            Offered::InIndex(ready) => state.drop_all([ready], store),
            Offered::Out(ready) => {
                if !state.let_out(ready, store) {
                    drop(state);
                    self.announce();
                }
                return;
            }
        }
        self.look_where_wanted(&mut state, store);
    }

    /// An event entered the index that holds back its key and is not due: it is delayed, or held.
    pub(crate) fn missed(&self, order: OrderKey) {
        let Some(store) = self.store.upgrade() else { return };
        let mut state = self.lock();
        state.keys.missed(order);
        self.look_where_wanted(&mut state, &store);
    }

    fn look_where_wanted(&self, state: &mut State, store: &Inner) {
        if state.keys.has_just_overflowed() || state.wants_look(store.lane_events_max) {
            self.look.notify_one();
        }
    }

    /// The next event to deliver, if one is in memory.
    pub fn take(&self) -> Option<Ready> {
        self.take_unless(|takers| takers.is_closed().then_some(NoEvent::Dismissed)).ok().flatten()
    }

    fn take_unless(&self, refusal: impl Fn(&Takers) -> Option<NoEvent>) -> Result<Option<Ready>, NoEvent> {
        let Some(store) = self.store.upgrade() else { return Err(NoEvent::Dismissed) };
        let mut state = self.lock();
        if let Some(refusal) = refusal(&state.takers) {
            return Err(refusal);
        }
        let ready = state.pop(&store);
        self.look_where_wanted(&mut state, &store);
        Ok(ready)
    }

    /// Waits until there is an event to take that was handed to nobody. For one caller at a time, who has
    /// room for it.
    pub async fn work(&self) {
        self.wanting.store(true, Ordering::SeqCst);
        if self.lock().waiting.is_empty() {
            self.work.notified().await;
        }
    }

    /// Wakes who waits for work, once for each time that somebody wanted it.
    fn announce(&self) {
        if self.wanting.swap(false, Ordering::SeqCst) {
            self.work.notify_one();
        }
    }

    /// Puts back what [`Lane::take`] handed out and nobody attempted.
    pub fn put_back(&self, mut ready: Ready) {
        let Some(store) = self.store.upgrade() else { return };
        let mut state = self.lock();
        if state.takers.is_closed() {
            // It is found in the index when the lane is opened again.
            return;
        }
        let _ = store.account(&mut ready);
        state.waiting.push_first(ready);
        drop(state);
        self.announce();
    }

    /// How many events are in memory and not being attempted.
    pub fn waiting(&self) -> usize {
        let state = self.lock();
        state.waiting.len() + state.keys.waiting()
    }

    /// How many events earlier runs left, as far as they fit into memory; none while nobody has looked.
    pub fn left_over(&self) -> Option<u64> {
        Some(self.left_over.load(Ordering::Acquire)).filter(|count| *count < u64::MAX)
    }

    /// Waits until that is known. Cancel-safe.
    pub async fn looked(&self) {
        let looked = self.looked.notified();
        tokio::pin!(looked);
        looked.as_mut().enable();
        if self.left_over().is_none() {
            looked.await;
        }
    }

    /// Has the lane look into the index for what is due.
    pub fn wake(&self) {
        let mut state = self.lock();
        state.behind.all = true;
        state.keys.look_at_all();
        drop(state);
        self.look.notify_one();
    }

    /// Has the lane look into the index at this time: something becomes due then.
    pub(crate) fn expect_at(&self, due_at: Timestamp) {
        let mut state = self.lock();
        if state.wake_at.is_none_or(|known| due_at < known) {
            state.wake_at = Some(due_at);
            drop(state);
            self.look.notify_one();
        }
    }

    /// Takes events out of memory that were cancelled, each with the id of the record that says so.
    pub(crate) fn withdraw(&self, cancelled: &FxHashMap<EventId, u64>) {
        let Some(store) = self.store.upgrade() else { return };
        let mut state = self.lock();
        let State { waiting, keys, settling, withdrawn_meanwhile, .. } = &mut *state;
        if let Some(withdrawn) = withdrawn_meanwhile {
            // What is being loaded may have been read before they were cancelled.
            withdrawn.extend(cancelled.keys());
        }
        let mut withdrawn = Vec::new();
        let mut settle = |ready: &Ready| {
            store.forget_bytes(ready);
            settling.push_back((cancelled.get(&ready.event).copied().unwrap_or(0), ready.event));
        };
        keys.withdraw(|event| cancelled.contains_key(&event), &mut settle);
        waiting.retain(|ready| {
            if !cancelled.contains_key(&ready.event) {
                return true;
            }
            settle(ready);
            withdrawn.extend(ready.order.map(|order| (order, ready.event)));
            false
        });
        let mut queued = false;
        for (order, event) in withdrawn {
            if let Some(next) = state.keys.ended(order, event) {
                queued |= !state.let_out(next, &store);
            }
        }
        self.look_where_wanted(&mut state, &store);
        drop(state);
        if queued {
            self.announce();
        }
    }
}
