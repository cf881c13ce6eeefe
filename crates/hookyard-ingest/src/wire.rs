//! A connection's stream as hyper sees it: bytes pass through unchanged, and on their way the heads are
//! cut out and the reading is noted. At the end it lingers where a body was left unread.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::Peer;
use crate::framing::Framing;
use crate::linger::Linger;

/// What an HTTP/2 connection starts with, as far as it looks like a head (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\n";

/// A stream with a listener on its reading side.
pub(crate) struct Wire<S> {
    stream: S,
    peer: Arc<Peer>,
    framing: Framing,
    /// Set once the writing side is closed.
    leaving: Option<Linger>,
}

impl<S> Wire<S> {
    /// Listens to `stream` for `peer`.
    pub(crate) fn new(stream: S, peer: Arc<Peer>) -> Self {
        let framing = Framing::new(peer.shared.limits.header_bytes_max);
        Self { stream, peer, framing, leaving: None }
    }

    fn heard(&mut self, mut bytes: &[u8]) {
        if self.framing.is_lost() {
            return;
        }
        if self.peer.raw_heads.is_lost() {
            self.framing.give_up();
            return;
        }
        while let Some(head) = self.framing.next_head(&mut bytes) {
            if head == HTTP2_PREFACE {
                self.peer.activity.set_http2();
                self.framing.give_up();
                return;
            }
            self.peer.raw_heads.push(head);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let known = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        if let Some(bytes) = buffer.filled().get(known..).filter(|bytes| !bytes.is_empty()) {
            this.peer.activity.read();
            this.heard(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.leaving.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let linger = this.leaving.get_or_insert_default();
        if this.peer.body_unread.load(Ordering::Acquire) {
            ready!(linger.poll(&mut this.stream, cx));
        }
        Poll::Ready(Ok(()))
    }
}
