//! TLS on both sides, with a certificate made for the test.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::client::{Client, request};
use crate::gateway::{Gateway, OPEN_SOURCE, Yard, leg};
use crate::process::within;
use crate::sink::{OK, Sink};

/// A certificate that vouches for itself.
pub(crate) struct Certificate {
    pub(crate) pem: String,
    pub(crate) key_pem: String,
    made: CertifiedKey<rcgen::KeyPair>,
}

impl Certificate {
    pub(crate) fn of(host: &str) -> Self {
        let made = generate_simple_self_signed([host.to_owned()]).unwrap();
        Self { pem: made.cert.pem(), key_pem: made.signing_key.serialize_pem(), made }
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::try_from(self.made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.made.cert.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    async fn connect(&self, gateway: &Gateway, protocol: &[u8]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.made.cert.der().clone()).unwrap();
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(gateway.public).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        stream
    }
}

#[tokio::test]
async fn webhooks_come_in_over_tls_by_both_versions_of_http() {
    let certificate = Certificate::of("localhost");
    let mut sink = Sink::start(OK).await;
    let mut yard = Yard::to(&sink);
    std::fs::write(yard.path().join("cert.pem"), &certificate.pem).unwrap();
    std::fs::write(yard.path().join("key.pem"), &certificate.key_pem).unwrap();
    yard.settings.push_str("[server.tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n");
    let gateway = yard.start().await;

    let mut client = Client::over(certificate.connect(&gateway, b"http/1.1").await);
    let bytes = request("POST", "/in", gateway.public, &[], b"by one");
    within("an answer", client.ask(&bytes)).await.unwrap().request_id();
    assert_eq!(sink.next().await.body, b"by one");

    let stream = TokioIo::new(certificate.connect(&gateway, b"h2").await);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let url = format!("https://localhost:{}/in", gateway.public.port());
    let bytes = http::Request::post(url).body(Full::<bytes::Bytes>::from("by two")).unwrap();
    let answer = within("an answer", sender.send_request(bytes)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.into_body().collect().await.unwrap().to_bytes().starts_with(b"{\"request_id\":"));
    assert_eq!(sink.next().await.body, b"by two");
    connection.abort();

    let source = &gateway.get("/api/v1/sources").await["data"][0];
    assert!(source["url"].as_str().unwrap().starts_with("https://"), "{source}");
}

#[tokio::test]
async fn deliveries_go_out_over_tls_to_those_whose_certificate_holds() {
    let (trusted, stranger) = (Certificate::of("localhost"), Certificate::of("localhost"));
    let mut sink = Sink::with_tls(OK, trusted.acceptor()).await;
    let mut impostor = Sink::with_tls(OK, stranger.acceptor()).await;
    let once = "retry = { custom = [] }";
    let (out, away) = (leg("out", &sink, "", once), leg("away", &impostor, "", once));
    let mut yard = Yard::new(format!("{OPEN_SOURCE}{out}{away}"));
    let roots = yard.path().join("roots.pem");
    std::fs::write(&roots, &trusted.pem).unwrap();
    yard.env.insert("SSL_CERT_FILE".to_owned(), roots.to_str().unwrap().to_owned());
    let gateway = yard.start().await;
    let id = gateway.take(b"in secret").await;
    assert_eq!(sink.next().await.body, b"in secret");
    let successful =
        gateway.get_until("/api/v1/events?state=successful", "one", |it| it["data"][0]["request_id"] == id);
    successful.await;
    let failed =
        gateway.get_until("/api/v1/events?state=failed", "one", |it| it["data"][0]["request_id"] == id).await;
    assert_eq!(failed["data"][0]["last_error"], "tls", "{failed}");
    assert!(impostor.already().is_none() && impostor.connections() > 0);
}
