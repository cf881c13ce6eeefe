//! Public keys read from the forms in which providers hand them out.
//!
//! Accepted: PEM (`PUBLIC KEY`, `RSA PUBLIC KEY`, `CERTIFICATE`), also on one line as eBay sends it;
//! DER of those three; a bare Ed25519 key of 32 bytes; a bare P-256 point of 65 bytes.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::signature::RsaPublicKeyComponents;
use x509_cert::Certificate;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use x509_cert::der::{Decode as _, Encode as _, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::PublicKey;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The most PEM blocks that are looked at: longer chains than this do not occur.
const BLOCKS_MAX: usize = 16;

/// Base64 as people paste it: some leave the padding out.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One block of a PEM text (RFC 7468): its label and the bytes in it.
pub(crate) struct PemBlock<'a> {
    pub(crate) label: &'a str,
    pub(crate) bytes: Vec<u8>,
}

/// The blocks of a PEM text, in order; none where a block is damaged. White space may be anywhere
/// between the lines that begin and end a block, or nowhere.
pub(crate) fn pem_blocks(text: &str) -> Option<Vec<PemBlock<'_>>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        if blocks.len() == BLOCKS_MAX {
            return None;
        }
        let (label, after) = after.split_once("-----")?;
        let (body, after) = after.split_once("-----END ")?;
        let after = after.strip_prefix(label)?.strip_prefix("-----")?;
        let mut digits = body.as_bytes().to_vec();
        digits.retain(|byte| !byte.is_ascii_whitespace());
        blocks.push(PemBlock { label, bytes: BASE64.decode(digits).ok()? });
        rest = after;
    }
    Some(blocks)
}

impl PublicKey {
    /// The key in a PEM text: of its first block.
    ///
    /// # Errors
    /// What is wrong with the text: a clause whose subject is the key.
    pub(crate) fn from_pem(text: &str) -> Result<Self, &'static str> {
        let blocks = pem_blocks(text).ok_or("is PEM that is damaged")?;
        let block = blocks.first().ok_or("is not PEM: there is no `-----BEGIN …-----`")?;
        match block.label {
            "PUBLIC KEY" => Self::from_spki(&block.bytes),
            "RSA PUBLIC KEY" => Self::from_pkcs1(&block.bytes),
            "CERTIFICATE" | "TRUSTED CERTIFICATE" => Self::from_certificate(&block.bytes),
            label if label.contains("PRIVATE KEY") => {
                Err("is a private key; the public key belonging to it is needed")
            }
            _ => Err("is PEM of something else than a public key or certificate"),
        }
    }

    /// The key in these bytes: DER, or a bare key known by its length.
    ///
    /// # Errors
    /// As [`PublicKey::from_pem`].
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        if let Ok(key) = <[u8; 32]>::try_from(bytes) {
            return Ok(Self::Ed25519(key));
        }
        if bytes.len() == 65 && bytes.first() == Some(&4) {
            return Self::from_p256(bytes);
        }
        // Base64 of a whole PEM text is how some hand it out.
        if bytes.starts_with(b"-----BEGIN ") {
            return Self::from_pem(std::str::from_utf8(bytes).map_err(|_| "is PEM that is damaged")?);
        }
        Self::from_spki(bytes)
            .or_else(|why| Self::from_pkcs1(bytes).map_err(|_| why))
            .or_else(|why| Self::from_certificate(bytes).map_err(|_| why))
    }

    /// The key in a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7).
    pub(crate) fn from_spki(bytes: &[u8]) -> Result<Self, &'static str> {
        let info =
            SubjectPublicKeyInfoRef::from_der(bytes).map_err(|_| "cannot be read as a public key in DER")?;
        let key = info.subject_public_key.as_bytes().ok_or("is a public key that is damaged")?;
        match info.algorithm.oid {
            RSA => Self::from_pkcs1(key),
            ED25519 => key.try_into().map(Self::Ed25519).map_err(|_| "is an Ed25519 key of the wrong length"),
            ELLIPTIC_CURVE => {
                let curve = info
                    .algorithm
                    .parameters
                    .and_then(|curve: AnyRef<'_>| curve.decode_as::<ObjectIdentifier>().ok());
                match curve {
                    Some(P256) => Self::from_p256(key),
                    Some(P384) => Self::from_p384(key),
                    Some(P521) => Self::from_p521(key),
                    _ => Err("is on a curve other than P-256, P-384 and P-521"),
                }
            }
            _ => Err("is of a type other than RSA, ECDSA and Ed25519"),
        }
    }

    pub(crate) fn from_certificate(bytes: &[u8]) -> Result<Self, &'static str> {
        const WHY: &str = "cannot be read as a certificate";
        let certificate = Certificate::from_der(bytes).map_err(|_| WHY)?;
        let info = certificate.tbs_certificate().subject_public_key_info().to_der().map_err(|_| WHY)?;
        Self::from_spki(&info)
    }

    /// RSAPublicKey (RFC 8017, appendix A.1.1).
    fn from_pkcs1(bytes: &[u8]) -> Result<Self, &'static str> {
        const WHY: &str = "cannot be read as an RSA key in DER";
        let mut reader = SliceReader::new(bytes).map_err(|_| WHY)?;
        let numbers = reader.sequence(|numbers: &mut SliceReader<'_>| -> x509_cert::der::Result<_> {
            Ok((UintRef::decode(numbers)?, UintRef::decode(numbers)?))
        });
        let (modulus, exponent) = numbers.map_err(|_| WHY)?;
        reader.finish().map_err(|_| WHY)?;
        Self::from_rsa(modulus.as_bytes(), exponent.as_bytes())
    }

    pub(super) fn from_rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, &'static str> {
        let stripped =
            |number: &[u8]| -> Box<[u8]> { number.iter().copied().skip_while(|byte| *byte == 0).collect() };
        let (n, e) = (stripped(modulus), stripped(exponent));
        let top = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
        match (n.len() * 8).saturating_sub(top) {
            0..2048 => Err("is an RSA key of less than 2048 bits"),
            // ring's bound.
            8193.. => Err("is an RSA key of more than 8192 bits"),
            _ => Ok(Self::Rsa(RsaPublicKeyComponents { n, e })),
        }
    }

    pub(super) fn from_p256(point: &[u8]) -> Result<Self, &'static str> {
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point)
            .map_err(|_| "is no point on the curve P-256")?;
        let point = key.to_sec1_point(false);
        point.as_bytes().try_into().map(Self::P256).map_err(|_| "is no point on the curve P-256")
    }

    pub(super) fn from_p384(point: &[u8]) -> Result<Self, &'static str> {
        match <[u8; 97]>::try_from(point) {
            // ring looks whether it lies on the curve each time it is used.
            Ok(point) if point.first() == Some(&4) => Ok(Self::P384(point)),
            _ => Err("is no uncompressed point on the curve P-384"),
        }
    }

    pub(super) fn from_p521(point: &[u8]) -> Result<Self, &'static str> {
        p521::ecdsa::VerifyingKey::from_sec1_bytes(point)
            .map(|key| Self::P521(Box::new(key)))
            .map_err(|_| "is no point on the curve P-521")
    }
}
