//! The methods of the port, as cases that hold for all of them call them.

use amo_connect_domain::crm::lead::{LeadFilter, LeadPage};
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::task::{TaskFilter, TaskOrder};
use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewLead, NewNote, NewTask, TaskChange, Write};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::idempotency::{WriteKind, WrittenObject};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoClient, AmoError};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, RefreshToken};

use super::feature::Feature;
use super::{AmoClientHarness, names};
use crate::fake::{Asked, Reply};
use crate::fixtures::{at, issued, permit};

pub(super) const CODE: &str = "the-code";
pub(super) const REFRESH: &str = "the-refresh-token";
pub(super) const ACCESS: &str = "the-access-token";

/// What a user writes, wherever a text is wanted.
pub(super) const TEXT: &str = "what-a-user-writes";

pub(super) fn token() -> AccessToken {
    AccessToken::new(ACCESS)
}

/// A method of the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Exchange,
    Refresh,
    Locate,
    Account,
    Users,
    Leads,
    Lead,
    Notes,
    Tasks,
    Events,
    Note,
    Task,
    Contacts,
    Pipelines,
    Write(WriteKind),
}

impl Call {
    /// Those that spend what they send.
    pub(super) const SPENDING: [Self; 2] = [Self::Exchange, Self::Refresh];

    pub(super) const READS: [Self; 11] = [
        Self::Account,
        Self::Users,
        Self::Leads,
        Self::Lead,
        Self::Notes,
        Self::Tasks,
        Self::Events,
        Self::Note,
        Self::Task,
        Self::Contacts,
        Self::Pipelines,
    ];

    pub(super) const WRITES: [Self; 5] = [
        Self::Write(WriteKind::Lead),
        Self::Write(WriteKind::LeadChange),
        Self::Write(WriteKind::Note),
        Self::Write(WriteKind::Task),
        Self::Write(WriteKind::TaskChange),
    ];

    /// Those that have an access token.
    pub(super) fn of_the_api() -> Vec<Self> {
        [&Self::READS[..], &Self::WRITES[..]].concat()
    }

    /// Those to which a refusal is a failure; to a look-up it is an answer.
    pub(super) fn all() -> Vec<Self> {
        [&Self::SPENDING[..], &Self::READS[..], &Self::WRITES[..]].concat()
    }

    /// Those that `harness`'s CRM can be asked.
    pub(super) fn every(harness: &dyn AmoClientHarness) -> impl Iterator<Item = Self> {
        let look_up = Some(Self::Locate).filter(|_| !harness.lacks().contains(&Feature::LookUp));
        Self::all().into_iter().chain(look_up)
    }

    /// Where the call goes that is about the account at `host`.
    fn goes_to(self, client: &dyn AmoClient, host: &AccountHost) -> AccountHost {
        match self {
            Self::Exchange | Self::Refresh => client.token_host(host),
            Self::Locate => client.locator(host, &token()).unwrap(),
            _ => host.clone(),
        }
    }

    /// Makes the call that is about the account at `host`.
    pub(super) async fn make(self, client: &dyn AmoClient, host: &AccountHost) -> Result<(), AmoError> {
        self.make_at(client, &self.goes_to(client, host)).await
    }

    /// Makes the call to `host`.
    pub(super) async fn make_at(self, client: &dyn AmoClient, host: &AccountHost) -> Result<(), AmoError> {
        let token = token();
        match self {
            Self::Exchange => client.exchange(permit(host), &AuthorizationCode::new(CODE)).await.map(drop),
            Self::Refresh => client.refresh(permit(host), &RefreshToken::new(REFRESH)).await.map(drop),
            Self::Locate => client.locate(permit(host), &token, &RefreshToken::new(REFRESH)).await.map(drop),
            Self::Account => client.account(permit(host), &token).await.map(drop),
            Self::Users => client.users(permit(host), &token, FIRST_PAGE).await.map(drop),
            Self::Leads => client.leads(permit(host), &token, &all_leads()).await.map(drop),
            Self::Lead => client.lead(permit(host), &token, 5).await.map(drop),
            Self::Notes => client.notes(permit(host), &token, 5, FIRST_PAGE).await.map(drop),
            Self::Tasks => client.tasks(permit(host), &token, &all_tasks()).await.map(drop),
            Self::Events => client.events(permit(host), &token, 5, FIRST_PAGE).await.map(drop),
            Self::Note => client.note(permit(host), &token, 5, 12).await.map(drop),
            Self::Task => client.task(permit(host), &token, 12).await.map(drop),
            Self::Contacts => client.contacts(permit(host), &token, &[7]).await.map(drop),
            Self::Pipelines => client.pipelines(permit(host), &token).await.map(drop),
            Self::Write(kind) => client.write(permit(host), &token, &write(kind)).await.map(drop),
        }
    }

