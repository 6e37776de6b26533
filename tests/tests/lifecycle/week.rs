//! A week of two users' days, on a clock that a test moves: calls, idle hours, restarts.

use std::collections::HashSet;
use std::time::Duration;

use amo_connect_contract::fixtures::host;
use amo_connect_contract::{Asked, FakeAccount, FakeAmo, MemoryTokenStore};
use amo_connect_domain::crm::lead::AmoLead;
use amo_connect_tests::{RunningApp, TestApp, at};
use futures_util::future::join_all;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

const SEED: u64 = 7;
const WEEK_MIN: u64 = 7 * 24 * 60;

const USERS: [(&str, u64); 2] = [("olena", 1), ("ivan", 2)];

/// An account whose only lead is called as its owner is.
fn account(number: u64, owner: &str) -> FakeAccount {
    let lead = AmoLead { name: Some(owner.to_owned()), ..AmoLead::numbered(number) };
    FakeAccount { leads: vec![lead], ..FakeAccount::empty(number) }
}

async fn both_see_their_own(app: &RunningApp) {
    let calls = USERS.iter().cycle().take(6).map(|(user, _)| async move {
        let leads = app.get(user, "/leads").await;
        (*user, leads)
    });
    for (user, leads) in join_all(calls).await {
        let data = leads.data();
        assert_eq!((data.as_array().unwrap().len(), &data[0]["name"]), (1, &user.into()), "{leads:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_of_two_users_is_always_answered_and_renewed_once_a_day() {
    let mut crm = FakeAmo::new();
    for (user, number) in USERS {
        crm = crm.with_account(&host(number), account(number, user));
    }
    let (store, mut random) = (MemoryTokenStore::new(), ChaCha8Rng::seed_from_u64(SEED));
    let mut app = TestApp::new().amo(crm.clone()).store(store).clock(at("2026-11-23T10:00Z")).start().await;
    for (user, number) in USERS {
        app.connect(user, &crm, number).await;
    }

    let (mut passed, mut restarts, mut calls) = (0, 0, 0);
    while passed < WEEK_MIN {
        let minutes = random.random_range(1..=4 * 60);
        passed += minutes;
        app.clock().advance(Duration::from_mins(minutes));
        if random.random_ratio(1, 5) {
            app.restart().await;
            restarts += 1;
        }
        both_see_their_own(&app).await;
        calls += 6;
    }

    for (user, number) in USERS {
        let sent: Vec<_> = crm.asked().into_iter().filter(|asked| is_refresh_at(asked, number)).collect();
        assert!((6..=7).contains(&sent.len()), "{user}: renewed {} times", sent.len());
        let once: HashSet<_> = sent.iter().map(secret).collect();
        assert_eq!(once.len(), sent.len(), "{user}: a token was sent twice");
        eprintln!("{user}: {calls} calls of both and {restarts} restarts in a week, renewed {} times", sent.len());
    }
    for (user, _) in USERS {
        assert_eq!(app.standing(user).await, ("connected".to_owned(), Value::Null));
    }
}

fn is_refresh_at(asked: &Asked, number: u64) -> bool {
    matches!(asked, Asked::Refresh { .. }) && *asked.host() == host(number)
}

fn secret(asked: &Asked) -> String {
    match asked {
        Asked::Refresh { token, .. } => token.expose().to_owned(),
        other => panic!("{other:?}"),
    }
}
