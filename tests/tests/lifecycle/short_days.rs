//! A week whose days last four seconds: two users, two processes that are restarted in turn.

use std::time::{Duration, Instant};

use amo_connect_tests::{ACCOUNT, RIVAL, Served};
use futures_util::future::join_all;
use serde_json::Value;

use crate::stage::Stage;

on_both_databases!(a_week_of_short_days_and_restarts_is_always_answered_and_nothing_is_mixed);

const DAY: Duration = Duration::from_secs(4);
/// The life that a token has left when it is renewed. Nothing that is sent with it may take longer.
const MARGIN: Duration = Duration::from_secs(2);
const DAYS: u32 = 7;

const USERS: [(&str, u64); 2] = [("olena", ACCOUNT), ("ivan", RIVAL)];

async fn a_week_of_short_days_and_restarts_is_always_answered_and_nothing_is_mixed(mut stage: Stage) {
    stage.world.settings.refresh_margin = Some(format!("{}s", MARGIN.as_secs()));
    stage.set_life(DAY.as_secs());
    let connected = Instant::now();
    let mut services = [stage.serve().await, stage.serve_elsewhere().await];
    let mut theirs = Vec::new();
    for (user, account) in USERS {
        stage.connect_by(&services[0], user, account).await;
        theirs.push(leads(&services[0], user).await);
    }
    assert_ne!(theirs[0], theirs[1]);

    let begun = Instant::now();
    let (mut calls, mut restarts) = (0, 0);
    while begun.elapsed() < DAY * DAYS {
        let asked = services.iter().flat_map(|service| USERS.iter().zip(&theirs).map(move |both| (service, both)));
        let answers = join_all(asked.map(|(service, ((user, _), theirs))| async move {
            assert_eq!(leads(service, user).await, *theirs, "{user}");
        }));
        calls += answers.await.len();
        // One after the other goes and comes back, while the other one serves.
        if begun.elapsed() > DAY / 2 * (restarts + 1) {
            let (gone, stays) = if restarts % 2 == 0 { (0, 1) } else { (1, 0) };
            let old = std::mem::replace(&mut services[gone], stage.serve_elsewhere().await);
            old.process().terminate();
            let (ended, ()) = tokio::join!(old.into_process().ended(), async {
                for ((user, _), theirs) in USERS.iter().zip(&theirs) {
                    assert_eq!(leads(&services[stays], user).await, *theirs, "{user}");
                }
            });
            assert_eq!(ended.0, Some(0), "{}", ended.2);
            restarts += 1;
        }
    }

    let stats = stage.sandbox.stats();
    assert_eq!((stats.refused, stats.unauthorized, stats.most_refreshes_of_one_token), (0, 0, 1), "{stats:?}");
    for grant in stage.sandbox.grants() {
        let most = connected.elapsed().as_secs() / DAY.saturating_sub(MARGIN).as_secs() + 1;
        assert!((u64::from(DAYS) - 1..=most).contains(&grant.refreshes), "{grant:?}");
    }
    for (user, _) in USERS {
        assert_eq!(services[0].standing(user).await, ("connected".to_owned(), Value::Null));
    }
    eprintln!("{calls} calls of both at two processes, {restarts} restarts: all 200, {} refreshes", stats.refreshes);
}

/// The numbers of the first leads that `user` sees.
async fn leads(service: &Served, user: &str) -> Vec<u64> {
    let answer = service.get(user, "/leads?limit=5").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.data().as_array().unwrap().iter().map(|lead| lead["amoLeadId"].as_u64().unwrap()).collect()
}
