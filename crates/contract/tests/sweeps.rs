//! What the sweep of a process leaves alone while a clock is ahead.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::fixtures::{after, at, attempt, grant, settings, user};
use amo_connect_contract::{FakeAmo, MemoryTokenStore, TestClock, TestRuntime, suite};
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::ports::{AuditLog as _, NoObserver, Runtime as _, Storage, TokenStore as _};
use amo_connect_domain::usecase::UseCases;
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use jiff::SignedDuration;

/// Longer than anything is kept.
const AHEAD: SignedDuration = SignedDuration::from_hours(500 * 24);

const MINUTE: Duration = Duration::from_mins(1);

/// A process and its store on one machine, whose clock both go by.
struct Machine {
    store: MemoryTokenStore,
    process: Arc<TestRuntime>,
    use_cases: UseCases,
}

impl Machine {
    /// On which olena has begun an attempt, and is connected.
    async fn start() -> Self {
        let store = MemoryTokenStore::with_clock(TestClock::still(at(0)));
        let process = Arc::new(TestRuntime::at(at(0)));

        let amo = RateLimitedClient::unlimited(Arc::new(FakeAmo::new()));
        let storage: Arc<dyn Storage> = Arc::new(store.clone());
        let use_cases = UseCases::new(storage.into(), amo, Arc::clone(&process) as _, Arc::new(NoObserver), settings());
        let mut connection = CrmConnection::new(user("olena"));
        connection.connect(grant(1, "x"), at(0));
        store.save(&connection, None).await.unwrap();
        store.open_attempt(&attempt("begun", &user("olena"), 0)).await.unwrap();
        let machine = Self { store, process, use_cases };
        machine.sweep_for(2).await;
        machine
    }

    /// Sweeps once a minute for so long.
    async fn sweep_for(&self, minutes: u32) {
        for _ in 0..minutes {
            self.process.advance(MINUTE);
            self.store.test_clock().advance(MINUTE);
            self.use_cases.sweep().await.unwrap();
        }
    }

    fn jump(&self, by: SignedDuration) {
        self.process.jump(by);
        self.store.test_clock().jump(by);
    }

    /// How many attempts and lines of the story there are.
    async fn kept(&self) -> (usize, usize) {
        let begun = self.store.attempt(attempt("begun", &user("olena"), 0).id).await.unwrap();
        (usize::from(begun.is_some()), self.store.audit(&user("olena"), 10).await.unwrap().len())
    }
}

#[test]
fn a_clock_that_is_ahead_for_a_while_costs_neither_attempts_nor_the_story() {
    suite::run(async {
        let machine = Machine::start().await;
        machine.jump(AHEAD);
        machine.sweep_for(25).await;
        machine.jump(-AHEAD);
        machine.sweep_for(5).await;
        assert_eq!(machine.kept().await, (1, 1));
    });
}

#[test]
fn what_is_old_is_forgotten_once_the_clock_has_been_steady() {
    suite::run(async {
        let machine = Machine::start().await;
        machine.jump(AHEAD);
        assert!(machine.process.now() > after(at(0), Duration::from_hours(400 * 24)));
        machine.sweep_for(30).await;
        assert_eq!(machine.kept().await, (1, 1));
        machine.sweep_for(2).await;
        assert_eq!(machine.kept().await, (0, 0));
    });
}
