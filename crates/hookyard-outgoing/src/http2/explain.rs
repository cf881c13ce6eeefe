//! What went wrong on a shared connection, in words.

use std::fmt;

use h2::{Error, Reason};
use hookyard_model::attempt::{DeliveryError, ErrorKind};

use crate::exchange::AnswerLimits;
use crate::stream::Notes;

/// Whether the server surely has not looked at the request: it refused its stream, or said that it closes the
/// connection and takes no stream of this number (RFC 9113, section 8.7).
pub(super) fn was_not_taken(error: &Error) -> bool {
    let is_refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    error.is_remote() && (is_refused || error.is_go_away())
}

/// The connection that never came about.
pub(super) fn start(error: &Error, notes: &Notes) -> DeliveryError {
    explain(error, notes, "before anything was sent")
}

/// The request could not be handed to the connection.
pub(super) fn unsent(error: &Error, notes: &Notes) -> DeliveryError {
    if error.is_io() || error.is_go_away() {
        return explain(error, notes, "before the request was sent");
    }
    DeliveryError { kind: ErrorKind::Request, detail: error.to_string() }
}

/// No head of an answer came.
pub(super) fn head(error: &Error, notes: &Notes, limits: &AnswerLimits) -> DeliveryError {
    // The library gives one reason for both.
    if error.is_library() && error.reason() == Some(Reason::PROTOCOL_ERROR) {
        let detail = format!(
            "the answer is not HTTP/2, or its head is larger than {} bytes",
            limits.response_head_bytes_max
        );
        return DeliveryError { kind: ErrorKind::Protocol, detail };
    }
    explain(error, notes, "before the answer came")
}

/// The body did not come to its end.
pub(super) fn body(error: &Error, notes: &Notes, status: u16, body_bytes: usize) -> DeliveryError {
    let when =
        format!("before the answer was complete: status {status} and {body_bytes} bytes of its body came");
    explain(error, notes, &when)
}

fn explain(error: &Error, notes: &Notes, when: &str) -> DeliveryError {
    let reset = |detail: String| DeliveryError { kind: ErrorKind::Reset, detail };
    // In TLS 1.3 a server that misses a client certificate says so only after the handshake.
    if let Some(failure) = notes.tls_failure()
        && error.is_io()
    {
        let detail = format!("the server ended the TLS connection: {failure}");
        return DeliveryError { kind: ErrorKind::Tls, detail };
    }
    let reason = Named(error.reason().unwrap_or(Reason::NO_ERROR));
    match error {
        _ if error.is_library() => DeliveryError {
            kind: ErrorKind::Protocol,
            detail: format!("what the server sent is not HTTP/2 ({reason}), {when}"),
        },
        _ if error.is_reset() && error.reason() == Some(Reason::HTTP_1_1_REQUIRED) => reset(format!(
            "the server wants HTTP/1.1 for this request ({reason}): set the destination's http_version to `1.1`"
        )),
        _ if was_not_taken(error) && error.is_reset() => {
            reset(format!("the server refused the request ({reason})"))
        }
        _ if was_not_taken(error) => {
            reset(format!("the server closes the connection and did not take the request (GOAWAY, {reason})"))
        }
        _ if error.is_reset() => reset(format!("the server reset the stream ({reason}) {when}")),
        _ => reset(format!("the connection broke {when}: {error}")),
    }
}

/// A reason as the specification names it.
struct Named(Reason);

impl fmt::Display for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `Debug` is the name where there is one, and the number otherwise.
        fmt::Debug::fmt(&self.0, out)
    }
}
