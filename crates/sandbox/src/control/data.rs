//! Changing data as somebody does in amoCRM's own pages, and seeing what was changed.

use serde::Serialize;
use serde_json::Value;

use super::in_pages::InPages;
use crate::{
    AccountId, SandboxError, Switches, UnknownMembers, UserId,
    api::{self, Refused},
    store::{Account, Author, Context, Occurrence, Written},
    world::World,
};

/// What somebody does to entities, notes or tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Change,
    Delete,
    Restore,
}

impl Operation {
    /// The field of the control that asks for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Delete => "delete",
            Self::Restore => "restore",
        }
    }
}

impl World {
    /// Changes entities, notes or tasks as `user` (or the account's first administrator) does in the UI; 0 is a robot.
    pub(crate) fn change_entities<D: InPages>(
        &self,
        account: AccountId,
        user: Option<UserId>,
        operation: Operation,
        what: &Value,
    ) -> Result<Vec<Written>, SandboxError> {
        let known = self.account(account)?;
        let user = person(known, user)?;
        let (now, switches) = {
            let state = self.state();
            // Here a misspelt member is always refused.
            (state.now().unix(), Switches { unknown_members: UnknownMembers::Refused, ..state.switches.clone() })
        };
        let items = match what {
            Value::Array(items) => items.as_slice(),
            item => std::slice::from_ref(item),
        };
        let places: Vec<_> = (0..items.len()).map(|place| place.to_string()).collect();
        let author = Author { user, is_full: user.get() == 0, client_id: None };
        let context = Context { author: &author, now, switches: &switches };
        let written = D::changes(operation, items).and_then(|changes| {
            let written = known.store.commit(&context, changes);
            written.map_err(|rejected| api::refused(rejected, &places, &switches))
        });
        written.map_err(|refused| named(operation, what.is_array(), &refused))
    }
}

/// Who does it: the robot, a user, or the account's first administrator.
fn person(account: &Account, user: Option<UserId>) -> Result<UserId, SandboxError> {
    let tables = account.store.read();
    let user = user.unwrap_or_else(|| tables.first_user());
    let is_known = user.get() == 0 || tables.user(user).is_some();
    if is_known { Ok(user) } else { Err(SandboxError::UnknownUser { account: account.id, user }) }
}

/// Names the first field that is to blame: `add.status_id`, of a list `add[0].status_id`.
fn named(operation: Operation, is_list: bool, refused: &Refused) -> SandboxError {
    let name = operation.name();
    let Refused::Invalid(items) = refused else { return SandboxError::invalid(name, refused.to_string()) };
    let first = items.first().and_then(|item| Some((item, item.errors.first()?)));
    let Some((item, error)) = first else { return SandboxError::invalid(name, refused.to_string()) };
    let place = if is_list { format!("[{}]", item.request_id) } else { String::new() };
    SandboxError::invalid(format!("{name}{place}.{}", error.path), error.detail.to_string())
}

/// An occurrence as the controls show it.
#[derive(Serialize)]
pub(super) struct ChangeView {
    number: u64,
    at: u64,
    user: UserId,
    client_id: Option<String>,
    /// What subscribers of webhooks are told of.
    settings: Vec<String>,
    entity_type: &'static str,
    entity_id: u64,
    changed: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_responsible_user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_pipeline_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_status_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note_id: Option<u64>,
}

/// What was changed in `account` after the change with this number, in order.
pub(super) fn changes(account: &Account, after: u64) -> Vec<ChangeView> {
    account.store.read().feed.after(after).map(view).collect()
}

fn view(occurrence: &Occurrence) -> ChangeView {
    let subject = occurrence.entity.subject();
    let stage = occurrence.before.as_ref().and_then(|before| before.stage);
    ChangeView {
        number: occurrence.number,
        at: occurrence.at,
        user: occurrence.author.user,
        client_id: occurrence.author.client_id.clone(),
        settings: occurrence.kinds.iter().map(|change| change.setting(subject)).collect(),
        entity_type: subject.singular(),
        entity_id: subject.id(),
        changed: occurrence.changed.clone(),
        old_responsible_user_id: occurrence.before.as_ref().map(|before| before.responsible_user_id),
        old_pipeline_id: stage.map(|(pipeline_id, _)| pipeline_id),
        old_status_id: stage.map(|(_, status_id)| status_id),
        old_text: occurrence.before.as_ref().and_then(|before| before.text.clone()),
        note_id: occurrence.entity.note(),
    }
}
