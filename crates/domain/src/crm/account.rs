//! The account, and the people who work in it.

use crate::ids::AccountId;

/// An account, as the CRM tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmoAccount {
    /// Its number.
    pub number: AccountId,
    /// Its name.
    pub name: Option<String>,
    /// The code of its currency, as `USD`.
    pub currency: Option<String>,
    /// The user whose rights the access token has.
    pub user: Option<u64>,
}

impl AmoAccount {
    /// An account of which nothing else is known.
    pub fn numbered(number: AccountId) -> Self {
        Self { number, name: None, currency: None, user: None }
    }
}

/// A user of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The CRM's number.
    pub id: u64,
    /// The person's name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the user may log in.
    pub is_active: bool,
    /// Whether the user is an administrator.
    pub is_admin: bool,
}

impl User {
    /// A user of whom nothing else is known.
    pub fn numbered(id: u64) -> Self {
        Self { id, name: None, email: None, is_active: false, is_admin: false }
    }
}
