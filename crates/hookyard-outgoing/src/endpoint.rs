//! A URL taken apart: what a connection is made to, and what the request on it says.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderValue;
use http::uri::{PathAndQuery, Uri};
use rustls_pki_types::ServerName;

/// What a connection is made to. Two URLs with equal endpoints can share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whom to ask.
    pub host: Host,
    /// At which port.
    pub port: u16,
    /// The name the certificate must be valid for; none for plain HTTP.
    pub tls: Option<ServerName<'static>>,
}

/// The host part of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// To be resolved at each connection.
    Name(Box<str>),
    /// Written as an address.
    Address(IpAddr),
}

/// An absolute `http` or `https` URL that a request can be sent to.
#[derive(Clone, Debug)]
pub struct Url {
    /// Where the connection leads.
    pub endpoint: Arc<Endpoint>,
    /// The value of `Host`: the host, and the port where it is not the scheme's own.
    pub host_header: HeaderValue,
    /// What stands behind the host; `/` where nothing does.
    pub path: PathAndQuery,
}

/// Why a text is no URL that a request can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// The text is no URL.
    #[error("`{0}` is not a valid URL; a host name in another script must be written in its xn-- form")]
    NotAUrl(String),
    /// It is neither `http` nor `https`.
    #[error("the URL must start with http:// or https://")]
    Scheme,
    /// It holds user info, which would end up in logs and on screens.
    #[error("the URL must not hold a user name or password")]
    UserInfo,
    /// It has a fragment, which is never sent.
    #[error("the URL must not have a fragment (`#…`)")]
    Fragment,
}

impl Url {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// [`UrlError`] where no request can be sent to it.
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let (uri, scheme_is_tls) = split(url)?;
        let host = uri.host().unwrap_or_default();
        let default_port = if scheme_is_tls { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default_port);
        let not_a_url = || UrlError::NotAUrl(url.to_owned());
        let bare_host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let tls = if scheme_is_tls {
            Some(ServerName::try_from(bare_host.to_owned()).map_err(|_| not_a_url())?)
        } else {
            None
        };
        let host_header = if port == default_port { host.to_owned() } else { format!("{host}:{port}") };
        Ok(Self {
            endpoint: Arc::new(Endpoint {
                host: bare_host.parse().map_or_else(|_| Host::Name(bare_host.into()), Host::Address),
                port,
                tls,
            }),
            host_header: HeaderValue::try_from(host_header).map_err(|_| not_a_url())?,
            path: uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")),
        })
    }
}

/// The URL taken apart, and whether it is `https`.
fn split(url: &str) -> Result<(Uri, bool), UrlError> {
    if url.contains('#') {
        return Err(UrlError::Fragment);
    }
    let uri: Uri = url.parse().map_err(|_| UrlError::NotAUrl(url.to_owned()))?;
    let is_tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(UrlError::Scheme),
    };
    let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    if authority.contains('@') {
        return Err(UrlError::UserInfo);
    }
    // The URI type reads a port that is no port as none at all.
    let port = authority.strip_prefix(uri.host().unwrap_or_default()).unwrap_or(":");
    let port_is_readable = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => digits.parse::<u16>().is_ok_and(|port| port > 0),
    };
    if uri.host().unwrap_or_default().is_empty() || !port_is_readable {
        return Err(UrlError::NotAUrl(url.to_owned()));
    }
    Ok((uri, is_tls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let name = |name: &str| Host::Name(name.into());
        let address = |address: &str| Host::Address(address.parse().unwrap());
        for (url, host, port, host_header, is_tls) in [
            ("http://a.test", name("a.test"), 80, "a.test", false),
            ("http://a.test:80/x", name("a.test"), 80, "a.test", false),
            ("http://a.test:8080", name("a.test"), 8080, "a.test:8080", false),
            ("https://a.test/", name("a.test"), 443, "a.test", true),
            ("HTTPS://a.test:80/", name("a.test"), 80, "a.test:80", true),
            ("https://10.0.0.1/", address("10.0.0.1"), 443, "10.0.0.1", true),
            ("https://[::1]:8443/", address("::1"), 8443, "[::1]:8443", true),
            // Another way to write 127.0.0.1: the resolver reads it, and the guard judges what comes out.
            ("http://2130706433/", name("2130706433"), 80, "2130706433", false),
        ] {
            let parsed = Url::parse(url).unwrap();
            assert_eq!((&parsed.endpoint.host, parsed.endpoint.port), (&host, port), "{url}");
            assert_eq!(parsed.host_header, host_header, "{url}");
            assert_eq!(parsed.endpoint.tls.is_some(), is_tls, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused() {
        let error = |url: &str| Url::parse(url).err();
        for url in [
            "",
            "http://",
            "http://a b/",
            "http://ä.test/",
            "http://a.test:/",
            "http://a.test:99999/",
            "http://:80/",
        ] {
            assert_eq!(error(url), Some(UrlError::NotAUrl(url.into())), "{url}");
        }
        for url in ["ftp://a.test/", "a.test", "/path"] {
            assert_eq!(error(url), Some(UrlError::Scheme), "{url}");
        }
        assert_eq!(error("http://user:pass@a.test/"), Some(UrlError::UserInfo));
        assert_eq!(error("http://a.test/#x"), Some(UrlError::Fragment));
    }
}
