//! An account that has moved is followed, whatever sign its old host gives of it.

use std::time::Duration;

use amo_connect_contract::fixtures::{host, issued_in, user};
use amo_connect_contract::{Asked, FakeAccount, FakeAmo, MemoryTokenStore, Reply};
use amo_connect_domain::connection::audit::AuditEvent;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::LOOK_UP_TERM;
use amo_connect_domain::ports::AuditLog as _;
use amo_connect_domain::token::Issued;
use amo_connect_tests::{Outcome, RunningApp, TestApp};
use serde_json::json;

use crate::{crm, look_ups, problem, refreshes};

/// Longer than an access token lives, and shorter than amoCRM keeps a connection.
const DAY: Duration = Duration::from_hours(24);

/// Longer than any backoff between two sendings.
const ANY_BACKOFF: Duration = Duration::from_mins(7);

/// How an old host may answer, if it answers.
const SIGNS: [Reply; 5] = [Reply::Redirects, Reply::Fails(410), Reply::Fails(421), Reply::NotFound, Reply::Unreachable];

struct Stage {
    amo: FakeAmo,
    store: MemoryTokenStore,
    app: RunningApp,
}

impl Stage {
    /// Olena and ivan, connected to the account at `host(1)` of this CRM.
    async fn over(amo: FakeAmo) -> Self {
        let store = MemoryTokenStore::new();
        let app = TestApp::new().amo(amo.clone()).store(store.clone()).start().await;
        for name in ["olena", "ivan"] {
            app.connect(name, &amo, 1).await;
        }
        Self { amo, store, app }
    }

    /// The same; then the account moves to `host(2)`.
    async fn moved() -> Self {
        let stage = Self::over(crm()).await;
        stage.amo.move_account(&host(1), &host(2));
        stage
    }

    /// What `/leads` says to `name` when amoCRM answers so first.
    async fn leads(&self, name: &str, replies: &[Reply]) -> Outcome {
        self.amo.answer_each(replies.iter().cloned());
        self.app.get(name, "/leads").await.outcome()
    }

    async fn domain_of(&self, name: &str) -> String {
        self.app.get(name, "/status").await.data()["domain"].as_str().unwrap().to_owned()
    }

    /// Where amoCRM was asked since it had been asked `before` times, look-ups left out.
    fn asked_at(&self, before: usize) -> Vec<AccountHost> {
        let asked = self.amo.asked().split_off(before);
        asked.iter().filter(|asked| !matches!(asked, Asked::Locate { .. })).map(|asked| asked.host().clone()).collect()
    }

    /// The move is on record, and nobody asks at the old host any more, or looks the account up.
    async fn is_settled(&self, name: &str, sign: &Reply) {
        assert_eq!(self.domain_of(name).await, host(2).as_str(), "{sign:?}");
        let before = (self.amo.asked().len(), look_ups(&self.amo));
        assert_eq!(self.leads(name, &[]).await, SERVED, "{sign:?}");
        let hosts = self.asked_at(before.0);
        assert!(!hosts.is_empty() && hosts.iter().all(|asked| *asked == host(2)), "{sign:?}: {hosts:?}");
        assert_eq!(look_ups(&self.amo), before.1, "{sign:?}");
    }
}

const SERVED: (u16, &str) = (200, "");

