//! HTTP/1.1: a connection that carries one request at a time, and belongs to who opened it.
//!
//! The connection's own future (hyper's, which reads and writes the socket) is polled here, by the task
//! that waits for the answer, instead of by a task of its own: no hand-over between threads, nothing to
//! clean up, and dropping the attempt drops the connection. In between exchanges nobody polls it; that
//! the peer closed it meanwhile comes out at the next use.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hookyard_model::attempt::{DeliveryError, ErrorKind};
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::alarm::Alarm;
use crate::endpoint::Endpoint;
use crate::exchange::{Answer, AnswerLimits, BodyEnd, Broken, Gathered};
use crate::stage::Stage;
use crate::stream::{Notes, Stream};

/// A connection that is open, or was when it was last used.
pub struct OpenConnection {
    endpoint: Arc<Endpoint>,
    sender: http1::SendRequest<Full<Bytes>>,
    driver: Driver,
    notes: Arc<Notes>,
    /// The timer of the attempt before.
    alarm: Option<Alarm>,
}

impl std::fmt::Debug for OpenConnection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("OpenConnection").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl OpenConnection {
    pub(crate) async fn start(
        stream: Stream,
        endpoint: Arc<Endpoint>,
        limits: &AnswerLimits,
    ) -> Result<Self, DeliveryError> {
        let notes = Arc::clone(stream.notes());
        let handshake = http1::Builder::new()
            .max_buf_size(limits.response_head_bytes_max.max(8 * 1024))
            .max_header_size(limits.response_head_bytes_max)
            .handshake(TokioIo::new(stream));
        let (sender, connection) = handshake
            .await
            .map_err(|error| DeliveryError { kind: ErrorKind::Protocol, detail: error.to_string() })?;
        Ok(Self {
            endpoint,
            sender,
            driver: Driver { connection: Box::new(connection), ended: false },
            notes,
            alarm: None,
        })
    }

    /// The timer of the attempt before, for the next one.
    pub const fn take_alarm(&mut self) -> Option<Alarm> {
        self.alarm.take()
    }

    /// Keeps the timer for the next attempt.
    pub fn keep_alarm(&mut self, alarm: Alarm) {
        self.alarm = Some(alarm);
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
        let reads = self.notes.reads();
        let response = self.sender.send_request(request);
        let response = match self.driver.alongside(pin!(response)).await {
            Some(Ok(response)) => response,
            failed => {
                let error = explain_head(failed.and_then(Result::err), limits);
                let unanswered = error.kind == ErrorKind::Reset && self.notes.reads() == reads;
                return Err(Broken { error, unanswered });
            }
        };
        let (parts, body) = response.into_parts();
        let status = parts.status.as_u16();
        let body = self
            .read_body(body, status, limits, stage)
            .await
            .map_err(|error| Broken { error, unanswered: false })?;
        Ok(Answer::new(&parts, body, limits))
    }

    /// Reads the body: keeps its beginning, drops what follows, and stops where that goes on for too long.
    async fn read_body(
        &mut self,
        mut body: Incoming,
        status: u16,
        limits: &AnswerLimits,
        stage: &mut Stage,
    ) -> Result<(Bytes, BodyEnd), DeliveryError> {
        let mut gathered = Gathered::new();
        while !body.is_end_stream() {
            let body_bytes = gathered.body_bytes();
            *stage = Stage::Reading { status, body_bytes: body_bytes as u64 };
            let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
            let frame = match self.driver.alongside(pin!(frame)).await {
                Some(None) => break,
                Some(Some(Ok(frame))) => frame,
                Some(Some(Err(error))) => return Err(explain_body(Some(&error), status, body_bytes)),
                None => return Err(explain_body(None, status, body_bytes)),
            };
            let Some(data) = frame.data_ref() else { continue };
            if !gathered.take_in(data, limits) {
                return Ok(gathered.cut_off());
            }
        }
        Ok(gathered.ended())
    }
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
