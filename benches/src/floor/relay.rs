//! The floor of delivery: bare hyper in, bare hyper out. It acknowledges a request as soon as its body
//! is read, hands it on in bounded memory, and 64 workers with a connection each send it to the sink.
//! It verifies, signs and stores nothing; whatever it holds when it dies is lost.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self as client, SendRequest};
use hyper::header::{HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::ACKNOWLEDGEMENT;

const WORKERS: usize = 64;
/// Requests that may wait for one worker; a full queue holds back the acknowledgement.
const WAITING_PER_WORKER: usize = 16;

/// What the relay is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
    /// Where to send what comes.
    #[arg(long)]
    to: SocketAddr,
}

/// Relays until it is killed.
///
/// # Errors
/// When it cannot listen, or no longer accept.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    super::two_workers()?.block_on(async {
        let listener =
            TcpListener::bind(args.listen).await.with_context(|| format!("listen on {}", args.listen))?;
        serve(listener, args.to).await
    })
}

/// Relays what comes in at `listener` to `to`.
///
/// # Errors
/// When no connection can be accepted any more.
pub(crate) async fn serve(listener: TcpListener, to: SocketAddr) -> anyhow::Result<()> {
    let workers = Arc::new(Workers::start(to));
    loop {
        let (stream, _) = listener.accept().await.context("accept a connection")?;
        stream.set_nodelay(true).context("prepare a connection")?;
        let workers = Arc::clone(&workers);
        let service = service_fn(move |request| accept(request, Arc::clone(&workers)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn accept(
    request: Request<Incoming>,
    workers: Arc<Workers>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let handed_on = match body.collect().await {
        Ok(body) => workers.hand_on(Request::from_parts(head, Full::new(body.to_bytes()))).await,
        Err(_) => false,
    };
    let mut response = Response::new(Full::new(Bytes::from_static(ACKNOWLEDGEMENT)));
    if !handed_on {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

type Relayed = Request<Full<Bytes>>;

struct Workers {
    queues: Vec<mpsc::Sender<Relayed>>,
    next: AtomicUsize,
}

impl Workers {
    fn start(to: SocketAddr) -> Self {
        let queues = (0..WORKERS)
            .map(|_| {
                let (queue, waiting) = mpsc::channel(WAITING_PER_WORKER);
                tokio::spawn(send_all(waiting, to));
                queue
            })
            .collect();
        Self { queues, next: AtomicUsize::new(0) }
    }

    /// Gives the request to the next worker in turn; `false` when that cannot be done.
    async fn hand_on(&self, request: Relayed) -> bool {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.queues.len().max(1);
        match self.queues.get(turn) {
            Some(queue) => queue.send(request).await.is_ok(),
            None => false,
        }
    }
}

/// Sends what comes over one connection, made anew when it breaks; a request that fails is dropped.
async fn send_all(mut waiting: mpsc::Receiver<Relayed>, to: SocketAddr) {
    let mut connection = None;
    while let Some(request) = waiting.recv().await {
        if let Err(error) = send(&mut connection, request, to).await {
            eprintln!("floor-relay: {error:#}");
            connection = None;
        }
    }
}

async fn send(
    connection: &mut Option<SendRequest<Full<Bytes>>>,
    mut request: Relayed,
    to: SocketAddr,
) -> anyhow::Result<()> {
    let sender = match connection {
        Some(open) => open,
        None => connection.insert(connect(to).await?),
    };
    *request.uri_mut() = Uri::from_static("/");
    request.headers_mut().insert(HOST, HeaderValue::from_static("sink"));
    sender.ready().await.context("wait for the connection")?;
    let response = sender.send_request(request).await.context("send a request")?;
    response.into_body().collect().await.context("read an answer")?;
    Ok(())
}

async fn connect(to: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(to).await.context("connect to the sink")?;
    stream.set_nodelay(true).context("prepare a connection")?;
    let (sender, connection) = client::handshake(TokioIo::new(stream)).await.context("begin HTTP")?;
    tokio::spawn(connection);
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ledger::{Ledger, wait_until};
    use crate::load::Target;
    use crate::load::closed::Closed;
    use crate::load::open::{self, Pace};
    use crate::sink::{Behaviour, Sink};

    /// Generator → relay → sink over real sockets: the whole measuring chain, with nothing lost.
    #[test]
    fn everything_sent_through_the_relay_arrives_once() {
        let ledger = Arc::new(Ledger::new(9, 5_000));
        let sink = Sink::start_anywhere(Some(&ledger), Behaviour::Healthy).unwrap();
        let runtime = super::super::two_workers().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let target =
            Target { address: listener.local_addr().unwrap(), path: "/bench".into(), secret: "shh".into() };
        runtime.spawn(serve(listener, sink.address()));

        let pace = Pace { per_s: 2_000, lasts: Duration::from_millis(500), connections: 8 };
        assert_eq!(open::send(std::slice::from_ref(&target), &ledger, pace).unwrap().total(), 0);
        let load = Closed::start(&target, &ledger, 16).unwrap();
        assert!(wait_until(Duration::from_secs(60), || load.is_finished()), "the ledger never filled");
        assert_eq!(load.stop().unwrap().total(), 0);

        assert!(wait_until(Duration::from_secs(60), || ledger.delivered_count() == 5_000));
        let accounts = ledger.accounts();
        assert_eq!((accounts.acknowledged, accounts.lost), (5_000, 0));
        assert_eq!((accounts.duplicates, accounts.strays, sink.received()), (0, 0, 5_000));
    }
}
