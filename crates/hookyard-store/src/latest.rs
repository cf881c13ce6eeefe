//! What was delivered, for connections that want only the latest: of each thing the newest.
//!
//! It is asked for when an event is routed, and again before each attempt, as others may have gone since. The index has
//! it from the records of attempts, across restarts; what the index has not taken in yet is in memory, and so is what was
//! asked for lately, so that the question before an attempt costs no look-up. Things are keys of one connection.
//!
//! **Invariants**
//! 1. A delivery leaves memory only when the index has it.
//! 2. What is *whole* in memory is all there is to know of its key: whoever read the index takes that for granted only
//!    where nothing was let go of meanwhile.
//! 3. The newest never becomes an older one, except by being past retention, or too old to be remembered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hookyard_model::id::{ConnectionId, floor_at};
use hookyard_model::rule::{DELIVERED_REMEMBERED, Delivered, RevisionKey};
use rustc_hash::FxHashMap;

use crate::history::ReadError;
use crate::index::query;
use crate::lanes::Ready;
use crate::store::Store;

/// Keys looked at to make room for one, where the index has not taken in what was delivered of them.
const LOOKED_AT_MAX: usize = 16;

type Key = (ConnectionId, RevisionKey);

/// The newest of each key, as far as it is in memory.
#[derive(Debug)]
pub(crate) struct Latest {
    /// Keys that are kept at most, besides those that the index does not have.
    keys_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    of: FxHashMap<Key, Known>,
    /// The keys in the order in which they came.
    in_order: VecDeque<Key>,
    /// How many were let go of so far.
    forgotten: u64,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    newest: Option<Delivered>,
    /// The record in which that stands; the index has it once it has come there.
    record: u64,
    /// Whether the index has nothing newer.
    is_whole: bool,
}

/// The newer of two; the first one where they are of the same time.
fn newer(one: Option<Delivered>, other: Option<Delivered>) -> Option<Delivered> {
    match (one, other) {
        (Some(one), Some(other)) if other.at > one.at => Some(other),
        (one, other) => one.or(other),
    }
}

impl Latest {
    pub(crate) fn new(keys_max: usize) -> Self {
        Self { keys_max, state: Mutex::default() }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The newest of a key where all of it is known; otherwise how many keys were let go of so far. Requests before
    /// `from` are not remembered.
    fn known(&self, key: Key, from: u64) -> Result<Option<Delivered>, u64> {
        self.with(|state| {
            let known = state.of.get(&key).filter(|known| known.is_whole);
            let is_remembered =
                |known: &&Known| known.newest.is_none_or(|delivered| delivered.request.0 >= from);
            known.filter(is_remembered).map(|known| known.newest).ok_or(state.forgotten)
        })
    }

    /// Takes in what the index has of a key, and says what is the newest. `forgotten` is as it was before the index was
    /// read.
    fn learn(
        &self,
        key: Key,
        found: Option<Delivered>,
        forgotten: u64,
        from: u64,
        applied: u64,
    ) -> Option<Delivered> {
        self.with(|state| {
            let known = state.of.get(&key).copied().unwrap_or_default();
            let remembered = known.newest.filter(|delivered| delivered.request.0 >= from);
            let newest = newer(found, remembered);
            if state.forgotten == forgotten {
                state.keep(
                    key,
                    Known { newest, record: known.record, is_whole: true },
                    self.keys_max,
                    applied,
                );
            }
            newest
        })
    }

    /// Takes in that something was delivered, as that record says.
    fn delivered(&self, key: Key, delivered: Delivered, record: u64, applied: u64) {
        self.with(|state| {
            let known = state.of.get(&key).copied().unwrap_or_default();
            if known.newest.is_none_or(|newest| delivered.at > newest.at) {
                let known = Known { newest: Some(delivered), record, ..known };
                state.keep(key, known, self.keys_max, applied);
            }
        });
    }
}

impl State {
    fn keep(&mut self, key: Key, known: Known, keys_max: usize, applied: u64) {
        if self.of.insert(key, known).is_none() {
            self.in_order.push_back(key);
            self.make_room(keys_max, applied);
        }
    }

    /// Lets go of the oldest keys beyond the bound, as far as the index has them.
    fn make_room(&mut self, keys_max: usize, applied: u64) {
        for _ in 0..LOOKED_AT_MAX {
            if self.of.len() <= keys_max {
                return;
            }
            let Some(key) = self.in_order.pop_front() else { return };
            if self.of.get(&key).is_some_and(|known| known.record > applied) {
                self.in_order.push_back(key);
            } else {
                self.of.remove(&key);
                self.forgotten += 1;
            }
        }
    }
}

impl Store {
    /// The newest that was delivered of what an event tells of, which may be older than the event. Waits while the index
    /// is made anew.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read.
    pub async fn newest_delivered(
        &self,
        connection: ConnectionId,
        of: RevisionKey,
    ) -> Result<Option<Delivered>, ReadError> {
        let key = (connection, of);
        let from = self.remembered_from();
        let forgotten = match self.inner.latest.known(key, from) {
            Ok(newest) => return Ok(newest),
            Err(forgotten) => forgotten,
        };
        let found = self.delivered_in_index(key, from).await?;
        let applied = self.inner.index.index.applied().id;
        Ok(self.inner.latest.learn(key, found, forgotten, from, applied))
    }

