//! What each of amoCRM's answers leads to: the row's state and problem, what the app is told,
//! and how many token requests that took.

use std::time::Duration;

use amo_connect_contract::fixtures::{host, issued};
use amo_connect_contract::{Asked, FakeAmo, MemoryTokenStore, Reply};
use amo_connect_tests::{Outcome, RunningApp, TestApp, at, until};
use futures_util::future::join_all;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_hours(24);

/// Longer than any backoff between two sendings (5 min, a fifth more or less).
const ANY_BACKOFF: Duration = Duration::from_mins(7);

const SERVED: (u16, &str) = (200, "");
const CRM_UNAVAILABLE: (u16, &str) = (502, "crm_unavailable");

/// A connection of olena's, over a day that a test can move.
struct Bench {
    crm: FakeAmo,
    store: MemoryTokenStore,
    app: RunningApp,
}

impl Bench {
    async fn new() -> Self {
        let crm = FakeAmo::new().with_accounts(1..=3);
        let store = MemoryTokenStore::new();
        let app = TestApp::new().amo(crm.clone()).store(store.clone()).clock(at("2026-11-23T10:00Z")).start().await;
        let bench = Self { crm, store, app };
        bench.app.connect("olena", &bench.crm, 1).await;
        bench
    }

    async fn leads(&self) -> Outcome {
        self.app.get("olena", "/leads").await.outcome()
    }

    async fn standing(&self) -> (String, Value) {
        self.app.standing("olena").await
    }

    fn token_requests(&self) -> usize {
        self.crm.asked().iter().filter(|asked| matches!(asked, Asked::Refresh { .. })).count()
    }

    fn look_ups(&self) -> usize {
        self.crm.asked().iter().filter(|asked| matches!(asked, Asked::Locate { .. })).count()
    }

    /// The next call after any backoff is served, and the problem is gone.
    async fn is_mended(&self, answer: &Reply) {
        self.store.test_clock().advance(ANY_BACKOFF);
        assert_eq!(self.leads().await, SERVED, "{answer:?}");
        assert_eq!(self.standing().await, ("connected".to_owned(), Value::Null), "{answer:?}");
    }
}

