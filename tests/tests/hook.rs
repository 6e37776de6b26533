//! amoCRM's disconnect hook: a reason to look, and never a proof.

use std::time::Duration;

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, Answer, RIVAL, World, until, until_within};

/// Ends when `user` is in `state`.
async fn until_in_state(world: &World, user: &str, state: &str) {
    // An account is looked up once a minute, and a refusal counts only after that.
    until_within(Duration::from_mins(3), state, async || world.state_of(user).await == state).await;
}

/// Ends when amoCRM has had `calls` more requests of the API than `before`.
async fn until_asked(world: &World, before: u64, calls: u64) {
    until("amoCRM is asked", async || world.sandbox.stats().api_requests >= before + calls).await;
}

/// A hook's own query, as amoCRM signs it for the account (`printf 'sandbox|ACCOUNT' | openssl …`).
fn signed(account: u64) -> String {
    let signature = match account {
        ACCOUNT => "556e3dbb5f9cc01b14e7613b4ccbe362303e0b5d613f49d2b2844d7480d2d926",
        _ => "558c66a6ef2440d77e82ae73c97f868323eb66f4d5be5fe099f02c8868f32d68",
    };
    format!("account_id={account}&client_uuid=sandbox&signature={signature}")
}

async fn send(world: &World, query: &str) -> Answer {
    Answer::to(world.http().get(world.url(&format!("/hooks/disconnected?{query}")))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_the_integration_off_revokes_all_its_connections_and_no_other() {
    let world = World::start().await;
    for (user, account) in [("olena", ACCOUNT), ("andrew", ACCOUNT), ("ivan", RIVAL)] {
        world.connect(user, account).await;
    }
    assert!(world.sandbox.disable(ACCOUNT).await.unwrap().is_taken());
    for user in ["olena", "andrew"] {
        until_in_state(&world, user, "revoked").await;
        assert_eq!(world.get(user, "/leads").await.problem(), (409, "revoked"));
        assert_eq!(world.get(user, "/status").await.data()["hasTokens"], false);
    }
    assert_eq!(world.get("ivan", "/leads").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_is_repeated_later_ends_nothing_that_amocrm_serves() {
    let world = World::connected().await;
    let before = world.sandbox.stats().api_requests;
    let told = send(&world, &signed(ACCOUNT)).await;
    assert_eq!((told.status, told.json()["success"].as_bool()), (200, Some(true)));
    until_asked(&world, before, 1).await;
    assert_eq!(world.get("olena", "/status").await.data()["state"], "connected");
    assert_eq!(world.get("olena", "/leads").await.status, 200);
    let asked = world.sandbox.stats().api_requests;
    for _ in 0..5 {
        assert_eq!(send(&world, &signed(ACCOUNT)).await.status, 200);
    }
    assert_eq!(world.get("olena", "/pipelines").await.status, 200);
    assert!(world.sandbox.stats().api_requests <= asked + 1, "once a minute is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_amocrm_does_not_answer_nobody_is_revoked() {
    let world = World::connected().await;
    world.sandbox.set_faults(Faults { api_outage: Some(Failure::Status(503)), ..Faults::default() }).unwrap();
    let before = world.sandbox.stats().api_requests;
    assert_eq!(send(&world, &signed(ACCOUNT)).await.status, 200);
    until_asked(&world, before, 1).await;
    world.sandbox.set_faults(Faults::default()).unwrap();
    assert_eq!(world.get("olena", "/leads").await.status, 200);
    assert_eq!(world.get("olena", "/status").await.data()["state"], "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_with_another_signature_or_client_is_refused_and_nobody_is_asked_for() {
    let world = World::connected().await;
    let before = world.sandbox.stats().api_requests;
    let good = signed(ACCOUNT);
    for bad in [
        String::new(),
        good.replace("31920194", "40000001"),
        good.replace("sandbox", "another"),
        good.replace("signature=", "signature=00"),
        good.split("&signature").next().unwrap().to_owned(),
    ] {
        assert_eq!(send(&world, &bad).await.problem(), (403, "invalid_signature"), "{bad}");
    }
    let other_method = world.http().post(world.url(&format!("/hooks/disconnected?{good}")));
    assert_eq!(Answer::to(other_method).await.problem(), (405, "method_not_allowed"));
    assert_eq!(world.get("olena", "/status").await.data()["state"], "connected");
    assert_eq!(world.sandbox.stats().api_requests, before);
}
