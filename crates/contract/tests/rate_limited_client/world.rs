//! Instances that keep amoCRM's rate limit.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::MemoryRateLimitStore;
use amo_connect_contract::fixtures::{after, at, host};
use amo_connect_domain::clock::Instant;
use amo_connect_domain::crm::write::{NewNote, Write};
use amo_connect_domain::ids::UserId;
use amo_connect_domain::ports::{AmoError, NoObserver, Observer, RateLimitStore, Runtime as _};
use amo_connect_domain::rate_limit::{Pace, PaceScope};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, RefreshToken};
use amo_connect_domain::usecase::rate_limited::{RateLimitedClient, Urgency};

use crate::amo::Amo;
use crate::virtual_time::Virtual;
use crate::watched::Watched;

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
        let amo = Amo::new(time.clone());
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
        self.instance_of(scope, store, Arc::new(NoObserver))
    }

    pub(crate) fn instance_that_tells(&self, observer: Arc<dyn Observer>) -> Instance {
        self.instance_of(PaceScope::Account, Arc::new(self.store.clone()), observer)
    }

    fn instance_of(&self, scope: PaceScope, store: Arc<dyn RateLimitStore>, observer: Arc<dyn Observer>) -> Instance {
        let pace = Pace::per_second(NonZeroU32::new(7).unwrap(), scope);
        let client =
            RateLimitedClient::new(Arc::new(self.amo.clone()), store, Arc::new(self.time.clone()), observer, pace);
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
        self.0.refresh(&host(number), &RefreshToken::new(name), Urgency::Urgent).await.map(drop)
    }

    /// One user's new note.
    pub(crate) async fn write<O, C>(
        &self,
        number: u64,
        user: &UserId,
        open: impl FnOnce() -> O,
        check: impl FnOnce(Instant) -> C,
    ) -> Result<(), AmoError>
    where
        O: Future<Output = Result<Instant, AmoError>>,
        C: Future<Output = Result<(), AmoError>>,
    {
        let note = Write::Note(NewNote { lead: 1, text: "written".to_owned() });
        self.0.write(&host(number), &AccessToken::new("x"), user, &note, open, check).await.map(drop)
    }

    pub(crate) async fn exchange(&self, number: u64, name: &str) -> Result<(), AmoError> {
        self.exchange_by(number, None, name).await
    }

    /// One user's exchange.
    pub(crate) async fn exchange_by(&self, number: u64, user: Option<&UserId>, name: &str) -> Result<(), AmoError> {
        self.0.exchange(&host(number), user, &AuthorizationCode::new(name)).await.map(drop)
    }
}

/// Whether there are never more than seven within a second.
pub(crate) fn keep_the_limit(times: &[Duration]) -> bool {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.windows(8).all(|eight| eight[7] > eight[0] + Duration::from_secs(1))
}
