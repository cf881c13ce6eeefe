//! What became of an event that a lane handed out: recorded, and what follows from it for the lane.

use bytes::Bytes;
use hookyard_model::attempt::Attempt;
use hookyard_model::clock::Timestamp;
use hookyard_model::event::{EventState, Input, transition};
use hookyard_model::id::{EventId, RequestId};
use hookyard_model::order::OrderKey;
use hookyard_model::rule::DiscardCause;

use super::keys::Blocked;
use super::{Lane, Ready, State};
use crate::accept::Unavailable;
use crate::by_hand::closing;
use crate::journal::queue::Class;
use crate::journal::record::Kind;
use crate::store::{Inner, Store};
use crate::stored::attempt;
use crate::stored::changed::{Changed, Discarded};

/// What follows for an event that a lane handed out.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// It has ended.
    Nothing,
    /// Another attempt, then.
    Scheduled(Timestamp),
    /// It waits until it is released.
    Held,
}

impl Store {
    /// Records an attempt and what became of its event, in one record. It is durable within
    /// milliseconds; until then a crash means that the event is delivered once more.
    pub fn record_attempt(&self, ready: &Ready, attempt: &Attempt) {
        let (head, body) = attempt::encode(attempt, ready.last_position);
        let record = self.inner.journal.queue.append(Kind::Attempt, Class::Kept, head, body);
        self.attempted(ready, attempt, record);
    }

    /// The same for who has to know that it is durable, which it is when this returns.
    ///
    /// # Errors
    /// [`Unavailable`] where that cannot be done now. Nothing is recorded then, and the event is out as before.
    pub async fn record_attempt_durably(&self, ready: &Ready, attempt: &Attempt) -> Result<(), Unavailable> {
        let (head, body) = attempt::encode(attempt, ready.last_position);
        let (record, done) = self.inner.journal.queue.append_awaited(Kind::Attempt, head, body)?;
        drop(done.await.unwrap_or_else(|_closing| Err(closing()))?);
        self.attempted(ready, attempt, Some(record));
        Ok(())
    }

    /// What follows for an event's lane from an attempt that this record tells of.
    fn attempted(&self, ready: &Ready, attempt: &Attempt, record: Option<u64>) {
        if attempt.state == EventState::Successful {
            self.note_delivered(ready, record);
        }
        let next = match attempt.state {
            EventState::Scheduled => Next::Scheduled(attempt.due_at),
            EventState::Held => Next::Held,
            _ => Next::Nothing,
        };
        self.lane(ready.destination).settle_later(ready, record, next);
    }

    /// Records that an event which a lane handed out is held, or cancelled, instead of attempted.
    pub fn record_set_aside(&self, ready: &Ready, state: EventState) {
        self.set_aside(ready, state, None);
    }

    /// Records that a rule ended an event which a lane handed out, instead of an attempt: why, and in favour of which
    /// request's event.
    pub fn record_superseded(&self, ready: &Ready, newer: RequestId, detail: String) {
        let next = transition(EventState::Queued, Input::Supersede, self.inner.clock.now());
        let state = next.map_or(EventState::Discarded, |next| next.state);
        let discarded = Discarded { cause: DiscardCause::Stale, superseded_by: Some(newer), detail };
        self.set_aside(ready, state, Some(discarded));
    }

    fn set_aside(&self, ready: &Ready, state: EventState, discarded: Option<Discarded>) {
        let due_at = self.inner.clock.now();
        let (by_hand, regardless) = (false, false);
        let changed = Changed { event: ready.event, state, due_at, by_hand, regardless, discarded };
        let record =
            self.inner.journal.queue.append(Kind::Changed, Class::Kept, changed.encode(), Bytes::new());
        let next = if state.is_undelivered() { Next::Held } else { Next::Nothing };
        self.lane(ready.destination).settle_later(ready, record, next);
    }
}

impl Lane {
    fn settle_later(&self, ready: &Ready, record: Option<u64>, next: Next) {
        let store = self.store.upgrade();
        let applied = store.as_ref().map_or(0, |store| store.index.index.applied().id);
        let event = ready.event;
        let mut state = self.lock();
        state.settling.push_back((record.unwrap_or(0), event));
        state.forget_settled(applied);
        let wake_at = match (ready.order, store) {
            (None, _) => match next {
                Next::Scheduled(at) => Some(at),
                Next::Nothing | Next::Held => None,
            },
            (Some(order), Some(store)) => {
                self.leave_key(&mut state, &store, order, event, next);
                // When its key may go on is kept with the keys.
                if matches!(next, Next::Scheduled(_)) {
                    self.look.notify_one();
                }
                None
            }
            (Some(_), None) => None,
        };
        let sooner = wake_at.is_some_and(|at| state.wake_at.is_none_or(|known| at < known));
        if sooner {
            state.wake_at = wake_at;
            drop(state);
            self.look.notify_one();
        }
    }

    /// Leaves an event's key to the one that is next, or takes the key out of memory where it has to wait.
    fn leave_key(&self, state: &mut State, store: &Inner, order: OrderKey, event: EventId, next: Next) {
        let blocked = match next {
            Next::Nothing => None,
            Next::Scheduled(at) => Some(Blocked::Until(at)),
            Next::Held => Some(Blocked::Held),
        };
        let (let_out, dropped) = match blocked {
            None => (state.keys.ended(order, event), Vec::new()),
            Some(blocked) => state.keys.blocked(order, event, blocked),
        };
        state.drop_all(dropped, store);
        if let Some(ready) = let_out
            && !state.let_out(ready, store)
        {
            self.announce();
        }
        self.look_where_wanted(state, store);
    }
}

impl State {
    /// Lets go of events of which the index knows what became.
    pub(super) fn forget_settled(&mut self, applied_id: u64) {
        while let Some((id, event)) = self.settling.front().copied() {
            if id > applied_id {
                break;
            }
            self.settling.pop_front();
            self.known.remove(&event);
            if let Some(settled) = &mut self.settled_meanwhile {
                settled.insert(event);
            }
        }
    }
}
