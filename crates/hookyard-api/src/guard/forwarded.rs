//! Who called, where a reverse proxy stands in between: the last address of `X-Forwarded-For` or `Forwarded` (RFC 7239)
//! that is no proxy's of ours. Pure.
//!
//! **Invariant:** only what a trusted proxy wrote is believed. Each adds to the end, and what stands before that the
//! caller may have made up. So it is read from the end; where it cannot be read, or the two headers do not agree, the
//! proxy is taken for the caller, and nobody gains anything by making something up.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::FORWARDED;
use ipnet::IpNet;

/// The header that most proxies write.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies in front of the listener.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(super) const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who called, where `peer` is at the other end of the connection.
    pub(super) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.has(peer) {
            return peer;
        }
        let of_name =
            joined(headers, X_FORWARDED_FOR).map(|text| self.last(peer, text.split(',').map(address)));
        let of_standard = joined(headers, FORWARDED.as_str()).map(|text| match split(&text, b',') {
            Some(elements) => self.last(peer, elements.into_iter().map(forwarded_for)),
            None => peer,
        });
        match (of_name, of_standard) {
            (Some(one), Some(other)) if one != other => peer,
            (one, other) => one.or(other).unwrap_or(peer),
        }
    }

    /// The last address that is no proxy's; the farthest that is known where all are.
    fn last(&self, peer: IpAddr, addresses: impl DoubleEndedIterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut farthest = peer;
        for address in addresses.rev() {
            let Some(address) = address else { return farthest };
            farthest = address;
            if !self.has(address) {
                break;
            }
        }
        farthest
    }
}

/// All lines of a header as one; what is no text stands for an address that cannot be read.
fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("?")).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

/// The `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = split(element, b';')?;
    let mut pairs = pairs.into_iter().filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(value.trim_matches('"'))
}

/// What lies between separators that are in no quotes; none where quotes are left open, so that nobody can open some that
/// swallow what a proxy adds.
fn split(text: &str, separator: u8) -> Option<Vec<&str>> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if byte == separator && !is_quoted => {
                parts.push(text.get(begin..at)?);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(begin..)?);
    (!is_quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn caller(peer: &str, lines: &[(&'static str, &str)]) -> String {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let lines = lines.iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            (HeaderName::from_static(name), value)
        });
        proxies.caller(peer.parse().unwrap(), &lines.collect()).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_proxys_counts() {
        for (line, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("198.51.100.9, 192.0.2.7", "192.0.2.7"),
            ("198.51.100.9,192.0.2.7 , 10.0.0.2", "192.0.2.7"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:4711, fd00::2", "2001:db8::1"),
            ("::ffff:192.0.2.7, ::ffff:10.0.0.2", "192.0.2.7"),
            // What cannot be read ends the way.
            ("192.0.2.7, unknown, 10.0.0.2", "10.0.0.2"),
            ("192.0.2.7, unknown", "10.0.0.1"),
            ("192.0.2.7,", "10.0.0.1"),
            ("", "10.0.0.1"),
            ("192.0.2.7, ü", "10.0.0.1"),
        ] {
            assert_eq!(caller("10.0.0.1", &[("x-forwarded-for", line)]), expected, "{line}");
        }
        let lines = [("x-forwarded-for", "198.51.100.9"), ("x-forwarded-for", "192.0.2.7, 10.0.0.2")];
        assert_eq!(caller("::ffff:10.0.0.1", &lines), "192.0.2.7");
        assert_eq!(caller("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn nobody_else_is_believed() {
        for peer in ["192.0.2.1", "2001:db8::2", "::1"] {
            for name in ["x-forwarded-for", "forwarded"] {
                assert_eq!(caller(peer, &[(name, "for=198.51.100.9"), (name, "198.51.100.9")]), peer);
            }
        }
    }

    #[test]
    fn the_standard_header_is_read_too() {
        for (line, expected) in [
            ("for=192.0.2.7", "192.0.2.7"),
            ("for=198.51.100.9, For=\"192.0.2.7:4711\";proto=https;by=10.0.0.1", "192.0.2.7"),
            ("proto=https; for=\"[2001:db8::1]:80\", for=\"[fd00::2]\"", "2001:db8::1"),
            ("for=192.0.2.7, for=_hidden", "10.0.0.1"),
            ("for=192.0.2.7, proto=https", "10.0.0.1"),
            // Nothing that is quoted is an element.
            ("for=192.0.2.7;host=\"a,for=198.51.100.9;b=\"", "192.0.2.7"),
            ("host=\"a;for=198.51.100.9;b=\";for=192.0.2.7", "192.0.2.7"),
            // A quote of the caller's swallows nothing.
            ("for=\"198.51.100.9, for=192.0.2.7", "10.0.0.1"),
            ("for=\"198.51.100.9\\\", for=\"[2001:db8::1]\"", "10.0.0.1"),
        ] {
            assert_eq!(caller("10.0.0.1", &[("forwarded", line)]), expected, "{line}");
        }
    }

    #[test]
    fn a_header_that_the_proxy_only_passes_on_is_not_believed() {
        let of_proxy = ("x-forwarded-for", "192.0.2.7");
        for (made_up, expected) in [("for=198.51.100.9", "10.0.0.1"), ("for=192.0.2.7", "192.0.2.7")] {
            assert_eq!(caller("10.0.0.1", &[of_proxy, ("forwarded", made_up)]), expected, "{made_up}");
        }
    }
}
