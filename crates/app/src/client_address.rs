//! Who is behind a request: the address that its connection came from, or the one that a trusted
//! proxy names in `X-Forwarded-For`.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// The header in which each proxy adds whom it was called by.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientAddress {
    /// This one.
    Known(IpAddr),
    /// A trusted proxy named something that is no address. Such clients are together, and apart from
    /// everybody else: what others wrote before it can be forged, and the proxy's own address would
    /// be blamed for all of them.
    Unknown,
}

impl std::fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(address) => address.fmt(f),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// Finds the addresses of clients.
#[derive(Debug)]
pub struct ClientAddresses {
    trusted_proxies: Vec<IpNet>,
    has_warned: AtomicBool,
}

impl ClientAddresses {
    /// Those of clients behind these proxies.
    pub fn behind(trusted_proxies: Vec<IpNet>) -> Self {
        Self { trusted_proxies, has_warned: AtomicBool::new(false) }
    }

    /// The nearest address that is not one of our own proxies.
    pub fn of(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let peer = peer.to_canonical();
        if !self.is_trusted(peer) {
            self.warn_of_a_forgotten_proxy(peer, headers);
            return ClientAddress::Known(peer);
        }
        let mut nearest = peer;
        // From the right: each proxy adds at the end, and what stands left of a foreign or an unreadable
        // element anybody can write.
        let elements = headers.get_all(FORWARDED_FOR).flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        for element in elements.collect::<Vec<_>>().into_iter().rev() {
            match address(element) {
                Element::Empty => {}
                Element::Address(address) => {
                    nearest = address;
                    if !self.is_trusted(address) {
                        break;
                    }
                }
                Element::Other => return ClientAddress::Unknown,
            }
        }
        ClientAddress::Known(nearest)
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|net| net.contains(&address))
    }

    /// Once: a proxy that is not trusted makes all of its clients one address.
    fn warn_of_a_forgotten_proxy(&self, peer: IpAddr, headers: &HeaderMap) {
        if headers.contains_key(FORWARDED_FOR) && is_near(peer) && !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                client.address = %peer,
                "X-Forwarded-For is ignored: its sender is not in TRUSTED_PROXIES, and all its clients share one ADDRESS_RATE"
            );
        }
    }
}

/// Whether an address is of this machine or of a private network, where proxies are.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// What stands between two commas.
#[derive(Debug, PartialEq, Eq)]
enum Element {
    Empty,
    Address(IpAddr),
    Other,
}

/// An address as proxies write it: alone, in brackets, with a port, with a zone.
fn address(element: &[u8]) -> Element {
    let Ok(text) = std::str::from_utf8(element) else { return Element::Other };
    let text = text.trim();
    if text.is_empty() {
        return Element::Empty;
    }
    let plain = |text: &str| text.split('%').next().and_then(|text| text.parse::<IpAddr>().ok());
    let bracketed = || plain(text.strip_prefix('[')?.split_once(']').filter(|(_, rest)| is_port(rest))?.0);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address = plain(text).or_else(with_port).or_else(bracketed);
    address.map_or(Element::Other, |address| Element::Address(address.to_canonical()))
}

/// Nothing, or a port.
fn is_port(rest: &str) -> bool {
    rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, forwarded: &[&[u8]]) -> String {
        let addresses = ClientAddresses::behind(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(HeaderName::from_static(FORWARDED_FOR), HeaderValue::from_bytes(value).unwrap());
        }
        addresses.of(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_client_is_the_nearest_hop_that_is_not_ours() {
        for (forwarded, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("198.51.100.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
            ("203.0.113.9:50001", "203.0.113.9"),
            ("[203.0.113.9]:50001", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%eth0]:443", "fe80::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:50001,10.1.1.1:443", "203.0.113.9"),
            // Our own proxies alone: the farthest of them called.
            ("10.2.2.2, 10.1.1.1", "10.2.2.2"),
            ("203.0.113.9,", "203.0.113.9"),
            ("", PROXY),
        ] {
            assert_eq!(client(PROXY, &[forwarded.as_bytes()]), expected, "{forwarded}");
        }
        assert_eq!(client(PROXY, &[b"198.51.100.1", b"203.0.113.9"]), "203.0.113.9");
        assert_eq!(client(PROXY, &[]), PROXY);
    }

    #[test]
    fn what_is_no_address_is_neither_the_proxy_nor_whoever_is_named_before_it() {
        for forwarded in ["nonsense", "203.0.113.9, unknown", "203.0.113.9, nonsense, 10.1.1.1", "203.0.113.9:99999"] {
            assert_eq!(client(PROXY, &[forwarded.as_bytes()]), "unknown", "{forwarded}");
        }
        assert_eq!(client(PROXY, &[b"\xff"]), "unknown");
    }

    #[test]
    fn what_a_client_wrote_before_its_own_address_does_not_matter() {
        for forged in [b"nonsense, 203.0.113.9".as_slice(), b"\xff, 203.0.113.9"] {
            assert_eq!(client(PROXY, &[forged]), "203.0.113.9");
        }
        assert_eq!(client(PROXY, &[b"\xff", b"203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn an_untrusted_proxy_cannot_forward() {
        assert_eq!(client("198.51.100.1", &[b"203.0.113.9"]), "198.51.100.1");
    }

    #[test]
    fn only_addresses_that_proxies_have_are_warned_of() {
        for (address, near) in [
            ("127.0.0.1", true),
            ("10.0.0.1", true),
            ("172.17.0.1", true),
            ("192.168.1.1", true),
            ("::1", true),
            ("fd00::1", true),
            ("203.0.113.9", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_near(address.parse().unwrap()), near, "{address}");
        }
    }
}
