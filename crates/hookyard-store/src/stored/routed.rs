//! What a request was routed to, as it lies in the journal.
//!
//! Version 5: `request u64 · request's position u64 · project u64 · source u64 ·`
//! `verdict u8 (0: as it was) · time µs u64 (0: none) · event id len u16 · topic len u16 (0: none) · count u16 ·`
//! `then each event: connection u64 · destination u64 · state u8 · due µs u64 · order key u64 (0: none) · ruling`; then event id · topic`
//!
//! A ruling is `steps u8 (0: there is nothing else) · discard cause u8 (0: none) · duplicate of, or where it is stale`
//! `superseded by, u64 (0: none) · claims u8 · then each claim 16 bytes ·`
//! `revision u8 (0: none, 1: then follow its key, 16 bytes, and its time µs u64) ·`
//! `then each step: kind u8 · detail len u16 · detail ·`
//! `(of a transformation: cpu µs u32 · console lines dropped u32 · console lines u16 · then each line: level u8 ·`
//! `len u16 · text) · then what transformations made of the request: u8 (0: nothing, 1: another head, 2: another`
//! `head and body) · head len u32 · head · body len u32 · body`.
//!
//! Version 4 has no revisions. Version 3 has neither order keys, executions nor what transformations made. Version 2 has no rulings. Version 1 is the
//! same without verdict, time, event id and topic.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use hookyard_model::clock::Timestamp;
use hookyard_model::event::EventState;
use hookyard_model::execution::{Console, ConsoleLine, Execution, Level};
use hookyard_model::id::{ConnectionId, DestinationId, ProjectId, RequestId, SourceId};
use hookyard_model::order::OrderKey;
use hookyard_model::request::{Fields, Proof, Request};
use hookyard_model::rule::{ClaimKey, DiscardCause, Revision, RevisionKey, RuleKind, Ruling, Step};

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
    pub(crate) transformed: Option<Transformed>,
}

/// What transformations made of a request, for one event of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transformed {
    pub(crate) head: Bytes,
    /// None where it is the request's.
    pub(crate) body: Option<Bytes>,
}

impl Transformed {
    /// What is delivered instead of this request.
    pub(crate) fn applied_to(self, request: Request) -> Request {
        let body = self.body.unwrap_or_else(|| request.body.clone());
        Request { head: self.head, body_bytes: body.len() as u64, body, ..request }
    }

    fn bytes(&self) -> usize {
        self.head.len() + self.body.as_ref().map_or(0, Bytes::len)
    }
}

/// Whether rules had anything to do with one of its events; cheap to tell, where they had not.
pub(crate) fn has_rulings(version: u8, payload: &[u8]) -> bool {
    if version < 4 {
        return true;
    }
    let steps_of = |leg: &[u8]| leg.last().is_none_or(|steps| *steps != 0);
    let count = payload.get(FIXED_BYTES - 2..FIXED_BYTES).and_then(|bytes| bytes.try_into().ok());
    let count = usize::from(count.map_or(0, u16::from_le_bytes));
    // Where an event has none, its length is fixed.
    payload.get(FIXED_BYTES..).unwrap_or_default().chunks(LEG_BYTES).take(count).any(steps_of)
}

fn kept(text: Option<&String>) -> &str {
    text.map_or("", |text| cut(text, Fields::TEXT_BYTES_MAX))
}

impl Routed {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Fields { provider_event_id, topic, provider_time } = &self.fields;
        let (event_id, topic) = (kept(provider_event_id.as_ref()), kept(topic.as_ref()));
        let transformed = self.events.iter().filter_map(|leg| leg.transformed.as_ref());
        let bytes = FIXED_BYTES
            + LEG_BYTES * self.events.len()
            + event_id.len()
            + topic.len()
            + transformed.map(Transformed::bytes).sum::<usize>();
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
            if !leg.ruling.steps.is_empty() {
                put_transformed(&mut payload, leg.transformed.as_ref());
            }
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
    let Ruling { discarded, duplicate_of, superseded_by, claims, revision, steps } = ruling;
    payload.put_u8(steps.len() as u8);
    if steps.is_empty() {
        return;
    }
    payload.put_u8(discarded.map_or(0, DiscardCause::code));
    payload.put_u64_le(duplicate_of.or(*superseded_by).map_or(0, |other| other.0));
    payload.put_u8(claims.len() as u8);
    for ClaimKey(key) in claims {
        payload.extend_from_slice(key);
    }
    payload.put_u8(u8::from(revision.is_some()));
    if let Some(Revision { of: RevisionKey(key), at }) = revision {
        payload.extend_from_slice(key);
        payload.put_u64_le(at.us());
    }
    for Step { kind, detail, execution } in steps {
        payload.put_u8(kind.code());
        put_text(payload, cut(detail, DETAIL_BYTES_MAX));
        if *kind == RuleKind::Transform {
            put_execution(payload, execution.as_ref());
        }
    }
}

