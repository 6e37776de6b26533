//! Which ports are needed for the hosts, and which host a request was sent to.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Host, HostIndex, HostNames, Hosts, Scheme};
use crate::{AccountId, Options, SandboxError, store::Account};

/// What amoCRM calls the domain of its accounts.
const BASE_DOMAIN: &str = "amocrm.ru";

/// The hosts of a sandbox before their ports are known.
pub(crate) struct Plan {
    names: HostNames,
    accounts: Vec<AccountId>,
    slots: Vec<Slot>,
}

/// A host, and which of the ports it has.
struct Slot {
    name: Option<String>,
    place: usize,
}

impl Plan {
    /// # Errors
    /// [`SandboxError::HostName`] and [`SandboxError::UnknownAccount`] for names that cannot be.
    pub(crate) fn new(options: &Options, accounts: &[Account]) -> Result<Self, SandboxError> {
        let names = options.names.of_hosts(accounts, options.spare_hosts)?;
        let mut ports = 0;
        let mut slots = Vec::with_capacity(names.len());
        for name in names {
            // All that have a name share the first port.
            let place = if name.is_some() { 0 } else { ports };
            ports = ports.max(place + 1);
            slots.push(Slot { name, place });
        }
        let accounts = accounts.iter().map(|account| account.id).collect();
        Ok(Self { names: options.names.clone(), accounts, slots })
    }

    /// How many ports are needed, in a row.
    pub(crate) fn ports(&self) -> u16 {
        let ports = self.slots.iter().map(|slot| slot.place + 1).max().unwrap_or(1);
        u16::try_from(ports).unwrap_or(u16::MAX)
    }

    /// Every name that must lead to the sandbox.
    pub(crate) fn all_names(&self) -> Vec<String> {
        let shared = ["www", "api-b"].into_iter().filter_map(|label| self.shared_name(label));
        let machine = match &self.names {
            HostNames::Machine(name) if self.names.address().is_none() => Some(name.clone()),
            _ => None,
        };
        shared.chain(machine).chain(self.slots.iter().filter_map(|slot| slot.name.clone())).collect()
    }

    /// What a certificate is for: the names, and the address if that is no name.
    pub(crate) fn certified(&self) -> Vec<String> {
        self.all_names().into_iter().chain(self.names.address().map(|address| address.to_string())).collect()
    }

    /// The name of a host that is no account's.
    fn shared_name(&self, label: &str) -> Option<String> {
        self.domain().map(|domain| format!("{label}.{domain}"))
    }

    fn domain(&self) -> Option<&str> {
        match &self.names {
            HostNames::Domain(domain) => Some(domain),
            _ => None,
        }
    }

    /// The hosts, now that `listening` are the addresses they listen on, in the order of their ports.
    pub(crate) fn hosts(&self, scheme: Scheme, listening: &[SocketAddr]) -> Hosts {
        let port = |place: usize| listening.get(place).map_or(0, SocketAddr::port);
        let host = |slot: &Slot| match (&slot.name, &self.names) {
            (Some(name), _) => Host::named(scheme, name, port(slot.place)),
            (None, HostNames::Machine(name)) => Host::new(scheme, format!("{name}:{}", port(slot.place))),
            (None, _) => Host::new(scheme, listening.get(slot.place).map(reached_at).unwrap_or_default()),
        };
        let hosts: Vec<_> = self.slots.iter().map(host).collect();
        let shared = |label| match self.shared_name(label) {
            Some(name) => Host::named(scheme, &name, port(0)),
            None => hosts.first().cloned().unwrap_or_default(),
        };
        let base_domain = self.domain().unwrap_or(BASE_DOMAIN).to_owned();
        let (login, api) = (shared("www"), shared("api-b"));
        Hosts::new(hosts, &self.accounts).sharing(login, api, base_domain)
    }

    /// How a request is told whose it is, now that `ports` are those the web server listens on.
    pub(crate) fn doors(&self, ports: Vec<u16>) -> Doors {
        let slots = || self.slots.iter().enumerate();
        let by_name = slots().filter_map(|(index, slot)| Some((slot.name.clone()?, index))).collect();
        let mut by_port = vec![None; ports.len()];
        for (index, slot) in slots().filter(|(_, slot)| slot.name.is_none()) {
            if let Some(door) = by_port.get_mut(slot.place) {
                *door = Some(index);
            }
        }
        Doors { names: self.all_names(), by_name, by_port: ports.into_iter().zip(by_port).collect() }
    }
}

