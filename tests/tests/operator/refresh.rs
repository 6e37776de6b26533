//! `connections refresh`: it ends when this process has nothing more to do about it, and says how.

use std::time::Duration;

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, Process, World, until};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use serde_json::Value;

use super::{begin, connections};

const REFRESH: [&str; 3] = ["connections", "refresh", "olena"];

/// Longer than anybody waits for a refresh that another does.
const LONG: Duration = Duration::from_secs(17);

/// A refresh whose token has reached amoCRM, which takes so long to answer, and answers so.
async fn sent(world: &World, latency: Duration, fail_token: Vec<Failure>) -> Process {
    let token_latency_ms = latency.as_millis().try_into().unwrap();
    world.sandbox.set_faults(Faults { token_latency_ms, fail_token, ..Faults::default() }).unwrap();
    let before = world.sandbox.stats().token_requests;
    let process = begin(world, &REFRESH);
    until("the token has been sent", async || world.sandbox.stats().token_requests > before).await;
    process
}

/// The database, for what no command does.
pub(super) fn database(world: &World) -> SqliteConnection {
    let url = world.settings.database_url.as_ref().unwrap();
    let mut connection = SqliteConnection::establish(url.strip_prefix("sqlite:").unwrap()).unwrap();
    connection.batch_execute("PRAGMA busy_timeout = 20000").unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_renews_the_tokens_that_the_service_uses_from_then_on() {
    let world = World::connected().await;
    let (code, output, complaint) = connections(&world, &["refresh", "olena"]).await;
    assert_eq!(code, Some(0), "{complaint}");
    assert!(output.contains("connected"), "{output}");
    assert_eq!(world.sandbox.stats().refreshes, 1);
    assert_ne!(world.get("olena", "/status").await.data()["lastRefreshedAt"], Value::Null);
    assert_eq!((world.get("olena", "/leads").await.status, world.sandbox.stats().refreshes), (200, 1));

    world.sandbox.revoke(ACCOUNT).unwrap();
    let (code, _, complaint) = connections(&world, &["refresh", "olena"]).await;
    assert_eq!(code, Some(1));
    assert!(complaint.contains("the grant is dead"), "{complaint}");
    assert_eq!(world.get("olena", "/status").await.data()["problem"]["code"], "grant_revoked");
    let (code, _, complaint) = connections(&world, &["refresh", "nobody"]).await;
    assert_eq!((code, complaint.contains("not connected")), (Some(1), true), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_is_told_to_stop_waits_for_amocrm_and_saves_the_pair() {
    let world = World::connected().await;
    for (number, tell) in [(1, Process::interrupt as fn(&Process)), (2, Process::terminate)] {
        let process = sent(&world, Duration::from_secs(3), vec![]).await;
        tell(&process);
        process.until_logged("waiting for amoCRM").await;
        assert_eq!(world.sandbox.stats().refreshes, number - 1, "amoCRM was quicker than the signal");
        let (code, output, complaint) = process.ended().await;
        assert_eq!(code, Some(0), "{complaint}");
        assert!(output.contains("connected"), "{output}");
        assert_eq!(world.sandbox.stats().refreshes, number);
    }
    let (code, _, complaint) = connections(&world, &["refresh", "olena"]).await;
    assert_eq!((code, world.sandbox.stats().refreshes), (Some(0), 3), "the pair was not saved: {complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_leaves_the_refresh_undone() {
    let world = World::connected().await;
    let process = sent(&world, LONG, vec![]).await;
    process.interrupt();
    let said = process.until_logged("waiting for amoCRM").await;
    assert!(said.contains("a second interrupt leaves the refresh undone"), "{said}");
    process.interrupt();
    let (code, output, complaint) = process.ended().await;
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert!(complaint.contains("interrupted twice: amoCRM has not answered"), "{complaint}");
    assert_eq!(world.sandbox.stats().refreshes, 0, "amoCRM was quicker than the signals");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_succeeds_only_with_new_tokens_however_long_that_takes() {
    let world = World::connected().await;
    let slow = sent(&world, LONG, vec![]).await;
    let (code, output, complaint) = connections(&world, &["refresh", "olena"]).await;
    assert_eq!((code, output.as_str()), (Some(1), ""), "{complaint}");
    assert!(complaint.contains("another process is still at it"), "{complaint}");
    assert_eq!(world.sandbox.stats().refreshes, 0, "amoCRM was quicker than the longest_wait of the second");
    let (code, output, complaint) = slow.ended().await;
    assert_eq!((code, world.sandbox.stats().refreshes), (Some(0), 1), "{complaint}");
    assert!(output.contains("connected"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_comes_late_is_the_reason_of_the_failure() {
    let world = World::connected().await;
    let (code, output, complaint) = sent(&world, LONG, vec![Failure::Status(402)]).await.ended().await;
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert!(
        complaint.contains("there are no new tokens; the problem on record is payment_required since"),
        "{complaint}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_cannot_be_saved_in_time_is_counted_as_lost() {
    let mut world = World::connected().await;
    world.settings.shutdown_timeout = Some("1s".to_owned());
    let process = sent(&world, Duration::from_secs(2), vec![]).await;
    let mut lock = database(&world);
    lock.batch_execute("BEGIN EXCLUSIVE").unwrap();
    let (code, output, complaint) = process.ended().await;
    assert_eq!((code, output.as_str(), world.sandbox.stats().refreshes), (Some(1), "", 1));
    assert!(complaint.contains("has given 1 token pair(s) that could not be saved and are lost"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_written_is_named_and_amocrm_is_not() {
    for table in ["turns", "connections"] {
        let world = World::connected().await;
        let full = "SELECT RAISE(ABORT, 'database or disk is full')";
        let trigger = format!("CREATE TRIGGER refuse BEFORE UPDATE ON {table} BEGIN {full}; END");
        database(&world).batch_execute(&trigger).unwrap();
        let (code, _, complaint) = connections(&world, &["refresh", "olena"]).await;
        assert_eq!(code, Some(1));
        assert!(
            complaint.contains("amo-connect: the database is not available: it could not be written"),
            "{complaint}"
        );
        assert!(complaint.contains("database or disk is full"), "the log has the cause: {complaint}");
        assert_eq!(world.sandbox.stats().token_requests, 1);
        assert_eq!(world.get("olena", "/status").await.data()["problem"], Value::Null);
    }
}
