//! The connection to a mail server: guarded, encrypted as configured, and then handed to `lettre`.
//!
//! `STARTTLS` is agreed here, before that, since the encryption is not `lettre`'s. What the server sent in the clear is
//! forgotten with it, but for its greeting, which `lettre` waits for; anything behind the server's consent is refused, as
//! somebody on the way may have put it there (RFC 3207, section 6).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hookyard_model::alert::{Email, Login, Security};
use hookyard_model::attempt::DeliveryError;
use hookyard_outgoing::endpoint::{Endpoint, Host};
use hookyard_outgoing::stage::Stage;
use hookyard_store::alerts::{Outcome, SendError};
use lettre::message::Message as Mail;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use crate::send::{Sender, one_line, refuse};

/// Longest reply that is read in the clear, in bytes.
const REPLY_BYTES_MAX: usize = 8 * 1024;
/// What stands for the greeting that came in the clear.
const GREETING: &[u8] = b"220 greeted before TLS\r\n";

/// Sends an email, within the sender's time limit.
pub(super) async fn send(sender: &Sender, email: &Email, mail: &Mail) -> Outcome {
    let deadline = Instant::now() + sender.timeout;
    let mut stage = Stage::Resolving;
    let endpoint = endpoint(email)?;
    match timeout_at(deadline, converse(sender, email, &endpoint, mail, deadline, &mut stage)).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Err(refuse(stage.timed_out(&endpoint, sender.timeout).detail)),
    }
}

fn endpoint(email: &Email) -> Result<Endpoint, SendError> {
    let name = ServerName::try_from(email.host.clone());
    let name = name.map_err(|_| refuse(format!("`{}` is not the name of a host", email.host)))?;
    let host = email.host.parse().map_or_else(|_| Host::Name(email.host.as_str().into()), Host::Address);
    let tls = (email.security != Security::None).then_some(name);
    Ok(Endpoint { host, port: email.port, tls })
}

async fn converse(
    sender: &Sender,
    email: &Email,
    endpoint: &Endpoint,
    mail: &Mail,
    deadline: Instant,
    stage: &mut Stage,
) -> Outcome {
    let (_, domain) = email.from.rsplit_once('@').unwrap_or_default();
    let socket = connect(sender, email.security, endpoint, domain, deadline, stage).await?;
    *stage = Stage::Waiting;
    let hello = ClientId::Domain(domain.to_owned());
    let connecting = AsyncSmtpConnection::connect_with_transport(Box::new(socket), &hello);
    let mut connection = connecting.await.map_err(|error| explain("the server took no greeting", &error))?;
    if let Some(Login { user, password }) = &email.login {
        let credentials = Credentials::new(user.clone(), password.expose().to_owned());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        connection.auth(&mechanisms, &credentials).await.map_err(|error| match error.status() {
            None if error.is_client() => {
                refuse("the server offers neither PLAIN nor LOGIN to log in with".to_owned())
            }
            _ => explain("the server took no login", &error),
        })?;
    }
    let sent = connection.send(mail.envelope(), &mail.formatted()).await;
    let taken = sent.map_err(|error| explain("the server did not take the email", &error))?;
    // It is taken; how the server says goodbye changes nothing.
    let _ = connection.quit().await;
    Ok(taken.code().into())
}

/// Connects, and encrypts that as configured.
async fn connect(
    sender: &Sender,
    security: Security,
    endpoint: &Endpoint,
    domain: &str,
    deadline: Instant,
    stage: &mut Stage,
) -> Result<Socket, SendError> {
    let failed = |error: DeliveryError| refuse(error.detail);
    let connector = if security == Security::None { &sender.plain } else { &sender.encrypted };
    let mut stream = connector.dial(endpoint, deadline, stage).await.map_err(failed)?;
    let Some(name) = &endpoint.tls else { return Ok(Socket { wire: Wire::Plain(stream), unread: b"" }) };
    let address = stream.peer_addr().map_err(|error| refuse(format!("the connection broke: {error}")))?;
    let is_late = security == Security::StartTls;
    if is_late {
        *stage = Stage::Waiting;
        start_tls(&mut stream, domain).await?;
    }
    *stage = Stage::Handshaking(address);
    let stream = connector.secure(stream, name).await.map_err(failed)?;
    let unread = if is_late { GREETING } else { b"" };
    Ok(Socket { wire: Wire::Tls(Box::new(stream)), unread })
}

/// Agrees on TLS (RFC 3207).
async fn start_tls(stream: &mut TcpStream, domain: &str) -> Result<(), SendError> {
    expect(stream, None, "220").await?;
    let offered = expect(stream, Some(&format!("EHLO {domain}\r\n")), "250").await?;
    let is_offered =
        offered.lines().filter_map(|line| line.get(4..)).any(|it| it.trim().eq_ignore_ascii_case("STARTTLS"));
    if !is_offered {
        let detail = "the server does not offer STARTTLS: set `security` to `tls` and its port, or ask whoever runs it";
        return Err(refuse(detail.to_owned()));
    }
    expect(stream, Some("STARTTLS\r\n"), "220").await?;
    Ok(())
}

