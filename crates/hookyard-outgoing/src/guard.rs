//! Which addresses may be reached: everything public, nothing else, and what the operator allows.
//!
//! A destination's URL is typed by a person or by a platform's customer, so it may name a machine of the
//! operator's own network, on purpose or by a DNS name that changed its mind. The guard judges addresses,
//! never names, and is asked about the very address a connection is then made to; there is no moment
//! between check and use.
//!
//! **Invariant:** an IPv6 address is refused unless it lies in global unicast space (2000::/3) or wraps an
//! IPv4 address that is permitted itself. New special ranges outside of it need no new line here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Judges addresses before a connection is made to them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allow: Arc<[IpNet]>,
    /// Whether public addresses are refused as well.
    only_allowed: bool,
}

/// An address lies in a network that may not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is in {network}")]
pub struct Blocked {
    /// The network, for a person: what it is and its range.
    pub network: &'static str,
}

impl Guard {
    /// A guard that also lets through the networks of `allow` (the setting `delivery.allow_networks`).
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self { allow: allow.into(), only_allowed: false }
    }

    /// A guard that lets through nothing but the networks of this one's allow list: for what must not
    /// cross a public network in the clear.
    #[must_use]
    pub fn only_allowed(&self) -> Self {
        Self { allow: Arc::clone(&self.allow), only_allowed: true }
    }

    /// Whether a connection to this address may be made.
    ///
    /// An IPv6 address that wraps an IPv4 one (mapped, compatible, translated, NAT64) is judged by that.
    /// The allow list wins, for the address as given and for the one inside.
    ///
    /// # Errors
    /// [`Blocked`] with the network that rules it out.
    pub fn check(&self, address: IpAddr) -> Result<(), Blocked> {
        let inside = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => embedded(v6),
        };
        let allowed = |address: &IpAddr| self.allow.iter().any(|network| network.contains(address));
        if allowed(&address) || inside.is_some_and(|v4| allowed(&IpAddr::V4(v4))) {
            return Ok(());
        }
        let network = match (address, inside) {
            (IpAddr::V4(v4), _) | (IpAddr::V6(_), Some(v4)) => special_v4(v4),
            (IpAddr::V6(v6), None) => special_v6(v6),
        };
        let network = network.or(self.only_allowed.then_some(UNENCRYPTED));
        network.map_or(Ok(()), |network| Err(Blocked { network }))
    }
}

/// Why a public address is refused by [`Guard::only_allowed`].
const UNENCRYPTED: &str = "a public network, which is only crossed with TLS";

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    SPECIAL_V4.iter().find(|(network, _)| network.contains(&address)).map(|(_, name)| *name)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let named = SPECIAL_V6.iter().find(|(network, _)| network.contains(&address)).map(|(_, name)| *name);
    let outside =
        || (!GLOBAL_UNICAST.contains(&address)).then_some("space that is not public (outside 2000::/3)");
    named.or_else(outside)
}

/// The IPv4 address that this one is another way to write, or that a gateway turns it into.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if address.is_unspecified() || address.is_loopback() {
        return None;
    }
    EMBEDDING.iter().any(|network| network.contains(&address)).then(|| {
        let [.., a, b, c, d] = address.octets();
        Ipv4Addr::new(a, b, c, d)
    })
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(segments: [u16; 4], bits: u8) -> Ipv6Net {
    let [a, b, c, d] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), bits)
}

const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0], 3);

/// Prefixes whose last 32 bits are an IPv4 address.
const EMBEDDING: [Ipv6Net; 4] = [
    // IPv4-compatible (RFC 4291, section 2.5.5.1).
    v6([0, 0, 0, 0], 96),
    // IPv4-mapped (RFC 4291, section 2.5.5.2).
    Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    // IPv4-translated (RFC 2765).
    Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96),
    // NAT64, the well-known prefix (RFC 6052): how an IPv6-only network reaches public IPv4 hosts.
    v6([0x64, 0xff9b, 0, 0], 96),
];

