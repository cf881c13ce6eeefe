//! As much of HTTP/1.1 as generator and sink need: where a message ends, and its status.
//!
//! Only bodies with a `Content-Length` are understood, and requests without a body. Anything else is
//! reported as an error rather than guessed at: it would mean that the other side does something the
//! benchmark does not know.

use std::io;

const HEADER_LINES_MAX: usize = 64;

/// A whole message at the beginning of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The status of an answer; 0 of a request.
    pub(crate) status: u16,
    /// Where the body begins.
    pub(crate) head_bytes: usize,
    /// Where the message ends; may lie beyond the buffer.
    pub(crate) bytes: usize,
    /// Whether the connection may be used again.
    pub(crate) keep_alive: bool,
}

/// Reads the head of an answer; none until it is complete.
///
/// # Errors
/// `InvalidData` where it is not an answer with a content length.
pub(crate) fn answer(buffer: &[u8]) -> io::Result<Option<Message>> {
    let mut lines = [httparse::EMPTY_HEADER; HEADER_LINES_MAX];
    let mut answer = httparse::Response::new(&mut lines);
    match answer.parse(buffer) {
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete(head_bytes)) => {
            let status = answer.code.unwrap_or(0);
            message(status, head_bytes, answer.headers, None).map(Some)
        }
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}

/// Reads the head of a request; none until it is complete.
///
/// # Errors
/// `InvalidData` where it is not a request, or its body has a transfer coding.
pub(crate) fn request(buffer: &[u8]) -> io::Result<Option<Message>> {
    let mut lines = [httparse::EMPTY_HEADER; HEADER_LINES_MAX];
    let mut request = httparse::Request::new(&mut lines);
    match request.parse(buffer) {
        Ok(httparse::Status::Partial) => Ok(None),
        // A request that announces no body has none (RFC 9112, section 6.3).
        Ok(httparse::Status::Complete(head_bytes)) => {
            message(0, head_bytes, request.headers, Some(0)).map(Some)
        }
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    }
}

fn message(
    status: u16,
    head_bytes: usize,
    lines: &[httparse::Header<'_>],
    unannounced_bytes: Option<usize>,
) -> io::Result<Message> {
    let mut body_bytes = unannounced_bytes;
    let mut keep_alive = true;
    for line in lines {
        if line.name.eq_ignore_ascii_case("content-length") {
            body_bytes = std::str::from_utf8(line.value).ok().and_then(|value| value.parse::<usize>().ok());
        } else if line.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a body with a transfer coding"));
        } else if line.name.eq_ignore_ascii_case("connection") {
            keep_alive = !line.value.eq_ignore_ascii_case(b"close");
        }
    }
    let Some(body_bytes) = body_bytes else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a message without content length"));
    };
    Ok(Message { status, head_bytes, bytes: head_bytes + body_bytes, keep_alive })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_only_when_its_head_is_whole() {
        let bytes = b"HTTP/1.1 503 Busy\r\ncontent-length: 4\r\nConnection: close\r\n\r\nbusy";
        for cut in 0..bytes.len() - 4 {
            assert_eq!(answer(&bytes[..cut]).unwrap(), None, "cut at {cut}");
        }
        let head_bytes = bytes.len() - 4;
        let expected = Message { status: 503, head_bytes, bytes: bytes.len(), keep_alive: false };
        assert_eq!(answer(&bytes[..head_bytes]).unwrap(), Some(expected));
    }

    #[test]
    fn a_request_without_a_length_has_no_body() {
        let bytes = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        assert_eq!(request(bytes).unwrap().map(|request| request.bytes), Some(bytes.len()));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(answer(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(request(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(answer(b"SMTP ready\r\n\r\n").is_err());
    }
}
