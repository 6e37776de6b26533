//! `kill -9` at two hundred random moments, a hundred on each database.

use std::time::{Duration, Instant};

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{Served, jwt, until, until_within};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use crate::crowd::{ACCOUNTS, Crowd};
use crate::stage::{LIFE_S, Stage};

const KILLS: usize = 100;
const SEED: u64 = 20_261_124;

/// How many connections there are, and how many are being refreshed when a process is killed.
const CONNECTIONS: usize = 150;
const CALLED: usize = 4;

on_both_databases!(a_hundred_kills_lose_nothing_but_answers_that_nobody_had_saved);

async fn a_hundred_kills_lose_nothing_but_answers_that_nobody_had_saved(stage: Stage) {
    let stage = stage.with_more_accounts(ACCOUNTS).await;
    let begun = Instant::now();
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    // Always due when it is a second old.
    stage.set_life(2);
    // One process stays alive, as another instance does; the others are killed one after the other.
    let survivor = stage.serve().await;
    let mut crowd = Crowd::connected(&stage, &survivor, CONNECTIONS).await;
    stage.until_access_ended().await;

    let elsewhere = [stage.settings_elsewhere(), stage.settings_elsewhere()];
    let start = |number: usize| Served::begin(&elsewhere[number % 2], &[], &stage.folder());
    let mut next = Some(start(0));
    for kill in 1..=KILLS {
        until("enough connections are decided", async || {
            crowd.look(&stage, &survivor).await;
            crowd.has_free(CALLED)
        })
        .await;
        let victim = std::mem::replace(&mut next, (kill < KILLS).then(|| start(kill))).unwrap();
        victim.process().until_logged("serving").await;
        let latency = random.random_range(30..=100);
        play(&stage, latency, &mut random);
        let asked = stage.sandbox.stats().token_requests;
        for user in crowd.choose(CALLED) {
            let call = victim.http().get(victim.url("/leads?limit=1")).bearer_auth(jwt(&user));
            // Nobody is left to be answered.
            tokio::spawn(call.send());
        }
        // The moment: from before the lease until after the pair is saved, and every second time when a token is
        // being sent, however slow the machine is.
        if kill % 2 == 0 {
            stage.until_token_requests(asked + 1).await;
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..latency + 80))).await;
        victim.into_process().kill().await;
        crowd.killed(&stage).await;
        stage.sandbox.set_faults(Faults::default()).unwrap();
    }
    let settled = until_within(Duration::from_secs(100), "all is decided", async || {
        crowd.look(&stage, &survivor).await;
        crowd.open() == 0
    })
    .await;

    stage.set_life(LIFE_S);
    stage.until_access_ended().await;
    crowd.all_work(&stage, &survivor).await;
    let stats = stage.sandbox.stats();
    assert_eq!(stats.most_refreshes_of_one_token, 1, "{stats:?}");
    eprintln!(
        "{} (seed {SEED}, {:.0} s, of these {:.0} s for the last to settle)",
        crowd.toll,
        begun.elapsed().as_secs_f64(),
        settled.as_secs_f64()
    );
    assert_eq!(crowd.toll.kills, KILLS);
    assert!(
        crowd.toll.in_flight >= KILLS / 2 && crowd.toll.healed > 0 && crowd.toll.lost_on_the_way > 0,
        "{:?}",
        crowd.toll
    );
}

/// amoCRM takes its time, and fails now and then before it has done anything.
fn play(stage: &Stage, latency: u64, random: &mut ChaCha8Rng) {
    let fail_token = (0..CALLED).map(|_| if random.random_ratio(1, 4) { Failure::Status(502) } else { Failure::Pass });
    let faults = Faults { token_latency_ms: latency, fail_token: fail_token.collect(), ..Faults::default() };
    stage.sandbox.set_faults(faults).unwrap();
}
