//! TLS for the public listener: a certificate chain and its key from two PEM files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("cannot read `{path}`: {cause}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The certificate file has no usable certificate.
    #[error("`{path}` has no certificate in PEM form: {cause}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: pem::Error,
    },
    /// The key file has no usable key.
    #[error("`{path}` has no private key in PEM form (PKCS#8, PKCS#1 or SEC1, not encrypted): {cause}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: pem::Error,
    },
    /// Both were read, but cannot be used, or not together.
    #[error("the certificate and the key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// Reads a certificate chain (the server's own certificate first) and its key. Offers HTTP/2 and HTTP/1.1.
///
/// # Errors
/// [`TlsError`] says which file is at fault.
pub fn load(certificates: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let chain = chain(certificates)?;
    let secret = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|cause| TlsError::Key { path: key.to_owned(), cause })?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, secret)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The server's own certificate: what it is known by.
///
/// # Errors
/// As [`load`].
pub fn certificate(certificates: &Path) -> Result<CertificateDer<'static>, TlsError> {
    let none = || TlsError::Certificate { path: certificates.to_owned(), cause: pem::Error::NoItemsFound };
    chain(certificates)?.into_iter().next().ok_or_else(none)
}

fn chain(certificates: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(certificates)?;
    CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) })
        .map_err(|cause| TlsError::Certificate { path: certificates.to_owned(), cause })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|cause| TlsError::Read { path: path.to_owned(), cause })
}
