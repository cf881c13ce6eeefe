//! Events that go out one after the other: those of one *order key*, in the order in which their requests arrived.
//!
//! ```text
//!   offered or loaded ──► waits with its key ──► out: in the shares, or with a worker ──► ended
//!                              ▲                        │
//!                              └── the next one ◄───────┴──► blocked: scheduled or held, waits in the index
//! ```
//!
//! Of each key at most one event is out. It leaves the key to the next one only when it has ended; while it is
//! scheduled for a retry, or held, the key is *blocked*, keeps nothing in memory, and costs the lane one entry
//! whatever number of events wait behind. This decides nothing about whose turn it is among keys: an event that is
//! out stands in the shares like any other.
//!
//! **Invariants**
//! 1. What waits in memory of a key comes before all that waits of it in the index only, unless it came late.
//! 2. Nothing of a key goes out while the index is looked at for it: something before it may be found.
//! 3. A key of which nothing is known here has nothing in the index, unless the lane is `unsure`.

use std::collections::{BTreeSet, VecDeque};

use hookyard_model::clock::Timestamp;
use hookyard_model::id::EventId;
use hookyard_model::order::OrderKey;
use rustc_hash::FxHashMap;

use super::Ready;

/// Events of one key that wait in memory.
const KEY_WAITING_MAX: usize = 64;
/// Keys that are looked for at once, apart from when all are.
const KEYS_A_LOOK: usize = 512;

/// What keeps a key's next event from going out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// It is scheduled.
    Until(Timestamp),
    /// It is held, until somebody wakes the lane.
    Held,
}

/// What is known of a key.
#[derive(Debug, Default)]
struct Key {
    /// The event that was let out and has not ended.
    out: Option<EventId>,
    /// Somebody cancelled it meanwhile.
    is_cancelled: bool,
    /// In order of their ids.
    waiting: VecDeque<Ready>,
    /// Something may wait in the index only.
    more: bool,
    /// The index is being looked at for it.
    looking: bool,
    blocked: Option<Blocked>,
}

/// The keys of a lane.
#[derive(Debug)]
pub(super) struct Keys {
    /// Keys that are kept at most, apart from those of which something is in memory, and while the index is looked at.
    keys_max: usize,
    of: FxHashMap<OrderKey, Key>,
    /// How many events wait with their keys.
    waiting: usize,
    /// Keys of which nothing waits in memory, but may in the index.
    hungry: VecDeque<OrderKey>,
    /// When which key may go on.
    due: BTreeSet<(Timestamp, OrderKey)>,
    /// Keys that are not here may have something in the index.
    unsure: bool,
    /// The index is to be looked at for all keys.
    wants_all: bool,
    /// It is being looked at.
    looking: bool,
    /// And that for all keys: one that is not here may have something in it.
    looking_at_all: bool,
    /// There are more keys than are kept.
    overflowed: bool,
    /// And whoever fills the lane has not been told.
    overflow_is_news: bool,
    /// Among those that are not kept, some can go on as soon as there is room.
    waits_for_room: bool,
}

/// What became of an event that was offered.
#[derive(Debug)]
pub(super) enum Offered {
    /// It is the first of its key.
    Out(Ready),
    /// It waits in memory.
    Waits,
    /// It is found in the index when it is its turn.
    InIndex(Ready),
}

/// Which keys the index is looked at for.
#[derive(Debug)]
pub(super) enum Look {
    /// All that it has, besides how many events are known of those that are here.
    All(FxHashMap<OrderKey, usize>),
    /// These, with the number of their events that are known.
    Some(Vec<(OrderKey, usize)>),
}

/// What the index has of a key.
#[derive(Debug)]
pub(super) struct FoundKey {
    pub(super) key: OrderKey,
    /// The first ones that are not known, in order.
    pub(super) loaded: Vec<Ready>,
    /// Where this is not all: the last one that was looked at, known or not.
    pub(super) read_up_to: Option<EventId>,
    /// What keeps the one behind these from going out, where that is known.
    pub(super) blocked: Option<Blocked>,
}

