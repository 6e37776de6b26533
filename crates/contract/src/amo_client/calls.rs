//! What holds for every call, whatever it asks for.

use std::time::Duration;

use amo_connect_domain::crm::lead::{LeadFilter, LeadPage};
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::task::{TaskFilter, TaskOrder};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoClient, AmoError};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, RefreshToken};

use super::feature::Feature;
use super::{AmoClientHarness, names};
use crate::fake::{Asked, Reply};
use crate::fixtures::{issued, permit};

pub(super) const CODE: &str = "the-code";
pub(super) const REFRESH: &str = "the-refresh-token";
pub(super) const ACCESS: &str = "the-access-token";

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
    Contacts,
    Pipelines,
}

impl Call {
    /// Every one.
    const EVERY: [Self; 12] = [
        Self::Exchange,
        Self::Refresh,
        Self::Locate,
        Self::Account,
        Self::Users,
        Self::Leads,
        Self::Lead,
        Self::Notes,
        Self::Tasks,
        Self::Events,
        Self::Contacts,
        Self::Pipelines,
    ];

    /// Those to which a refusal is a failure; to a look-up it is an answer.
    pub(super) const ALL: [Self; 11] = [
        Self::Exchange,
        Self::Refresh,
        Self::Account,
        Self::Users,
        Self::Leads,
        Self::Lead,
        Self::Notes,
        Self::Tasks,
        Self::Events,
        Self::Contacts,
        Self::Pipelines,
    ];

    pub(super) const READS: [Self; 9] = [
        Self::Account,
        Self::Users,
        Self::Leads,
        Self::Lead,
        Self::Notes,
        Self::Tasks,
        Self::Events,
        Self::Contacts,
        Self::Pipelines,
    ];

    /// Those that `harness`'s CRM can be asked.
    pub(super) fn every(harness: &dyn AmoClientHarness) -> impl Iterator<Item = Self> {
        let has_look_up = !harness.lacks().contains(&Feature::LookUp);
        Self::EVERY.into_iter().filter(move |call| has_look_up || *call != Self::Locate)
    }

    /// Where the call goes that is about the account at `host`.
    fn goes_to(self, client: &dyn AmoClient, host: &AccountHost) -> AccountHost {
        match self {
            Self::Exchange | Self::Refresh => client.token_host(host),
            Self::Locate => client.locator(host, &AccessToken::new(ACCESS)).unwrap(),
            _ => host.clone(),
        }
    }

    /// Makes the call that is about the account at `host`.
    pub(super) async fn make(self, client: &dyn AmoClient, host: &AccountHost) -> Result<(), AmoError> {
        self.make_at(client, &self.goes_to(client, host)).await
    }

