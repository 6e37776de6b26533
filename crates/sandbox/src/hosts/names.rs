//! What the hosts are called: by their addresses, or by names.

use std::{collections::BTreeSet, net::IpAddr};

use crate::{AccountId, SandboxError, store::Account};

/// What clients call the hosts of the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum HostNames {
    /// The addresses that they listen on, each with its port.
    #[default]
    Addresses,
    /// One name, as that of a container in its network, or one address, as that at which its ports are published;
    /// the ports tell the hosts apart.
    Machine(String),
    /// Names of some accounts. They share the first port, where the `Host` header tells them apart;
    /// the other accounts and the spare hosts have an address each.
    Accounts(Vec<(AccountId, String)>),
    /// A sub-domain of this domain for every account and every spare host (`foryou`, `spare1`), for
    /// the authorization page (`www`) and for what all share (`api-b`). They share one port.
    Domain(String),
}

impl HostNames {
    /// The address that all hosts have, if they have one and it is no name.
    pub(super) fn address(&self) -> Option<IpAddr> {
        let Self::Machine(name) = self else { return None };
        name.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// The name of each account's host and of each spare one, where it has one.
    pub(super) fn of_hosts(&self, accounts: &[Account], spare: u16) -> Result<Vec<Option<String>>, SandboxError> {
        let names: Vec<_> = match self {
            Self::Addresses => vec![None; accounts.len() + usize::from(spare)],
            Self::Machine(name) => {
                check_machine(name)?;
                vec![None; accounts.len() + usize::from(spare)]
            }
            Self::Accounts(names) => {
                check_accounts(names, accounts)?;
                let name = |account: &Account| names.iter().find(|(id, _)| *id == account.id);
                let names = accounts.iter().map(|account| name(account).map(|(_, name)| name.clone()));
                names.chain((0..spare).map(|_| None)).collect()
            }
            Self::Domain(domain) => {
                check(domain)?;
                let subdomains = subdomains(accounts).into_iter();
                let all = subdomains.chain((1..=spare).map(|number| format!("spare{number}")));
                all.map(|label| Some(format!("{label}.{domain}"))).collect()
            }
        };
        Ok(names)
    }
}

/// The sub-domain of each account; of several that have the same, all but the first add their number.
fn subdomains(accounts: &[Account]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let subdomain = |account: &Account| {
        let own = account.subdomain.clone();
        if taken.insert(own.clone()) { own } else { format!("{own}-{}", account.id) }
    };
    accounts.iter().map(subdomain).collect()
}

fn check_accounts(names: &[(AccountId, String)], accounts: &[Account]) -> Result<(), SandboxError> {
    let (mut known, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for (account, name) in names {
        check(name)?;
        if accounts.iter().all(|other| other.id != *account) {
            return Err(SandboxError::UnknownAccount(*account));
        }
        if !known.insert(account) {
            return Err(bad(name, format!("account {account} has a name already")));
        }
        if !taken.insert(name) {
            return Err(bad(name, "it is given twice"));
        }
    }
    Ok(())
}

/// Whether a machine can be called so: by a name, or by an address, of IPv6 in brackets.
fn check_machine(name: &str) -> Result<(), SandboxError> {
    match url::Host::parse(name) {
        Ok(host @ (url::Host::Ipv4(_) | url::Host::Ipv6(_))) if host.to_string() == name => Ok(()),
        Ok(host @ (url::Host::Ipv4(_) | url::Host::Ipv6(_))) => {
            Err(bad(name, format!("as a host it is written {host}")))
        }
        _ => check(name),
    }
}

/// Whether `name` can stand in a URL as it is.
fn check(name: &str) -> Result<(), SandboxError> {
    match url::Host::parse(name) {
        Ok(url::Host::Domain(parsed)) if parsed == name && !name.ends_with('.') => Ok(()),
        Ok(url::Host::Domain(parsed)) => {
            Err(bad(name, format!("as a host it is written {}", parsed.trim_end_matches('.'))))
        }
        Ok(_) => Err(bad(name, "it is an address")),
        Err(error) => Err(bad(name, error.to_string())),
    }
}

fn bad(name: &str, detail: impl Into<String>) -> SandboxError {
    SandboxError::HostName { name: name.to_owned(), detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_host_as_it_stands_in_a_url() {
        for good in ["amo", "amo.test", "a-1.kommo.com", "xn--e1afmkfd.example"] {
            check(good).unwrap();
        }
        for (name, why) in [
            ("", "empty host"),
            ("Amo.test", "it is written amo.test"),
            ("amo.test.", "it is written amo.test"),
            ("amo.test:443", "invalid"),
            ("http://amo.test", "invalid"),
            ("amo test", "invalid"),
            ("127.0.0.1", "it is an address"),
            ("[::1]", "it is an address"),
        ] {
            let error = check(name).unwrap_err().to_string();
            assert!(error.contains(why), "{name:?}: {error}");
        }
    }

    #[test]
    fn a_machine_may_be_called_by_its_address() {
        for good in ["amo", "127.0.0.1", "192.168.0.7", "[::1]"] {
            check_machine(good).unwrap();
            assert_eq!(HostNames::Machine(good.to_owned()).address().is_some(), good != "amo", "{good}");
        }
        for (name, why) in [("::1", "invalid"), ("[0:0::1]", "it is written [::1]"), ("1", "it is written 0.0.0.1")] {
            let error = check_machine(name).unwrap_err().to_string();
            assert!(error.contains(why), "{name:?}: {error}");
        }
    }
}
