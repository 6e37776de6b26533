//! Seeing and changing what people may do.

use serde_json::Value;

use super::Sandbox;
use crate::{
    AccountId, SandboxError, UserDetails, UserId,
    control::{Fields, UserPatch},
};

impl Sandbox {
    /// A person who works in `account`, deactivated ones too.
    pub fn user(&self, account: impl Into<AccountId>, user: impl Into<UserId>) -> Result<UserDetails, SandboxError> {
        self.world.user(account.into(), user.into())
    }

    /// Changes what a person may do from the next request on. `change` is as in `PATCH /_sandbox/users`,
    /// without `account` and `user`. Gives the person as they are then.
    pub fn change_user(
        &self,
        account: impl Into<AccountId>,
        user: impl Into<UserId>,
        change: &Value,
    ) -> Result<UserDetails, SandboxError> {
        let patch = UserPatch::read(Fields::of_value(change.clone())?)?;
        self.world.change_user(account.into(), user.into(), patch)
    }
}
