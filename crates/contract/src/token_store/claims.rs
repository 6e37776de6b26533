//! Claims: a waiting grant finds its owner, once and in time.

use amo_connect_domain::authorization::code::{CLAIM_TERM, ClaimRefusal, ExchangeStatus};
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ids::Epoch;
use amo_connect_domain::ports::Claim;

use super::TokenStoreHarness;
use super::steps::{admit, connect, connection, grant_of, status, waiting};
use crate::fixtures::{after, at, attempt, by_attempt, code, grant, owner, served, user};
use crate::suite::race;

pub(super) async fn an_ownerless_grant_waits_for_any_user(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    connect(&store, &user("ivan"), 1, "theirs").await;
    let code = waiting(&store, "x").await;
    let record = other.exchange(code).await.unwrap().unwrap();
    assert_eq!(record.user, None);
    let ExchangeStatus::Waiting { grant: kept, claim_by } = record.status else { panic!("{record:?}") };
    assert_eq!((*kept, claim_by), (grant(1, "x"), after(at(1), CLAIM_TERM)));
    for name in ["olena", "ivan"] {
        assert!(!other.awaits_claim(&user(name), at(2)).await.unwrap(), "{name}");
    }
    assert_eq!(grant_of(&other, &user("olena")).await, None);
    assert_eq!(grant_of(&other, &user("ivan")).await, Some(grant(1, "theirs")));
}

pub(super) async fn a_claimed_grant_becomes_the_connection(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let code = waiting(&store, "x").await;
    assert_eq!(other.claim(code, &user("olena"), Epoch::default(), at(2)).await.unwrap(), Claim::Connected);
    let made = connection(&store, &user("olena")).await;
    assert_eq!((made.grant(), made.connected_at), (Some(&grant(1, "x")), Some(at(2))));
    let record = store.exchange(code).await.unwrap().unwrap();
    assert_eq!((record.user, record.status), (Some(user("olena")), ExchangeStatus::Connected(made.epoch)));
}

pub(super) async fn a_claim_over_the_same_account_renews_the_connection(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let before = connect(&store, &user("olena"), 1, "old").await;
    let code = waiting(&store, "new").await;
    assert_eq!(store.claim(code, &user("olena"), before.epoch, at(2)).await.unwrap(), Claim::Connected);
    let renewed = connection(&store, &user("olena")).await;
    assert_eq!(renewed.grant(), Some(&grant(1, "new")));
    assert!(renewed.epoch > before.epoch && renewed.generation > before.generation);
}

pub(super) async fn a_claim_over_another_account_is_refused_and_wipes_the_grant(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let before = connect(&store, &user("olena"), 2, "old").await;
    let code = waiting(&store, "unsolicited").await;
    let claim = store.claim(code, &user("olena"), before.epoch, at(2)).await.unwrap();
    assert_eq!(claim, Claim::Refused(ClaimRefusal::OtherAccount));
    assert_eq!(connection(&store, &user("olena")).await, before);
    assert_eq!(status(&store, code).await, ExchangeStatus::OtherAccount);
}

pub(super) async fn a_late_claim_finds_nothing_waiting(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let code = waiting(&store, "x").await;
    let late = after(at(1), CLAIM_TERM);
    let claim = store.claim(code, &user("olena"), Epoch::default(), late).await.unwrap();
    assert_eq!(claim, Claim::Refused(ClaimRefusal::NotWaiting));
    assert_eq!(status(&store, code).await, ExchangeStatus::Unclaimed);
    assert_eq!(grant_of(&store, &user("olena")).await, None);
}

pub(super) async fn a_claim_of_an_unknown_code_finds_nothing_waiting(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let claim = store.claim(code("unheard of"), &user("olena"), Epoch::default(), at(0)).await.unwrap();
    assert_eq!(claim, Claim::Refused(ClaimRefusal::NotWaiting));
    assert_eq!(grant_of(&store, &user("olena")).await, None);
}

