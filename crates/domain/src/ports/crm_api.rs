//! The port to a CRM's API, as far as we use it.

use std::fmt::Debug;

use async_trait::async_trait;

use super::AmoError;
use crate::crm::account::{AmoAccount, User};
use crate::crm::contact::Contact;
use crate::crm::event::Event;
use crate::crm::lead::{AmoLeadDetails, LeadFilter, LeadPage};
use crate::crm::note::Note;
use crate::crm::page::{Page, PageRequest};
use crate::crm::pipeline::Pipeline;
use crate::crm::task::{Task, TaskFilter};
use crate::crm::write::Write;
use crate::idempotency::WrittenObject;
use crate::rate_limit::{Permit, call};
use crate::token::AccessToken;

/// Reads one CRM's API, and writes to it.
///
/// What [`AmoClient`](super::AmoClient) promises of every method that sends holds here too.
#[async_trait]
pub trait CrmApi: Debug + Send + Sync + 'static {
    /// The account that `token` opens, and the user whose rights it has (`GET /api/v4/account`).
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError>;

    /// A page of the account's users, at most 250, with those who may not log in any more. A user who may not list
    /// them is [`AmoError::Forbidden`].
    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        page: PageRequest,
    ) -> Result<Page<User>, AmoError>;

    /// A page of leads, in the order of `filter.order`, which MUST be asked for. An empty page is no error.
    /// Deleted leads are left out.
    /// A lead that is won or lost MUST say so itself ([`AmoLead::is_closed`](crate::crm::lead::AmoLead::is_closed)), by this method and by
    /// [`lead`](Self::lead): its pipeline may be gone.
    /// A page MUST NOT have more leads than `filter.limit`, and whoever pages until
    /// [`LeadPage::has_more`] is `false` MUST get every lead once, whatever size the CRM's own pages have:
    /// a page may be shorter. A filter of 50 stages is one request, and so is one of 250 numbers. The whole second that `updated_since` or
    /// `created_since` falls into MUST be asked for, and none before it. Custom fields MUST be told if
    /// `filter.with_custom_fields` wants them, and a lead without any then has an empty list; else
    /// [`AmoLead::custom_fields`](crate::crm::lead::AmoLead::custom_fields) is `None`.
    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError>;

    /// The lead with this number, with its custom fields, all of its contacts and why it was lost; `None` if there is
    /// none, or it was deleted.
    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError>;

    /// A page of the notes of `lead`, at most 250, the newest first. Notes of types that the client does not know MUST
    /// be listed too.
    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError>;

    /// A page of tasks of leads. The whole `filter` MUST be asked for, and its order.
    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError>;

    /// A page of what happened to `lead`, at most 100 events, the newest first. Events of types that the client does
    /// not know MUST be listed too.
    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Event>, AmoError>;

    /// The note of `lead` with this number; `None` if there is none.
    async fn note(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        id: u64,
    ) -> Result<Option<Note>, AmoError>;

    /// The task with this number; `None` if there is none.
    async fn task(&self, permit: Permit<call::Read>, token: &AccessToken, id: u64) -> Result<Option<Task>, AmoError>;

    /// The contacts with these numbers, at most 250, in one request; unknown ones are left out.
    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError>;

    /// All pipelines with their stages, those put away among them. The kind of each stage MUST be
    /// told: the app's three statuses are made of that.
    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError>;

    /// Does `write`, and tells what it made; `None` for a change. A lead is made together with its guest, by one
    /// request, and is called as the guest if it has no name. What is unset MUST NOT be sent: the CRM decides it,
    /// or leaves it as it is. If the CRM puts the lead together with one that was there, that one is told, as not new.
    ///
    /// # Errors
    /// The write MUST be sent at most once. [`AmoError::OutcomeUnknown`] if it may have been done: its answer was
    /// lost, cut or late, is a 5xx, or makes no sense. All other errors mean that nothing was done.
    /// [`AmoError::Refused`] names the field that the CRM names, and [`AmoError::NotFound`] is the lead or the
    /// task that the write is on, or the account.
    async fn write(
        &self,
        permit: Permit<call::Write>,
        token: &AccessToken,
        write: &Write,
    ) -> Result<Option<WrittenObject>, AmoError>;
}
