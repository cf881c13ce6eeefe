//! Every answer ingest gives. Refusals say what to do next, never what exactly was wrong with a
//! signature: that is for the source's owner, in the recorded request.

use std::fmt::Write;

use bytes::Bytes;
use hookyard_model::id::RequestId;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

/// An answer with its body.
pub(crate) type Answer = Response<Full<Bytes>>;

/// What a connection over the limit is told: the whole answer, as there is no HTTP state to make one from.
pub(crate) const TOO_MANY_CONNECTIONS: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\ncontent-length: 99\r\nretry-after: 1\r\nconnection: close\r\n\r\n\
    {\"error\":{\"code\":\"too_many_connections\",\"message\":\"too many connections are open; try again soon\"}}";

/// How long the answer to an accepted request is: made for each, so it is allocated once and to size.
const ACCEPTED_BYTES: usize = 34;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// 200 with the request's id: it is durable.
pub(crate) fn accepted(id: RequestId) -> Answer {
    let mut body = String::with_capacity(ACCEPTED_BYTES);
    // Writing to a string cannot fail.
    let _ = write!(body, "{{\"request_id\":\"{id}\"}}");
    json(StatusCode::OK, body)
}

/// The same with the status and headers that the provider wants.
pub(crate) fn accepted_with(id: RequestId, wished: hookyard_providers::Answer) -> Answer {
    let mut answer = accepted(id);
    *answer.status_mut() = wished.status;
    answer.headers_mut().extend(wished.headers);
    answer
}

/// 404: the token in the URL is nobody's.
pub(crate) fn unknown_source() -> Answer {
    error(StatusCode::NOT_FOUND, "unknown_source", "no source has this URL; compare it with the source's URL")
}

/// 405, with the methods the source takes.
pub(crate) fn method_not_allowed(allow: HeaderValue) -> Answer {
    let message = "this source does not take this method; use one of those in the Allow header";
    let mut answer = error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
    answer.headers_mut().insert(ALLOW, allow);
    answer
}

/// 401 or what the provider wants instead, and no word about why.
pub(crate) fn verification_failed(status: Option<StatusCode>) -> Answer {
    let message = "the request could not be verified; the source's owner can see why";
    error(status.unwrap_or(StatusCode::UNAUTHORIZED), "verification_failed", message)
}

/// 403: a handshake that does not hold.
pub(crate) fn handshake_refused() -> Answer {
    error(
        StatusCode::FORBIDDEN,
        "handshake_refused",
        "the handshake does not hold; the source's owner can see why",
    )
}

/// 413, with the limit.
pub(crate) fn body_too_large(bytes_max: usize) -> Answer {
    let message = format!("the body is too long; send at most {bytes_max} bytes");
    error(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", &message)
}

/// 431, with the limit. HTTP/1.1 has hyper's own; this is for heads that came compressed.
pub(crate) fn head_too_large(bytes_max: usize) -> Answer {
    let message = format!("the header lines are too long; send at most {bytes_max} bytes");
    error(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", &message)
}

/// 408: the body did not come in time.
pub(crate) fn body_timeout() -> Answer {
    error(StatusCode::REQUEST_TIMEOUT, "body_timeout", "the body took too long to arrive; send it again")
}

/// 400: the body ended early or its framing is broken.
pub(crate) fn body_incomplete() -> Answer {
    error(StatusCode::BAD_REQUEST, "body_incomplete", "the body could not be read to its end; send it again")
}

/// 503: too many bytes are in flight.
pub(crate) fn no_room() -> Answer {
    unavailable("overloaded", "too much is arriving at this moment; try again soon", 1)
}

/// 503: the store cannot make the request durable.
pub(crate) fn store_unavailable(retry_after_s: u32) -> Answer {
    unavailable("unavailable", "the request could not be stored; try again later", retry_after_s)
}

/// 503: the source's verification settings are unusable, so nothing can be told apart.
pub(crate) fn source_unavailable() -> Answer {
    unavailable("source_unavailable", "this source is not set up completely; tell its owner", 60)
}

fn unavailable(code: &str, message: &str, retry_after_s: u32) -> Answer {
    let mut answer = error(StatusCode::SERVICE_UNAVAILABLE, code, message);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
    answer
}

/// `code` and `message` are ours and hold nothing that JSON escapes.
fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    json(status, format!("{{\"error\":{{\"code\":\"{code}\",\"message\":\"{message}\"}}}}"))
}

fn json(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_made_answer_states_its_length() {
        let text = std::str::from_utf8(TOO_MANY_CONNECTIONS).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }

    #[test]
    fn unavailable_answers_say_when_to_come_back() {
        for (answer, seconds) in [(no_room(), "1"), (store_unavailable(7), "7"), (source_unavailable(), "60")]
        {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.headers()[RETRY_AFTER], seconds);
        }
    }
}
