//! Changing what a person may do, as an administrator does in amoCRM's own pages.

use serde_json::{Map, Value};

use crate::{
    AccountId, SandboxError, UserId,
    store::{
        Author, Change, Context, FieldError, Operation, Refusal, Rejected, Rights, RightsDraft, Setting as _, User,
        UserDraft,
    },
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
        let before = tables.user(user).ok_or(SandboxError::UnknownUser { account, user })?;
        if let Some(group) = patch.group_id.filter(|&id| tables.groups.iter().all(|group| group.id != id)) {
            return Err(SandboxError::invalid("group_id", format!("the account has no group {group}")));
        }
        let rights = patch.rights.map(|rights| merged(tables.rights_of(before), rights)).transpose()?;
        drop(tables);
        let draft = UserDraft {
            is_active: patch.is_active,
            is_admin: patch.is_admin,
            group_id: patch.group_id,
            rights: rights.map(RightsDraft::from),
            ..UserDraft::default()
        };
        let author = Author { user: 0.into(), is_full: true, client_id: None };
        let context = Context { author: &author, now, switches: &switches };
        let operation = Operation::Edit { id: user.get(), draft: Box::new(draft) };
        let committed = known.store.commit(&context, vec![Change::Settings(User::change((), operation))]);
        committed.map_err(|rejected| refused(&rejected, account, user))?;
        let tables = known.store.read();
        let after = tables.user(user).ok_or(SandboxError::UnknownUser { account, user })?;
        Ok(User { rights: tables.rights_of(after).clone(), ..after.clone() })
    }
}

/// Names the first field that is to blame.
fn refused(rejected: &Rejected, account: AccountId, user: UserId) -> SandboxError {
    let error = match rejected.0.first() {
        Some((_, Refusal::Invalid(errors))) => errors.first(),
        _ => None,
    };
    let invalid = |error: &FieldError| SandboxError::invalid(error.path.clone(), error.detail.to_string());
    error.map_or(SandboxError::UnknownUser { account, user }, invalid)
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
