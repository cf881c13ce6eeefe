//! Who we are in a TLS handshake: a client certificate with its key, and whom we believe in turn.
//!
//! Parsed when a destination is saved and once more when its lane is told of it; the TLS configuration that
//! comes of it is made once, so that sessions are resumed.

use std::fmt;
use std::sync::Arc;

use hookyard_model::attempt::DeliveryError;
use rustls::RootCertStore;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use crate::tls::{self, Tls};

/// A client certificate; clones share it.
#[derive(Clone)]
pub struct Identity(Arc<Shared>);

struct Shared {
    certified: Arc<SingleCertAndKey>,
    /// The authorities to believe; none for those that the machine trusts.
    roots: Option<Arc<RootCertStore>>,
    connector: OnceCell<TlsConnector>,
}

/// Texts that make no client certificate. None of them is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// There is no certificate, or one is damaged.
    #[error(
        "no certificate can be read in it: give the client certificate and its intermediates in PEM form"
    )]
    Certificate,
    /// There is no key, it is damaged, encrypted, or of a kind that is not known.
    #[error(
        "no private key can be read in it: give one in PEM form, without a passphrase (RSA, P-256, P-384 or Ed25519)"
    )]
    Key,
    /// The key is another certificate's.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    /// There is no authority, or one is damaged.
    #[error("no certificate authority can be read in it: give their certificates in PEM form")]
    Authority,
}

impl IdentityError {
    /// Which of the three texts it is about: `certificate`, `key` or `ca`.
    pub const fn setting(&self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Key | Self::Mismatch => "key",
            Self::Authority => "ca",
        }
    }
}

impl Identity {
    /// Reads a certificate chain, its key, and the authorities that the other side's certificate may come from
    /// (none for the machine's), all in PEM.
    ///
    /// # Errors
    /// [`IdentityError`] where they cannot be read, or do not belong together.
    pub fn parse(certificate: &str, key: &str, ca: Option<&str>) -> Result<Self, IdentityError> {
        let chain = certificates(certificate).ok_or(IdentityError::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| IdentityError::Key)?;
        let certified = CertifiedKey::from_der(chain, key, &tls::provider());
        let certified = certified.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => IdentityError::Mismatch,
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                IdentityError::Certificate
            }
            _ => IdentityError::Key,
        })?;
        let roots = ca.map(authorities).transpose()?.map(Arc::new);
        let certified = Arc::new(SingleCertAndKey::from(certified));
        Ok(Self(Arc::new(Shared { certified, roots, connector: OnceCell::new() })))
    }

    /// What makes connections with this certificate.
    ///
    /// # Errors
    /// [`hookyard_model::attempt::ErrorKind::Tls`] where the machine's authorities are needed, and there are none.
    pub(crate) async fn connector(&self, tls: &Tls) -> Result<&TlsConnector, DeliveryError> {
        let Shared { certified, roots, connector } = &*self.0;
        let configure = || async {
            let roots = match roots {
                Some(roots) => Arc::clone(roots),
                None => tls.roots().await?,
            };
            tls::connector(roots, |builder| builder.with_client_cert_resolver(Arc::clone(certified) as _))
        };
        connector.get_or_try_init(configure).await
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// All certificates in a text; none where there are none, or one is damaged.
fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().ok()?;
    (!found.is_empty()).then_some(found)
}

fn authorities(pem: &str) -> Result<RootCertStore, IdentityError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).ok_or(IdentityError::Authority)? {
        roots.add(certificate).map_err(|_| IdentityError::Authority)?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey, generate_simple_self_signed};

    use super::*;

    fn made() -> (String, String) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["me".to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    #[test]
    fn what_makes_no_identity_is_named_and_not_repeated() {
        let ((certificate, key), (other, _)) = (made(), made());
        let error = |certificate: &str, key: &str, ca| Identity::parse(certificate, key, ca).err();
        assert_eq!(error(&certificate, &key, None), None);
        assert_eq!(error(&certificate, &key, Some(&other)), None);
        assert_eq!(error(&format!("{certificate}{other}"), &key, None), None);
        assert_eq!(error(&other, &key, None), Some(IdentityError::Mismatch));
        let cut = &certificate[..certificate.len() / 2];
        for wrong in ["", "me", cut, &key] {
            assert_eq!(error(wrong, &key, None), Some(IdentityError::Certificate), "{wrong}");
            assert_eq!(error(&certificate, &key, Some(wrong)), Some(IdentityError::Authority), "{wrong}");
        }
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for wrong in
            ["", cut, &certificate, encrypted, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
        {
            assert_eq!(error(&certificate, wrong, None), Some(IdentityError::Key), "{wrong}");
        }
        let shown = format!("{:?}", Identity::parse(&certificate, &key, None).unwrap());
        assert_eq!(shown, "Identity { .. }");
    }
}
