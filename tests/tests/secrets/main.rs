//! Planted secrets: whatever happens, none of them is in a log, an answer, a metric, a trace, the database, a command's
//! output or a `Debug`.

#![expect(clippy::unwrap_used, reason = "what a test stands on fails it")]

mod collect;
mod commands;
mod connecting;
mod debug;
mod failing;
mod outputs;
mod panicking;
mod planted;
mod sources;
mod stage;
mod using;
mod wire;

use amo_connect_tests::ACCOUNT;

use crate::planted::{Kind, distinctive};
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_gets_out_on_sqlite_with_a_log_in_json() {
    Box::pin(play(Stage::on_sqlite("json").await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_gets_out_on_postgres_with_a_log_in_text() {
    Box::pin(play(Stage::on_postgres("text").await)).await;
}

/// All that can happen, to one service that is killed, and to another one that has a wrong client secret.
async fn play(mut stage: Stage) {
    stage.serve().await;
    connecting::connect(&stage).await;
    let lead = using::read(&stage).await;
    using::write(&stage, &lead).await;
    using::end(&stage).await;
    failing::tokens(&stage).await;
    failing::calls(&stage, &lead).await;
    failing::database(&stage).await;
    commands::run(&stage).await;
    stage.scrape().await;
    stage.take_database().await;
    stage.kill().await;
    stage.take_database().await;

    stage.settings.amo_client_secret = Some(stage.secrets.plant(Kind::ClientSecret, distinctive()));
    stage.serve().await;
    stage.sandbox.expire_access(ACCOUNT).unwrap();
    stage.expect(502, &stage.get("olena", "/leads?limit=1").await);
    stage.scrape().await;
    stage.stop().await;
    if stage.postgres.is_none() {
        commands::move_store(&stage).await;
    }
    stage.take_database().await;
    stage.check().await;
}
