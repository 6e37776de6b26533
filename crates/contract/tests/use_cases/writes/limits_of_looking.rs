//! How far lists are looked through for what a lost answer was about.

use amo_connect_contract::fixtures::at;
use amo_connect_contract::{Asked, FakeAccount, Reply};
use amo_connect_domain::crm::lead::AmoLead;
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::task::Task;
use amo_connect_domain::idempotency::ABSENCE_TERM;
use amo_connect_domain::usecase::WriteError;

use super::{OLENA, carried_out, connected, makes, with, world_of, write};

/// So many pages of 250 leads, notes and tasks, which were made at this second.
fn crowded(pages: u64, second: i64) -> FakeAccount {
    let made_at = Some(at(second));
    with(|account| {
        account.tasks.clear();
        for id in 100..100 + pages * 250 {
            account.leads.push(AmoLead { created_at: made_at, ..AmoLead::numbered(id) });
            account.notes.push((1, Note { created_at: made_at, ..Note::numbered(id) }));
            let lead = Some(1);
            account.tasks.push(Task { lead, created_at: made_at, ..Task::numbered(id) });
        }
    })
}

/// How many pages of a list were asked for.
fn pages(asked: &[Asked]) -> usize {
    asked
        .iter()
        .filter(|asked| matches!(asked, Asked::Leads { .. } | Asked::Notes { .. } | Asked::Tasks { .. }))
        .count()
}

#[test]
fn four_pages_are_looked_through_and_what_is_beyond_is_in_doubt() {
    for (of_others, looked_at, is_certain) in [(3, 4, true), (4, 4, true), (5, 4, false)] {
        for asked in makes() {
            let world = world_of(crowded(of_others, 0));
            world.run(async {
                connected(&world).await;
                world.amo.answer_next(Reply::CutBeforeTheDeed);
                write(&world, "k", &asked).await.unwrap_err();
                world.pass(ABSENCE_TERM.as_secs() + 1).await;
                let before = world.amo.asked().len();
                let told = write(&world, "k", &asked).await;
                let seen = pages(&world.amo.asked()[before..]);
                assert!(seen <= looked_at, "{of_others} {asked:?}: {seen}");
                assert_eq!(told.is_ok(), is_certain, "{of_others} {asked:?}: {told:?}");
                assert_eq!(carried_out(&world), usize::from(is_certain));
                if !is_certain {
                    assert!(matches!(told, Err(WriteError::OutcomeUnknown(_))));
                    assert_eq!(seen, looked_at, "{asked:?}");
                }
            });
        }
    }
}

#[test]
fn what_was_made_long_before_or_after_the_sending_is_not_looked_through() {
    // Leads are listed from the oldest that can be it, notes and tasks from the newest.
    for (second, expected) in [(5_000, [1, 5, 5]), (-5_000, [1, 1, 1])] {
        for (asked, expected) in makes().into_iter().zip(expected) {
            let world = world_of(crowded(6, second));
            world.run(async {
                connected(&world).await;
                world.amo.answer_next(Reply::CutBeforeTheDeed);
                let before = world.amo.asked().len();
                write(&world, "k", &asked).await.unwrap_err();
                let seen = pages(&world.amo.asked()[before..]);
                assert_eq!(seen, expected.min(4), "{second} {asked:?}");
            });
        }
    }
}

#[test]
fn what_has_another_content_is_not_it_unless_it_has_changed_since() {
    for has_changed in [false, true] {
        for asked in makes() {
            let (author, made_at) = (Some(OLENA), Some(at(0)));
            let updated_at = if has_changed { Some(at(5)) } else { made_at };
            let text = || Some("Another".to_owned());
            let note = Note { created_by: author, created_at: made_at, updated_at, ..Note::numbered(100) };
            let account = with(|account| {
                let lead = AmoLead { created_by: author, created_at: made_at, updated_at, ..AmoLead::numbered(100) };
                account.leads.push(AmoLead { name: text(), ..lead });
                account.notes.push((1, Note { text: text(), kind: Some("common".to_owned()), ..note.clone() }));
                // A call is no text, whatever it says.
                let call = Note { id: 101, text: Some("Hello".to_owned()), kind: Some("call_in".to_owned()), ..note };
                account.notes.push((1, call));
                let task = Task { created_by: author, created_at: made_at, updated_at, ..Task::numbered(100) };
                account.tasks.push(Task { lead: Some(1), text: text(), ..task });
            });
            let world = world_of(account);
            world.run(async {
                connected(&world).await;
                world.amo.answer_next(Reply::CutBeforeTheDeed);
                write(&world, "k", &asked).await.unwrap_err();
                world.pass(ABSENCE_TERM.as_secs() + 1).await;
                match write(&world, "k", &asked).await {
                    Ok(made) => assert!(made.is_new && !has_changed, "{asked:?}"),
                    Err(WriteError::OutcomeUnknown(found)) => assert_eq!((&found[..], has_changed), (&[100][..], true)),
                    Err(error) => panic!("{error:?}"),
                }
            });
        }
    }
}
