//! A pair that amoCRM has issued is saved, whatever the database does.

use amo_connect_contract::fixtures::user;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ports::StoreError;
use amo_connect_domain::usecase::{AccessError, RefreshNowError};
use futures_util::future::join;

use crate::world::World;

#[test]
fn a_pair_that_the_database_does_not_take_is_saved_when_it_is_back_and_nothing_is_sent_meanwhile() {
    let (world, gate) = World::gated();
    world.run(async {
        world.connect_through(&gate, "olena", 1).await;
        let olena = user("olena");
        let outage = async {
            gate.arrival().await;
            world.store.set_down(true);
            gate.let_go(9);
            world.pass(60).await;
        };
        let (failed, ()) = join(world.use_cases.refresh_now(&olena), outage).await;
        let is_stores = matches!(failed, Err(RefreshNowError::Access(AccessError::Store(StoreError::Unavailable(_)))));
        assert!(is_stores, "amoCRM has answered: {failed:?}");
        // At 0.1, 0.3, 0.7, 1.5, 3.1 and 6.3 s, and then every five.
        assert_eq!((world.heard.failed_saves(), world.use_cases.unsaved_pairs()), (17, 1));
        world.store.set_down(false);
        // The lease has lapsed. Whoever asks now waits for the pair all the same.
        world.use_cases.refresh_now(&olena).await.unwrap();
        assert_eq!((world.refreshes(), world.use_cases.unsaved_pairs()), (1, 0));
    });
}

#[test]
fn a_pair_of_a_connection_that_was_ended_or_replaced_meanwhile_is_dropped() {
    for replaces in [false, true] {
        let (world, gate) = World::gated();
        world.run(async {
            world.connect_through(&gate, "olena", 1).await;
            let olena = user("olena");
            let ends = async {
                gate.arrival().await;
                world.use_cases.disconnect(&olena, Actor::User).await.unwrap();
                let code = world.allow(2);
                gate.let_go(2);
                if replaces {
                    world.claim("olena", &code, None, 2).await.unwrap();
                }
            };
            let (told, ()) = join(world.use_cases.refresh_now(&olena), ends).await;
            world.pass(10).await;
            let number = world.row("olena").await.grant().and_then(|grant| grant.account).map(|account| account.0);
            assert_eq!(number, replaces.then_some(2), "{told:?}");
            assert_eq!(world.heard.lost_pairs(), 0);
        });
    }
}
