//! TLS for outgoing connections: rustls, the machine's root certificates, HTTP/1.1 only.
//!
//! The roots are read at the first `https` connection, not at start: a gateway that delivers to plain
//! HTTP inside its own network needs none, and reading them costs tens of milliseconds.

use std::sync::Arc;

use hookyard_model::attempt::{DeliveryError, ErrorKind};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Makes TLS connections; the configuration is shared, so sessions are resumed.
#[derive(Default)]
pub(crate) struct Tls {
    loaded: OnceCell<Loaded>,
    /// Certificates trusted besides the machine's.
    extra_roots: Vec<CertificateDer<'static>>,
}

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

    /// Takes an open connection through the handshake.
    ///
    /// # Errors
    /// [`ErrorKind::Tls`] where there are no roots, or the handshake or the certificate does not hold.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        name: &ServerName<'static>,
    ) -> Result<TlsStream<TcpStream>, DeliveryError> {
        let connector = &self.loaded().await?.connector;
        connector.connect(name.clone(), stream).await.map_err(|error| fail(explain(&error, name)))
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
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    let roots = Arc::new(roots);
    let mut config = builder.with_root_certificates(Arc::clone(&roots)).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Loaded { connector: TlsConnector::from(Arc::new(config)), roots })
}

/// The handshake's error in words that say what to look at.
fn explain(error: &std::io::Error, name: &ServerName<'static>) -> String {
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
