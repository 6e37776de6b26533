//! [`FakeAmo`]: a CRM in memory, for tests of everything else, and what a CRM is asked and answers.

mod asked;
mod crm;
mod dress;
mod gate;
mod harness;
mod redirect;
mod reply;

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use url::Url;

pub use asked::Asked;
pub use crm::FakeAccount;
pub use dress::Dress;
pub use gate::Gate;
pub use harness::FakeAmoHarness;
pub use redirect::{amo_denial, amo_redirect};
pub use reply::Reply;

use crate::fixtures::host;
use crm::{Crm, told};

/// An [`AmoClient`](amo_connect_domain::ports::AmoClient) that is a whole CRM in memory. Its clones are one.
///
/// It rotates as amoCRM does: a code and a refresh token work once, the old access token lives
/// on. What it [`will`](Self::will) answer instead goes first, a reply a call.
#[derive(Clone, Debug)]
pub struct FakeAmo {
    crm: Arc<Mutex<Crm>>,
    allowed: AllowedHosts,
    page: Url,
    gate: Option<Gate>,
    silent: Option<fn(&Asked) -> bool>,
}

impl Default for FakeAmo {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeAmo {
    /// A CRM without accounts, for the hosts of amoCRM and Kommo.
    ///
    /// # Panics
    /// Never: its addresses are good ones.
    #[expect(clippy::unwrap_used, reason = "the addresses are constants")]
    pub fn new() -> Self {
        let allowed = AllowedHosts::parse("amocrm.ru,amocrm.com,kommo.com").unwrap();
        let page = Url::parse("https://www.amocrm.ru/oauth?mode=popup").unwrap();
        Self { crm: Arc::default(), allowed, page, gate: None, silent: None }
    }

    /// Lays an answer ready for the next call that has none.
    pub fn answer_next(&self, reply: Reply) {
        self.crm().script.push_back(reply);
    }

    /// The same for several calls, a reply each.
    pub fn answer_each(&self, replies: impl IntoIterator<Item = Reply>) {
        self.crm().script.extend(replies);
    }

    /// The same CRM, with an answer ready for the next call that has none.
    #[must_use]
    pub fn will(self, reply: Reply) -> Self {
        self.answer_next(reply);
        self
    }

    /// The same CRM with this account at `host`.
    #[must_use]
    pub fn with_account(self, host: &AccountHost, account: FakeAccount) -> Self {
        self.crm().accounts.insert(host.as_str().to_owned(), account);
        self
    }

    /// The same CRM with an empty account of each number, at the host of that number.
    #[must_use]
    pub fn with_accounts(self, numbers: impl IntoIterator<Item = u64>) -> Self {
        numbers.into_iter().fold(self, |crm, number| crm.with_account(&host(number), FakeAccount::empty(number)))
    }

    /// The same CRM with access tokens that live so long.
    #[must_use]
    pub fn with_life(self, life: Duration) -> Self {
        self.crm().life = life;
        self
    }

    /// The same CRM, whose access tokens name `host` as the one that knows where accounts are.
    #[must_use]
    pub fn with_shard(self, host: &AccountHost) -> Self {
        self.crm().shard = Some(host.clone());
        self
    }

    /// The same CRM, of whose hosts none is named by an access token: what they say of an account
    /// is no word of those who must know.
    #[must_use]
    pub fn without_authority(self) -> Self {
        self.crm().has_authority = false;
        self
    }

    /// The same CRM, whose accounts never move: none is looked up.
    #[must_use]
    pub fn without_look_ups(self) -> Self {
        self.crm().has_look_ups = false;
        self
    }

    /// The same CRM behind a gate, where token requests, and those for the account, wait until they are let go.
    pub fn gated(&self) -> (Self, Gate) {
        let gate = Gate::new();
        (Self { gate: Some(gate.clone()), ..self.clone() }, gate)
    }

    /// The same CRM, which never answers such requests for notes, tasks and events.
    #[must_use]
    pub fn silent(self, to: fn(&Asked) -> bool) -> Self {
        Self { silent: Some(to), ..self }
    }

    /// Ends only if `asked` is answered.
    async fn hear(&self, asked: &Asked) {
        if self.silent.is_some_and(|is_silent| is_silent(asked)) {
            self.crm().asked.push(asked.clone());
            pending::<()>().await;
        }
    }

