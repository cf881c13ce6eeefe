//! Questions to the admin API, one after the other over one connection.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::wire;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection to the admin listener.
pub(crate) struct Api {
    address: SocketAddr,
    stream: TcpStream,
}

impl Api {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).context("connect to the API")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        Ok(Self { address, stream })
    }

    /// What `GET` of a path below `/api/v1` answers.
    ///
    /// # Errors
    /// When it is not 200, or no JSON.
    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        let ask = format!("GET /api/v1{path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.stream.write_all(ask.as_bytes())?;
        let (answer, body) = self.read()?;
        if answer.status != 200 {
            bail!("GET {path} was answered {}: {}", answer.status, String::from_utf8_lossy(&body));
        }
        serde_json::from_slice(&body).with_context(|| format!("read what GET {path} answered"))
    }

    fn read(&mut self) -> anyhow::Result<(wire::Message, Vec<u8>)> {
        let mut buffer = Vec::with_capacity(64 << 10);
        let mut chunk = [0; 16 << 10];
        loop {
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            buffer.extend_from_slice(chunk.get(..read).unwrap_or_default());
            if let Some(answer) = wire::answer(&buffer)?.filter(|answer| answer.bytes <= buffer.len()) {
                let body = buffer.get(answer.head_bytes..answer.bytes).unwrap_or_default().to_vec();
                return Ok((answer, body));
            }
        }
    }
}
