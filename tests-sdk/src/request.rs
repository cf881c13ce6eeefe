//! What a signer is asked for, and the signed request that comes out.

use std::collections::BTreeMap;

use crate::case::Case;

/// A request to be signed.
#[derive(Clone, Debug)]
pub struct SignRequest {
    /// The provider's slug.
    pub provider: String,
    /// Which of the provider's ways to sign.
    pub scheme: Option<String>,
    /// In the form in which the provider gives it.
    pub secret: String,
    /// What else the case needs.
    pub settings: BTreeMap<String, String>,
    /// Usually `POST`.
    pub method: String,
    /// The whole URL that the request will be sent to.
    pub url: String,
    /// The body, which some signers reshape.
    pub body: Vec<u8>,
    /// When it is signed, in seconds since the Unix epoch.
    pub timestamp_s: u64,
    /// The event's id, where the signature covers one; `None` lets the signer choose one that it gives only once.
    pub id: Option<String>,
}

impl SignRequest {
    /// The case's own body, signed at `timestamp_s` with its secret, for a POST to `url`.
    pub fn of(case: &Case, url: &str, timestamp_s: u64) -> Self {
        Self {
            provider: case.provider.clone(),
            scheme: case.scheme.clone(),
            secret: case.secret.clone(),
            settings: case.settings.clone(),
            method: "POST".to_owned(),
            url: url.to_owned(),
            body: case.body.clone().into_bytes(),
            timestamp_s,
            id: None,
        }
    }
}

/// A request as the provider would send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// The method.
    pub method: String,
    /// The whole URL; some signers add to its query.
    pub url: String,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The certificate (PEM) that a verifier would fetch, where one belongs to the signature.
    pub certificate: Option<String>,
    /// The certificate (PEM) of the authority that issued it.
    pub authority: Option<String>,
}

impl SignedRequest {
    /// The URL from the path on, as it stands in a request line.
    pub fn target(&self) -> &str {
        let after_scheme = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/")
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}
