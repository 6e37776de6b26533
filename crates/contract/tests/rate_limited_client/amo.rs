//! An amoCRM that notes when it was called.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::FakeAmo;
use amo_connect_contract::fixtures::{host, issued};
use amo_connect_domain::authorization::callback::{Callback, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLeadDetails, LeadFilter, LeadPage};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::crm::task::{Task, TaskFilter};
use amo_connect_domain::crm::write::Write;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi, Located, Runtime as _, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use url::Url;

use crate::virtual_time::Virtual;

/// A call as amoCRM saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) when: Duration,
    pub(crate) account: AccountHost,
    pub(crate) what: String,
}

/// An [`AmoClient`] that fails as configured, and succeeds otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Amo {
    time: Virtual,
    calls: Arc<Mutex<Vec<Call>>>,
    replies: Arc<Mutex<HashMap<AccountHost, Replies>>>,
    /// Where tokens are for all accounts, if that is apart from them.
    pub(crate) token_server: Option<AccountHost>,
}

#[derive(Debug, Default)]
struct Replies {
    next: VecDeque<AmoError>,
    always: Option<AmoError>,
    latency: Duration,
}

impl Amo {
    pub(crate) fn new(time: Virtual) -> Self {
        Self { time, calls: Arc::default(), replies: Arc::default(), token_server: None }
    }

    /// The next calls to account `number` fail so.
    pub(crate) fn will(&self, number: u64, errors: impl IntoIterator<Item = AmoError>) {
        self.with_replies(&host(number), |replies| replies.next.extend(errors));
    }

    /// All calls to account `number` fail so, from now on.
    pub(crate) fn always(&self, number: u64, error: Option<AmoError>) {
        self.with_replies(&host(number), |replies| replies.always = error);
    }

    /// Account `number` answers after so long.
    pub(crate) fn slow(&self, number: u64, latency: Duration) {
        self.with_replies(&host(number), |replies| replies.latency = latency);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// When account `number` was called.
    pub(crate) fn times(&self, number: u64) -> Vec<Duration> {
        let calls = self.calls();
        calls.iter().filter(|call| call.account == host(number)).map(|call| call.when).collect()
    }

    fn with_replies<T>(&self, account: &AccountHost, work: impl FnOnce(&mut Replies) -> T) -> T {
        work(self.replies.lock().unwrap().entry(account.clone()).or_default())
    }

    async fn called<T>(&self, account: &AccountHost, what: &str, good: T) -> Result<T, AmoError> {
        let call = Call { when: self.time.passed(), account: account.clone(), what: what.to_owned() };
        self.calls.lock().unwrap().push(call);
        let (error, latency) =
            self.with_replies(account, |replies| (replies.next.pop_front().or(replies.always), replies.latency));
        if !latency.is_zero() {
            self.time.sleep(latency).await;
        }
        error.map_or(Ok(good), Err)
    }
}

#[async_trait]
impl TokenEndpoint for Amo {
    fn authorization_url(&self, _: &State, _: Option<&AccountHost>) -> Url {
        Url::parse("https://www.amocrm.ru/oauth").unwrap()
    }

    fn read_callback(&self, parameters: &Parameters) -> Callback {
        FakeAmo::new().read_callback(parameters)
    }

    fn read_hook(&self, _: &Parameters) -> Option<AccountId> {
        None
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        self.token_server.as_ref().unwrap_or(account).clone()
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.called(permit.host(), code.expose(), issued("x")).await
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        self.called(permit.host(), token.expose(), issued("x")).await
    }

    fn fingerprint(&self) -> ClientFingerprint {
        ClientFingerprint::default()
    }

    fn locator(&self, host: &AccountHost, _: &AccessToken) -> Option<AccountHost> {
        Some(host.clone())
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        _: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        self.called(permit.host(), refresh.expose(), Located { at: None, by_authority: true }).await
    }
}

#[async_trait]
impl CrmApi for Amo {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        self.called(permit.host(), token.expose(), AmoAccount::numbered(AccountId(1))).await
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        self.called(permit.host(), token.expose(), Page::empty()).await
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        self.called(permit.host(), token.expose(), LeadPage { leads: Vec::new(), has_more: false }).await
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        self.called(permit.host(), token.expose(), None).await
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: u64,
        _: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        self.called(permit.host(), token.expose(), Page::empty()).await
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        self.called(permit.host(), token.expose(), Page::empty()).await
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: u64,
        _: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        self.called(permit.host(), token.expose(), Page::empty()).await
    }

    async fn note(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: u64,
        _: u64,
    ) -> Result<Option<Note>, AmoError> {
        self.called(permit.host(), token.expose(), None).await
    }

    async fn task(&self, permit: Permit<call::Read>, token: &AccessToken, _: u64) -> Result<Option<Task>, AmoError> {
        self.called(permit.host(), token.expose(), None).await
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        let host = permit.host();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.called(host, token.expose(), Vec::new()).await
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        self.called(permit.host(), token.expose(), Vec::new()).await
    }

    async fn write(
        &self,
        permit: Permit<call::Write>,
        token: &AccessToken,
        _: &Write,
    ) -> Result<Option<WrittenObject>, AmoError> {
        self.called(permit.host(), token.expose(), None).await
    }
}
