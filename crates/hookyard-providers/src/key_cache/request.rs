//! What to fetch.

use std::fmt;

use ring::digest;

use crate::definition::FetchFormat;

/// A call that brings a key. Whoever makes it connects to none but `hosts` ([`check_host`]), follows no
/// redirect, and reads no more than [`DOCUMENT_BYTES_MAX`].
///
/// [`check_host`]: super::check_host
/// [`DOCUMENT_BYTES_MAX`]: super::DOCUMENT_BYTES_MAX
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRequest {
    /// The URL; its host is one of `hosts`.
    pub url: String,
    /// The method.
    pub method: String,
    /// Header lines to send; may hold credentials.
    pub headers: Vec<(String, String)>,
    /// The body to send; may hold credentials.
    pub body: Option<String>,
    /// The call that brings the access token to send as `authorization: Bearer`, where one is needed.
    pub authorize: Option<AuthorizeRequest>,
    /// Hosts that the URL may name; `*.` in front stands for any subdomain, a `*` elsewhere for one label.
    pub hosts: Vec<String>,
    /// What is there.
    pub format: FetchFormat,
    /// Where in a JSON answer the key stands.
    pub pointer: Option<String>,
    /// Names of which a certificate must carry one; any where empty.
    pub names: Vec<String>,
    /// How long the keys may be kept, in seconds.
    pub max_age_s: u64,
}

/// A call that brings an access token (RFC 6749, section 4.4).
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// The URL, to be posted to; its host is fixed by the provider's description.
    pub url: String,
    /// Header lines to send; hold credentials.
    pub headers: Vec<(String, String)>,
    /// The body to send; may hold credentials.
    pub body: String,
    /// Where in the JSON answer the token stands.
    pub pointer: String,
}

/// What tells one request for a key from another: a digest of all that is sent and how the answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey([u8; 32]);

impl KeyRequest {
    /// Under which its keys are kept. Credentials are part of it: what one owner's credentials bring is
    /// not used for another's.
    pub fn cache_key(&self) -> CacheKey {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut add = |text: &str| {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        };
        add(&self.method);
        add(&self.url);
        add(self.body.as_deref().unwrap_or_default());
        add(self.pointer.as_deref().unwrap_or_default());
        add(match self.format {
            FetchFormat::Jwks => "jwks",
            FetchFormat::Jwk => "jwk",
            FetchFormat::X509 => "x509",
            FetchFormat::Certificate => "certificate",
            FetchFormat::Pem => "pem",
            FetchFormat::Base64 => "base64",
        });
        let authorize = self.authorize.iter().flat_map(|authorize| {
            let ends = [authorize.url.as_str(), authorize.body.as_str()];
            ends.into_iter().chain(pairs(&authorize.headers))
        });
        for text in pairs(&self.headers).chain(self.names.iter().map(String::as_str)).chain(authorize) {
            add(text);
        }
        let mut key = [0; 32];
        key.copy_from_slice(context.finish().as_ref());
        CacheKey(key)
    }
}

fn pairs(headers: &[(String, String)]) -> impl Iterator<Item = &str> {
    headers.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()])
}

/// Without what may be secret.
impl fmt::Debug for KeyRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KeyRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("hosts", &self.hosts)
            .field("format", &self.format)
            .field("authorized", &self.authorize.is_some())
            .finish_non_exhaustive()
    }
}

/// Without what may be secret.
impl fmt::Debug for AuthorizeRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AuthorizeRequest").field("url", &self.url).finish_non_exhaustive()
    }
}