    async fn pass_the_gate(&self) {
        if let Some(gate) = &self.gate {
            gate.pass().await;
        }
    }

    /// Somebody presses *Allow* in the account at `host`: the code that the redirect brings.
    pub fn allow(&self, host: &AccountHost) -> AuthorizationCode {
        self.crm().allow(host)
    }

    /// The query of the hook by which it says that the integration was switched off in `account`.
    pub fn signed_hook(account: AccountId) -> String {
        redirect::hook(account)
    }

    /// Every access token ends now; refresh tokens live on.
    pub fn expire_access_tokens(&self) {
        self.crm().access.clear();
    }

    /// An administrator switches the integration off in the account at `host`.
    pub fn revoke(&self, host: &AccountHost) {
        self.crm().revoke(host);
    }

    /// The account at `from` answers at `to` from now on, with all its tokens.
    pub fn move_account(&self, from: &AccountHost, to: &AccountHost) {
        self.crm().move_account(from, to);
    }

    /// Everything it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.crm().asked.clone()
    }

    fn crm(&self) -> MutexGuard<'_, Crm> {
        self.crm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one call: as scripted, else by `answer`.
    fn call<T>(
        &self,
        asked: &Asked,
        scripted: impl FnOnce(Reply) -> Option<T>,
        answer: impl FnOnce(&mut Crm) -> Result<T, AmoError>,
    ) -> Result<T, AmoError> {
        if !self.allowed.permits(asked.host()) {
            return Err(AmoError::HostNotAllowed);
        }
        let mut crm = self.crm();
        let reply = crm.script.pop_front();
        if reply != Some(Reply::Unreachable) {
            crm.asked.push(asked.clone());
        }
        let Some(reply) = reply.map(|reply| reply.to(asked)) else { return answer(&mut crm) };
        if reply.is_lost_after_the_deed() {
            // What it did and nobody read is done all the same.
            let _ = answer(&mut crm);
        }
        match reply.error(asked) {
            Some(error) => Err(error),
            None => scripted(reply).ok_or_else(|| Reply::Garbled.error(asked).unwrap_or(AmoError::Protocol)),
        }
    }
}

/// `filter` as a CRM is asked that keeps no fractions of a second, and gives custom fields to everybody.
fn as_asked(filter: &LeadFilter) -> LeadFilter {
    let whole = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor);
    let floor = |since: Option<Timestamp>| since.map(|since| since.round(whole).unwrap_or(since));
    let (updated_since, created_since) = (floor(filter.updated_since), floor(filter.created_since));
    LeadFilter { updated_since, created_since, with_custom_fields: false, ..filter.clone() }
}

#[async_trait]
impl TokenEndpoint for FakeAmo {
    fn authorization_url(&self, state: &State, _: Option<&AccountHost>) -> Url {
        let mut url = self.page.clone();
        url.query_pairs_mut().append_pair("state", state.expose());
        url
    }

    fn read_callback(&self, parameters: &Parameters) -> Callback {
        redirect::read(parameters)
    }

    fn read_hook(&self, parameters: &Parameters) -> Option<AccountId> {
        redirect::switched_off(parameters)
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        account.clone()
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.pass_the_gate().await;
        let host = permit.host();
        let asked = Asked::Exchange { host: host.clone(), code: code.clone() };
        self.call(&asked, Reply::into_issued, |crm| crm.exchange(host, code))
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        self.pass_the_gate().await;
        let host = permit.host();
        let asked = Asked::Refresh { host: host.clone(), token: token.clone() };
        // What was sent is not what comes back for it.
        let scripted = |reply: Reply| reply.into_issued().filter(|issued| issued.refresh != *token);
        self.call(&asked, scripted, |crm| crm.refresh(host, token))
    }

    fn fingerprint(&self) -> ClientFingerprint {
        ClientFingerprint::default()
    }

