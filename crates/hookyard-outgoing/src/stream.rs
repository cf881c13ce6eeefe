//! The bytes of a connection, plain or inside TLS, and what is noted of them for whoever asks why it failed.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A TCP connection, perhaps inside TLS.
pub(crate) struct Stream {
    wire: Wire,
    notes: Arc<Notes>,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What is noted of a connection.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    reads: AtomicUsize,
    tls_failure: OnceLock<String>,
}

impl Notes {
    /// How often something was read.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// What TLS had to say when it ended the connection.
    pub(crate) fn tls_failure(&self) -> Option<&str> {
        self.tls_failure.get().map(String::as_str)
    }

    /// Only whoever holds the stream writes, so this need be no single step.
    fn note_read(&self) {
        self.reads.store(self.reads().wrapping_add(1), Ordering::Relaxed);
    }

    fn note_failure(&self, error: &io::Error) {
        if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) {
            self.tls_failure.get_or_init(|| error.to_string());
        }
    }
}

impl Stream {
    pub(crate) fn plain(wire: TcpStream) -> Self {
        Self { wire: Wire::Plain(wire), notes: Arc::default() }
    }

    pub(crate) fn tls(wire: TlsStream<TcpStream>) -> Self {
        Self { wire: Wire::Tls(Box::new(wire)), notes: Arc::default() }
    }

    pub(crate) const fn notes(&self) -> &Arc<Notes> {
        &self.notes
    }

    pub(crate) const fn is_tls(&self) -> bool {
        matches!(self.wire, Wire::Tls(_))
    }

    /// The protocol that the server has picked of those it was offered in TLS.
    pub(crate) fn picked(&self) -> Option<&[u8]> {
        match &self.wire {
            Wire::Plain(_) => None,
            Wire::Tls(wire) => wire.get_ref().1.alpn_protocol(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        let before = buf.filled().len();
        let polled = match &mut stream.wire {
            Wire::Plain(wire) => Pin::new(wire).poll_read(cx, buf),
            Wire::Tls(wire) => Pin::new(wire).poll_read(cx, buf),
        };
        if buf.filled().len() > before {
            stream.notes.note_read();
        }
        if let Poll::Ready(Err(error)) = &polled {
            stream.notes.note_failure(error);
        }
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(wire) => Pin::new(wire).poll_write(cx, buf),
            Wire::Tls(wire) => Pin::new(wire).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(wire) => Pin::new(wire).poll_write_vectored(cx, bufs),
            Wire::Tls(wire) => Pin::new(wire).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(wire) => wire.is_write_vectored(),
            Wire::Tls(wire) => wire.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(wire) => Pin::new(wire).poll_flush(cx),
            Wire::Tls(wire) => Pin::new(wire).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(wire) => Pin::new(wire).poll_shutdown(cx),
            Wire::Tls(wire) => Pin::new(wire).poll_shutdown(cx),
        }
    }
}
