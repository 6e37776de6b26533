//! The account and its users in the domain's terms.

use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::ids::AccountId;
use serde::Deserialize;

use super::loose::{List, Object};
use super::members::{Flag, Id, Text};
use super::reading::RawPage;

/// The answer of `GET /api/v4/account`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawAccount {
    id: Id,
    name: Text,
    currency: Text,
    current_user_id: Id,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawUsers {
    users: List<RawUser>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawUser {
    id: Id,
    name: Text,
    email: Text,
    rights: Object<RawRights>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawRights {
    is_active: Flag,
    is_admin: Flag,
}

impl RawAccount {
    pub(super) fn read(self) -> Option<AmoAccount> {
        Some(AmoAccount {
            number: AccountId(self.id.0?),
            name: self.name.0,
            currency: self.currency.0,
            user: self.current_user_id.0,
        })
    }
}

impl RawPage<RawUsers> {
    pub(super) fn users(self) -> Option<Page<User>> {
        self.listed(|all| all.users, RawUser::read)
    }
}

impl RawUser {
    fn read(self) -> Option<User> {
        let rights = self.rights.0.unwrap_or_default();
        Some(User {
            id: self.id.0?,
            name: self.name.0,
            email: self.email.0,
            is_active: rights.is_active.0,
            is_admin: rights.is_admin.0,
        })
    }
}
