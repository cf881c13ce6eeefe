//! An HTTP/1.1 client that sends exactly the bytes it is told to.

use std::io;
use std::net::SocketAddr;

use ring::hmac;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::within;

/// One connection.
pub(crate) struct Client<S = TcpStream> {
    stream: S,
    unread: Vec<u8>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The head, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The id of an accepted request.
    #[track_caller]
    pub(crate) fn request_id(&self) -> String {
        assert_eq!(self.status, 200, "{} {}", self.head, self.text());
        self.json()["request_id"].as_str().unwrap().to_owned()
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.send(request).await?;
        self.answer().await
    }

    /// The next answer, with a body as long as it says.
    pub(crate) async fn answer(&mut self) -> io::Result<Answer> {
        let answer = self.head().await?;
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            self.read().await?;
        }
        Ok(Answer { body: self.unread.drain(..length).collect(), ..answer })
    }

    /// The next answer's head.
    pub(crate) async fn head(&mut self) -> io::Result<Answer> {
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await?;
        };
        let head = String::from_utf8_lossy(&self.unread.drain(..end).collect::<Vec<_>>()).to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Ok(Answer { status, head, body: Vec::new() })
    }

    /// Reads on until `find` finds something in all that came since the head.
    pub(crate) async fn text_until<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> io::Result<T> {
        loop {
            if let Some(found) = find(&String::from_utf8_lossy(&self.unread)) {
                return Ok(found);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.unread).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// A request's bytes.
pub(crate) fn request(
    method: &str,
    target: &str,
    host: SocketAddr,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in headers {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    bytes.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    [bytes.as_bytes(), body].concat()
}

/// Sends one request on a connection of its own.
pub(crate) async fn ask_once(
    method: &str,
    target: &str,
    host: SocketAddr,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let asked = async {
        let mut client = Client::connect(host).await.unwrap();
        client.ask(&request(method, target, host, headers, body)).await.unwrap()
    };
    within(&format!("{method} {target} is answered"), asked).await
}

/// The value of `X-Hub-Signature-256`.
pub(crate) fn github_signature(secret: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body);
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}
