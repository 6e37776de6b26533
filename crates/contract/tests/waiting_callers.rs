//! What callers leave who wait for a token request, go away and come again.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::fake::Gate;
use amo_connect_contract::fixtures::{at, grant, host, settings, user};
use amo_connect_contract::suite::abandon_after;
use amo_connect_contract::{Asked, FakeAmo, MemoryTokenStore, Reply, TestClock, TestRuntime};
use amo_connect_domain::authorization::callback::Parameters;
use amo_connect_domain::authorization::places::CallerNetwork;
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::ports::{NoObserver, Storage, TokenStore as _};
use amo_connect_domain::token::AuthorizationCode;
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use amo_connect_domain::usecase::{CallbackOutcome, Received, UseCases};
use futures_util::future::join_all;

/// The service with olena connected at `host(1)`, and a gate that each token request has to pass.
struct World {
    use_cases: UseCases,
    store: MemoryTokenStore,
    runtime: Arc<TestRuntime>,
    amo: FakeAmo,
    gate: Gate,
}

impl World {
    async fn new() -> Self {
        let store = MemoryTokenStore::with_clock(TestClock::still(at(0)));
        let mut connection = CrmConnection::new(user("olena"));
        connection.connect(grant(1, "x"), at(0));
        store.save(&connection, None).await.unwrap();
        let amo = FakeAmo::new().with_accounts([1]);
        let (gated, gate) = amo.gated();
        let (storage, runtime): (Arc<dyn Storage>, _) = (Arc::new(store.clone()), Arc::new(TestRuntime::at(at(0))));
        let client = RateLimitedClient::unlimited(Arc::new(gated));
        let use_cases =
            UseCases::new(storage.into(), client, Arc::clone(&runtime) as _, Arc::new(NoObserver), settings());
        Self { use_cases, store, runtime, amo, gate }
    }

    /// The browser of somebody in this network comes back from this account's host.
    async fn receive(&self, code: &AuthorizationCode, host: &str, network: u8) -> Received {
        let code = code.expose();
        let callback = self.use_cases.read_callback(&Parameters::parse(&format!("code={code}&referer={host}")));
        self.use_cases.receive_callback(callback, CallerNetwork([network; 8])).await
    }

    fn exchanges_at(&self, number: u64) -> usize {
        let is_one = |asked: &&Asked| matches!(asked, Asked::Exchange { .. }) && *asked.host() == host(number);
        self.amo.asked().iter().filter(is_one).count()
    }
}

#[tokio::test]
async fn callers_who_wait_for_a_refresh_and_go_away_leave_one_task() {
    let world = World::new().await;
    let olena = user("olena");
    assert!(!abandon_after(20, world.use_cases.refresh_now(&olena)).await);
    world.gate.arrival().await;
    for _ in 0..30 {
        assert!(!abandon_after(20, world.use_cases.refresh_now(&olena)).await, "it was done");
    }
    assert_eq!(world.runtime.tasks(), 1);
}

#[tokio::test]
async fn few_wait_for_the_outcome_of_one_code() {
    let world = World::new().await;
    let host = host(1);
    let code = world.amo.allow(&host);
    let load = |network| world.receive(&code, host.as_str(), network);
    let all = join_all((1..=30).map(load));
    let let_go = async {
        world.gate.arrival().await;
        // Those who may not wait have been told so by now: they wait for nothing.
        tokio::task::yield_now().await;
        world.gate.let_go(1);
    };
    let (all, ()) = tokio::join!(all, let_go);
    let count = |outcome| all.iter().filter(|received| received.outcome == outcome).count();
    assert_eq!(count(CallbackOutcome::AwaitingOwner) + count(CallbackOutcome::TryAgain), 30, "{all:?}");
    let refused = count(CallbackOutcome::TryAgain);
    // One sends it, and eight wait; of the others some come when it is done.
    assert!((1..=21).contains(&refused), "{refused}");
    assert!(
        all.iter().all(|received| (received.outcome == CallbackOutcome::TryAgain) == received.retry_after.is_some())
    );
    assert_eq!(world.exchanges_at(1), 1);
    // Once it is settled whoever comes is told.
    let again = join_all((1..=30).map(load)).await;
    assert!(again.iter().all(|received| received.outcome == CallbackOutcome::AwaitingOwner), "{again:?}");
}

#[tokio::test]
async fn a_code_that_is_sent_again_goes_to_its_host_whatever_the_redirect_says() {
    let world = World::new().await;
    world.gate.let_go(2);
    let code = world.amo.allow(&host(1));
    world.amo.answer_next(Reply::Unreachable);
    let first = world.receive(&code, host(1).as_str(), 1).await;
    assert_eq!(first.outcome, CallbackOutcome::CrmUnavailable);
    // Strangers' codes are a second apart.
    world.store.test_clock().advance(Duration::from_secs(2));
    let again = world.receive(&code, "amocrm.example.com", 1).await;
    assert_eq!(again.outcome, CallbackOutcome::AwaitingOwner);
    assert_eq!(world.exchanges_at(1), 1, "the first was not sent");
}
