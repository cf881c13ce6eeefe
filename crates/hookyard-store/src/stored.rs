//! How things lie in the journal: one file per kind of record.
//!
//! Little-endian fields in a fixed order, lengths before what they measure. The version stands in the
//! record's header ([`crate::journal::record::Kind::version`]); a changed form gets a new number and the
//! old decoder stays.

pub(crate) mod request;

pub(crate) mod attempt;
pub(crate) mod changed;
pub(crate) mod refused;
pub(crate) mod routed;

use bytes::{Buf, Bytes, TryGetError};

/// Longest sentence for a person that is kept, in bytes.
const DETAIL_BYTES_MAX: usize = 1_024;

/// A payload that its checksum vouches for and that still does not make sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a journal record of this kind cannot be decoded: {0}")]
pub(crate) struct Undecodable(pub(crate) &'static str);

impl From<TryGetError> for Undecodable {
    fn from(_: TryGetError) -> Self {
        Self("it ends too early")
    }
}

/// A body up to this length is copied behind its record.
pub(crate) const JOINED_BYTES_MAX: usize = 16 << 10;

/// A record's payload in one piece where its body is short. The copy costs less than what it saves: a
/// body shares its connection's read buffer, which could not be used again before the writer lets go of it.
pub(crate) fn joined(mut payload: Vec<u8>, body: Bytes) -> (Vec<u8>, Bytes) {
    if body.len() > JOINED_BYTES_MAX {
        return (payload, body);
    }
    payload.extend_from_slice(&body);
    (payload, Bytes::new())
}

/// Takes the next `len` bytes.
pub(crate) fn take(payload: &mut Bytes, len: usize) -> Result<Bytes, Undecodable> {
    if payload.remaining() < len {
        return Err(Undecodable("it ends too early"));
    }
    Ok(payload.split_to(len))
}

/// Takes the next `len` bytes as text.
pub(crate) fn take_text(payload: &mut Bytes, len: usize) -> Result<String, Undecodable> {
    Ok(String::from_utf8_lossy(&take(payload, len)?).into_owned())
}

/// The first `max` bytes of a text, cut at a character's boundary.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