#[tokio::test(flavor = "multi_thread")]
async fn a_read_follows_every_sign_with_one_look_up_and_no_refresh() {
    for sign in SIGNS {
        let stage = Stage::moved().await;
        assert_eq!(stage.leads("olena", std::slice::from_ref(&sign)).await, SERVED, "{sign:?}");
        assert_eq!((look_ups(&stage.amo), refreshes(&stage.amo)), (1, 0), "{sign:?}");
        stage.is_settled("olena", &sign).await;
        assert_eq!(problem(&stage.app).await, json!(null), "{sign:?}");
        let told = stage.store.audit(&user("olena"), 10).await.unwrap();
        let events: Vec<_> = told.into_iter().map(|entry| entry.event).collect();
        assert!(events.contains(&AuditEvent::Moved), "{sign:?}: {events:?}");
        assert!(!events.iter().any(|event| matches!(event, AuditEvent::ProblemBegan(_))), "{sign:?}: {events:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_follows_every_sign_with_one_look_up() {
    for sign in SIGNS {
        let stage = Stage::moved().await;
        stage.app.clock().advance(DAY);
        let before = stage.amo.asked().len();
        assert_eq!(stage.leads("olena", std::slice::from_ref(&sign)).await, SERVED, "{sign:?}");
        // Nothing is sent to a host that cannot be reached.
        let at_the_old_one = usize::from(sign != Reply::Unreachable);
        assert_eq!((look_ups(&stage.amo), refreshes(&stage.amo)), (1, 1 + at_the_old_one), "{sign:?}");
        let hosts = stage.asked_at(before);
        let old = hosts.iter().take_while(|asked| **asked == host(1)).count();
        assert!(old == at_the_old_one && hosts[old..].iter().all(|asked| *asked == host(2)), "{sign:?}: {hosts:?}");
        stage.is_settled("olena", &sign).await;
        assert_eq!(problem(&stage.app).await, json!(null), "{sign:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_at_the_new_host_is_no_lost_answer_of_the_old_one() {
    for sign in SIGNS {
        let stage = Stage::moved().await;
        stage.app.clock().advance(DAY);
        let replies = [sign.clone(), Reply::Located(host(2)), Reply::GrantRevoked];
        let first = stage.leads("olena", &replies).await;
        assert_eq!((first.status, look_ups(&stage.amo)), (502, 1), "{sign:?}: it counts after another look-up");
        assert_eq!(stage.domain_of("olena").await, host(2).as_str(), "{sign:?}");
        stage.amo.revoke(&host(2));
        stage.store.test_clock().advance(LOOK_UP_TERM + ANY_BACKOFF);
        assert_eq!(stage.leads("olena", &[]).await, (409, "needs_reauth"), "{sign:?}");
        let status = stage.app.get("olena", "/status").await.data();
        assert_eq!(status["problem"]["code"], "grant_revoked", "{sign:?}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_one_user_met_serves_the_other_without_a_look_up() {
    for token_is_due in [false, true] {
        let stage = Stage::moved().await;
        assert_eq!(stage.leads("olena", &[Reply::Redirects]).await, SERVED);
        if token_is_due {
            stage.app.clock().advance(DAY);
        }
        assert_eq!(stage.leads("ivan", &[Reply::Unreachable]).await, SERVED, "due: {token_is_due}");
        assert_eq!(look_ups(&stage.amo), 1, "due: {token_is_due}");
        stage.is_settled("ivan", &Reply::Unreachable).await;
    }
}

/// A host that redirects everybody, though the account is still there.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_has_not_moved_is_looked_up_once_a_minute_for_all_its_users() {
    for sign in [Reply::Redirects, Reply::Fails(410), Reply::Unreachable] {
        let stage = Stage::over(crm()).await;
        for minute in 1..=2 {
            for name in ["olena", "ivan", "olena"] {
                // The look-up, where there is one, is answered by the CRM itself.
                stage.amo.answer_next(sign.clone());
                let answer = stage.app.get(name, "/leads").await.problem();
                assert_eq!(answer, (502, "crm_unavailable"), "{sign:?} to {name}");
            }
            assert_eq!(look_ups(&stage.amo), minute, "{sign:?}");
            assert_eq!(problem(&stage.app).await, json!("provider_down"), "{sign:?}");
            stage.store.test_clock().advance(LOOK_UP_TERM);
        }
        assert_eq!(refreshes(&stage.amo), 0, "{sign:?}");
        assert_eq!(stage.leads("olena", &[]).await, SERVED, "{sign:?}");
        assert_eq!((stage.domain_of("olena").await, problem(&stage.app).await), (host(1).to_string(), json!(null)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_allowed_is_not_followed() {
    let elsewhere = || Reply::Located(AccountHost::stored("account1.amocrm.ru.example.com"));
    for (token_is_due, noted) in [(false, "provider_down"), (true, "misconfigured")] {
        for sign in SIGNS.into_iter().filter(|sign| token_is_due || *sign != Reply::NotFound) {
            let stage = Stage::over(crm()).await;
            if token_is_due {
                stage.app.clock().advance(DAY);
            }
            let told = stage.leads("olena", &[sign.clone(), elsewhere()]).await;
            assert_eq!(told, (502, "crm_unavailable"), "{sign:?}, due: {token_is_due}");
            let hosts: Vec<_> = stage.amo.asked().iter().map(|asked| asked.host().clone()).collect();
            assert!(hosts.iter().all(|asked| *asked == host(1)), "{sign:?}: {hosts:?}");
            assert_eq!((stage.domain_of("olena").await, look_ups(&stage.amo)), (host(1).to_string(), 1), "{sign:?}");
            assert_eq!(problem(&stage.app).await, json!(noted), "{sign:?}, due: {token_is_due}");
            // The connection is as good as it was.
            stage.store.test_clock().advance(ANY_BACKOFF);
            assert_eq!(stage.leads("olena", &[]).await, SERVED, "{sign:?}, due: {token_is_due}");
        }
    }
}

/// The suspect host says itself where to go, or that the grant is dead, and names no account.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_no_token_names_is_believed_neither_a_move_nor_a_refusal() {
    for word in [Reply::Located(host(2)), Reply::NotFound, Reply::GrantRevoked] {
        for token_is_due in [false, true] {
            let stage = Stage::over(crm().without_authority()).await;
            let sign = if token_is_due { Reply::GrantRevoked } else { Reply::Redirects };
            if token_is_due {
                stage.app.clock().advance(DAY);
            }
            let told = stage.leads("olena", &[sign, word.clone()]).await;
            assert_eq!(told, (502, "crm_unavailable"), "{word:?}, due: {token_is_due}");
            assert_eq!(stage.app.state_of("olena").await, "connected", "{word:?}, due: {token_is_due}");
            assert_eq!(stage.domain_of("olena").await, host(1).as_str(), "{word:?}, due: {token_is_due}");
            stage.store.test_clock().advance(ANY_BACKOFF);
            assert_eq!(stage.leads("olena", &[]).await, SERVED, "{word:?}, due: {token_is_due}");
        }
    }
}

/// Its old host is another account's by now. The look-up named no account, but whose it was is known.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_named_no_account_leads_nobody_elses_tokens_away() {
    for token_is_due in [false, true] {
        let stage = Stage::moved().await;
        assert_eq!(stage.leads("olena", &[Reply::Redirects, Reply::Located(host(2))]).await, SERVED);
        // It serves the account that it is of.
        assert_eq!(stage.leads("ivan", &[Reply::Unreachable]).await, SERVED);
        assert_eq!(look_ups(&stage.amo), 1);

        let _ = stage.amo.clone().with_account(&host(1), FakeAccount::empty(9));
        stage.app.connect("marta", &stage.amo, 1).await;
        if token_is_due {
            stage.app.clock().advance(DAY);
        }
        let before = stage.amo.asked().len();
        stage.amo.answer_next(Reply::NotFound);
        let expected = if token_is_due { (502, "crm_unavailable") } else { (404, "lead_not_found") };
        assert_eq!(stage.app.get("marta", "/leads/5").await.problem(), expected, "due: {token_is_due}");
        let asked = stage.asked_at(before);
        assert!(!asked.is_empty() && asked.iter().all(|asked| *asked == host(1)), "due: {token_is_due}: {asked:?}");
        assert_eq!(look_ups(&stage.amo), 2, "due: {token_is_due}");
        assert_eq!(stage.domain_of("marta").await, host(1).as_str(), "due: {token_is_due}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_never_moves_is_looked_up_nowhere_and_a_refusal_counts_at_once() {
    let stage = Stage::over(crm().without_look_ups()).await;
    stage.amo.revoke(&host(1));
    stage.app.clock().advance(DAY);
    for name in ["olena", "ivan"] {
        assert_eq!(stage.leads(name, &[]).await, (409, "needs_reauth"));
    }
    assert_eq!(look_ups(&stage.amo), 0);
}

/// What the CRM issues with the word that the account is at `named`.
fn issued_at(named: &str, name: &str) -> Reply {
    Reply::Issues(Issued { host: Some(named.to_owned()), ..issued_in(1, name) })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_names_the_accounts_host_is_followed_there_if_that_is_allowed() {
    for (named, followed) in [(host(2), host(2)), (AccountHost::stored("account2.example.com"), host(1))] {
        let (amo, named) = (crm(), named.as_str());
        amo.answer_next(issued_at(named, "first"));
        let stage = Stage::over(amo).await;
        assert_eq!(stage.domain_of("olena").await, followed.as_str());

        assert_eq!(stage.domain_of("ivan").await, host(1).as_str());
        stage.app.clock().advance(DAY);
        let before = stage.amo.asked().len();
        stage.leads("ivan", &[issued_at(named, "second")]).await;
        assert_eq!(stage.domain_of("ivan").await, followed.as_str());
        assert_eq!(stage.asked_at(before)[..2], [host(1), followed.clone()]);
    }
}
