//! Writes whose answers are lost: they are looked for in amoCRM.

use std::time::Duration;

use amo_connect_contract::fixtures::{after, at};
use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::clock::{CLOCK_SKEW, before};
use amo_connect_domain::crm::lead::{LeadFilter, LeadOrder, LeadSort};
use amo_connect_domain::crm::write::{NewTask, Write};
use amo_connect_domain::idempotency::{ABSENCE_TERM, WrittenObject};
use amo_connect_domain::usecase::{AccessError, ReadError, WriteAnswer, WriteError};
use futures_util::future::join;

use super::{
    OLENA, account, agency, carried_out, connected, connected_through, crm, lead, makes, number, with, with_comment,
    world_of, write, write_once,
};
use crate::world::World;

fn is_unknown(told: &Result<WriteAnswer, WriteError>, candidates: &[u64]) -> bool {
    matches!(told, Err(WriteError::OutcomeUnknown(found)) if found == candidates)
}

#[test]
fn what_was_done_is_found_at_once_and_told_as_new() {
    for asked in makes() {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            world.amo.answer_next(Reply::CutAfterTheDeed);
            let made = write(&world, "k", &asked).await.unwrap();
            assert!(made.is_new && !made.is_replayed && made.missing.is_empty(), "{asked:?}");
            let again = write(&world, "k", &asked).await.unwrap();
            assert_eq!((number(&again), again.is_replayed, carried_out(&world)), (number(&made), true, 1), "{asked:?}");
        });
    }
}

#[test]
fn what_was_not_done_is_sent_again_once_that_is_certain() {
    for asked in makes() {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            world.amo.answer_next(Reply::CutBeforeTheDeed);
            for _ in 0..2 {
                let told = write(&world, "k", &asked).await;
                assert!(is_unknown(&told, &[]), "{asked:?}: {told:?}");
                assert_eq!(carried_out(&world), 0);
            }
            world.pass(ABSENCE_TERM.as_secs() + 1).await;
            let made = write(&world, "k", &asked).await.unwrap();
            assert!(made.is_new && !made.is_replayed, "{asked:?}");
            assert_eq!(carried_out(&world), 1, "{asked:?}");
        });
    }
}

#[test]
fn a_comment_whose_answer_is_lost_is_looked_for_on_its_lead() {
    for (reply, is_done) in [(Reply::CutAfterTheDeed, true), (Reply::CutBeforeTheDeed, false)] {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            let comment = Some("By the sea");
            world.amo.answer_each([Reply::Made(WrittenObject { id: 1, is_new: true }), reply.clone()]);
            let first = with_comment(&world, "k", &lead("Sunrise"), comment).await;
            assert_eq!(first.is_ok(), is_done, "{first:?}");
            world.pass(ABSENCE_TERM.as_secs() + 1).await;
            let made = with_comment(&world, "k", &lead("Sunrise"), comment).await.unwrap();
            assert_eq!((number(&made), made.is_replayed, made.missing.is_empty()), (1, is_done, true), "{reply:?}");
            assert_eq!((carried_out(&world), account(&world).notes.len()), (1, 1), "{reply:?}");
        });
    }
}

#[test]
fn leads_are_looked_for_from_the_oldest_that_can_be_it() {
    let world = world_of(agency());
    world.run(async {
        connected(&world).await;
        world.amo.answer_next(Reply::CutAfterTheDeed);
        let sent_at = after(at(0), world.time.passed());
        write(&world, "k", &lead("Sunrise")).await.unwrap();
        let asked = world.amo.asked();
        let filters: Vec<_> = asked
            .iter()
            .filter_map(|asked| if let Asked::Leads { filter, .. } = asked { Some(filter) } else { None })
            .collect();
        let order = LeadOrder { by: LeadSort::Id, is_descending: false };
        let created_since = Some(before(sent_at, CLOCK_SKEW));
        let expected = LeadFilter { page: 1, limit: 250, order, created_since, ..LeadFilter::default() };
        assert_eq!(filters, [&expected]);
    });
}

#[test]
fn of_two_that_can_be_it_none_is_taken() {
    for asked in makes() {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            let by_hand = write_once(&world, &asked, None).await.unwrap();
            world.amo.answer_next(Reply::CutAfterTheDeed);
            let told = write(&world, "k", &asked).await;
            let Err(WriteError::OutcomeUnknown(mut candidates)) = told else { panic!("{told:?}") };
            candidates.sort_unstable();
            assert_eq!(candidates, [number(&by_hand), number(&by_hand) + 1], "{asked:?}");
        });
    }
}