impl Keys {
    /// Nobody has looked yet.
    pub(super) fn new(keys_max: usize) -> Self {
        Self {
            keys_max,
            of: FxHashMap::default(),
            waiting: 0,
            hungry: VecDeque::new(),
            due: BTreeSet::new(),
            unsure: true,
            wants_all: true,
            looking: false,
            looking_at_all: false,
            overflowed: false,
            overflow_is_news: false,
            waits_for_room: false,
        }
    }

    /// How many events wait with their keys.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether more keys are blocked than are kept, so that the index is looked at from time to time.
    pub(super) const fn is_overflowed(&self) -> bool {
        self.overflowed
    }

    /// Whether that has come about since this was last asked.
    pub(super) const fn has_just_overflowed(&mut self) -> bool {
        std::mem::replace(&mut self.overflow_is_news, false)
    }

    /// When the next blocked key may go on.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Whether the index should be looked at, with so many events in the shares.
    pub(super) fn wants_look(&self, in_shares: usize, events_max: usize) -> bool {
        (self.wants_all && in_shares < events_max)
            || ((self.waits_for_room || !self.hungry.is_empty()) && in_shares <= events_max / 2)
    }

    /// Has the index looked at for all keys: somebody knows that there is something new.
    pub(super) fn look_at_all(&mut self) {
        self.wants_all = true;
        self.unsure = true;
    }

    /// Takes a new event. `has_room` says whether the shares have room for one more, `fits` whether its bytes may be kept.
    pub(super) fn offer(
        &mut self,
        order: OrderKey,
        ready: Ready,
        events_max: usize,
        has_room: bool,
        fits: bool,
    ) -> Offered {
        if self.unsure && !self.of.contains_key(&order) {
            return Offered::InIndex(ready);
        }
        if !has_room && self.has_no_place_for(order) {
            self.overflow(order, false);
            return Offered::InIndex(ready);
        }
        let is_full = self.waiting >= events_max / 2;
        let looking = self.looking_at_all;
        let key = self.of.entry(order).or_insert_with(|| Key { looking, ..Key::default() });
        if key.more || key.blocked.is_some() {
            key.more = true;
            return Offered::InIndex(ready);
        }
        if key.out.is_none() && !key.looking {
            if has_room && fits {
                key.out = Some(ready.event);
                return Offered::Out(ready);
            }
            key.more = true;
            self.hungry.push_back(order);
            return Offered::InIndex(ready);
        }
        if is_full || !fits || key.waiting.len() >= KEY_WAITING_MAX {
            key.more = true;
            if key.waiting.is_empty() && !key.looking {
                self.hungry.push_back(order);
            }
            return Offered::InIndex(ready);
        }
        key.insert(ready);
        self.waiting += 1;
        Offered::Waits
    }

    /// Whether a new key is one too many. While the index is looked at every one is kept: what is found of it is not to
    /// be taken for all there is.
    fn has_no_place_for(&self, order: OrderKey) -> bool {
        self.of.len() >= self.keys_max && !self.looking && !self.of.contains_key(&order)
    }

    /// Something of this key entered the index and no lane's memory: it is delayed, or held.
    pub(super) fn missed(&mut self, order: OrderKey) {
        if self.unsure && !self.of.contains_key(&order) {
            return;
        }
        if self.has_no_place_for(order) {
            self.overflow(order, true);
            return;
        }
        let looking = self.looking_at_all;
        let key = self.of.entry(order).or_insert_with(|| Key { looking, ..Key::default() });
        if !key.more && key.blocked.is_none() && key.waiting.is_empty() && !key.looking {
            self.hungry.push_back(order);
        }
        key.more = true;
    }

    /// An event that was out has ended: the next one of its key, if that is in memory.
    pub(super) fn ended(&mut self, order: OrderKey, event: EventId) -> Option<Ready> {
        let key = self.of.get_mut(&order).filter(|key| key.out == Some(event))?;
        key.out = None;
        key.is_cancelled = false;
        self.next(order)
    }

