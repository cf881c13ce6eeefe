//! TLS: certificate and key from files, both protocols by ALPN.

use std::sync::Arc;

use hookyard_ingest::limits::Limits;
use hookyard_ingest::tls::{self, TlsError};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::Client;
use crate::gateway::Gateway;

struct Files {
    directory: tempfile::TempDir,
    roots: RootCertStore,
}

impl Files {
    fn new() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("cert.pem"), cert.pem()).unwrap();
        std::fs::write(directory.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        Self { directory, roots }
    }

    fn load(&self, certificate: &str, key: &str) -> Result<rustls::ServerConfig, TlsError> {
        tls::load(&self.directory.path().join(certificate), &self.directory.path().join(key))
    }

    async fn connect(&self, gateway: &Gateway, protocol: &[u8]) -> TlsStream<TcpStream> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(gateway.address).await.unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect("localhost".try_into().unwrap(), stream)
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        stream
    }
}

#[tokio::test]
async fn http_1_over_tls_keeps_heads_byte_for_byte() {
    let files = Files::new();
    let gateway = Gateway::with_tls(files.load("cert.pem", "key.pem").unwrap()).await;
    let mut client = Client::over(files.connect(&gateway, b"http/1.1").await);
    let head = "POST /open HTTP/1.1\r\nX-A: 1\r\nContent-Length: 2\r\nx-a: 2\r\n\r\n";
    let id = client.ask(format!("{head}ok")).await.request_id();
    assert_eq!(String::from_utf8_lossy(&gateway.stored(id).await.head), head);
}

#[tokio::test]
async fn http_2_over_tls_is_negotiated() {
    let files = Files::new();
    let gateway = Gateway::with_tls(files.load("cert.pem", "key.pem").unwrap()).await;
    let stream = TokioIo::new(files.connect(&gateway, b"h2").await);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let request =
        http::Request::post("https://localhost/open").body(Full::<bytes::Bytes>::from("x")).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_cut() {
    let files = Files::new();
    let limits = Limits { header_read_timeout: std::time::Duration::from_millis(50), ..Limits::default() };
    let gateway = Gateway::open(limits, Some(files.load("cert.pem", "key.pem").unwrap())).await;
    let mut client = gateway.client().await;
    client.send([0x16, 0x03]).await;
    client.closed().await;
}

#[test]
fn what_cannot_be_used_is_named() {
    let files = Files::new();
    let other = Files::new();
    std::fs::copy(other.directory.path().join("key.pem"), files.directory.path().join("other.pem")).unwrap();
    assert!(
        matches!(files.load("none.pem", "key.pem"), Err(TlsError::Read { path, .. }) if path.ends_with("none.pem"))
    );
    assert!(matches!(files.load("key.pem", "key.pem"), Err(TlsError::Certificate { .. })));
    assert!(matches!(files.load("cert.pem", "cert.pem"), Err(TlsError::Key { .. })));
    assert!(matches!(files.load("cert.pem", "other.pem"), Err(TlsError::Unusable(_))));
}
