//! One request and its answer over an open connection.
//!
//! The connection's own future (hyper's, which reads and writes the socket) is polled here, by the task
//! that waits for the answer, instead of by a task of its own: no hand-over between threads, nothing to
//! clean up, and dropping the attempt drops the connection. In between exchanges nobody polls it; that
//! the peer closed it meanwhile comes out at the next use.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use hookyard_model::attempt::{DeliveryError, ErrorKind, Response};
use http::HeaderMap;
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::alarm::Alarm;
use crate::connector::Stream;
use crate::endpoint::Endpoint;
use crate::stage::Stage;

/// A connection that is open, or was when it was last used.
pub struct OpenConnection {
    endpoint: Arc<Endpoint>,
    sender: http1::SendRequest<Full<Bytes>>,
    driver: Driver,
    /// Set by the stream when it reads something.
    received: Arc<AtomicBool>,
    /// The timer of the attempt before.
    alarm: Option<Alarm>,
}

/// How much of an answer is read and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLimits {
    /// The largest head of an answer, in bytes; one that is larger is a protocol error. At least 8 KiB
    /// are always read. The number of header lines is limited to 100.
    pub response_head_bytes_max: usize,
    /// How much of the header lines is kept, in bytes.
    pub response_headers_kept_bytes_max: usize,
    /// How much of the body is kept, in bytes.
    pub response_body_bytes_max: usize,
    /// How much more of the body is read and dropped, in bytes, to use the connection again; what is
    /// longer is not read, and the connection is closed.
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
    /// Whether the whole answer was read, so that the connection can carry another request.
    pub complete: bool,
}

/// An exchange that failed.
#[derive(Debug)]
pub struct Broken {
    /// What happened.
    pub error: DeliveryError,
    /// Whether the connection was closed before a byte of the answer came; on one that had idled this
    /// means that the peer gave it up just then.
    pub unanswered: bool,
}

impl std::fmt::Debug for OpenConnection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("OpenConnection").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl OpenConnection {
    pub(crate) async fn start(
        io: TokioIo<Stream>,
        endpoint: Arc<Endpoint>,
        received: Arc<AtomicBool>,
        limits: &AnswerLimits,
    ) -> Result<Self, DeliveryError> {
        let handshake = http1::Builder::new()
            .max_buf_size(limits.response_head_bytes_max.max(8 * 1024))
            .max_header_size(limits.response_head_bytes_max)
            .handshake(io);
        let (sender, connection) = handshake
            .await
            .map_err(|error| DeliveryError { kind: ErrorKind::Protocol, detail: error.to_string() })?;
        Ok(Self {
            endpoint,
            sender,
            driver: Driver { connection: Box::new(connection), ended: false },
            received,
            alarm: None,
        })
    }

    /// The timer of the attempt before, for the next one.
    pub const fn take_alarm(&mut self) -> Option<Alarm> {
        self.alarm.take()
    }

    /// Keeps the timer for the next attempt.
    pub fn with_alarm(self, alarm: Alarm) -> Self {
        Self { alarm: Some(alarm), ..self }
    }

    /// Whether it leads to this endpoint.
    pub fn leads_to(&self, endpoint: &Arc<Endpoint>) -> bool {
        Arc::ptr_eq(&self.endpoint, endpoint) || self.endpoint == *endpoint
    }

    /// Whether it is still open and can take a request, as far as can be known without sending one.
    pub async fn is_ready(&mut self) -> bool {
        std::future::poll_fn(|cx| Poll::Ready(self.driver.poll(cx).is_pending())).await
            && self.sender.is_ready()
    }

    /// Ends when the peer has closed it, or sent what nobody asked for. For whoever holds it idle: to
    /// let go of the socket at once instead of at the next use. Cancelling loses nothing.
    pub async fn closed(&mut self) {
        std::future::poll_fn(|cx| self.driver.poll(cx)).await;
    }

    /// Sends the request and reads the answer.
    ///
    /// # Errors
    /// [`Broken`] where no whole answer came.
    pub async fn exchange(
        &mut self,
        request: http::Request<Full<Bytes>>,
        limits: &AnswerLimits,
        stage: &mut Stage,
    ) -> Result<Answer, Broken> {
        *stage = Stage::Waiting;
        self.received.store(false, Ordering::Relaxed);
        let response = self.sender.send_request(request);
        let response = match self.driver.alongside(pin!(response)).await {
            Some(Ok(response)) => response,
            failed => {
                let error = explain_head(failed.and_then(Result::err), limits);
                let unanswered = error.kind == ErrorKind::Reset && !self.received.load(Ordering::Relaxed);
                return Err(Broken { error, unanswered });
            }
        };
        let (parts, body) = response.into_parts();
        let status = parts.status.as_u16();
        let (body, body_end) = self
            .read_body(body, status, limits, stage)
            .await
            .map_err(|error| Broken { error, unanswered: false })?;
        let response = Response {
            status,
            headers: header_lines(&parts.headers, limits.response_headers_kept_bytes_max),
            body,
            body_truncated: body_end != BodyEnd::Kept,
        };
        let retry_after = parts.headers.get(http::header::RETRY_AFTER).cloned();
        Ok(Answer { response, retry_after, complete: body_end != BodyEnd::CutOff })
    }