    /// An event that was out is to wait in the index. What waited behind it leaves memory as well, unless it was
    /// cancelled meanwhile: then the next one goes out.
    pub(super) fn blocked(
        &mut self,
        order: OrderKey,
        event: EventId,
        blocked: Blocked,
    ) -> (Option<Ready>, Vec<Ready>) {
        let Some(key) = self.of.get_mut(&order).filter(|key| key.out == Some(event)) else {
            return (None, Vec::new());
        };
        if key.is_cancelled {
            return (self.ended(order, event), Vec::new());
        }
        key.out = None;
        key.looking = false;
        let dropped = key.give_up(&mut self.waiting);
        // What a look finds of a key is not to be taken for news of one that is forgotten meanwhile.
        if self.of.len() > self.keys_max && !self.looking {
            self.overflow(order, true);
        } else {
            self.block(order, blocked);
        }
        (None, dropped)
    }

    /// An event that was in the shares was given up: it and those behind it are found in the index.
    pub(super) fn given_up(&mut self, order: OrderKey) -> Vec<Ready> {
        let Some(key) = self.of.get_mut(&order) else { return Vec::new() };
        key.out = None;
        key.looking = false;
        self.hungry.push_back(order);
        key.give_up(&mut self.waiting)
    }

    /// The event that is to go out instead of one that is out and that no worker has: the first of its key, where
    /// that came later than the other was let out.
    pub(super) fn first_of(&mut self, order: OrderKey, ready: Ready) -> Ready {
        let Some(key) = self.of.get_mut(&order).filter(|key| !key.looking) else { return ready };
        match key.waiting.front() {
            Some(first) if first.event < ready.event => {}
            _ => return ready,
        }
        let Some(first) = key.waiting.pop_front() else { return ready };
        key.insert(ready);
        key.out = Some(first.event);
        first
    }

    /// Takes out of memory what is cancelled and waits with its key. What is out and cancelled is remembered.
    pub(super) fn withdraw(&mut self, is_cancelled: impl Fn(EventId) -> bool, mut taken: impl FnMut(&Ready)) {
        for key in self.of.values_mut() {
            key.is_cancelled |= key.out.is_some_and(&is_cancelled);
            key.waiting.retain(|ready| {
                let is_kept = !is_cancelled(ready.event);
                if !is_kept {
                    taken(ready);
                    self.waiting -= 1;
                }
                is_kept
            });
        }
    }

    /// Begins a look into the index: none where nothing is wanted of it.
    pub(super) fn begin_look(&mut self, now: Timestamp) -> Option<Look> {
        while self.next_due().is_some_and(|at| at <= now) {
            let Some((_, order)) = self.due.pop_first() else { break };
            if let Some(key) = self.of.get_mut(&order) {
                key.blocked = None;
                self.hungry.push_back(order);
            }
        }
        self.looking = true;
        if self.wants_all || (self.waits_for_room && self.hungry.is_empty()) {
            return Some(self.begin_look_at_all());
        }
        let mut looked_at = Vec::new();
        while let Some(order) = self.hungry.pop_front() {
            let Some(key) = self.of.get_mut(&order) else { continue };
            if key.more && !key.looking && key.waiting.is_empty() && key.blocked.is_none() {
                key.begin_look();
                looked_at.push((order, key.len()));
            }
            if looked_at.len() >= KEYS_A_LOOK {
                break;
            }
        }
        (!looked_at.is_empty()).then_some(Look::Some(looked_at))
    }

    fn begin_look_at_all(&mut self) -> Look {
        self.wants_all = false;
        self.unsure = false;
        self.looking_at_all = true;
        self.overflowed = false;
        self.waits_for_room = false;
        self.hungry.clear();
        self.due.clear();
        for key in self.of.values_mut() {
            key.blocked = None;
            key.begin_look();
        }
        Look::All(self.of.iter().map(|(order, key)| (*order, key.len())).collect())
    }

