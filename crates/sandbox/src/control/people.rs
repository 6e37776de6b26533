//! Changing what a person may do, as an administrator does in amoCRM's own pages.

use serde::Serialize;
use serde_json::{Map, Value};

use super::body::Fields;
use crate::{
    AccountId, SandboxError, UserId,
    store::{
        Author, Change, Context, FieldError, Letter, Operation, Refusal, Rejected, Rights, RightsDraft, Setting as _,
        Tables, User, UserDraft,
    },
    world::World,
};

/// A person who works in an account, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserDetails {
    /// Their number.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Whether they can log in.
    pub is_active: bool,
    /// Whether they may do everything, whatever their rights say.
    pub is_admin: bool,
    /// Their department.
    pub group_id: u64,
    /// Those of their role, or their own.
    rights: Rights,
}

impl UserDetails {
    fn of(user: &User, tables: &Tables) -> Self {
        Self {
            id: user.id,
            name: user.name.clone(),
            is_active: user.is_active,
            is_admin: user.is_admin,
            group_id: user.group_id,
            rights: tables.rights_of(user).clone(),
        }
    }

    /// Their rights as [`Sandbox::change_user`](crate::Sandbox::change_user) takes them.
    pub fn rights(&self) -> Value {
        // Letters and numbers can always be written.
        serde_json::to_value(&self.rights).unwrap_or_default()
    }

    /// Whether there may be leads that they see.
    pub fn may_read_leads(&self) -> bool {
        self.is_admin || self.rights.show_leads()
    }

    /// Whether they may add leads.
    pub fn may_add_leads(&self) -> bool {
        self.is_admin || self.rights.leads.add == Letter::A
    }
}

/// What becomes of a user; what is `None` stays.
#[derive(Debug, Default)]
pub(crate) struct UserPatch {
    is_active: Option<bool>,
    is_admin: Option<bool>,
    group_id: Option<u64>,
    /// The letters that change: `{"leads":{"view":"D"}}`.
    rights: Option<Map<String, Value>>,
}

impl UserPatch {
    /// Takes all that is left of `fields`.
    pub(crate) fn read(mut fields: Fields) -> Result<Self, SandboxError> {
        let patch = Self {
            is_active: fields.optional("is_active", "true or false is wanted")?,
            is_admin: fields.optional("is_admin", "true or false is wanted")?,
            group_id: fields.optional("group_id", "the number of a group is wanted")?,
            rights: fields.optional("rights", "an object of letters is wanted")?,
        };
        fields.finish()?;
        Ok(patch)
    }
}

impl World {
    /// A user of `account` as they are now.
    pub(crate) fn user(&self, account: AccountId, user: UserId) -> Result<UserDetails, SandboxError> {
        let tables = self.account(account)?.store.read();
        let found = tables.user(user).ok_or(SandboxError::UnknownUser { account, user })?;
        Ok(UserDetails::of(found, &tables))
    }

    /// Changes what a user may do; gives the user as they are then.
    pub(crate) fn change_user(
        &self,
        account: AccountId,
        user: UserId,
        patch: UserPatch,
    ) -> Result<UserDetails, SandboxError> {
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
        self.user(account, user)
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
