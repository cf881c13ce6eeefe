//! The documents that are fetched, and the keys in them.

use base64::Engine as _;
use rustls_pki_types::TrustAnchor;
use serde_json::Value;

use super::{FetchedKey, KeyRequest};
use crate::definition::FetchFormat;
use crate::public_key::{BASE64, Chain, Jwk, JwkUse, PublicKey, chain_key, leaf_key, pem_blocks};

/// The longest document that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// The most keys of a set that are kept.
const KEYS_MAX: usize = 64;

/// Why a fetched document is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchProblem {
    /// It is longer than any key or set of keys.
    #[error("the fetched document is too long")]
    TooLong,
    /// It is not in the form that the provider gives it.
    #[error("the fetched document is not what was expected: {0}")]
    Malformed(&'static str),
    /// The key in it cannot be used.
    #[error("the fetched key {0}")]
    BadKey(&'static str),
    /// The certificate in it proves nothing.
    #[error("the fetched certificate {0}")]
    BadCertificate(&'static str),
}

pub(super) fn read(
    request: &KeyRequest,
    body: &[u8],
    roots: &[TrustAnchor<'_>],
    now_s: u64,
) -> Result<Vec<FetchedKey>, FetchProblem> {
    if body.len() > DOCUMENT_BYTES_MAX {
        return Err(FetchProblem::TooLong);
    }
    match request.format {
        FetchFormat::Jwks => key_set(&json(request, body)?, now_s),
        FetchFormat::Jwk => {
            let key = Jwk::from_json(&json(request, body)?).map_err(FetchProblem::BadKey)?;
            Ok(vec![of_jwk(key)])
        }
        FetchFormat::X509 | FetchFormat::Certificate => certificate(request, body, roots, now_s),
        FetchFormat::Pem => single(PublicKey::from_pem(&text(request, body)?)),
        FetchFormat::Base64 => {
            let mut digits = text(request, body)?.into_bytes();
            digits.retain(|byte| !byte.is_ascii_whitespace());
            let bytes = BASE64.decode(digits).map_err(|_| FetchProblem::Malformed("it is not base64"))?;
            single(PublicKey::from_bytes(&bytes))
        }
    }
}

fn single(key: Result<PublicKey, &'static str>) -> Result<Vec<FetchedKey>, FetchProblem> {
    let key = key.map_err(FetchProblem::BadKey)?;
    Ok(vec![FetchedKey { id: None, algorithm: None, key, valid_until_s: None }])
}

fn of_jwk(jwk: Jwk) -> FetchedKey {
    FetchedKey { id: jwk.id, algorithm: jwk.algorithm, key: jwk.key, valid_until_s: jwk.expired_at_s }
}

/// The keys of a set that verify signatures. One that is damaged does not spoil the others.
fn key_set(set: &Value, now_s: u64) -> Result<Vec<FetchedKey>, FetchProblem> {
    let keys = set.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or(FetchProblem::Malformed("it is no set of JSON Web Keys"))?;
    let keys: Vec<_> = keys
        .iter()
        .filter(|key| Jwk::purpose(key) == JwkUse::Signatures)
        .filter_map(|key| Jwk::from_json(key).ok())
        .map(of_jwk)
        .filter(|key| key.valid_until_s.is_none_or(|until_s| now_s < until_s))
        .take(KEYS_MAX)
        .collect();
    if keys.is_empty() {
        Err(FetchProblem::Malformed("the set holds no key for signatures"))
    } else {
        Ok(keys)
    }
}

fn certificate(
    request: &KeyRequest,
    body: &[u8],
    roots: &[TrustAnchor<'_>],
    now_s: u64,
) -> Result<Vec<FetchedKey>, FetchProblem> {
    let text = text(request, body)?;
    let blocks = pem_blocks(&text).ok_or(FetchProblem::Malformed("it is PEM that is damaged"))?;
    let certificates: Vec<Vec<u8>> =
        blocks.into_iter().filter(|block| block.label == "CERTIFICATE").map(|block| block.bytes).collect();
    let first = certificates.first().ok_or(FetchProblem::Malformed("it holds no certificate"))?;
    let (key, valid_until_s) = if request.format == FetchFormat::X509 {
        chain_key(&certificates, &Chain { roots, names: &request.names, marks: &[] }, now_s)
    } else {
        leaf_key(first, now_s)
    }
    .map_err(FetchProblem::BadCertificate)?;
    Ok(vec![FetchedKey { id: None, algorithm: None, key, valid_until_s: Some(valid_until_s) }])
}

fn json(request: &KeyRequest, body: &[u8]) -> Result<Value, FetchProblem> {
    let mut value: Value =
        serde_json::from_slice(body).map_err(|_| FetchProblem::Malformed("it is not JSON"))?;
    match &request.pointer {
        None => Ok(value),
        Some(pointer) => value
            .pointer_mut(pointer)
            .map(Value::take)
            .ok_or(FetchProblem::Malformed("there is nothing where the key should stand")),
    }
}

/// The text of the document, or of what stands in it.
fn text(request: &KeyRequest, body: &[u8]) -> Result<String, FetchProblem> {
    if request.pointer.is_none() {
        let text = std::str::from_utf8(body).map_err(|_| FetchProblem::Malformed("it is not text"))?;
        return Ok(text.to_owned());
    }
    match json(request, body)? {
        Value::String(text) => Ok(text),
        _ => Err(FetchProblem::Malformed("there is no text where the key should stand")),
    }
}
