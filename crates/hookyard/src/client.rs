//! Calls of a running gateway's API, for the subcommands that are its clients like any other.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use hookyard_outgoing::connector::Connector;
use hookyard_outgoing::endpoint::{Host, Url};
use hookyard_outgoing::exchange::AnswerLimits;
use hookyard_outgoing::fetch::{Fetch, Fetcher};
use hookyard_outgoing::guard::Guard;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;

use crate::args::Gateway;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The API of one gateway.
#[derive(Debug)]
pub(crate) struct Client {
    fetcher: Fetcher,
    /// What paths are put behind.
    base: String,
    host: String,
    headers: HeaderMap,
}

impl Client {
    /// The API at this place, whatever network that is in: a person named it.
    ///
    /// # Errors
    /// An address that is none, or a key that would be sent where others can read it.
    pub(crate) fn new(gateway: &Gateway) -> anyhow::Result<Self> {
        let base = gateway.api_url.trim_end_matches('/').to_owned();
        let url = Url::parse(&base).with_context(|| format!("`--api-url {base}`"))?;
        let (host, is_loopback) = match &url.endpoint.host {
            Host::Name(name) => (name.to_string(), name.as_ref() == "localhost"),
            Host::Address(address) => (address.to_string(), address.is_loopback()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &gateway.api_key {
            if url.endpoint.tls.is_none() && !is_loopback && !gateway.allow_plain_http {
                bail!(
                    "the key would go to {host} unencrypted: use `https`, or say `--allow-plain-http` where that network is \
                     yours alone"
                );
            }
            let mut value =
                HeaderValue::try_from(format!("Bearer {key}")).context("the API key is no key")?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let anywhere =
            [IpAddr::from([0_u8; 4]), IpAddr::from([0_u8; 16])].map(|it| ipnet::IpNet::new_assert(it, 0));
        let connector = Connector::new(Guard::new(anywhere.to_vec()), AnswerLimits::default());
        let fetcher = Fetcher::new(&connector, TIMEOUT, ANSWER_BYTES_MAX);
        Ok(Self { fetcher, base, host, headers })
    }

    /// What is at this path of the API.
    ///
    /// # Errors
    /// Where nobody answers, or what the gateway says is wrong.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, Bytes::new())
    }

    /// What the gateway answers to this.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, serde_json::to_vec(body)?.into())
    }

    fn call(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let url = format!("{}{path}", self.base);
        let headers = self.headers.clone();
        let wanted = Fetch { method, url, headers, body, hosts: vec![self.host.clone()] };
        let answer = runtime.block_on(self.fetcher.ask(&wanted)).map_err(|error| {
            anyhow!(
                "no answer from {}: {error}; is Hookyard running there? `--api-url` says where",
                self.base
            )
        })?;
        if answer.body_truncated {
            bail!("the answer is longer than {ANSWER_BYTES_MAX} bytes");
        }
        let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
        match (answer.status, json) {
            (200..300, Some(json)) => Ok(json),
            (_, Some(problem)) if problem.get("detail").is_some_and(Value::is_string) => Err(told(&problem)),
            (status, _) => bail!(
                "{url} answered {status}, and not as Hookyard does: is that its admin listener?",
                url = wanted.url
            ),
        }
    }
}

/// A problem as a person is told it.
fn told(problem: &Value) -> anyhow::Error {
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    let hint = match &*text("code") {
        "unauthorized" => ": give a key with `--api-key` or HOOKYARD_API_KEY",
        _ => "",
    };
    anyhow!("{}{hint}", text("detail"))
}
