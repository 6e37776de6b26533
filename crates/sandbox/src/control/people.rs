//! Changing what a person may do, as an administrator does in amoCRM's own pages.

use serde_json::{Map, Value};

use crate::{
    AccountId, SandboxError, UserId,
    store::{Author, Change, Context, Rights, User},
    world::World,
};

/// What becomes of a user; what is `None` stays.
#[derive(Debug, Default)]
pub(super) struct UserPatch {
    pub(super) is_active: Option<bool>,
    pub(super) is_admin: Option<bool>,
    pub(super) group_id: Option<u64>,
    /// The letters that change: `{"leads":{"view":"D"}}`.
    pub(super) rights: Option<Map<String, Value>>,
}

impl World {
    pub(super) fn change_user(&self, account: AccountId, user: UserId, patch: UserPatch) -> Result<User, SandboxError> {
        let known = self.account(account)?;
        let (now, switches) = {
            let state = self.state();
            (state.now().unix(), state.switches.clone())
        };
        let tables = known.store.read();
        let before = tables.user(user).cloned().ok_or(SandboxError::UnknownUser { account, user })?;
        if let Some(group) = patch.group_id.filter(|&id| tables.groups.iter().all(|group| group.id != id)) {
            return Err(SandboxError::invalid("group_id", format!("the account has no group {group}")));
        }
        drop(tables);
        let after = User {
            is_active: patch.is_active.unwrap_or(before.is_active),
            is_admin: patch.is_admin.unwrap_or(before.is_admin),
            group_id: patch.group_id.unwrap_or(before.group_id),
            rights: match patch.rights {
                Some(rights) => merged(&before.rights, rights)?,
                None => before.rights.clone(),
            },
            ..before
        };
        let author = Author { user: 0.into(), is_full: true, client_id: None };
        let context = Context { author: &author, now, switches: &switches };
        let committed = known.store.commit(&context, vec![Change::User(Box::new(after.clone()))]);
        committed.or(Err(SandboxError::UnknownUser { account, user }))?;
        Ok(after)
    }
}

/// `rights` with those of `patch` instead, letter by letter.
fn merged(rights: &Rights, patch: Map<String, Value>) -> Result<Rights, SandboxError> {
    let wrong = |error: serde_json::Error| SandboxError::invalid("rights", error.to_string());
    let mut all = serde_json::to_value(rights).map_err(wrong)?;
    merge(&mut all, Value::Object(patch));
    serde_json::from_value(all).map_err(wrong)
}

fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}
