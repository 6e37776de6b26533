//! An amoCRM that notes when it was called, and instances that keep its rate limit.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::fixtures::{after, at, host, issued};
use amo_connect_contract::{FakeAmo, MemoryRateLimitStore};
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
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{
    AmoError, CrmApi, Located, NoObserver, RateLimitStore, Runtime as _, StoreError, TokenEndpoint,
};
use amo_connect_domain::rate_limit::{CallOutcome, CircuitCount, Pace, PaceScope, Permit, Probe, Reservation, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
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
    token_server: Option<AccountHost>,
}

#[derive(Debug, Default)]
struct Replies {
    next: VecDeque<AmoError>,
    always: Option<AmoError>,
    latency: Duration,
}

impl Amo {
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
}

/// amoCRM, the store of rate limits, and the time of both.
pub(crate) struct World {
    pub(crate) time: Virtual,
    pub(crate) amo: Amo,
    pub(crate) store: MemoryRateLimitStore,
}

impl World {
    pub(crate) fn new() -> Self {
        let time = Virtual::default();
        // Far from the instances' time, so that mixing them up fails.
        let clock = time.clone();
        let store = MemoryRateLimitStore::at(move || after(at(365 * 24 * 3600), clock.passed()));
        let amo = Amo { time: time.clone(), calls: Arc::default(), replies: Arc::default(), token_server: None };
        Self { time, amo, store }
    }

    /// The same, with tokens for all accounts at the host of account `number`.
    pub(crate) fn with_token_server(number: u64) -> Self {
        let mut world = Self::new();
        world.amo.token_server = Some(host(number));
        world
    }

    /// With an instance that sends up to seven calls a second to each account.
    pub(crate) fn with_one_instance() -> (Self, Instance) {
        let world = Self::new();
        let one = world.instance();
        (world, one)
    }

    /// With two of them.
    pub(crate) fn with_two_instances() -> (Self, Instance, Instance) {
        let (world, one) = Self::with_one_instance();
        let two = world.instance();
        (world, one, two)
    }

    /// With one whose store is watched.
    pub(crate) fn with_watched_store() -> (Self, Instance, Arc<Watched>) {
        let world = Self::new();
        let store = Watched::of(&world);
        let one = world.instance_with(PaceScope::Account, store.clone());
        (world, one, store)
    }

    pub(crate) fn instance(&self) -> Instance {
        self.instance_with(PaceScope::Account, Arc::new(self.store.clone()))
    }

    pub(crate) fn instance_with(&self, scope: PaceScope, store: Arc<dyn RateLimitStore>) -> Instance {
        let pace = Pace::per_second(NonZeroU32::new(7).unwrap(), scope);
        let client = RateLimitedClient::new(
            Arc::new(self.amo.clone()),
            store,
            Arc::new(self.time.clone()),
            Arc::new(NoObserver),
            pace,
        );
        Instance(Arc::new(client))
    }

    pub(crate) fn run<T>(&self, main: impl Future<Output = T>) -> T {
        self.time.run(main)
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, seconds: u64) {
        self.time.sleep(Duration::from_secs(seconds)).await;
    }
}

/// A store that counts its calls, and fails as configured.
#[derive(Debug)]
pub(crate) struct Watched {
    honest: MemoryRateLimitStore,
    pub(crate) panics: AtomicBool,
    pub(crate) never_records: AtomicBool,
    pub(crate) never_answers: AtomicBool,
    latency: Mutex<VecDeque<Duration>>,
    recording: Mutex<Duration>,
    time: Virtual,
    pub(crate) asked: AtomicUsize,
    pub(crate) swept: AtomicUsize,
}

impl Watched {
    fn of(world: &World) -> Arc<Self> {
        let (panics, never_records, never_answers, asked, swept) = Default::default();
        let (honest, time) = (world.store.clone(), world.time.clone());
        let (latency, recording) = Default::default();
        Arc::new(Self { honest, panics, never_records, never_answers, latency, recording, time, asked, swept })
    }

    /// It takes so long to record any outcome.
    pub(crate) fn records_after(&self, millis: u64) {
        *self.recording.lock().unwrap() = Duration::from_millis(millis);
    }

    /// Its next answers take so long on their way back; the last one's time is everyone's after it.
    pub(crate) fn answers_after(&self, millis: impl IntoIterator<Item = u64>) {
        *self.latency.lock().unwrap() = millis.into_iter().map(Duration::from_millis).collect();
    }
}

#[async_trait]
impl RateLimitStore for Watched {
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        calls: u32,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.load(Ordering::SeqCst), "a bug in the store");
        if self.never_answers.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        let reservation = self.honest.reserve(account, pace, calls, longest_wait).await;
        let latency = {
            let mut latency = self.latency.lock().unwrap();
            if latency.len() > 1 { latency.pop_front() } else { latency.front().copied() }
        };
        if let Some(latency) = latency {
            self.time.sleep(latency).await;
        }
        reservation
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        if self.never_records.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        let recording = *self.recording.lock().unwrap();
        if !recording.is_zero() {
            self.time.sleep(recording).await;
        }
        self.honest.record_outcome(account, call_outcome, probe).await
    }

    async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        self.honest.circuits().await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.swept.fetch_add(1, Ordering::SeqCst);
        self.honest.sweep().await
    }
}

/// An instance of the service.
#[derive(Clone)]
pub(crate) struct Instance(pub(crate) Arc<RateLimitedClient>);

impl Instance {
    /// A read in account `number`; amoCRM sees its name.
    pub(crate) async fn read(&self, number: u64, name: &str) -> Result<(), AmoError> {
        self.0.pipelines(&host(number), &AccessToken::new(name)).await.map(drop)
    }

    /// The contacts of a page that was read.
    pub(crate) async fn complete(&self, number: u64, name: &str) -> Result<(), AmoError> {
        self.0.contacts(&host(number), &AccessToken::new(name), &[1]).await.map(drop)
    }

    pub(crate) async fn refresh(&self, number: u64, name: &str) -> Result<(), AmoError> {
        self.0.refresh(&host(number), &RefreshToken::new(name)).await.map(drop)
    }

    pub(crate) async fn exchange(&self, number: u64, name: &str) -> Result<(), AmoError> {
        self.0.exchange(&host(number), &AuthorizationCode::new(name)).await.map(drop)
    }
}

/// Whether there are never more than seven within a second.
pub(crate) fn keep_the_limit(times: &[Duration]) -> bool {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.windows(8).all(|eight| eight[7] > eight[0] + Duration::from_secs(1))
}
