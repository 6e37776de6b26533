//! The database loses what it has confirmed, as an asynchronous standby that takes over does.

use std::time::Duration;

use amo_connect_tests::{ACCOUNT, Served};
use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};

use crate::stage::Stage;

on_both_databases!(
    a_pair_that_the_database_has_lost_is_saved_again,
    a_pair_that_comes_after_the_one_before_it_was_lost_is_saved_too,
    a_spent_token_that_another_instance_has_sent_ends_nothing,
    a_disconnect_after_it_is_not_undone,
);

/// What the log says.
const LOST: &str = "the database has lost tokens that it had confirmed; they are saved again";

async fn execute(stage: &Stage, sql: &str) {
    match &stage.postgres {
        Some(database) => database.execute(sql).await,
        None => stage.sqlite().batch_execute(sql).unwrap(),
    }
}

/// Olena's tokens are renewed by `service`, and the database falls back to the row before that.
async fn lose_a_pair(stage: &Stage, service: &Served) {
    stage.connect_until_due(service).await;
    execute(stage, "CREATE TABLE standby AS SELECT * FROM connections").await;
    assert_eq!(leads(service).await, 200);
    assert_eq!(stage.generation().await, 2);
    execute(stage, "DELETE FROM connections; INSERT INTO connections SELECT * FROM standby").await;
    assert_eq!(stage.generation().await, 1);
}

async fn leads(service: &Served) -> u16 {
    service.get("olena", "/leads?limit=1").await.status
}

async fn a_pair_that_the_database_has_lost_is_saved_again(stage: Stage) {
    let service = stage.serve().await;
    lose_a_pair(&stage, &service).await;
    assert_eq!(leads(&service).await, 200);
    let line = service.process().until_logged(LOST).await;
    assert!(line.contains("ERROR") && line.contains("olena"), "{line}");
    assert_eq!((stage.generation().await, stage.sandbox.stats().refreshes), (2, 1));
    // It is the newest pair: the next refresh is served.
    stage.sandbox.expire_access(ACCOUNT).unwrap();
    assert_eq!(leads(&service).await, 200);
    assert_eq!((stage.generation().await, stage.sandbox.stats().most_refreshes_of_one_token), (3, 1));
}

async fn a_pair_that_comes_after_the_one_before_it_was_lost_is_saved_too(stage: Stage) {
    let service = stage.serve().await;
    stage.connect_until_due(&service).await;
    execute(&stage, "CREATE TABLE standby AS SELECT * FROM connections").await;
    assert_eq!(leads(&service).await, 200);
    stage.sandbox.expire_access(ACCOUNT).unwrap();
    // The second pair is spent, and the database falls back to the first before the third has come.
    stage.slow_down(Duration::from_secs(5));
    let fall_back = async {
        let requests = stage.sandbox.stats().token_requests;
        stage.until_token_requests(requests + 1).await;
        execute(&stage, "DELETE FROM connections; INSERT INTO connections SELECT * FROM standby").await;
    };
    let (status, ()) = tokio::join!(leads(&service), fall_back);
    assert_eq!((status, stage.generation().await), (200, 3));
    service.process().until_logged(LOST).await;
    // The third is the one that amoCRM takes.
    stage.slow_down(Duration::ZERO);
    stage.sandbox.expire_access(ACCOUNT).unwrap();
    assert_eq!(leads(&service).await, 200);
    assert_eq!((stage.generation().await, stage.sandbox.stats().most_refreshes_of_one_token), (4, 1));
}

async fn a_spent_token_that_another_instance_has_sent_ends_nothing(stage: Stage) {
    let (service, other) = (stage.serve().await, stage.serve_elsewhere().await);
    lose_a_pair(&stage, &service).await;
    assert_eq!(leads(&other).await, 409);
    assert_eq!(other.standing("olena").await, ("needs_reauth".to_owned(), json!("grant_revoked")));
    assert_eq!(leads(&service).await, 200);
    assert_eq!(other.standing("olena").await, ("connected".to_owned(), Value::Null));
    assert_eq!(leads(&other).await, 200);
}

async fn a_disconnect_after_it_is_not_undone(stage: Stage) {
    let (service, other) = (stage.serve().await, stage.serve_elsewhere().await);
    lose_a_pair(&stage, &service).await;
    assert_eq!(other.post("olena", "/disconnect", json!({})).await.status, 200);
    assert_eq!(leads(&service).await, 409);
    assert_eq!(service.state_of("olena").await, "not_connected");
    assert_eq!(service.process().times_logged(LOST), 0);
}
