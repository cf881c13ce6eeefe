//! Keys that have to be fetched, through the public interface: what is asked for, from whom, and what becomes of
//! the answer. Nothing is fetched here; the documents are in the vectors, or made.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed, as it should"
)]

mod certificates;
mod hosts;
mod requests;
mod sets;
mod vectors;

use std::collections::BTreeMap;

use hookyard_providers::{Configuration, KeyCache, KeyRequest, Refusal, Request, Verdict, Verifier};
use http::{HeaderMap, HeaderName, HeaderValue};

/// 2024-07-01.
const NOW_S: u64 = 1_719_792_000;
const RSA: &str = include_str!("../keys/rsa.pem");

fn build(provider: &str, secrets: &[&str], settings: &[(&str, &str)]) -> Verifier {
    let settings: BTreeMap<String, String> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let public_url = Some("https://hooks.example.com/in");
    Verifier::new(&Configuration { provider, secrets, settings: &settings, public_url }).unwrap()
}

/// A request to post.
struct Posted {
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Posted {
    fn new(headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        Self { headers: headers.collect(), body: body.as_bytes().to_vec() }
    }

    fn judge(&self, verifier: &Verifier, cache: &KeyCache, now_s: u64) -> Verdict {
        let request = Request {
            method: "POST",
            target: "/in",
            headers: &self.headers,
            body: &self.body,
            public_url: Some("https://hooks.example.com/in"),
        };
        verifier.verify(&request, cache, now_s)
    }

    fn needed(&self, verifier: &Verifier, cache: &KeyCache, now_s: u64) -> KeyRequest {
        match self.judge(verifier, cache, now_s) {
            Verdict::KeyNeeded(request) => *request,
            other => panic!("{other:?}"),
        }
    }

    fn refused(&self, verifier: &Verifier, cache: &KeyCache, now_s: u64) -> Refusal {
        match self.judge(verifier, cache, now_s) {
            Verdict::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

/// Signs with RSA over SHA-256, in base64 with this engine.
fn rsa_sha256(message: &[u8], engine: &base64::engine::GeneralPurpose) -> String {
    let der: String = RSA.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, der).unwrap();
    let key = ring::signature::RsaKeyPair::from_pkcs8(&der).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    key.sign(&ring::signature::RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
    base64::Engine::encode(engine, signature)
}
