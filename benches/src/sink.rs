//! The sink: where deliveries end. It notes each in the ledger before it answers.
//!
//! A thread with a runtime of its own, so that what it costs does not depend on what else this process
//! does. It can also be one of the destinations that a gateway must not let others suffer from.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::ledger::Ledger;
use crate::push;
use crate::wire;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
const ERROR: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nsorry";
const ENDLESS_BYTES: usize = 100 * 1024 * 1024;
const ENDLESS_CHUNK_BYTES: usize = 16 * 1024;
const ENDLESS_PAUSE: Duration = Duration::from_millis(50);

/// How a sink treats what it receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Behaviour {
    /// Notes the delivery and answers 200 at once.
    Healthy,
    /// Reads the request and never answers.
    Hanging,
    /// Answers 500 at once.
    Failing,
    /// Answers 200 and a body of 100 MB, at some 320 KB/s.
    Endless,
}

/// A running sink; it stops when dropped.
pub(crate) struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    ledger: Option<Arc<Ledger>>,
    behaviour: AtomicU8,
    received: AtomicU64,
}

impl Sink {
    /// Starts a sink on `address` that notes its deliveries in the ledger, if it has one.
    ///
    /// # Errors
    /// When the address or a thread cannot be had.
    pub(crate) fn start(
        address: SocketAddr,
        ledger: Option<&Arc<Ledger>>,
        behaviour: Behaviour,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).with_context(|| format!("listen on {address}"))?;
        listener.set_nonblocking(true).context("prepare the sink's listener")?;
        let address = listener.local_addr().context("read the sink's address")?;
        let shared = Arc::new(Shared {
            ledger: ledger.map(Arc::clone),
            behaviour: AtomicU8::new(behaviour as u8),
            received: AtomicU64::new(0),
        });
        let runtime =
            runtime::Builder::new_current_thread().enable_all().build().context("build a runtime")?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("sink".into()).spawn({
            let shared = Arc::clone(&shared);
            move || runtime.block_on(accept(listener, shared, stopped))
        });
        let thread = thread.context("start the sink's thread")?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Starts a sink on any free port of 127.0.0.1.
    ///
    /// # Errors
    /// As [`Sink::start`].
    pub(crate) fn start_anywhere(ledger: Option<&Arc<Ledger>>, behaviour: Behaviour) -> anyhow::Result<Self> {
        Self::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), ledger, behaviour)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Treats every request that comes from now on differently.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.shared.behaviour.store(behaviour as u8, Ordering::Release);
    }

    /// How many whole requests have come, whatever became of them.
    pub(crate) fn received(&self) -> u64 {
        self.shared.received.load(Ordering::Acquire)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            connection = listener.accept() => {
                if let Ok((stream, _)) = connection {
                    tokio::spawn(serve(stream, Arc::clone(&shared)));
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    if let Err(error) = answer_all(stream, &shared).await
        && error.kind() == io::ErrorKind::InvalidData
    {
        // Every other error is the gateway's way of ending a connection.
        eprintln!("sink: {error}");
    }
}

async fn answer_all(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(8192);
    loop {
        let Some(request) = read_request(&mut stream, &mut buffer).await? else { return Ok(()) };
        shared.received.fetch_add(1, Ordering::Release);
        let behaviour = shared.behaviour.load(Ordering::Acquire);
        if behaviour == Behaviour::Healthy as u8 {
            if let Some(ledger) = &shared.ledger {
                let body = buffer.get(request.head_bytes..request.bytes).unwrap_or_default();
                ledger.delivered(push::stamp_of(body));
            }
            stream.write_all(OK).await?;
        } else if behaviour == Behaviour::Failing as u8 {
            stream.write_all(ERROR).await?;
        } else if behaviour == Behaviour::Endless as u8 {
            write_endless(&mut stream).await?;
        } else {
            // Only the other side's patience ends this.
            while stream.read_buf(&mut buffer).await? > 0 {}
            return Ok(());
        }
        buffer.drain(..request.bytes);
    }
}

/// Reads one whole request into the buffer; none where the connection ends before one begins.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<wire::Message>> {
    loop {
        if let Some(request) = wire::request(buffer)?.filter(|request| request.bytes <= buffer.len()) {
            return Ok(Some(request));
        }
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    }
}

async fn write_endless(stream: &mut TcpStream) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {ENDLESS_BYTES}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let chunk = [b'.'; ENDLESS_CHUNK_BYTES];
    for _ in 0..ENDLESS_BYTES / ENDLESS_CHUNK_BYTES {
        stream.write_all(&chunk).await?;
        tokio::time::sleep(ENDLESS_PAUSE).await;
    }
    Ok(())
}