/// Says something and reads the whole reply, which has to have this code and nothing behind it.
async fn expect(stream: &mut TcpStream, say: Option<&str>, code: &str) -> Result<String, SendError> {
    let broke = |error: io::Error| refuse(format!("the connection broke before TLS: {error}"));
    if let Some(say) = say {
        stream.write_all(say.as_bytes()).await.map_err(broke)?;
    }
    let mut reply = Vec::new();
    let end = loop {
        if let Some(end) = end_of_reply(&reply) {
            break end;
        }
        if reply.len() > REPLY_BYTES_MAX {
            return Err(refuse(format!("the server's reply is longer than {REPLY_BYTES_MAX} bytes")));
        }
        if stream.read_buf(&mut reply).await.map_err(broke)? == 0 {
            return Err(refuse("the server ended the connection before TLS".to_owned()));
        }
    };
    if end != reply.len() {
        return Err(refuse("the server sent something before it was its turn".to_owned()));
    }
    let reply = String::from_utf8_lossy(&reply).into_owned();
    match reply.starts_with(code) {
        true => Ok(reply),
        false => {
            let status = reply.get(..3).and_then(|code| code.parse().ok());
            Err(SendError { status, detail: format!("the server said: {}", one_line(&reply)) })
        }
    }
}

/// Where a reply ends: behind its first line whose code no hyphen follows (RFC 5321, section 4.2.1).
fn end_of_reply(reply: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let line = reply.get(start..)?;
        let length = line.iter().position(|byte| *byte == b'\n')? + 1;
        start += length;
        if line.get(3) != Some(&b'-') {
            return Some(start);
        }
    }
}

fn explain(what: &str, error: &SmtpError) -> SendError {
    let status = error.status().map(u16::from);
    let why = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let why = one_line(&why);
    let detail = match status {
        Some(status) => format!("{what}: {status} {why}"),
        None => format!("{what}: {why}"),
    };
    SendError { status, detail }
}

/// What `lettre` reads from and writes to.
struct Socket {
    wire: Wire,
    /// What is read before anything else.
    unread: &'static [u8],
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl fmt::Debug for Socket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_encrypted = matches!(self.wire, Wire::Tls(_));
        out.debug_struct("Socket").field("is_encrypted", &is_encrypted).finish_non_exhaustive()
    }
}

impl AsyncTokioStream for Socket {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.wire {
            Wire::Plain(stream) => stream.peer_addr(),
            Wire::Tls(stream) => stream.get_ref().0.peer_addr(),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        if !socket.unread.is_empty() {
            let (now, later) = socket.unread.split_at(socket.unread.len().min(buf.remaining()));
            buf.put_slice(now);
            socket.unread = later;
            return Poll::Ready(Ok(()));
        }
        match &mut socket.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Wire::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Wire::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What comes of agreeing on TLS with a server that says these things, one after each thing that is said to it.
    async fn agreed(says: &'static [&'static str]) -> Result<(), SendError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for say in says {
                stream.write_all(say.as_bytes()).await.unwrap();
                let mut heard = Vec::new();
                while !heard.ends_with(b"\r\n") && stream.read_buf(&mut heard).await.unwrap() > 0 {}
            }
        });
        let agreed = start_tls(&mut stream, "a.test").await;
        drop(stream);
        serving.await.unwrap();
        agreed
    }

    #[tokio::test]
    async fn tls_is_agreed_on_or_nothing_is_sent() {
        agreed(&["220 hi\r\n", "250-mail.test\r\n250-SIZE 9\r\n250 starttls\r\n", "220 go\r\n"])
            .await
            .unwrap();
        for (says, status, part) in [
            (&["554 go away\r\n"] as &'static [&'static str], Some(554), "the server said: 554 go away"),
            (&["220 hi\r\n", "250 mail.test\r\n"], None, "does not offer STARTTLS"),
            (&["220 hi\r\n", "250 STARTTLS\r\n", "454 not now\r\n"], Some(454), "454 not now"),
            // Whoever is on the way puts in an answer of his own, for the encrypted part (CVE-2011-0411 and its kin).
            (
                &["220 hi\r\n", "250 STARTTLS\r\n", "220 go\r\n250 AUTH PLAIN\r\n"],
                None,
                "before it was its turn",
            ),
            (&["220 hi\r\n250 STARTTLS\r\n"], None, "before it was its turn"),
        ] {
            let error = agreed(says).await.unwrap_err();
            assert_eq!(error.status, status, "{says:?}: {error}");
            assert!(error.detail.contains(part), "{says:?}: {error}");
        }
    }

    #[test]
    fn a_reply_ends_with_its_last_line() {
        for (reply, end) in [
            ("", None),
            ("220 hello", None),
            ("220 hello\r\n", Some(11)),
            ("220\r\n", Some(5)),
            ("250-a\r\n250-STARTTLS\r\n", None),
            ("250-a\r\n250 STARTTLS\r\n", Some(21)),
            ("220 go\r\n250 injected\r\n", Some(8)),
        ] {
            assert_eq!(end_of_reply(reply.as_bytes()), end, "{reply}");
        }
    }
}
