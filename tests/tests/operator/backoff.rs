//! `connections refresh` during a backoff: it asks amoCRM at once, except while a sending is in doubt.

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{World, until};
use diesel::connection::SimpleConnection as _;
use serde_json::Value;

use super::refresh::database;
use super::{begin, connections};

const REFRESH: [&str; 2] = ["refresh", "olena"];

/// A connection whose access token has ended for the service, and whose refresh `failure` has just
/// met, so that it backs off for long.
async fn backing_off(failure: Failure) -> World {
    let world = World::connected().await;
    database(&world).batch_execute("UPDATE connections SET issued_at = 0, expires_at = 1").unwrap();
    fails(&world, Some(failure));
    assert_eq!(world.get("olena", "/leads").await.problem(), (502, "crm_unavailable"));
    fails(&world, None);
    back_off_for_long(&world);
    world
}

fn fails(world: &World, failure: Option<Failure>) {
    world.sandbox.set_faults(Faults { token_outage: failure, ..Faults::default() }).unwrap();
}

/// Delays the end of the backoff by 200 s, as more failures would have done.
fn back_off_for_long(world: &World) {
    let by = "200 * 1000000";
    let longer = format!(
        "UPDATE connections SET lease_until = lease_until + {by}, lease_for = lease_for + {by}, \
         lease_lasts = lease_lasts + {by}"
    );
    database(world).batch_execute(&longer).unwrap();
}

fn token_requests(world: &World) -> u64 {
    world.sandbox.stats().token_requests
}

/// Nobody of the service's asks amoCRM.
async fn the_service_waits(world: &World) {
    let before = token_requests(world);
    assert_eq!(world.get("olena", "/leads").await.problem(), (502, "crm_unavailable"));
    assert_eq!(token_requests(world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_within_a_backoff_asks_amocrm_at_once_and_succeeds_once_the_cause_is_mended() {
    let world = backing_off(Failure::Status(402)).await;
    the_service_waits(&world).await;

    // The cause is not mended yet: amoCRM says so itself.
    let before = token_requests(&world);
    fails(&world, Some(Failure::Status(402)));
    let (code, _, complaint) = connections(&world, &REFRESH).await;
    assert_eq!((code, token_requests(&world)), (Some(1), before + 1), "{complaint}");
    assert!(complaint.contains("the amoCRM account is not paid for"), "{complaint}");
    assert!(!complaint.contains("was not asked"), "{complaint}");
    assert_eq!(world.get("olena", "/status").await.data()["problem"]["code"], "payment_required");

    fails(&world, None);
    back_off_for_long(&world);
    the_service_waits(&world).await;
    let (code, output, complaint) = connections(&world, &REFRESH).await;
    assert_eq!((code, token_requests(&world)), (Some(0), before + 2), "{complaint}");
    assert!(output.contains("connected"), "{output}");
    assert_eq!(world.get("olena", "/leads").await.status, 200);
    assert_eq!(world.get("olena", "/status").await.data()["problem"], Value::Null);
    assert_eq!(token_requests(&world), before + 2, "the service uses the operator's pair");
}

/// The secret is mended at once, in the same settings that the service will get.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_after_the_secret_was_mended_is_not_told_that_it_is_wrong() {
    let mut world = World::connected().await;
    // Its secret is right, so it may refresh at any time.
    world.stop_service().await;
    let secret = world.settings.amo_client_secret.replace("wrong".to_owned());
    for asked in [2, 3] {
        let (code, _, complaint) = connections(&world, &REFRESH).await;
        assert_eq!((code, token_requests(&world)), (Some(1), asked), "{complaint}");
        assert!(complaint.contains("amoCRM gave no access token: amoCRM refused the integration"), "{complaint}");
        back_off_for_long(&world);
    }
    world.settings.amo_client_secret = secret;
    let (code, _, complaint) = connections(&world, &REFRESH).await;
    assert_eq!((code, token_requests(&world)), (Some(0), 4), "{complaint}");
}

/// amoCRM may have rotated the token: it is sent again when the backoff is over, and not before.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_while_a_sending_is_in_doubt_is_refused_without_asking() {
    let world = backing_off(Failure::Drop).await;
    let before = token_requests(&world);
    let (code, _, complaint) = connections(&world, &REFRESH).await;
    assert_eq!((code, token_requests(&world)), (Some(1), before), "{complaint}");
    let why = "amoCRM was not asked: it is in doubt what became of the last try (amoCRM is not available); \
               the next may be made in ";
    let seconds = complaint.split(why).nth(1).unwrap_or_else(|| panic!("{complaint}"));
    let seconds: u64 = seconds.split(' ').next().unwrap().parse().unwrap();
    assert!((100..=202).contains(&seconds), "{seconds}");

    database(&world).batch_execute("UPDATE connections SET lease_until = 0").unwrap();
    until("the doubt is resolved by itself", async || token_requests(&world) > before).await;
    assert_eq!(world.get("olena", "/leads").await.status, 200);
}

/// The service is at it: the command waits for that, and never sends the token beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_while_another_process_sends_the_token_does_not_send_it() {
    let world = backing_off(Failure::Status(402)).await;
    database(&world).batch_execute("UPDATE connections SET lease_until = 0").unwrap();
    let before = token_requests(&world);
    world.sandbox.set_faults(Faults { token_latency_ms: 4_000, ..Faults::default() }).unwrap();
    let reading = async { world.get("olena", "/leads").await };
    let command = async {
        until("the service has sent it", async || token_requests(&world) > before).await;
        let process = begin(&world, &["connections", "refresh", "olena"]);
        process.ended().await
    };
    let (answer, (code, _, complaint)) = tokio::join!(reading, command);
    assert_eq!((answer.status, code), (200, Some(0)), "{complaint}");
    let stats = world.sandbox.stats();
    assert_eq!((stats.token_requests, stats.most_refreshes_of_one_token), (before + 1, 1), "{stats:?}");
}