    /// The same call as the CRM has to see it.
    pub(super) fn seen(self, harness: &dyn AmoClientHarness) -> Asked {
        let (host, token) = (self.goes_to(&*harness.client(), &harness.host()), token());
        match self {
            Self::Exchange => Asked::Exchange { host, code: AuthorizationCode::new(CODE) },
            Self::Refresh => Asked::Refresh { host, token: RefreshToken::new(REFRESH) },
            Self::Locate => Asked::Locate { host, token: RefreshToken::new(REFRESH) },
            Self::Account => Asked::Account { host, token },
            Self::Users => Asked::Users { host, token, page: FIRST_PAGE },
            Self::Leads => Asked::Leads { host, token, filter: names::asked(harness, all_leads()) },
            Self::Lead => Asked::Lead { host, token, id: 5 },
            Self::Notes => Asked::Notes { host, token, lead: 5, page: FIRST_PAGE },
            Self::Tasks => Asked::Tasks { host, token, filter: all_tasks() },
            Self::Events => Asked::Events { host, token, lead: 5, page: FIRST_PAGE },
            Self::Note => Asked::Note { host, token, lead: 5, id: 12 },
            Self::Task => Asked::Task { host, token, id: 12 },
            Self::Contacts => Asked::Contacts { host, token, ids: vec![7] },
            Self::Pipelines => Asked::Pipelines { host, token },
            Self::Write(kind) => Asked::Write { host, token, write: write(kind) },
        }
    }

    pub(super) fn good_answer(self, host: &AccountHost) -> Reply {
        match self {
            Self::Exchange | Self::Refresh => Reply::Issues(issued("x")),
            Self::Locate => Reply::Located(host.clone()),
            Self::Account => Reply::Account(AccountId(1)),
            Self::Users => Reply::Users(Page::empty()),
            Self::Leads => Reply::Leads(LeadPage { leads: Vec::new(), has_more: false }),
            Self::Lead | Self::Note | Self::Task => Reply::Nothing,
            Self::Notes => Reply::Notes(Page::empty()),
            Self::Tasks => Reply::Tasks(Page::empty()),
            Self::Events => Reply::Events(Page::empty()),
            Self::Contacts => Reply::Contacts(Vec::new()),
            Self::Pipelines => Reply::Pipelines(Vec::new()),
            Self::Write(kind) => done(kind),
        }
    }
}

/// A page that every list has.
pub(super) const FIRST_PAGE: PageRequest = PageRequest { page: 1, limit: 50 };

pub(super) fn all_tasks() -> TaskFilter {
    let (order, is_completed) = (TaskOrder::Newest, None);
    TaskFilter { page: FIRST_PAGE, order, lead: None, responsible_user: None, is_completed }
}

pub(super) fn all_leads() -> LeadFilter {
    LeadFilter::default()
}

/// A write of this kind, which knows no stage: one has to be listed first.
pub(super) fn write(kind: WriteKind) -> Write {
    let text = || Some(TEXT.to_owned());
    match kind {
        WriteKind::Lead => {
            let guest = NewGuest { name: text(), phone: Some("+380 44 000-00-00".to_owned()), email: None };
            Write::Lead(NewLead { name: text(), guest: Some(guest), ..NewLead::default() })
        }
        WriteKind::LeadChange => Write::LeadChange(5, LeadChange { name: text(), ..LeadChange::default() }),
        WriteKind::Note => Write::Note(NewNote { lead: 5, text: TEXT.to_owned() }),
        WriteKind::Task => {
            let (kind, responsible_user) = (None, None);
            let complete_till = at(3_600);
            Write::Task(NewTask { lead: 5, text: TEXT.to_owned(), complete_till, kind, responsible_user })
        }
        WriteKind::TaskChange => Write::TaskChange(12, TaskChange { text: text(), ..TaskChange::default() }),
    }
}

/// The CRM's answer to such a write when it is done.
pub(super) fn done(kind: WriteKind) -> Reply {
    kind.makes().map_or(Reply::Changed, |_| Reply::Made(WrittenObject { id: 41, is_new: true }))
}
