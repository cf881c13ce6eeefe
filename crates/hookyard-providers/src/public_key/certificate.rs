//! Certificates: whose key, whether it is valid now, and whether it chains to a root.
//!
//! Revocation is not looked at: nothing is fetched here, and the certificates of webhook signers are
//! fetched anew at the latest after a day.

use rustls_pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::ObjectIdentifier;

use super::PublicKey;

/// Signature algorithms that a chain may be made with.
const ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    webpki::ring::ECDSA_P256_SHA256,
    webpki::ring::ECDSA_P256_SHA384,
    webpki::ring::ECDSA_P384_SHA256,
    webpki::ring::ECDSA_P384_SHA384,
    webpki::ring::ED25519,
    webpki::ring::RSA_PKCS1_2048_8192_SHA256,
    webpki::ring::RSA_PKCS1_2048_8192_SHA384,
    webpki::ring::RSA_PKCS1_2048_8192_SHA512,
    webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    webpki::ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    webpki::ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// What a chain must hold beyond its signatures and times.
pub(crate) struct Chain<'a> {
    /// The roots that are trusted.
    pub(crate) roots: &'a [TrustAnchor<'a>],
    /// Names of which the first certificate must carry one; any where empty.
    pub(crate) names: &'a [String],
    /// An extension that each certificate must carry, the signer's first.
    pub(crate) marks: &'a [ObjectIdentifier],
}

/// Web certificates are made for servers, Apple's for nothing that is written in them: the names and
/// marks of [`Chain`] say who the signer is, not the purpose.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

/// The key of the first certificate, which the others chain to one of the roots.
///
/// # Errors
/// A clause whose subject is the certificate.
pub(crate) fn chain_key(
    certificates: &[Vec<u8>],
    chain: &Chain<'_>,
    now_s: u64,
) -> Result<(PublicKey, u64), &'static str> {
    let Some((first, others)) = certificates.split_first() else { return Err("is not there") };
    for (bytes, mark) in certificates.iter().zip(chain.marks) {
        let certificate = Certificate::from_der(bytes).map_err(|_| "cannot be read")?;
        let extensions = certificate.tbs_certificate().extensions();
        if !extensions.is_some_and(|all| all.iter().any(|extension| extension.extn_id == *mark)) {
            return Err("is not one for this purpose");
        }
    }
    if certificates.len() < chain.marks.len() {
        return Err("comes without its issuer's");
    }
    let der = CertificateDer::from(first.as_slice());
    let end = EndEntityCert::try_from(&der).map_err(|_| "cannot be read")?;
    let between: Vec<_> = others.iter().map(|bytes| CertificateDer::from(bytes.as_slice())).collect();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now_s));
    end.verify_for_usage(ALGORITHMS, chain.roots, &between, now, AnyPurpose, None, None)
        .map_err(chain_error)?;
    let named = |name: &String| {
        ServerName::try_from(name.as_str())
            .is_ok_and(|name| end.verify_is_valid_for_subject_name(&name).is_ok())
    };
    if !chain.names.is_empty() && !chain.names.iter().any(named) {
        return Err("is in another name than the provider's");
    }
    leaf_key(first, now_s)
}

fn chain_error(error: webpki::Error) -> &'static str {
    match error {
        webpki::Error::CertExpired { .. } => "has expired",
        webpki::Error::CertNotValidYet { .. } => "is not valid yet",
        webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey => {
            "does not chain to a trusted root"
        }
        _ => "is not valid",
    }
}

/// The key of a certificate that is valid now, and until when it is, in seconds since the Unix epoch.
///
/// # Errors
/// As [`chain_key`].
pub(crate) fn leaf_key(bytes: &[u8], now_s: u64) -> Result<(PublicKey, u64), &'static str> {
    let certificate = Certificate::from_der(bytes).map_err(|_| "cannot be read")?;
    let validity = certificate.tbs_certificate().validity();
    let (from_s, to_s) =
        (validity.not_before.to_unix_duration().as_secs(), validity.not_after.to_unix_duration().as_secs());
    if now_s < from_s {
        return Err("is not valid yet");
    }
    if now_s > to_s {
        return Err("has expired");
    }
    Ok((PublicKey::from_certificate(bytes)?, to_s))
}
