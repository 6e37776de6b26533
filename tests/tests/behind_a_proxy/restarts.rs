//! Instances that are restarted in turn while callers go on.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use amo_connect_tests::{Served, World, jwt};
use futures_util::future::join_all;

use crate::balancer::Balancer;

/// How many callers there are, each with one request after the other.
const CALLERS: usize = 8;

/// Nothing is sent twice, so each failure would be one that an app sees.
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_that_are_restarted_in_turn_fail_no_request() {
    let mut world = World::without_service().await;
    // Longer than any request waits here.
    world.settings.drain_delay = Some("500ms".to_owned());
    for rate in [&mut world.settings.user_rate, &mut world.settings.address_rate] {
        *rate = Some("0".to_owned());
    }
    let settings = [world.settings.clone(), world.settings_elsewhere()];
    let start = async |one: usize| Served::start(&settings[one], &world.folder()).await;
    let mut instances = [Some(start(0).await), Some(start(1).await)];
    let balancer = Balancer::over(instances.iter().flatten().map(|instance| instance.address().to_owned()));

    let over = AtomicBool::new(false);
    let callers = (0..CALLERS).map(|caller| {
        let (balancer, over) = (&balancer, &over);
        let token = jwt(&format!("user-{caller}"));
        async move {
            let mut outcomes = Vec::new();
            while !over.load(Relaxed) {
                for call in ["POST /api/amo-crm/disconnect", "GET /api/amo-crm/status"] {
                    let reply = balancer.ask(&format!("{call} HTTP/1.1\r\nAuthorization: Bearer {token}")).await;
                    outcomes.push(reply.map(|reply| reply.status).map_err(|error| error.to_string()));
                }
            }
            outcomes
        }
    });
    let restarts = async {
        for round in 0..4 {
            let ended = instances[round % 2].take().unwrap().into_process();
            ended.terminate();
            let (code, _, log) = ended.ended().await;
            assert_eq!(code, Some(0), "{log}");
            instances[round % 2] = Some(start(round % 2).await);
        }
        over.store(true, Relaxed);
    };
    let (outcomes, ()) = tokio::join!(join_all(callers), restarts);

    let outcomes = outcomes.concat();
    let failed: Vec<_> = outcomes.iter().filter(|outcome| **outcome != Ok(200)).collect();
    assert!(failed.is_empty(), "{} of {}: {failed:?}", failed.len(), outcomes.len());
    let (asked, reused) = (outcomes.len(), balancer.reused());
    assert!(reused > asked / 10, "{reused} of {asked} went over a kept connection");
    eprintln!("{asked} requests during 4 restarts, {reused} over kept connections: 0 failed");
}
