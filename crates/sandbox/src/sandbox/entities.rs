//! Changing leads, contacts, companies, notes and tasks as somebody does in amoCRM's own pages.

use serde_json::Value;

use super::Sandbox;
use crate::{
    AccountId, GrantInfo, OpenLead, SandboxError, UserId,
    control::{InPages, Operation},
    store::{CompanyDraft, ContactDraft, LeadDraft, NoteDraft, TaskDraft},
};

/// Who does it is the account's first administrator, unless another is named.
impl Sandbox {
    /// Adds a lead; gives its id. `lead` is as in `POST /leads`.
    pub fn add_lead(&self, account: impl Into<AccountId>, lead: &Value) -> Result<u64, SandboxError> {
        self.change::<LeadDraft>(account.into(), None, Operation::Add, lead)
    }

    /// Adds a lead as `user` does, with that user's rights; gives its id.
    pub fn add_lead_as(
        &self,
        account: impl Into<AccountId>,
        user: impl Into<UserId>,
        lead: &Value,
    ) -> Result<u64, SandboxError> {
        self.change::<LeadDraft>(account.into(), Some(user.into()), Operation::Add, lead)
    }

    /// Changes a lead. `change` is as in `PATCH /leads`, with `id`.
    pub fn change_lead(&self, account: impl Into<AccountId>, change: &Value) -> Result<(), SandboxError> {
        self.change::<LeadDraft>(account.into(), None, Operation::Change, change).map(drop)
    }

    /// Changes a lead as `user` does, with that user's rights.
    pub fn change_lead_as(
        &self,
        account: impl Into<AccountId>,
        user: impl Into<UserId>,
        change: &Value,
    ) -> Result<(), SandboxError> {
        self.change::<LeadDraft>(account.into(), Some(user.into()), Operation::Change, change).map(drop)
    }

    /// The newest open lead of those that `user` may change and, where a grant is given, that are read with it.
    pub fn newest_open_lead(
        &self,
        account: impl Into<AccountId>,
        user: impl Into<UserId>,
        seen_by: Option<&GrantInfo>,
    ) -> Result<Option<OpenLead>, SandboxError> {
        self.world.newest_open_lead(account.into(), user.into(), seen_by)
    }

    /// Puts a lead into the bin.
    pub fn delete_lead(&self, account: impl Into<AccountId>, id: u64) -> Result<(), SandboxError> {
        self.change::<LeadDraft>(account.into(), None, Operation::Delete, &id.into()).map(drop)
    }

    /// Adds a contact; gives its id. `contact` is as in `POST /contacts`.
    pub fn add_contact(&self, account: impl Into<AccountId>, contact: &Value) -> Result<u64, SandboxError> {
        self.change::<ContactDraft>(account.into(), None, Operation::Add, contact)
    }

    /// Changes a contact. `change` is as in `PATCH /contacts`, with `id`.
    pub fn change_contact(&self, account: impl Into<AccountId>, change: &Value) -> Result<(), SandboxError> {
        self.change::<ContactDraft>(account.into(), None, Operation::Change, change).map(drop)
    }

    /// Puts a contact into the bin.
    pub fn delete_contact(&self, account: impl Into<AccountId>, id: u64) -> Result<(), SandboxError> {
        self.change::<ContactDraft>(account.into(), None, Operation::Delete, &id.into()).map(drop)
    }

    /// Adds a company; gives its id. `company` is as in `POST /companies`.
    pub fn add_company(&self, account: impl Into<AccountId>, company: &Value) -> Result<u64, SandboxError> {
        self.change::<CompanyDraft>(account.into(), None, Operation::Add, company)
    }

    /// Changes a company. `change` is as in `PATCH /companies`, with `id`.
    pub fn change_company(&self, account: impl Into<AccountId>, change: &Value) -> Result<(), SandboxError> {
        self.change::<CompanyDraft>(account.into(), None, Operation::Change, change).map(drop)
    }

    /// Puts a company into the bin.
    pub fn delete_company(&self, account: impl Into<AccountId>, id: u64) -> Result<(), SandboxError> {
        self.change::<CompanyDraft>(account.into(), None, Operation::Delete, &id.into()).map(drop)
    }

    /// Adds a note; gives its id. `note` is as in `POST /leads/notes`, with `entity_type`.
    pub fn add_note(&self, account: impl Into<AccountId>, note: &Value) -> Result<u64, SandboxError> {
        self.change::<NoteDraft>(account.into(), None, Operation::Add, note)
    }

    /// Deletes a note.
    pub fn delete_note(&self, account: impl Into<AccountId>, id: u64) -> Result<(), SandboxError> {
        self.change::<NoteDraft>(account.into(), None, Operation::Delete, &id.into()).map(drop)
    }

    /// Adds a task; gives its id. `task` is as in `POST /tasks`.
    pub fn add_task(&self, account: impl Into<AccountId>, task: &Value) -> Result<u64, SandboxError> {
        self.change::<TaskDraft>(account.into(), None, Operation::Add, task)
    }

    /// Changes a task. `change` is as in `PATCH /tasks`, with `id`.
    pub fn change_task(&self, account: impl Into<AccountId>, change: &Value) -> Result<(), SandboxError> {
        self.change::<TaskDraft>(account.into(), None, Operation::Change, change).map(drop)
    }

    /// Deletes a task.
    pub fn delete_task(&self, account: impl Into<AccountId>, id: u64) -> Result<(), SandboxError> {
        self.change::<TaskDraft>(account.into(), None, Operation::Delete, &id.into()).map(drop)
    }

    /// Gives the id of what was changed.
    fn change<D: InPages>(
        &self,
        account: AccountId,
        user: Option<UserId>,
        operation: Operation,
        what: &Value,
    ) -> Result<u64, SandboxError> {
        let written = self.world.change_entities::<D>(account, user, operation, what)?;
        Ok(written.first().map_or(0, |written| written.id))
    }
}