    fn locator(&self, host: &AccountHost, _access: &AccessToken) -> Option<AccountHost> {
        let crm = self.crm();
        crm.has_look_ups.then(|| crm.shard.clone().unwrap_or_else(|| host.clone()))
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        _access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let asked = Asked::Locate { host: permit.host().clone(), token: refresh.clone() };
        let scripted = |reply| match reply {
            Reply::Located(host) => Some(Some(FoundHost { host, account: None })),
            _ => None,
        };
        let at = match self.call(&asked, scripted, |crm| Ok(crm.locate(refresh))) {
            Err(AmoError::AccessRefused | AmoError::NotFound) => None,
            located => located?,
        };
        if at.as_ref().is_some_and(|found| !self.allowed.permits(&found.host)) {
            return Err(AmoError::HostNotAllowed);
        }
        Ok(Located { at, by_authority: self.crm().has_authority })
    }
}

#[async_trait]
impl CrmApi for FakeAmo {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        self.pass_the_gate().await;
        let host = permit.host();
        let asked = Asked::Account { host: host.clone(), token: token.clone() };
        let scripted = |reply| if let Reply::AccountCard(account) = reply { Some(account) } else { None };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.card()))
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        page: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        let host = permit.host();
        let asked = Asked::Users { host: host.clone(), token: token.clone(), page };
        let scripted = |reply| match reply {
            Reply::Users(users) => Some(users),
            Reply::Nothing => Some(Page::empty()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.users(page)))
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let host = permit.host();
        let with_custom_fields = filter.with_custom_fields;
        let filter = as_asked(filter);
        let asked = Asked::Leads { host: host.clone(), token: token.clone(), filter: filter.clone() };
        let scripted = |reply| match reply {
            Reply::Leads(page) => Some(page),
            Reply::Nothing | Reply::DeletedLead(_) => Some(LeadPage { leads: Vec::new(), has_more: false }),
            _ => None,
        };
        let page = self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.page(&filter)))?;
        let leads = page.leads.into_iter().map(|lead| told(lead, with_custom_fields)).collect();
        Ok(LeadPage { leads, has_more: page.has_more })
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        let host = permit.host();
        let asked = Asked::Lead { host: host.clone(), token: token.clone(), id };
        let scripted = |reply| match reply {
            Reply::LeadDetails(details) => Some(Some(details)),
            Reply::Nothing | Reply::DeletedLead(_) => Some(None),
            _ => None,
        };
        let known = |crm: &mut Crm| {
            let lead = crm.opened(host, token)?.leads.iter().find(|lead| lead.id == id).cloned();
            Ok(lead.map(AmoLeadDetails::from))
        };
        let details = self.call(&asked, scripted, known)?;
        Ok(details.map(|details| AmoLeadDetails { lead: told(details.lead, true), ..details }))
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        let host = permit.host();
        let asked = Asked::Notes { host: host.clone(), token: token.clone(), lead, page };
        self.hear(&asked).await;
        let scripted = |reply| match reply {
            Reply::Notes(notes) => Some(notes),
            Reply::Nothing => Some(Page::empty()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.notes_of(lead, page)))
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        let host = permit.host();
        let asked = Asked::Tasks { host: host.clone(), token: token.clone(), filter: *filter };
        self.hear(&asked).await;
        let scripted = |reply| match reply {
            Reply::Tasks(tasks) => Some(tasks),
            Reply::Nothing => Some(Page::empty()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.tasks(filter)))
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        let host = permit.host();
        let asked = Asked::Events { host: host.clone(), token: token.clone(), lead, page };
        self.hear(&asked).await;
        let scripted = |reply| match reply {
            Reply::Events(events) => Some(events),
            Reply::Nothing => Some(Page::empty()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.events_of(lead, page)))
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        let host = permit.host();
        if ids.is_empty() && self.allowed.permits(host) {
            return Ok(Vec::new());
        }
        let asked = Asked::Contacts { host: host.clone(), token: token.clone(), ids: ids.to_vec() };
        let scripted = |reply| match reply {
            Reply::Contacts(contacts) => Some(contacts),
            Reply::Nothing => Some(Vec::new()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.contacts_with(ids)))
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let host = permit.host();
        let asked = Asked::Pipelines { host: host.clone(), token: token.clone() };
        let scripted = |reply| match reply {
            Reply::Pipelines(pipelines) => Some(pipelines),
            Reply::Nothing => Some(Vec::new()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.pipelines.clone()))
    }
}
