//! Connections that nobody uses for months.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use amo_connect_tests::{ACCOUNT, RIVAL, until};

use crate::stage::Stage;

on_both_databases!(
    connections_that_nobody_uses_are_renewed_once_a_period_by_two_instances_together,
    a_connection_that_is_refreshed_outlives_three_months_and_one_that_is_not_says_so,
);

const PERIOD: Duration = Duration::from_secs(3);
const USERS: usize = 40;

/// How many periods are watched.
const ROUNDS: usize = 2;

/// The clocks of the service and of amoCRM are read some milliseconds apart.
const SLACK: Duration = Duration::from_millis(500);

/// *For You Real Estate*, *Rival Homes* and *Empty*.
const ACCOUNTS: [u64; 3] = [ACCOUNT, RIVAL, 40_000_002];

/// Connects so many users, who take turns among the accounts.
async fn connected(stage: &Stage, users: usize) {
    let service = stage.serve().await;
    for (number, account) in (0..users).zip(ACCOUNTS.into_iter().cycle()) {
        stage.connect_by(&service, &format!("u{number}"), account).await;
    }
    service.into_process().stop().await;
}

async fn connections_that_nobody_uses_are_renewed_once_a_period_by_two_instances_together(mut stage: Stage) {
    connected(&stage, USERS).await;
    stage.slow_down(Duration::from_millis(100));
    stage.world.settings.keepalive_after = Some("3s".to_owned());
    let _both = (stage.serve().await, stage.serve_elsewhere().await);

    let mut renewed: Vec<Vec<Instant>> = vec![Vec::new(); USERS];
    let watch = async || {
        for (grant, times) in stage.sandbox.grants().iter().zip(&mut renewed) {
            let new = usize::try_from(grant.refreshes).unwrap() - times.len();
            times.extend(vec![Instant::now(); new]);
        }
        renewed.iter().all(|times| times.len() > ROUNDS)
    };
    until("each was renewed some times", watch).await;

    let gaps: Vec<Duration> =
        renewed.iter().flat_map(|times| times.windows(2).map(|pair| pair[1].duration_since(pair[0]))).collect();
    let (shortest, longest) = (gaps.iter().min().unwrap(), gaps.iter().max().unwrap());
    assert!(*shortest + SLACK > PERIOD, "renewed twice in a period: {shortest:?}");
    let stats = stage.sandbox.stats();
    assert_eq!((stats.refused, stats.most_refreshes_of_one_token), (0, 1), "{stats:?}");
    // Each instance begins with eight of them every two seconds.
    assert!(stats.most_refreshes_at_once <= 24, "all at once: {stats:?}");
    eprintln!(
        "{USERS} connections, two instances, a period of {PERIOD:?}: renewed {} times, {shortest:?} to {longest:?} \
         apart, at most {} at once",
        stats.refreshes, stats.most_refreshes_at_once
    );
}

async fn a_connection_that_is_refreshed_outlives_three_months_and_one_that_is_not_says_so(mut stage: Stage) {
    const MONTH: Duration = Duration::from_hours(30 * 24);
    connected(&stage, 3).await;
    stage.world.settings.keepalive_after = Some("1s".to_owned());
    let service = stage.serve().await;
    for _ in 0..5 {
        stage.sandbox.advance_clock(MONTH).unwrap();
        let before: HashMap<usize, u64> = refreshes(&stage).into_iter().enumerate().collect();
        let renewed = async || refreshes(&stage).iter().enumerate().all(|(grant, count)| *count > before[&grant]);
        until("each was renewed in the background", renewed).await;
    }
    // The last pair may not be saved yet.
    for number in 0..3 {
        let user = format!("u{number}");
        until("it is served", async || service.get(&user, "/leads?limit=1").await.status == 200).await;
    }
    service.into_process().stop().await;

    stage.sandbox.advance_clock(MONTH * 3 + Duration::from_hours(24)).unwrap();
    let before = stage.sandbox.stats();
    let service = stage.serve().await;
    for number in 0..3 {
        let user = format!("u{number}");
        until("it is told", async || service.state_of(&user).await == "needs_reauth").await;
        let status = service.get(&user, "/status").await.data();
        assert_eq!(status["problem"]["code"], "grant_revoked");
    }
    // While another connection is refreshed in the background, those are not asked for any more.
    stage.connect_by(&service, "new", ACCOUNT).await;
    until("the new one was refreshed", async || refreshes(&stage) == [2]).await;
    let after = stage.sandbox.stats();
    assert_eq!((after.refused - before.refused, after.lookups - before.lookups), (3, 3), "{after:?}");
}

/// How often each live grant was renewed.
fn refreshes(stage: &Stage) -> Vec<u64> {
    stage.sandbox.grants().iter().map(|grant| grant.refreshes).collect()
}
