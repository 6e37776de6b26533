//! Pairs that the database had confirmed, and has lost: it gets them again.

use amo_connect_contract::fixtures::user;
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::ports::TokenStore as _;
use amo_connect_domain::usecase::UseCases;
use futures_util::future::join;

use crate::world::World;

/// When the pairs of a process are looked for, at the latest.
const LATER: u64 = 5 * 60 + 1;

async fn refresh(use_cases: &UseCases) {
    use_cases.refresh_now(&user("olena")).await.unwrap();
}

/// Olena is connected and has a second pair: her row before it, and with it.
async fn refreshed(world: &World) -> (CrmConnection, CrmConnection) {
    world.connect("olena", 1).await;
    let old = world.row("olena").await;
    refresh(&world.use_cases).await;
    (old, world.row("olena").await)
}

/// The database falls back to what it had, as after a failover to a standby that had not heard of the rest.
async fn fall_back(world: &World, to: &CrmConnection) {
    let now = world.row("olena").await;
    world.store.save(to, Some(now.revision)).await.unwrap();
}

#[test]
fn a_lost_pair_is_saved_again_by_whoever_reads_and_its_predecessor_is_not_sent() {
    let world = World::new();
    world.run(async {
        let (old, new) = refreshed(&world).await;
        for by_reading in [true, false] {
            fall_back(&world, &old).await;
            if by_reading {
                world.read("olena").await.unwrap();
                assert_eq!((world.refreshes(), world.heard.lost_pairs()), (1, 1));
                assert_eq!(world.row("olena").await.grant(), new.grant());
            } else {
                refresh(&world.use_cases).await;
                assert_eq!((world.refreshes(), world.heard.lost_pairs()), (2, 2));
            }
        }
    });
}

#[test]
fn a_lost_pair_is_looked_for_after_some_minutes_and_then_forgotten() {
    let world = World::new();
    world.run(async {
        let (old, new) = refreshed(&world).await;
        fall_back(&world, &old).await;
        world.use_cases.background_round().await.unwrap();
        assert_eq!(world.heard.lost_pairs(), 0, "it is too early");
        world.pass(LATER).await;
        world.use_cases.background_round().await.unwrap();
        assert_eq!(world.heard.lost_pairs(), 1);
        assert_eq!(world.row("olena").await.grant(), new.grant());
        fall_back(&world, &old).await;
        world.pass(LATER).await;
        world.use_cases.background_round().await.unwrap();
        assert_eq!(world.heard.lost_pairs(), 1, "it was seen in the store, so it is not kept any more");
    });
}

#[test]
fn a_pair_for_which_a_lost_one_was_spent_is_saved_on_what_is_left() {
    let (world, gate) = World::gated();
    world.run(async {
        gate.let_go(2);
        let (old, _) = refreshed(&world).await;
        for _ in 0..2 {
            gate.arrival().await;
        }
        let failover = async {
            gate.arrival().await;
            fall_back(&world, &old).await;
            gate.let_go(9);
        };
        join(refresh(&world.use_cases), failover).await;
        let newest = world.row("olena").await;
        assert_eq!(newest.generation, old.generation.next().next());
        world.read("olena").await.unwrap();
        // It takes the generation of the lost one, and then its own.
        assert_eq!((world.refreshes(), world.heard.lost_pairs()), (2, 2));
    });
}