/// The address, or this machine's: nobody can connect to "all addresses".
fn reached_at(address: &SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port()).to_string()
}

/// Which host a request was sent to: by the name it says, else by the port it came in on.
#[derive(Debug)]
pub(crate) struct Doors {
    /// Every name that must lead to the sandbox.
    pub(crate) names: Vec<String>,
    by_name: HashMap<String, HostIndex>,
    by_port: Vec<(u16, Option<HostIndex>)>,
}

impl Doors {
    /// `host` is the `Host` header. A host without a name is known by its port alone, whatever a
    /// request calls it.
    pub(crate) fn host(&self, host: Option<&str>, port: u16) -> Option<HostIndex> {
        let named = host.filter(|_| !self.by_name.is_empty()).and_then(|host| self.named(host));
        named.or_else(|| self.by_port.iter().find(|(known, _)| *known == port).and_then(|&(_, index)| index))
    }

    fn named(&self, host: &str) -> Option<HostIndex> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    fn plan(names: HostNames) -> Plan {
        let options = Options { names, leads: 0, more_accounts: 1, spare_hosts: 2, ..Options::default() };
        Plan::new(&options, &data::generate(&options).unwrap()).unwrap()
    }

    fn listening(count: u16) -> Vec<SocketAddr> {
        (8081..8081 + count).map(|port| SocketAddr::from(([0, 0, 0, 0], port))).collect()
    }

    #[test]
    fn without_names_each_host_has_a_port() {
        let plan = plan(HostNames::Addresses);
        assert_eq!((plan.ports(), plan.all_names()), (6, Vec::new()));
        let hosts = plan.hosts(Scheme::Http, &listening(6));
        assert_eq!(hosts.all(), (8081..8087).map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>());
        assert_eq!(hosts.login().url("/oauth"), "http://127.0.0.1:8081/oauth");
        let doors = plan.doors((1..7).collect());
        assert_eq!(doors.host(Some("foryou.amo.test"), 3), Some(2));
        assert_eq!(doors.host(None, 9), None);
    }

    #[test]
    fn under_a_domain_all_hosts_share_one_port_and_no_two_have_one_name() {
        let plan = plan(HostNames::Domain("amo.test".to_owned()));
        assert_eq!(plan.ports(), 1);
        let hosts = plan.hosts(Scheme::Https, &[SocketAddr::from(([127, 0, 0, 1], 443))]);
        let labels = ["foryou", "rivalhomes", "empty", "empty-40000003", "spare1", "spare2"];
        assert_eq!(hosts.all(), labels.map(|label| format!("{label}.amo.test")));
        assert_eq!(hosts.login().url("/oauth"), "https://www.amo.test/oauth");
        assert_eq!((hosts.api().bare(), hosts.base_domain()), ("api-b.amo.test", "amo.test"));
        assert_eq!(plan.all_names().len(), 8);
        let doors = plan.doors(vec![50_000]);
        for host in ["rivalhomes.amo.test", "RivalHomes.amo.test:443"] {
            assert_eq!(doors.host(Some(host), 50_000), Some(1));
        }
        for host in [None, Some("127.0.0.1:443"), Some("www.amo.test"), Some("nobody.amo.test")] {
            assert_eq!(doors.host(host, 50_000), None);
        }
    }

    #[test]
    fn accounts_with_a_name_share_the_first_port_and_the_others_have_one_each() {
        let rival = (AccountId::RIVAL_HOMES, "rival.test".to_owned());
        let only_rival = plan(HostNames::Accounts(vec![rival.clone()]));
        let hosts = only_rival.hosts(Scheme::Http, &listening(5));
        let rest = (8082..8086).map(|port| format!("127.0.0.1:{port}"));
        let first = ["127.0.0.1:8081", "rival.test:8081"].map(str::to_owned);
        assert_eq!(hosts.all(), first.into_iter().chain(rest).collect::<Vec<_>>());
        let doors = only_rival.doors((1..6).collect());
        assert_eq!((doors.host(Some("rival.test"), 1), doors.host(Some("127.0.0.1"), 1)), (Some(1), Some(0)));

        let both = plan(HostNames::Accounts(vec![rival, (AccountId::FOR_YOU, "you.test".to_owned())]));
        assert_eq!(both.ports(), 5, "the first port is for names alone");
        let hosts = both.hosts(Scheme::Http, &listening(5));
        assert_eq!(hosts.all()[..3], ["you.test:8081", "rival.test:8081", "127.0.0.1:8082"]);
    }
}
