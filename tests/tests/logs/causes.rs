//! A failed request names its cause, down to the database's code or the operating system's error.

use std::path::Path;

use amo_connect_tests::{
    Answer, PgDatabase, Process, Proxy, Served, World, binary, jwt, start_unread, test_server, until, variables,
};
use serde_json::{Value, json};

use crate::{lines, terminate};

/// The cause in the line of the only request that failed.
fn cause(log: &str) -> String {
    let failed: Vec<_> = lines(log).into_iter().filter(|line| line["message"] == "a request failed").collect();
    let [line] = &failed[..] else { panic!("{log}") };
    assert_eq!((&line["level"], &line["error.code"]), (&json!("ERROR"), &json!("storage_unavailable")), "{line}");
    let log = log.to_lowercase();
    assert!(!log.contains("insert into") && !log.contains("base/16384"), "{log}");
    line["error.cause"].as_str().unwrap().to_owned()
}

async fn is_refused(world: &World) -> bool {
    let request = world.http().post(world.url("/authorize")).bearer_auth(jwt("olena")).json(&json!({}));
    Answer::to(request).await.status == 503
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_is_the_cause_of_a_failed_request() {
    let world = World::without_service().await;
    // The database is made first, so that only what is written from then on meets the end of the disk.
    Served::start(&world.settings, &world.folder()).await.into_process().stop().await;
    let program = format!("trap '' XFSZ; ulimit -f 256; exec '{}' serve", binary().display());
    let child = start_unread(Path::new("/bin/sh"), &["-c", &program], &world.settings, &[], &world.folder());
    world.until_it_answers().await;
    until("the disk is full", async || is_refused(&world).await).await;
    terminate(&child);
    let log = String::from_utf8(child.wait_with_output().await.unwrap().stderr).unwrap();
    let cause = cause(&log);
    assert!(cause.contains("disk I/O error") || cause.contains("database or disk is full"), "{cause}");
}

/// What a failed `/authorize` says, where PostgreSQL refuses its statement with this.
async fn told_by_postgres(message: &str, state: &str) -> String {
    let database = PgDatabase::migrated(&test_server()).await;
    let mut world = World::without_service().await;
    world.settings.database_url = Some(database.url());
    let served = Served::start(&world.settings, &world.folder()).await;
    let refuse = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = '{state}'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON attempts FOR EACH ROW EXECUTE FUNCTION refuse()"
    );
    database.execute(&refuse).await;
    assert!(is_refused(&world).await);
    cause(&served.into_process().stop().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_and_a_standby_are_told_by_postgresqls_code() {
    let full = told_by_postgres("could not extend file \"base/16384/1\": No space left on device", "53100").await;
    assert!(full.ends_with(": No space left on device (SQLSTATE 53100)"), "{full}");
    let standby = told_by_postgres("cannot execute INSERT in a read-only transaction", "25006").await;
    assert!(standby.ends_with(": the transaction is read-only (SQLSTATE 25006)"), "{standby}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_told_by_the_error_of_the_system() {
    let database = PgDatabase::migrated(&test_server()).await;
    let mut world = World::without_service().await;
    let proxy = Proxy::to(&test_server()).await;
    world.settings.database_url = Some(proxy.url(database.name()));
    let served = Served::start(&world.settings, &world.folder()).await;
    drop(proxy);
    until("the pool has noticed", async || {
        assert!(is_refused(&world).await);
        served.process().logged().contains("Connection refused")
    })
    .await;
    served.into_process().stop().await;

    let variables = variables(&world.settings);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (code, _, log) = Process::start(&["serve"], &variables, &world.folder()).ended().await;
    assert_eq!(code, Some(1), "{log}");
    let line: Value = serde_json::from_str(log.trim()).unwrap();
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("the server cannot be reached: Connection refused (os error "), "{error}");
}
