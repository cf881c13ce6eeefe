//! `sign.mjs` as a process.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::case::Case;
use crate::process::LineProcess;
use crate::request::{SignRequest, SignedRequest};

/// Signs requests so that the providers' own SDKs accept them. Can be shared between threads.
#[derive(Debug)]
pub struct Signer {
    process: LineProcess,
    signed: AtomicU64,
}

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Answer {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body_base64: String,
    certificate: Option<String>,
    authority: Option<String>,
}

impl Signer {
    /// Starts the process.
    ///
    /// # Panics
    /// Where `node` or the packages are not there; the message has the command to run.
    pub fn start() -> Self {
        Self { process: LineProcess::start("sign.mjs"), signed: AtomicU64::new(0) }
    }

    /// Every provider that can be signed for, with the public keys of this process for those that sign with a
    /// private one.
    ///
    /// # Panics
    /// Where a signer describes itself in a way that is not understood.
    pub fn cases(&self) -> Vec<Case> {
        let answer = self.process.ask(&json!({"ask": "cases"}));
        match Cases::deserialize(&answer) {
            Ok(Cases { cases }) => cases,
            Err(error) => panic!("sign.mjs does not list its cases ({error}): {answer}"),
        }
    }

    /// Signs a request; the SDK has accepted what this returns, at the time when it was signed.
    ///
    /// # Panics
    /// Where the SDK cannot sign or does not accept: an unknown provider, a malformed secret, a body that the
    /// provider would not send.
    pub fn sign(&self, request: &SignRequest) -> SignedRequest {
        let next_id = || format!("msg_{}", self.signed.fetch_add(1, Ordering::Relaxed));
        let question = json!({
            "ask": "sign",
            "provider": request.provider,
            "scheme": request.scheme,
            "secret": request.secret,
            "settings": request.settings,
            "method": request.method,
            "url": request.url,
            "body_base64": STANDARD.encode(&request.body),
            "timestamp_s": request.timestamp_s,
            "id": request.id.clone().unwrap_or_else(next_id),
        });
        let answer = self.process.ask(&question);
        let read = Answer::deserialize(&answer).map_err(|error| error.to_string()).and_then(|it| {
            STANDARD.decode(&it.body_base64).map(|body| (it, body)).map_err(|e| e.to_string())
        });
        match read {
            Ok((Answer { method, url, headers, certificate, authority, .. }, body)) => {
                SignedRequest { method, url, headers, body, certificate, authority }
            }
            Err(error) => panic!("{} cannot be signed for ({error}): {answer}", request.provider),
        }
    }

    /// Whether the SDK accepts `sent`, which arrives at `arrived_s` where `request.secret` is configured.
    ///
    /// # Errors
    /// The SDK's reason where it refuses.
    ///
    /// # Panics
    /// Where the SDK cannot be asked.
    pub fn accepts(&self, request: &SignRequest, sent: &SignedRequest, arrived_s: u64) -> Result<(), String> {
        let question = json!({
            "ask": "accepts",
            "provider": request.provider,
            "scheme": request.scheme,
            "secret": request.secret,
            "settings": request.settings,
            "method": sent.method,
            "url": sent.url,
            "headers": sent.headers,
            "body_base64": STANDARD.encode(&sent.body),
            "timestamp_s": arrived_s,
            "id": "",
        });
        let answer = self.process.ask(&question);
        match (answer.get("ok").and_then(Value::as_bool), answer.get("why").and_then(Value::as_str)) {
            (Some(true), None) => Ok(()),
            (Some(false), Some(why)) => Err(why.to_owned()),
            _ => panic!("the SDK of {} cannot be asked: {answer}", request.provider),
        }
    }
}
