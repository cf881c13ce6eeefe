//! The engine through the public interface: published vectors, and tables of what is refused.
//!
//! Signatures that no document publishes were computed with Python's `hmac` module, so that our own
//! arithmetic is never its own witness.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, as it should"
)]

mod configuration;
mod github;
mod hmac;
mod properties;
mod standard_webhooks;
mod stripe;

use std::collections::BTreeMap;

use hookyard_providers::template::{Name, Place};
use hookyard_providers::{
    ConfigError, Configuration, KeyCache, Refusal, Request, Verdict, Verified, Verifier,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The time of arrival wherever a test does not say otherwise.
const NOW_S: u64 = 1_700_000_000;

const PUBLIC_URL: &str = "https://hooks.example/in";

/// A request that a test bends out of shape.
#[derive(Clone)]
struct Sample {
    method: &'static str,
    target: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    now_s: u64,
}

impl Sample {
    fn new(headers: &[(&'static str, &str)], body: &[u8]) -> Self {
        Self {
            method: "POST",
            target: "/in?x=1",
            headers: headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            body: body.to_vec(),
            now_s: NOW_S,
        }
    }

    /// The same with another value in a header.
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same with one header line more.
    fn and(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    fn at(mut self, now_s: u64) -> Self {
        self.now_s = now_s;
        self
    }

    fn flipped(mut self, index: usize) -> Self {
        self.body[index] ^= 1;
        self
    }

    fn value(&self, name: &str) -> &str {
        &self.headers.iter().find(|(known, _)| *known == name).unwrap().1
    }

    fn judged_by(&self, verifier: &Verifier) -> Result<Verified, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let request = Request {
            method: self.method,
            target: self.target,
            headers: &headers,
            body: &self.body,
            public_url: Some(PUBLIC_URL),
        };
        result(verifier.verify(&request, &KeyCache::default(), self.now_s))
    }
}

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn build(provider: &str, secrets: &[&str], pairs: &[(&str, &str)]) -> Result<Verifier, ConfigError> {
    let settings = settings(pairs);
    Verifier::new(&Configuration { provider, secrets, settings: &settings, public_url: Some(PUBLIC_URL) })
}

/// A verdict on a request that needs no fetched key.
fn result(verdict: Verdict) -> Result<Verified, Refusal> {
    match verdict {
        Verdict::Verified(verified) => Ok(verified),
        Verdict::Refused(refusal) => Err(refusal),
        Verdict::KeyNeeded(request) => panic!("a key is needed: {request:?}"),
    }
}

fn header(name: &str) -> Place {
    Place::Header(Name::Fixed(name.parse().unwrap()))
}

fn accepted(secret: usize) -> Result<Verified, Refusal> {
    Ok(Verified { secret: Some(secret) })
}

fn unmatched(secrets: usize, signatures: usize) -> Result<Verified, Refusal> {
    Err(Refusal::NoSignatureMatches { secrets, signatures })
}

fn missing(name: &str) -> Result<Verified, Refusal> {
    Err(Refusal::ValueMissing { place: header(name) })
}

fn doubled(name: &str) -> Result<Verified, Refusal> {
    Err(Refusal::ValueDoubled { place: header(name) })
}

fn malformed(name: &str, why: &str) -> Result<Verified, Refusal> {
    Err(Refusal::ValueMalformed { place: header(name), why: why.to_owned().into() })
}
