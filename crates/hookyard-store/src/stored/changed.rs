//! A change of an event's state without an attempt, as it lies in the journal.
//!
//! `request u64 · connection u64 · state u8 · due µs u64 · by hand u8`

use bytes::{Buf, BufMut, Bytes};
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, EventId, RequestId};

use super::Undecodable;

/// An event's new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) event: EventId,
    pub(crate) state: EventState,
    pub(crate) due_at: Timestamp,
    /// Whether a person asked for it: the next attempt's trigger is then `manual`.
    pub(crate) by_hand: bool,
}

impl Changed {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(26);
        payload.put_u64_le(self.event.request.0);
        payload.put_u64_le(self.event.connection.0);
        payload.put_u8(self.state.code());
        payload.put_u64_le(self.due_at.us());
        payload.put_u8(u8::from(self.by_hand));
        payload
    }

    pub(crate) fn decode(mut payload: Bytes) -> Result<Self, Undecodable> {
        Ok(Self {
            event: EventId {
                request: RequestId(payload.try_get_u64_le()?),
                connection: ConnectionId(payload.try_get_u64_le()?),
            },
            state: EventState::from_code(payload.try_get_u8()?)
                .ok_or(Undecodable("it has an unknown event state"))?,
            due_at: Timestamp::from_us(payload.try_get_u64_le()?),
            by_hand: payload.try_get_u8()? != 0,
        })
    }
}
