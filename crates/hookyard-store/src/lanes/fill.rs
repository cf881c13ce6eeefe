//! Filling a lane's memory from the index: when there is room for what is behind, or when something's time has
//! come.
//!
//! Each line of each connection gets the same share of the memory, and what one does not need goes to the
//! others, so that a connection with a million events leaves room for one with three.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId, EventId};
use rustc_hash::{FxHashMap, FxHashSet};
use tracing::error;

use super::keys::Look;
use super::look::FoundKeys;
use super::shares::{Behind, Line, Place};
use super::{Lane, Ready};
use crate::history::ReadError;
use crate::index::fold::EventRow;
use crate::index::{self, query};
use crate::journal::read;
use crate::store::{Inner, Store};

/// How long a lane rests after the index could not be read.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How often the index is looked at where more keys are blocked than are kept in memory.
const OVERFLOW_LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a lane looks for in the index.
pub(super) struct Search {
    pub(super) destination: DestinationId,
    pub(super) now: Timestamp,
    /// Events that are in memory, or whose outcome may not be in the index yet.
    pub(super) known: FxHashSet<EventId>,
    /// How many of them are of each connection.
    known_of: FxHashMap<ConnectionId, usize>,
    /// How many events stand in each line in memory.
    lens: FxHashMap<Place, usize>,
    /// How many events memory holds at most, and how many more it has room for.
    pub(super) events_max: usize,
    pub(super) room: usize,
    /// The connection that is served first, as there may be more than there is room for.
    from: ConnectionId,
    /// The keys to look at; none where nothing is wanted of them.
    keys: Option<Look>,
}

/// What was found.
#[derive(Default)]
struct Found {
    loaded: Vec<Ready>,
    /// Lines of which more is due than was loaded.
    more: FxHashSet<Place>,
    /// When the next event is due of the lines of which all was loaded.
    next_due: Option<Timestamp>,
    /// The connection to begin with the next time.
    next_from: Option<ConnectionId>,
    /// What there is of events with an order key.
    keys: FoundKeys,
}

impl Lane {
    /// Keeps the lane filled from the index, for ever. Cancel-safe; run one at a time.
    pub async fn keep_filled(&self) {
        let mut from = ConnectionId(0);
        let mut overflowed_since = None;
        loop {
            self.until_wanted(&mut overflowed_since).await;
            let Some(store) = self.store.upgrade().map(|inner| Store { inner }) else { return };
            store.recovered().await;
            if let Err(error) = self.fill(&store, &mut from).await {
                error!(destination = %self.destination, %error, "a lane cannot be filled from the index");
                tokio::time::sleep(RETRY_EVERY).await;
            }
        }
    }

    /// Waits until there is room for what is behind, or something in the index is due. While there are more keys than
    /// are kept, all are looked at from time to time, whatever else happens.
    async fn until_wanted(&self, overflowed_since: &mut Option<Instant>) {
        loop {
            let looked = self.look.notified();
            tokio::pin!(looked);
            looked.as_mut().enable();
            let Some(store) = self.store.upgrade() else { return };
            let rest = {
                let mut state = self.lock();
                let often = state.keys.is_overflowed().then(|| {
                    let since = overflowed_since.get_or_insert_with(Instant::now);
                    OVERFLOW_LOOK_EVERY.saturating_sub(since.elapsed())
                });
                if often.is_none_or(|often| often.is_zero()) {
                    *overflowed_since = None;
                }
                if often.is_some_and(|often| often.is_zero()) {
                    state.keys.look_at_all();
                }
                if state.wants_look(store.lane_events_max) {
                    return;
                }
                let wake_at = [state.wake_at, state.keys.next_due()].into_iter().flatten().min();
                let rest = wake_at.map(|at| at.since(store.clock.now()));
                [rest, often].into_iter().flatten().min()
            };
            drop(store);
            match rest {
                Some(Duration::ZERO) => return,
                Some(rest) => {
                    let _ = tokio::time::timeout(rest, looked).await;
                }
                None => looked.await,
            }
        }
    }

