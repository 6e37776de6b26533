//! Mocks, for what a fake cannot say: that nobody is called at all, or once and only so.
//!
//! A fake writes down what reached it; a mock is also told of a call that would have been refused
//! on the way. Each test ends with `stop`: only then is the mock dropped here, and counts.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use amo_connect_contract::fixtures::{at, host, user};
use amo_connect_contract::{FakeAmo, MemoryTokenStore};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::lead::LeadPage;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{
    MockAmoClient, MockAuditLog, MockHostLookUpStore, MockIdempotencyStore, MockImportStore, MockMaintenance,
    MockRevocationQueue, MockStoreHealth, MockTokenStore, Storage, StoreError, Stores, TokenEndpoint as _,
    TokenStore as _,
};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_tests::{Answer, TestApp};
use futures_util::FutureExt as _;
use mockall::Predicate;
use mockall::predicate::{always, eq, function};
use serde_json::json;

/// Expects that these methods are never called.
macro_rules! never {
    ($mock:ident: $($expect:ident),+ $(,)?) => { $($mock.$expect().never();)+ };
}

/// A CRM that is asked for nothing except where to send a browser.
fn uncalled_crm() -> MockAmoClient {
    let mut amo = MockAmoClient::new();
    amo.expect_fingerprint().return_const(ClientFingerprint::default());
    amo.expect_read_callback().returning(|parameters| FakeAmo::new().read_callback(parameters));
    amo.expect_authorization_url().returning(|_, _| "https://www.amocrm.ru/oauth".parse().unwrap());
    never!(amo: expect_exchange, expect_refresh, expect_account, expect_leads, expect_lead);
    never!(amo: expect_contacts, expect_pipelines);
    amo
}

