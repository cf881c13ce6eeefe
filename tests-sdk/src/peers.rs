//! What deliveries are held against besides the customers' own packages: AWS' signer, a token server, whoever
//! verifies with published keys, and a server of HTTP/2. Each is a `node` process (`aws.mjs`, `token-server.mjs`,
//! `verify-published.mjs`, `http2-server.mjs`).

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

/// A destination: `node`'s own server of HTTP/2, behind TLS.
#[derive(Debug)]
pub struct Http2Server {
    process: LineProcess,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

/// What [`Http2Server`] was sent.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Http2Delivery {
    /// Over which connection, from 0.
    pub connection: usize,
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The header lines, in their order.
    pub headers: Vec<(String, String)>,
    body_base64: String,
}

impl Http2Delivery {
    /// The body.
    ///
    /// # Panics
    /// Where the server did not encode it.
    pub fn body(&self) -> Vec<u8> {
        STANDARD.decode(&self.body_base64).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// How many connections there were.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub struct Http2Connections {
    /// All in all.
    pub opened: usize,
    /// Now.
    pub open: usize,
    /// At the same time, at most.
    pub open_max: usize,
}

impl Http2Server {
    /// Starts a server with this key and certificate (PEM), which allows so many requests on one connection, and
    /// answers nobody before `meeting` have asked.
    ///
    /// # Panics
    /// Where `node` is not there, or the server does not start.
    pub fn start(key: &str, certificate: &str, streams_max: u32, meeting: usize) -> Self {
        let process = LineProcess::start("http2-server.mjs");
        let answer = process.ask(&json!({
            "ask": "start",
            "key": key,
            "certificate": certificate,
            "streams_max": streams_max,
            "meeting": meeting,
        }));
        let port = answer.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
        match port {
            Some(port) => Self { process, port },
            None => panic!("the server does not start: {answer}"),
        }
    }

    /// The next deliveries, of which it waits for so many.
    pub fn take(&self, deliveries: usize) -> Vec<Http2Delivery> {
        let answer = self.process.ask(&json!({ "ask": "take", "deliveries": deliveries }));
        read(answer.get("deliveries"), &answer)
    }

    /// Closes all connections in good order, as a server does that is restarted.
    pub fn leave(&self) {
        self.process.ask(&json!({ "ask": "leave" }));
    }

    /// How many connections there were.
    pub fn connections(&self) -> Http2Connections {
        let answer = self.process.ask(&json!({ "ask": "connections" }));
        read(Some(&answer), &answer)
    }
}

fn read<T: serde::de::DeserializeOwned>(part: Option<&Value>, answer: &Value) -> T {
    let read = part.cloned().and_then(|part| serde_json::from_value(part).ok());
    read.unwrap_or_else(|| panic!("the server's answer cannot be read: {answer}"))
}
