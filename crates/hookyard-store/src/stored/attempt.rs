//! An attempt and what became of its event, as it lies in the journal.
//!
//! `request u64 · connection u64 · destination u64 · project u64 · number u32 · trigger u8 ·`
//! `started µs u64 · duration µs u64 · state u8 · due µs u64 · previous attempt's position u64 ·`
//! then `1u8 · status u16 · truncated u8 · headers len u32 · headers · body`
//! or `2u8 · kind u8 · detail` or `3u8`, which is version 2's: acknowledged.
//!
//! Each attempt names the position of the one before, so that an event's attempts are found without
//! an index of them.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use hookyard_model::attempt::{Attempt, DeliveryError, ErrorKind, Outcome, Response, Trigger};
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{AttemptId, ConnectionId, DestinationId, EventId, ProjectId, RequestId};

use super::{DETAIL_BYTES_MAX, Undecodable, cut, joined, take, take_text};
use crate::journal::record::Position;

/// An attempt and the position of the one before it; 0 for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredAttempt {
    pub(crate) attempt: Attempt,
    pub(crate) previous: Position,
}

/// What the index and the series need to know of an attempt; cheap to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outline {
    pub(crate) event: EventId,
    pub(crate) destination: DestinationId,
    pub(crate) project: ProjectId,
    pub(crate) number: u32,
    pub(crate) started_at: Timestamp,
    pub(crate) duration: Duration,
    pub(crate) state: EventState,
    pub(crate) due_at: Timestamp,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<ErrorKind>,
}

/// The record, and behind it the response's body where that is long (see [`joined`]).
pub(crate) fn encode(attempt: &Attempt, previous: Position) -> (Vec<u8>, Bytes) {
    let mut payload = Vec::with_capacity(192);
    payload.put_u64_le(attempt.id.event.request.0);
    payload.put_u64_le(attempt.id.event.connection.0);
    payload.put_u64_le(attempt.destination.0);
    payload.put_u64_le(attempt.project.0);
    payload.put_u32_le(attempt.id.number);
    payload.put_u8(attempt.trigger.code());
    payload.put_u64_le(attempt.started_at.us());
    payload.put_u64_le(u64::try_from(attempt.duration.as_micros()).unwrap_or(u64::MAX));
    payload.put_u8(attempt.state.code());
    payload.put_u64_le(attempt.due_at.us());
    payload.put_u64_le(previous.to_u64());
    match &attempt.outcome {
        Outcome::Response(response) => {
            payload.put_u8(1);
            payload.put_u16_le(response.status);
            payload.put_u8(u8::from(response.body_truncated));
            payload.put_u32_le(response.headers.len() as u32);
            payload.extend_from_slice(&response.headers);
            joined(payload, response.body.clone())
        }
        Outcome::Error(error) => {
            payload.put_u8(2);
            payload.put_u8(error.kind.code());
            payload.extend_from_slice(cut(&error.detail, DETAIL_BYTES_MAX).as_bytes());
            (payload, Bytes::new())
        }
        Outcome::Acknowledged => {
            payload.put_u8(3);
            (payload, Bytes::new())
        }
    }
}

fn state(code: u8) -> Result<EventState, Undecodable> {
    EventState::from_code(code).ok_or(Undecodable("it has an unknown event state"))
}

fn event(payload: &mut impl Buf) -> Result<EventId, Undecodable> {
    Ok(EventId {
        request: RequestId(payload.try_get_u64_le()?),
        connection: ConnectionId(payload.try_get_u64_le()?),
    })
}

fn error_kind(code: u8) -> Result<ErrorKind, Undecodable> {
    ErrorKind::from_code(code).ok_or(Undecodable("it has an unknown error kind"))
}

/// Reads only what they need.
pub(crate) fn outline(mut payload: &[u8]) -> Result<Outline, Undecodable> {
    let event = event(&mut payload)?;
    let destination = DestinationId(payload.try_get_u64_le()?);
    let project = ProjectId(payload.try_get_u64_le()?);
    let number = payload.try_get_u32_le()?;
    payload.try_get_u8()?;
    let started_at = Timestamp::from_us(payload.try_get_u64_le()?);
    let duration = Duration::from_micros(payload.try_get_u64_le()?);
    let state = state(payload.try_get_u8()?)?;
    let due_at = Timestamp::from_us(payload.try_get_u64_le()?);
    payload.try_get_u64_le()?;
    let (status, error) = match payload.try_get_u8()? {
        1 => (Some(payload.try_get_u16_le()?), None),
        3 => (None, None),
        _ => (None, Some(error_kind(payload.try_get_u8()?)?)),
    };
    Ok(Outline { event, destination, project, number, started_at, duration, state, due_at, status, error })
}

/// Reads all of it.
pub(crate) fn decode(mut payload: Bytes) -> Result<StoredAttempt, Undecodable> {
    let event = event(&mut payload)?;
    let destination = DestinationId(payload.try_get_u64_le()?);
    let project = ProjectId(payload.try_get_u64_le()?);
    let number = payload.try_get_u32_le()?;
    let trigger =
        Trigger::from_code(payload.try_get_u8()?).ok_or(Undecodable("it has an unknown trigger"))?;
    let started_at = Timestamp::from_us(payload.try_get_u64_le()?);
    let duration = Duration::from_micros(payload.try_get_u64_le()?);
    let state = state(payload.try_get_u8()?)?;
    let due_at = Timestamp::from_us(payload.try_get_u64_le()?);
    let previous = Position::from_u64(payload.try_get_u64_le()?);
    let outcome = match payload.try_get_u8()? {
        1 => {
            let status = payload.try_get_u16_le()?;
            let body_truncated = payload.try_get_u8()? != 0;
            let headers_len = payload.try_get_u32_le()?;
            let headers = take(&mut payload, headers_len as usize)?;
            Outcome::Response(Response { status, headers, body: payload, body_truncated })
        }
        3 => Outcome::Acknowledged,
        _ => {
            let kind = error_kind(payload.try_get_u8()?)?;
            let len = payload.remaining();
            Outcome::Error(DeliveryError { kind, detail: take_text(&mut payload, len)? })
        }
    };
    let id = AttemptId { event, number };
    let attempt = Attempt { id, project, destination, trigger, started_at, duration, outcome, state, due_at };
    Ok(StoredAttempt { attempt, previous })
}