/// A store in which everybody of `users` is connected, each to an account of their own.
async fn connected(users: &[(&str, u64)]) -> MemoryTokenStore {
    let store = MemoryTokenStore::new();
    let amo = FakeAmo::new().with_accounts(users.iter().map(|(_, number)| *number));
    let app = TestApp::new().store(store.clone()).amo(amo.clone()).start().await;
    for (name, number) in users {
        app.connect(name, &amo, *number).await;
    }
    app.stop().await;
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn amocrm_is_never_called_when_the_store_is_down() {
    let store = connected(&[("olena", 1)]).await;
    let app = TestApp::new().store(store.clone()).amo(uncalled_crm()).start().await;
    let attempt = app.attempt("olena").await;
    store.set_down(true);

    for state in [attempt.state.as_str(), "the app's own"] {
        let page = app.callback(&[("code", "a-code"), ("state", state), ("referer", host(1).as_str())]).await;
        assert_eq!(page.status, 503);
        assert_eq!(page.link_parameter("error").as_deref(), Some("storage_unavailable"));
    }
    let body = json!({ "code": "a-code", "referer": host(1).as_str() });
    let claimed = app.post("olena", "/exchange-code", body).await;
    assert_eq!(claimed.problem(), (503, "storage_unavailable"));
    assert_eq!(app.get("olena", "/leads").await.problem(), (503, "storage_unavailable"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amocrm_is_never_called_for_another_users_connection() {
    let store = connected(&[("olena", 1)]).await;
    let hers = store.connection(&user("olena")).await.unwrap();
    let app = TestApp::new().store(store.clone()).amo(uncalled_crm()).start().await;

    assert_eq!(app.get("ivan", "/leads").await.problem(), (409, "not_connected"));
    assert_eq!(app.state_of("ivan").await, "not_connected");
    assert_eq!(app.post("ivan", "/disconnect", json!({})).await.status, 200);
    app.stop().await;
    assert_eq!(store.connection(&user("olena")).await.unwrap(), hers);
}

#[tokio::test(flavor = "multi_thread")]
async fn amocrm_is_never_called_for_a_claim_of_anothers_code() {
    let (store, amo) = (MemoryTokenStore::new(), FakeAmo::new());
    let connected = amo.allow(&host(1));
    let app = TestApp::new().store(store.clone()).amo(amo).start().await;
    app.connect_with("olena", connected.expose(), host(1).as_str()).await;
    app.stop().await;

    let app = TestApp::new().store(store).amo(uncalled_crm()).start().await;
    let open = app.attempt("olena").await;
    for body in [
        json!({ "code": connected.expose() }),
        json!({ "code": connected.expose(), "referer": host(1).as_str() }),
        json!({ "code": "never-seen", "state": open.state, "referer": host(1).as_str() }),
    ] {
        let claimed = app.post("ivan", "/exchange-code", body).await;
        assert_eq!(claimed.problem(), (409, "code_belongs_to_another_user"));
    }
    assert_eq!(app.progress("olena", &open).await.0, "pending");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_leads_is_two_reads_with_its_own_users_token() {
    let store = connected(&[("olena", 1), ("ivan", 2)]).await;
    let grant = store.connection(&user("ivan")).await.unwrap().unwrap().grant().unwrap().clone();
    let (his_host, his_token) = (grant.host, grant.tokens.access);
    let mut amo = MockAmoClient::new();
    amo.expect_fingerprint().return_const(ClientFingerprint::default());
    amo.expect_pipelines().once().with(at_host(&his_host), eq(his_token.clone())).returning(|_, _| Ok(Vec::new()));
    let nothing = |_, _: &_, _: &_| Ok(LeadPage { leads: Vec::new(), has_more: false });
    amo.expect_leads().once().with(at_host(&his_host), eq(his_token), always()).returning(nothing);
    never!(amo: expect_exchange, expect_refresh, expect_account, expect_lead, expect_contacts);

    let app = TestApp::new().store(store).amo(amo).start().await;
    assert_eq!(app.get("ivan", "/leads").await.json()["data"], json!([]));
    app.stop().await;
}

/// A permit to call `host`.
fn at_host(host: &AccountHost) -> impl Predicate<Permit<call::Read>> + use<> {
    let host = host.clone();
    function(move |permit: &Permit<call::Read>| *permit.host() == host)
}

/// Stores that the background sweeps and lists, and that are asked for nothing else.
fn unread_stores() -> Stores {
    let mut tokens = MockTokenStore::new();
    never!(tokens: expect_open_attempt, expect_attempt, expect_attempt_by_state, expect_close_attempt);
    never!(tokens: expect_exchange, expect_admit_code, expect_renew_code_lease, expect_save_grant);
    never!(tokens: expect_restore_exchange, expect_end_exchange, expect_claim, expect_awaits_claim, expect_summary);
    never!(tokens: expect_connection, expect_save, expect_disconnect, expect_lease_refresh);
    never!(tokens: expect_renew_refresh_lease, expect_back_off_refresh, expect_save_rotated);
    let mut look_ups = MockHostLookUpStore::new();
    never!(look_ups: expect_request_look_up, expect_save_move);
    let mut revocations = MockRevocationQueue::new();
    revocations.expect_take_checks().returning(|_| Ok(Vec::new()));
    never!(revocations: expect_request_check, expect_extend_check, expect_finish_check);
    let mut audit = MockAuditLog::new();
    never!(audit: expect_audit, expect_record);
    let mut maintenance = MockMaintenance::new();
    maintenance.expect_sweep().returning(|_, _| Ok(0));
    maintenance.expect_orphaned_refreshes().returning(|_| Ok(Vec::new()));
    maintenance.expect_stale_connections().returning(|_, _, _| Ok(Vec::new()));
    maintenance.expect_acquitted_refreshes().returning(|_, _, _| Ok(Vec::new()));
    never!(maintenance: expect_users_of, expect_users);
    let mut health = MockStoreHealth::new();
    // Only the sweep reads it, once, when the process begins.
    health.expect_clock().times(0..=1).returning(|| Ok(at(0)));
    // The process checks its readiness by itself, whoever calls.
    health.expect_ready().returning(|| Ok(None));
    health.expect_beat().returning(|| Ok(()));
    Stores {
        tokens: Arc::new(tokens),
        look_ups: Arc::new(look_ups),
        imports: Arc::new(MockImportStore::new()),
        writes: Arc::new(MockIdempotencyStore::new()),
        revocations: Arc::new(revocations),
        audit: Arc::new(audit),
        maintenance: Arc::new(maintenance),
        health: Arc::new(health),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_or_a_prefetch_never_reaches_store_or_crm() {
    let app = TestApp::new().stores(unread_stores()).amo(uncalled_crm()).start().await;
    let ours = format!("ac1_{}", "A".repeat(43));
    for query in [
        [("code", "a-code"), ("state", ours.as_str()), ("referer", host(1).as_str())],
        [("code", "a-code"), ("state", "the app's own"), ("referer", host(1).as_str())],
        [("error", "access_denied"), ("state", &ours), ("referer", host(1).as_str())],
    ] {
        let head = Answer::to(app.http().head(app.url("/callback")).query(&query)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        for (name, value) in [("Sec-Purpose", "prefetch;prerender"), ("Purpose", "prefetch"), ("X-Moz", "prefetch")] {
            let request = app.http().get(app.url("/callback")).query(&query).header(name, value);
            let answer = Answer::to(request).await;
            assert_eq!((answer.status, answer.text.as_str()), (503, ""), "{name}");
        }
    }
    app.stop().await;
}

/// `store`, of whose connections only so many more are read as `reads` has.
fn read_only_so_often(store: &MemoryTokenStore, reads: &Arc<AtomicUsize>) -> MockTokenStore {
    let mut tokens = MockTokenStore::new();
    let (behind, reads) = (store.clone(), Arc::clone(reads));
    tokens.expect_connection().returning(move |user| {
        let is_down = reads.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_err();
        if is_down {
            Err(StoreError::Unavailable("too many reads wait".into()))
        } else {
            at_once(behind.connection(user))
        }
    });
    let behind = store.clone();
    tokens.expect_summary().returning(move |user| at_once(behind.summary(user)));
    let behind = store.clone();
    tokens.expect_lease_refresh().once().returning(move |user, request| at_once(behind.lease_refresh(user, request)));
    let behind = store.clone();
    tokens.expect_save_rotated().once().returning(move |user, replaced, pair, served, now| {
        at_once(behind.save_rotated(user, replaced, pair, served, now))
    });
    tokens
}

/// What a store in memory answers.
fn at_once<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_sent_while_nobody_can_tell_whether_the_store_has_lost_a_newer_one() {
    let store = MemoryTokenStore::new();
    let amo = FakeAmo::new().with_accounts([1]);
    let app = TestApp::new().store(store.clone()).amo(amo.clone()).start().await;
    app.connect("olena", &amo, 1).await;
    app.stop().await;

    let reads = Arc::new(AtomicUsize::new(usize::MAX));
    let tokens = Arc::new(read_only_so_often(&store, &reads));
    let stores = Stores { tokens, ..(Arc::new(store.clone()) as Arc<dyn Storage>).into() };
    let app = TestApp::new().stores(stores).amo(amo.clone()).start().await;
    // This process refreshes the token, and so knows a pair that the store might lose.
    app.clock().advance(Duration::from_hours(24));
    assert_eq!(app.get("olena", "/leads").await.status, 200);

    // From here on a lease would be one too many: the first read is the request's own, the next would tell.
    app.clock().advance(Duration::from_hours(24));
    reads.store(1, SeqCst);
    assert_eq!(app.get("olena", "/leads").await.problem(), (503, "storage_unavailable"));
    app.stop().await;
}
