//! The use cases beside a CRM and a database in memory, whose clocks go together.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::fake::Gate;
use amo_connect_contract::fixtures::{after, at, grant, host, settings, user};
use amo_connect_contract::{Asked, FakeAccount, FakeAmo, MemoryRateLimitStore, MemoryTokenStore, TestClock};
use amo_connect_domain::authorization::callback::{Given, Parameters};
use amo_connect_domain::authorization::places::CallerNetwork;
use amo_connect_domain::authorization::progress::AttemptProgress;
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::crm::page::PageRequest;
use amo_connect_domain::ports::{NoObserver, Runtime as _, Storage, TokenStore as _};
use amo_connect_domain::rate_limit::{Pace, PaceScope};
use amo_connect_domain::token::{AuthorizationCode, State};
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use amo_connect_domain::usecase::{
    CallbackOutcome, ClaimError, ConnectionStatus, ReadError, Received, Settings, Started, UseCases,
};
use futures_util::future::{Either, select};

use crate::heard::Heard;
use crate::virtual_time::Virtual;

/// A page of some list.
pub(crate) const FIRST_PAGE: PageRequest = PageRequest { page: 1, limit: 10 };

/// How often the clock of the store is moved.
const TICK: Duration = Duration::from_millis(50);

/// The service, with the CRM's accounts 1 to 9 at the hosts of these numbers.
pub(crate) struct World {
    pub(crate) use_cases: UseCases,
    pub(crate) store: MemoryTokenStore,
    pub(crate) amo: FakeAmo,
    pub(crate) time: Virtual,
    pub(crate) heard: Arc<Heard>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self::beside_with(FakeAmo::new(), settings)
    }

    /// The same beside this CRM.
    pub(crate) fn beside(amo: FakeAmo) -> Self {
        Self::beside_with(amo, settings())
    }

    pub(crate) fn beside_with(amo: FakeAmo, settings: Settings) -> Self {
        let client = RateLimitedClient::unlimited(Arc::new(amo.clone()));
        Self::over(amo, Virtual::default(), client, settings)
    }

    /// The same beside amoCRM with this account at the host of number 1.
    pub(crate) fn beside_account(account: FakeAccount) -> Self {
        Self::beside(FakeAmo::new().with_account(&host(1), account))
    }

    /// The same, with a gate that each token request has to pass.
    pub(crate) fn gated() -> (Self, Gate) {
        let (amo, gate) = FakeAmo::new().gated();
        (Self::beside(amo), gate)
    }

    /// The same, whose calls a rate limiter lets out that keeps its limits in this store.
    pub(crate) fn limited() -> (Self, MemoryRateLimitStore) {
        Self::limited_beside(FakeAmo::new(), settings())
    }

    pub(crate) fn limited_beside(amo: FakeAmo, settings: Settings) -> (Self, MemoryRateLimitStore) {
        let time = Virtual::default();
        let clock = time.clone();
        let limits = MemoryRateLimitStore::at(move || after(at(0), clock.passed()));
        let pace = Pace::per_second(7.try_into().unwrap(), PaceScope::Account);
        let (limiting, runtime) = (Arc::new(limits.clone()), Arc::new(time.clone()));
        let client = RateLimitedClient::new(Arc::new(amo.clone()), limiting, runtime, Arc::new(NoObserver), pace);
        (Self::over(amo, time, client, settings), limits)
    }

    fn over(amo: FakeAmo, time: Virtual, client: RateLimitedClient, settings: Settings) -> Self {
        let others: Vec<_> = (1..=9).filter(|number| amo.account_at(&host(*number)).is_none()).collect();
        let amo = amo.with_accounts(others);
        let (store, heard) = (MemoryTokenStore::with_clock(TestClock::still(at(0))), Arc::new(Heard::default()));
        let (storage, runtime): (Arc<dyn Storage>, _) = (Arc::new(store.clone()), Arc::new(time.clone()));
        let use_cases = UseCases::new(storage.into(), client, runtime, Arc::clone(&heard) as _, settings);
        Self { use_cases, store, amo, time, heard }
    }

    /// Runs `test` to its end, and lets time pass wherever it waits.
    pub(crate) fn run<T>(&self, test: impl Future<Output = T>) -> T {
        let ticking = async {
            loop {
                self.time.sleep(TICK).await;
                self.store.test_clock().advance(TICK);
            }
        };
        match self.time.run(select(pin!(test), pin!(ticking))) {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => never,
        }
    }

    /// Lets so many seconds pass.
    pub(crate) async fn pass(&self, seconds: u64) {
        self.time.sleep(Duration::from_secs(seconds)).await;
    }

    /// How long ago it was when so much time had passed.
    pub(crate) fn since(&self, begun: Duration) -> Duration {
        self.time.passed().saturating_sub(begun)
    }

    /// `name` taps *Connect*.
    pub(crate) async fn start(&self, name: &str) -> Started {
        self.use_cases.start(user(name), None).await.unwrap()
    }

    /// Somebody allows the access to account `number`.
    pub(crate) fn allow(&self, number: u64) -> AuthorizationCode {
        self.amo.allow(&host(number))
    }

    /// A browser of network 1 comes back with this query.
    pub(crate) async fn receive(&self, query: &str) -> Received {
        self.receive_from(1, query).await
    }

    pub(crate) async fn receive_from(&self, network: u8, query: &str) -> Received {
        let callback = self.use_cases.read_callback(&Parameters::parse(query));
        self.use_cases.receive_callback(callback, CallerNetwork([network; 8])).await
    }

    /// What the page says to a browser with this query.
    pub(crate) async fn page(&self, query: &str) -> CallbackOutcome {
        self.receive(query).await.outcome
    }

    /// The app of `name` brings a code, and says that it came from account `number`.
    pub(crate) async fn claim(
        &self,
        name: &str,
        code: &AuthorizationCode,
        state: Option<&str>,
        number: u64,
    ) -> Result<ConnectionStatus, ClaimError> {
        let state = state.map(|state| State::new(state.to_owned()));
        let named = Given::One(host(number).as_str().to_owned());
        self.use_cases.claim(&user(name), AuthorizationCode::new(code.expose().to_owned()), state, named).await
    }

    /// Where the attempt of `name` stands.
    pub(crate) async fn progress(&self, name: &str, started: &Started) -> Option<AttemptProgress> {
        self.use_cases.attempt(&user(name), started.attempt).await.unwrap().map(|view| view.progress)
    }

    /// `name` is connected to account `number` from now on.
    pub(crate) async fn connect(&self, name: &str, number: u64) {
        self.claim(name, &self.allow(number), None, number).await.unwrap();
    }

    /// The same, where token requests have to pass this gate.
    pub(crate) async fn connect_through(&self, gate: &Gate, name: &str, number: u64) {
        gate.let_go(1);
        self.connect(name, number).await;
        gate.arrival().await;
    }

    /// `name` reads something from amoCRM, by one call.
    pub(crate) async fn read(&self, name: &str) -> Result<(), ReadError> {
        self.use_cases.notes(&user(name), 1, FIRST_PAGE).await.map(drop)
    }

    /// The row of `name`.
    pub(crate) async fn row(&self, name: &str) -> CrmConnection {
        self.store.connection(&user(name)).await.unwrap().unwrap()
    }

    /// Whether `name` is connected.
    pub(crate) async fn is_connected(&self, name: &str) -> bool {
        let status = self.use_cases.status(&user(name)).await.unwrap();
        status.connection.is_some_and(|connection| connection.standing.is_connected())
    }

    /// Somebody is connected to the account of each of these numbers: a host with no connection has fewer places.
    pub(crate) async fn connect_somebody(&self, accounts: impl IntoIterator<Item = u64>) {
        for number in accounts {
            let mut connection = CrmConnection::new(user(&format!("user-{number}")));
            connection.connect(grant(number, "x"), at(0));
            self.store.save(&connection, None).await.unwrap();
        }
    }

    /// How many refresh tokens amoCRM was sent.
    pub(crate) fn refreshes(&self) -> usize {
        self.amo.asked().iter().filter(|asked| matches!(asked, Asked::Refresh { .. })).count()
    }

    /// How many codes amoCRM was sent.
    pub(crate) fn exchanges(&self) -> usize {
        self.amo.asked().iter().filter(|asked| matches!(asked, Asked::Exchange { .. })).count()
    }
}

/// amoCRM's redirect from the host of account `number`.
pub(crate) fn redirect(code: &AuthorizationCode, state: Option<&str>, number: u64) -> String {
    let state = state.map(|state| format!("&state={state}")).unwrap_or_default();
    format!("code={}&referer={}{state}", code.expose(), host(number).as_str())
}
