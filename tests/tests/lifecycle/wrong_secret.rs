//! A wrong `AMO_CLIENT_SECRET` is deployed and corrected: no account is blamed, and no user waits for long.

use std::time::Duration;

use amo_connect::config::Given;
use amo_connect_sandbox::Faults;
use amo_connect_tests::{ACCOUNT, RIVAL, Served, until, until_within};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::stage::{DETAILS, Stage};

on_both_databases!(
    a_wrong_secret_is_the_operators_mistake_and_ends_with_it,
    the_first_that_is_served_ends_all_backoffs_of_an_accused_client,
    in_a_rolling_deploy_the_wrong_instance_is_misconfigured_and_the_right_one_serves,
);

const USERS: usize = 12;

/// How soon everybody is back: within a few rounds of the background, each two seconds after the other.
const SOON: Duration = Duration::from_secs(10);

/// What the log says of a client that is accused.
const ACCUSED: &str = "amoCRM does not accept the integration";

fn users() -> impl Iterator<Item = String> {
    (0..USERS).map(|number| format!("u{number}"))
}

/// A service that all users were connected by, the half of them to each of two accounts. Their
/// access tokens have ended.
async fn connected(stage: &Stage) -> Served {
    let service = stage.serve().await;
    for (number, user) in users().enumerate() {
        stage.connect_by(&service, &user, [ACCOUNT, RIVAL][number % 2]).await;
    }
    stage.end_access().await;
    service
}

/// What `/leads` says to `user`, and the problem on record after it.
async fn leads(service: &Served, user: &str) -> (u16, Value) {
    let status = service.get(user, "/leads?limit=1").await.status;
    let (state, problem) = service.standing(user).await;
    assert_eq!(state, "connected", "{user}");
    (status, problem)
}

/// The same for all users at once.
async fn everybodys_leads(service: &Served) -> Vec<(u16, Value)> {
    let users: Vec<String> = users().collect();
    join_all(users.iter().map(|user| leads(service, user))).await
}

fn misconfigured() -> Vec<(u16, Value)> {
    vec![(502, json!("misconfigured")); USERS]
}

fn served() -> Vec<(u16, Value)> {
    vec![(200, json!(null)); USERS]
}

/// Delays the end of all backoffs, as many failures would have done.
async fn back_off_for_long(stage: &Stage) {
    let by = "280 * 1000000";
    let longer = format!(
        "UPDATE connections SET lease_until = lease_until + {by}, lease_for = lease_for + {by}, lease_lasts = lease_lasts + {by}"
    );
    stage.execute(&longer).await;
}

/// Whether nobody has a problem, and everybody a pair that lives.
async fn all_are_back(stage: &Stage) -> bool {
    let hindered = "SELECT problem AS text FROM connections WHERE problem IS NOT NULL";
    let now = stage.sandbox.clock().now;
    stage.texts(hindered).await.is_empty() && stage.sandbox.grants().iter().all(|grant| grant.access_expires_at > now)
}

/// Who was ever said to be at fault.
async fn blamed(stage: &Stage) -> Vec<String> {
    let mut reasons = stage.texts("SELECT reason AS text FROM audit WHERE event = 'problem_began'").await;
    reasons.sort();
    reasons.dedup();
    reasons
}

