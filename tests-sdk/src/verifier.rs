//! `verify.mjs` as a process.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::process::LineProcess;

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
pub(crate) fn joined(headers: &[(String, String)]) -> BTreeMap<String, String> {
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
