//! A server without TLS that speaks HTTP/2 frame by frame, exactly as it is told (RFC 9113, section 4.1).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hookyard_deliver::target::Target;
use hookyard_model::destination::{Http, HttpVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use crate::peer;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Types of frames.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// Flags.
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
/// Codes of errors.
pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const HTTP_1_1_REQUIRED: u32 = 13;

/// What the server does once a request has come whole; frames name the request's stream where they belong to one.
#[derive(Clone)]
pub(crate) enum Act {
    /// Answers 200 with this body.
    Answer(&'static [u8]),
    /// Writes a frame of headers, in HPACK (RFC 7541), without ending the stream.
    Head(&'static [u8]),
    /// The same, and ends the stream.
    Last(&'static [u8]),
    /// Writes a part of the body.
    Data(&'static [u8]),
    /// Ends the stream with this code.
    Reset(u32),
    /// Says that it closes the connection: the last stream that it has taken, and why.
    GoAway(u32, u32),
    /// Writes these bytes.
    Write(&'static [u8]),
    /// Waits until this is true.
    When(watch::Receiver<bool>),
    /// Closes the connection.
    Close,
}

/// What the server saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A whole request on this connection and stream.
    Request(usize, u32),
    /// The end of a stream by its client, with this code.
    Reset(usize, u32, u32),
    /// The end of the connection.
    End(usize),
}

/// A server on loopback; the script says what to do on the n-th connection with its m-th request.
pub(crate) struct Frames {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: mpsc::UnboundedReceiver<Seen>,
}

/// A frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend_from_slice(&[kind, flags]);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

impl Frames {
    pub(crate) async fn start(script: impl Fn(usize, usize) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let (count, script) = (Arc::clone(&connections), Arc::new(script));
        let (tell, seen) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = count.fetch_add(1, Ordering::SeqCst);
                let (script, tell) = (Arc::clone(&script), tell.clone());
                tokio::spawn(async move {
                    // Fails where the client is the first to go.
                    let _ = serve(stream, number, |m| script(number, m), &tell).await;
                    let _ = tell.send(Seen::End(number));
                });
            }
        });
        Self { address, connections, seen }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn target(&self) -> Target {
        self.target_within(Duration::from_secs(60))
    }

    pub(crate) fn target_within(&self, timeout: Duration) -> Target {
        let url = format!("http://{}/", self.address);
        let http = Http { timeout, http_version: HttpVersion::Two, ..Http::at(url) };
        Target::new(&peer::endpoint(http)).unwrap()
    }

    /// The next of what the server saw.
    pub(crate) async fn next(&mut self) -> Seen {
        self.seen.recv().await.unwrap()
    }

    /// How many requests it saw until now.
    pub(crate) fn requests(&mut self) -> usize {
        let seen = std::iter::from_fn(|| self.seen.try_recv().ok());
        seen.filter(|seen| matches!(seen, Seen::Request(..))).count()
    }
}

async fn serve(
    stream: TcpStream,
    connection: usize,
    script: impl Fn(usize) -> Vec<Act>,
    tell: &mpsc::UnboundedSender<Seen>,
) -> io::Result<()> {
    let (mut stream, write) = stream.into_split();
    let mut preface = [0; PREFACE.len()];
    stream.read_exact(&mut preface).await?;
    assert_eq!(preface, PREFACE);
    let (act, acts) = mpsc::unbounded_channel();
    tokio::spawn(perform(write, acts));
    let settings = frame(SETTINGS, 0, 0, &[]);
    let _ = act.send((0, Act::Write(settings.leak())));
    let mut requests = 0;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload).await?;
        let id = u32::from_be_bytes(id);
        match kind {
            SETTINGS if flags & ACK == 0 => {
                let _ = act.send((0, Act::Write(frame(SETTINGS, ACK, 0, &[]).leak())));
            }
            HEADERS | DATA if flags & END_STREAM != 0 => {
                let _ = tell.send(Seen::Request(connection, id));
                script(requests).into_iter().for_each(|next| drop(act.send((id, next))));
                requests += 1;
            }
            RST_STREAM => {
                let code = u32::from_be_bytes(payload.try_into().unwrap());
                let _ = tell.send(Seen::Reset(connection, id, code));
            }
            _ => {}
        }
    }
}

/// Does one after the other until the connection is to be closed, or has been.
async fn perform(
    mut stream: OwnedWriteHalf,
    mut acts: mpsc::UnboundedReceiver<(u32, Act)>,
) -> io::Result<()> {
    while let Some((id, act)) = acts.recv().await {
        let bytes = match act {
            // `:status: 200` is number 8 of HPACK's table.
            Act::Answer(body) => {
                [frame(HEADERS, END_HEADERS, id, &[0x88]), frame(DATA, END_STREAM, id, body)].concat()
            }
            Act::Head(block) => frame(HEADERS, END_HEADERS, id, block),
            Act::Last(block) => frame(HEADERS, END_HEADERS | END_STREAM, id, block),
            Act::Data(part) => frame(DATA, 0, id, part),
            Act::Reset(code) => frame(RST_STREAM, 0, id, &code.to_be_bytes()),
            Act::GoAway(last, code) => {
                frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
            }
            Act::Write(bytes) => bytes.to_vec(),
            Act::When(mut told) => {
                told.wait_for(|told| *told).await.unwrap();
                continue;
            }
            Act::Close => break,
        };
        stream.write_all(&bytes).await?;
    }
    Ok(())
}
