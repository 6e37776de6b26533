//! The port to the model of amoCRM, over a wire that loses, delays and garbles.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use amo_connect_contract::fixtures;
use amo_connect_domain::authorization::callback::{Callback, Given, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadFilter, LeadPage};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::crm::task::{Task, TaskFilter};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::pending;
use url::Url;

use crate::bugs::Bug;
use crate::crm::{Ask, Delivery, GrantId, PairId, account_id, code_of, pair_of, pair_of_access};
use crate::executor::Home;
use crate::invariants::{Answer, Invariant, Secret};
use crate::world::World;

/// The consent page; nobody opens it.
#[expect(clippy::unwrap_used, reason = "the address is a constant")]
static PAGE: LazyLock<Url> = LazyLock::new(|| Url::parse("https://www.amocrm.ru/oauth").unwrap());

/// amoCRM, as one life of an instance reaches it.
pub(crate) struct ModelAmo {
    world: Arc<World>,
    home: Home,
}

impl ModelAmo {
    pub(crate) fn new(world: Arc<World>, home: Home) -> Self {
        Self { world, home }
    }

    /// Sends a token request and waits for what comes back.
    async fn send(&self, ask: Ask, host: &AccountHost) -> Result<Issued, AmoError> {
        let secret = match ask {
            Ask::Exchange(code) => Secret::Code(code),
            Ask::Refresh(pair) => Secret::Token(pair),
        };
        let world = &self.world;
        let now = world.now();
        world.note(self.home, || format!("amoCRM ← {secret} at {host}"));
        let (account, sending) = {
            let crm = world.crm();
            (crm.account(ask), world.checker().sending(&crm, secret, host, self.home, now))
        };
        world.judge();
        let fate = world.faults().token_call(&world.sim, account, now);
        let mut request = Request {
            world: Arc::clone(world),
            home: self.home,
            ask,
            host: host.clone(),
            arrives: false,
            done: None,
            answered: false,
        };
        match fate.done_after {
            Some(there) if there <= fate.answered_after => {
                request.arrives = fate.outlives_sender;
                world.sim.sleep(there).await;
                request.process();
                world.sim.sleep(fate.answered_after.saturating_sub(there)).await;
            }
            Some(there) => {
                self.process_late(&request, there);
                world.sim.sleep(fate.answered_after).await;
            }
            None => world.sim.sleep(fate.answered_after).await,
        }
        if fate.dies_on_answer {
            world.crash_home(self.home);
            pending::<()>().await;
        }
        let answer = request.answer(fate.instead, fate.odd_answer);
        let known = match answer {
            Err(AmoError::OutcomeUnknown | AmoError::Protocol) => Answer::Nothing,
            Err(AmoError::Moved) => Answer::Moved,
            _ => Answer::Certain,
        };
        world.checker().answered(sending, known, world.now());
        world.note(self.home, || match &answer {
            Ok(_) => format!("amoCRM → {secret} was exchanged for {:?}", request.done),
            Err(error) => format!("amoCRM → {secret}: {error:?}"),
        });
        answer
    }

    /// amoCRM processes it after its sender stopped waiting.
    fn process_late(&self, request: &Request, after: Duration) {
        let mut late =
            Request { world: Arc::clone(&self.world), host: request.host.clone(), answered: true, ..*request };
        let later = async move {
            late.world.sim.sleep(after).await;
            late.process();
            late.deliver(Delivery::Lost);
        };
        self.world.sim.spawn(Home::Outside, later.boxed());
    }

    /// Reads the API with an access token.
    async fn read(&self, host: &AccountHost, token: &AccessToken) -> Result<GrantId, AmoError> {
        let world = &self.world;
        let pair = pair_of_access(token).ok_or(AmoError::AccessRefused)?;
        self.suffer_faults(pair).await?;
        world.crm().opened(host, pair, world.now())
    }

    /// The way of a read there and back.
    async fn suffer_faults(&self, pair: PairId) -> Result<(), AmoError> {
        let world = &self.world;
        let account = world.crm().account(Ask::Refresh(pair));
        let (lasts, instead) = world.faults().read(&world.sim, account, world.now());
        world.sim.sleep(lasts).await;
        instead.map_or(Ok(()), Err)
    }

    /// The same with a pair that has to be durable by now.
    async fn read_saved(&self, host: &AccountHost, token: &AccessToken) -> Result<GrantId, AmoError> {
        if let Some(pair) = pair_of_access(token) {
            self.world.checker().used(pair);
            self.world.judge();
        }
        self.read(host, token).await
    }

    /// Asks where the account is that a refresh token is of.
    async fn look_up(&self, refresh: &RefreshToken) -> Result<Located, AmoError> {
        let Some(pair) = pair_of(refresh) else { return Ok(Located { at: None, by_authority: true }) };
        let account = self.world.crm().account(Ask::Refresh(pair));
        self.suffer_faults(pair).await?;
        if self.world.faults().lacks_authority(&self.world.sim) {
            // A host that is not the account's any more does not know it.
            return Ok(Located { at: None, by_authority: false });
        }
        let found = self.world.crm().locate(pair);
        self.world.note(self.home, || format!("amoCRM → refresh-{pair} is at {found:?}"));
        let at = found.map(|host| FoundHost { host, account: Some(account_id(account)) });
        Ok(Located { at, by_authority: true })
    }
}

