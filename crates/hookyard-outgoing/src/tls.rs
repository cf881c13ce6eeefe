//! TLS for outgoing connections: rustls, the machine's root certificates, and which versions of HTTP are offered.
//!
//! The roots are read at the first `https` connection, not at start: a gateway that delivers to plain
//! HTTP inside its own network needs none, and reading them costs tens of milliseconds.

use std::sync::Arc;

use hookyard_model::attempt::{DeliveryError, ErrorKind};
use rustls::client::WantsClientCert;
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, ClientConfig, ConfigBuilder, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::identity::Identity;

/// Makes TLS connections; the configuration is shared, so sessions are resumed.
#[derive(Default)]
pub(crate) struct Tls {
    loaded: OnceCell<Loaded>,
    /// Certificates trusted besides the machine's.
    extra_roots: Vec<CertificateDer<'static>>,
}

/// Which versions of HTTP are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only.
    Http2,
    /// The server picks.
    Either,
}

impl Offer {
    /// As names of ALPN (RFC 7301), those that are preferred first.
    fn protocols(self) -> Vec<Vec<u8>> {
        let names: &[&[u8]] = match self {
            Self::Http1 => &[HTTP1],
            Self::Http2 => &[HTTP2],
            Self::Either => &[HTTP2, HTTP1],
        };
        names.iter().map(|name| name.to_vec()).collect()
    }
}

/// HTTP/1.1 in ALPN.
const HTTP1: &[u8] = b"http/1.1";
/// HTTP/2 in ALPN.
pub(crate) const HTTP2: &[u8] = b"h2";

/// What is made of the root certificates.
struct Loaded {
    connector: TlsConnector,
    roots: Arc<RootCertStore>,
}

impl Tls {
    pub(crate) fn new(extra_roots: Vec<CertificateDer<'static>>) -> Self {
        Self { loaded: OnceCell::new(), extra_roots }
    }

    /// The root certificates that are trusted.
    ///
    /// # Errors
    /// [`ErrorKind::Tls`] where there are none.
    pub(crate) async fn roots(&self) -> Result<Arc<RootCertStore>, DeliveryError> {
        Ok(Arc::clone(&self.loaded().await?.roots))
    }

    async fn loaded(&self) -> Result<&Loaded, DeliveryError> {
        // A failure is not kept: roots that are installed later are found by the next connection.
        self.loaded.get_or_try_init(|| load(self.extra_roots.clone())).await.map_err(fail)
    }

    /// Takes an open connection through the handshake, as whom we are where that is asked.
    ///
    /// # Errors
    /// [`ErrorKind::Tls`] where there are no roots, or the handshake or the certificate does not hold.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        name: &ServerName<'static>,
        identity: Option<&Identity>,
        offer: Offer,
    ) -> Result<TlsStream<TcpStream>, DeliveryError> {
        let connector = match identity {
            None => &self.loaded().await?.connector,
            Some(identity) => identity.connector(self).await?,
        };
        let connecting = connector.with_alpn(offer.protocols()).connect(name.clone(), stream);
        connecting.await.map_err(|error| fail(explain(&error, name)))
    }
}

async fn load(extra_roots: Vec<CertificateDer<'static>>) -> Result<Loaded, String> {
    let loading = tokio::task::spawn_blocking(|| configure(extra_roots));
    loading.await.map_err(|error| error.to_string())?
}

fn configure(extra_roots: Vec<CertificateDer<'static>>) -> Result<Loaded, String> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    // Machines carry the odd unreadable root; the rest are good.
    roots.add_parsable_certificates(native.certs);
    roots.add_parsable_certificates(extra_roots);
    if roots.is_empty() {
        let causes: Vec<String> = native.errors.iter().map(ToString::to_string).collect();
        let causes = if causes.is_empty() { "none found".to_owned() } else { causes.join("; ") };
        return Err(format!(
            "this machine has no root certificates ({causes}); install the package ca-certificates or point SSL_CERT_FILE at a bundle"
        ));
    }
    let roots = Arc::new(roots);
    let connector = connector(Arc::clone(&roots), |builder| builder.with_no_client_auth());
    Ok(Loaded { connector: connector.map_err(|error| error.detail)?, roots })
}

/// Makes TLS connections to those whose certificates lead to `roots`.
///
/// # Errors
/// [`ErrorKind::Tls`] where the library refuses.
pub(crate) fn connector(
    roots: Arc<RootCertStore>,
    client: impl FnOnce(ConfigBuilder<ClientConfig, WantsClientCert>) -> ClientConfig,
) -> Result<TlsConnector, DeliveryError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| fail(error.to_string()))?;
    Ok(TlsConnector::from(Arc::new(client(builder.with_root_certificates(roots)))))
}

/// What does the cryptography.
pub(crate) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// The handshake's error in words that say what to look at.
pub(crate) fn explain(error: &std::io::Error, name: &ServerName<'static>) -> String {
    let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return format!("the connection broke during the TLS handshake: {error}");
    };
    let name = name.to_str();
    match cause {
        rustls::Error::InvalidCertificate(certificate) => explain_certificate(certificate, &name),
        rustls::Error::InvalidMessage(_) => {
            format!(
                "the server does not speak TLS on this port ({cause}); should the URL start with http://?"
            )
        }
        _ => format!("TLS handshake failed: {cause}"),
    }
}

fn explain_certificate(error: &CertificateError, name: &str) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "the certificate is not issued by an authority that this machine trusts (self-signed, or an intermediate certificate is missing)"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate is not valid for this name: {name}")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the certificate of {name} has expired")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of {name} is not valid yet; is this machine's clock right?")
        }
        _ => format!("the certificate of {name} does not hold: {error}"),
    }
}

fn fail(detail: String) -> DeliveryError {
    DeliveryError { kind: ErrorKind::Tls, detail }
}
