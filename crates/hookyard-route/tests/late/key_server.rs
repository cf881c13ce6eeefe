//! The providers' servers: HTTPS on loopback with a certificate of its own, under the names that the
//! catalogue has, and they act as they are told, also while they run.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::exchange::AnswerLimits;
use hookyard_outgoing::guard::Guard;
use rcgen::generate_simple_self_signed;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

/// The names it goes by.
const NAMES: [&str; 2] = ["api.circle.com", "sns.us-east-1.amazonaws.com"];

/// What the server does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Answers with this status and body.
    Answer(u16, String),
    /// Answers nothing until it is told to act otherwise.
    Hang,
    /// Closes the connection.
    Close,
}

pub(crate) struct KeyServer {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    act: watch::Sender<Act>,
    asked: mpsc::UnboundedReceiver<String>,
}

impl KeyServer {
    pub(crate) async fn start(act: Act) -> Self {
        let made = generate_simple_self_signed(NAMES.map(str::to_owned)).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (act, acts) = watch::channel(act);
        let (seen, asked) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, acts, seen) = (tls.clone(), acts.clone(), seen.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, acts, seen).await;
                    }
                });
            }
        });
        Self { address, certificate, act, asked }
    }

    /// Connections that may reach loopback, and for which this server is all the providers' servers.
    pub(crate) fn connector(&self) -> Connector {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let roots = vec![self.certificate.clone()];
        let hosts: HashMap<String, SocketAddr> =
            NAMES.iter().map(|name| ((*name).to_owned(), self.address)).collect();
        Connector::with_extra_roots(guard, AnswerLimits::default(), roots).with_hosts(hosts)
    }

    /// From now on, and for all that hangs.
    pub(crate) fn act(&self, act: Act) {
        self.act.send_replace(act);
    }

    /// The path of the next request.
    pub(crate) async fn asked(&mut self) -> String {
        self.asked.recv().await.unwrap()
    }

    /// The paths of the requests that nobody has looked at yet.
    pub(crate) fn already(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.asked.try_recv().ok()).collect()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mut acts: watch::Receiver<Act>,
    seen: mpsc::UnboundedSender<String>,
) {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read_buf(&mut head).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let _ = seen.send(path);
    let act = acts.wait_for(|act| *act != Act::Hang).await.map(|act| act.clone());
    if let Ok(Act::Answer(status, body)) = act {
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}
