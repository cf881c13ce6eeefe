//! The providers' official npm packages, driven from Rust tests: [`Signer`] signs requests as the
//! providers do, [`VerifierProcess`] verifies deliveries as a customer would.
//!
//! Each is one long-running `node` process that answers a line of JSON with a line of JSON
//! (`sign.mjs`, `verify.mjs`); it ends when its handle is dropped. Whatever keeps the SDK from being
//! asked (no `node`, packages not installed, a secret the SDK cannot read) panics with what to do, so
//! that a broken harness never looks like a refused signature. Nothing is ever skipped.

mod process;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::process::LineProcess;

/// Signs requests with the `stripe`, `@octokit/webhooks-methods` and `standardwebhooks` packages.
/// Can be shared between threads.
#[derive(Debug)]
pub struct Signer {
    process: LineProcess,
    signed: AtomicU64,
}

impl Signer {
    /// Starts the process.
    ///
    /// # Panics
    /// Where `node` or the packages are not there; the message has the command to run.
    pub fn start() -> Self {
        Self { process: LineProcess::start("sign.mjs"), signed: AtomicU64::new(0) }
    }

    /// The headers that `provider` (`github`, `stripe` or `standard-webhooks`) would send with
    /// `body`, signed at `timestamp_s` seconds since the Unix epoch (which GitHub does not sign).
    /// A Standard Webhooks request gets an id that this signer gives only once.
    ///
    /// # Panics
    /// Where the SDK cannot sign: an unknown provider, a body that is not UTF-8, a malformed secret.
    pub fn sign(&self, provider: &str, secret: &str, body: &[u8], timestamp_s: u64) -> Vec<(String, String)> {
        let id = format!("msg_{}", self.signed.fetch_add(1, Ordering::Relaxed));
        let question = json!({
            "provider": provider,
            "secret": secret,
            "body_base64": STANDARD.encode(body),
            "timestamp_s": timestamp_s,
            "id": id,
        });
        let answer = self.process.ask(&question);
        let Some(headers) = answer.get("headers").and_then(Value::as_object) else {
            panic!("the {provider} SDK cannot sign: {answer}");
        };
        headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect()
    }
}

/// Verifies deliveries with the `standardwebhooks` package. Can be shared between threads.
#[derive(Debug)]
pub struct VerifierProcess {
    process: LineProcess,
}

impl VerifierProcess {
    /// Starts the process.
    ///
    /// # Panics
    /// Where `node` or the packages are not there; the message has the command to run.
    pub fn start() -> Self {
        Self { process: LineProcess::start("verify.mjs") }
    }

    /// Whether the package accepts a delivery with these headers and this body. Its own clock and its
    /// own tolerance of five minutes decide about the timestamp.
    ///
    /// # Errors
    /// The package's message where it refuses.
    ///
    /// # Panics
    /// Where the package cannot be asked: a malformed secret, a body that is not UTF-8.
    pub fn verify(&self, secret: &str, headers: &[(String, String)], body: &[u8]) -> Result<(), String> {
        let question = json!({
            "secret": secret,
            "headers": joined(headers),
            "body_base64": STANDARD.encode(body),
        });
        let answer = self.process.ask(&question);
        match (answer.get("ok").and_then(Value::as_bool), answer.get("error").and_then(Value::as_str)) {
            (Some(true), None) => Ok(()),
            (Some(false), Some(message)) => Err(message.to_owned()),
            _ => panic!("the standardwebhooks package cannot verify: {answer}"),
        }
    }
}

/// Headers by lower-case name, several of one name joined as Node's HTTP server joins them.
fn joined(headers: &[(String, String)]) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        joined
            .entry(name.to_ascii_lowercase())
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(value);
            })
            .or_insert_with(|| value.clone());
    }
    joined
}
