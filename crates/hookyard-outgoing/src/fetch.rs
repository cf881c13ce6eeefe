//! Fetching a small document: a provider's public keys, a certificate, a confirmation.
//!
//! What is fetched may be named by a request that nobody has verified yet, so the host is pinned by the
//! caller, the guard judges every address, time and length are bounded, and redirects are answers like
//! any other. Without TLS only the networks of the guard's allow list are reached.

use std::time::Duration;

use bytes::Bytes;
use hookyard_model::attempt::{DeliveryError, Response};
use http::header::{CONTENT_LENGTH, HOST, HeaderMap};
use http::{Method, StatusCode, Uri};
use http_body_util::Full;
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::connector::Connector;
use crate::endpoint::{Host, Url, UrlError};
use crate::exchange::{Answer, AnswerLimits};
use crate::stage::Stage;

/// Fetches documents; cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    encrypted: Connector,
    plain: Connector,
    timeout: Duration,
}

/// What is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// `GET` or `POST`.
    pub method: Method,
    /// Absolute `https` URL; `http` where its address is in the guard's allow list.
    pub url: String,
    /// Header lines besides `Host` and `Content-Length`.
    pub headers: HeaderMap,
    /// The body; empty for `GET`.
    pub body: Bytes,
    /// The hosts that may be asked: `*.` in front stands for any subdomain, `*` elsewhere for one label.
    /// Where none fits, nothing is sent.
    pub hosts: Vec<String>,
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No request can be sent to the URL.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The URL leads to a host that is none of the pinned ones.
    #[error("the host `{0}` is not one that may be asked")]
    Host(String),
    /// The connection failed, or no whole answer came.
    #[error("{}", .0.detail)]
    Connection(DeliveryError),
    /// The answer is no 2xx; redirects are not followed.
    #[error("the answer has status {0}")]
    Status(u16),
    /// The document is longer than allowed.
    #[error("the answer is longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: usize,
    },
}

impl FetchError {
    /// Whether asking again cannot help: nothing may be sent there, or the document does not exist.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Url(_) | Self::Host(_) => true,
            Self::Status(status) => [StatusCode::NOT_FOUND, StatusCode::GONE].iter().any(|it| it == status),
            Self::Connection(_) | Self::TooLong { .. } => false,
        }
    }

    /// A word for metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Url(_) => "url",
            Self::Host(_) => "host_refused",
            Self::Connection(error) => error.kind.name(),
            Self::Status(_) => "status",
            Self::TooLong { .. } => "too_long",
        }
    }

    /// All words that [`FetchError::name`] can give besides those of a connection's error.
    pub const NAMES: [&'static str; 4] = ["url", "host_refused", "status", "too_long"];
}

impl Fetcher {
    /// A fetcher over the connections of `connector`. A fetch takes at most `timeout`, from resolving to
    /// the last byte, and a document has at most `bytes_max` bytes.
    pub fn new(connector: &Connector, timeout: Duration, bytes_max: usize) -> Self {
        let limits = AnswerLimits {
            response_headers_kept_bytes_max: 0,
            response_body_bytes_max: bytes_max,
            response_drain_bytes_max: 0,
            ..AnswerLimits::default()
        };
        let plain = connector.guard().only_allowed();
        Self {
            encrypted: connector.with(connector.guard().clone(), limits),
            plain: connector.with(plain, limits),
            timeout,
        }
    }

    /// Fetches a document. Dropping the future closes the connection.
    ///
    /// # Errors
    /// [`FetchError`] where there is none.
    pub async fn fetch(&self, wanted: &Fetch) -> Result<Bytes, FetchError> {
        let response = self.ask(wanted).await?;
        if !(200..300).contains(&response.status) {
            return Err(FetchError::Status(response.status));
        }
        if response.body_truncated {
            let bytes_max = self.encrypted.limits().response_body_bytes_max;
            return Err(FetchError::TooLong { bytes_max });
        }
        Ok(response.body)
    }

