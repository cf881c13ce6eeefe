//! Requests as they arrived: the raw head and body, and what was decided about them.
//!
//! **Invariant:** a request is never changed. The head is kept as the bytes that came over the wire
//! (method, target, version, header lines in order, with their case and their duplicates); it is
//! parsed anew by whoever needs a part of it.

use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::str;

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::id::{ProjectId, RequestId, SourceId};

/// Most header lines a stored head can have.
pub const HEADER_LINES_MAX: usize = 256;

/// One HTTP request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its identity.
    pub id: RequestId,
    /// The project it belongs to; the `default` project's where no source was found.
    pub project: ProjectId,
    /// The source it came in at; none where the URL named none.
    pub source: Option<SourceId>,
    /// When its last byte had arrived.
    pub received_at: Timestamp,
    /// The sender's address as the socket had it.
    pub remote: IpAddr,
    /// What was decided about it.
    pub verdict: Verdict,
    /// The head: request line and header lines, each ended by CRLF, and the empty line.
    pub head: Bytes,
    /// The body, transfer coding removed; of a rejected request perhaps only its beginning.
    pub body: Bytes,
    /// How long the body was, in bytes, as far as it was read.
    pub body_bytes: u64,
}

/// What was decided about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Durable, acknowledged, and routed along the source's connections.
    Accepted(Proof),
    /// Durable and acknowledged; routed once it is verified, for which a key has to be fetched.
    Pending,
    /// A provider's question whether somebody listens here. It was answered, and is not routed.
    Handshake {
        /// What kind of question it was, for a person.
        detail: String,
    },
    /// Refused; kept only for the person who asks why.
    Rejected {
        /// The kind of refusal.
        cause: RejectCause,
        /// The reason in a sentence for the source's owner; never sent to the sender.
        detail: String,
    },
}

/// What is known about the origin of an accepted request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// The provider's signature or credential held.
    Verified,
    /// Its source takes everything.
    NotAsked,
    /// It was stored by a version that did not note it.
    Unrecorded,
}

/// What a provider says about the event in a request, in the places where it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The provider's own id of the event; not that of one of our events.
    pub provider_event_id: Option<String>,
    /// What kind of event it is.
    pub topic: Option<String>,
    /// When it happened, by the provider's clock.
    pub provider_time: Option<Timestamp>,
}

impl Fields {
    /// Longest event id and topic that are kept, in bytes; what is longer is cut.
    pub const TEXT_BYTES_MAX: usize = 256;
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectCause {
    /// No source has the token in the URL.
    UnknownSource,
    /// The source does not take this method.
    MethodNotAllowed,
    /// The signature, timestamp or credential did not hold.
    VerificationFailed,
    /// The body is longer than the limit.
    BodyTooLarge,
    /// The key that would verify it could not be had in time.
    KeyUnavailable,
}

impl RejectCause {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::UnknownSource,
        Self::MethodNotAllowed,
        Self::VerificationFailed,
        Self::BodyTooLarge,
        Self::KeyUnavailable,
    ];

    /// The name in the API and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownSource => "unknown_source",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::VerificationFailed => "verification_failed",
            Self::BodyTooLarge => "body_too_large",
            Self::KeyUnavailable => "key_unavailable",
        }
    }

    /// The number in stored forms; never reused for another cause.
    pub const fn code(self) -> u8 {
        match self {
            Self::UnknownSource => 1,
            Self::MethodNotAllowed => 2,
            Self::VerificationFailed => 3,
            Self::BodyTooLarge => 4,
            Self::KeyUnavailable => 5,
        }
    }

    /// The cause with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }
}

/// A head that is not an HTTP request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored head is not an HTTP request head")]
pub struct BadHead;

/// A parsed view of a stored head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The request target, as sent.
    pub target: &'a str,
    /// Header lines in order: name as sent, value without surrounding space.
    pub headers: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Head<'a> {
    /// Reads a stored head.
    ///
    /// # Errors
    /// [`BadHead`] for bytes that are not one whole request head.
    pub fn parse(head: &'a [u8]) -> Result<Self, BadHead> {
        let mut lines = [const { MaybeUninit::uninit() }; HEADER_LINES_MAX];
        let mut parsed = httparse::Request::new(&mut []);
        match parsed.parse_with_uninit_headers(head, &mut lines) {
            Ok(httparse::Status::Complete(_)) => {}
            _ => return Err(BadHead),
        }
        Ok(Self {
            method: parsed.method.ok_or(BadHead)?,
            target: parsed.path.ok_or(BadHead)?,
            headers: parsed.headers.iter().map(|line| (line.name, line.value)).collect(),
        })
    }

    /// The first value of the header with this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// The target's path and query behind the source token: `/more/path?query`, or empty.
    pub fn suffix(&self) -> &'a str {
        suffix(self.target)
    }
}

/// The source token in a request target: its first path segment, undecoded.
pub fn token(target: &str) -> &str {
    let path = origin_form(target);
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split(['/', '?']).next().unwrap_or_default()
}

/// What follows the source token in a request target.
pub fn suffix(target: &str) -> &str {
    let path = origin_form(target);
    let start = path.strip_prefix('/').map_or(0, |_| 1) + token(target).len();
    path.get(start..).unwrap_or_default()
}

/// Path and query of a target, which may be in absolute form (RFC 9112, section 3.2.2).
fn origin_form(target: &str) -> &str {
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return target;
    };
    rest.find(['/', '?']).and_then(|start| rest.get(start..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_keeps_order_case_and_duplicates() {
        let head = Head::parse(b"POST /t/a?b=1 HTTP/1.1\r\nX-B: 1\r\nx-a:2\r\nX-B: 3\r\n\r\n").unwrap();
        assert_eq!(head.headers, [("X-B", &b"1"[..]), ("x-a", b"2"), ("X-B", b"3")]);
        assert_eq!(head.header("x-b"), Some(&b"1"[..]));
    }

    #[test]
    fn token_and_suffix_of_every_form_of_target() {
        for (target, expected_token, expected_suffix) in [
            ("/tok", "tok", ""),
            ("/tok/", "tok", "/"),
            ("/tok/a/b?c=/d", "tok", "/a/b?c=/d"),
            ("/tok?x=1", "tok", "?x=1"),
            ("http://host:1/tok/a", "tok", "/a"),
            ("/tok?u=http://x/y", "tok", "?u=http://x/y"),
            ("http://host", "", ""),
            ("*", "*", ""),
            ("/", "", ""),
        ] {
            assert_eq!((token(target), suffix(target)), (expected_token, expected_suffix), "{target}");
        }
    }
}