#[test]
fn what_another_key_has_made_is_not_taken() {
    for asked in makes() {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            let mut made = vec![number(&write(&world, "first", &asked).await.unwrap())];
            // Near the first, and so long after it that it would be in doubt whether that is it.
            for (key, seconds) in [("second", 0), ("third", 100)] {
                world.pass(seconds).await;
                world.amo.answer_next(Reply::CutBeforeTheDeed);
                assert!(is_unknown(&write(&world, key, &asked).await, &[]));
                world.pass(ABSENCE_TERM.as_secs() + 1).await;
                made.push(number(&write(&world, key, &asked).await.unwrap()));
            }
            made.dedup();
            assert_eq!((made.len(), carried_out(&world)), (3, 3), "{asked:?}");
        });
    }
}

#[test]
fn what_amocrm_itself_says_is_made_is_told_though_another_key_has_claimed_it() {
    let made = |is_new| Reply::Made(WrittenObject { id: 1, is_new });
    for comment in [None, Some("By the sea")] {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            for (key, is_new) in [("first", true), ("second", false)] {
                world.amo.answer_next(made(true));
                let told = with_comment(&world, key, &lead("Sunrise"), comment).await.unwrap();
                assert_eq!((number(&told), told.is_new, told.is_replayed), (1, is_new, false), "{key} {comment:?}");
                let again = with_comment(&world, key, &lead("Sunrise"), comment).await.unwrap();
                assert_eq!((number(&again), again.is_new, again.is_replayed), (1, is_new, true), "{key} {comment:?}");
            }
        });
    }
}

#[test]
fn where_nobody_knows_who_made_it_the_only_one_is_a_candidate() {
    for asked in makes() {
        let world = world_of(with(|account| account.user = None));
        world.run(async {
            connected(&world).await;
            world.amo.answer_next(Reply::CutAfterTheDeed);
            let told = write(&world, "k", &asked).await;
            assert!(matches!(&told, Err(WriteError::OutcomeUnknown(found)) if found.len() == 1), "{asked:?}: {told:?}");
        });
    }
}

#[test]
fn what_somebody_else_is_responsible_for_is_missed_by_administrators_alone() {
    for (is_admin, responsible, sent) in [(false, 6, 0), (true, 6, 1), (false, OLENA, 1)] {
        let account = with(|account| account.users[0].is_admin = is_admin);
        let world = world_of(account);
        world.run(async {
            connected(&world).await;
            let complete_till = at(24 * 3600);
            let responsible_user = Some(responsible);
            let task = NewTask { lead: 1, text: "Come".to_owned(), complete_till, kind: None, responsible_user };
            let task = Write::Task(task);
            world.amo.answer_next(Reply::CutBeforeTheDeed);
            assert!(is_unknown(&write(&world, "k", &task).await, &[]));
            world.pass(ABSENCE_TERM.as_secs() + 1).await;
            let told = write(&world, "k", &task).await;
            assert_eq!((told.is_ok(), carried_out(&world)), (sent == 1, sent), "{is_admin} {responsible}: {told:?}");
        });
    }
}

#[test]
fn a_look_is_made_once_more_with_another_access_token() {
    for asked in makes() {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            world.amo.answer_each([Reply::CutAfterTheDeed, Reply::AccessRefused]);
            let made = write(&world, "k", &asked).await.unwrap();
            assert!(made.is_new, "{asked:?}");
            assert_eq!((world.refreshes(), carried_out(&world)), (1, 1), "{asked:?}");
        });
    }
}

#[test]
fn a_look_that_fails_leaves_the_write_unknown() {
    for asked in makes() {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            world.amo.answer_each([Reply::CutAfterTheDeed, Reply::PaymentRequired]);
            assert!(is_unknown(&write(&world, "k", &asked).await, &[]), "{asked:?}");
            let made = write(&world, "k", &asked).await.unwrap();
            assert!(made.is_new && !made.is_replayed, "{asked:?}");
            assert_eq!(carried_out(&world), 1, "{asked:?}");
        });
    }
}

#[test]
fn whoever_writes_has_an_answer_within_fifteen_seconds() {
    for is_sent in [true, false] {
        let (amo, gate) = crm(agency()).with_life(Duration::from_mins(10)).gated();
        let world = World::beside(amo);
        world.run(async {
            connected_through(&world, &gate).await;
            if !is_sent {
                // It waits for a new access token first.
                world.pass(11 * 60).await;
            }
            let begun = world.time.passed();
            let asked = &makes()[1];
            let (first, second) = join(write(&world, "k", asked), async {
                world.pass(1).await;
                write(&world, "k", asked).await
            })
            .await;
            let took = world.since(begun);
            assert!(took.as_secs() <= 16, "{took:?}");
            assert_eq!(is_unknown(&first, &[]), is_sent, "{first:?}");
            match second {
                Err(WriteError::InProgress) => assert!(is_sent, "the first is under way"),
                Err(WriteError::Read(ReadError::Access(AccessError::RefreshInProgress))) => assert!(!is_sent),
                second => panic!("{second:?}"),
            }
        });
    }
}
