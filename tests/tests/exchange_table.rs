//! The rows of `exchange-code`'s table that need no fault, in their order.

use amo_connect_tests::{ACCOUNT, Outcome, RIVAL, World};
use serde_json::{Value, json};

async fn claim(world: &World, user: &str, body: Value) -> Outcome {
    world.post(user, "/exchange-code", body).await.problem()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_field_is_named() {
    let world = World::start().await;
    let bad = [
        ("body", json!([])),
        ("code", json!({})),
        ("code", json!({ "code": 5 })),
        ("code", json!({ "code": "" })),
        ("code", json!({ "code": "a".repeat(4097) })),
        ("code", json!({ "code": "a\nb" })),
        ("state", json!({ "code": "a", "state": 1 })),
        ("referer", json!({ "code": "a", "referer": {} })),
    ];
    for (field, body) in bad {
        let answer = world.post("olena", "/exchange-code", body).await;
        assert_eq!(answer.problem(), (400, "invalid_request"), "{field}");
        assert_eq!(answer.json()["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_refused_with_a_state_it_did_not_come_with() {
    let world = World::start().await;
    let (code, referer) = world.code(ACCOUNT);
    world.callback(&[("code", &code), ("state", "own"), ("referer", &referer)]).await;
    assert_eq!(claim(&world, "olena", json!({ "code": code, "state": "other" })).await, (400, "state_mismatch"));
    let right = world.post("olena", "/exchange-code", json!({ "code": code, "state": "own" })).await;
    assert_eq!(right.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_code_and_another_users_attempt_are_refused() {
    let world = World::start().await;
    let (_, hers) = world.connect("olena", ACCOUNT).await;
    assert_eq!(claim(&world, "ivan", json!({ "code": hers })).await, (409, "code_belongs_to_another_user"));
    let attempt = world.attempt("olena").await;
    let (code, referer) = world.code(ACCOUNT);
    assert_eq!(
        claim(&world, "ivan", json!({ "code": code, "state": attempt.state, "referer": referer })).await,
        (409, "code_belongs_to_another_user")
    );
    assert_eq!(world.sandbox.stats().exchanges, 1);
    assert_eq!(world.progress("olena", &attempt).await.0, "pending");
    assert_eq!(world.state_of("ivan").await, "not_connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_an_own_attempt_that_the_callback_never_saw_spends_the_attempt() {
    let world = World::start().await;
    let attempt = world.attempt("olena").await;
    let (code, referer) = world.code(ACCOUNT);
    let body = json!({ "code": code, "state": attempt.state, "referer": referer });
    world.post("olena", "/exchange-code", body).await.data();
    assert_eq!(world.progress("olena", &attempt).await.0, "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_code_is_gone() {
    let world = World::start().await;
    let (_, old) = world.connect("olena", ACCOUNT).await;
    let (_, new) = world.connect("olena", RIVAL).await;
    assert_eq!(claim(&world, "olena", json!({ "code": old })).await, (410, "code_expired"));
    world.post("olena", "/exchange-code", json!({ "code": new })).await.data();
    assert_eq!(world.get("olena", "/status").await.data()["accountId"], RIVAL.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsolicited_code_never_replaces_a_connected_account() {
    let world = World::connected().await;
    let (code, referer) = world.code(RIVAL);
    world.callback(&[("code", &code), ("state", "own"), ("referer", &referer)]).await;
    for _ in 0..2 {
        assert_eq!(claim(&world, "olena", json!({ "code": code })).await, (409, "already_connected"));
    }
    let (unseen, referer) = world.code(RIVAL);
    let body = json!({ "code": unseen, "referer": referer });
    assert_eq!(claim(&world, "olena", body).await, (409, "already_connected"));
    assert_eq!(world.get("olena", "/status").await.data()["accountId"], ACCOUNT.to_string());
    assert_eq!(world.get("olena", "/leads?limit=1").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_amocrms_is_refused_and_the_code_stays_good() {
    let world = World::start().await;
    let (code, referer) = world.code(ACCOUNT);
    for body in [json!({ "code": code }), json!({ "code": code, "referer": "evil.example" })] {
        let answer = world.post("olena", "/exchange-code", body).await;
        assert_eq!(answer.problem(), (400, "invalid_account_host"));
        assert_eq!(answer.json()["field"], "referer");
    }
    assert_eq!(world.sandbox.stats().exchanges, 0);
    world.post("olena", "/exchange-code", json!({ "code": code, "referer": referer })).await.data();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_amocrm_refuses_stays_refused() {
    let world = World::start().await;
    let referer = world.sandbox.host(ACCOUNT).unwrap();
    for _ in 0..2 {
        let body = json!({ "code": "def50200nonsense", "referer": referer });
        assert_eq!(claim(&world, "olena", body).await, (400, "invalid_code"));
    }
    assert_eq!(world.sandbox.stats().refused, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_claims_at_once_connect_one_user_once() {
    let world = World::start().await;
    let (code, referer) = world.code(ACCOUNT);
    let body = json!({ "code": code, "referer": referer });
    let users = ["olena", "ivan", "olena", "ivan", "olena", "ivan", "olena", "ivan"];
    let claims = users.map(|user| world.post(user, "/exchange-code", body.clone()));
    let answers = futures_util::future::join_all(claims).await;
    let winners: Vec<&str> =
        users.iter().zip(&answers).filter(|(_, answer)| answer.status == 200).map(|(user, _)| *user).collect();
    assert_eq!(winners.len(), 4, "{answers:?}");
    assert!(winners.windows(2).all(|pair| pair[0] == pair[1]), "{winners:?}");
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.problem().status == 409));
    assert_eq!(world.sandbox.stats().exchanges, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_users_may_connect_the_same_account() {
    let world = World::start().await;
    for user in ["olena", "ivan", "taras"] {
        world.connect(user, ACCOUNT).await;
    }
    world.post("ivan", "/disconnect", json!({})).await;
    for (user, state) in [("olena", "connected"), ("ivan", "not_connected"), ("taras", "connected")] {
        assert_eq!(world.state_of(user).await, state, "{user}");
    }
}
