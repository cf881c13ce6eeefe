//! TLS: whom we trust, which name the certificate must hold, and what is said when it does not.

use std::net::SocketAddr;
use std::sync::Arc;

use hookyard_deliver::send::Sender;
use hookyard_model::attempt::ErrorKind;
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::exchange::AnswerLimits;
use rcgen::{CertificateParams, KeyPair};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::peer::{self, OK, Peer};

/// A certificate for `name` that vouches for itself, and its key.
fn certificate(
    name: &str,
    change: fn(&mut CertificateParams),
) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    (certificate, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

/// A server that answers everything with 200, without asking who we are.
async fn serve(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> SocketAddr {
    serve_to(Arc::new(NoClientAuth), certificate, key).await
}

/// A TLS server that picks HTTP/1.1 of what it is offered, and answers everything with 200.
pub(crate) async fn serve_to(
    clients: Arc<dyn ClientCertVerifier>,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            while peer::read_request(&mut stream).await.is_some() {
                stream.write_all(OK).await.unwrap();
            }
        }
    });
    address
}

fn trusting(certificate: &CertificateDer<'static>) -> Sender {
    let roots = vec![certificate.clone()];
    Sender::new(Connector::with_extra_roots(peer::loopback(), AnswerLimits::default(), roots))
}

#[tokio::test]
async fn a_trusted_certificate_for_the_name_or_the_address() {
    for name in ["localhost", "127.0.0.1"] {
        let (certificate, key) = certificate(name, |_| {});
        let port = serve(certificate.clone(), key).await.port();
        let (sender, target) = (trusting(&certificate), peer::target(&format!("https://{name}:{port}/")));
        let mut connection = None;
        for _ in 0..3 {
            assert_eq!(peer::response(peer::post(&sender, &mut connection, &target).await).status, 200);
        }
    }
}

#[tokio::test]
async fn certificates_that_do_not_hold() {
    for (name, change, trusted, part) in [
        ("localhost", (|_| {}) as fn(&mut CertificateParams), false, "not issued by an authority"),
        ("other.test", |_| {}, true, "not valid for this name: localhost"),
        (
            "localhost",
            |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1),
            true,
            "of localhost has expired",
        ),
        (
            "localhost",
            |params| params.not_before = rcgen::date_time_ymd(4000, 1, 1),
            true,
            "is not valid yet",
        ),
    ] {
        let (certificate, key) = certificate(name, change);
        let port = serve(certificate.clone(), key).await.port();
        let sender = if trusted { trusting(&certificate) } else { peer::sender() };
        let target = peer::target(&format!("https://localhost:{port}/"));
        peer::assert_error(peer::post(&sender, &mut None, &target).await, ErrorKind::Tls, part);
    }
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate() {
    let (certificate, key) = certificate("localhost", |_| {});
    let mut clients = RootCertStore::empty();
    clients.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(clients), provider).build().unwrap();
    let port = serve_to(clients, certificate.clone(), key).await.port();
    let target = peer::target(&format!("https://localhost:{port}/"));
    let sent = peer::post(&trusting(&certificate), &mut None, &target).await;
    peer::assert_error(sent, ErrorKind::Tls, "CertificateRequired");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls() {
    let (certificate, _) = certificate("localhost", |_| {});
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = peer::read_request(&mut stream).await;
    });
    let target = peer::target(&format!("https://127.0.0.1:{port}/"));
    let sent = peer::post(&trusting(&certificate), &mut None, &target).await;
    peer::assert_error(sent, ErrorKind::Tls, "does not speak TLS");
}

#[tokio::test]
async fn the_handshake_counts_towards_the_timeout() {
    let peer = Peer::answering(OK).await;
    let url = format!("https://{}/", peer.address);
    let target = peer::target_within(&url, std::time::Duration::from_millis(100));
    let (certificate, _) = certificate("localhost", |_| {});
    let sent = peer::post(&trusting(&certificate), &mut None, &target).await;
    peer::assert_error(sent, ErrorKind::Timeout, "did not complete the TLS handshake within 100 ms");
}
