//! Destinations: TCP servers that take deliveries and behave as well or as badly as they are told to,
//! also while they run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use crate::process::within;

/// What a sink does with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Answers with this status, an empty body and these header lines, each ended by CRLF.
    Answer(u16, &'static str),
    /// Answers 200 with this body.
    Page(&'static str),
    /// Answers nothing until it is told to act otherwise; then acts so.
    Hang,
    /// Breaks the connection.
    Reset,
    /// Answers 200 with a body of so many bytes, as fast as they are taken.
    Flood(usize),
    /// Answers 200 with a body of so many bytes, a byte every ten milliseconds.
    Drip(usize),
    /// Answers 200, and breaks the connection in the middle of the body.
    BreakOff,
}

/// All is well.
pub(crate) const OK: Act = Act::Answer(200, "");

/// A delivery, and what the sink did with it. One that is first left hanging is told of twice.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) act: Act,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Delivery {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A destination.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    act: watch::Sender<Act>,
    connections: Arc<AtomicUsize>,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
}

/// What the connections of a sink share.
#[derive(Clone)]
struct Shared {
    act: watch::Receiver<Act>,
    deliveries: mpsc::UnboundedSender<Delivery>,
}

impl Sink {
    pub(crate) async fn start(act: Act) -> Self {
        Self::at("127.0.0.1:0", act, None).await
    }

    pub(crate) async fn with_tls(act: Act, tls: TlsAcceptor) -> Self {
        Self::at("127.0.0.1:0", act, Some(tls)).await
    }

    pub(crate) async fn at(address: &str, act: Act, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (act, acts) = watch::channel(act);
        let (sender, deliveries) = mpsc::unbounded_channel();
        let connections = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&connections);
        let shared = Shared { act: acts, deliveries: sender };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let (shared, tls) = (shared.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => shared.serve(stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                shared.serve(stream).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, scheme, act, connections, deliveries }
    }

    /// From now on, and for all that hangs.
    pub(crate) fn act(&self, act: Act) {
        self.act.send_replace(act);
    }

    pub(crate) fn url(&self) -> String {
        let host = if self.scheme == "https" { "localhost" } else { "127.0.0.1" };
        format!("{}://{host}:{}/hook", self.scheme, self.address.port())
    }

    /// How often somebody connected.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The next delivery.
    pub(crate) async fn next(&mut self) -> Delivery {
        within("a delivery arrives", self.deliveries.recv()).await.unwrap()
    }

    /// A delivery that is there already, if there is one.
    pub(crate) fn already(&mut self) -> Option<Delivery> {
        self.deliveries.try_recv().ok()
    }

    /// All deliveries, for whoever wants to follow them elsewhere.
    pub(crate) fn take_deliveries(&mut self) -> mpsc::UnboundedReceiver<Delivery> {
        std::mem::replace(&mut self.deliveries, mpsc::unbounded_channel().1)
    }
}

impl Shared {
    async fn serve<S: Stream>(mut self, mut stream: S) {
        let mut unread = Vec::new();
        while let Some((method, target, headers, body)) = read_request(&mut stream, &mut unread).await {
            let act = *self.act.borrow_and_update();
            let mut delivery = Delivery { act, method, target, headers, body };
            let _ = self.deliveries.send(delivery.clone());
            if delivery.act == Act::Hang {
                let released = tokio::select! {
                    act = self.act.wait_for(|act| *act != Act::Hang) => *act.unwrap(),
                    // The gateway never sends what it was not asked for: it has gone.
                    _ = stream.read_u8() => return,
                };
                delivery.act = released;
                let _ = self.deliveries.send(delivery.clone());
            }
            if !stream_answer(&mut stream, delivery.act).await {
                return;
            }
        }
    }
}

/// Does what was decided; false where the connection is to end.
async fn stream_answer<S: Stream>(stream: &mut S, act: Act) -> bool {
    let head = |bytes: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n");
    match act {
        Act::Answer(status, headers) => {
            let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n{headers}\r\n");
            stream.write_all(answer.as_bytes()).await.is_ok() && stream.flush().await.is_ok()
        }
        Act::Page(body) => {
            let answer = format!("{}{body}", head(body.len()));
            stream.write_all(answer.as_bytes()).await.is_ok() && stream.flush().await.is_ok()
        }
        Act::Reset => stream.break_off(),
        Act::BreakOff => {
            let _ = stream.write_all(format!("{}half of it", head(1_000)).as_bytes()).await;
            false
        }
        Act::Flood(bytes) => {
            let mut sent = stream.write_all(head(bytes).as_bytes()).await;
            for _ in 0..bytes / 65_536 {
                if sent.is_ok() {
                    sent = stream.write_all(&[b'f'; 65_536]).await;
                }
            }
            sent.is_ok()
        }
        Act::Drip(bytes) => {
            let mut sent = stream.write_all(head(bytes).as_bytes()).await;
            let mut ticks = tokio::time::interval(Duration::from_millis(10));
            while sent.is_ok() {
                ticks.tick().await;
                sent = stream.write_all(b"d").await;
            }
            false
        }
        Act::Hang => unreachable!("what hangs is released to something else"),
    }
}

/// A connection of either kind.
trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// Makes the peer see a reset; always false, as the connection ends.
    fn break_off(&self) -> bool;
}

impl Stream for TcpStream {
    fn break_off(&self) -> bool {
        self.set_zero_linger().unwrap();
        false
    }
}

impl Stream for tokio_rustls::server::TlsStream<TcpStream> {
    fn break_off(&self) -> bool {
        self.get_ref().0.break_off()
    }
}

type Read = (String, String, Vec<(String, String)>, Vec<u8>);

/// Method, target, headers and body of the next request; none at the end of the connection.
async fn read_request(stream: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> Option<Read> {
    loop {
        if let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&unread[..end]).into_owned();
            let mut lines = head.lines();
            let mut line = lines.next().unwrap().split(' ').map(str::to_owned);
            let (method, target) = line.next().zip(line.next()).unwrap();
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let whole = end + 4 + length.map_or(0, |(_, length)| length.parse().unwrap());
            if unread.len() >= whole {
                let body = unread.drain(..whole).skip(end + 4).collect();
                return Some((method, target, headers, body));
            }
        }
        match stream.read_buf(unread).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}
