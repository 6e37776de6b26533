//! A client over the inner one in memory that breaks one promise.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::fixtures::{self, host, issued};
use amo_connect_contract::{Dress, FakeAmo, Reply};
use amo_connect_domain::authorization::callback::{Callback, Denial, Given, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadFilter, LeadOrder, LeadPage};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::{Pipeline, StageKind};
use amo_connect_domain::crm::task::{Task, TaskFilter, TaskOrder};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use url::Url;

use crate::kinds::Mutant;

/// The types of notes and events that everybody knows.
const KNOWN_TYPES: [&str; 5] = ["common", "call_in", "service_message", "lead_added", "lead_status_changed"];

/// An [`AmoClient`] that keeps every promise but one.
#[derive(Clone)]
pub(crate) struct MutantClient {
    pub(crate) inner: FakeAmo,
    mutant: Mutant,
    seen: Arc<Mutex<Vec<String>>>,
    /// Whether the connection was lost that the next call goes over.
    is_dead: Arc<AtomicBool>,
}

impl fmt::Debug for MutantClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.is(Mutant::ShowsSecrets) { self.seen.lock().unwrap().clone() } else { Vec::new() };
        f.debug_struct("MutantClient").field("seen", &shown).finish_non_exhaustive()
    }
}

impl MutantClient {
    pub(crate) fn new(mutant: Mutant) -> Self {
        Self { inner: FakeAmo::new(), mutant, seen: Arc::default(), is_dead: Arc::default() }
    }

    /// What this client can read of an answer.
    pub(crate) fn reads(&self, reply: Reply) -> Reply {
        match &reply {
            Reply::IssuesIn(dress, _) if self.lost_dress() == Some(*dress) => Reply::Garbled,
            _ => reply,
        }
    }

    /// The dress in which this client does not see a pair.
    fn lost_dress(&self) -> Option<Dress> {
        match self.mutant {
            Mutant::LosesByteOrderMark => Some(Dress::ByteOrderMark),
            Mutant::LosesCompressed => Some(Dress::Compressed),
            Mutant::LosesEndsEarly => Some(Dress::EndsEarly),
            Mutant::LosesMembersTwice => Some(Dress::MembersTwice),
            Mutant::LosesNotices => Some(Dress::Notices),
            Mutant::LosesOddHeaders => Some(Dress::OddHeaders),
            Mutant::LosesReset => Some(Dress::Reset),
            Mutant::LosesStatus201 => Some(Dress::Status(201)),
            Mutant::LosesStatus401 => Some(Dress::Status(401)),
            Mutant::LosesStatus503 => Some(Dress::Status(503)),
            Mutant::LosesStaysOpen => Some(Dress::StaysOpen),
            _ => None,
        }
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == mutant
    }

    /// Where a call really goes.
    fn host(&self, named: &AccountHost) -> AccountHost {
        if self.is(Mutant::SendsAnywhere) { host(1) } else { named.clone() }
    }

    /// What a secret becomes on its way.
    fn secret(&self, secret: &str) -> String {
        self.seen.lock().unwrap().push(secret.to_owned());
        if self.is(Mutant::TrimsSecrets) { secret.replace(' ', "") } else { secret.to_owned() }
    }

    async fn call<T, F: Future<Output = Result<T, AmoError>>>(&self, call: impl Fn() -> F) -> Result<T, AmoError> {
        if self.is(Mutant::UsesDeadConnections) && self.is_dead.swap(false, Ordering::SeqCst) {
            return Err(AmoError::ConnectionLost);
        }
        let mut outcome = call().await;
        self.is_dead.store(outcome.as_ref().err() == Some(&AmoError::ConnectionLost), Ordering::SeqCst);
        if self.is(Mutant::AsksTwice) || self.is(Mutant::TriesAgain) && outcome.is_err() {
            outcome = call().await;
        }
        match (self.mutant, outcome) {
            (Mutant::CallsAllDoubt, Err(_)) => Err(AmoError::OutcomeUnknown),
            (Mutant::CallsDoubtUnavailable, Err(AmoError::OutcomeUnknown))
            | (Mutant::CallsLossesUnavailable, Err(AmoError::ConnectionLost)) => Err(AmoError::Unavailable),
            (Mutant::CallsForbiddenRefused, Err(AmoError::Forbidden)) => Err(AmoError::AccessRefused),
            (_, outcome) => outcome,
        }
    }

