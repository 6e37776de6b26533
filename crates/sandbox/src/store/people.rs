//! The people who work in the account.

use super::{FieldError, Rights, Tables};
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

/// A user whom a member of a request names.
pub(super) struct Named {
    member: &'static str,
    user: Option<u64>,
    /// Whether it may be 0, the robot.
    robot_may: bool,
}

impl Named {
    /// Somebody who is responsible.
    pub(super) const fn person(member: &'static str, user: Option<u64>) -> Self {
        Self { member, user, robot_may: false }
    }

    /// Somebody, or the robot, who did something.
    pub(super) const fn author(member: &'static str, user: Option<u64>) -> Self {
        Self { member, user, robot_may: true }
    }
}

/// Whom a request names must be active; who is not goes into `errors`.
pub(super) fn check_active(named: [Named; 3], tables: &Tables, errors: &mut Vec<FieldError>) {
    for Named { member, user, robot_may } in named {
        let is_good = |id: u64| (robot_may && id == 0) || tables.is_active_user(id);
        if user.is_some_and(|id| !is_good(id)) {
            errors.push(FieldError::not_supported_choice(member));
        }
    }
}

/// A department; the one with the number 0 is always there.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) name: String,
}
