//! The keys that proofs are made with, and where they come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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

pub(super) fn secret_itself() -> String {
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
