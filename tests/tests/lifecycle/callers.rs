//! Many callers, on one instance or two, and one token that is due.

use std::time::{Duration, Instant};

use amo_connect_tests::Answer;
use futures_util::future::join_all;

use crate::stage::Stage;

on_both_databases!(
    a_hundred_callers_with_a_token_that_is_due_make_one_refresh_and_all_are_answered,
    two_instances_wait_for_one_refresh_of_thirteen_seconds,
    a_refresh_that_outlasts_its_lease_and_its_callers_is_still_the_only_one,
);

async fn a_hundred_callers_with_a_token_that_is_due_make_one_refresh_and_all_are_answered(stage: Stage) {
    let service = stage.serve_when_due().await;
    // As long as it takes all of them to come.
    stage.slow_down(Duration::from_secs(2));

    let begun = Instant::now();
    let answers = join_all((0..100).map(|_| service.get("olena", "/leads?limit=5"))).await;
    all_are_served(&answers);
    let stats = stage.sandbox.stats();
    assert_eq!((stats.refreshes, stats.token_requests, stats.refused, stats.unauthorized), (1, 2, 0, 0), "{stats:?}");
    eprintln!("100 callers: 1 refresh, all 200, in {} ms", begun.elapsed().as_millis());
}

async fn two_instances_wait_for_one_refresh_of_thirteen_seconds(stage: Stage) {
    let (one, two) = (stage.serve().await, stage.serve_elsewhere().await);
    stage.connect_until_due(&one).await;
    stage.slow_down(Duration::from_secs(13));

    let begun = Instant::now();
    let callers = [&one, &two].into_iter().cycle().take(20).map(|service| service.get("olena", "/leads?limit=5"));
    let answers = join_all(callers).await;
    all_are_served(&answers);
    assert!(begun.elapsed() > Duration::from_secs(13));
    let stats = stage.sandbox.stats();
    let refreshes = (stats.refreshes, stats.most_refreshes_at_once, stats.most_refreshes_of_one_token);
    assert_eq!((refreshes, stats.token_requests, stats.refused), ((1, 1, 1), 2, 0), "{stats:?}");
    eprintln!("20 callers at two instances: 1 refresh, all 200, in {} ms", begun.elapsed().as_millis());
}

/// Longer than a lease (15 s) and than anybody waits (15 s).
async fn a_refresh_that_outlasts_its_lease_and_its_callers_is_still_the_only_one(stage: Stage) {
    let (one, two) = (stage.serve().await, stage.serve_elsewhere().await);
    stage.connect_until_due(&one).await;
    stage.slow_down(Duration::from_secs(18));

    let both = || [&one, &two].map(|service| service.get("olena", "/leads?limit=5"));
    for answer in join_all(both()).await {
        assert_eq!(answer.problem(), (503, "refresh_in_progress"));
    }
    // They come again at once, as an app does, and find the same refresh going on.
    all_are_served(&join_all(both()).await);
    let stats = stage.sandbox.stats();
    let refreshes = (stats.refreshes, stats.most_refreshes_at_once, stats.token_requests);
    assert_eq!((refreshes, stats.refused, stage.generation().await), ((1, 1, 2), 0, 2), "{stats:?}");
}

fn all_are_served(answers: &[Answer]) {
    for answer in answers {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}