    /// A page as this client lists it.
    fn list<T>(&self, mut page: Page<T>, is_known: impl FnMut(&T) -> bool) -> Page<T> {
        if self.is(Mutant::DropsUnknownTypes) {
            page.items.retain(is_known);
        }
        if self.is(Mutant::TurnsListsAround) {
            page.items.reverse();
        }
        page
    }

    fn pair(&self, pair: Issued) -> Issued {
        match self.mutant {
            Mutant::ForgetsTheAccount => Issued { account: None, ..pair },
            Mutant::ForgetsTheHost => Issued { host: None, ..pair },
            Mutant::GuessesLives => Issued { expires_in: Duration::from_secs(1), ..pair },
            _ => pair,
        }
    }

    fn refused<T>(&self, outcome: Result<T, AmoError>, refusal: AmoError) -> Result<T, AmoError> {
        outcome.map_err(|error| if self.is(Mutant::CallsAllRefused) { refusal } else { error })
    }
}

#[async_trait]
impl TokenEndpoint for MutantClient {
    fn authorization_url(&self, state: &State, account: Option<&AccountHost>) -> Url {
        match self.mutant {
            Mutant::GarblesTheState => {
                self.inner.authorization_url(&State::new(state.expose().replace('&', "")), account)
            }
            _ => self.inner.authorization_url(state, account),
        }
    }

    fn read_callback(&self, parameters: &Parameters) -> Callback {
        let mut callback = self.inner.read_callback(parameters);
        match self.mutant {
            Mutant::GarblesTheState => callback.state = Given::One(State::new("garbled")),
            Mutant::TakesTheFirst => {
                let first = |name: &str| parameters.all(name).next().unwrap_or_default().to_owned();
                callback.code = Given::One(AuthorizationCode::new(first("code")));
            }
            Mutant::HearsNoNo => callback.denial = callback.denial.and(Some(Denial::Failed)),
            _ => {}
        }
        callback
    }

    fn read_hook(&self, parameters: &Parameters) -> Option<AccountId> {
        match self.mutant {
            Mutant::BelievesEverybody => parameters.text("account_id").one()?.parse().ok().map(AccountId),
            _ => self.inner.read_hook(parameters),
        }
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        self.inner.token_host(account)
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        let host = permit.host();
        let (host, code) = (self.host(host), AuthorizationCode::new(self.secret(code.expose())));
        let outcome = self.call(|| self.inner.exchange(fixtures::permit(&host), &code)).await;
        self.refused(outcome, AmoError::CodeRejected).map(|pair| self.pair(pair))
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        let host = permit.host();
        let (host, token) = (self.host(host), RefreshToken::new(self.secret(token.expose())));
        let outcome = self.call(|| self.inner.refresh(fixtures::permit(&host), &token)).await;
        if self.is(Mutant::KeepsTheOldPair) && outcome == Err(AmoError::OutcomeUnknown) {
            return Ok(Issued { refresh: token, ..issued("new") });
        }
        self.refused(outcome, AmoError::GrantRevoked).map(|pair| self.pair(pair))
    }

    fn fingerprint(&self) -> ClientFingerprint {
        self.inner.fingerprint()
    }

    fn locator(&self, host: &AccountHost, access: &AccessToken) -> Option<AccountHost> {
        self.inner.locator(host, access)
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let host = self.host(permit.host());
        let located = self.call(|| self.inner.locate(fixtures::permit(&host), access, refresh)).await;
        match (self.mutant, located) {
            (Mutant::FollowsAnywhere, Err(AmoError::HostNotAllowed)) => {
                Ok(Located { at: Some(FoundHost { host, account: None }), by_authority: true })
            }
            (Mutant::FindsNothing, Ok(_)) | (Mutant::TakesSilenceForNo, Err(_)) => {
                Ok(Located { at: None, by_authority: true })
            }
            (Mutant::NeverSaysNo, Ok(Located { at: None, .. })) => Err(AmoError::AccessRefused),
            (_, located) => located,
        }
    }
}

