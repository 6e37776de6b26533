//! Changing leads, contacts, companies, notes and tasks as somebody does in amoCRM's own pages.

use serde_json::Value;

use super::Sandbox;
use crate::{
    AccountId, SandboxError,
    control::{InPages, Operation},
    store::{CompanyDraft, ContactDraft, LeadDraft, NoteDraft, TaskDraft},
};

/// Who does it is the account's first user.
impl Sandbox {
    /// Adds a lead; gives its id. `lead` is as in `POST /leads`.
    pub fn add_lead(&self, account: impl Into<AccountId>, lead: &Value) -> Result<u64, SandboxError> {
        self.change::<LeadDraft>(account.into(), Operation::Add, lead)
    }

    /// Changes a lead. `change` is as in `PATCH /leads`, with `id`.
    pub fn change_lead(&self, account: impl Into<AccountId>, change: &Value) -> Result<(), SandboxError> {
        self.change::<LeadDraft>(account.into(), Operation::Change, change).map(drop)
    }

    /// Puts a lead into the bin.
    pub fn delete_lead(&self, account: impl Into<AccountId>, id: u64) -> Result<(), SandboxError> {
        self.change::<LeadDraft>(account.into(), Operation::Delete, &id.into()).map(drop)
    }

    /// Adds a contact; gives its id. `contact` is as in `POST /contacts`.
    pub fn add_contact(&self, account: impl Into<AccountId>, contact: &Value) -> Result<u64, SandboxError> {
        self.change::<ContactDraft>(account.into(), Operation::Add, contact)
    }

    /// Changes a contact. `change` is as in `PATCH /contacts`, with `id`.
    pub fn change_contact(&self, account: impl Into<AccountId>, change: &Value) -> Result<(), SandboxError> {
        self.change::<ContactDraft>(account.into(), Operation::Change, change).map(drop)
    }

    /// Puts a contact into the bin.
    pub fn delete_contact(&self, account: impl Into<AccountId>, id: u64) -> Result<(), SandboxError> {
        self.change::<ContactDraft>(account.into(), Operation::Delete, &id.into()).map(drop)
    }

    /// Adds a company; gives its id. `company` is as in `POST /companies`.
    pub fn add_company(&self, account: impl Into<AccountId>, company: &Value) -> Result<u64, SandboxError> {
        self.change::<CompanyDraft>(account.into(), Operation::Add, company)
    }

    /// Changes a company. `change` is as in `PATCH /companies`, with `id`.
    pub fn change_company(&self, account: impl Into<AccountId>, change: &Value) -> Result<(), SandboxError> {
        self.change::<CompanyDraft>(account.into(), Operation::Change, change).map(drop)
    }

    /// Puts a company into the bin.
    pub fn delete_company(&self, account: impl Into<AccountId>, id: u64) -> Result<(), SandboxError> {
        self.change::<CompanyDraft>(account.into(), Operation::Delete, &id.into()).map(drop)
    }

    /// Adds a note; gives its id. `note` is as in `POST /leads/notes`, with `entity_type`.
    pub fn add_note(&self, account: impl Into<AccountId>, note: &Value) -> Result<u64, SandboxError> {
        self.change::<NoteDraft>(account.into(), Operation::Add, note)
    }

    /// Deletes a note.
    pub fn delete_note(&self, account: impl Into<AccountId>, id: u64) -> Result<(), SandboxError> {
        self.change::<NoteDraft>(account.into(), Operation::Delete, &id.into()).map(drop)
    }

    /// Adds a task; gives its id. `task` is as in `POST /tasks`.
    pub fn add_task(&self, account: impl Into<AccountId>, task: &Value) -> Result<u64, SandboxError> {
        self.change::<TaskDraft>(account.into(), Operation::Add, task)
    }

    /// Changes a task. `change` is as in `PATCH /tasks`, with `id`.
    pub fn change_task(&self, account: impl Into<AccountId>, change: &Value) -> Result<(), SandboxError> {
        self.change::<TaskDraft>(account.into(), Operation::Change, change).map(drop)
    }

    /// Deletes a task.
    pub fn delete_task(&self, account: impl Into<AccountId>, id: u64) -> Result<(), SandboxError> {
        self.change::<TaskDraft>(account.into(), Operation::Delete, &id.into()).map(drop)
    }

    /// Gives the id of what was changed.
    fn change<D: InPages>(&self, account: AccountId, operation: Operation, what: &Value) -> Result<u64, SandboxError> {
        let written = self.world.change_entities::<D>(account, None, operation, what)?;
        Ok(written.first().map_or(0, |written| written.id))
    }
}
