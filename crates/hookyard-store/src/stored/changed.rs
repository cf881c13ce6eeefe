//! A change of an event's state without an attempt, as it lies in the journal.
//!
//! Version 2: `request u64 · connection u64 · state u8 · due µs u64 · by hand u8 (1: yes, 2: and whatever rules`
//! `say) · discard cause u8 (0: none) · then, where there is one: superseded by u64 (0: none) · detail`. Version 1 ends
//! before the cause.

use bytes::{Buf, BufMut, Bytes};
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, EventId, RequestId};
use hookyard_model::rule::DiscardCause;

use super::{DETAIL_BYTES_MAX, Undecodable, cut, take_text};

/// An event's new state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) event: EventId,
    pub(crate) state: EventState,
    pub(crate) due_at: Timestamp,
    /// Whether a person asked for it: the next attempt's trigger is then `manual`.
    pub(crate) by_hand: bool,
    /// Whether it is then delivered also where a rule would end it.
    pub(crate) regardless: bool,
    /// Why a rule ended it, where one did.
    pub(crate) discarded: Option<Discarded>,
}

/// Why a rule ended an event that was on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Discarded {
    pub(crate) cause: DiscardCause,
    /// The request whose event along the same connection is newer and had been delivered.
    pub(crate) superseded_by: Option<RequestId>,
    /// The reason in a sentence.
    pub(crate) detail: String,
}

impl Changed {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let detail = self.discarded.as_ref().map_or("", |it| cut(&it.detail, DETAIL_BYTES_MAX));
        let mut payload = Vec::with_capacity(27 + 8 + detail.len());
        payload.put_u64_le(self.event.request.0);
        payload.put_u64_le(self.event.connection.0);
        payload.put_u8(self.state.code());
        payload.put_u64_le(self.due_at.us());
        payload.put_u8(if self.by_hand { 1 + u8::from(self.regardless) } else { 0 });
        payload.put_u8(self.discarded.as_ref().map_or(0, |it| it.cause.code()));
        if let Some(Discarded { superseded_by, .. }) = &self.discarded {
            payload.put_u64_le(superseded_by.map_or(0, |newer| newer.0));
            payload.extend_from_slice(detail.as_bytes());
        }
        payload
    }

    pub(crate) fn decode(version: u8, mut payload: Bytes) -> Result<Self, Undecodable> {
        let event = EventId {
            request: RequestId(payload.try_get_u64_le()?),
            connection: ConnectionId(payload.try_get_u64_le()?),
        };
        let state = EventState::from_code(payload.try_get_u8()?)
            .ok_or(Undecodable("it has an unknown event state"))?;
        let due_at = Timestamp::from_us(payload.try_get_u64_le()?);
        let by_hand = payload.try_get_u8()?;
        let discarded = if version >= 2 { discarded(payload)? } else { None };
        Ok(Self { event, state, due_at, by_hand: by_hand != 0, regardless: by_hand == 2, discarded })
    }
}

fn discarded(mut payload: Bytes) -> Result<Option<Discarded>, Undecodable> {
    let code = payload.try_get_u8()?;
    if code == 0 {
        return Ok(None);
    }
    let cause = DiscardCause::from_code(code).ok_or(Undecodable("it has an unknown discard cause"))?;
    let newer = payload.try_get_u64_le()?;
    let len = payload.remaining();
    let detail = take_text(&mut payload, len)?;
    Ok(Some(Discarded { cause, superseded_by: (newer != 0).then_some(RequestId(newer)), detail }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(discarded: Option<Discarded>) -> Changed {
        Changed {
            event: EventId { request: RequestId(1), connection: ConnectionId(2) },
            state: EventState::Discarded,
            due_at: Timestamp::from_us(3),
            by_hand: true,
            regardless: true,
            discarded,
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let discarded = |superseded_by| Discarded {
            cause: DiscardCause::Stale,
            superseded_by,
            detail: "älter".to_owned(),
        };
        for discarded in [None, Some(discarded(None)), Some(discarded(Some(RequestId(4))))] {
            let changed = changed(discarded);
            let encoded = Bytes::from(changed.encode());
            assert_eq!(Changed::decode(2, encoded.clone()), Ok(changed));
            for len in 0..27.min(encoded.len()) {
                assert!(Changed::decode(2, encoded.slice(..len)).is_err(), "{len}");
            }
        }
    }

    #[test]
    fn the_first_version_says_nothing_of_a_cause() {
        let mut encoded = changed(None).encode();
        assert_eq!(encoded.pop(), Some(0));
        assert_eq!(Changed::decode(1, encoded.clone().into()), Ok(changed(None)));
        *encoded.last_mut().unwrap() = 1;
        let expected = Changed { regardless: false, ..changed(None) };
        assert_eq!(Changed::decode(1, encoded.into()), Ok(expected));
    }
}
