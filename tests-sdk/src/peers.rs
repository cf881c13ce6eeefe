//! What deliveries are held against besides the customers' own packages: AWS' signer, a token server, and whoever
//! verifies with published keys. Each is a `node` process (`aws.mjs`, `token-server.mjs`, `verify-published.mjs`).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::process::LineProcess;
use crate::verifier::joined;

/// AWS' own signer.
#[derive(Debug)]
pub struct AwsSigner {
    process: LineProcess,
}

/// Whose signature for AWS it is, and what it is for.
#[derive(Clone, Copy, Debug)]
pub struct AwsScope<'a> {
    /// The access key's public part.
    pub access_key_id: &'a str,
    /// Its secret part.
    pub secret_access_key: &'a str,
    /// What temporary credentials have besides.
    pub session_token: Option<&'a str>,
    /// The region.
    pub region: &'a str,
    /// The service's signing name.
    pub service: &'a str,
}

impl AwsSigner {
    /// Starts the process.
    ///
    /// # Panics
    /// Where `node` or the packages are not there; the message has the command to run.
    pub fn start() -> Self {
        Self { process: LineProcess::start("aws.mjs") }
    }

    /// The `Authorization` that AWS' signer gives a request with these headers, all of which it signs.
    ///
    /// # Panics
    /// Where it cannot be asked.
    pub fn authorization(
        &self,
        scope: &AwsScope<'_>,
        (method, target): (&str, &str),
        headers: &[(String, String)],
        body: &[u8],
        time_s: u64,
    ) -> String {
        let question = json!({
            "access_key_id": scope.access_key_id,
            "secret_access_key": scope.secret_access_key,
            "session_token": scope.session_token,
            "region": scope.region,
            "service": scope.service,
            "method": method,
            "target": target,
            "headers": listed(headers),
            "body_base64": STANDARD.encode(body),
            "time_s": time_s,
        });
        let answer = self.process.ask(&question);
        match answer.get("authorization").and_then(Value::as_str) {
            Some(authorization) => authorization.to_owned(),
            None => panic!("@smithy/signature-v4 cannot sign: {answer}"),
        }
    }
}

/// Headers by lower-case name, several of one name joined as AWS joins them.
fn listed(headers: &[(String, String)]) -> BTreeMap<String, String> {
    let mut listed = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let line = listed.entry(name.to_ascii_lowercase()).or_default();
        if !line.is_empty() {
            line.push(',');
        }
        line.push_str(value.trim());
    }
    listed
}

/// A running OAuth2 server with one client.
#[derive(Debug)]
pub struct TokenServer {
    process: LineProcess,
    /// Its token endpoint.
    pub token_url: String,
}

impl TokenServer {
    /// Starts a server whose client has these credentials, shows them so (`client_secret_basic` or
    /// `client_secret_post`), and gets tokens for these scopes that live for so long.
    ///
    /// # Panics
    /// Where `node` or the packages are not there, or the server does not start.
    pub fn start(client: (&str, &str), client_auth: &str, scope: &str, lifetime_s: u64) -> Self {
        let process = LineProcess::start("token-server.mjs");
        let answer = process.ask(&json!({
            "ask": "start",
            "client_id": client.0,
            "client_secret": client.1,
            "client_auth": client_auth,
            "scope": scope,
            "lifetime_s": lifetime_s,
        }));
        match answer.get("token_url").and_then(Value::as_str) {
            Some(url) => Self { process, token_url: url.to_owned() },
            None => panic!("the token server does not start: {answer}"),
        }
    }

    /// What the server knows of a token: `active`, `client_id`, `scope`.
    pub fn inspect(&self, token: &str) -> Value {
        self.process.ask(&json!({ "ask": "inspect", "token": token }))
    }

    /// Has the server forget a token.
    pub fn revoke(&self, token: &str) {
        self.process.ask(&json!({ "ask": "revoke", "token": token }));
    }

    /// How many tokens it has issued.
    ///
    /// # Panics
    /// Where it does not say.
    pub fn issued(&self) -> u64 {
        let answer = self.process.ask(&json!({ "ask": "issued" }));
        answer
            .get("issued")
            .and_then(Value::as_u64)
            .unwrap_or_else(|| panic!("the token server does not count: {answer}"))
    }
}

/// Verifies deliveries with published keys.
#[derive(Debug)]
pub struct PublishedVerifier {
    process: LineProcess,
}

impl PublishedVerifier {
    /// Starts the process.
    ///
    /// # Panics
    /// Where `node` or the packages are not there; the message has the command to run.
    pub fn start() -> Self {
        Self { process: LineProcess::start("verify-published.mjs") }
    }

    /// Whether a delivery is signed with one of the keys of a JWK set.
    ///
    /// # Panics
    /// Where the set or the delivery cannot be read.
    pub fn verify(&self, keys: &Value, headers: &[(String, String)], body: &[u8]) -> bool {
        let headers: BTreeMap<String, String> = joined(headers);
        let question = json!({ "keys": keys, "headers": headers, "body_base64": STANDARD.encode(body) });
        let answer = self.process.ask(&question);
        answer
            .get("ok")
            .and_then(Value::as_bool)
            .unwrap_or_else(|| panic!("the published keys cannot be used: {answer}"))
    }
}
