//! Which account answers on which address, and which addresses wait for one that moves.

use std::collections::{BTreeMap, VecDeque};

use crate::{AccountId, SandboxError};

/// Index of one of the sandbox's listening addresses.
pub(crate) type HostIndex = usize;

/// The addresses of the sandbox and who is at home.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    names: Vec<String>,
    homes: BTreeMap<AccountId, HostIndex>,
    spare: VecDeque<HostIndex>,
}

impl Hosts {
    /// Gives the first addresses to `accounts` in order; what is left is spare.
    pub(crate) fn new(names: Vec<String>, accounts: &[AccountId]) -> Self {
        let homes = accounts.iter().copied().zip(0..names.len()).collect();
        let spare = (accounts.len()..names.len()).collect();
        Self { names, homes, spare }
    }

    /// All bare hosts, in the order of their ports.
    pub(crate) fn all(&self) -> &[String] {
        &self.names
    }

    /// The bare host where the authorization page and the look-ups live, whoever moves.
    pub(crate) fn shared(&self) -> &str {
        self.name(0)
    }

    /// The bare host at `index`.
    pub(crate) fn name(&self, index: HostIndex) -> &str {
        self.names.get(index).map_or("", String::as_str)
    }

    /// The bare host of `account`.
    pub(crate) fn of(&self, account: AccountId) -> &str {
        self.homes.get(&account).map_or("", |&index| self.name(index))
    }

    /// Who is at home at `index`, if anyone.
    pub(crate) fn account_at(&self, index: HostIndex) -> Option<AccountId> {
        self.homes.iter().find_map(|(&account, &home)| (home == index).then_some(account))
    }

    /// Moves `account` to the address that has been free for longest; its old one becomes free.
    pub(crate) fn move_account(&mut self, account: AccountId) -> Result<&str, SandboxError> {
        let home = self.homes.get_mut(&account).ok_or(SandboxError::UnknownAccount(account))?;
        let next = self.spare.pop_front().ok_or(SandboxError::NoSpareHost)?;
        self.spare.push_back(std::mem::replace(home, next));
        Ok(self.name(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(spare: usize) -> Hosts {
        let names = (0..2 + spare).map(|port| format!("h:{port}")).collect();
        Hosts::new(names, &[AccountId::from(1), AccountId::from(2)])
    }

    #[test]
    fn a_host_that_was_left_is_the_last_to_be_used_again() {
        let mut hosts = hosts(2);
        assert_eq!(hosts.move_account(AccountId::from(1)).unwrap(), "h:2");
        assert_eq!(hosts.account_at(0), None);
        assert_eq!(hosts.move_account(AccountId::from(2)).unwrap(), "h:3");
        assert_eq!(hosts.move_account(AccountId::from(1)).unwrap(), "h:0");
        assert_eq!(hosts.account_at(0), Some(AccountId::from(1)));
    }

    #[test]
    fn nobody_moves_without_a_spare_host() {
        let moved = hosts(0).move_account(AccountId::from(1)).map(str::to_owned);
        assert!(matches!(moved, Err(SandboxError::NoSpareHost)));
    }
}
