//! A request as it lies in the journal.
//!
//! `project u64 · source u64 (0: none) · received µs u64 · remote 16 bytes (IPv6, IPv4 mapped) ·`
//! `verdict u8 · body bytes u64 · detail len u16 · head len u32 · detail · head · body`
//!
//! Version 1 knows the verdicts 0 (accepted, and no word about proof) and those of rejections; version 2
//! has those of [`verdict`] besides. Otherwise both are the same.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use bytes::{Buf, BufMut, Bytes};
use hookyard_model::clock::Timestamp;
use hookyard_model::id::{ProjectId, RequestId, SourceId};
use hookyard_model::request::{Proof, RejectCause, Request, Verdict};

use super::{DETAIL_BYTES_MAX, JOINED_BYTES_MAX, Undecodable, cut, joined, take, take_text};
use crate::accept::{Answered, Arrival, Rejection};

/// The numbers of verdicts, in the journal and in the index. A rejection's is its cause's,
/// which is 1 to 200.
pub(crate) mod verdict {
    /// Accepted by a version that did not note what was proved.
    pub(crate) const UNRECORDED: u8 = 0;
    /// Accepted, because the source takes everything.
    pub(crate) const NOT_ASKED: u8 = 252;
    /// Accepted, because the proof held.
    pub(crate) const VERIFIED: u8 = 253;
    /// To be verified.
    pub(crate) const PENDING: u8 = 254;
    /// Answered, and nothing more.
    pub(crate) const HANDSHAKE: u8 = 255;
}

/// The number of an accepted request's verdict.
pub(crate) const fn accepted_code(proof: Proof) -> u8 {
    match proof {
        Proof::Unrecorded => verdict::UNRECORDED,
        Proof::NotAsked => verdict::NOT_ASKED,
        Proof::Verified => verdict::VERIFIED,
    }
}

/// What a number says about an accepted request; none where it is not one's.
pub(crate) const fn proof_of(code: u8) -> Option<Proof> {
    match code {
        verdict::UNRECORDED => Some(Proof::Unrecorded),
        verdict::NOT_ASKED => Some(Proof::NotAsked),
        verdict::VERIFIED => Some(Proof::Verified),
        _ => None,
    }
}

/// Methods that are no text of their own in memory.
const METHODS: [&str; 7] = ["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// The longest method that the index has, in bytes.
pub(crate) const METHOD_BYTES_MAX: usize = 32;

/// Bytes before detail, head and body.
const FIXED_BYTES: usize = 8 + 8 + 8 + 16 + 1 + 8 + 2 + 4;

/// What the index needs to know of a request; cheap to read.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(crate) project: ProjectId,
    pub(crate) source: Option<SourceId>,
    pub(crate) received_at: Timestamp,
    pub(crate) verdict: u8,
    pub(crate) body_bytes: u64,
    /// What its head begins with; none where that is no method.
    pub(crate) method: Option<Cow<'static, str>>,
}

/// The record, and behind it the body where that is long (see [`joined`]).
pub(crate) fn encode_accepted(arrival: &Arrival) -> (Vec<u8>, Bytes) {
    let mut payload =
        Vec::with_capacity(FIXED_BYTES + arrival.head.len() + arrival.body.len().min(JOINED_BYTES_MAX));
    let source = arrival.source.0;
    put_fixed(&mut payload, arrival.project, source, arrival.received_at, arrival.remote);
    payload.put_u8(arrival.proof.map_or(verdict::PENDING, accepted_code));
    payload.put_u64_le(arrival.body.len() as u64);
    payload.put_u16_le(0);
    payload.put_u32_le(arrival.head.len() as u32);
    payload.extend_from_slice(&arrival.head);
    joined(payload, arrival.body.clone())
}

/// Everything but the body, which is appended as it is.
pub(crate) fn encode_rejected(rejection: &Rejection) -> Vec<u8> {
    let detail = cut(&rejection.detail, DETAIL_BYTES_MAX);
    let mut payload = Vec::with_capacity(FIXED_BYTES + detail.len() + rejection.head.len());
    let source = rejection.source.map_or(0, |source| source.0);
    put_fixed(&mut payload, rejection.project, source, rejection.received_at, rejection.remote);
    payload.put_u8(rejection.cause.code());
    payload.put_u64_le(rejection.body_bytes);
    payload.put_u16_le(detail.len() as u16);
    payload.put_u32_le(rejection.head.len() as u32);
    payload.extend_from_slice(detail.as_bytes());
    payload.extend_from_slice(&rejection.head);
    payload
}