    /// The same for those who can do without: nothing is known while the index is made anew, or cannot be read.
    pub async fn newest_delivered_if_known(
        &self,
        connection: ConnectionId,
        of: RevisionKey,
    ) -> Option<Delivered> {
        if self.inner.index.index.is_recovering() {
            return None;
        }
        self.newest_delivered(connection, of).await.ok().flatten()
    }

    /// Notes that an event was delivered, as that record says.
    pub(crate) fn note_delivered(&self, ready: &Ready, record: Option<u64>) {
        // Most events tell of nothing, and need no lock.
        let Some(revision) = ready.revision() else { return };
        let delivered = Delivered { at: revision.at, request: ready.event.request };
        let applied = self.inner.index.index.applied().id;
        let key = (ready.event.connection, revision.of);
        self.inner.latest.delivered(key, delivered, record.unwrap_or(0), applied);
    }

    /// The smallest id of a request of which it is remembered that it was delivered.
    fn remembered_from(&self) -> u64 {
        let since = self.inner.clock.now().minus(DELIVERED_REMEMBERED);
        floor_at(since).max(self.inner.index.index.floor())
    }

    async fn delivered_in_index(&self, key: Key, from: u64) -> Result<Option<Delivered>, ReadError> {
        let index = &self.inner.index.index;
        loop {
            self.recovered().await;
            let generation = index.generation();
            let inner = Arc::clone(&self.inner);
            let (connection, RevisionKey(of)) = key;
            let found = tokio::task::spawn_blocking(move || {
                query::newest_delivered(&inner.index.index, connection.0, &of, from)
            });
            let found = found.await.map_err(|error| ReadError(error.to_string()))?;
            match found {
                // It was made anew meanwhile, and may have had nothing.
                _ if index.generation() != generation || index.is_recovering() => {}
                Ok(found) => return Ok(found),
                Err(error) => {
                    if error.is_damage() {
                        index.rebuild();
                    }
                    return Err(ReadError(error.to_string()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hookyard_model::clock::Timestamp;
    use hookyard_model::id::RequestId;

    use super::*;

    const ALL: u64 = 0;

    fn key(number: u8) -> Key {
        (ConnectionId(1), RevisionKey([number; 16]))
    }

    fn of(at_us: u64, request: u64) -> Delivered {
        Delivered { at: Timestamp::from_us(at_us), request: RequestId(request) }
    }

    #[test]
    fn the_newest_stays_whatever_is_delivered_behind_it() {
        let latest = Latest::new(8);
        assert_eq!(latest.known(key(1), ALL), Err(0));
        latest.delivered(key(1), of(5, 50), 1, 0);
        assert_eq!(latest.known(key(1), ALL), Err(0), "the index was never asked");
        assert_eq!(latest.learn(key(1), Some(of(4, 40)), 0, ALL, 0), Some(of(5, 50)));
        for (delivered, newest) in [(of(3, 60), of(5, 50)), (of(5, 70), of(5, 50)), (of(6, 20), of(6, 20))] {
            latest.delivered(key(1), delivered, 2, 0);
            assert_eq!(latest.known(key(1), ALL), Ok(Some(newest)));
        }
        assert_eq!(latest.known(key(1), 21), Err(0), "it is past retention, and the index may have another");
        assert_eq!(latest.learn(key(1), Some(of(1, 30)), 0, 21, 0), Some(of(1, 30)));
        assert_eq!(latest.known(key(1), 21), Ok(Some(of(1, 30))));
    }

    #[test]
    fn what_the_index_does_not_have_is_kept_beyond_the_bound() {
        let latest = Latest::new(2);
        for number in 1..=4 {
            latest.delivered(key(number), of(1, 1), u64::from(number), 0);
        }
        let kept = || (1..=5).filter(|it| latest.with(|state| state.of.contains_key(&key(*it)))).collect();
        let all: Vec<u8> = kept();
        assert_eq!(all, [1, 2, 3, 4]);
        latest.learn(key(5), None, 0, ALL, 3);
        let rest: Vec<u8> = kept();
        assert_eq!(rest, [4, 5]);
    }

    #[test]
    fn what_was_read_while_others_were_let_go_of_is_not_taken_for_all() {
        let latest = Latest::new(1);
        let Err(before) = latest.known(key(1), ALL) else { panic!("nobody asked") };
        // Delivered, taken in by the index and let go of, while somebody reads what the index had before.
        latest.delivered(key(1), of(9, 90), 1, 0);
        latest.learn(key(2), None, before, ALL, 1);
        assert_eq!(latest.learn(key(1), None, before, ALL, 1), None);
        assert_eq!(latest.known(key(1), ALL), Err(1), "the next one asks again");
    }
}