/// IANA's special-purpose registry for IPv4 and what else is no public host; narrower before wider.
const SPECIAL_V4: [(Ipv4Net, &str); 19] = [
    (v4(0, 0, 0, 0, 8), "the unspecified network (0.0.0.0/8)"),
    (v4(10, 0, 0, 0, 8), "a private network (10.0.0.0/8)"),
    (v4(100, 64, 0, 0, 10), "a carrier's shared network (100.64.0.0/10)"),
    (v4(127, 0, 0, 0, 8), "the loopback network (127.0.0.0/8)"),
    // Azure's virtual machines reach their host's agent here, secrets included.
    (v4(168, 63, 129, 16, 32), "a cloud's metadata service (168.63.129.16/32)"),
    (v4(169, 254, 0, 0, 16), "the link-local network (169.254.0.0/16)"),
    (v4(172, 16, 0, 0, 12), "a private network (172.16.0.0/12)"),
    (v4(192, 0, 0, 0, 24), "a network for protocol assignments (192.0.0.0/24)"),
    (v4(192, 0, 2, 0, 24), "a documentation network (192.0.2.0/24)"),
    (v4(192, 31, 196, 0, 24), "the AS112 network (192.31.196.0/24)"),
    (v4(192, 52, 193, 0, 24), "the AMT network (192.52.193.0/24)"),
    (v4(192, 88, 99, 0, 24), "the 6to4 relay network (192.88.99.0/24)"),
    (v4(192, 168, 0, 0, 16), "a private network (192.168.0.0/16)"),
    (v4(198, 18, 0, 0, 15), "a benchmarking network (198.18.0.0/15)"),
    (v4(198, 51, 100, 0, 24), "a documentation network (198.51.100.0/24)"),
    (v4(203, 0, 113, 0, 24), "a documentation network (203.0.113.0/24)"),
    (v4(224, 0, 0, 0, 4), "the multicast network (224.0.0.0/4)"),
    (v4(255, 255, 255, 255, 32), "the broadcast address (255.255.255.255)"),
    (v4(240, 0, 0, 0, 4), "a reserved network (240.0.0.0/4)"),
];

