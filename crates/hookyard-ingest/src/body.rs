//! Reading a request's body: within its limit, within the budget, within its time.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

use crate::budget::Hold;

/// A body and how far it is read. Trailers are read and dropped.
pub(crate) struct BodyReader {
    body: Incoming,
    patience: Patience,
    read_bytes: u64,
    at_end: bool,
}

/// Why a body was not read to its end.
#[derive(Debug)]
pub(crate) enum Shortfall {
    /// It is longer than the limit; this is its beginning, up to the limit.
    TooLarge(Bytes),
    /// The budget of bytes in flight is used up.
    NoRoom,
    /// It took too long.
    TimedOut,
    /// The connection broke, or the framing is wrong.
    Broken,
}

impl BodyReader {
    /// A reader that gives the whole body `timeout`, counted from the first wait for it.
    pub(crate) fn new(body: Incoming, timeout: Duration) -> Self {
        let at_end = body.is_end_stream();
        Self { body, patience: Patience { timeout, asked: false, timer: None }, read_bytes: 0, at_end }
    }

    /// The length the sender announced.
    pub(crate) fn announced_bytes(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// How many bytes were read so far.
    pub(crate) const fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// Whether all of it was read.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// Reads all of it: at most `bytes_max`, and no more than `hold` can get. A body that came in one
    /// piece is not copied.
    pub(crate) async fn read_all(
        &mut self,
        bytes_max: usize,
        hold: &mut Hold<'_>,
    ) -> Result<Bytes, Shortfall> {
        let mut gathered = Gathered::default();
        while let Some(piece) = self.next_piece().await? {
            if piece.len() > bytes_max - gathered.len() {
                gathered.push(piece.slice(..bytes_max - gathered.len()), 0);
                return Err(Shortfall::TooLarge(gathered.into_bytes()));
            }
            if !hold.grow(piece.len()) {
                return Err(Shortfall::NoRoom);
            }
            let announced = usize::try_from(self.announced_bytes().unwrap_or(0)).unwrap_or(0);
            gathered.push(piece, announced.min(bytes_max));
        }
        Ok(gathered.into_bytes())
    }

    /// Reads its beginning, at most about `bytes_max`, for the record of a request that is refused
    /// anyhow: what goes wrong on the way does not matter.
    pub(crate) async fn read_beginning(&mut self, bytes_max: usize) -> Bytes {
        let mut gathered = Gathered::default();
        while gathered.len() < bytes_max {
            let Ok(Some(piece)) = self.next_piece().await else {
                break;
            };
            gathered.push(piece, 0);
        }
        gathered.into_bytes()
    }

    async fn next_piece(&mut self) -> Result<Option<Bytes>, Shortfall> {
        while !self.at_end {
            let frame = match poll_fn(|cx| self.poll_frame(cx)).await? {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    tracing::debug!(%error, "body ended early");
                    return Err(Shortfall::Broken);
                }
                None => {
                    self.at_end = true;
                    break;
                }
            };
            self.at_end = self.body.is_end_stream();
            if let Ok(data) = frame.into_data() {
                self.read_bytes += data.len() as u64;
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    #[expect(clippy::type_complexity, reason = "the frame type is http-body's")]
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Result<http_body::Frame<Bytes>, hyper::Error>>, Shortfall>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(Ok(frame));
        }
        ready!(self.patience.poll(cx));
        Poll::Ready(Err(Shortfall::TimedOut))
    }
}

/// Waits out a timeout, but makes no timer for the first wait: hyper reads a body only once it is asked
/// for it, so the first look never finds one, and the second mostly finds it whole.
#[derive(Debug)]
struct Patience {
    timeout: Duration,
    asked: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.asked {
            self.asked = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.timer.get_or_insert_with(|| Box::pin(sleep(self.timeout))).as_mut().poll(cx)
    }
}

/// The pieces of a body, put together only if there is more than one.
#[derive(Debug, Default)]
struct Gathered {
    only: Bytes,
    several: BytesMut,
}

impl Gathered {
    fn len(&self) -> usize {
        self.only.len() + self.several.len()
    }

    /// Adds a piece; `expected` is how long the whole is going to be, or 0.
    fn push(&mut self, piece: Bytes, expected: usize) {
        if self.len() == 0 {
            self.only = piece;
            return;
        }
        if self.several.is_empty() {
            let first = std::mem::take(&mut self.only);
            self.several.reserve(expected.max(first.len() + piece.len()));
            self.several.extend_from_slice(&first);
        }
        self.several.extend_from_slice(&piece);
    }

    fn into_bytes(self) -> Bytes {
        if self.several.is_empty() { self.only } else { self.several.freeze() }
    }
}
