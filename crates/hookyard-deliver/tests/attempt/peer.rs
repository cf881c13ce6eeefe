//! The other side: a TCP server that reads requests and does exactly what it is told, byte for byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hookyard_deliver::send::{Sender, Sent, Shipment};
use hookyard_deliver::target::Target;
use hookyard_model::attempt::{ErrorKind, Outcome, Response, Trigger};
use hookyard_model::clock::Timestamp;
use hookyard_model::destination::{Destination, Http, Reach, SigningSecret};
use hookyard_model::id::{ConnectionId, DestinationId, EventId, ProjectId, RequestId, SourceId};
use hookyard_model::pacing::Pacing;
use hookyard_model::request::{Proof, Request, Verdict};
use hookyard_model::secret::Secret;
use hookyard_model::source::ManagedBy;
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::exchange::{AnswerLimits, Kept};
use hookyard_outgoing::guard::Guard;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Sun, 06 Nov 1994 08:49:37 GMT.
pub(crate) const NOW: Timestamp = Timestamp::from_ms(784_111_777_000);
pub(crate) const SECRET: &str = "whsec_YSBrZXkgb2YgdHdlbnR5LWZvdXIgYnku";
pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// What the peer does once it has read a request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Writes these bytes.
    Write(&'static [u8]),
    /// Writes this many zero bytes, or as many as are taken.
    Flood(usize),
    /// Ends the connection in good order.
    Close,
    /// Breaks the connection (RST).
    Reset,
    /// Does nothing any more, and keeps the connection open.
    Hang,
}

/// A server on loopback; the script says what to do on the n-th connection with its m-th request.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    flooded: Arc<AtomicUsize>,
    requests: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl Peer {
    pub(crate) async fn start(script: impl Fn(usize, usize) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, flooded) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (seen, requests) = mpsc::unbounded_channel();
        let script = Arc::new(script);
        let counts = (Arc::clone(&connections), Arc::clone(&flooded));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = counts.0.fetch_add(1, Ordering::SeqCst);
                let (script, seen, flooded) = (Arc::clone(&script), seen.clone(), Arc::clone(&counts.1));
                tokio::spawn(async move { serve(stream, |m| script(number, m), &seen, &flooded).await });
            }
        });
        Self { address, connections, flooded, requests }
    }

    /// A server that answers every request with these bytes.
    pub(crate) async fn answering(answer: &'static [u8]) -> Self {
        Self::start(move |_, _| vec![Act::Write(answer)]).await
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many bytes of a flood the socket took.
    pub(crate) fn flooded(&self) -> usize {
        self.flooded.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The next request as it came, head and body.
    pub(crate) async fn request(&mut self) -> Vec<u8> {
        self.requests.recv().await.unwrap()
    }
}

async fn serve(
    mut stream: TcpStream,
    script: impl Fn(usize) -> Vec<Act>,
    seen: &mpsc::UnboundedSender<Vec<u8>>,
    flooded: &AtomicUsize,
) {
    for number in 0.. {
        let Some(request) = read_request(&mut stream).await else { return };
        let _ = seen.send(request);
        for act in script(number) {
            match act {
                Act::Write(bytes) => stream.write_all(bytes).await.unwrap(),
                Act::Flood(total) => {
                    let chunk = vec![0; 64 * 1024];
                    for _ in 0..total / chunk.len() {
                        if stream.write_all(&chunk).await.is_err() {
                            return;
                        }
                        flooded.fetch_add(chunk.len(), Ordering::SeqCst);
                    }
                }
                Act::Close => return,
                Act::Reset => return stream.set_zero_linger().unwrap(),
                Act::Hang => std::future::pending().await,
            }
        }
    }
}

/// Reads a request with a `content-length` or without a body; none at the end of the connection.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).into_owned();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if request.len() >= end + 4 + length.map_or(0, |length| length.parse().unwrap()) {
                return Some(request);
            }
        }
        match stream.read_buf(&mut request).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

pub(crate) fn signing_secret(text: &str) -> SigningSecret {
    SigningSecret { secret: Secret::new(text), public_key: None, ends_at: None }
}

pub(crate) fn destination(url: &str) -> Destination {
    endpoint(Http { timeout: Duration::from_secs(60), ..Http::at(url) })
}

pub(crate) fn endpoint(http: Http) -> Destination {
    Destination {
        id: DestinationId(1),
        project: ProjectId(1),
        name: "peer".into(),
        reach: Reach::Http(http),
        concurrency: 1,
        pacing: Pacing::default(),
        paused_at: None,
        failing_since: None,
        signing_secrets: vec![signing_secret(SECRET)],
        managed_by: ManagedBy::Api,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn target(url: &str) -> Target {
    Target::new(&destination(url)).unwrap()
}

pub(crate) fn target_within(url: &str, timeout: Duration) -> Target {
    Target::new(&endpoint(Http { timeout, ..Http::at(url) })).unwrap()
}

pub(crate) fn request(head: &'static [u8], body: &'static [u8]) -> Request {
    Request {
        id: RequestId(7),
        project: ProjectId(1),
        source: Some(SourceId(1)),
        received_at: NOW,
        remote: "192.0.2.7".parse().unwrap(),
        verdict: Verdict::Accepted(Proof::Verified),
        head: head.into(),
        body: body.into(),
        body_bytes: body.len() as u64,
    }
}

pub(crate) fn event() -> EventId {
    EventId { request: RequestId(7), connection: ConnectionId(9) }
}

pub(crate) fn shipment(request: &Request) -> Shipment<'_> {
    Shipment { event: event(), number: 1, trigger: Trigger::Initial, request, now: NOW }
}

/// A sender that may reach loopback.
pub(crate) fn sender() -> Sender {
    sender_with(loopback(), AnswerLimits::default())
}

pub(crate) fn sender_with(guard: Guard, limits: AnswerLimits) -> Sender {
    Sender::new(Connector::new(guard, limits))
}

pub(crate) fn loopback() -> Guard {
    Guard::new(vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()])
}

/// One attempt with a plain POST, on the connection given.
pub(crate) async fn post(sender: &Sender, kept: &mut Option<Kept>, target: &Target) -> Sent {
    let request = request(b"POST /t HTTP/1.1\r\nHost: in.test\r\n\r\n", b"hello");
    sender.attempt(kept, target, &shipment(&request)).await
}

/// One attempt with a plain POST on a connection of its own.
pub(crate) async fn post_once(target: &Target) -> Sent {
    post(&sender(), &mut None, target).await
}

pub(crate) fn response(sent: Sent) -> Response {
    match sent.outcome {
        Outcome::Response(response) => response,
        other => panic!("{other:?}"),
    }
}

/// Asserts the kind of error and a part of its text.
pub(crate) fn assert_error(sent: Sent, kind: ErrorKind, part: &str) {
    let Outcome::Error(error) = sent.outcome else { panic!("{:?}", sent.outcome) };
    assert_eq!(error.kind, kind, "{error:?}");
    assert!(error.detail.contains(part), "{error:?} has no `{part}`");
}
