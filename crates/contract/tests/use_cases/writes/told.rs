//! What whoever writes is told, where amoCRM answers.

use amo_connect_contract::fixtures::{host, issued, user};
use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{ProblemCode, Standing};
use amo_connect_domain::crm::write::WriteField;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::usecase::{AccessError, MissingPart, ReadError, WriteError, Written};
use futures_util::future::{join, join_all};

use super::{
    account, agency, carried_out, connected, connected_through, crm, lead, makes, number, with_comment, world_of,
    write, write_once,
};
use crate::world::World;

/// Lead 1 stands for the one that is made.
const MADE: Reply = Reply::Made(WrittenObject { id: 1, is_new: true });

#[test]
fn what_is_written_is_told_as_it_is_in_amocrm() {
    for asked in makes() {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            let made = write(&world, "k", &asked).await.unwrap();
            assert_eq!((made.is_new, made.is_replayed, &made.missing[..]), (true, false, &[][..]), "{asked:?}");
            let known = account(&world);
            match &made.what {
                Written::Lead(made) => assert_eq!(made.lead.lead.updated_at, known.leads[1].updated_at),
                Written::Note(made) => assert_eq!(*made, known.notes[0].1),
                Written::Task(made) => assert_eq!(*made, known.tasks[0]),
            }
            let again = write(&world, "k", &asked).await.unwrap();
            assert_eq!((number(&again), again.is_replayed), (number(&made), true), "{asked:?}");
            assert_eq!(carried_out(&world), 1, "{asked:?}");
            let other = write(&world, "k", &lead("Another")).await;
            assert!(matches!(other, Err(WriteError::KeyReused)), "{other:?}");
        });
    }
}

#[test]
fn the_comment_of_a_lead_is_its_first_note_with_a_key_and_without() {
    let world = world_of(agency());
    world.run(async {
        connected(&world).await;
        let comment = Some("By the sea");
        for made in [
            with_comment(&world, "k", &lead("Sunrise"), comment).await.unwrap(),
            write_once(&world, &lead("Sunset"), comment).await.unwrap(),
        ] {
            assert!(made.is_new && made.missing.is_empty());
            let notes = account(&world).notes;
            let texts: Vec<_> =
                notes.iter().filter(|(lead, _)| *lead == number(&made)).map(|(_, note)| &note.text).collect();
            assert_eq!(texts, [&comment.map(str::to_owned)]);
        }
        assert_eq!(carried_out(&world), 4);
    });
}

#[test]
fn a_comment_that_amocrm_refuses_is_missing_and_any_other_failure_is_not_known() {
    for (reply, is_known) in [
        (Reply::Refuses(WriteField::Text), true),
        (Reply::TargetMissing, true),
        (Reply::Forbidden, true),
        (Reply::PaymentRequired, false),
    ] {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            let comment = Some("By the sea");
            world.amo.answer_each([MADE, reply.clone()]);
            let first = with_comment(&world, "k", &lead("Sunrise"), comment).await;
            if is_known {
                let made = first.unwrap();
                assert_eq!((number(&made), &made.missing[..]), (1, &[MissingPart::Comment][..]), "{reply:?}");
            } else {
                assert!(matches!(first, Err(WriteError::OutcomeUnknown(_))), "{reply:?}: {first:?}");
            }
            let again = with_comment(&world, "k", &lead("Sunrise"), comment).await.unwrap();
            assert_eq!((number(&again), again.is_replayed), (1, is_known), "{reply:?}");
            assert_eq!(again.missing.is_empty(), !is_known, "{reply:?}");
            assert_eq!(carried_out(&world), usize::from(!is_known), "of the comment: {reply:?}");
            // Without a key the lead is told whatever becomes of its comment.
            world.amo.answer_each([MADE, reply.clone()]);
            let once = write_once(&world, &lead("Sunrise"), comment).await.unwrap();
            assert_eq!((number(&once), &once.missing[..]), (1, &[MissingPart::Comment][..]), "{reply:?}");
        });
    }
}

#[test]
fn a_write_that_amocrm_refuses_can_be_asked_for_again_with_its_key() {
    for asked in makes() {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            world.amo.answer_next(Reply::Refuses(WriteField::Name));
            let refused = write(&world, "k", &asked).await;
            assert!(matches!(refused, Err(WriteError::Refused(Some(WriteField::Name)))), "{refused:?}");
            let made = write(&world, "k", &asked).await.unwrap();
            assert!(made.is_new && !made.is_replayed);
            assert_eq!(carried_out(&world), 1);
        });
    }
}