/// The same for IPv6; narrower before wider.
const SPECIAL_V6: [(Ipv6Net, &str); 18] = [
    (v6([0, 0, 0, 0], 128), "the unspecified address (::)"),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), "the loopback address (::1)"),
    // Refused as a whole: where in it an operator's NAT64 expects the IPv4 address cannot be known.
    (v6([0x64, 0xff9b, 1, 0], 48), "a local NAT64 network (64:ff9b:1::/48)"),
    (v6([0x100, 0, 0, 0], 64), "the discard network (100::/64)"),
    (v6([0x100, 0, 0, 1], 64), "the dummy network (100:0:0:1::/64)"),
    (v6([0x2001, 0, 0, 0], 32), "the Teredo network (2001::/32)"),
    (v6([0x2001, 2, 0, 0], 48), "a benchmarking network (2001:2::/48)"),
    (v6([0x2001, 0x10, 0, 0], 28), "the ORCHID network (2001:10::/28)"),
    (v6([0x2001, 0x20, 0, 0], 28), "the ORCHIDv2 network (2001:20::/28)"),
    (v6([0x2001, 0, 0, 0], 23), "a network for protocol assignments (2001::/23)"),
    (v6([0x2001, 0xdb8, 0, 0], 32), "a documentation network (2001:db8::/32)"),
    (v6([0x2002, 0, 0, 0], 16), "the 6to4 network (2002::/16)"),
    (v6([0x3fff, 0, 0, 0], 20), "a documentation network (3fff::/20)"),
    (v6([0x5f00, 0, 0, 0], 16), "the SRv6 network (5f00::/16)"),
    (v6([0xfc00, 0, 0, 0], 7), "a private network (fc00::/7)"),
    (v6([0xfe80, 0, 0, 0], 10), "the link-local network (fe80::/10)"),
    (v6([0xfec0, 0, 0, 0], 10), "a site-local network (fec0::/10)"),
    (v6([0xff00, 0, 0, 0], 8), "the multicast network (ff00::/8)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Option<&'static str> {
        Guard::default().check(address.parse().unwrap()).err().map(|blocked| blocked.network)
    }

    /// First and last address of every range, with the part of its name that tells it from its neighbours.
    #[test]
    fn special_ranges_are_refused_from_end_to_end() {
        for (first, last, name) in [
            ("0.0.0.0", "0.255.255.255", "unspecified"),
            ("10.0.0.0", "10.255.255.255", "10.0.0.0/8"),
            ("100.64.0.0", "100.127.255.255", "shared"),
            ("127.0.0.0", "127.255.255.255", "loopback"),
            ("168.63.129.16", "168.63.129.16", "metadata"),
            ("169.254.0.0", "169.254.255.255", "link-local"),
            ("172.16.0.0", "172.31.255.255", "172.16.0.0/12"),
            ("192.0.0.0", "192.0.0.255", "protocol assignments"),
            ("192.0.2.0", "192.0.2.255", "documentation"),
            ("192.31.196.0", "192.31.196.255", "AS112"),
            ("192.52.193.0", "192.52.193.255", "AMT"),
            ("192.88.99.0", "192.88.99.255", "6to4"),
            ("192.168.0.0", "192.168.255.255", "192.168.0.0/16"),
            ("198.18.0.0", "198.19.255.255", "benchmarking"),
            ("198.51.100.0", "198.51.100.255", "documentation"),
            ("203.0.113.0", "203.0.113.255", "documentation"),
            ("224.0.0.0", "239.255.255.255", "multicast"),
            ("240.0.0.0", "255.255.255.254", "reserved"),
            ("255.255.255.255", "255.255.255.255", "broadcast"),
            ("::", "::", "unspecified"),
            ("::1", "::1", "loopback"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:808:808", "NAT64"),
            ("100::", "100::ffff:ffff:ffff:ffff", "discard"),
            ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "dummy"),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo"),
            ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "benchmarking"),
            ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHID"),
            ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "ORCHIDv2"),
            ("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "protocol assignments"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
            ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "SRv6"),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"),
            ("4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not public"),
            ("1::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not public"),
        ] {
            for address in [first, last] {
                let found = network(address).unwrap_or_else(|| panic!("{address} is permitted"));
                assert!(found.contains(name), "{address}: {found}");
            }
        }
    }

    #[test]
    fn the_neighbours_of_special_ranges_are_permitted() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2003::",
            "2606:4700::1111",
            "3ffe:ffff::",
            "3fff:1000::",
        ] {
            assert_eq!(network(address), None, "{address}");
        }
    }

    #[test]
    fn wrapped_ipv4_addresses_are_judged_by_what_is_inside() {
        for prefix in ["::ffff:", "::", "::ffff:0:", "64:ff9b::"] {
            assert_eq!(network(&format!("{prefix}8.8.8.8")), None, "{prefix}");
            for (inner, name) in
                [("127.0.0.1", "loopback"), ("10.1.2.3", "10.0.0.0/8"), ("169.254.169.254", "link-local")]
            {
                let found = network(&format!("{prefix}{inner}")).unwrap();
                assert!(found.contains(name), "{prefix}{inner}: {found}");
            }
        }
    }

    #[test]
    fn without_tls_only_the_allow_list_counts() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]).only_allowed();
        let check = |address: &str| guard.check(address.parse().unwrap());
        assert_eq!(check("127.0.0.1"), Ok(()));
        assert_eq!(check("8.8.8.8"), Err(Blocked { network: UNENCRYPTED }));
        assert_eq!(check("2606:4700::1111"), Err(Blocked { network: UNENCRYPTED }));
        assert!(check("10.0.0.1").is_err_and(|blocked| blocked.network.contains("10.0.0.0/8")));
    }

    #[test]
    fn the_allow_list_wins_and_only_for_what_it_names() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap(), "fd00:1::/32".parse().unwrap()]);
        let check = |address: &str| guard.check(address.parse().unwrap());
        for address in ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00:1::5"] {
            assert_eq!(check(address), Ok(()), "{address}");
        }
        for address in ["::1", "10.0.0.1", "::ffff:10.0.0.1", "fd00:2::5"] {
            assert!(check(address).is_err(), "{address}");
        }
        let mapped = Guard::new(vec!["::ffff:10.0.0.0/104".parse().unwrap()]);
        assert_eq!(mapped.check("::ffff:10.0.0.1".parse().unwrap()), Ok(()));
        assert!(mapped.check("10.0.0.1".parse().unwrap()).is_err());
    }
}
