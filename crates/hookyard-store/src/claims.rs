//! What came first: what deduplication remembers of events, for as long as their connection's window.
//!
//! A claim is made by the route stage before it records where a request goes, and stands in that very record. What
//! the index has not taken in yet is found in memory, everything else in the index, across restarts.
//!
//! **Invariants**
//! 1. A claim leaves memory only when the index has it.
//! 2. A request that is routed once more after a crash finds its own claim, and comes first again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookyard_model::clock::Timestamp;
use hookyard_model::id::{ConnectionId, RequestId, made_at};
use hookyard_model::rule::ClaimKey;
use rustc_hash::FxHashMap;

use crate::arrivals::NewEvent;
use crate::history::ReadError;
use crate::index::query;
use crate::store::Store;

type Key = (ConnectionId, ClaimKey);

/// The claims that the index may not have.
#[derive(Debug, Default)]
pub(crate) struct Claims(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The newest claim of each key.
    newest: FxHashMap<Key, RequestId>,
    /// Claims with the record that they stand in, in the order of the journal.
    written: VecDeque<(u64, Key, RequestId)>,
}

impl Claims {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes in which record an event's claims stand.
    pub(crate) fn written(&self, event: &NewEvent, record: u64) {
        // Most events claim nothing, and need no lock.
        if event.ruling.claims.is_empty() {
            return;
        }
        self.with(|state| {
            for key in event.ruling.claims.iter().map(|key| (event.connection, *key)) {
                if let Some(request) = state.newest.get(&key) {
                    state.written.push_back((record, key, *request));
                }
            }
        });
    }

    /// Lets go of what the index has.
    fn forget(&self, applied: u64) {
        self.with(|state| {
            while let Some((_, key, request)) = state.written.pop_front_if(|(record, ..)| *record <= applied)
            {
                if state.newest.get(&key) == Some(&request) {
                    state.newest.remove(&key);
                }
            }
        });
    }
}

impl Store {
    /// Claims a key for a request along a connection: none where it is the first with this key within the window
    /// before its arrival, otherwise the request that was. A claim is to be followed by the record of where the
    /// request goes, with the key in that event's ruling.
    ///
    /// # Errors
    /// [`ReadError`] where the index cannot be read; nothing is claimed then.
    pub async fn claim(
        &self,
        connection: ConnectionId,
        key: ClaimKey,
        request: RequestId,
        received_at: Timestamp,
        window: Duration,
    ) -> Result<Option<RequestId>, ReadError> {
        let since = received_at.minus(window);
        self.inner.claims.forget(self.inner.index.index.applied().id);
        let known = self.inner.claims.with(|state| state.newest.get(&(connection, key)).copied());
        let first = match known {
            Some(known) => Some(known),
            None => self.claimed_in_index(connection, key, since).await?,
        };
        let counts = |first: &RequestId| *first != request && made_at(first.0) >= since;
        Ok(first.filter(counts).or_else(|| {
            self.inner.claims.with(|state| {
                // Somebody may have claimed it while the index was read.
                let newest = state.newest.entry((connection, key)).or_insert(request);
                let first = Some(*newest).filter(counts);
                if first.is_none() {
                    *newest = request;
                }
                first
            })
        }))
    }

    async fn claimed_in_index(
        &self,
        connection: ConnectionId,
        key: ClaimKey,
        since: Timestamp,
    ) -> Result<Option<RequestId>, ReadError> {
        self.recovered().await;
        let inner = Arc::clone(&self.inner);
        let found = tokio::task::spawn_blocking(move || {
            query::newest_claim(&inner.index.index, connection.0, &key.0, since)
        });
        let found = found.await.map_err(|error| ReadError(error.to_string()))?;
        match found {
            Ok(found) => Ok(found.map(RequestId)),
            Err(error) => {
                if error.is_damage() {
                    self.inner.index.index.rebuild();
                }
                Err(ReadError(error.to_string()))
            }
        }
    }
}
