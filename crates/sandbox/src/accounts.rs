//! Who lives in the sandbox: account and user identifiers, and what a test may know of them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number amoCRM gives an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(u64);

impl AccountId {
    /// *For You Real Estate*: hundreds of leads, two people who can log in.
    pub const FOR_YOU: Self = Self(31_920_194);
    /// *Rival Homes*: what the people of other accounts must never see.
    pub const RIVAL_HOMES: Self = Self(40_000_001);
    /// *Empty*: no lead, no contact.
    pub const EMPTY: Self = Self(40_000_002);

    /// The bare number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for AccountId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number amoCRM gives a user of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(u64);

impl UserId {
    /// The bare number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for UserId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An account, as the sandbox's controls show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountInfo {
    /// Its number.
    pub id: AccountId,
    /// Its name on the login page.
    pub name: String,
    /// The bare host (`127.0.0.1:8081`) it answers on now.
    pub host: String,
    /// Leads in its list, the deleted ones not counted.
    pub leads: usize,
    /// The people who can log in.
    pub users: Vec<UserInfo>,
}

/// A person who can log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserInfo {
    /// Their number.
    pub id: UserId,
    /// Their name on the login page.
    pub name: String,
    /// Their address, at a reserved domain.
    pub email: String,
    /// Whether they may read the list of users.
    pub is_admin: bool,
}
