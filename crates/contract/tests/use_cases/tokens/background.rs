//! Refreshes that nobody waits for.

use std::time::Duration;

use amo_connect_contract::fixtures::{settings, user};
use amo_connect_contract::{Asked, FakeAmo};
use amo_connect_domain::ports::Runtime as _;
use amo_connect_domain::usecase::Settings;
use futures_util::future::{join, join_all};

use crate::world::{FIRST_PAGE, World};

/// No multiple of the pauses of whoever looks whether another one is done.
const LONG: Duration = Duration::from_millis(1_030);

/// Access tokens that live for so long.
const LIFE: Duration = Duration::from_mins(10);

#[test]
fn a_background_refresh_waits_among_the_reads_while_the_access_token_lives_and_goes_first_after() {
    for (minutes, is_first) in [(6, false), (11, true)] {
        let stale = Settings { keepalive_after: Duration::from_mins(5), ..settings() };
        let (world, _) = World::limited_beside(FakeAmo::new().with_life(LIFE), stale);
        world.run(async {
            world.connect("olena", 1).await;
            world.pass(minutes * 60).await;
            world.connect("ivan", 1).await;
            let before = world.amo.asked().len();
            let reads = join_all((0..10).map(|lead| {
                let ivan = user("ivan");
                let world = &world;
                async move { world.use_cases.notes(&ivan, lead, FIRST_PAGE).await.unwrap() }
            }));
            let round = async {
                world.time.sleep(Duration::from_millis(200)).await;
                world.use_cases.background_round().await.unwrap();
            };
            join(reads, round).await;
            world.pass(5).await;
            let asked = world.amo.asked();
            let place = asked[before..].iter().position(|asked| matches!(asked, Asked::Refresh { .. })).unwrap();
            assert_eq!(place < 5, is_first, "{minutes}: {place}");
        });
    }
}

#[test]
fn whoever_asks_while_a_background_refresh_is_under_way_shares_it() {
    let (amo, gate) = FakeAmo::new().with_life(LIFE).gated();
    let world = World::beside_with(amo, Settings { keepalive_after: Duration::from_mins(5), ..settings() });
    world.run(async {
        world.connect_through(&gate, "olena", 1).await;
        world.pass(6 * 60).await;
        world.use_cases.background_round().await.unwrap();
        gate.arrival().await;
        let let_go = async {
            world.time.sleep(LONG).await;
            gate.let_go(1);
        };
        let begun = world.time.passed();
        let (read, ()) = join(world.read("olena"), let_go).await;
        read.unwrap();
        assert_eq!(world.since(begun), LONG, "it does not look once in a while");
        assert_eq!(world.refreshes(), 1);
    });
}