pub(super) async fn of_eight_claimers_one_is_given_the_grant(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let code = waiting(&handles[0], "x").await;
    let claims = race(&handles, 8, |store, number| async move {
        store.claim(code, &user(&format!("user {number}")), Epoch::default(), at(2)).await.unwrap()
    })
    .await;
    let mut connected = 0;
    for (number, claim) in (0_u8..).zip(claims) {
        let theirs = grant_of(&handles[0], &user(&format!("user {number}"))).await;
        match claim {
            Claim::Connected => assert_eq!(theirs, Some(grant(1, "x"))),
            Claim::Refused(refusal) => assert_eq!((refusal, theirs), (ClaimRefusal::AnotherUser, None)),
        }
        connected += u8::from(claim == Claim::Connected);
    }
    assert_eq!(connected, 1);
}

pub(super) async fn a_second_claim_finds_nothing_waiting(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let code = waiting(&store, "x").await;
    store.claim(code, &user("olena"), Epoch::default(), at(2)).await.unwrap();
    let made = connection(&store, &user("olena")).await;
    let again = store.claim(code, &user("olena"), Epoch::default(), at(3)).await.unwrap();
    assert_eq!(again, Claim::Refused(ClaimRefusal::NotWaiting));
    assert_eq!(connection(&store, &user("olena")).await, made);
}

pub(super) async fn a_grant_of_a_known_user_is_given_to_no_other_user(harness: &dyn TokenStoreHarness) {
    let (store, attempt) = (harness.store(), attempt("one", &user("olena"), 0));
    store.open_attempt(&attempt).await.unwrap();
    admit(&store, &by_attempt(code("x"), &attempt, true), owner(1)).await;
    let before = store.save_grant(code("x"), &grant(1, "x"), &served(), at(1)).await.unwrap();
    let claim = store.claim(code("x"), &user("ivan"), Epoch::default(), at(2)).await.unwrap();
    assert_eq!(claim, Claim::Refused(ClaimRefusal::AnotherUser));
    assert_eq!(grant_of(&store, &user("ivan")).await, None);
    assert_eq!(store.exchange(code("x")).await.unwrap(), Some(before));
    assert_eq!(store.claim(code("x"), &user("olena"), Epoch::default(), at(3)).await.unwrap(), Claim::Connected);
}

pub(super) async fn a_grant_awaits_its_own_user_until_its_term(harness: &dyn TokenStoreHarness) {
    let (store, attempt) = (harness.store(), attempt("one", &user("olena"), 0));
    let awaits = async |name: &str, now| harness.store().awaits_claim(&user(name), now).await.unwrap();
    store.open_attempt(&attempt).await.unwrap();
    admit(&store, &by_attempt(code("x"), &attempt, true), owner(1)).await;
    assert!(!awaits("olena", at(1)).await, "the code is only in flight");
    store.save_grant(code("x"), &grant(1, "x"), &served(), at(1)).await.unwrap();
    assert_eq!(grant_of(&store, &user("olena")).await, None, "it has not been claimed");
    assert!(awaits("olena", at(2)).await);
    assert!(!awaits("ivan", at(2)).await);
    assert!(!awaits("olena", after(at(1), CLAIM_TERM)).await);
    store.claim(code("x"), &user("olena"), Epoch::default(), at(3)).await.unwrap();
    assert!(!awaits("olena", at(4)).await);
}

pub(super) async fn a_disconnect_wins_over_a_claim_asked_for_before_it(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let code = waiting(&store, "x").await;
    store.disconnect(&user("olena"), Actor::User).await.unwrap();
    let claim = store.claim(code, &user("olena"), Epoch::default(), at(2)).await.unwrap();
    assert_eq!(claim, Claim::Refused(ClaimRefusal::NotWaiting));
    assert_eq!(store.connection(&user("olena")).await.unwrap().unwrap().grant(), None);
}
