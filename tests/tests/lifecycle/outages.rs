//! The database goes at each step of a refresh, and comes back.

use std::time::{Duration, Instant};

use amo_connect_tests::{Served, until};
use futures_util::future::join_all;
use serde_json::Value;

use crate::stage::Stage;

/// A refresh that takes long enough for the database to go meanwhile.
const LATENCY: Duration = Duration::from_secs(2);

const ANSWERED: &str = "the CRM answered";
const NOT_SAVED: &str = "refreshed tokens not saved";

/// A service with a connection whose token is due.
async fn begun(stage: &Stage) -> Served {
    let service = stage.serve_when_due().await;
    stage.slow_down(LATENCY);
    service
}

/// Callers are refused, and amoCRM hears nothing of it.
async fn nothing_is_sent(stage: &Stage, service: &Served, codes: &[&str]) {
    for _ in 0..2 {
        let refused = service.get("olena", "/leads?limit=5").await.problem();
        assert!(refused.status == 503 && codes.contains(&refused.code.as_str()), "{refused:?}");
    }
    assert_eq!((stage.sandbox.stats().token_requests, stage.grant().refreshes), (1, 0));
}

/// One pair was bought, nobody refreshed meanwhile, and it is the one that is used.
async fn one_pair_was_bought_and_is_used(stage: &Stage, service: &Served) {
    let answers = join_all((0..5).map(|_| service.get("olena", "/leads?limit=5"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(stage.generation().await, 2);
    assert_eq!((stage.sandbox.stats().token_requests, stage.grant().refreshes), (2, 1));
    assert_eq!(service.standing("olena").await, ("connected".to_owned(), Value::Null));
}

/// `outage` begins when a caller's token has reached amoCRM. The caller is served all the same.
async fn a_caller_is_served_over(outage: impl Future<Output = ()>, stage: &Stage, service: &Served) {
    let outage = async {
        stage.until_token_requests(2).await;
        outage.await;
    };
    let (answer, ()) = tokio::join!(service.get("olena", "/leads?limit=5"), outage);
    assert_eq!(answer.status, 200, "{answer:?}");
    one_pair_was_bought_and_is_used(stage, service).await;
}

/// Ends when amoCRM has bought a pair and its saving has failed.
async fn until_a_pair_is_not_saved(stage: &Stage, service: &Served) {
    service.process().until_logged(NOT_SAVED).await;
    assert_eq!((stage.grant().refreshes, stage.generation().await), (1, 1));
}

mod postgres {
    use amo_connect_tests::{Proxy, Way};

    use super::*;

    async fn begun_behind_a_proxy() -> (Stage, Proxy, Served) {
        let mut stage = Stage::on_postgres().await;
        let proxy = stage.behind_a_proxy().await;
        let service = begun(&stage).await;
        (stage, proxy, service)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_that_is_gone_before_the_lease_keeps_the_token_at_home() {
        let (stage, proxy, service) = begun_behind_a_proxy().await;
        proxy.set(Way::Cut);
        nothing_is_sent(&stage, &service, &["storage_unavailable"]).await;
        proxy.set(Way::Open);
        one_pair_was_bought_and_is_used(&stage, &service).await;
    }

    /// The lease is on record, and its owner does not know: it sends nothing, and the token goes
    /// out when the lease has lapsed.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_lease_that_was_written_and_not_confirmed_is_nobodys() {
        let (stage, proxy, service) = begun_behind_a_proxy().await;
        let lease = "SELECT 'there' AS text FROM connections WHERE lease_owner IS NOT NULL";
        proxy.set(Way::Unconfirmed);
        let outage = async {
            until("a lease is written", async || !stage.texts(lease).await.is_empty()).await;
            proxy.set(Way::Cut);
            Instant::now()
        };
        let (answer, leased) = tokio::join!(service.get("olena", "/leads?limit=5"), outage);
        assert_eq!(answer.status, 503, "{answer:?}");
        proxy.set(Way::Open);

        stage.until_token_requests(2).await;
        assert!(leased.elapsed() > Duration::from_secs(14), "sent after {:?}", leased.elapsed());
        until("the pair is saved", async || stage.generation().await == 2).await;
        one_pair_was_bought_and_is_used(&stage, &service).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_pair_that_comes_while_the_database_is_gone_is_saved_when_it_is_back() {
        let (stage, proxy, service) = begun_behind_a_proxy().await;
        let outage = async {
            proxy.set(Way::Cut);
            until_a_pair_is_not_saved(&stage, &service).await;
            proxy.set(Way::Open);
        };
        a_caller_is_served_over(outage, &stage, &service).await;
    }

    /// The lease lapses under a sending that is still under way. Its process waits for the answer,
    /// which may bring the pair, and does not send the token again.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_that_is_gone_for_longer_than_a_lease_makes_nobody_send_again() {
        let (stage, proxy, service) = begun_behind_a_proxy().await;
        stage.slow_down(Duration::from_secs(21));
        let lapsed = "SELECT 'yes' AS text FROM connections \
                      WHERE lease_until < extract(epoch FROM clock_timestamp()) * 1000000";
        let outage = async {
            stage.until_token_requests(2).await;
            proxy.set(Way::Cut);
            until("the lease has lapsed", async || !stage.texts(lapsed).await.is_empty()).await;
            proxy.set(Way::Open);
        };
        let (answer, ()) = tokio::join!(service.get("olena", "/leads?limit=5"), outage);
        assert_eq!(answer.status, 503, "{answer:?}");
        // An app that comes again and again.
        until("it is served", async || service.get("olena", "/leads?limit=5").await.status == 200).await;
        one_pair_was_bought_and_is_used(&stage, &service).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_save_that_is_cut_off_is_done_again() {
        let (stage, proxy, service) = begun_behind_a_proxy().await;
        let seen = service.process().times_logged(ANSWERED);
        let outage = async {
            proxy.set(Way::Held);
            service.process().until_logged_again(ANSWERED, seen).await;
            proxy.set(Way::Cut);
            until_a_pair_is_not_saved(&stage, &service).await;
            proxy.set(Way::Open);
        };
        a_caller_is_served_over(outage, &stage, &service).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_save_that_was_done_and_not_confirmed_is_seen_to_be_done() {
        let (stage, proxy, service) = begun_behind_a_proxy().await;
        let outage = async {
            proxy.set(Way::Unconfirmed);
            until("the pair is in the database", async || stage.generation().await == 2).await;
            proxy.set(Way::Cut);
            service.process().until_logged(NOT_SAVED).await;
            proxy.set(Way::Open);
        };
        a_caller_is_served_over(outage, &stage, &service).await;
    }
}

mod sqlite {
    use std::path::PathBuf;

    use diesel::SqliteConnection;
    use diesel::connection::SimpleConnection as _;

    use super::*;

    /// Locks the file for all others until the connection is dropped. Readers read on.
    fn locked(stage: &Stage) -> SqliteConnection {
        let mut connection = stage.sqlite();
        connection.batch_execute("BEGIN EXCLUSIVE").unwrap();
        connection
    }

    /// The database file, and where it is while it is away.
    fn file(stage: &Stage) -> (PathBuf, PathBuf) {
        let file = stage.folder().join("test.db");
        let away = file.with_extension("away");
        (file, away)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_is_locked_before_the_lease_keeps_the_token_at_home() {
        let stage = Stage::on_sqlite().await;
        let service = begun(&stage).await;
        let lock = locked(&stage);
        nothing_is_sent(&stage, &service, &["refresh_in_progress", "storage_unavailable"]).await;
        drop(lock);
        one_pair_was_bought_and_is_used(&stage, &service).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_is_gone_before_the_lease_keeps_the_token_at_home() {
        let stage = Stage::on_sqlite().await;
        let service = begun(&stage).await;
        let (file, away) = file(&stage);
        std::fs::rename(&file, &away).unwrap();
        nothing_is_sent(&stage, &service, &["storage_unavailable"]).await;
        std::fs::rename(&away, &file).unwrap();
        one_pair_was_bought_and_is_used(&stage, &service).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_pair_that_comes_while_the_file_is_locked_is_saved_afterwards() {
        let stage = Stage::on_sqlite().await;
        let service = begun(&stage).await;
        let outage = async {
            let lock = locked(&stage);
            until_a_pair_is_not_saved(&stage, &service).await;
            drop(lock);
        };
        a_caller_is_served_over(outage, &stage, &service).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_pair_that_comes_while_the_file_is_gone_is_saved_when_it_is_back() {
        let stage = Stage::on_sqlite().await;
        let service = begun(&stage).await;
        let (file, away) = file(&stage);
        let outage = async {
            std::fs::rename(&file, &away).unwrap();
            service.process().until_logged(NOT_SAVED).await;
            std::fs::rename(&away, &file).unwrap();
        };
        a_caller_is_served_over(outage, &stage, &service).await;
    }
}
