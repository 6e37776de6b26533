//! Rows that make no sense are reported, whatever is wrong with them, and break nothing.

use amo_connect_domain::ports::{StoreError, TokenStore as _};

use super::fixtures::*;

/// Every row of a filled store, read. The first failure, if there is one.
async fn read_all(scratch: &Scratch) -> Result<(), StoreError> {
    let store = scratch.store().await;
    store.connection(&user("olena")).await?;
    for name in ["waiting", "claimable", "in flight"] {
        store.exchange(code(name)).await?;
    }
    store.attempt(attempt("open", user("olena"), 0).id).await?;
    store.attempt(attempt("ivan's", user("ivan"), 0).id).await?;
    store.lease_refresh(&user("olena"), &lease_request(connected("olena").generation, owner(2))).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_makes_no_sense_is_corrupt() {
    for damage in [
        "connections SET state = 'confused'",
        "connections SET state = 'needs_reauth'",
        "connections SET state = 'needs_reauth', reauth_since = 1, reauth_reason = 'mood'",
        "connections SET tokens = NULL",
        "connections SET tokens = x''",
        "connections SET host = NULL",
        "connections SET expires_at = NULL",
        "connections SET expires_at = 9223372036854775807",
        "connections SET connected_at = -9223372036854775808",
        "connections SET revision = -1",
        "connections SET epoch = -1",
        "connections SET generation = 9223372036854775807",
        "connections SET problem = 'rate_limited'",
        "connections SET lease_owner = x'0102'",
        "connections SET lease_until = NULL",
        "connections SET lease_generation = -1",
        "connections SET lease_in_doubt = NULL",
        "attempts SET state = 'confused'",
        "attempts SET state = 'failed', reason = 'mood'",
        "attempts SET code_hash = NULL WHERE state = 'spent'",
        "attempts SET code_hash = x'01' WHERE state = 'spent'",
        "attempts SET user_id = x''",
        "attempts SET user_id = x'ff'",
        "attempts SET user_id = zeroblob(256)",
        "attempts SET opened_at = 9223372036854775807",
        "exchanges SET state = 'confused'",
        "exchanges SET lease_until = NULL",
        "exchanges SET lease_owner = zeroblob(17)",
        "exchanges SET claim_by = NULL",
        "exchanges SET tokens = NULL",
        "exchanges SET grant_host = NULL",
        "exchanges SET state = 'connected'",
        "exchanges SET came_with = zeroblob(31)",
        "exchanges SET attempt_id = zeroblob(15)",
        "exchanges SET user_id = x'ff'",
        "exchanges SET epoch = -1",
        "exchanges SET admitted_at = 9223372036854775807",
    ] {
        let scratch = Scratch::new();
        fill(&scratch.store().await).await;
        read_all(&scratch).await.unwrap();
        scratch.execute(&format!("UPDATE {damage}"));
        let read = read_all(&scratch).await;
        assert!(matches!(read, Err(StoreError::Corrupt(_))), "{damage}: {read:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_that_only_a_newer_version_knows_is_in_no_pairs_way() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    store.save(&connected("olena"), None).await.unwrap();
    scratch.execute("UPDATE connections SET problem = 'under_review', problem_since = 1");
    let stored = store.connection(&user("olena")).await.unwrap().unwrap();
    assert_eq!(stored.problem, None);
    let saved = store
        .save_rotated(&user("olena"), stored.generation, &grant(1, "next").tokens, &served(), at(1))
        .await
        .unwrap();
    assert_eq!(saved.grant().unwrap().tokens, grant(1, "next").tokens);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_shows_neither_statement_nor_value() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    scratch.execute("ALTER TABLE connections RENAME COLUMN tokens TO gone");
    let StoreError::Unavailable(source) = store.save(&connected("olena"), None).await.unwrap_err() else {
        panic!("a missing column is not the row's fault");
    };
    for shown in [format!("{source}"), format!("{source:?}")] {
        for word in ["tokens", "connections", "olena", "INSERT"] {
            assert!(!shown.contains(word), "{shown}");
        }
    }
}
