//! One connection, from the TLS handshake to its end.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::task::{Context, Poll, Waker};

use hookyard_model::request::HEADER_LINES_MAX;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use crate::activity::{Activity, Next};
use crate::head::RawHeads;
use crate::ingest::Shared;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::receive::receive;
use crate::wire::Wire;

/// hyper refuses less.
const BUFFER_BYTES_MIN: usize = 8 << 10;
/// Most requests at a time on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;
/// How many bytes a sender may be ahead of us, per HTTP/2 stream and per connection: what is not read yet
/// is in no budget.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
/// How often a silent HTTP/2 peer is asked whether it is still there, and how long it has to say so.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// The far end of one connection, and what is known about it.
pub(crate) struct Peer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) remote: IpAddr,
    pub(crate) raw_heads: RawHeads,
    pub(crate) activity: Activity,
    /// Whether the latest request was answered before its body was read to the end.
    pub(crate) body_unread: AtomicBool,
}

/// hyper, set up with the limits it can enforce itself. Timeouts are not among them, see
/// [`crate::activity`].
pub(crate) fn protocol(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let header_bytes_max = limits.header_bytes_max.max(BUFFER_BYTES_MIN);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .keep_alive(true)
        // A sender may close its writing side and still wait for the answer. Nor does hyper then try to
        // read once more per request to find out.
        .half_close(true)
        .header_read_timeout(None)
        .max_headers(limits.header_lines_max.min(HEADER_LINES_MAX))
        .max_buf_size(header_bytes_max)
        .pipeline_flush(false)
        .writev(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(header_bytes_max).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL);
    builder
}

/// Serves one connection to its end. Once `shutdown` says so, that is after the requests under way.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    (stream, remote): (TcpStream, SocketAddr),
    tls: Option<TlsAcceptor>,
    shutdown: watch::Receiver<bool>,
) {
    let _open = Open::new(&shared.metrics);
    // Without it small answers wait for the peer's delayed acknowledgement. It fails only on a dead socket.
    let _ = stream.set_nodelay(true);
    let remote = remote.ip().to_canonical();
    let Some(tls) = tls else {
        return drive(stream, shared, remote, shutdown).await;
    };
    let handshake = timeout(shared.limits.header_read_timeout, tls.accept(stream));
    tokio::select! {
        done = handshake => match done {
            Ok(Ok(stream)) => drive(stream, shared, remote, shutdown).await,
            Ok(Err(error)) => tracing::debug!(%remote, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%remote, "TLS handshake timed out"),
        },
        () = stopping(shutdown.clone()) => {}
    }
}

async fn drive<S>(stream: S, shared: Arc<Shared>, remote: IpAddr, shutdown: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let opened = Instant::now();
    let peer = Arc::new(Peer {
        shared: Arc::clone(&shared),
        remote,
        raw_heads: RawHeads::default(),
        activity: Activity::new(opened),
        body_unread: AtomicBool::new(false),
    });
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(&peer)));
    let service = service_fn(|request| {
        let peer = Arc::clone(&peer);
        async move { Ok::<_, Infallible>(receive(&peer, request).await) }
    });
    let patience = shared.limits.header_read_timeout;
    let mut connection = pin!(shared.protocol.serve_connection(wire, service));
    let mut timer = pin!(sleep_until(opened + patience));
    let mut stop = pin!(Stopping::of(shutdown));
    let mut closing = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%remote, error, "connection ended early");
                }
                return;
            }
            () = stop.as_mut(), if !closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
            }
            () = timer.as_mut() => match peer.activity.next(Instant::now(), &shared.limits) {
                Next::Wait(until) => timer.as_mut().reset(until),
                Next::Close if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                    timer.as_mut().reset(Instant::now() + patience);
                }
                // Closing in good order takes too long: its peer does not read.
                Next::Close | Next::Cut => return,
            },
        }
    }
}

/// Waits until `shutdown` turns true, or nobody is left who could say so.
pub(crate) async fn stopping(mut shutdown: watch::Receiver<bool>) {
    let _ = shutdown.wait_for(|stop| *stop).await;
}

/// [`stopping`] for whoever asks at every turn of a connection: registers once, and then looks at a number,
/// where asking the channel anew takes a lock that all connections share.
struct Stopping {
    shutdown: watch::Receiver<bool>,
    asked: Pin<Box<dyn Future<Output = ()> + Send>>,
    by: Option<Waker>,
}

impl Stopping {
    fn of(shutdown: watch::Receiver<bool>) -> Self {
        Self { asked: Box::pin(stopping(shutdown.clone())), shutdown, by: None }
    }
}

impl Future for Stopping {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let is_registered = self.by.as_ref().is_some_and(|by| by.will_wake(cx.waker()));
        if is_registered && matches!(self.shutdown.has_changed(), Ok(false)) {
            return Poll::Pending;
        }
        self.by = Some(cx.waker().clone());
        self.asked.as_mut().poll(cx)
    }
}

/// Counts a connection as open until it is dropped.
struct Open(Gauge<i64, AtomicI64>);

impl Open {
    fn new(metrics: &Metrics) -> Self {
        metrics.connections_open.inc();
        Self(metrics.connections_open.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