    /// Loads what is due, as much as there is room for.
    async fn fill(&self, store: &Store, from: &mut ConnectionId) -> Result<(), ReadError> {
        let looked_for = {
            // What is offered from here on enters memory, and what was dropped before is in the index
            // once it has settled.
            let mut state = self.lock();
            state.behind = Behind::default();
            state.wake_at = None;
            state.withdrawn_meanwhile = Some(FxHashSet::default());
            state.keys.begin_look(store.clock().now())
        };
        // Also where this is cancelled: what was not loaded is still to be.
        let mut unfinished = Unfinished { lane: self, is_done: false };
        let filled = self.load(store, from, looked_for).await;
        unfinished.is_done = filled.is_ok();
        filled
    }

    async fn load(
        &self,
        store: &Store,
        from: &mut ConnectionId,
        keys: Option<Look>,
    ) -> Result<(), ReadError> {
        let index = &store.inner.index.index;
        let generation = index.generation();
        store.inner.journal.queue.flush().await;
        let (_, newest_id) = store.inner.journal.tail.committed();
        if !index.settle(newest_id).await {
            return Err(ReadError("the index cannot be written and lags behind".to_owned()));
        }
        let search = self.search(&store.inner, *from, keys);
        let inner = Arc::clone(&store.inner);
        let found = tokio::task::spawn_blocking(move || search.run(&inner));
        let found = found.await.map_err(|error| ReadError(error.to_string()))?;
        let found = found.map_err(|error| {
            if error.is_damage() {
                index.rebuild();
            }
            ReadError(error.to_string())
        })?;
        if index.generation() != generation || index.is_recovering() {
            return Err(ReadError("the index was made anew meanwhile".to_owned()));
        }
        *from = found.next_from.unwrap_or(ConnectionId(0));
        self.take_in(found, &store.inner);
        Ok(())
    }

    fn search(&self, inner: &Inner, from: ConnectionId, keys: Option<Look>) -> Search {
        let applied = inner.index.index.applied().id;
        let mut state = self.lock();
        state.forget_settled(applied);
        state.settled_meanwhile = Some(FxHashSet::default());
        let mut known_of = FxHashMap::<ConnectionId, usize>::default();
        for event in &state.known {
            *known_of.entry(event.connection).or_default() += 1;
        }
        Search {
            known_of,
            destination: self.destination,
            now: inner.clock.now(),
            known: state.known.clone(),
            lens: state.waiting.lines().collect(),
            events_max: inner.lane_events_max,
            room: inner.lane_events_max.saturating_sub(state.waiting.len()),
            from,
            keys,
        }
    }

    fn take_in(&self, found: Found, inner: &Inner) {
        let left_over = (found.loaded.len() + found.keys.loaded()) as u64;
        if self.left_over.compare_exchange(u64::MAX, left_over, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.looked.notify_waiters();
        }
        let mut queued = 0;
        let mut state = self.lock();
        let mut settled = state.settled_meanwhile.take().unwrap_or_default();
        settled.extend(state.withdrawn_meanwhile.take().unwrap_or_default());
        for ready in found.loaded {
            // It may have been offered, and even delivered, while the index was read.
            if !settled.contains(&ready.event) && state.known.insert(ready.event) {
                queued += usize::from(!state.enter(ready, inner));
            }
        }
        queued += state.take_in_keys(found.keys, &settled, inner);
        for place in found.more {
            state.behind.add(place);
        }
        state.wake_at = match (state.wake_at, found.next_due) {
            (Some(known), Some(next)) => Some(known.min(next)),
            (known, next) => known.or(next),
        };
        drop(state);
        if queued > 0 {
            self.announce();
        }
    }
}

