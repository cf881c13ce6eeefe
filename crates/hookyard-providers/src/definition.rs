//! The language in which a provider is described: what a file in `catalogue/` may say.
//!
//! These types are read twice: by the build script, which refuses a file that says something else, and
//! at run time from the form that the build script made of the files. They hold text as it was written;
//! `template` takes the templates apart, `check` says what is wrong with a description, and the engine
//! compiles one, with a source's secrets, into something that judges requests.
//!
//! Two kinds of text occur throughout. A **value** says where something stands: `header:x-event-id`,
//! `json:/data/id`, `query:challenge|lower`. A **template** is text with values in braces:
//! `v0:{timestamp}:{body}`. `CATALOGUE.md` lists all of both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The name in configuration: the file's name. Not written in the file.
    #[serde(default)]
    pub name: String,
    /// The name for people.
    pub title: String,
    /// The kind of business, for example `payments`.
    pub category: String,
    /// The provider's own document on its webhooks, where there is a public one.
    pub docs: Option<String>,
    /// How sure the description is.
    pub confidence: Confidence,
    /// What a person who sets up a source should know beyond the rest, in whole sentences.
    pub note: Option<String>,
    /// What the source's secrets are; none where nothing secret is needed.
    pub secret: Option<Secret>,
    /// Further settings of a source, beside those that follow from the rest (`scheme`, `tolerance_s`).
    #[serde(default)]
    pub setting: Vec<Setting>,
    /// How requests prove where they come from. The first is used unless the setting `scheme` names
    /// another.
    pub scheme: Vec<Scheme>,
    /// What the provider asks of a URL before, or between, its webhooks. The first that applies answers.
    #[serde(default)]
    pub handshake: Vec<Handshake>,
    /// What the provider wants to be answered.
    #[serde(default)]
    pub answer: Answer,
    /// Where event id, topic and time stand.
    #[serde(default)]
    pub fields: Fields,
    /// A request as the provider sends it, for `hookyard sign` and for the generated tests.
    #[serde(default)]
    pub example: Example,
    /// Requests with the provider's own signature, from its documents or its own code. Only for tests:
    /// they are not compiled in.
    #[serde(default, skip_serializing)]
    pub vector: Vec<Vector>,
}

/// How sure a description is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Tested against the provider's own code or a published vector.
    High,
    /// From the provider's documents.
    Medium,
    /// Pieced together; try it before you rely on it.
    Low,
}

/// What the secrets of a source are at this provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// What the provider calls it, for example `signing secret`.
    pub called: String,
    /// Where a person finds it, as a path through the provider's screens or a way to make one.
    pub found: Option<String>,
    /// Whether it is a public key or an identifier, which need not be hidden.
    #[serde(default)]
    pub public: bool,
    /// Whether a source can be saved without one, because a handshake brings it.
    #[serde(default)]
    pub captured: bool,
    /// A value of the right form, for tests and `hookyard sign`; made up.
    pub example: Option<String>,
}

/// A further setting of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name, in lower case with underscores.
    pub name: String,
    /// What it means, in one sentence.
    pub meaning: String,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
    /// What holds where it is not given.
    pub default: Option<String>,
    /// The values it may have; empty for any.
    #[serde(default)]
    pub values: Vec<String>,
    /// Whether it is kept like a secret.
    #[serde(default)]
    pub secret: bool,
    /// A value for tests and `hookyard sign`; made up.
    pub example: Option<String>,
}

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

/// The key of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The key's text; a template over `{secret}` and `{setting:…}`.
    #[serde(default = "secret_itself")]
    pub text: String,
    /// How the key's bytes are written in that text.
    #[serde(default)]
    pub encoding: KeyEncoding,
    /// What may stand before the key and is no part of it, for example `whsec_`.
    pub strip: Option<String>,
    /// The hash function that makes the key of those bytes.
    pub derive: Option<Digest>,
    /// Public keys that the provider has published for everybody, as PEM, tried in turn.
    #[serde(default)]
    pub published: Vec<String>,
    /// Where the key is fetched from.
    pub fetch: Option<Fetch>,
}

impl Default for Key {
    fn default() -> Self {
        Self {
            text: secret_itself(),
            encoding: KeyEncoding::Raw,
            strip: None,
            derive: None,
            published: Vec::new(),
            fetch: None,
        }
    }
}

fn secret_itself() -> String {
    "{secret}".to_owned()
}

/// How a key is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyEncoding {
    /// The text's own bytes (UTF-8).
    #[default]
    Raw,
    /// Hex of either case. Of a public key: the bare key.
    Hex,
    /// Base64 of either alphabet, padding optional. Of a public key: its DER form, or the bare key.
    Base64,
    /// PEM of a public key or certificate.
    Pem,
}

/// Hash functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Digest {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// Where a key is fetched from. Never on the way to the acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// The URL; a template.
    pub url: String,
    /// Hosts that the URL may name, `*.` standing for any subdomain. Needed where the request has a say
    /// in the URL's host.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Names of which a certificate must carry one.
    #[serde(default)]
    pub names: Vec<String>,
    /// What is there.
    pub format: FetchFormat,
    /// Where in a JSON answer the key stands; a JSON pointer.
    pub pointer: Option<String>,
    /// The key's id in a key set; a value. Where not given, a token's `kid`, or else every key is tried.
    pub key_id: Option<String>,
    /// `GET` where not given.
    pub method: Option<String>,
    /// Header lines to send; templates.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body to send; a template.
    pub body: Option<String>,
    /// How long it may be kept, in seconds; a day where not given.
    pub max_age_s: Option<u64>,
    /// The call that brings the access token for this one, where it needs one.
    pub authorize: Option<Authorize>,
}