    /// The answer, whatever its status and length: for whoever wants to know why there is no document.
    ///
    /// # Errors
    /// [`FetchError::Url`], [`FetchError::Host`] or [`FetchError::Connection`] where there is no answer.
    pub async fn ask(&self, wanted: &Fetch) -> Result<Response, FetchError> {
        let url = Url::parse(&wanted.url)?;
        let host = match &url.endpoint.host {
            Host::Name(name) => name.to_string(),
            Host::Address(address) => address.to_string(),
        };
        if !wanted.hosts.iter().any(|pattern| fits(pattern, &host)) {
            return Err(FetchError::Host(host));
        }
        let connector = if url.endpoint.tls.is_some() { &self.encrypted } else { &self.plain };
        let mut stage = Stage::Resolving;
        let deadline = Instant::now() + self.timeout;
        let asking = exchange(connector, &url, wanted, deadline, &mut stage);
        let answered = match Alarm::at(deadline, None).unless(asking).await {
            Some(answered) => answered,
            None => Err(stage.timed_out(&url.endpoint, self.timeout)),
        };
        Ok(answered.map_err(FetchError::Connection)?.response)
    }
}

async fn exchange(
    connector: &Connector,
    url: &Url,
    wanted: &Fetch,
    deadline: Instant,
    stage: &mut Stage,
) -> Result<Answer, DeliveryError> {
    let mut connection = connector.open(&url.endpoint, None, deadline, stage).await?;
    let mut request = http::Request::new(Full::new(wanted.body.clone()));
    *request.method_mut() = wanted.method.clone();
    *request.uri_mut() = Uri::from(url.path.clone());
    *request.headers_mut() = wanted.headers.clone();
    request.headers_mut().insert(HOST, url.host_header.clone());
    if !wanted.body.is_empty() {
        request.headers_mut().insert(CONTENT_LENGTH, wanted.body.len().into());
    }
    let limits = connector.limits();
    connection.exchange(request, limits, stage).await.map_err(|broken| broken.error)
}

/// Whether a host fits a pattern: `*.` in front stands for any subdomain, `*` elsewhere for one whole
/// label. Case does not count.
fn fits(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    if let Some(domain) = pattern.strip_prefix("*.") {
        let inside = host.len().checked_sub(domain.len()).and_then(|at| host.split_at_checked(at));
        return inside.is_some_and(|(subdomain, rest)| {
            subdomain.len() > 1 && subdomain.ends_with('.') && rest.eq_ignore_ascii_case(domain)
        });
    }
    let (mut labels, mut wanted) = (host.split('.'), pattern.split('.'));
    loop {
        match (labels.next(), wanted.next()) {
            (None, None) => return true,
            (Some(label), Some("*")) if !label.is_empty() => {}
            (Some(label), Some(wanted)) if label.eq_ignore_ascii_case(wanted) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_pins_whole_labels() {
        for (pattern, host, expected) in [
            ("api.paypal.com", "api.paypal.com", true),
            ("api.paypal.com", "API.PayPal.com.", true),
            ("api.paypal.com", "api.paypal.com.evil.test", false),
            ("api.paypal.com", "evil-api.paypal.com", false),
            ("sns.*.amazonaws.com", "sns.eu-west-1.amazonaws.com", true),
            ("sns.*.amazonaws.com", "sns.a.b.amazonaws.com", false),
            ("sns.*.amazonaws.com", "sns..amazonaws.com", false),
            ("sns.*.amazonaws.com", "sns.amazonaws.com", false),
            ("*.paypal.com", "api.sandbox.paypal.com", true),
            ("*.paypal.com", "api.PayPal.com.", true),
            ("*.paypal.com", "paypal.com", false),
            ("*.paypal.com", ".paypal.com", false),
            ("*.paypal.com", "evilpaypal.com", false),
            ("*.paypal.com", "a.paypal.com.evil.test", false),
            ("*", "localhost", true),
            ("*", "a.test", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("", "a.test", false),
        ] {
            assert_eq!(fits(pattern, host), expected, "{pattern} and {host}");
        }
    }
}