    /// Makes the call to `host`.
    async fn make_at(self, client: &dyn AmoClient, host: &AccountHost) -> Result<(), AmoError> {
        let token = AccessToken::new(ACCESS);
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
            Self::Contacts => client.contacts(permit(host), &token, &[7]).await.map(drop),
            Self::Pipelines => client.pipelines(permit(host), &token).await.map(drop),
        }
    }

    /// The same call as the CRM has to see it.
    fn seen(self, harness: &dyn AmoClientHarness) -> Asked {
        let (host, token) = (self.goes_to(&*harness.client(), &harness.host()), AccessToken::new(ACCESS));
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
            Self::Contacts => Asked::Contacts { host, token, ids: vec![7] },
            Self::Pipelines => Asked::Pipelines { host, token },
        }
    }

    pub(super) fn good_answer(self, host: &AccountHost) -> Reply {
        match self {
            Self::Exchange | Self::Refresh => Reply::Issues(issued("x")),
            Self::Locate => Reply::Located(host.clone()),
            Self::Account => Reply::Account(AccountId(1)),
            Self::Users => Reply::Users(Page::empty()),
            Self::Leads => Reply::Leads(LeadPage { leads: Vec::new(), has_more: false }),
            Self::Lead => Reply::Nothing,
            Self::Notes => Reply::Notes(Page::empty()),
            Self::Tasks => Reply::Tasks(Page::empty()),
            Self::Events => Reply::Events(Page::empty()),
            Self::Contacts => Reply::Contacts(Vec::new()),
            Self::Pipelines => Reply::Pipelines(Vec::new()),
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

/// Makes `call` against a CRM that answers so. Exactly one request has to reach it, if any can.
pub(super) async fn answered(harness: &dyn AmoClientHarness, call: Call, reply: Reply) -> Result<(), AmoError> {
    let before = harness.asked().await.len();
    let shown = format!("{call:?} answered by {reply:?}");
    let seen = if reply == Reply::Unreachable { vec![] } else { vec![call.seen(harness)] };
    harness.will(reply).await;
    let outcome = call.make(&*harness.client(), &harness.host()).await;
    let asked = harness.asked().await.split_off(before);
    assert_eq!(asked, seen, "{shown}");
    outcome
}

/// Asserts that each of `calls` fails with `error` where the CRM answers with any of `replies`.
pub(super) async fn assert_fail(harness: &dyn AmoClientHarness, calls: &[Call], replies: &[Reply], error: AmoError) {
    for call in calls {
        for reply in replies {
            let outcome = answered(harness, *call, reply.clone()).await;
            assert_eq!(outcome, Err(error), "{call:?} answered by {reply:?}");
        }
    }
}

pub(super) async fn each_call_is_one_request(harness: &dyn AmoClientHarness) {
    for call in Call::every(harness) {
        assert_eq!(answered(harness, call, call.good_answer(&harness.host())).await, Ok(()), "{call:?}");
    }
}

pub(super) async fn no_failure_is_answered_by_a_second_request(harness: &dyn AmoClientHarness) {
    let tempting = [
        Reply::Fails(503),
        Reply::CutBeforeTheDeed,
        Reply::CutWithinTheAnswer,
        Reply::TooManyCalls(Some(Duration::ZERO)),
        Reply::AccessRefused,
        Reply::Garbled,
    ];
    for reply in tempting {
        for call in Call::ALL {
            answered(harness, call, reply.clone()).await.unwrap_err();
        }
    }
}

pub(super) async fn a_redirect_is_never_followed(harness: &dyn AmoClientHarness) {
    for call in Call::every(harness) {
        let error = answered(harness, call, Reply::Redirects).await.unwrap_err();
        assert_eq!(error, AmoError::Moved, "{call:?}");
    }
}

pub(super) async fn nothing_is_sent_to_a_host_that_is_not_allowed(harness: &dyn AmoClientHarness) {
    let odd = ["", "www.amocrm.ru", "amocrm.ru", "127.0.0.1:1", "account1.amocrm.ru:8443", "user@account1.amocrm.ru"];
    let hosts = odd.map(AccountHost::stored).into_iter().chain([harness.foreign_host()]);
    for host in hosts {
        for call in Call::every(harness) {
            let refused = call.make_at(&*harness.client(), &host).await;
            assert_eq!(refused, Err(AmoError::HostNotAllowed), "{call:?} to {host}");
        }
    }
    assert_eq!(harness.asked().await, []);
}

pub(super) async fn an_unpaid_account_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::ALL, &[Reply::PaymentRequired], AmoError::PaymentRequired).await;
}

pub(super) async fn a_missing_thing_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::ALL, &[Reply::NotFound], AmoError::NotFound).await;
}

pub(super) async fn too_many_calls_are_told_apart_with_their_wait(harness: &dyn AmoClientHarness) {
    for retry_after in [None, Some(Duration::from_secs(7))] {
        assert_fail(harness, &Call::ALL, &[Reply::TooManyCalls(retry_after)], AmoError::RateLimited { retry_after })
            .await;
    }
}

pub(super) async fn a_ban_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::ALL, &[Reply::Banned], AmoError::Blocked).await;
}