/// A call that brings an access token (RFC 6749, section 4.4), sent on as `authorization: Bearer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorize {
    /// The URL, to be posted to; a template over settings alone.
    pub url: String,
    /// Name and password of HTTP Basic (RFC 7617), with a colon between them; a template.
    pub basic: Option<String>,
    /// Header lines to send; templates.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body to send; a template.
    pub body: String,
    /// Where in the JSON answer the token stands; `/access_token` where not given.
    pub pointer: Option<String>,
}

/// What a fetched document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FetchFormat {
    /// A JSON Web Key Set (RFC 7517).
    Jwks,
    /// One JSON Web Key.
    Jwk,
    /// X.509 certificates as PEM: the first is the signer's, and they chain to a root of the web.
    X509,
    /// One X.509 certificate as PEM, without its issuers: it must be valid now, and the host it is
    /// fetched from vouches for the rest.
    Certificate,
    /// A public key as PEM.
    Pem,
    /// A public key as base64 of its DER form.
    Base64,
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
    #[serde(default = "secret_itself")]
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

/// What a provider asks of a URL, and the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// Its name, as it is shown on the stored request.
    pub name: String,
    /// The method; `POST` where not given.
    pub method: Option<String>,
    /// The path at which the host is asked, where that is not the source's URL. All sources of the
    /// provider answer together, each with its lines.
    pub path: Option<String>,
    /// What makes a request this handshake: all must hold.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Whether the request must be verified like any other before it is answered.
    #[serde(default)]
    pub verified: bool,
    /// What must hold beyond `when` for the good answer.
    #[serde(default)]
    pub expect: Vec<Condition>,
    /// Text that the answers hold as the value `text`: a template, for what is made of several values.
    pub text: Option<String>,
    /// The text chosen by the sender that the answer signs, and what it may consist of. Needed where the
    /// answer is made with the source's secret.
    pub signs: Option<Chosen>,
    /// The value that becomes the source's secret, if it has none yet.
    pub capture: Option<String>,
    /// The good answer.
    #[serde(default)]
    pub respond: Respond,
    /// The answer where `expect` does not hold; 403 where not given.
    pub otherwise: Option<Respond>,
    /// What is called afterwards, once the request is verified and durable.
    pub then: Option<Then>,
}

/// Something that holds of a request or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What is looked at; a value.
    pub value: String,
    /// What it must be; a template. Where neither this nor `listed_in` is given, it must only be there.
    pub equals: Option<String>,
    /// A list that it must stand in; a template. Commas or white space separate its elements, and the
    /// element `*` stands for anything.
    pub listed_in: Option<String>,
    /// Whether it must not be there.
    #[serde(default)]
    pub absent: bool,
}

/// Text chosen by the sender that an answer signs. Bounds keep the answer from being a signature that
/// would pass for the provider's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// Where it stands; a value.
    pub value: String,
    /// What it may consist of.
    pub characters: Characters,
    /// The most bytes it may have.
    pub bytes_max: usize,
}

/// Sets of characters. None has the brace, quote or colon that every signed message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Characters {
    /// `0-9 a-f`.
    Hex,
    /// Letters, digits, `-` and `_`.
    Token,
    /// Letters, digits, `-`, `_`, `+`, `/` and `=`.
    Base64,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Respond {
    /// The status code; 200 where not given.
    pub status: Option<u16>,
    /// The media type of the body; `text/plain` where there is a body and none is given.
    pub content_type: Option<String>,
    /// The body; a template. Braces that are meant are doubled.
    pub body: Option<String>,
    /// Further headers; templates.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// A call that completes a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// The URL to get; a template.
    pub get: String,
    /// Hosts that the URL may name, `*.` standing for any subdomain.
    pub hosts: Vec<String>,
}

/// What the provider wants to be answered, where that is not any 2xx.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status for an accepted request, 200 where not given.
    pub status: Option<u16>,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// The body; a template. `{"request_id": …}` where not given.
    pub body: Option<String>,
    /// Further headers; templates.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The status for a request whose verification failed; 401 where not given.
    pub refused_status: Option<u16>,
    /// What the provider waits for and how it goes on when it does not get it, in words.
    pub retries: Option<String>,
}

/// Where event id, topic and time stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// Templates for the id that stays the same when an event is sent again; the first that can be
    /// filled counts.
    #[serde(default)]
    pub id: Vec<String>,
    /// Templates for what happened, for example `invoice.paid`.
    #[serde(default)]
    pub topic: Vec<String>,
    /// When it happened.
    pub time: Option<FieldTime>,
}

/// When an event happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldTime {
    /// Where it stands; a value.
    pub from: String,
    /// How it is written.
    #[serde(default)]
    pub unit: Unit,
}

/// A request as the provider sends it, apart from what signing adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The method; `POST` where not given.
    pub method: Option<String>,
    /// What follows the source's URL: `/more?query`.
    #[serde(default)]
    pub suffix: String,
    /// Header lines beside those that signing adds; `content-type: application/json` where not given.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Option<String>,
    /// Fields of the token's header beside the algorithm.
    #[serde(default)]
    pub token_header: BTreeMap<String, String>,
}

/// A request with a signature that somebody else made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// Where it was published: a document's address, or a package and its version.
    pub source: String,
    /// The scheme, where the provider has several.
    pub scheme: Option<String>,
    /// The secrets to configure.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// The settings to configure.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// The source's registered URL, where it is signed.
    pub url: Option<String>,
    /// The method; `POST` where not given.
    pub method: Option<String>,
    /// What follows the source's URL.
    #[serde(default)]
    pub suffix: String,
    /// All header lines that matter.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// The time at which it is judged, in seconds since the Unix epoch.
    #[serde(default)]
    pub now_s: u64,
    /// Documents that would have to be fetched, by URL.
    #[serde(default)]
    pub fetched: BTreeMap<String, String>,
}
