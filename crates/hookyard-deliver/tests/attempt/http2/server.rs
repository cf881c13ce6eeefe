//! A real server behind TLS, for both versions of HTTP: hyper's.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hookyard_deliver::send::Sender;
use hookyard_deliver::target::Target;
use hookyard_model::destination::{Http, HttpVersion};
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::exchange::AnswerLimits;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::server::NoClientAuth;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::peer;

pub(crate) type Answering = Pin<Box<dyn Future<Output = Response<BoxBody<Bytes, Infallible>>> + Send>>;

/// A server on loopback with a certificate of its own for `localhost`.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) certificate: CertificateDer<'static>,
    connections: Arc<AtomicUsize>,
    open: watch::Receiver<usize>,
}

/// What it is made of.
pub(crate) struct Making {
    pub(crate) certificate: (CertificateDer<'static>, PrivateKeyDer<'static>),
    pub(crate) clients: Arc<dyn ClientCertVerifier>,
    pub(crate) protocols: &'static [&'static str],
    /// How many requests it allows on one connection.
    pub(crate) streams_max: u32,
}

impl Making {
    pub(crate) fn usual() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        Self {
            certificate: (made.cert.der().clone(), key),
            clients: Arc::new(NoClientAuth),
            protocols: &["h2", "http/1.1"],
            streams_max: 200,
        }
    }
}

impl Server {
    pub(crate) async fn start<A>(making: Making, answer: A) -> Self
    where
        A: Fn(Request<Incoming>) -> Answering + Clone + Send + Sync + 'static,
    {
        let (certificate, key) = making.certificate;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(making.clients)
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        config.alpn_protocols = making.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let (count, streams_max) = (Arc::clone(&connections), making.streams_max);
        let (now_open, open) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let (acceptor, answer, now_open) = (acceptor.clone(), answer.clone(), now_open.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    now_open.send_modify(|open| *open += 1);
                    let mut builder = auto::Builder::new(TokioExecutor::new());
                    builder.http2().max_concurrent_streams(streams_max);
                    let service = service_fn(|request| {
                        let answering = answer(request);
                        async { Ok::<_, Infallible>(answering.await) }
                    });
                    // Fails where the client is the first to go.
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                    now_open.send_modify(|open| *open -= 1);
                });
            }
        });
        Self { address, certificate, connections, open }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are open.
    pub(crate) async fn open(&mut self, connections: usize) {
        self.open.wait_for(|open| *open == connections).await.unwrap();
    }

    pub(crate) fn http(&self) -> Http {
        let url = format!("https://localhost:{}/", self.address.port());
        Http { timeout: Duration::from_secs(60), ..Http::at(url) }
    }

    pub(crate) fn target(&self) -> Target {
        self.target_in(HttpVersion::Auto)
    }

    pub(crate) fn target_in(&self, http_version: HttpVersion) -> Target {
        Target::new(&peer::endpoint(Http { http_version, ..self.http() })).unwrap()
    }

    /// A sender that trusts it.
    pub(crate) fn sender(&self) -> Sender {
        let roots = vec![self.certificate.clone()];
        Sender::new(Connector::with_extra_roots(peer::loopback(), AnswerLimits::default(), roots))
    }
}
