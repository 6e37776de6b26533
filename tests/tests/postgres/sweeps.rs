//! Sweeps: as much as there is, and in nobody's way.

use amo_connect_contract::fixtures::{at, attempt, code, grant, owner, served, unsolicited, user};
use amo_connect_domain::ports::{Maintenance as _, StoreHealth as _, TokenStore};

use crate::steps::opened;

/// More than a transaction of a sweep takes.
const MANY: usize = 450;

/// The codes are of the day before yesterday, by the server's clock.
const OLD: &str = "UPDATE exchanges SET admitted_at = admitted_at - 2 * 86400 * 1000000::bigint";

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_any_length_is_wiped_and_forgotten() {
    let (database, store) = opened().await;
    store.admit_code(&unsolicited(code("x")), owner(1), at(0)).await.unwrap();
    store.save_grant(code("x"), &grant(1, "x"), &served(), at(0)).await.unwrap();
    let columns = "came_with, attempt_id, user_id, claim_needed, host, epoch, state, lease_owner, lease_until, grant_host, \
                   account_id, tokens, issued_at, expires_at, claim_by, connected_epoch, admitted_at";
    let copies = format!(
        "INSERT INTO exchanges (code_hash, {columns}) SELECT sha256(n::text::bytea), {columns} \
         FROM exchanges, generate_series(1, {}) n",
        MANY - 1
    );
    database.execute(&copies).await;
    assert_eq!(store.sweep(at(20 * 60), store.clock().await.unwrap()).await.unwrap(), MANY);
    let left = "SELECT count(*) FROM exchanges WHERE tokens IS NOT NULL";
    assert_eq!(database.value(left).await.unwrap(), "0");
    let later = store.clock().await.unwrap();
    database.execute(OLD).await;
    assert_eq!(store.sweep(later, later).await.unwrap(), 0);
    assert_eq!(database.value("SELECT count(*) FROM exchanges").await.unwrap(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_waits_for_nobody() {
    let (database, store) = opened().await;
    for name in ["one", "another"] {
        store.open_attempt(&attempt(name, &user(name), 0)).await.unwrap();
        store.admit_code(&unsolicited(code(name)), owner(1), at(0)).await.unwrap();
        store.save_grant(code(name), &grant(1, name), &served(), at(0)).await.unwrap();
    }
    database.execute(OLD).await;
    let busy = "SELECT 1 FROM exchanges ORDER BY code_hash LIMIT 1 FOR UPDATE; \
                SELECT 1 FROM attempts ORDER BY id LIMIT 1 FOR UPDATE";
    // A wait for these rows would end by the lock's time limit, as an error.
    let changing = database.transaction(busy).await;
    assert_eq!(store.sweep(at(20 * 60), store.clock().await.unwrap()).await.unwrap(), 1);
    let later = store.clock().await.unwrap();
    assert_eq!(store.sweep(later, later).await.unwrap(), 0);
    let left = "SELECT (SELECT count(*) FROM exchanges) + (SELECT count(*) FROM attempts)";
    assert_eq!(database.value(left).await.unwrap(), "2", "only those that somebody is changing are left");
    drop(changing);
    while database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid'").await.unwrap() != "0" {
        tokio::task::yield_now().await;
    }
    store.sweep(later, later).await.unwrap();
    assert_eq!(database.value(left).await.unwrap(), "0");
}