fn put_text(payload: &mut Vec<u8>, text: &str) {
    payload.put_u16_le(text.len() as u16);
    payload.extend_from_slice(text.as_bytes());
}

fn put_execution(payload: &mut Vec<u8>, execution: Option<&Execution>) {
    let none = Execution::default();
    let Execution { console: Console { lines, dropped }, cpu } = execution.unwrap_or(&none);
    let fitting = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
    payload.put_u32_le(fitting(cpu.as_micros()));
    let (lines, beyond) = lines.split_at(lines.len().min(usize::from(u16::MAX)));
    payload.put_u32_le(fitting(u128::from(*dropped) + beyond.len() as u128));
    payload.put_u16_le(lines.len() as u16);
    for ConsoleLine { level, text } in lines {
        payload.put_u8(level.code());
        put_text(payload, cut(text, usize::from(u16::MAX)));
    }
}

fn put_transformed(payload: &mut Vec<u8>, transformed: Option<&Transformed>) {
    let Some(Transformed { head, body }) = transformed else { return payload.put_u8(0) };
    payload.put_u8(if body.is_some() { 2 } else { 1 });
    for part in [Some(head), body.as_ref()].into_iter().flatten() {
        payload.put_u32_le(part.len() as u32);
        payload.extend_from_slice(part);
    }
}

/// A ruling, and what transformations made of the request.
fn ruling(version: u8, payload: &mut Bytes) -> Result<(Ruling, Option<Transformed>), Undecodable> {
    let mut ruling = Ruling::default();
    let count = if version >= 3 { payload.try_get_u8()? } else { 0 };
    if count == 0 {
        return Ok((ruling, None));
    }
    ruling.discarded = match payload.try_get_u8()? {
        0 => None,
        code => Some(DiscardCause::from_code(code).ok_or(Undecodable("it has an unknown discard cause"))?),
    };
    let other = payload.try_get_u64_le()?;
    let other = (other != 0).then_some(RequestId(other));
    match ruling.discarded {
        Some(DiscardCause::Stale) => ruling.superseded_by = other,
        _ => ruling.duplicate_of = other,
    }
    for _ in 0..payload.try_get_u8()? {
        ruling.claims.push(ClaimKey(payload.try_get_u128_le()?.to_le_bytes()));
    }
    if version >= 5 && payload.try_get_u8()? != 0 {
        let of = RevisionKey(payload.try_get_u128_le()?.to_le_bytes());
        ruling.revision = Some(Revision { of, at: Timestamp::from_us(payload.try_get_u64_le()?) });
    }
    for _ in 0..count {
        let kind = RuleKind::from_code(payload.try_get_u8()?).ok_or(Undecodable("it has an unknown rule"))?;
        let detail = text(payload)?;
        let execution = if kind == RuleKind::Transform { Some(execution(payload)?) } else { None };
        ruling.steps.push(Step { kind, detail, execution });
    }
    let transformed = if version >= 4 { transformed(payload)? } else { None };
    Ok((ruling, transformed))
}

fn text(payload: &mut Bytes) -> Result<String, Undecodable> {
    let len = payload.try_get_u16_le()?;
    take_text(payload, usize::from(len))
}

fn execution(payload: &mut Bytes) -> Result<Execution, Undecodable> {
    let cpu = Duration::from_micros(u64::from(payload.try_get_u32_le()?));
    let mut console = Console { lines: Vec::new(), dropped: u64::from(payload.try_get_u32_le()?) };
    for _ in 0..payload.try_get_u16_le()? {
        let level = Level::from_code(payload.try_get_u8()?);
        let level = level.ok_or(Undecodable("it has an unknown level of console output"))?;
        console.lines.push(ConsoleLine { level, text: text(payload)? });
    }
    Ok(Execution { console, cpu })
}