impl Search {
    fn run(mut self, inner: &Inner) -> Result<Found, index::Error> {
        let mut reader = read::Reader::new(&inner.journal.directory);
        let mut bytes_left = inner.lanes_bytes_max.saturating_sub(inner.lanes_bytes.load(Ordering::Relaxed));
        let mut load = |event, row: &EventRow| {
            let ready = inner.load_request(&mut reader, Ready::loaded(event, row), bytes_left);
            bytes_left = bytes_left.saturating_sub(ready.bytes());
            ready
        };
        let index = &inner.index.index;
        let places = self.places(index)?;
        let in_index: FxHashSet<Place> = places.iter().copied().collect();
        let in_memory_only = self.lens.keys().filter(|place| !in_index.contains(place)).count();
        let share = (self.events_max / (places.len() + in_memory_only).max(1)).max(1);
        let mut found = Found::default();
        // First the same for each line, then what is left for those that have more.
        for place in &places {
            let len = self.lens.get(place).copied().unwrap_or(0);
            self.look_at(index, *place, share.saturating_sub(len), &mut found, &mut load)?;
        }
        let with_more: Vec<Place> = places.into_iter().filter(|place| found.more.contains(place)).collect();
        found.next_from = with_more.iter().find(|it| !self.lens.contains_key(it)).map(|(id, _)| *id);
        for (nth, place) in with_more.iter().enumerate() {
            let share = self.room / (with_more.len() - nth);
            if share > 0 {
                self.look_at(index, *place, share, &mut found, &mut load)?;
            }
        }
        if let Some(keys) = self.keys.take() {
            found.keys = self.look_at_keys(index, keys, &mut load)?;
        }
        Ok(found)
    }

    /// The lines of which something waits in the index, beginning with the connection that is to be served
    /// first.
    fn places(&self, index: &index::Index) -> Result<Vec<Place>, index::Error> {
        let mut connections = query::connections_waiting(index, self.destination.0)?;
        let first = connections.partition_point(|connection| *connection < self.from.0);
        connections.rotate_left(first);
        let lines = |connection| Line::BOTH.map(|line| (ConnectionId(connection), line));
        Ok(connections.into_iter().flat_map(lines).collect())
    }

    /// Loads what is due in one line, up to `share` events and as far as there is room.
    fn look_at(
        &mut self,
        index: &index::Index,
        place: Place,
        share: usize,
        found: &mut Found,
        load: &mut impl FnMut(EventId, &EventRow) -> Ready,
    ) -> Result<(), index::Error> {
        let (connection, line) = place;
        let state = match line {
            Line::Fresh => EventState::Queued,
            Line::Due => EventState::Scheduled,
        };
        let waiting = query::Waiting { destination: self.destination.0, connection: connection.0, state };
        let share = share.min(self.room);
        let known = self.known_of.get(&connection).copied().unwrap_or(0);
        // One more than can be taken tells whether there is more.
        let rows = query::due(index, waiting, self.now.us(), share + known + 1)?;
        let mut unknown: Vec<_> = rows.into_iter().filter(|(event, _)| !self.known.contains(event)).collect();
        if unknown.len() > share {
            unknown.truncate(share);
            found.more.insert(place);
        } else {
            found.more.remove(&place);
            let next = query::next_due(index, waiting, self.now.us())?.map(Timestamp::from_us);
            found.next_due = [found.next_due, next].into_iter().flatten().min();
        }
        self.room -= unknown.len();
        *self.lens.entry(place).or_default() += unknown.len();
        *self.known_of.entry(connection).or_default() += unknown.len();
        self.known.extend(unknown.iter().map(|(event, _)| *event));
        found.loaded.extend(unknown.iter().map(|(event, row)| load(*event, row)));
        Ok(())
    }
}

/// Marks a lane as behind again, unless it has been filled.
struct Unfinished<'a> {
    lane: &'a Lane,
    is_done: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            let mut state = self.lane.lock();
            state.behind.all = true;
            state.settled_meanwhile = None;
            state.withdrawn_meanwhile = None;
            state.keys.look_at_all();
            drop(state);
            // Whoever fills it next may be waiting already.
            self.lane.look.notify_one();
        }
    }
}
