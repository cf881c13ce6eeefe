//! Tokens in compact form (RFC 7515, RFC 7519), detached ones (RFC 7515, appendix F) and such whose payload
//! is signed as it is (RFC 7797).
//!
//! The token never chooses: its `alg` must be one of those that the provider is known to use, each
//! algorithm takes keys of one type, `kid` only picks among keys that are trusted already, and a `jku`,
//! `x5u` or `jwk` in it is not looked at. What RFC 8725 warns of is refused: `none`, unknown
//! algorithms, `crit` that is not understood, members that occur twice.
//!
//! **Invariant:** nothing of the payload is looked at before the signature holds.

mod json;
mod keys;
mod times;

pub(crate) use keys::{JwtKeys, KeyChoice, check_fetched, chosen};
pub(crate) use times::{Times, check_times};

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::definition::JwtAlgorithm;

/// The longest header: Apple's holds three certificates, some 6 KB.
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// The longest signature: RSA with 8192 bits.
const SIGNATURE_BYTES_MAX: usize = 1024;

/// Why a token proves nothing. The messages are for the source's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// It is not made of three parts with points between them.
    #[error("it does not have three parts")]
    NotThreeParts,
    /// A part is no base64url.
    #[error("its {0} is not base64url")]
    NotBase64url(&'static str),
    /// A part is no JSON object, or a member occurs twice.
    #[error("its {0} is not a JSON object, or holds a member twice")]
    NotJson(&'static str),
    /// A part is longer than any provider makes it.
    #[error("its {0} is too long")]
    TooLong(&'static str),
    /// Its algorithm is none of those that the provider uses.
    #[error("its algorithm is not one that this provider uses")]
    Algorithm,
    /// It asks for an extension that is not known here.
    #[error("it asks for an extension (`crit`) that is not known here")]
    Critical,
    /// It carries a payload where that stands elsewhere, or none where it must.
    #[error("{}", if *.0 { "it carries a payload, but a detached one is signed" } else { "its payload is missing" })]
    Payload(bool),
    /// Its `kid` names no key of the provider's.
    #[error("its key id (`kid`) names no key that is known")]
    UnknownKey,
    /// No key makes its signature.
    #[error("no key makes its signature")]
    Signature,
    /// A claim says something else than it must.
    #[error("its claim `{0}` is missing or says something else")]
    Claim(&'static str),
    /// It has expired.
    #[error("it expired {0} s ago")]
    Expired(u64),
    /// It does not hold yet.
    #[error("it is only valid in {0} s")]
    NotYet(u64),
    /// It was issued too long ago, or in the future.
    #[error("it was issued {age_s} s ago, which is more than the {tolerance_s} s allowed")]
    TooOld {
        /// How long ago it was issued, in seconds.
        age_s: u64,
        /// The most that is allowed, in seconds.
        tolerance_s: u64,
    },
}

/// A token taken apart; nothing in it is proven.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    /// Header and payload as they stand in the text, with the point between them.
    input: &'a str,
    header_text: &'a str,
    payload_text: &'a str,
    /// The header: an object, and its text.
    pub(crate) header: Value,
    pub(crate) header_json: Vec<u8>,
    signature: Vec<u8>,
}

/// Whether and how a payload is signed that does not stand in the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload<'a> {
    /// It stands in the token.
    Within,
    /// It stands elsewhere, and is signed in base64url.
    Detached(&'a [u8]),
    /// It stands elsewhere, and is signed as it is (`"b64": false`).
    Unencoded(&'a [u8]),
}

impl<'a> Token<'a> {
    /// Takes a token in compact form apart.
    ///
    /// # Errors
    /// [`TokenProblem`].
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, TokenProblem> {
        let text = std::str::from_utf8(text).map_err(|_| TokenProblem::NotThreeParts)?;
        let (input, signature_text) = text.rsplit_once('.').ok_or(TokenProblem::NotThreeParts)?;
        let (header_text, payload_text) = input.split_once('.').ok_or(TokenProblem::NotThreeParts)?;
        if payload_text.contains('.') {
            return Err(TokenProblem::NotThreeParts);
        }
        if header_text.len() > HEADER_BYTES_MAX {
            return Err(TokenProblem::TooLong("header"));
        }
        if signature_text.len() > SIGNATURE_BYTES_MAX * 4 / 3 + 4 {
            return Err(TokenProblem::TooLong("signature"));
        }
        let header_json = decoded(header_text, "header")?;
        let header = object(&header_json, "header")?;
        let signature = decoded(signature_text, "signature")?;
        Ok(Self { input, header_text, payload_text, header, header_json, signature })
    }

    /// Its algorithm, which must be one of `accepted`.
    ///
    /// # Errors
    /// [`TokenProblem::Algorithm`].
    pub(crate) fn algorithm(&self, accepted: &[JwtAlgorithm]) -> Result<JwtAlgorithm, TokenProblem> {
        let name = self.header.get("alg").and_then(Value::as_str).ok_or(TokenProblem::Algorithm)?;
        accepted
            .iter()
            .copied()
            .find(|algorithm| algorithm_name(*algorithm) == name)
            .ok_or(TokenProblem::Algorithm)
    }

    /// The id of the key that it says it was signed with.
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// What its signature is over.
    ///
    /// # Errors
    /// [`TokenProblem::Payload`], [`TokenProblem::Critical`].
    pub(crate) fn signed(&self, payload: Payload<'_>) -> Result<Cow<'a, [u8]>, TokenProblem> {
        let unencoded = matches!(payload, Payload::Unencoded(_));
        self.check_critical(unencoded)?;
        let detached = match payload {
            Payload::Within if self.payload_text.is_empty() => return Err(TokenProblem::Payload(false)),
            Payload::Within => return Ok(Cow::Borrowed(self.input.as_bytes())),
            _ if !self.payload_text.is_empty() => return Err(TokenProblem::Payload(true)),
            Payload::Detached(bytes) => Cow::Owned(URL_SAFE_NO_PAD.encode(bytes).into_bytes()),
            Payload::Unencoded(bytes) => Cow::Borrowed(bytes),
        };
        let mut signed = Vec::with_capacity(self.header_text.len() + 1 + detached.len());
        signed.extend_from_slice(self.header_text.as_bytes());
        signed.push(b'.');
        signed.extend_from_slice(&detached);
        Ok(Cow::Owned(signed))
    }

    /// RFC 7515, section 4.1.11: what `crit` names must be understood. Understood is `b64`, and only
    /// with the value that the provider uses (RFC 7797, section 3).
    fn check_critical(&self, unencoded: bool) -> Result<(), TokenProblem> {
        let understood = |name: &Value| unencoded && name == "b64";
        let holds = match self.header.get("crit") {
            None => true,
            Some(Value::Array(names)) => !names.is_empty() && names.iter().all(understood),
            Some(_) => false,
        };
        let b64_holds = match self.header.get("b64") {
            None => true,
            Some(value) => value == &Value::Bool(!unencoded),
        };
        if holds && b64_holds { Ok(()) } else { Err(TokenProblem::Critical) }
    }

    /// The signature's bytes.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The claims: an object, and its text. To be asked for when the signature holds.
    ///
    /// # Errors
    /// [`TokenProblem::NotBase64url`], [`TokenProblem::NotJson`].
    pub(crate) fn claims(&self) -> Result<(Value, Vec<u8>), TokenProblem> {
        let json = decoded(self.payload_text, "payload")?;
        Ok((object(&json, "payload")?, json))
    }
}

/// The name of an algorithm in a token's header.
pub(crate) const fn algorithm_name(algorithm: JwtAlgorithm) -> &'static str {
    match algorithm {
        JwtAlgorithm::HS256 => "HS256",
        JwtAlgorithm::HS384 => "HS384",
        JwtAlgorithm::HS512 => "HS512",
        JwtAlgorithm::RS256 => "RS256",
        JwtAlgorithm::RS384 => "RS384",
        JwtAlgorithm::RS512 => "RS512",
        JwtAlgorithm::PS256 => "PS256",
        JwtAlgorithm::PS512 => "PS512",
        JwtAlgorithm::ES256 => "ES256",
        JwtAlgorithm::ES384 => "ES384",
        JwtAlgorithm::ES512 => "ES512",
        JwtAlgorithm::EdDSA => "EdDSA",
    }
}

fn decoded(text: &str, part: &'static str) -> Result<Vec<u8>, TokenProblem> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenProblem::NotBase64url(part))
}

fn object(bytes: &[u8], part: &'static str) -> Result<Value, TokenProblem> {
    json::strict(bytes).filter(Value::is_object).ok_or(TokenProblem::NotJson(part))
}

#[cfg(test)]
mod tests;
