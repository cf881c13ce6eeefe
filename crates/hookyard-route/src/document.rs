//! From the description of a key to the document that holds it: one call, or two where an access token has
//! to be asked for first.

use bytes::Bytes;
use hookyard_model::attempt::DeliveryError;
use hookyard_outgoing::fetch::{Fetch, FetchError, Fetcher};
use hookyard_providers::{AuthorizeRequest, KeyRequest};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DocumentError {
    /// The document cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The access token cannot be had.
    #[error("the access token for it cannot be had: {0}")]
    Token(FetchError),
    /// The answer to the request for an access token holds none.
    #[error("the answer to the request for an access token holds none")]
    NoToken,
    /// The call cannot be put into HTTP.
    #[error("the call for it cannot be made: {0}")]
    Call(String),
    /// What was fetched is no key that can be used.
    #[error("{0}")]
    NoKey(String),
    /// There is nothing that its certificates could lead to.
    #[error("{}", .0.detail)]
    Roots(DeliveryError),
}

impl DocumentError {
    /// Whether asking again cannot help.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_final(),
            Self::Call(_) | Self::NoKey(_) => true,
            // An owner's credentials can be put right.
            Self::Token(_) | Self::NoToken | Self::Roots(_) => false,
        }
    }

    /// A word for metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.name(),
            Self::Token(_) | Self::NoToken => "token",
            Self::Call(_) => "request",
            Self::NoKey(_) => "refused",
            Self::Roots(error) => error.kind.name(),
        }
    }
}

/// Fetches the document.
pub(crate) async fn fetch(fetcher: &Fetcher, wanted: &KeyRequest) -> Result<Bytes, DocumentError> {
    let mut headers = headers(&wanted.headers)?;
    if let Some(authorize) = &wanted.authorize {
        headers.insert(AUTHORIZATION, token(fetcher, authorize).await?);
    }
    let method = Method::from_bytes(wanted.method.as_bytes()).map_err(unusable)?;
    let body = wanted.body.clone().map(Bytes::from).unwrap_or_default();
    let call = Fetch { method, url: wanted.url.clone(), headers, body, hosts: wanted.hosts.clone() };
    Ok(fetcher.fetch(&call).await?)
}

/// The value of `Authorization` that an access token makes.
async fn token(fetcher: &Fetcher, authorize: &AuthorizeRequest) -> Result<HeaderValue, DocumentError> {
    let host = authorize.url.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_owned));
    let call = Fetch {
        method: Method::POST,
        url: authorize.url.clone(),
        headers: headers(&authorize.headers)?,
        body: Bytes::from(authorize.body.clone()),
        hosts: host.into_iter().collect(),
    };
    let answer = fetcher.fetch(&call).await.map_err(DocumentError::Token)?;
    let answer: serde_json::Value = serde_json::from_slice(&answer).map_err(|_| DocumentError::NoToken)?;
    let token = answer.pointer(&authorize.pointer).and_then(serde_json::Value::as_str);
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.ok_or(DocumentError::NoToken)?))
        .map_err(|_| DocumentError::NoToken)?;
    value.set_sensitive(true);
    Ok(value)
}

fn headers(lines: &[(String, String)]) -> Result<HeaderMap, DocumentError> {
    let mut headers = HeaderMap::with_capacity(lines.len() + 1);
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(unusable)?;
        headers.append(name, HeaderValue::from_str(value).map_err(unusable)?);
    }
    Ok(headers)
}

/// Says what is wrong with a call, and not what it holds.
fn unusable(error: impl std::fmt::Display) -> DocumentError {
    DocumentError::Call(error.to_string())
}