#[async_trait]
impl CrmApi for MutantClient {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        let host = self.host(permit.host());
        let account = self.call(|| self.inner.account(fixtures::permit(&host), token)).await?;
        Ok(match self.mutant {
            Mutant::ForgetsTheAccount => AmoAccount { number: AccountId(1), ..account },
            Mutant::ForgetsWhoseTheTokenIs => AmoAccount { user: None, ..account },
            _ => account,
        })
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        page: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        let host = self.host(permit.host());
        let mut users = self.call(|| self.inner.users(fixtures::permit(&host), token, page)).await?;
        if self.is(Mutant::HidesThoseWhoLeft) {
            users.items.retain(|user| user.is_active);
        }
        Ok(users)
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let host = permit.host();
        let (host, mut filter) = (self.host(host), filter.clone());
        if self.is(Mutant::AsksForLongPages) {
            filter.limit = filter.limit.max(50);
        }
        if self.is(Mutant::IgnoresFilters) {
            filter.stages.clear();
        }
        if self.is(Mutant::AsksForTenLeads) {
            filter.ids.truncate(10);
        }
        if self.is(Mutant::IgnoresOrders) {
            filter.order = LeadOrder::default();
        }
        if self.is(Mutant::AlwaysReadsCustomFields) {
            filter.with_custom_fields = true;
        }
        if self.is(Mutant::SplitsSeconds) {
            filter.updated_since = filter.updated_since.map(|since| since + Duration::from_secs(1));
        }
        if self.is(Mutant::SplitsSecondsOfCreation) {
            filter.created_since = filter.created_since.map(|since| since + Duration::from_secs(1));
        }
        let mut page = self.call(|| self.inner.leads(fixtures::permit(&host), token, &filter)).await?;
        match self.mutant {
            Mutant::SortsLeads => page.leads.sort_by_key(|lead| lead.id),
            Mutant::DropsOddLeads => page.leads.retain(|lead| lead.name.is_some()),
            Mutant::CallsNothingMissing if page.leads.is_empty() => return Err(AmoError::NotFound),
            Mutant::InventsLeads => page.leads.push(AmoLead::numbered(404)),
            Mutant::ForgetsClosings => page.leads.iter_mut().for_each(|lead| lead.is_closed = false),
            Mutant::ForgetsCustomFields => page.leads.iter_mut().for_each(|lead| lead.custom_fields = None),
            _ => {}
        }
        Ok(page)
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        let host = self.host(permit.host());
        let mut found = self.call(|| self.inner.lead(fixtures::permit(&host), token, id)).await?;
        if self.is(Mutant::InventsLeads) {
            return Ok(found.or(Some(AmoLead::numbered(id).into())));
        }
        if self.is(Mutant::DropsOddLeads) {
            return Ok(found.filter(|details| details.lead.name.is_some()));
        }
        if let Some(details) = &mut found {
            match self.mutant {
                Mutant::ForgetsClosings => details.lead.is_closed = false,
                Mutant::ForgetsCustomFields => details.lead.custom_fields = None,
                Mutant::ForgetsContacts => details.contacts.truncate(1),
                Mutant::ForgetsLossReasons => details.loss_reason = None,
                _ => {}
            }
        }
        Ok(found)
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        let host = self.host(permit.host());
        let notes = self.call(|| self.inner.notes(fixtures::permit(&host), token, lead, page)).await?;
        Ok(self.list(notes, |note| note.kind.as_deref().is_none_or(|kind| KNOWN_TYPES.contains(&kind))))
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        let (host, mut filter) = (self.host(permit.host()), *filter);
        if self.is(Mutant::IgnoresTaskFilters) {
            filter.responsible_user = None;
        }
        if self.is(Mutant::IgnoresTaskOrders) {
            filter.order = TaskOrder::Newest;
        }
        let tasks = self.call(|| self.inner.tasks(fixtures::permit(&host), token, &filter)).await?;
        Ok(self.list(tasks, |_| true))
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        let host = self.host(permit.host());
        let events = self.call(|| self.inner.events(fixtures::permit(&host), token, lead, page)).await?;
        Ok(self.list(events, |event| event.kind.as_deref().is_none_or(|kind| KNOWN_TYPES.contains(&kind))))
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        let host = self.host(permit.host());
        let ids = if self.is(Mutant::AsksForTenContacts) { &ids[..ids.len().min(10)] } else { ids };
        let mut contacts = self.call(|| self.inner.contacts(fixtures::permit(&host), token, ids)).await?;
        if self.is(Mutant::InventsContacts) {
            contacts.push(Contact::numbered(404));
        }
        Ok(contacts)
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let host = self.host(permit.host());
        let mut pipelines = self.call(|| self.inner.pipelines(fixtures::permit(&host), token)).await?;
        if self.is(Mutant::ForgetsStages) {
            for pipeline in &mut pipelines {
                pipeline.stages.clear();
            }
        }
        if self.is(Mutant::HidesTheArchive) {
            pipelines.retain(|pipeline| !pipeline.is_archived);
        }
        if self.is(Mutant::CallsAllOpen) {
            for stage in pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.stages) {
                stage.kind = StageKind::Open;
            }
        }
        Ok(pipelines)
    }
}