async fn a_wrong_secret_is_the_operators_mistake_and_ends_with_it(mut stage: Stage) {
    let service = connected(&stage).await;
    // One was refreshed a moment ago, so the old service was right.
    assert_eq!(leads(&service, "u0").await, (200, json!(null)));
    service.into_process().stop().await;
    stage.end_access().await;
    let secret = stage.world.settings.amo_client_secret.replace("wrong".to_owned());

    let wrong = stage.serve().await;
    assert_eq!(everybodys_leads(&wrong).await, misconfigured());
    let line = wrong.process().until_logged(ACCUSED).await;
    assert!(line.contains("ERROR") && line.contains("AMO_CLIENT_SECRET"), "{line}");
    // After their backoffs they are tried again, and still are not at fault.
    let fewest_tries = "SELECT CAST(MIN(lease_tries) AS TEXT) AS text FROM connections";
    let tried_again = async || {
        assert_eq!(everybodys_leads(&wrong).await, misconfigured());
        stage.texts(fewest_tries).await[0].parse::<u32>().unwrap() >= 2
    };
    until("everybody was tried twice", tried_again).await;
    assert_eq!(blamed(&stage).await, ["misconfigured"]);
    wrong.into_process().stop().await;
    back_off_for_long(&stage).await;

    stage.world.settings.amo_client_secret = secret;
    let right = stage.serve().await;
    let took = until_within(SOON, "all are back", async || all_are_back(&stage).await).await;
    eprintln!("{USERS} users are back {took:?} after the right secret");
    assert_eq!(everybodys_leads(&right).await, served());
    let stats = stage.sandbox.stats();
    assert_eq!((stats.refreshes, stats.most_refreshes_of_one_token), (1 + u64::try_from(USERS).unwrap(), 1));
}

/// The client is the same before and after: amoCRM itself did not know it for a while.
async fn the_first_that_is_served_ends_all_backoffs_of_an_accused_client(stage: Stage) {
    let service = connected(&stage).await;
    stage.sandbox.set_faults(Faults { unpaid: true, ..Faults::default() }).unwrap();
    assert_eq!(everybodys_leads(&service).await, misconfigured());
    back_off_for_long(&stage).await;
    stage.sandbox.set_faults(Faults::default()).unwrap();

    let asked = stage.sandbox.stats().token_requests;
    assert_eq!(everybodys_leads(&service).await, misconfigured());
    assert_eq!(stage.sandbox.stats().token_requests, asked, "they back off");
    stage.connect_by(&service, "newcomer", ACCOUNT).await;
    let took = until_within(SOON, "all are back", async || all_are_back(&stage).await).await;
    eprintln!("{USERS} users are back {took:?} after the first that was served");
    assert_eq!(everybodys_leads(&service).await, served());
    assert_eq!(blamed(&stage).await, ["misconfigured"]);
}

async fn in_a_rolling_deploy_the_wrong_instance_is_misconfigured_and_the_right_one_serves(stage: Stage) {
    const ROUNDS: usize = 3;
    let right = connected(&stage).await;
    let settings = Given { amo_client_secret: Some("wrong".to_owned()), ..stage.settings_elsewhere() };
    let wrong = Served::start_with(&settings, &DETAILS, &stage.folder()).await;
    for round in 1..=ROUNDS {
        assert_eq!(statuses(&wrong).await, [502; USERS], "round {round}");
        wrong.process().until_logged_again(ACCUSED, round * USERS - 1).await;
        assert_eq!(wrong.process().times_logged(ACCUSED), round * USERS, "round {round}");
        // At once, although each has just begun to back off for the wrong secret.
        assert_eq!(statuses(&right).await, [200; USERS], "round {round}");
        stage.end_access().await;
    }
    // An accusation is no news where the right instance has got new tokens before it was noted.
    let told = "SELECT 'x' AS text FROM (SELECT DISTINCT user_id FROM audit WHERE event = 'problem_began') AS told";
    assert_eq!(stage.texts(told).await.len(), USERS);
    assert_eq!(blamed(&stage).await, ["misconfigured"]);
    assert_eq!(right.process().times_logged(ACCUSED), 0);
    assert_eq!(stage.sandbox.stats().most_refreshes_of_one_token, 1);
}

/// The status of `/leads` for each user. The right instance may clear the problem any moment.
async fn statuses(service: &Served) -> Vec<u16> {
    let users: Vec<String> = users().collect();
    let answers = join_all(users.iter().map(|user| service.get(user, "/leads?limit=1"))).await;
    answers.iter().map(|answer| answer.status).collect()
}