/// A token request under way.
struct Request {
    world: Arc<World>,
    home: Home,
    ask: Ask,
    host: AccountHost,
    /// Whether amoCRM processes it although its sender died.
    arrives: bool,
    /// The outcome at amoCRM.
    done: Option<Result<PairId, AmoError>>,
    /// Whether nobody waits for the answer any more.
    answered: bool,
}

impl Request {
    fn process(&mut self) {
        let done = self.world.crm().process(self.ask, &self.host, self.world.now());
        self.world.note(Home::Outside, || format!("amoCRM processes {:?}: {done:?}", self.ask));
        self.done = Some(done);
    }

    fn deliver(&self, how: Delivery) {
        if let Some(Ok(pair)) = self.done {
            self.world.crm().pairs[pair].delivery = how;
        }
    }

    /// What the sender reads.
    fn answer(&mut self, instead: Option<AmoError>, odd_answer: bool) -> Result<Issued, AmoError> {
        self.answered = true;
        if let Some(error) = instead {
            self.deliver(Delivery::Lost);
            return Err(error);
        }
        let pair = self.done.unwrap_or(Err(AmoError::OutcomeUnknown))?;
        self.deliver(Delivery::Read(self.home));
        Ok(self.world.crm().issued(pair, odd_answer))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        if self.world.is_alive(self.home) {
            self.world.accuse(Invariant::Dropped, || format!("{:?} was dropped by {:?}", self.ask, self.home));
        }
        if self.arrives && self.done.is_none() {
            self.process();
        }
        self.deliver(Delivery::ReaderGone(self.home));
    }
}

#[async_trait]
impl TokenEndpoint for ModelAmo {
    fn authorization_url(&self, _: &State, _: Option<&AccountHost>) -> Url {
        PAGE.clone()
    }

    // Who acts in the simulation speaks to the use cases and not in amoCRM's words.
    fn read_callback(&self, _: &Parameters) -> Callback {
        let (code, state, host) = (Given::Absent, Given::Absent, Given::Absent);
        Callback { code, state, host, denial: None, is_installation: false }
    }

    fn read_hook(&self, _: &Parameters) -> Option<AccountId> {
        None
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        account.clone()
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.send(Ask::Exchange(code_of(code).ok_or(AmoError::CodeRejected)?), permit.host()).await
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        let ask = Ask::Refresh(pair_of(token).ok_or(AmoError::GrantRevoked)?);
        let answer = self.send(ask, permit.host()).await;
        match self.world.bug {
            Some(Bug::ClientResends) if answer == Err(AmoError::OutcomeUnknown) => self.send(ask, permit.host()).await,
            Some(bug) => bug.misread(answer),
            None => answer,
        }
    }

    fn fingerprint(&self) -> ClientFingerprint {
        ClientFingerprint::default()
    }

    fn locator(&self, _: &AccountHost, _: &AccessToken) -> Option<AccountHost> {
        Some(AccountHost::stored("shard.amocrm.ru"))
    }

    async fn locate(
        &self,
        _: Permit<call::LookUp>,
        _: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let located = self.look_up(refresh).await?;
        Ok(self.world.bug.map_or(located.clone(), |bug| bug.mislocate(located)))
    }
}

#[async_trait]
impl CrmApi for ModelAmo {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        let grant = self.read(permit.host(), token).await?;
        let number = account_id(self.world.crm().grants[grant].account);
        Ok(AmoAccount { name: Some(grant.to_string()), user: Some(1), ..AmoAccount::numbered(number) })
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        let name = Some(self.read_saved(permit.host(), token).await?.to_string());
        Ok(Page { items: vec![User { name, ..User::numbered(1) }], has_more: false })
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        Ok(LeadPage { leads: vec![lead(self.read_saved(permit.host(), token).await?)], has_more: false })
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        Ok(Some(lead(self.read_saved(permit.host(), token).await?).into()))
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: u64,
        _: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        let text = Some(self.read_saved(permit.host(), token).await?.to_string());
        Ok(Page { items: vec![Note { text, ..Note::numbered(1) }], has_more: false })
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        let text = Some(self.read_saved(permit.host(), token).await?.to_string());
        Ok(Page { items: vec![Task { text, lead: Some(1), ..Task::numbered(1) }], has_more: false })
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: u64,
        _: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        let kind = Some(self.read_saved(permit.host(), token).await?.to_string());
        Ok(Page { items: vec![Event { kind, ..Event::named("1") }], has_more: false })
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        let contact = |id: &u64| Contact { name: Some(grant.to_string()), ..Contact::numbered(*id) };
        Ok(ids.iter().map(contact).collect())
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        Ok(vec![Pipeline { name: grant.to_string(), ..fixtures::pipeline(1, Vec::new()) }])
    }
}

/// A lead that tells by which grant it was read.
fn lead(grant: GrantId) -> AmoLead {
    AmoLead { name: Some(grant.to_string()), contact: Some(1), ..AmoLead::numbered(1) }
}

impl fmt::Debug for ModelAmo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelAmo").field("home", &self.home).finish_non_exhaustive()
    }
}
