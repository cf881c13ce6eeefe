//! Client certificates: accepted by a server that demands one, refused where it is another's, and what is said.

use std::net::SocketAddr;
use std::sync::Arc;

use hookyard_deliver::target::Target;
use hookyard_model::attempt::ErrorKind;
use hookyard_model::auth::{Auth, Mtls};
use hookyard_model::destination::Http;
use hookyard_model::secret::Secret;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::PrivateKeyDer;

use crate::peer;
use crate::tls::serve_to;

/// An authority with a certificate of its own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key in PEM.
struct Issued {
    certificate: String,
    key: String,
    der: (rustls_pki_types::CertificateDer<'static>, PrivateKeyDer<'static>),
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, name: &str) -> Issued {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap()),
        }
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server with a certificate of this authority for `localhost`, for clients that have one of `clients`.
    async fn serve(&self, clients: &Self) -> SocketAddr {
        let mut roots = RootCertStore::empty();
        roots.add(clients.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let (certificate, key) = self.issue("localhost").der;
        serve_to(verifier, certificate, key).await
    }
}

fn target(server: SocketAddr, client: &Issued, ca: Option<String>) -> Target {
    let certificate = client.certificate.clone();
    let auth = Auth::Mtls(Mtls { certificate, key: Secret::new(client.key.as_str()), ca });
    let url = format!("https://localhost:{}/", server.port());
    Target::new(&peer::endpoint(Http { auth, ..Http::at(url) })).unwrap()
}

#[tokio::test]
async fn a_certificate_that_the_server_knows_is_accepted_again_and_again() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let server = servers.serve(&clients).await;
    let target = target(server, &clients.issue("me"), Some(servers.pem()));
    let sender = peer::sender();
    for _ in 0..3 {
        let mut connection = None;
        for _ in 0..2 {
            assert_eq!(peer::response(peer::post(&sender, &mut connection, &target).await).status, 200);
        }
    }
}

#[tokio::test]
async fn without_it_or_with_anothers_the_attempt_says_so() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let server = servers.serve(&clients).await;
    // Of an authority that the server does not know.
    let foreign = target(server, &servers.issue("me"), Some(servers.pem()));
    peer::assert_error(
        peer::post_once(&foreign).await,
        ErrorKind::Tls,
        "the server ended the TLS connection",
    );
    // The server is not who we believe; it never sees our certificate.
    let stranger = target(server, &clients.issue("me"), Some(clients.pem()));
    peer::assert_error(peer::post_once(&stranger).await, ErrorKind::Tls, "not issued by an authority");
}

#[tokio::test]
async fn a_certificate_without_its_key_is_no_target() {
    let authority = Authority::new("clients");
    let (one, other) = (authority.issue("me"), authority.issue("me"));
    let mixed = Issued { key: other.key, ..one };
    let certificate = mixed.certificate.clone();
    let auth = Auth::Mtls(Mtls { certificate, key: Secret::new(mixed.key.as_str()), ca: None });
    let error = Target::new(&peer::endpoint(Http { auth, ..Http::at("https://localhost/") })).unwrap_err();
    assert!(error.to_string().contains("does not belong to the certificate"), "{error}");
}
