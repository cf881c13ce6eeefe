//! Host names and origins, as far as the guard compares them. Pure.

use std::net::{IpAddr, SocketAddr};

use http::uri;

/// The host and port of a `Host` header or an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    /// In lower case; an IPv6 address without its brackets.
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Reads `host`, `host:port` or `[v6]:port`; none for anything else, also for user information.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let authority: uri::Authority = text.parse().ok()?;
        if text.contains('@') || authority.host().is_empty() {
            return None;
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        Some(Self { host, port: authority.port_u16() })
    }

    /// The name, without the port.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Whether nobody but this machine can have made the name lead here. The port does not matter: a
    /// forwarded port is another one, and a re-bound name shows in the host.
    pub(super) fn is_local(&self, listener: SocketAddr) -> bool {
        let address = self.host.parse::<IpAddr>().ok();
        self.host == "localhost"
            || address.is_some_and(|ip| ip.is_loopback() || (ip == listener.ip() && !ip.is_unspecified()))
    }
}

/// Whether an `Origin` header's value is the origin that `host` names. Only host and port are compared:
/// behind a proxy that ends TLS, this listener does not know the scheme.
pub(super) fn is_same(origin: &str, host: Option<&Authority>) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let (Some(origin), Some(host)) = (Authority::parse(authority), host) else {
        return false;
    };
    origin.host == host.host && origin.port.unwrap_or(default_port) == host.port.unwrap_or(default_port)
}
