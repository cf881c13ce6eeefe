//! Public keys, and what they verify.
//!
//! A key is of one type, and each algorithm names the one type it takes: an RSA key never verifies an
//! ECDSA signature, and nothing here verifies an HMAC, so that a public key can never serve as a secret
//! (the confusion that RFC 8725, section 2.1, warns of). ring does the work where it can; P-256 over
//! SHA-1 and P-521 are RustCrypto's.
//!
//! **Invariant:** RSA keys have at least 2048 bits. No bytes in key, message or signature panic.

mod certificate;
mod jwk;
mod private;
mod read;
mod rsa_sha1;

pub(crate) use certificate::{Chain, chain_key, leaf_key};
pub(crate) use jwk::{Jwk, JwkUse};
pub(crate) use private::PrivateKey;
pub(crate) use read::{BASE64, pem_blocks};

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use ring::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::definition::{Algorithm, JwtAlgorithm};

/// A public key.
#[derive(Clone, Debug)]
pub(crate) enum PublicKey {
    Ed25519([u8; 32]),
    /// The uncompressed point.
    P256([u8; 65]),
    /// The uncompressed point.
    P384([u8; 97]),
    P521(Box<p521::ecdsa::VerifyingKey>),
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa(RsaPublicKeyComponents<Box<[u8]>>),
}

/// A signature algorithm with public keys. The signature's form belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyAlgorithm {
    Ed25519,
    /// ASN.1 signature, as the next one.
    EcdsaP256Sha256,
    EcdsaP256Sha1,
    /// The two numbers beside each other (RFC 7518, section 3.4), as the next two.
    EcdsaP256Sha256Fixed,
    EcdsaP384Sha384Fixed,
    EcdsaP521Sha512Fixed,
    RsaPkcs1Sha1,
    RsaPkcs1Sha256,
    RsaPkcs1Sha384,
    RsaPkcs1Sha512,
    RsaPssSha256,
    RsaPssSha512,
}

impl KeyAlgorithm {
    /// The algorithm of a signature; none where it is one with a shared secret.
    pub(crate) const fn of_signature(algorithm: Algorithm) -> Option<Self> {
        Some(match algorithm {
            Algorithm::Ed25519 => Self::Ed25519,
            Algorithm::EcdsaP256Sha256 => Self::EcdsaP256Sha256,
            Algorithm::EcdsaP256Sha1 => Self::EcdsaP256Sha1,
            Algorithm::RsaPkcs1Sha1 => Self::RsaPkcs1Sha1,
            Algorithm::RsaPkcs1Sha256 => Self::RsaPkcs1Sha256,
            Algorithm::RsaPkcs1Sha512 => Self::RsaPkcs1Sha512,
            Algorithm::RsaPssSha512 => Self::RsaPssSha512,
            Algorithm::HmacMd5
            | Algorithm::HmacSha1
            | Algorithm::HmacSha256
            | Algorithm::HmacSha384
            | Algorithm::HmacSha512
            | Algorithm::Md5
            | Algorithm::Sha1
            | Algorithm::Sha256
            | Algorithm::Sha512
            | Algorithm::Keccak256 => return None,
        })
    }

    /// The algorithm of a token; none where it is one with a shared secret.
    pub(crate) const fn of_jwt(algorithm: JwtAlgorithm) -> Option<Self> {
        Some(match algorithm {
            JwtAlgorithm::HS256 | JwtAlgorithm::HS384 | JwtAlgorithm::HS512 => return None,
            JwtAlgorithm::RS256 => Self::RsaPkcs1Sha256,
            JwtAlgorithm::RS384 => Self::RsaPkcs1Sha384,
            JwtAlgorithm::RS512 => Self::RsaPkcs1Sha512,
            JwtAlgorithm::PS256 => Self::RsaPssSha256,
            JwtAlgorithm::PS512 => Self::RsaPssSha512,
            JwtAlgorithm::ES256 => Self::EcdsaP256Sha256Fixed,
            JwtAlgorithm::ES384 => Self::EcdsaP384Sha384Fixed,
            JwtAlgorithm::ES512 => Self::EcdsaP521Sha512Fixed,
            JwtAlgorithm::EdDSA => Self::Ed25519,
        })
    }

    const fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Self::RsaPkcs1Sha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::RsaPkcs1Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::RsaPkcs1Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::RsaPkcs1Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
            Self::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
            _ => return None,
        })
    }
}

impl PublicKey {
    /// Whether `algorithm` takes keys of this type.
    pub(crate) const fn fits(&self, algorithm: KeyAlgorithm) -> bool {
        match self {
            Self::Ed25519(_) => matches!(algorithm, KeyAlgorithm::Ed25519),
            Self::P256(_) => matches!(
                algorithm,
                KeyAlgorithm::EcdsaP256Sha256
                    | KeyAlgorithm::EcdsaP256Sha1
                    | KeyAlgorithm::EcdsaP256Sha256Fixed
            ),
            Self::P384(_) => matches!(algorithm, KeyAlgorithm::EcdsaP384Sha384Fixed),
            Self::P521(_) => matches!(algorithm, KeyAlgorithm::EcdsaP521Sha512Fixed),
            Self::Rsa(_) => algorithm.rsa().is_some(),
        }
    }

    /// Whether this key made `signature` over `message`.
    pub(crate) fn verifies(&self, algorithm: KeyAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Ed25519(key), KeyAlgorithm::Ed25519) => {
                by_ring(&signature::ED25519, key, message, signature)
            }
            (Self::P256(key), KeyAlgorithm::EcdsaP256Sha256) => {
                by_ring(&signature::ECDSA_P256_SHA256_ASN1, key, message, signature)
            }
            (Self::P256(key), KeyAlgorithm::EcdsaP256Sha256Fixed) => {
                by_ring(&signature::ECDSA_P256_SHA256_FIXED, key, message, signature)
            }
            (Self::P256(key), KeyAlgorithm::EcdsaP256Sha1) => p256_sha1(key, message, signature),
            (Self::P384(key), KeyAlgorithm::EcdsaP384Sha384Fixed) => {
                by_ring(&signature::ECDSA_P384_SHA384_FIXED, key, message, signature)
            }
            (Self::P521(key), KeyAlgorithm::EcdsaP521Sha512Fixed) => {
                p521::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
            (Self::Rsa(key), _) => {
                algorithm.rsa().is_some_and(|parameters| key.verify(parameters, message, signature).is_ok())
            }
            _ => false,
        }
    }
}

fn by_ring(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
}

fn p256_sha1(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, message);
    let Ok(key) = p256::ecdsa::VerifyingKey::from_sec1_bytes(key) else { return false };
    let Ok(signature) = p256::ecdsa::Signature::from_der(signature) else { return false };
    key.verify_prehash(digest.as_ref(), &signature).is_ok()
}

#[cfg(test)]
mod tests;
