//! What the exchange of a request for its answer comes to, over either version of HTTP, and how much of the
//! answer is read and kept.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hookyard_model::attempt::{DeliveryError, Response};
use http::HeaderMap;

use crate::alarm::Alarm;
use crate::http1::OpenConnection;
use crate::http2;

/// How much of an answer is read and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLimits {
    /// The largest head of an answer, in bytes; one that is larger is a protocol error. At least 8 KiB
    /// are always read. Over HTTP/1.1 the number of header lines is limited to 100.
    pub response_head_bytes_max: usize,
    /// How much of the header lines is kept, in bytes.
    pub response_headers_kept_bytes_max: usize,
    /// How much of the body is kept, in bytes.
    pub response_body_bytes_max: usize,
    /// How much more of the body is read and dropped, in bytes, to use the connection again; what is
    /// longer is not read: the connection is closed, or over HTTP/2 the stream reset.
    pub response_drain_bytes_max: usize,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self {
            response_head_bytes_max: 64 * 1024,
            response_headers_kept_bytes_max: 8 * 1024,
            response_body_bytes_max: 16 * 1024,
            response_drain_bytes_max: 64 * 1024,
        }
    }
}

/// The answer to a request, as far as it is kept.
#[derive(Debug)]
pub struct Answer {
    /// Status, headers and body.
    pub response: Response,
    /// Its `Retry-After`.
    pub retry_after: Option<http::HeaderValue>,
    /// Whether the whole answer was read, so that a connection of HTTP/1.1 can carry another request.
    pub complete: bool,
}

/// An exchange that failed.
#[derive(Debug)]
pub struct Broken {
    /// What happened.
    pub error: DeliveryError,
    /// Whether the peer did not take the request: it said so, or the connection, one that had been used before, was
    /// closed before a byte of the answer came, so that the peer gave it up just then.
    pub unanswered: bool,
}

/// What a worker keeps open from one attempt to the next.
#[derive(Debug)]
pub enum Kept {
    /// A connection of its own.
    Own(OpenConnection),
    /// Its hold on a shared one, which stays open as long as somebody has one.
    Shared(Arc<http2::Connection>, Option<Alarm>),
}

impl Kept {
    /// The shared connection that is held.
    pub fn shared(self) -> Option<Arc<http2::Connection>> {
        match self {
            Self::Own(_) => None,
            Self::Shared(connection, _) => Some(connection),
        }
    }

    /// The timer of the attempt before, for the next one.
    pub const fn take_alarm(&mut self) -> Option<Alarm> {
        match self {
            Self::Own(connection) => connection.take_alarm(),
            Self::Shared(_, alarm) => alarm.take(),
        }
    }

    /// Keeps the timer for the next attempt.
    pub fn keep_alarm(&mut self, alarm: Alarm) {
        match self {
            Self::Own(connection) => connection.keep_alarm(alarm),
            Self::Shared(_, kept) => *kept = Some(alarm),
        }
    }
}

/// A body as it comes in: its beginning is kept, what follows dropped, up to where that goes on for too long.
pub(crate) struct Gathered {
    kept: BytesMut,
    body_bytes: usize,
}

/// How much of a body was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// All of it, and all is kept.
    Kept,
    /// All of it; the end is not kept.
    Dropped,
    /// Not all of it.
    CutOff,
}

impl Gathered {
    pub(crate) fn new() -> Self {
        Self { kept: BytesMut::new(), body_bytes: 0 }
    }

    /// How many bytes came.
    pub(crate) const fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    /// Takes in what came; whether more is wanted.
    pub(crate) fn take_in(&mut self, data: &[u8], limits: &AnswerLimits) -> bool {
        self.body_bytes = self.body_bytes.saturating_add(data.len());
        // Copied, so that the connection can use its read buffer again and a kept answer does not hold all
        // of it.
        let room = limits.response_body_bytes_max.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(data.get(..room).unwrap_or(data));
        self.body_bytes <= limits.response_body_bytes_max.saturating_add(limits.response_drain_bytes_max)
    }

    /// The body, of which no more is read.
    pub(crate) fn cut_off(self) -> (Bytes, BodyEnd) {
        (self.kept.freeze(), BodyEnd::CutOff)
    }

    /// The body, which has ended.
    pub(crate) fn ended(self) -> (Bytes, BodyEnd) {
        let end = if self.body_bytes > self.kept.len() { BodyEnd::Dropped } else { BodyEnd::Kept };
        (self.kept.freeze(), end)
    }
}

impl Answer {
    /// The answer with this head and body.
    pub(crate) fn new(
        head: &http::response::Parts,
        (body, end): (Bytes, BodyEnd),
        limits: &AnswerLimits,
    ) -> Self {
        let response = Response {
            status: head.status.as_u16(),
            headers: header_lines(&head.headers, limits.response_headers_kept_bytes_max),
            body,
            body_truncated: end != BodyEnd::Kept,
        };
        let retry_after = head.headers.get(http::header::RETRY_AFTER).cloned();
        Self { response, retry_after, complete: end != BodyEnd::CutOff }
    }
}

/// `name: value` lines, as many whole ones as fit.
fn header_lines(headers: &HeaderMap, bytes_max: usize) -> Bytes {
    let mut lines = BytesMut::new();
    for (name, value) in headers {
        if lines.len() + name.as_str().len() + value.len() + 4 > bytes_max {
            break;
        }
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            lines.extend_from_slice(part);
        }
    }
    lines.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It moves between a worker and each of its attempts.
    #[test]
    fn what_a_worker_keeps_is_small() {
        assert!(size_of::<Option<Kept>>() <= 96, "{}", size_of::<Option<Kept>>());
    }

    #[test]
    fn a_body_is_gathered_up_to_its_limits() {
        let limits = AnswerLimits {
            response_body_bytes_max: 3,
            response_drain_bytes_max: 2,
            ..AnswerLimits::default()
        };
        for (parts, kept, end) in [
            (&[][..], "", BodyEnd::Kept),
            (&["ab", "c"], "abc", BodyEnd::Kept),
            (&["abcd"], "abc", BodyEnd::Dropped),
            (&["ab", "cd", "e"], "abc", BodyEnd::Dropped),
            (&["ab", "cdef"], "abc", BodyEnd::CutOff),
        ] {
            let mut gathered = Gathered::new();
            let wants_more = parts.iter().all(|part| gathered.take_in(part.as_bytes(), &limits));
            let gathered = if wants_more { gathered.ended() } else { gathered.cut_off() };
            assert_eq!(gathered, (kept.into(), end), "{parts:?}");
        }
    }
}
