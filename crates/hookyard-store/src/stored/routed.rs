//! What a request was routed to, as it lies in the journal.
//!
//! Version 4: `request u64 · request's position u64 · project u64 · source u64 ·`
//! `verdict u8 (0: as it was) · time µs u64 (0: none) · event id len u16 · topic len u16 (0: none) · count u16 ·`
//! `then each event: connection u64 · destination u64 · state u8 · due µs u64 · order key u64 (0: none) · ruling`; then event id · topic`
//!
//! A ruling is `steps u8 (0: there is nothing else) · discard cause u8 (0: none) · duplicate of u64 (0: none) ·`
//! `claims u8 · then each claim 16 bytes · then each step: kind u8 · detail len u16 · detail`.
//!
//! Version 3 has no order keys. Version 2 has no rulings either. Version 1 is the same without verdict, time, event id and topic.

use bytes::{Buf, BufMut, Bytes};
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::id::{ConnectionId, DestinationId, ProjectId, RequestId, SourceId};
use hookyard_model::order::OrderKey;
use hookyard_model::request::{Fields, Proof};
use hookyard_model::rule::{ClaimKey, DiscardCause, RuleKind, Ruling, Step};

use super::{DETAIL_BYTES_MAX, Undecodable, cut, request, take_text};
use crate::journal::record::Position;

/// Bytes besides those of the events and texts.
const FIXED_BYTES: usize = 4 * 8 + 1 + 8 + 3 * 2;
/// Bytes of each event.
const LEG_BYTES: usize = 8 + 8 + 1 + 8 + 8 + 1;

/// The events made of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Routed {
    pub(crate) request: RequestId,
    pub(crate) position: Position,
    pub(crate) project: ProjectId,
    pub(crate) source: SourceId,
    /// Where verification was pending: what became of it.
    pub(crate) proof: Option<Proof>,
    pub(crate) fields: Fields,
    pub(crate) events: Vec<Leg>,
}

/// One event at its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) connection: ConnectionId,
    pub(crate) destination: DestinationId,
    pub(crate) state: EventState,
    pub(crate) due_at: Timestamp,
    pub(crate) order: Option<OrderKey>,
    pub(crate) ruling: Ruling,
}

fn kept(text: Option<&String>) -> &str {
    text.map_or("", |text| cut(text, Fields::TEXT_BYTES_MAX))
}

impl Routed {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Fields { provider_event_id, topic, provider_time } = &self.fields;
        let (event_id, topic) = (kept(provider_event_id.as_ref()), kept(topic.as_ref()));
        let bytes = FIXED_BYTES + LEG_BYTES * self.events.len() + event_id.len() + topic.len();
        let mut payload = Vec::with_capacity(bytes);
        payload.put_u64_le(self.request.0);
        payload.put_u64_le(self.position.to_u64());
        payload.put_u64_le(self.project.0);
        payload.put_u64_le(self.source.0);
        payload.put_u8(self.proof.map_or(0, request::accepted_code));
        payload.put_u64_le(provider_time.map_or(0, Timestamp::us));
        payload.put_u16_le(event_id.len() as u16);
        payload.put_u16_le(topic.len() as u16);
        payload.put_u16_le(self.events.len() as u16);
        for leg in &self.events {
            payload.put_u64_le(leg.connection.0);
            payload.put_u64_le(leg.destination.0);
            payload.put_u8(leg.state.code());
            payload.put_u64_le(leg.due_at.us());
            payload.put_u64_le(leg.order.map_or(0, OrderKey::stored));
            put_ruling(&mut payload, &leg.ruling);
        }
        payload.extend_from_slice(event_id.as_bytes());
        payload.extend_from_slice(topic.as_bytes());
        payload
    }

    pub(crate) fn decode(version: u8, mut payload: Bytes) -> Result<Self, Undecodable> {
        let request = RequestId(payload.try_get_u64_le()?);
        let position = Position::from_u64(payload.try_get_u64_le()?);
        let project = ProjectId(payload.try_get_u64_le()?);
        let source = SourceId(payload.try_get_u64_le()?);
        let (mut proof, mut fields, mut lengths) = (None, Fields::default(), (0, 0));
        if version >= 2 {
            let code = payload.try_get_u8()?;
            proof = request::proof_of(code).filter(|_| code != 0);
            let time_us = payload.try_get_u64_le()?;
            fields.provider_time = (time_us != 0).then_some(Timestamp::from_us(time_us));
            lengths = (payload.try_get_u16_le()?, payload.try_get_u16_le()?);
        }
        let events = legs(version, &mut payload)?;
        let mut text = |len: u16| {
            let text = take_text(&mut payload, usize::from(len))?;
            Ok::<_, Undecodable>((len > 0).then_some(text))
        };
        fields.provider_event_id = text(lengths.0)?;
        fields.topic = text(lengths.1)?;
        Ok(Self { request, position, project, source, proof, fields, events })
    }
}