fn transformed(payload: &mut Bytes) -> Result<Option<Transformed>, Undecodable> {
    let parts = payload.try_get_u8()?;
    let mut part = || {
        let len = payload.try_get_u32_le()? as usize;
        if len > payload.len() {
            return Err(Undecodable("it ends before the transformed request does"));
        }
        Ok(payload.split_to(len))
    };
    match parts {
        0 => Ok(None),
        1 => Ok(Some(Transformed { head: part()?, body: None })),
        2 => Ok(Some(Transformed { head: part()?, body: Some(part()?) })),
        _ => Err(Undecodable("it has an unknown kind of transformed request")),
    }
}

fn legs(version: u8, payload: &mut Bytes) -> Result<Vec<Leg>, Undecodable> {
    let count = payload.try_get_u16_le()?;
    let mut legs = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let connection = ConnectionId(payload.try_get_u64_le()?);
        let destination = DestinationId(payload.try_get_u64_le()?);
        let state = EventState::from_code(payload.try_get_u8()?)
            .ok_or(Undecodable("it has an unknown event state"))?;
        let due_at = Timestamp::from_us(payload.try_get_u64_le()?);
        let order = if version >= 4 { OrderKey::from_stored(payload.try_get_u64_le()?) } else { None };
        let (ruling, transformed) = ruling(version, payload)?;
        legs.push(Leg { connection, destination, state, due_at, order, ruling, transformed });
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
            transformed: None,
        };
        let discarded = Ruling {
            discarded: Some(DiscardCause::Duplicate),
            duplicate_of: Some(RequestId(9)),
            claims: vec![ClaimKey([3; 16]), ClaimKey([4; 16])],
            steps: vec![
                Step { kind: RuleKind::Filter, detail: String::new(), execution: None },
                Step { kind: RuleKind::Deduplicate, detail: "wie früher".to_owned(), execution: None },
            ],
            ..Ruling::default()
        };
        let stale = Ruling {
            discarded: Some(DiscardCause::Stale),
            superseded_by: Some(RequestId(10)),
            revision: Some(Revision { of: RevisionKey([5; 16]), at: Timestamp::from_us(11) }),
            steps: vec![Step { kind: RuleKind::Stale, detail: "älter".to_owned(), execution: None }],
            ..Ruling::default()
        };
        let line = ConsoleLine { level: Level::Warn, text: "größer".to_owned() };
        let execution =
            Execution { console: Console { lines: vec![line], dropped: 3 }, cpu: Duration::from_micros(44) };
        let step = Step { kind: RuleKind::Transform, detail: String::new(), execution: Some(execution) };
        let transformed = |body: Option<&'static [u8]>| Leg {
            ruling: Ruling { steps: vec![step.clone()], ..Ruling::default() },
            transformed: Some(Transformed {
                head: Bytes::from_static(b"POST / HTTP/1.1\r\n\r\n"),
                body: body.map(Bytes::from_static),
            }),
            ..leg.clone()
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
                transformed(Some(b"{}")),
                transformed(None),
                Leg { state: EventState::Discarded, order: None, ruling: discarded, ..leg.clone() },
                Leg { state: EventState::Discarded, ruling: stale, ..leg },
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
                assert_eq!(Routed::decode(5, Bytes::from(routed.encode())), Ok(routed));
            }
        }
    }

    #[test]
    fn an_event_that_rules_had_to_do_with_is_told_from_the_others() {
        let all = routed(None, fields("evt_1"));
        let plain = all.events[0].clone();
        for (events, expected) in [
            (vec![], false),
            (vec![plain.clone(), plain.clone()], false),
            (vec![plain.clone(), plain, all.events[3].clone()], true),
            (all.events.clone(), true),
        ] {
            let count = events.len();
            let encoded = Routed { events, ..all.clone() }.encode();
            assert_eq!(has_rulings(5, &encoded), expected, "{count}");
        }
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let encoded = routed(None, fields(&format!("{}ä", "x".repeat(255)))).encode();
        let decoded = Routed::decode(5, Bytes::from(encoded)).unwrap();
        assert_eq!(decoded.fields, fields(&"x".repeat(255)));
    }

    #[test]
    fn a_cut_payload_is_undecodable() {
        let encoded = routed(Some(Proof::Verified), fields("evt_1")).encode();
        for len in 0..encoded.len() {
            let cut = Bytes::copy_from_slice(&encoded[..len]);
            assert!(Routed::decode(5, cut).is_err(), "{len}");
        }
    }
}