    /// Takes in what a look found of one key. An event enters memory only where `enters` says so.
    pub(super) fn take_in(
        &mut self,
        found: FoundKey,
        mut enters: impl FnMut(&mut Ready) -> bool,
    ) -> Vec<Ready> {
        let FoundKey { key: order, loaded, read_up_to, blocked } = found;
        if loaded.is_empty() && !self.of.contains_key(&order) {
            if read_up_to.is_none() {
                return Vec::new();
            }
            if self.of.len() >= self.keys_max {
                self.overflow(order, blocked.is_some());
                return Vec::new();
            }
        }
        // Of a key that was unknown and is so again, as somebody has woken the lane since the look began, nothing that was
        // offered meanwhile was kept.
        let more = self.unsure;
        let key = self.of.entry(order).or_insert_with(|| Key { looking: true, more, ..Key::default() });
        if !key.looking {
            // It was blocked, or given up, since the look began.
            return Vec::new();
        }
        for mut ready in loaded {
            if enters(&mut ready) {
                key.insert(ready);
                self.waiting += 1;
            }
        }
        let Some(read_up_to) = read_up_to else { return Vec::new() };
        key.more = true;
        let kept = key.waiting.partition_point(|ready| ready.event <= read_up_to);
        let dropped: Vec<Ready> = key.waiting.split_off(kept).into();
        self.waiting -= dropped.len();
        if let Some(blocked) = blocked.filter(|_| key.waiting.is_empty()) {
            self.block(order, blocked);
        }
        dropped
    }

    /// Ends a look, and lets out what is first of its key.
    pub(super) fn end_look(&mut self) -> Vec<Ready> {
        self.looking = false;
        self.looking_at_all = false;
        let looked_at = self.of.iter_mut().filter(|(_, key)| key.looking);
        let looked_at: Vec<OrderKey> = looked_at
            .map(|(order, key)| {
                key.looking = false;
                *order
            })
            .collect();
        looked_at.into_iter().filter_map(|order| self.next(order)).collect()
    }

    /// The first of a key that has nothing out; notes it as hungry where it needs more, and forgets it where it has
    /// nothing.
    fn next(&mut self, order: OrderKey) -> Option<Ready> {
        let key = self.of.get_mut(&order)?;
        if key.looking {
            return None;
        }
        let next = if key.out.is_none() { key.waiting.pop_front() } else { None };
        if let Some(next) = &next {
            self.waiting -= 1;
            key.out = Some(next.event);
        }
        if key.more {
            if key.waiting.is_empty() && key.blocked.is_none() {
                self.hungry.push_back(order);
            }
        } else if key.out.is_none() {
            self.of.remove(&order);
        }
        next
    }

    fn block(&mut self, order: OrderKey, blocked: Blocked) {
        let Some(key) = self.of.get_mut(&order) else { return };
        key.blocked = Some(blocked);
        if let Blocked::Until(at) = blocked {
            self.due.insert((at, order));
        }
    }

    /// Forgets a key: the index is looked at for all of them from time to time, and where this one could go on, as
    /// soon as there is room.
    fn overflow(&mut self, order: OrderKey, is_blocked: bool) {
        self.waits_for_room |= !is_blocked;
        self.of.remove(&order);
        self.unsure = true;
        self.overflow_is_news |= !self.overflowed;
        self.overflowed = true;
    }
}

impl Key {
    /// How many events of it are in memory or out.
    fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.out.is_some())
    }

    fn insert(&mut self, ready: Ready) {
        let place = self.waiting.partition_point(|other| other.event < ready.event);
        self.waiting.insert(place, ready);
    }

    fn begin_look(&mut self) {
        self.looking = true;
        self.more = false;
    }

    fn give_up(&mut self, waiting: &mut usize) -> Vec<Ready> {
        self.more = true;
        *waiting -= self.waiting.len();
        std::mem::take(&mut self.waiting).into()
    }
}

#[cfg(test)]
mod tests;
