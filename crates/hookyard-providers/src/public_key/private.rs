//! Private keys, for requests that are made to try a source out: never for anything that goes to others.
//!
//! Signatures come out the same each time (RFC 6979, RFC 8032), except those of PSS, which
//! have a random salt.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::pkcs8::DecodePrivateKey as _;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RsaEncoding, RsaKeyPair};

use super::{KeyAlgorithm, pem_blocks, rsa_sha1};

/// A private key.
pub(crate) enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    P256(p256::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    /// The key pair, and its PKCS#8 form.
    Rsa(RsaKeyPair, Vec<u8>),
}

impl PrivateKey {
    /// Reads a PEM text: `PRIVATE KEY` (PKCS#8).
    ///
    /// # Errors
    /// A clause whose subject is the key.
    pub(crate) fn from_pem(text: &str) -> Result<Self, &'static str> {
        let blocks = pem_blocks(text).ok_or("is PEM that is damaged")?;
        let block = blocks.first().ok_or("is not PEM")?;
        if block.label != "PRIVATE KEY" {
            return Err("is not a private key in PKCS#8 (`-----BEGIN PRIVATE KEY-----`)");
        }
        let der = block.bytes.as_slice();
        if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Ok(Self::Ed25519(key));
        }
        if let Ok(key) = RsaKeyPair::from_pkcs8(der) {
            return Ok(Self::Rsa(key, block.bytes.clone()));
        }
        if let Ok(key) = p256::SecretKey::from_pkcs8_der(der) {
            return Ok(Self::P256(key.into()));
        }
        if let Ok(key) = p521::SecretKey::from_pkcs8_der(der) {
            return Ok(Self::P521(key.into()));
        }
        Err("is of a type other than RSA, P-256, P-521 and Ed25519")
    }

    /// Signs; none where the key is of another type than the algorithm takes.
    pub(crate) fn sign(&self, algorithm: KeyAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        match (self, algorithm) {
            (Self::Ed25519(key), KeyAlgorithm::Ed25519) => Some(key.sign(message).as_ref().to_vec()),
            (Self::P256(key), KeyAlgorithm::EcdsaP256Sha256) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
            (Self::P256(key), KeyAlgorithm::EcdsaP256Sha256Fixed) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).ok()?;
                Some(signature.to_bytes().to_vec())
            }
            (Self::P256(key), KeyAlgorithm::EcdsaP256Sha1) => {
                let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, message);
                let signature: p256::ecdsa::Signature = key.sign_prehash(digest.as_ref()).ok()?;
                Some(signature.to_der().as_bytes().to_vec())
            }
            (Self::P521(key), KeyAlgorithm::EcdsaP521Sha512Fixed) => {
                let signature: p521::ecdsa::Signature = key.try_sign(message).ok()?;
                Some(signature.to_bytes().to_vec())
            }
            (Self::Rsa(_, pkcs8), KeyAlgorithm::RsaPkcs1Sha1) => rsa_sha1::sign(pkcs8, message),
            (Self::Rsa(key, _), _) => sign_rsa(key, algorithm, message),
            _ => None,
        }
    }
}

fn sign_rsa(key: &RsaKeyPair, algorithm: KeyAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
    let padding: &'static dyn RsaEncoding = match algorithm {
        KeyAlgorithm::RsaPkcs1Sha256 => &ring::signature::RSA_PKCS1_SHA256,
        KeyAlgorithm::RsaPkcs1Sha384 => &ring::signature::RSA_PKCS1_SHA384,
        KeyAlgorithm::RsaPkcs1Sha512 => &ring::signature::RSA_PKCS1_SHA512,
        KeyAlgorithm::RsaPssSha256 => &ring::signature::RSA_PSS_SHA256,
        KeyAlgorithm::RsaPssSha512 => &ring::signature::RSA_PSS_SHA512,
        _ => return None,
    };
    let mut signature = vec![0; key.public().modulus_len()];
    // Only PSS draws random numbers; ring asks for a source all the same.
    key.sign(padding, &SystemRandom::new(), message, &mut signature).ok()?;
    Some(signature)
}
