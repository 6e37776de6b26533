//! One app user posts garbage codes with the host of somebody else's account.

use std::time::Duration;

use amo_connect_tests::{ACCOUNT, Answer, Served, until};
use futures_util::future::{Either, join, select};
use serde_json::json;

use crate::stage::Stage;

/// How many times the account's user reads, each time with an access token that has ended.
const ROUNDS: usize = 16;

on_both_databases!(amid_garbage_codes_an_accounts_reads_and_refreshes_are_all_served);

/// Eight codes a second that amoCRM never gave, to two processes in turn. It has no end.
async fn post_garbage(services: [&Served; 2], referer: &str) {
    let mut due = tokio::time::interval(Duration::from_millis(125));
    let mut under_way = tokio::task::JoinSet::new();
    for number in 0.. {
        due.tick().await;
        let service = services[number % 2];
        let post = service.http().post(service.url("/exchange-code")).bearer_auth(amo_connect_tests::jwt("mallory"));
        let post = post.json(&json!({ "code": format!("garbage-{number}"), "referer": referer }));
        under_way.spawn(async move { post.send().await.unwrap().status() });
    }
}

async fn amid_garbage_codes_an_accounts_reads_and_refreshes_are_all_served(mut stage: Stage) {
    stage.world.settings.amo_rate_limit = Some("7".to_owned());
    let (one, two) = (stage.serve().await, stage.serve_elsewhere().await);
    stage.connect_by(&one, "olena", ACCOUNT).await;
    let (_, referer) = stage.code(ACCOUNT);

    let reads = async {
        until("the flood has begun", async || stage.sandbox.stats().refused >= 6).await;
        let before = stage.sandbox.stats();
        let mut answers: Vec<Answer> = Vec::new();
        for round in 0..ROUNDS {
            stage.end_access().await;
            let [first, second] = if round % 2 == 0 { [&one, &two] } else { [&two, &one] };
            let (page, other) =
                (format!("/leads?limit=5&page={}", round + 1), format!("/leads?limit=6&page={}", round + 1));
            let (a, b) = join(first.get("olena", &page), second.get("olena", &other)).await;
            answers.extend([a, b]);
        }
        (before, stage.sandbox.stats(), answers)
    };
    let flood = post_garbage([&one, &two], &referer);
    let Either::Left(((before, after, answers), _)) = select(Box::pin(reads), Box::pin(flood)).await else {
        panic!("the flood has an end")
    };
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200; 2 * ROUNDS], "{answers:?}");
    let refreshes = after.refreshes - before.refreshes;
    assert!(refreshes >= ROUNDS as u64, "each round needs a new access token: {refreshes}");
    assert!(after.refused > before.refused, "the flood went on: {before:?}, {after:?}");
}
