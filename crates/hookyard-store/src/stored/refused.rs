//! The late refusal of a request whose verification was pending, as it lies in the journal.
//!
//! `request u64 · project u64 · source u64 · cause u8 · at µs u64 · detail`

use bytes::{Buf, BufMut, Bytes};
use hookyard_model::clock::Timestamp;
use hookyard_model::id::{ProjectId, RequestId, SourceId};
use hookyard_model::request::RejectCause;

use super::{DETAIL_BYTES_MAX, Undecodable, cut, take_text};

/// Why a request that had been acknowledged is not routed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) request: RequestId,
    pub(crate) project: ProjectId,
    pub(crate) source: SourceId,
    pub(crate) cause: RejectCause,
    pub(crate) at: Timestamp,
    pub(crate) detail: String,
}

impl Refused {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let detail = cut(&self.detail, DETAIL_BYTES_MAX);
        let mut payload = Vec::with_capacity(33 + detail.len());
        payload.put_u64_le(self.request.0);
        payload.put_u64_le(self.project.0);
        payload.put_u64_le(self.source.0);
        payload.put_u8(self.cause.code());
        payload.put_u64_le(self.at.us());
        payload.extend_from_slice(detail.as_bytes());
        payload
    }

    pub(crate) fn decode(mut payload: Bytes) -> Result<Self, Undecodable> {
        Ok(Self {
            request: RequestId(payload.try_get_u64_le()?),
            project: ProjectId(payload.try_get_u64_le()?),
            source: SourceId(payload.try_get_u64_le()?),
            cause: RejectCause::from_code(payload.try_get_u8()?)
                .ok_or(Undecodable("it has an unknown rejection cause"))?,
            at: Timestamp::from_us(payload.try_get_u64_le()?),
            detail: {
                let len = payload.remaining();
                take_text(&mut payload, len)?
            },
        })
    }
}
