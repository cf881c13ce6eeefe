//! Proofs that are signed tokens or detached signatures.

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::scheme::Timestamp;

/// A signed token or detached signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// Values where the token may stand; exactly one of them must be there.
    pub from: Vec<String>,
    /// What stands before the token, for example `Bearer `.
    pub prefix: Option<String>,
    /// Algorithms that are accepted, whatever the token says.
    pub algorithms: Vec<JwtAlgorithm>,
    /// The key.
    #[serde(default)]
    pub key: Key,
    /// The payload of a detached signature (RFC 7515, appendix F); a template.
    pub payload: Option<String>,
    /// Whether that payload is signed as it is, without base64 (RFC 7797).
    #[serde(default)]
    pub unencoded: bool,
    /// What the claims must say.
    #[serde(default)]
    pub claim: Vec<Claim>,
    /// How long ago the claim `iat` may lie, in seconds: the default of the setting `tolerance_s`.
    /// `exp` and `nbf` are always looked at where they are there.
    pub issued_within_s: Option<u64>,
    /// Whether the claim `exp` must be there.
    #[serde(default)]
    pub expires: bool,
    /// A signed time that is no claim: in the token's header, or in the detached payload.
    pub timestamp: Option<Timestamp>,
}

/// Algorithms of tokens (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
    /// RSA with PKCS#1 v1.5 padding over SHA-256.
    RS256,
    /// RSA with PKCS#1 v1.5 padding over SHA-384.
    RS384,
    /// RSA with PKCS#1 v1.5 padding over SHA-512.
    RS512,
    /// RSA-PSS over SHA-256.
    PS256,
    /// RSA-PSS over SHA-512.
    PS512,
    /// ECDSA on P-256 over SHA-256.
    ES256,
    /// ECDSA on P-384 over SHA-384.
    ES384,
    /// ECDSA on P-521 over SHA-512.
    ES512,
    /// Ed25519.
    EdDSA,
}

/// What one claim must say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its place in the payload; a JSON pointer. An array holds if one of its elements does (`aud`).
    pub at: String,
    /// What must stand there; a template.
    pub equals: String,
    /// Whether it may be missing.
    #[serde(default)]
    pub optional: bool,
    /// Whether it is only looked at when the request has a body.
    #[serde(default)]
    pub with_body: bool,
}
