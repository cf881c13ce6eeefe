//! Leaving a connection whose sender is still sending.
//!
//! Closing a socket with unread bytes in it makes the kernel reset the connection, and the sender may
//! then never see the answer that was written before (RFC 9112, section 9.6). So the writing side is
//! closed first, and what still comes is read and dropped for a short while.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Duration, Sleep, sleep};

/// How long is lingered at most.
const TIME_MAX: Duration = Duration::from_secs(2);
/// How much is read at most, in bytes.
const BYTES_MAX: usize = 1 << 20;

/// The state of one leave-taking.
#[derive(Debug, Default)]
pub(crate) struct Linger {
    bytes: usize,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Linger {
    /// Ready once the sender has closed its side, or has had enough time or sent enough. Never an error:
    /// there is nobody left to tell.
    pub(crate) fn poll<S>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<()>
    where
        S: AsyncRead + Unpin,
    {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(TIME_MAX)));
        while self.bytes < BYTES_MAX && timer.as_mut().poll(cx).is_pending() {
            match ready!(read(stream, cx)) {
                Ok(count) if count > 0 => self.bytes += count,
                _ => break,
            }
        }
        Poll::Ready(())
    }
}

fn read<S: AsyncRead + Unpin>(stream: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let mut dropped = [0; 4_096];
    let mut dropped = ReadBuf::new(&mut dropped);
    ready!(Pin::new(stream).poll_read(cx, &mut dropped))?;
    Poll::Ready(Ok(dropped.filled().len()))
}