fn put_ruling(payload: &mut Vec<u8>, ruling: &Ruling) {
    let Ruling { discarded, duplicate_of, claims, steps } = ruling;
    payload.put_u8(steps.len() as u8);
    if steps.is_empty() {
        return;
    }
    payload.put_u8(discarded.map_or(0, DiscardCause::code));
    payload.put_u64_le(duplicate_of.map_or(0, |first| first.0));
    payload.put_u8(claims.len() as u8);
    for ClaimKey(key) in claims {
        payload.extend_from_slice(key);
    }
    for Step { kind, detail } in steps {
        let detail = cut(detail, DETAIL_BYTES_MAX);
        payload.put_u8(kind.code());
        payload.put_u16_le(detail.len() as u16);
        payload.extend_from_slice(detail.as_bytes());
    }
}

fn ruling(payload: &mut Bytes) -> Result<Ruling, Undecodable> {
    let count = payload.try_get_u8()?;
    let mut ruling = Ruling::default();
    if count == 0 {
        return Ok(ruling);
    }
    ruling.discarded = match payload.try_get_u8()? {
        0 => None,
        code => Some(DiscardCause::from_code(code).ok_or(Undecodable("it has an unknown discard cause"))?),
    };
    let first = payload.try_get_u64_le()?;
    ruling.duplicate_of = (first != 0).then_some(RequestId(first));
    for _ in 0..payload.try_get_u8()? {
        ruling.claims.push(ClaimKey(payload.try_get_u128_le()?.to_le_bytes()));
    }
    for _ in 0..count {
        let kind = RuleKind::from_code(payload.try_get_u8()?).ok_or(Undecodable("it has an unknown rule"))?;
        let len = payload.try_get_u16_le()?;
        ruling.steps.push(Step { kind, detail: take_text(payload, usize::from(len))? });
    }
    Ok(ruling)
}

fn legs(version: u8, payload: &mut Bytes) -> Result<Vec<Leg>, Undecodable> {
    let count = payload.try_get_u16_le()?;
    let mut legs = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        legs.push(Leg {
            connection: ConnectionId(payload.try_get_u64_le()?),
            destination: DestinationId(payload.try_get_u64_le()?),
            state: EventState::from_code(payload.try_get_u8()?)
                .ok_or(Undecodable("it has an unknown event state"))?,
            due_at: Timestamp::from_us(payload.try_get_u64_le()?),
            order: if version >= 4 { OrderKey::from_stored(payload.try_get_u64_le()?) } else { None },
            ruling: if version >= 3 { ruling(payload)? } else { Ruling::default() },
        });
    }
    Ok(legs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(proof: Option<Proof>, fields: Fields) -> Routed {
        let leg = Leg {
            connection: ConnectionId(5),
            destination: DestinationId(6),
            state: EventState::Queued,
            due_at: Timestamp::from_us(7),
            order: Some(OrderKey::DESTINATION),
            ruling: Ruling::default(),
        };
        let discarded = Ruling {
            discarded: Some(DiscardCause::Duplicate),
            duplicate_of: Some(RequestId(9)),
            claims: vec![ClaimKey([3; 16]), ClaimKey([4; 16])],
            steps: vec![
                Step { kind: RuleKind::Filter, detail: String::new() },
                Step { kind: RuleKind::Deduplicate, detail: "wie früher".to_owned() },
            ],
        };
        Routed {
            request: RequestId(1),
            position: Position { segment: 2, offset: 64 },
            project: ProjectId(3),
            source: SourceId(4),
            proof,
            fields,
            events: vec![
                leg.clone(),
                Leg { state: EventState::Discarded, order: None, ruling: discarded, ..leg },
            ],
        }
    }

    fn fields(event_id: &str) -> Fields {
        Fields {
            provider_event_id: Some(event_id.to_owned()),
            topic: Some("größer".to_owned()),
            provider_time: Some(Timestamp::from_us(8)),
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for proof in [None, Some(Proof::Verified), Some(Proof::NotAsked)] {
            for fields in [Fields::default(), fields("evt_1")] {
                let routed = routed(proof, fields);
                assert_eq!(Routed::decode(4, Bytes::from(routed.encode())), Ok(routed));
            }
        }
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let encoded = routed(None, fields(&format!("{}ä", "x".repeat(255)))).encode();
        let decoded = Routed::decode(4, Bytes::from(encoded)).unwrap();
        assert_eq!(decoded.fields, fields(&"x".repeat(255)));
    }

    #[test]
    fn a_cut_payload_is_undecodable() {
        let encoded = routed(Some(Proof::Verified), fields("evt_1")).encode();
        for len in 0..encoded.len() {
            let cut = Bytes::copy_from_slice(&encoded[..len]);
            assert!(Routed::decode(4, cut).is_err(), "{len}");
        }
    }
}
