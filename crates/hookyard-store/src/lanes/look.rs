//! Looking into the index for events with an order key: the first ones of each key, in order.
//!
//! However many events wait behind one that is blocked, no more than that one is read of a key.

use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, EventId, RequestId};
use hookyard_model::order::OrderKey;
use rustc_hash::FxHashSet;

use super::fill::Search;
use super::keys::{Blocked, FoundKey, Look};
use super::{Ready, State};
use crate::index::fold::EventRow;
use crate::index::{self, query};
use crate::store::Inner;

/// Events loaded of one key where it is looked for on its own.
const LOADED_OF_ONE: usize = 64;
/// Events loaded of each key where all keys are looked for.
const LOADED_OF_EACH: usize = 4;

/// Where the first event of a key is one that is not due, nothing was read before it.
const BEFORE_ALL: EventId = EventId { request: RequestId(0), connection: ConnectionId(0) };

/// What was found of keys.
#[derive(Default)]
pub(super) struct FoundKeys(Vec<FoundKey>);

impl FoundKeys {
    /// How many events were loaded.
    pub(super) fn loaded(&self) -> usize {
        self.0.iter().map(|found| found.loaded.len()).sum()
    }
}

impl Search {
    /// Looks for the first events of keys.
    pub(super) fn look_at_keys(
        &mut self,
        index: &index::Index,
        look: Look,
        load: &mut impl FnMut(EventId, &EventRow) -> Ready,
    ) -> Result<FoundKeys, index::Error> {
        // As many wait with their keys as half of what the shares hold, besides what finds room there.
        let mut room = self.room;
        let (keys, loaded_max) = match look {
            Look::Some(keys) => {
                let each = (self.events_max / 2 / keys.len().max(1)).clamp(1, LOADED_OF_ONE);
                (keys, each)
            }
            Look::All(known) => {
                let keys = query::order_keys(index, self.destination.0)?;
                let each = (self.events_max / 2 / keys.len().max(1)).clamp(1, LOADED_OF_EACH);
                let with_known = |key| (key, known.get(&key).copied().unwrap_or(0));
                (keys.into_iter().map(with_known).collect(), each)
            }
        };
        let mut found = FoundKeys::default();
        for (key, known) in keys {
            let limit = if room == 0 { 0 } else { loaded_max };
            let found_key = self.look_at_key(index, key, known, limit, load)?;
            room = room.saturating_sub(usize::from(!found_key.loaded.is_empty()));
            found.0.push(found_key);
        }
        Ok(found)
    }

    /// Loads the first events of a key, up to one that is not due.
    fn look_at_key(
        &self,
        index: &index::Index,
        key: OrderKey,
        known: usize,
        loaded_max: usize,
        load: &mut impl FnMut(EventId, &EventRow) -> Ready,
    ) -> Result<FoundKey, index::Error> {
        let limit = known + loaded_max + 1;
        let rows = query::open_of_key(index, self.destination.0, key, limit)?;
        let is_all = rows.len() < limit;
        let mut found = FoundKey { key, loaded: Vec::new(), read_up_to: None, blocked: None };
        let mut read_up_to = BEFORE_ALL;
        for (event, row) in rows {
            let is_known = self.known.contains(&event);
            let blocked = match row.state {
                EventState::Held => Some(Blocked::Held),
                _ if row.due_us > self.now.us() => Some(Blocked::Until(Timestamp::from_us(row.due_us))),
                _ => None,
            };
            if !is_known && (blocked.is_some() || found.loaded.len() == loaded_max) {
                // Nothing from here on is to enter memory before it.
                found.read_up_to = Some(read_up_to);
                found.blocked = blocked;
                return Ok(found);
            }
            read_up_to = event;
            if !is_known {
                found.loaded.push(load(event, &row));
            }
        }
        found.read_up_to = (!is_all).then_some(read_up_to);
        Ok(found)
    }
}

impl State {
    /// Takes in what was found of keys, and says how many events it queued.
    pub(super) fn take_in_keys(
        &mut self,
        found: FoundKeys,
        settled: &FxHashSet<EventId>,
        inner: &Inner,
    ) -> usize {
        for found in found.0 {
            let known = &mut self.known;
            let enters = |ready: &mut Ready| {
                // It may have been offered, and even delivered, while the index was read.
                let enters = !settled.contains(&ready.event) && known.insert(ready.event);
                if enters {
                    inner.account(ready);
                }
                enters
            };
            let dropped = self.keys.take_in(found, enters);
            self.drop_all(dropped, inner);
        }
        let first = self.keys.end_look();
        first.into_iter().map(|ready| usize::from(!self.let_out(ready, inner))).sum()
    }
}
