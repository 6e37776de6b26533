//! Columns that an older build does not know: it leaves them as they are, so they may be stale.

use amo_connect_contract::fixtures::{attempt, client, user};
use amo_connect_domain::authorization::attempt::{Attempt, AttemptState};
use amo_connect_domain::ids::{Generation, UserId};
use amo_connect_domain::ports::Storage;
use amo_connect_tests::{PgOfServer, SqliteFile, TestDatabase as _};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use crate::recording::KEY;
use crate::rows::fill;

/// What the build before `lease_for` and its columns wrote: another backoff, and a new epoch. And one before
/// `deep_link`: an attempt ends.
const OLDER_BUILD: &str = "
    UPDATE connections SET lease_owner = NULL, lease_until = lease_until + 1, lease_generation = 1, lease_in_doubt =
        (1 = 0), lease_tries = 2 WHERE problem IS NULL AND accused_client IS NOT NULL;
    UPDATE connections SET epoch = epoch + 1, generation = generation + 1, revision = revision + 1
        WHERE problem = 'account_refused';
    UPDATE attempts SET state = 'denied', code_hash = NULL, reason = NULL WHERE deep_link IS NOT NULL;
";

/// Whose accusation is over for another client.
async fn acquitted(store: &impl Storage) -> Vec<(UserId, Generation)> {
    store.acquitted_refreshes(client(2), None, 10).await.unwrap()
}

async fn refused_pairs(store: &impl Storage) -> Option<u32> {
    let row = store.connection(&user("troubled")).await.unwrap().unwrap();
    row.refused.map(|refused| refused.count)
}

/// What was written for an older lease and an older epoch is unknown, and not believed.
async fn assert_stale_columns_do_not_count(store: &impl Storage, older_build: impl AsyncFnOnce()) {
    fill(store).await;
    assert_eq!(acquitted(store).await, [(user("accused"), Generation(1))]);
    assert_eq!(refused_pairs(store).await, Some(1));
    let led = Attempt { deep_link: Some("foryoure-dev://back".to_owned()), ..attempt("led", &user("petro"), 0) };
    store.open_attempt(&led).await.unwrap();
    older_build().await;
    let ended = Attempt { state: AttemptState::Denied, ..led };
    assert_eq!(store.attempt(ended.id).await.unwrap(), Some(ended), "the link is as it was written");
    assert_eq!(acquitted(store).await, []);
    assert_eq!(refused_pairs(store).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_build_left_stale_does_not_count_on_sqlite() {
    let file = SqliteFile::fresh().await;
    let store = file.open(KEY).await;
    assert_stale_columns_do_not_count(&store, async || {
        let mut raw = SqliteConnection::establish(file.path().to_str().unwrap()).unwrap();
        raw.batch_execute(OLDER_BUILD).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_build_left_stale_does_not_count_on_postgres() {
    let fresh = PgOfServer::fresh().await;
    let store = fresh.open(KEY).await;
    assert_stale_columns_do_not_count(&store, async || fresh.database.execute(OLDER_BUILD).await).await;
}
