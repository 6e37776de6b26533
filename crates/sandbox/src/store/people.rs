//! The people who work in the account.

use super::{Refusal, Rights, Tables, Written, change::Plan};
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
    pub(crate) group_id: u64,
    /// What the user may do who is no administrator.
    pub(crate) rights: Rights,
}

impl User {
    /// The user as the controls show them.
    pub(crate) fn info(&self) -> UserInfo {
        UserInfo { id: self.id, name: self.name.clone(), email: self.email.clone(), is_admin: self.is_admin }
    }
}

/// Puts `user` where the one with their id is.
pub(super) fn plan_replace(user: Box<User>, tables: &Tables) -> Result<Plan, Refusal> {
    let id = user.id;
    if tables.user(id).is_none() {
        return Err(Refusal::Missing);
    }
    Ok(Box::new(move |tables, context| {
        if let Some(known) = tables.users.iter_mut().find(|known| known.id == id) {
            *known = *user;
        }
        Written { id: id.get(), updated_at: context.now, ..Written::default() }
    }))
}

/// A department; the one with the number 0 is always there.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) name: String,
}