    /// Reads the body: keeps its beginning, drops what follows, and stops where that goes on for too long.
    async fn read_body(
        &mut self,
        mut body: Incoming,
        status: u16,
        limits: &AnswerLimits,
        stage: &mut Stage,
    ) -> Result<(Bytes, BodyEnd), DeliveryError> {
        let mut kept = BytesMut::new();
        let mut body_bytes = 0_usize;
        while !body.is_end_stream() {
            *stage = Stage::Reading { status, body_bytes: body_bytes as u64 };
            let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
            let frame = match self.driver.alongside(pin!(frame)).await {
                Some(None) => break,
                Some(Some(Ok(frame))) => frame,
                Some(Some(Err(error))) => return Err(explain_body(Some(&error), status, body_bytes)),
                None => return Err(explain_body(None, status, body_bytes)),
            };
            let Some(data) = frame.data_ref() else { continue };
            body_bytes = body_bytes.saturating_add(data.len());
            // Copied, so that the connection can use its read buffer again and a kept answer does not
            // hold all of it.
            let room = limits.response_body_bytes_max.saturating_sub(kept.len());
            kept.extend_from_slice(data.get(..room).unwrap_or(data));
            if body_bytes > limits.response_body_bytes_max.saturating_add(limits.response_drain_bytes_max) {
                return Ok((kept.freeze(), BodyEnd::CutOff));
            }
        }
        let end = if body_bytes > kept.len() { BodyEnd::Dropped } else { BodyEnd::Kept };
        Ok((kept.freeze(), end))
    }
}

/// How much of a body was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyEnd {
    /// All of it, and all is kept.
    Kept,
    /// All of it; the end is not kept.
    Dropped,
    /// Not all of it: the connection cannot be used again.
    CutOff,
}

/// Hyper's future that reads and writes the socket.
struct Driver {
    /// Boxed, because it is large and moves between the worker and each attempt.
    connection: Box<http1::Connection<TokioIo<Stream>, Full<Bytes>>>,
    ended: bool,
}

impl Driver {
    /// Ready once the connection has ended. Why is told to whoever waits for an answer on it.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.ended {
            self.ended = Pin::new(&mut *self.connection).poll(cx).is_ready();
        }
        if self.ended { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Runs `work`, which waits for something from this connection, and the connection beside it.
    /// None where the connection ended and left the work waiting.
    async fn alongside<W: Future>(&mut self, mut work: Pin<&mut W>) -> Option<W::Output> {
        std::future::poll_fn(|cx| {
            // The work first: it may hand the connection something to write, which would otherwise wake
            // this very task once more. Then again, for what the connection has read.
            if let Poll::Ready(output) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            let ended = self.poll(cx);
            match work.as_mut().poll(cx) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending => ended.map(|()| None),
            }
        })
        .await
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

fn explain_head(error: Option<hyper::Error>, limits: &AnswerLimits) -> DeliveryError {
    let reset = |detail: String| DeliveryError { kind: ErrorKind::Reset, detail };
    let Some(error) = error else {
        return reset("the connection was closed before an answer came".to_owned());
    };
    if error.is_parse_too_large() {
        let detail = format!(
            "the head of the answer is larger than {} bytes or has more than 100 lines",
            limits.response_head_bytes_max
        );
        return DeliveryError { kind: ErrorKind::Protocol, detail };
    }
    if error.is_parse() {
        return DeliveryError {
            kind: ErrorKind::Protocol,
            detail: format!("the answer is not HTTP/1.1: {error}"),
        };
    }
    if error.is_user() {
        return DeliveryError { kind: ErrorKind::Request, detail: error.to_string() };
    }
    match io_cause(&error) {
        // In TLS 1.3 a server that misses a client certificate says so only after the handshake.
        Some(cause)
            if cause.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) =>
        {
            DeliveryError {
                kind: ErrorKind::Tls,
                detail: format!("the server ended the TLS connection: {cause}"),
            }
        }
        Some(cause) => reset(format!("the connection broke before the answer came: {cause}")),
        None => reset("the connection was closed before the answer came".to_owned()),
    }
}

fn explain_body(error: Option<&hyper::Error>, status: u16, body_bytes: usize) -> DeliveryError {
    let came = format!("status {status} and {body_bytes} bytes of its body came");
    match error.and_then(io_cause) {
        Some(cause) if matches!(cause.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => {
            DeliveryError {
                kind: ErrorKind::Protocol,
                detail: format!("the body of the answer is not HTTP/1.1: {cause} ({came})"),
            }
        }
        _ => DeliveryError {
            kind: ErrorKind::Reset,
            detail: format!("the connection was closed before the answer was complete: {came}"),
        },
    }
}

fn io_cause(error: &hyper::Error) -> Option<&io::Error> {
    std::error::Error::source(error).and_then(|source| source.downcast_ref())
}
