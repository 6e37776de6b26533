//! The people who work in the account.

use super::Rights;
use crate::{UserId, UserInfo};

/// A person who works in the account.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) lang: &'static str,
    pub(crate) is_admin: bool,
    pub(crate) is_active: bool,
    /// Without a paid place: no request runs with the rights of such a user.
    pub(crate) is_free: bool,
    pub(crate) group_id: u64,
    /// The role whose rights the user has instead of their own.
    pub(crate) role_id: Option<u64>,
    /// What the user may do who is no administrator and has no role.
    pub(crate) rights: Rights,
}

impl User {
    /// The user as the controls show them.
    pub(crate) fn info(&self) -> UserInfo {
        UserInfo { id: self.id, name: self.name.clone(), email: self.email.clone(), is_admin: self.is_admin }
    }
}

/// A department; the one with the number 0 is always there.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) name: String,
}
