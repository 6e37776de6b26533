//! A pair that arrived is kept, whatever amoCRM's answer looks like otherwise, and one that another
//! object quotes is none.

use amo_connect_sandbox::{Dress, Faults};
use amo_connect_tests::{ACCOUNT, Served};
use serde_json::{Value, json};

use crate::stage::Stage;

on_both_databases!(a_pair_is_kept_however_its_answer_is_dressed, a_pair_in_another_object_is_nobodys);

/// Statuses that mean a failure, a refusal, a ban or a limit where there is no pair.
const STATUSES: [u16; 9] = [202, 302, 400, 401, 402, 403, 429, 500, 503];

/// How long access tokens live here: their connections are refreshed once more in the end.
const LIFE_S: u64 = 10;

async fn a_pair_is_kept_however_its_answer_is_dressed(stage: Stage) {
    let dresses: Vec<Dress> =
        Dress::all().filter(|dress| *dress != Dress::Nested).chain(STATUSES.map(Dress::Status)).collect();
    let service = stage.serve().await;
    stage.set_life(1);
    for dress in &dresses {
        connect(&stage, &service, &by_token(*dress)).await;
    }
    stage.until_access_ended().await;
    stage.set_life(LIFE_S);

    for dress in &dresses {
        let before = stage.sandbox.stats();
        stage.sandbox.set_faults(Faults { dress: vec![*dress, *dress], ..Faults::default() }).unwrap();
        connect(&stage, &service, &by_code(*dress)).await;
        is_served(&service, &by_token(*dress)).await;
        let after = stage.sandbox.stats();
        let bought = (after.exchanges - before.exchanges, after.refreshes - before.refreshes);
        assert_eq!((bought, stage.sandbox.faults().dress.len()), ((1, 1), 0), "{dress:?}");
        assert_eq!(after.token_requests - before.token_requests, 2, "{dress:?}: nothing is sent twice");
    }

    // The refresh tokens were kept too: each buys the next pair.
    stage.until_access_ended().await;
    let before = stage.sandbox.stats();
    let says_its_life = |dress: &&Dress| !matches!(dress, Dress::NoExpiresIn | Dress::OddExpiresIn);
    let mut refreshes = 0;
    for dress in dresses.iter().filter(says_its_life) {
        for user in [by_code(*dress), by_token(*dress)] {
            is_served(&service, &user).await;
            refreshes += 1;
        }
    }
    let after = stage.sandbox.stats();
    assert_eq!(
        (after.refreshes - before.refreshes, after.token_requests - before.token_requests),
        (refreshes, refreshes)
    );
    assert_eq!(after.refused, 0);
}

async fn a_pair_in_another_object_is_nobodys(stage: Stage) {
    let service = stage.serve().await;
    stage.sandbox.set_faults(Faults { dress: vec![Dress::Nested], ..Faults::default() }).unwrap();
    let (code, referer) = stage.code(ACCOUNT);
    let brought = json!({ "code": code, "referer": referer });
    let answer = service.post("bob", "/exchange-code", brought.clone()).await;
    assert_eq!((answer.status, stage.sandbox.stats().exchanges), (502, 1), "{answer:?}");
    assert_eq!(service.state_of("bob").await, "not_connected");
    // The code is spent, and amoCRM says so to the one that asks again.
    let again = service.post("bob", "/exchange-code", brought).await;
    assert_eq!((again.status, service.state_of("bob").await.as_str()), (400, "not_connected"), "{again:?}");
}

/// Whose code is answered in this dress.
fn by_code(dress: Dress) -> String {
    format!("code {}", Value::from(dress))
}

/// Whose refresh token is answered in this dress.
fn by_token(dress: Dress) -> String {
    format!("token {}", Value::from(dress))
}

async fn connect(stage: &Stage, service: &Served, user: &str) {
    stage.connect_by(service, user, ACCOUNT).await;
    is_connected(service, user).await;
}

async fn is_served(service: &Served, user: &str) {
    let leads = service.get(user, "/leads?limit=1").await;
    assert_eq!(leads.status, 200, "{user}: {leads:?}");
    is_connected(service, user).await;
}

/// Nothing is on record against the connection.
async fn is_connected(service: &Served, user: &str) {
    assert_eq!(service.standing(user).await, ("connected".to_owned(), Value::Null), "{user}");
}
