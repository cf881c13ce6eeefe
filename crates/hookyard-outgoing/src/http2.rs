//! HTTP/2: a connection that carries many requests at a time, each as a stream, and is shared by the workers of one
//! lane.
//!
//! ```text
//!   worker ─ Seat ─┐
//!   worker ─ Seat ─┼─► Connection ◄── driver (a task: reads and writes the socket)
//!   worker ─ hold ─┘   (open as long as a worker has a seat on it or holds it)
//! ```
//! A [`Seat`] is the room for one request, of which there are as many as the server allows. What goes wrong with one
//! stream concerns its attempt alone. An attempt that is given up in the middle (its time ran out) resets its stream
//! and *retires* the connection: whoever is on it may finish, and nobody else is given a seat, since a connection
//! that was silently lost would take the time of everybody again and again.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use hookyard_model::attempt::DeliveryError;
use http::uri::Scheme;
use tokio::sync::oneshot;

use crate::exchange::AnswerLimits;
use crate::stream::{Notes, Stream};

mod exchange;
mod explain;

/// How much of one answer may be on its way unread, in bytes: HTTP/2's own default.
const STREAM_WINDOW_BYTES: u32 = 65_535;
/// The same for all answers on a connection together.
const CONNECTION_WINDOW_BYTES: u32 = 16 * STREAM_WINDOW_BYTES;
/// How long a connection that nobody holds any more is given to say goodbye.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// A shared connection.
pub struct Connection {
    sender: SendRequest<Bytes>,
    scheme: Scheme,
    notes: Arc<Notes>,
    /// How many seats are taken.
    taken: AtomicUsize,
    /// Whether an answer has come over it.
    proven: AtomicBool,
    /// Whether nobody is given a seat any more.
    retired: AtomicBool,
    /// Dropped with the connection, which the driver hears.
    _held: oneshot::Sender<Infallible>,
}

/// Room for one request on a shared connection.
#[derive(Debug)]
pub struct Seat {
    connection: Arc<Connection>,
}

impl Connection {
    /// Starts HTTP/2 on a connection, and takes the first seat. `until_settled` is dropped when the server has said
    /// how many requests it allows, or the connection has ended before.
    ///
    /// # Errors
    /// Where it broke before.
    pub(crate) async fn start<G: Send + 'static>(
        stream: Stream,
        scheme: Scheme,
        limits: &AnswerLimits,
        until_settled: G,
    ) -> Result<Seat, DeliveryError> {
        let notes = Arc::clone(stream.notes());
        let head_bytes_max = u32::try_from(limits.response_head_bytes_max).unwrap_or(u32::MAX);
        let (sender, connection) = h2::client::Builder::new()
            .enable_push(false)
            // One, until the server has said how many it allows.
            .initial_max_send_streams(1)
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_header_list_size(head_bytes_max.max(8 * 1024))
            .handshake(stream)
            .await
            .map_err(|error| explain::start(&error, &notes))?;
        let (held, let_go) = oneshot::channel();
        tokio::spawn(drive(connection, Arc::clone(&notes), until_settled, let_go));
        let connection = Self {
            sender,
            scheme,
            notes,
            taken: AtomicUsize::new(1),
            proven: AtomicBool::new(false),
            retired: AtomicBool::new(false),
            _held: held,
        };
        Ok(Seat { connection: Arc::new(connection) })
    }

    /// A seat, where one is free.
    pub(crate) fn seat(self: &Arc<Self>) -> Option<Seat> {
        if self.retired.load(Ordering::Relaxed) || !self.takes_requests() {
            return None;
        }
        let seats = self.sender.current_max_send_streams();
        let one_more = |taken: usize| (taken < seats).then_some(taken + 1);
        self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Seat { connection: Arc::clone(self) })
    }

    /// Whether it is open, the server has not said that it is closing it, and there are numbers left for streams.
    fn takes_requests(&self) -> bool {
        let ready = self.sender.clone().poll_ready(&mut Context::from_waker(Waker::noop()));
        !matches!(ready, Poll::Ready(Err(_)))
    }

    fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }
}

impl Seat {
    pub(crate) const fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Gives up the seat, and holds the connection.
    pub fn into_connection(self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.connection.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (taken, retired) = (&self.taken, &self.retired);
        out.debug_struct("Connection").field("taken", taken).field("retired", retired).finish_non_exhaustive()
    }
}

/// Reads and writes the socket until the connection has ended. It ends itself, in good order, when nobody holds it.
/// Why it ended is told to whoever waits for an answer on it.
async fn drive<G>(
    mut connection: h2::client::Connection<Stream, Bytes>,
    notes: Arc<Notes>,
    until_settled: G,
    let_go: oneshot::Receiver<Infallible>,
) {
    let mut until_settled = Some(until_settled);
    let driving = std::future::poll_fn(|cx| {
        let ended = std::pin::Pin::new(&mut connection).poll(cx).map(drop);
        // What a server sends first are its settings (RFC 9113, section 3.4).
        if notes.reads() > 0 {
            until_settled = None;
        }
        ended
    });
    let overdue = async {
        let _ = let_go.await;
        tokio::time::sleep(GOODBYE_MAX).await;
    };
    tokio::select! {
        () = driving => {}
        () = overdue => {}
    }
}
