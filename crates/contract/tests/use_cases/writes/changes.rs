//! Changes whose answers are lost.

use amo_connect_contract::Reply;
use amo_connect_contract::fixtures::at;
use amo_connect_domain::crm::write::{LeadChange, TaskChange, Write};
use amo_connect_domain::idempotency::ABSENCE_TERM;
use amo_connect_domain::usecase::WriteError;

use super::{account, agency, carried_out, connected, with, world_of, write, write_once};

fn changes(price: u64) -> [Write; 2] {
    let lead = LeadChange { price: Some(price), ..LeadChange::default() };
    let task = TaskChange { text: Some(format!("For {price}")), ..TaskChange::default() };
    [Write::LeadChange(1, lead), Write::TaskChange(41, task)]
}

#[test]
fn a_change_that_is_there_is_made() {
    for change in changes(7) {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            world.amo.answer_next(Reply::CutAfterTheDeed);
            let made = write(&world, "k", &change).await.unwrap();
            assert!(!made.is_new && !made.is_replayed && made.missing.is_empty(), "{change:?}");
            assert_eq!(carried_out(&world), 1);
        });
    }
}

#[test]
fn a_change_of_what_has_not_changed_since_is_sent_again_and_else_stays_unknown() {
    // The object last changed so many seconds before the change is sent.
    for (seconds, is_sent_again) in [(7, true), (3, false)] {
        for (before, change) in changes(1).into_iter().zip(changes(7)) {
            let world = world_of(agency());
            world.run(async {
                connected(&world).await;
                write_once(&world, &before, None).await.unwrap();
                world.pass(seconds).await;
                world.amo.answer_next(Reply::CutBeforeTheDeed);
                for _ in 0..2 {
                    let told = write(&world, "k", &change).await;
                    assert!(matches!(told, Err(WriteError::OutcomeUnknown(_))), "{told:?}");
                    assert_eq!(carried_out(&world), 1, "{change:?}");
                }
                world.pass(ABSENCE_TERM.as_secs() + 1).await;
                let told = write(&world, "k", &change).await;
                assert_eq!(told.is_ok(), is_sent_again, "{seconds} {change:?}: {told:?}");
                assert_eq!(carried_out(&world), 1 + usize::from(is_sent_again), "{seconds} {change:?}");
            });
        }
    }
}

#[test]
fn a_change_is_sent_again_at_the_second_that_is_old_enough() {
    for (second, is_sent_again) in [(4, true), (5, false), (6, false)] {
        // What is sent at second 10 is five seconds younger than this.
        let world = world_of(with(|account| account.leads[0].updated_at = Some(at(second))));
        world.run(async {
            connected(&world).await;
            world.pass(10).await;
            world.amo.answer_next(Reply::CutBeforeTheDeed);
            write(&world, "k", &changes(7)[0]).await.unwrap_err();
            world.pass(ABSENCE_TERM.as_secs() + 1).await;
            let told = write(&world, "k", &changes(7)[0]).await;
            assert_eq!(told.is_ok(), is_sent_again, "{second}: {told:?}");
        });
    }
}

#[test]
fn a_change_of_what_is_not_there_any_more_stays_unknown() {
    for change in changes(7) {
        let world = world_of(with(|account| {
            account.leads.clear();
            account.tasks.clear();
        }));
        world.run(async {
            connected(&world).await;
            world.amo.answer_next(Reply::CutBeforeTheDeed);
            write(&world, "k", &change).await.unwrap_err();
            world.pass(ABSENCE_TERM.as_secs() + 1).await;
            let told = write(&world, "k", &change).await;
            assert!(matches!(told, Err(WriteError::OutcomeUnknown(_))), "{told:?}");
            assert_eq!((carried_out(&world), account(&world).leads.len()), (0, 0));
        });
    }
}
