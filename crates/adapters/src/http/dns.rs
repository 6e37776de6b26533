//! DNS for account hosts, against SSRF: names lead to the internet alone, and addresses of a private network are left out.
//!
//! Whoever can forge an answer, or owns a name, would otherwise have a secret sent to a machine of that network.

use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::{fmt, io};

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use Kind::{Documentation, LinkLocal, Loopback, Multicast, Private, Reserved, Shared, Unspecified};

/// What an address is, if it is no host's on the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Loopback,
    Private,
    LinkLocal,
    /// Of a carrier's network (RFC 6598).
    Shared,
    Multicast,
    Unspecified,
    Documentation,
    Reserved,
}

impl Kind {
    /// As it stands in the log.
    fn name(self) -> &'static str {
        match self {
            Loopback => "loopback",
            Private => "private",
            LinkLocal => "link_local",
            Shared => "shared",
            Multicast => "multicast",
            Unspecified => "unspecified",
            Documentation => "documentation",
            Reserved => "reserved",
        }
    }

    /// By IANA's registries of special-purpose addresses. One that carries an IPv4 address is what that is.
    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => OF_IPV4.iter().find(|(net, _)| net.contains(&address)).map(|(_, kind)| *kind),
            IpAddr::V6(address) => match carried(address) {
                Some(carried) => Self::of(carried.into()),
                None => OF_IPV6.iter().find(|(net, _)| net.contains(&address)).map(|(_, kind)| *kind),
            },
        }
    }
}

const OF_IPV4: [(Ipv4Net, Kind); 16] = [
    (v4([0, 0, 0, 0], 8), Unspecified),
    (v4([10, 0, 0, 0], 8), Private),
    (v4([100, 64, 0, 0], 10), Shared),
    (v4([127, 0, 0, 0], 8), Loopback),
    (v4([169, 254, 0, 0], 16), LinkLocal),
    (v4([172, 16, 0, 0], 12), Private),
    (v4([192, 0, 0, 0], 24), Reserved),
    (v4([192, 0, 2, 0], 24), Documentation),
    (v4([192, 88, 99, 0], 24), Reserved),
    (v4([192, 168, 0, 0], 16), Private),
    // Of benchmarks (RFC 2544).
    (v4([198, 18, 0, 0], 15), Private),
    (v4([198, 51, 100, 0], 24), Documentation),
    (v4([203, 0, 113, 0], 24), Documentation),
    (v4([224, 0, 0, 0], 4), Multicast),
    (v4([255, 255, 255, 255], 32), Multicast),
    (v4([240, 0, 0, 0], 4), Reserved),
];

/// Beside those that carry an IPv4 address. Only `2000::/3` is handed out to hosts.
const OF_IPV6: [(Ipv6Net, Kind); 12] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Loopback),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), Unspecified),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Private),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), LinkLocal),
    // Site-local, as it once was (RFC 3879).
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Private),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Multicast),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Documentation),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Documentation),
    // Teredo, ORCHID, benchmarks and the like.
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Reserved),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 3), Reserved),
    (v6([0x4000, 0, 0, 0, 0, 0, 0, 0], 2), Reserved),
    (v6([0x8000, 0, 0, 0, 0, 0, 0, 0], 1), Reserved),
];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(part: [u16; 8], prefix: u8) -> Ipv6Net {
    let address = Ipv6Addr::new(part[0], part[1], part[2], part[3], part[4], part[5], part[6], part[7]);
    Ipv6Net::new_assert(address, prefix)
}

/// The IPv4 address in one that is mapped (RFC 4291), translated (RFC 6052, `64:ff9b::/96`) or tunnelled (6to4, RFC
/// 3056).
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            of(high, low)
        }
        _ => None,
    }
}

/// All addresses of a name are of a private network.
#[derive(Debug)]
struct NotPublic;

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to addresses that are not public")
    }
}

impl Error for NotPublic {}

/// Looks names up, and leaves out what is not public.
pub(super) struct PublicResolver {
    inner: Arc<dyn Resolve>,
}

impl PublicResolver {
    /// By the machine's own resolver.
    pub(super) fn of_the_system() -> Self {
        Self::of(Arc::new(SystemResolver::new()))
    }

    pub(super) fn of(inner: Arc<dyn Resolve>) -> Self {
        Self { inner }
    }
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let found = self.inner.resolve(name);
        Box::pin(async move {
            let (others, public): (Vec<_>, Vec<_>) =
                found.await?.map(|address| (address, Kind::of(address.ip()))).partition(|(_, kind)| kind.is_some());
            if let Some((_, Some(kind))) = others.first() {
                tracing::warn!(
                    amo.host = %host,
                    address.kind = kind.name(),
                    "an account host's name leads to an address that is not public, which is sent nothing: \
                     see AMO_ALLOW_PRIVATE_ADDRESSES"
                );
                if public.is_empty() {
                    return Err(NotPublic.into());
                }
            }
            Ok(Box::new(public.into_iter().map(|(address, _)| address)) as Addrs)
        })
    }
}

/// How many names of one zone are looked up at one time. Each look-up takes a thread of the pool that SQLite's work needs
/// too, 512 in all, for as long as the machine's resolver tries: half a minute where the zone's name servers are silent,
/// also when its caller has gone. The zones are those of `AMO_ALLOWED_HOSTS`, and few.
const LOOK_UPS: usize = 64;

/// The zones, for all clients of the process.
static ZONES: LazyLock<Arc<Zones>> = LazyLock::new(|| Arc::new(Zones::of(LOOK_UPS)));

