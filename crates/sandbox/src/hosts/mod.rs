//! Which account answers on which address, and which addresses wait for one that moves.

mod host;
mod names;
mod plan;

use std::collections::{BTreeMap, VecDeque};

use crate::{AccountId, SandboxError};
pub(crate) use host::{Host, Scheme};
pub use names::HostNames;
pub(crate) use plan::{Doors, Plan};

/// Index of one of the sandbox's listening addresses.
pub(crate) type HostIndex = usize;

/// The addresses of the sandbox and who is at home.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    all: Vec<Host>,
    homes: BTreeMap<AccountId, HostIndex>,
    spare: VecDeque<HostIndex>,
    login: Host,
    api: Host,
    base_domain: String,
}

impl Hosts {
    /// Gives the first addresses to `accounts` in order; what is left is spare.
    pub(crate) fn new(all: Vec<Host>, accounts: &[AccountId]) -> Self {
        let homes = accounts.iter().copied().zip(0..all.len()).collect();
        let spare = (accounts.len()..all.len()).collect();
        Self { all, homes, spare, login: Host::default(), api: Host::default(), base_domain: String::new() }
    }

    /// The same with these hosts of the authorization page and of what all accounts share.
    pub(crate) fn sharing(self, login: Host, api: Host, base_domain: String) -> Self {
        Self { login, api, base_domain, ..self }
    }

    /// All bare hosts, in the order of their ports.
    pub(crate) fn all(&self) -> Vec<String> {
        self.all.iter().map(|host| host.bare().to_owned()).collect()
    }

    /// The host of the authorization page, whoever moves.
    pub(crate) const fn login(&self) -> &Host {
        &self.login
    }

    /// The host of what all accounts share, as the look-ups.
    pub(crate) const fn api(&self) -> &Host {
        &self.api
    }

    /// The domain that tokens say all accounts are under.
    pub(crate) fn base_domain(&self) -> &str {
        &self.base_domain
    }

    fn at(&self, index: HostIndex) -> Host {
        self.all.get(index).cloned().unwrap_or_default()
    }

    /// The host of `account`.
    pub(crate) fn of(&self, account: AccountId) -> Host {
        self.homes.get(&account).map_or_else(Host::default, |&index| self.at(index))
    }

    /// Who is at home at `index`, if anyone.
    pub(crate) fn account_at(&self, index: HostIndex) -> Option<AccountId> {
        self.homes.iter().find_map(|(&account, &home)| (home == index).then_some(account))
    }

    /// Moves `account` to the address that has been free for longest; its old one becomes free.
    pub(crate) fn move_account(&mut self, account: AccountId) -> Result<Host, SandboxError> {
        let home = self.homes.get_mut(&account).ok_or(SandboxError::UnknownAccount(account))?;
        let next = self.spare.pop_front().ok_or(SandboxError::NoSpareHost)?;
        self.spare.push_back(std::mem::replace(home, next));
        Ok(self.at(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(spare: usize) -> Hosts {
        let hosts = (0..2 + spare).map(|port| Host::new(Scheme::Http, format!("h:{port}"))).collect();
        Hosts::new(hosts, &[AccountId::from(1), AccountId::from(2)])
    }

    #[test]
    fn a_host_that_was_left_is_the_last_to_be_used_again() {
        let mut hosts = hosts(2);
        let moved = |hosts: &mut Hosts, id: u64| hosts.move_account(AccountId::from(id)).unwrap().bare().to_owned();
        assert_eq!(moved(&mut hosts, 1), "h:2");
        assert_eq!(hosts.account_at(0), None);
        assert_eq!(moved(&mut hosts, 2), "h:3");
        assert_eq!(moved(&mut hosts, 1), "h:0");
        assert_eq!(hosts.account_at(0), Some(AccountId::from(1)));
    }

    #[test]
    fn nobody_moves_without_a_spare_host() {
        let moved = hosts(0).move_account(AccountId::from(1));
        assert!(matches!(moved, Err(SandboxError::NoSpareHost)));
    }
}
