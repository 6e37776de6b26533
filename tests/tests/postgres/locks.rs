//! Many at once, where PostgreSQL lets them: nobody is refused for another's sake.

use std::sync::Arc;

use amo_connect_contract::fixtures::{at, attempt, by_app, code, grant, owner, served, unsolicited, user};
use amo_connect_contract::suite::race;
use amo_connect_domain::authorization::code::{Admitted, ExchangeStatus};
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ids::Epoch;
use amo_connect_domain::ports::{Claim, Storage, StoreHealth as _};
use amo_connect_tests::{PgDatabase, test_server};

use crate::steps::{open, opened};

async fn handles(database: &PgDatabase) -> [Arc<dyn Storage>; 2] {
    let url = database.url();
    [Arc::new(open(&url).await.unwrap()), Arc::new(open(&url).await.unwrap())]
}

async fn waiting(store: &dyn Storage, name: &str) {
    store.admit_code(&unsolicited(code(name)), owner(1), at(0)).await.unwrap();
    store.save_grant(code(name), &grant(1, name), &served(), at(0)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_one_user_does_at_once_is_done() {
    let database = PgDatabase::migrated(&test_server()).await;
    let handles = handles(&database).await;
    let done = race(&handles, 24, |store, number| async move {
        let (olena, name) = (user("olena"), format!("{}", number / 4));
        match number % 4 {
            0 => store.disconnect(&olena, Actor::User).await.map(drop),
            1 => store.open_attempt(&attempt(&name, &olena, i64::from(number))).await.map(drop),
            2 => store.admit_code(&by_app(code(&name), &olena), owner(number), at(0)).await.map(drop),
            _ => store.claim(code(&name), &olena, Epoch::default(), at(1)).await.map(drop),
        }
    });
    for outcome in done.await {
        outcome.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_at_once_wipe_each_grant_once_and_stand_in_no_claims_way() {
    let database = PgDatabase::migrated(&test_server()).await;
    let handles = handles(&database).await;
    let names: Vec<_> = (0..20).map(|number| format!("code {number}")).collect();
    for name in &names {
        waiting(&*handles[0], name).await;
    }
    // The claims come at the last moment by their instance's clock, the sweeps after it by theirs.
    let race = race(&handles, 10, |store, number| {
        let name = names[usize::from(number)].clone();
        async move {
            if number < 4 {
                return (store.sweep(at(20 * 60), store.clock().await.unwrap()).await.unwrap(), 0);
            }
            let claim = store.claim(code(&name), &user(&name), Epoch::default(), at(20 * 60 - 1)).await.unwrap();
            (0, usize::from(claim == Claim::Connected))
        }
    });
    let (mut wiped, mut claimed) = (0, 0);
    for (wipes, claims) in race.await {
        wiped += wipes;
        claimed += claims;
    }
    wiped += handles[0].sweep(at(20 * 60), handles[0].clock().await.unwrap()).await.unwrap();
    assert!(wiped + claimed >= names.len() && wiped <= names.len(), "{wiped} wiped, {claimed} claimed");
    for name in &names {
        let status = handles[1].exchange(code(name)).await.unwrap().unwrap().status;
        let connection = handles[1].connection(&user(name)).await.unwrap();
        match status {
            ExchangeStatus::Connected(_) => assert_eq!(connection.unwrap().grant(), Some(&grant(1, name))),
            ExchangeStatus::Unclaimed => assert_eq!(connection, None),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_default_is_stricter_grants_a_code_once_all_the_same() {
    let database = PgDatabase::migrated(&test_server()).await;
    let strict = format!("ALTER DATABASE {} SET default_transaction_isolation = 'serializable'", database.name());
    database.execute(&strict).await;
    let handles = handles(&database).await;
    let answers = race(&handles, 16, |store, number| async move {
        store.admit_code(&unsolicited(code("x")), owner(number), at(0)).await.unwrap()
    });
    let granted = answers.await.into_iter().filter(|answer| matches!(answer, Admitted::Granted(_))).count();
    assert_eq!(granted, 1);
}

#[test]
fn a_store_outlives_the_runtime_of_its_caller() {
    let main = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (database, store) = main.block_on(opened());
    for _ in 0..2 {
        // As an actix worker is: one thread, and gone one day.
        let worker = tokio::runtime::Builder::new_current_thread().build().unwrap();
        worker.block_on(store.beat()).unwrap();
    }
    drop(database);
}