/// Everything but the body, which is appended as it is.
pub(crate) fn encode_answered(answered: &Answered) -> Vec<u8> {
    let detail = cut(&answered.detail, DETAIL_BYTES_MAX);
    let mut payload = Vec::with_capacity(FIXED_BYTES + detail.len() + answered.head.len());
    put_fixed(&mut payload, answered.project, answered.source.0, answered.received_at, answered.remote);
    payload.put_u8(verdict::HANDSHAKE);
    payload.put_u64_le(answered.body_bytes);
    payload.put_u16_le(detail.len() as u16);
    payload.put_u32_le(answered.head.len() as u32);
    payload.extend_from_slice(detail.as_bytes());
    payload.extend_from_slice(&answered.head);
    payload
}

fn put_fixed(payload: &mut Vec<u8>, project: ProjectId, source: u64, received_at: Timestamp, remote: IpAddr) {
    payload.put_u64_le(project.0);
    payload.put_u64_le(source);
    payload.put_u64_le(received_at.us());
    let remote = match remote {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    payload.extend_from_slice(&remote.octets());
}

/// Reads only what the index needs.
pub(crate) fn outline(mut payload: &[u8]) -> Result<Outline, Undecodable> {
    let project = ProjectId(payload.try_get_u64_le()?);
    let source = payload.try_get_u64_le()?;
    let received_at = Timestamp::from_us(payload.try_get_u64_le()?);
    payload.try_get_u128_le()?;
    let verdict = payload.try_get_u8()?;
    let body_bytes = payload.try_get_u64_le()?;
    let detail_len = payload.try_get_u16_le()?;
    payload.try_get_u32_le()?;
    let method = payload.get(usize::from(detail_len)..).and_then(method_of);
    Ok(Outline {
        project,
        source: (source != 0).then_some(SourceId(source)),
        received_at,
        verdict,
        body_bytes,
        method,
    })
}

/// The method that a head begins with, where it is one, and no longer than [`METHOD_BYTES_MAX`].
fn method_of(head: &[u8]) -> Option<Cow<'static, str>> {
    let beginning = head.get(..METHOD_BYTES_MAX + 1).unwrap_or(head);
    let (method, _) = beginning.split_at_checked(beginning.iter().position(|byte| *byte == b' ')?)?;
    if let Some(known) = METHODS.into_iter().find(|known| known.as_bytes() == method) {
        return Some(Cow::Borrowed(known));
    }
    let is_method = !method.is_empty() && method.iter().all(u8::is_ascii_graphic);
    is_method.then(|| Cow::Owned(String::from_utf8_lossy(method).into_owned()))
}

/// Reads all of it; head and body share the payload's memory.
pub(crate) fn decode(id: u64, mut payload: Bytes) -> Result<Request, Undecodable> {
    let outline = outline(&payload)?;
    payload.advance(24);
    let remote = Ipv6Addr::from(payload.try_get_u128()?);
    payload.advance(9);
    let detail_len = payload.try_get_u16_le()?;
    let head_len = payload.try_get_u32_le()?;
    let detail = take_text(&mut payload, usize::from(detail_len))?;
    let head = take(&mut payload, head_len as usize)?;
    let verdict = match (outline.verdict, proof_of(outline.verdict)) {
        (_, Some(proof)) => Verdict::Accepted(proof),
        (verdict::PENDING, None) => Verdict::Pending,
        (verdict::HANDSHAKE, None) => Verdict::Handshake { detail },
        (code, None) => Verdict::Rejected {
            cause: RejectCause::from_code(code).ok_or(Undecodable("it has an unknown rejection cause"))?,
            detail,
        },
    };
    Ok(Request {
        id: RequestId(id),
        project: outline.project,
        source: outline.source,
        received_at: outline.received_at,
        remote: remote.to_canonical(),
        verdict,
        head,
        body: payload,
        body_bytes: outline.body_bytes,
    })
}
