//! Writes while the database is down, or while their user disconnects.

use amo_connect_contract::fake::Gate;
use amo_connect_contract::fixtures::{user, write_key};
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::idempotency::WriteState;
use amo_connect_domain::ports::{IdempotencyStore as _, StoreError};
use amo_connect_domain::usecase::{AccessError, ReadError, WriteError};
use futures_util::future::join;

use super::{agency, carried_out, connected_through, crm, makes, write, write_once};
use crate::world::World;

/// Whether the write `k` is recorded as done.
async fn is_recorded(world: &World) -> bool {
    let record = world.store.write_record(&user("olena"), write_key(&user("olena"), "k")).await.unwrap();
    record.is_some_and(|record| matches!(record.state, WriteState::Done { .. }))
}

/// A write is answered while the database is down, which comes back after so many seconds.
async fn outage(world: &World, gate: &Gate, seconds: u64) {
    connected_through(world, gate).await;
    let down = async {
        gate.arrival().await;
        world.store.set_down(true);
        gate.let_go(1);
        world.pass(seconds).await;
        world.store.set_down(false);
    };
    let (told, ()) = join(write(world, "k", &makes()[1]), down).await;
    assert!(matches!(told, Err(WriteError::OutcomeUnknown(_))), "{told:?}");
    assert_eq!(carried_out(world), 1);
}

#[test]
fn what_a_write_made_is_recorded_when_the_database_is_back_with_longer_and_longer_pauses() {
    let (amo, gate) = crm(agency()).gated();
    let world = World::beside(amo);
    world.run(async {
        // It is tried at 0.1, 0.3, 0.7, 1.5, 3.1 and 6.3 s, and then every five: at 56.3 and 61.3.
        outage(&world, &gate, 60).await;
        world.pass(1).await;
        assert!(!is_recorded(&world).await);
        world.pass(1).await;
        assert!(is_recorded(&world).await);
        let again = write(&world, "k", &makes()[1]).await.unwrap();
        assert!(again.is_replayed);
        assert_eq!(carried_out(&world), 1);
    });
}

#[test]
fn after_five_minutes_it_is_left_to_whoever_repeats_the_write() {
    for (seconds, is_in_time) in [(4 * 60, true), (6 * 60, false)] {
        let (amo, gate) = crm(agency()).gated();
        let world = World::beside(amo);
        world.run(async {
            outage(&world, &gate, seconds).await;
            world.pass(30).await;
            assert_eq!(is_recorded(&world).await, is_in_time, "{seconds}");
            gate.let_go(9);
            let again = write(&world, "k", &makes()[1]).await.unwrap();
            assert_eq!(again.is_replayed, is_in_time, "{seconds}");
            assert_eq!(carried_out(&world), 1, "{seconds}");
        });
    }
}

#[test]
fn what_cannot_be_recorded_is_not_sent() {
    let (world, _) = World::limited();
    world.run(async {
        world.connect("olena", 1).await;
        let down = async { world.store.set_down(true) };
        // The turn of the write comes after the database has failed.
        let (told, ()) = join(write(&world, "k", &makes()[0]), down).await;
        assert!(matches!(told, Err(WriteError::Store(StoreError::Unavailable(_)) | WriteError::Read(_))), "{told:?}");
        assert_eq!(carried_out(&world), 0);
    });
}

#[test]
fn a_disconnect_before_the_turn_of_a_write_keeps_it_from_being_sent() {
    for has_key in [true, false] {
        let (world, _) = World::limited();
        world.run(async {
            world.connect("olena", 1).await;
            let olena = user("olena");
            let asked = &makes()[0];
            let ends = async {
                world.use_cases.disconnect(&olena, Actor::User).await.unwrap();
                world.connect("olena", 1).await;
            };
            let asking =
                async { if has_key { write(&world, "k", asked).await } else { write_once(&world, asked, None).await } };
            let (told, ()) = join(asking, ends).await;
            let is_ended = matches!(told, Err(WriteError::Read(ReadError::Access(AccessError::NotConnected))));
            assert!(is_ended, "key: {has_key}: {told:?}");
            assert_eq!(carried_out(&world), 0, "key: {has_key}");
        });
    }
}
