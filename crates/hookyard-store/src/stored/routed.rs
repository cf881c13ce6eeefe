//! What a request was routed to, as it lies in the journal.
//!
//! `request u64 · request's position u64 · project u64 · source u64 · count u16 ·`
//! `then each event: connection u64 · destination u64 · state u8 · due µs u64`

use bytes::{Buf, BufMut, Bytes};
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId, ProjectId, RequestId, SourceId};

use super::Undecodable;
use crate::journal::record::Position;

/// The events made of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Routed {
    pub(crate) request: RequestId,
    pub(crate) position: Position,
    pub(crate) project: ProjectId,
    pub(crate) source: SourceId,
    pub(crate) events: Vec<Leg>,
}

/// One event at its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) connection: ConnectionId,
    pub(crate) destination: DestinationId,
    pub(crate) state: EventState,
    pub(crate) due_at: Timestamp,
}

impl Routed {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(34 + 25 * self.events.len());
        payload.put_u64_le(self.request.0);
        payload.put_u64_le(self.position.to_u64());
        payload.put_u64_le(self.project.0);
        payload.put_u64_le(self.source.0);
        payload.put_u16_le(self.events.len() as u16);
        for leg in &self.events {
            payload.put_u64_le(leg.connection.0);
            payload.put_u64_le(leg.destination.0);
            payload.put_u8(leg.state.code());
            payload.put_u64_le(leg.due_at.us());
        }
        payload
    }

    pub(crate) fn decode(mut payload: Bytes) -> Result<Self, Undecodable> {
        let request = RequestId(payload.try_get_u64_le()?);
        let position = Position::from_u64(payload.try_get_u64_le()?);
        let project = ProjectId(payload.try_get_u64_le()?);
        let source = SourceId(payload.try_get_u64_le()?);
        let count = payload.try_get_u16_le()?;
        let mut events = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            events.push(Leg {
                connection: ConnectionId(payload.try_get_u64_le()?),
                destination: DestinationId(payload.try_get_u64_le()?),
                state: EventState::from_code(payload.try_get_u8()?)
                    .ok_or(Undecodable("it has an unknown event state"))?,
                due_at: Timestamp::from_us(payload.try_get_u64_le()?),
            });
        }
        Ok(Self { request, position, project, source, events })
    }
}
