//! How requests prove where they come from.

use serde::{Deserialize, Serialize};

use super::handshake::Condition;
use super::key::{Digest, Key};
use super::token::Jwt;

/// One way in which requests prove where they come from. Exactly one of the five is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// Its name, where a provider has several.
    pub name: Option<String>,
    /// When to choose it, where a provider has several.
    pub meaning: Option<String>,
    /// What else must hold of the request. For providers that sign for all their customers with the same
    /// keys: what they sign must say that it is for this one.
    #[serde(default)]
    pub require: Vec<Condition>,
    /// A signature over parts of the request.
    pub signature: Option<Signature>,
    /// A signed token (RFC 7519) or a detached signature (RFC 7515).
    pub jwt: Option<Jwt>,
    /// A password or token that stands in the request as it is.
    pub credential: Option<Credential>,
    /// Code of its own, by name: what this language cannot say.
    pub adapter: Option<Adapter>,
    /// Nothing: why, and what to do instead.
    pub unsigned: Option<String>,
}

/// A signature over parts of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Values where signatures may stand. At least one of them must be there; all that are there count,
    /// and a signature in any of them suffices. `headers:x-sig-*` stands for `x-sig-1` to `x-sig-100`.
    pub from: Vec<String>,
    /// What stands before the signature, for example `sha256=`. A template.
    pub prefix: Option<String>,
    /// Whether the prefix may be missing.
    #[serde(default)]
    pub prefix_optional: bool,
    /// How one or several signatures make up the value.
    #[serde(default)]
    pub format: Format,
    /// What separates the elements of a `list`, of `pairs` or of `positional`; `,` where not given.
    pub separator: Option<String>,
    /// What separates several values of this format in one, each of which stands for itself: its
    /// signatures, its time, its other elements.
    pub repeated: Option<String>,
    /// In `pairs` the name of the signature's element; in a `list` what each signature begins with,
    /// for example `v1,`: elements that begin otherwise are passed over. There it is a template.
    pub element: Option<String>,
    /// How the signature is written.
    pub encoding: Encoding,
    /// What is signed. A template.
    pub message: String,
    /// The hash function whose digest of the message is signed in its place, where a provider hashes
    /// twice.
    pub hashed: Option<Digest>,
    /// Whether a compressed body is signed before compression.
    #[serde(default)]
    pub content_decoded: bool,
    /// The key.
    #[serde(default)]
    pub key: Key,
    /// The signed time.
    pub timestamp: Option<Timestamp>,
    /// Values where older, weaker signatures stand. They prove nothing; a request with no other is
    /// refused by their name.
    #[serde(default)]
    pub outdated: Vec<String>,
    /// Beginnings of header names that stand for each other, for example `["webhook-", "svix-"]`. The
    /// description uses the first; a request that has none of those headers may have all of another's.
    #[serde(default)]
    pub header_families: Vec<String>,
}

/// Signature algorithms. The plain hash functions are keyed by a `{secret}` in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// HMAC with MD5 (RFC 2104).
    HmacMd5,
    /// HMAC with SHA-1.
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
    /// MD5 over a message that holds the secret.
    Md5,
    /// SHA-1 over a message that holds the secret.
    Sha1,
    /// SHA-256 over a message that holds the secret.
    Sha256,
    /// SHA-512 over a message that holds the secret.
    Sha512,
    /// Keccak-256, as Ethereum uses it, over a message that holds the secret.
    Keccak256,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA on P-256 over SHA-256; ASN.1 signature.
    EcdsaP256Sha256,
    /// ECDSA on P-256 over SHA-1; ASN.1 signature.
    EcdsaP256Sha1,
    /// RSA with PKCS#1 v1.5 padding over SHA-1.
    RsaPkcs1Sha1,
    /// RSA with PKCS#1 v1.5 padding over SHA-256.
    RsaPkcs1Sha256,
    /// RSA with PKCS#1 v1.5 padding over SHA-512.
    RsaPkcs1Sha512,
    /// RSA-PSS over SHA-512.
    RsaPssSha512,
}

/// How one or several signatures make up a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// The whole value is one signature.
    #[default]
    Plain,
    /// Signatures beside each other: `v1,abc v1,def`.
    List,
    /// Named elements: `t=123,v1=abc`. The others are values: `{signature:t}`.
    Pairs,
    /// Elements known by their place, of which the last ones are signatures: `123,abc,def`. The ones
    /// before are values: `{signature:0}`. `element` says at which place signatures begin.
    Positional,
}

/// How bytes are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Lower-case hex.
    Hex,
    /// Upper-case hex.
    HexUpper,
    /// Hex of either case, where a provider's own senders differ.
    HexAny,
    /// Lower-case hex behind `0x`.
    Hex0x,
    /// Base64, standard alphabet, padded.
    Base64,
    /// Base64, alphabet for URLs, padding optional.
    Base64url,
    /// Base64 of the lower-case hex text.
    Base64Hex,
}

/// The signed time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timestamp {
    /// Where it stands; a value. In the message it is `{timestamp}`.
    pub from: String,
    /// How it is written.
    #[serde(default)]
    pub unit: Unit,
    /// How far it may lie from the time of arrival, in seconds; the default of the setting
    /// `tolerance_s`. Where not given, the time is not looked at unless the owner sets a tolerance.
    pub tolerance_s: Option<u64>,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Seconds since the Unix epoch; a fraction is allowed.
    #[default]
    S,
    /// Milliseconds since the Unix epoch.
    Ms,
    /// Microseconds since the Unix epoch.
    Us,
    /// Seconds or milliseconds, told apart by their size.
    SOrMs,
    /// Seconds or RFC 3339, where a provider has two kinds of events.
    #[serde(rename = "s-or-rfc3339")]
    SOrRfc3339,
    /// RFC 3339, and its relatives without a zone (then UTC) or with a space for the `T`.
    Rfc3339,
    /// The date of HTTP headers (RFC 9110, section 5.6.7), and of e-mail (RFC 5322).
    HttpDate,
}

/// A password or token that stands in the request as it is. Compared in constant time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Where it stands; a value. Where a `*` in a JSON pointer makes it several, each must hold.
    pub from: String,
    /// What stands before it, for example `Bearer `.
    pub prefix: Option<String>,
    /// Whether it is written as HTTP Basic (RFC 7617): `from` is then a header.
    #[serde(default)]
    pub basic: bool,
    /// What it must be; a template.
    #[serde(default = "super::key::secret_itself")]
    pub equals: String,
}

/// Code of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adapter {
    /// Its name in `adapters/`.
    pub name: String,
    /// The tolerance of its timestamp, where it has one: the default of the setting `tolerance_s`.
    pub tolerance_s: Option<u64>,
    /// The key, where the adapter leaves that to the engine.
    #[serde(default)]
    pub key: Key,
}
