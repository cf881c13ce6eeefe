//! A client that sends exactly the bytes it is told to, and reads answers.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection to the gateway.
pub(crate) struct Client<S = TcpStream> {
    stream: S,
    unread: Vec<u8>,
}

/// One answer, in text.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The head, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Closes the writing side only.
    pub(crate) async fn end_sending(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        self.send(bytes).await;
        self.answer().await
    }

    /// The next answer. Panics where the connection ends before it is complete.
    pub(crate) async fn answer(&mut self) -> Answer {
        let answer = self.head().await;
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            assert!(self.read().await, "the connection ended in an answer's body");
        }
        let body = self.unread.drain(..length).collect();
        Answer { body: String::from_utf8(body).unwrap(), ..answer }
    }

    /// The next answer's head: all there is of an answer to HEAD, or of `100 Continue`.
    pub(crate) async fn head(&mut self) -> Answer {
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(self.read().await, "the connection ended before an answer");
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: String::new() }
    }

    /// Waits until the gateway closes the connection, and asserts that it says nothing more.
    pub(crate) async fn closed(mut self) {
        while self.read().await {}
        assert_eq!(String::from_utf8_lossy(&self.unread), "");
    }

    async fn read(&mut self) -> bool {
        self.stream.read_buf(&mut self.unread).await.is_ok_and(|count| count > 0)
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The `code` of an error.
    pub(crate) fn code(&self) -> &str {
        let start = self.body.strip_prefix("{\"error\":{\"code\":\"").expect(&self.body);
        start.split('"').next().unwrap()
    }

    /// The id of an accepted request.
    pub(crate) fn request_id(&self) -> hookyard_model::id::RequestId {
        assert_eq!(self.status, 200, "{self:?}");
        let id = self.body.strip_prefix("{\"request_id\":\"").and_then(|rest| rest.strip_suffix("\"}"));
        id.expect(&self.body).parse().unwrap()
    }
}