#[test]
fn what_cannot_be_read_back_is_told_with_its_number() {
    for asked in makes() {
        let world = World::beside(crm(agency()).silent(|asked| {
            matches!(asked, Asked::Lead { .. } | Asked::Note { .. } | Asked::Task { .. } | Asked::Notes { .. })
        }));
        world.run(async {
            connected(&world).await;
            world.amo.answer_each([MADE, Reply::Forbidden, Reply::Forbidden]);
            let made = write(&world, "k", &asked).await.unwrap();
            assert_eq!((number(&made), &made.missing[..]), (1, &[MissingPart::Details][..]), "{asked:?}");
        });
    }
}

#[test]
fn the_object_of_an_account_that_the_user_has_left_meanwhile_is_told_with_its_number_alone() {
    let (amo, gate) = crm(agency()).gated();
    let world = World::beside(amo);
    world.run(async {
        connected_through(&world, &gate).await;
        let leaves = async {
            gate.arrival().await;
            world.use_cases.disconnect(&user("olena"), Actor::User).await.unwrap();
            gate.let_go(2);
            world.connect("olena", 2).await;
        };
        let (made, ()) = join(write(&world, "k", &makes()[1]), leaves).await;
        let made = made.unwrap();
        assert_eq!((number(&made), &made.missing[..]), (1, &[MissingPart::Details][..]));
        assert_eq!(carried_out(&world), 1, "it was sent before");
    });
}

#[test]
fn a_refused_access_token_is_renewed_and_the_write_sent_again_once() {
    for asked in makes() {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            world.amo.answer_next(Reply::AccessRefused);
            write(&world, "k", &asked).await.unwrap();
            assert_eq!((world.refreshes(), carried_out(&world)), (1, 1), "{asked:?}");
            world.amo.answer_each([Reply::AccessRefused, Reply::Issues(issued("unknown"))]);
            let refused = write(&world, "k2", &asked).await;
            let is_refused = matches!(
                refused,
                Err(WriteError::Read(
                    ReadError::Amo(AmoError::AccessRefused)
                        | ReadError::Access(AccessError::Amo(AmoError::AccessRefused))
                ))
            );
            assert!(is_refused, "{refused:?}");
            assert_eq!((world.refreshes(), carried_out(&world)), (2, 1), "{asked:?}");
        });
    }
}

#[test]
fn a_move_and_a_refused_access_token_are_mended_once_each() {
    for asked in makes() {
        let world = world_of(agency());
        world.run(async {
            connected(&world).await;
            world.amo.move_account(&host(1), &host(31));
            world.amo.answer_each([Reply::Fails(421), Reply::Located(host(31)), Reply::AccessRefused]);
            assert!(write(&world, "k", &asked).await.unwrap().is_new, "{asked:?}");
            assert_eq!((world.refreshes(), carried_out(&world)), (1, 1), "{asked:?}");
        });
    }
}

#[test]
fn a_write_shows_the_problem_of_an_account_and_its_end() {
    let world = world_of(agency());
    world.run(async {
        connected(&world).await;
        let problem = async || world.row("olena").await.standing();
        world.amo.answer_next(Reply::PaymentRequired);
        write(&world, "k", &lead("Sunrise")).await.unwrap_err();
        assert_eq!(problem().await, Standing::Connected(Some(ProblemCode::PaymentRequired)));
        write(&world, "k", &lead("Sunrise")).await.unwrap();
        assert_eq!(problem().await, Standing::Connected(None));
    });
}

#[test]
fn a_write_that_is_asked_for_many_times_at_once_is_done_once() {
    let (amo, gate) = crm(agency()).gated();
    let world = World::beside(amo);
    world.run(async {
        connected_through(&world, &gate).await;
        let asked = &makes()[1];
        let let_go = async {
            gate.arrival().await;
            world.pass(5).await;
            gate.let_go(1);
        };
        let (all, ()) = join(join_all((0..5).map(|_| write(&world, "k", asked))), let_go).await;
        let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!(all.iter().filter(|made| !made.is_replayed).count(), 1);
        assert!(all.iter().all(|made| number(made) == number(&all[0])));
        assert_eq!(carried_out(&world), 1);
    });
}