/// Answers to a refresh that are certain and do not end the connection: what the app is told,
/// the problem, and how many requests reached amoCRM.
#[tokio::test(flavor = "multi_thread")]
async fn what_hinders_a_refresh_is_told_and_ends_nothing() {
    let rows = [
        (Reply::Banned, CRM_UNAVAILABLE, "provider_blocked", 1, 0),
        (Reply::Unreachable, CRM_UNAVAILABLE, "provider_down", 0, 1),
        (Reply::TooManyCalls(None), (503, "rate_limited"), "rate_limited", 1, 0),
        (Reply::TooManyCalls(Some(Duration::from_mins(6))), (503, "rate_limited"), "rate_limited", 1, 0),
        (Reply::PaymentRequired, CRM_UNAVAILABLE, "payment_required", 1, 0),
        (Reply::NotFound, CRM_UNAVAILABLE, "provider_down", 1, 1),
        (Reply::ClientRefused, CRM_UNAVAILABLE, "misconfigured", 1, 1),
        (Reply::ClientIdMissing, CRM_UNAVAILABLE, "misconfigured", 1, 1),
        (Reply::RedirectUriUnknown, CRM_UNAVAILABLE, "misconfigured", 1, 1),
        (Reply::TokenOfAnotherClient, CRM_UNAVAILABLE, "misconfigured", 1, 1),
        (Reply::HostOfNoAccount, CRM_UNAVAILABLE, "misconfigured", 1, 1),
    ];
    for (answer, says, problem, requests, look_ups) in rows {
        let bench = Bench::new().await;
        bench.app.clock().advance(DAY);
        bench.crm.answer_next(answer.clone());
        assert_eq!(bench.leads().await, says, "{answer:?}");
        assert_eq!(bench.standing().await, ("connected".to_owned(), problem.into()), "{answer:?}");
        assert_eq!((bench.token_requests(), bench.look_ups()), (requests, look_ups), "{answer:?}");
        bench.is_mended(&answer).await;
        assert_eq!(bench.token_requests(), requests + 1, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn amocrm_is_not_asked_before_the_time_it_named() {
    let bench = Bench::new().await;
    bench.app.clock().advance(DAY);
    bench.crm.answer_next(Reply::TooManyCalls(Some(ANY_BACKOFF)));
    for _ in 0..3 {
        assert_eq!(bench.leads().await, (503, "rate_limited"));
        bench.store.test_clock().advance(Duration::from_mins(2));
    }
    assert_eq!(bench.token_requests(), 1);
    bench.is_mended(&Reply::TooManyCalls(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certain_refusal_ends_the_connection_after_one_request_and_one_look_up() {
    for answer in Reply::REFUSED_GRANTS {
        let bench = Bench::new().await;
        bench.app.clock().advance(DAY);
        bench.crm.answer_next(answer.clone());
        for _ in 0..3 {
            assert_eq!(bench.leads().await, (409, "needs_reauth"), "{answer:?}");
        }
        assert_eq!(bench.standing().await, ("needs_reauth".to_owned(), "grant_revoked".into()), "{answer:?}");
        bench.store.test_clock().advance(ANY_BACKOFF);
        assert_eq!((bench.token_requests(), bench.look_ups()), (1, 1), "{answer:?}");
    }
}

/// The token is sent again, by itself, until amoCRM answers for certain.
#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_is_resolved_without_the_user() {
    let rotates = [
        (Reply::Fails(500), false),
        (Reply::Fails(502), false),
        (Reply::Fails(504), false),
        (Reply::CutBeforeTheDeed, false),
        (Reply::OddRefusal, false),
        (Reply::Redirects, false),
        (Reply::CutAfterTheDeed, true),
        (Reply::CutWithinTheAnswer, true),
        (Reply::Silence, true),
        (Reply::Endless, true),
        (Reply::Garbled, true),
        (Reply::Incomplete, true),
    ];
    join_all(rotates.map(|(answer, is_lost)| async move {
        let bench = Bench::new().await;
        bench.app.clock().advance(DAY);
        bench.crm.answer_next(answer.clone());
        assert_eq!(bench.leads().await, CRM_UNAVAILABLE, "{answer:?}");

        let (state, problem) =
            if is_lost { ("needs_reauth", "rotation_lost".into()) } else { ("connected", Value::Null) };
        let truth = (state.to_owned(), problem);
        bench.store.test_clock().advance(ANY_BACKOFF);
        until("the truth is known", async || bench.standing().await == truth).await;
        // A redirect is a sign of a move, and a refusal counts only after a look-up.
        let looks_up = is_lost || answer == Reply::Redirects;
        assert_eq!((bench.token_requests(), bench.look_ups()), (2, usize::from(looks_up)), "{answer:?}");
        let says = if is_lost { (409, "needs_reauth") } else { SERVED };
        assert_eq!(bench.leads().await, says, "{answer:?}");
        assert_eq!(bench.token_requests(), 2, "{answer:?}");
    }))
    .await;
}

/// Answers to a read with a token that is good: no refresh follows from any of them.
#[tokio::test(flavor = "multi_thread")]
async fn what_hinders_a_read_is_told_and_costs_no_token() {
    let rows = [
        (Reply::Banned, CRM_UNAVAILABLE, "provider_blocked"),
        (Reply::Fails(503), CRM_UNAVAILABLE, "provider_down"),
        (Reply::Unreachable, CRM_UNAVAILABLE, "provider_down"),
        (Reply::Garbled, CRM_UNAVAILABLE, "provider_down"),
        (Reply::Silence, (504, "crm_timeout"), "provider_down"),
        (Reply::TooManyCalls(None), (503, "rate_limited"), "rate_limited"),
        (Reply::PaymentRequired, CRM_UNAVAILABLE, "payment_required"),
    ];
    for (answer, says, problem) in rows {
        let bench = Bench::new().await;
        bench.crm.answer_next(answer.clone());
        assert_eq!(bench.leads().await, says, "{answer:?}");
        assert_eq!(bench.standing().await, ("connected".to_owned(), problem.into()), "{answer:?}");
        bench.is_mended(&answer).await;
        assert_eq!(bench.token_requests(), 0, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_was_served_and_is_refused_is_renewed_each_time() {
    let bench = Bench::new().await;
    for renewals in 1..=3 {
        bench.crm.expire_access_tokens();
        assert_eq!(bench.leads().await, SERVED);
        assert_eq!(bench.token_requests(), renewals);
    }
    assert_eq!(bench.standing().await, ("connected".to_owned(), Value::Null));
}

/// The new token is none of the CRM's.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_refuses_the_next_token_too_is_noted() {
    let bench = Bench::new().await;
    bench.app.clock().advance(Duration::from_hours(1));
    bench.crm.answer_each([Reply::AccessRefused, Reply::Issues(issued("new"))]);
    assert_eq!(bench.leads().await, CRM_UNAVAILABLE);
    assert_eq!(bench.standing().await, ("connected".to_owned(), "account_refused".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_access_token_lives_a_refresh_that_fails_is_nobodys_concern() {
    let bench = Bench::new().await;
    bench.app.clock().advance(Duration::from_mins(24 * 60 - 2));
    bench.crm.answer_next(Reply::Banned);
    assert_eq!(bench.leads().await, SERVED);
    assert_eq!(bench.token_requests(), 1);
    assert_eq!(bench.standing().await.0, "connected");
}

/// The secret may have been changed since.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_served_before_the_accusation_does_not_acquit_the_client() {
    let bench = Bench::new().await;
    bench.app.connect("ivan", &bench.crm, 2).await;
    bench.app.clock().advance(DAY);
    assert_eq!(bench.app.get("ivan", "/leads").await.status, 200);
    bench.crm.answer_next(Reply::ClientRefused);
    assert_eq!(bench.leads().await, CRM_UNAVAILABLE);
    assert_eq!(bench.standing().await, ("connected".to_owned(), "misconfigured".into()));
}

/// Whoever is served after that shows that the integration is not at fault.
#[tokio::test(flavor = "multi_thread")]
async fn an_accused_integration_is_acquitted_by_the_next_that_is_served() {
    let bench = Bench::new().await;
    bench.app.connect("ivan", &bench.crm, 2).await;
    bench.app.clock().advance(DAY);
    bench.crm.answer_next(Reply::ClientRefused);
    assert_eq!(bench.leads().await, CRM_UNAVAILABLE);
    assert_eq!(bench.standing().await.1, "misconfigured");
    bench.app.clock().advance(Duration::from_mins(1));
    assert_eq!(bench.app.get("ivan", "/leads").await.status, 200);
    bench.app.clock().advance(Duration::from_hours(1));
    bench.store.test_clock().advance(ANY_BACKOFF);
    bench.crm.answer_next(Reply::ClientRefused);
    assert_eq!(bench.leads().await, CRM_UNAVAILABLE);
    assert_eq!(bench.standing().await.1, "account_refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_moved_is_followed_if_its_new_host_is_amocrms() {
    let bench = Bench::new().await;
    bench.app.clock().advance(DAY);
    bench.crm.move_account(&host(1), &host(4));
    assert_eq!(bench.leads().await, SERVED);
    assert_eq!((bench.token_requests(), bench.look_ups()), (2, 1));
    let status = bench.app.get("olena", "/status").await.data();
    assert_eq!((&status["domain"], &status["problem"]), (&json!(host(4).as_str()), &Value::Null));

    let bench = Bench::new().await;
    bench.app.clock().advance(DAY);
    bench.crm.answer_each([
        Reply::GrantRevoked,
        Reply::Located(amo_connect_domain::host::AccountHost::stored("evil.example")),
    ]);
    assert_eq!(bench.leads().await, CRM_UNAVAILABLE);
    assert_eq!(bench.standing().await, ("connected".to_owned(), "misconfigured".into()));
    assert!(bench.crm.asked().iter().all(|asked| asked.host().as_str().ends_with(".amocrm.ru")));
}