/// How many names of each zone may be looked up.
struct Zones {
    most: usize,
    zones: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Zones {
    fn of(most: usize) -> Self {
        Self { most, zones: Mutex::default() }
    }

    fn of_name(&self, name: &str) -> Arc<Semaphore> {
        let zone = name.split_once('.').map_or("", |(_, zone)| zone).to_ascii_lowercase();
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(zones.entry(zone).or_insert_with(|| Arc::new(Semaphore::new(self.most))))
    }
}

type LookUp = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// The machine's own resolver. Callers wait for each other, for as long as they have time to connect.
pub(super) struct SystemResolver {
    look_up: LookUp,
    zones: Arc<Zones>,
}

impl SystemResolver {
    pub(super) fn new() -> Self {
        // The port follows from the URL.
        Self { look_up: |name| Ok((name, 0).to_socket_addrs()?.collect()), zones: Arc::clone(&ZONES) }
    }
}

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (zone, look_up) = (self.zones.of_name(name.as_str()), self.look_up);
        Box::pin(async move {
            let turn = zone.acquire_owned().await?;
            let looking = tokio::task::spawn_blocking(move || {
                let found = look_up(name.as_str());
                drop(turn);
                found
            });
            Ok(Box::new(looking.await??.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;

    /// Whether the name server of `silent.test` answers.
    static ANSWERS: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

    fn look_up(name: &str) -> io::Result<Vec<SocketAddr>> {
        if name.ends_with(".silent.test") {
            let answers = ANSWERS.0.lock().unwrap();
            drop(ANSWERS.1.wait_timeout_while(answers, Duration::from_mins(1), |answers| !*answers));
        }
        "192.0.2.1:0".to_socket_addrs().map(Iterator::collect)
    }

    #[tokio::test]
    async fn a_zone_whose_name_servers_are_silent_takes_a_part_of_the_threads() {
        let resolver = SystemResolver { look_up, zones: Arc::new(Zones::of(3)) };
        let ask = |name: &str| resolver.resolve(name.parse().unwrap());
        for number in 0..3 {
            // Its caller goes away.
            assert!(ask(&format!("a{number}.silent.test")).now_or_never().is_none());
        }
        let mut waiting = ask("b.SILENT.test");
        assert!((&mut waiting).now_or_never().is_none());
        assert_eq!(resolver.zones.of_name("c.silent.test").available_permits(), 0);
        for other in ["a.other.test", "localhost"] {
            assert_eq!(ask(other).await.map(Iterator::count).ok(), Some(1));
        }
        *ANSWERS.0.lock().unwrap() = true;
        ANSWERS.1.notify_all();
        assert_eq!(waiting.await.map(Iterator::count).ok(), Some(1));
    }

    fn kind(address: &str) -> Option<Kind> {
        Kind::of(address.parse().unwrap())
    }

    /// The first and the last address of each range, and those beside it.
    #[test]
    fn private_addresses_are_known_to_their_ends() {
        for (range, expected) in [
            ("0.0.0.0 0.255.255.255", Unspecified),
            ("10.0.0.0 10.255.255.255", Private),
            ("100.64.0.0 100.127.255.255", Shared),
            ("127.0.0.0 127.255.255.255", Loopback),
            ("169.254.0.0 169.254.255.255", LinkLocal),
            ("172.16.0.0 172.31.255.255", Private),
            ("192.0.0.0 192.0.0.255", Reserved),
            ("192.0.2.0 192.0.2.255", Documentation),
            ("192.168.0.0 192.168.255.255", Private),
            ("198.18.0.0 198.19.255.255", Private),
            ("198.51.100.0 198.51.100.255", Documentation),
            ("203.0.113.0 203.0.113.255", Documentation),
            ("224.0.0.0 239.255.255.255", Multicast),
            ("240.0.0.0 255.255.255.254", Reserved),
            ("255.255.255.255 255.255.255.255", Multicast),
            ("::1 ::1", Loopback),
            (":: ::", Unspecified),
            ("::2 1fff:ffff::", Reserved),
            ("2001:: 2001:1ff:ffff::", Reserved),
            ("2001:db8:: 2001:db8:ffff::", Documentation),
            ("3fff:: 3fff:fff:ffff::", Documentation),
            ("4000:: fbff::", Reserved),
            ("fc00:: fdff:ffff::", Private),
            ("fe80:: febf:ffff::", LinkLocal),
            ("fec0:: feff:ffff::", Private),
            ("ff00:: ffff::", Multicast),
        ] {
            for address in range.split(' ') {
                assert_eq!(kind(address), Some(expected), "{address}");
            }
        }
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "95.213.184.59",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2a00:1148::5",
            "3ffe:ffff::",
            "3fff:1000::",
        ] {
            assert_eq!(kind(public), None, "{public}");
        }
    }

    #[test]
    fn an_address_that_carries_another_one_is_what_that_is() {
        for (carrier, public) in [("::ffff:", "95.213.184.59"), ("64:ff9b::", "95.213.184.59")] {
            assert_eq!(kind(&format!("{carrier}{public}")), None, "{carrier}");
            for (private, expected) in [
                ("127.0.0.1", Loopback),
                ("10.1.2.3", Private),
                ("169.254.169.254", LinkLocal),
                ("0.0.0.0", Unspecified),
            ] {
                assert_eq!(kind(&format!("{carrier}{private}")), Some(expected), "{carrier}{private}");
            }
        }
        assert_eq!(kind("2002:5fd5:b83b::1"), None);
        assert_eq!(kind("2002:7f00:1::1"), Some(Loopback));
        assert_eq!(kind("2002:c0a8:1::1"), Some(Private));
        // Translation with a prefix of the network's own (RFC 8215), and addresses that once were compatible.
        assert_eq!(kind("64:ff9b:1::5fd5:b83b"), Some(Reserved));
        assert_eq!(kind("::127.0.0.1"), Some(Reserved));
    }
}
