use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::clock::after;
use crate::ids::{AccountId, Epoch, LeaseOwner, UserId};
use crate::lease::{LEASE_TERM, Lease};

const EPOCH: Epoch = Epoch(1);
const LEAD: WrittenObject = WrittenObject { id: 7, is_new: true };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn owner(number: u8) -> LeaseOwner {
    LeaseOwner([number; 16])
}

fn request() -> WriteRequest {
    let (user, key) = (UserId::new("olena").unwrap(), IdempotencyKey::new("k").unwrap());
    WriteRequest {
        key: KeyHash::of(&user, &key),
        user,
        request: RequestHash([1; 32]),
        account: AccountId(1),
        author: Some(5),
        epoch: EPOCH,
        kind: WriteKind::Lead,
        target: None,
    }
}

fn begin(on_record: Option<WriteRecord>, number: u8, second: i64) -> Begun {
    WriteRecord::begin(on_record, None, &request(), EPOCH, owner(number), at(second))
}

fn granted(begun: Begun) -> WriteRecord {
    match begun {
        Begun::Granted(record) => record,
        other => panic!("{other:?}"),
    }
}

fn in_doubt(begun: Begun) -> (WriteRecord, Doubt) {
    match begun {
        Begun::InDoubt(record, doubt) => (record, doubt),
        other => panic!("{other:?}"),
    }
}

/// A record that owner 1 began, and sent, at second 0.
fn sent() -> WriteRecord {
    let mut record = granted(begin(None, 1, 0));
    record.send(owner(1), EPOCH, at(0)).unwrap();
    record
}

fn settle(record: &WriteRecord, number: u8, outcome: WriteOutcome, second: i64) -> Settled {
    record.clone().settle(owner(number), &outcome, false, EPOCH, at(second))
}

fn settled(record: &WriteRecord, number: u8, outcome: WriteOutcome, second: i64) -> WriteRecord {
    match settle(record, number, outcome, second) {
        Settled::OnRecord(record) => *record,
        other => panic!("{other:?}"),
    }
}

const DONE: WriteOutcome = WriteOutcome::Done { object: Some(LEAD), comment: None, missing_comment: false };

#[test]
fn a_new_write_is_on_record_before_anything_is_sent() {
    let record = granted(begin(None, 1, 3));
    assert_eq!((record.sent(), record.begun_at, record.epoch), (None, at(3), EPOCH));
    assert_eq!(record.state, WriteState::Underway { lease: Lease::granted(owner(1), at(3)), sent: None });
}

#[test]
fn of_a_user_whose_records_are_full_only_writes_that_are_on_record_go_on() {
    let full = |on_record| WriteRecord::begin(on_record, Some(at(0)), &request(), EPOCH, owner(2), at(100));
    assert_eq!(full(None), Begun::Full(WRITE_MEMORY.saturating_sub(Duration::from_secs(100))));
    let (known, _) = in_doubt(full(Some(sent())));
    assert_eq!(known.key, request().key);
}

#[test]
fn a_write_is_one_owners_until_the_lease_lapses() {
    let first = granted(begin(None, 1, 0));
    for number in [1, 2] {
        assert_eq!(begin(Some(first.clone()), number, 14), Begun::Held(first.clone()));
    }
    let mut renewed = first.clone();
    assert!(!renewed.renew(owner(2), at(10)) && renewed == first);
    assert!(renewed.renew(owner(1), at(10)));
    assert_eq!(begin(Some(renewed.clone()), 2, 24), Begun::Held(renewed.clone()));
    let second = granted(begin(Some(renewed), 2, 25));
    assert_eq!((second.sent(), second.begun_at), (None, at(0)));
}

#[test]
fn a_lease_from_a_clock_ahead_is_cut_to_one_term() {
    let first = granted(begin(None, 1, 10_000));
    let Begun::Held(seen) = begin(Some(first), 2, 0) else { panic!("it is taken over at once") };
    assert_eq!(seen.state, WriteState::Underway { lease: Lease::granted(owner(1), at(0)), sent: None });
    granted(begin(Some(seen), 2, 15));
}

#[test]
fn a_sending_outlives_its_owner_and_is_looked_for() {
    let (second, doubt) = in_doubt(begin(Some(sent()), 2, 15));
    assert_eq!(second.sent(), Some(Sending { at: at(0), by: owner(1) }));
    assert_eq!((doubt.sent_at, doubt.absence_counts, doubt.presence_counts), (at(0), false, true));
    let (third, doubt) = in_doubt(begin(Some(second), 3, 75));
    assert_eq!((doubt.sent_at, doubt.absence_counts), (at(0), true));
    assert_eq!(third.sent(), Some(Sending { at: at(0), by: owner(1) }));
}

#[test]
fn a_write_is_sent_again_only_when_its_absence_counts() {
    let (mut second, _) = in_doubt(begin(Some(sent()), 2, 70));
    let unchanged = second.clone();
    assert_eq!(second.send(owner(2), EPOCH, at(74)), Err(NotSent::InDoubt));
    assert_eq!(second, unchanged);
    second.send(owner(2), EPOCH, at(75)).unwrap();
    assert_eq!(second.sent(), Some(Sending { at: at(75), by: owner(2) }));
}

#[test]
fn an_owner_whose_sending_was_refused_may_send_again() {
    let mut record = sent();
    record.send(owner(1), EPOCH, at(2)).unwrap();
    assert_eq!(record.sent(), Some(Sending { at: at(2), by: owner(1) }));
    assert_eq!(record.state, WriteState::Underway { lease: Lease::granted(owner(1), at(2)), sent: record.sent() });
}

#[test]
fn nobody_but_the_owner_sends() {
    let mut record = granted(begin(None, 1, 0));
    assert_eq!(record.send(owner(2), EPOCH, at(1)), Err(NotSent::LeaseLost));
    // A lease that has lapsed, but that nobody took, still is its owner's.
    record.send(owner(1), EPOCH, at(100)).unwrap();
    for mut ended in [settled(&record, 1, WriteOutcome::Unknown, 1), settled(&record, 1, DONE, 1)] {
        assert_eq!(ended.send(owner(1), EPOCH, at(200)), Err(NotSent::LeaseLost));
    }
}

#[test]
fn a_disconnect_wins_over_what_was_not_sent() {
    let mut record = granted(begin(None, 1, 0));
    assert_eq!(record.send(owner(1), EPOCH.next(), at(1)), Err(NotSent::Disconnected));
    assert_eq!(record.sent(), None);
    let late = WriteRecord::begin(None, None, &request(), EPOCH.next(), owner(1), at(1));
    assert_eq!(late, Begun::Disconnected);
    // It stays, so that the key is refused.
    let kept = record.settle(owner(1), &WriteOutcome::ChangedNothing, false, EPOCH.next(), at(2));
    let Settled::OnRecord(kept) = kept else { panic!("{kept:?}") };
    let anew = WriteRequest { epoch: EPOCH.next(), ..request() };
    assert_eq!(WriteRecord::begin(Some(*kept), None, &anew, EPOCH.next(), owner(2), at(3)), Begun::Expired);
}

#[test]
fn a_key_is_for_one_request_of_one_account_and_epoch() {
    for record in [granted(begin(None, 1, 0)), sent(), settled(&sent(), 1, DONE, 1)] {
        let ask = |request: &WriteRequest| {
            WriteRecord::begin(Some(record.clone()), None, request, request.epoch, owner(2), at(100))
        };
        assert_eq!(ask(&WriteRequest { epoch: EPOCH.next(), ..request() }), Begun::Expired);
        assert_eq!(ask(&WriteRequest { account: AccountId(2), ..request() }), Begun::Expired);
        let other = WriteRequest { request: RequestHash([2; 32]), ..request() };
        assert_eq!(ask(&other), Begun::Reused);
        assert_eq!(ask(&WriteRequest { account: AccountId(2), ..other }), Begun::Expired, "it says nothing else");
    }
}

#[test]
fn an_author_who_is_known_later_is_recorded() {
    let unknown = WriteRequest { author: None, ..request() };
    let first = granted(WriteRecord::begin(None, None, &unknown, EPOCH, owner(1), at(0)));
    let second = granted(begin(Some(first), 2, 15));
    assert_eq!(second.author, Some(5));
    let third = granted(WriteRecord::begin(Some(second), None, &unknown, EPOCH, owner(3), at(30)));
    assert_eq!(third.author, Some(5));
}

#[test]
fn what_is_done_is_replayed_and_never_changed() {
    let done = settled(&sent(), 1, DONE, 4);
    assert_eq!(done.state, WriteState::Done { missing_comment: false, done_at: at(4) });
    assert!(done.made_new() && !sent().made_new());
    assert_eq!(begin(Some(done.clone()), 2, 5), Begun::Replay(done.clone()));
    let other = WrittenObject { id: 8, is_new: true };
    for outcome in [
        WriteOutcome::Made(other),
        WriteOutcome::Done { object: Some(other), comment: Some(1), missing_comment: true },
        WriteOutcome::Unknown,
        WriteOutcome::ChangedNothing,
    ] {
        assert_eq!(settled(&done, 1, outcome, 9), done);
    }
}

#[test]
fn a_late_answer_counts_unless_the_write_is_done() {
    let (taken_over, _) = in_doubt(begin(Some(sent()), 2, 15));
    let unknown = settled(&taken_over, 2, WriteOutcome::Unknown, 16);
    for record in [taken_over, unknown] {
        let done = settled(&record, 1, DONE, 20);
        assert_eq!((done.object, begin(Some(done.clone()), 3, 21)), (Some(LEAD), Begun::Replay(done.clone())));
    }
}

#[test]
fn what_was_made_is_recorded_anew_where_the_write_was_forgotten() {
    let to_settle = |on_record, outcome| WriteRecord::to_settle(on_record, &request(), owner(1), &outcome, at(100));
    let anew = to_settle(None, DONE).unwrap();
    assert_eq!(anew, granted(begin(None, 1, 100)));
    assert_eq!(settled(&anew, 1, DONE, 100).object, Some(LEAD));
    for outcome in [WriteOutcome::Unknown, WriteOutcome::ChangedNothing] {
        assert_eq!(to_settle(None, outcome), None, "{outcome:?}");
    }
    assert_eq!(to_settle(Some(sent()), WriteOutcome::Unknown), Some(sent()));
    let other = [
        WriteRecord { request: RequestHash([2; 32]), ..sent() },
        WriteRecord { account: AccountId(2), ..sent() },
        WriteRecord { epoch: EPOCH.next(), ..sent() },
    ];
    for record in other {
        assert_eq!(to_settle(Some(record), DONE), None);
    }
}

#[test]
fn an_error_that_changed_nothing_frees_the_key() {
    assert_eq!(settle(&granted(begin(None, 1, 0)), 1, WriteOutcome::ChangedNothing, 1), Settled::NoRecord);
    assert_eq!(settle(&sent(), 1, WriteOutcome::ChangedNothing, 1), Settled::NoRecord);
    assert_eq!(
        settle(&sent(), 2, WriteOutcome::ChangedNothing, 1),
        Settled::OnRecord(Box::new(sent())),
        "not its owner"
    );
}

#[test]
fn an_error_leaves_the_doubt_about_an_earlier_sending() {
    let (taken_over, _) = in_doubt(begin(Some(sent()), 2, 15));
    for outcome in [WriteOutcome::ChangedNothing, WriteOutcome::Unknown] {
        let left = settled(&taken_over, 2, outcome, 16);
        assert_eq!(left.state, WriteState::OutcomeUnknown(Sending { at: at(0), by: owner(1) }));
        assert_eq!(settled(&taken_over, 3, outcome, 16), taken_over, "not its owner");
        // The next one need not wait for a lease.
        in_doubt(begin(Some(left), 3, 17));
    }
    assert_eq!(
        settled(&sent(), 1, WriteOutcome::Unknown, 1).state,
        WriteState::OutcomeUnknown(Sending { at: at(0), by: owner(1) })
    );
}

#[test]
fn what_was_never_sent_is_in_no_doubt() {
    let left = settled(&granted(begin(None, 1, 0)), 1, WriteOutcome::Unknown, 1);
    granted(begin(Some(left), 2, 1));
}

#[test]
fn a_lead_is_on_record_before_its_comment_is_sent() {
    let mut made = settled(&sent(), 1, WriteOutcome::Made(LEAD), 3);
    assert_eq!((made.object, made.sent()), (Some(LEAD), None));
    assert_eq!(begin(Some(made.clone()), 2, 17), Begun::Held(made.clone()), "the lease was renewed");
    assert_eq!(granted(begin(Some(made.clone()), 2, 18)).object, Some(LEAD), "the next one sends the comment");
    made.send(owner(1), EPOCH, at(4)).unwrap();
    // The step in doubt is the comment now.
    let (second, doubt) = in_doubt(begin(Some(made.clone()), 2, 19));
    assert_eq!((second.object, doubt.sent_at), (Some(LEAD), at(4)));
    assert_eq!(settled(&second, 1, WriteOutcome::Made(LEAD), 20), second, "an answer to the first step is no news");

    let done = WriteOutcome::Done { object: None, comment: Some(9), missing_comment: false };
    let done = settled(&second, 2, done, 21);
    assert_eq!((done.object, done.comment, done.made_new()), (Some(LEAD), Some(9), true));
    let refused = WriteOutcome::Done { object: None, comment: None, missing_comment: true };
    let refused = settled(&made, 1, refused, 5);
    assert_eq!(refused.state, WriteState::Done { missing_comment: true, done_at: at(5) });
}

#[test]
fn a_lead_that_is_there_is_never_forgotten_by_an_error() {
    let mut made = settled(&sent(), 1, WriteOutcome::Made(LEAD), 3);
    let kept = settled(&made, 1, WriteOutcome::ChangedNothing, 4);
    assert_eq!(granted(begin(Some(kept), 2, 4)).object, Some(LEAD), "the next one need not wait");
    made.send(owner(1), EPOCH, at(4)).unwrap();
    let kept = settled(&made, 1, WriteOutcome::ChangedNothing, 5);
    assert_eq!((kept.object, kept.sent()), (Some(LEAD), None));
}

#[test]
fn a_lead_that_is_found_late_leaves_the_lease_to_its_owner() {
    let (taken_over, _) = in_doubt(begin(Some(sent()), 2, 15));
    let made = settled(&taken_over, 1, WriteOutcome::Made(LEAD), 16);
    assert_eq!(made.state, WriteState::Underway { lease: Lease::granted(owner(2), at(15)), sent: None });
    let unknown = settled(&sent(), 1, WriteOutcome::Unknown, 2);
    let made = settled(&unknown, 1, WriteOutcome::Made(LEAD), 16);
    assert_eq!(made.state, WriteState::Underway { lease: Lease::granted(owner(1), at(16)), sent: None });
}

#[test]
fn an_object_of_another_key_is_not_taken() {
    for outcome in [WriteOutcome::Made(LEAD), DONE] {
        assert_eq!(sent().settle(owner(1), &outcome, true, EPOCH, at(1)), Settled::Claimed);
    }
    let unknown = sent().settle(owner(1), &WriteOutcome::Unknown, true, EPOCH, at(1));
    assert!(matches!(unknown, Settled::OnRecord(_)), "{unknown:?}");
}

#[test]
fn only_what_is_new_is_claimed() {
    let of_kind = |kind, outcome: WriteOutcome| WriteRecord { kind, ..sent() }.claims(&outcome);
    assert_eq!(of_kind(WriteKind::Lead, WriteOutcome::Made(LEAD)), [(Entity::Lead, 7)]);
    assert_eq!(of_kind(WriteKind::Note, DONE), [(Entity::Note, 7)]);
    assert_eq!(of_kind(WriteKind::Task, DONE), [(Entity::Task, 7)]);
    let merged = WrittenObject { is_new: false, ..LEAD };
    let none: [(Entity, u64); 0] = [];
    assert_eq!(of_kind(WriteKind::Lead, WriteOutcome::Made(merged)), none);
    for kind in [WriteKind::LeadChange, WriteKind::TaskChange] {
        assert_eq!(of_kind(kind, DONE), none);
    }
    let commented = WriteOutcome::Done { object: Some(LEAD), comment: Some(9), missing_comment: false };
    assert_eq!(of_kind(WriteKind::Lead, commented), [(Entity::Lead, 7), (Entity::Note, 9)]);
    assert_eq!(settled(&sent(), 1, commented, 1).claimed(), [(Entity::Lead, 7), (Entity::Note, 9)]);
    assert_eq!(sent().claimed(), none);
}

#[test]
fn a_sweep_forgets_what_is_done_and_what_was_never_sent() {
    let (never, doubtful) = (granted(begin(None, 1, 0)), sent());
    let (done, made) = (settled(&doubtful, 1, DONE, 0), settled(&doubtful, 1, WriteOutcome::Made(LEAD), 0));
    let unknown = settled(&doubtful, 1, WriteOutcome::Unknown, 0);
    let (week, century) = (after(at(0), WRITE_MEMORY), after(at(0), WRITE_MEMORY * 5_000));
    let second = Duration::from_secs(1);
    for (record, memory_ends) in [(done, week), (never, after(week, LEASE_TERM))] {
        let over = after(memory_ends, second);
        assert!(record.is_over(over, over, over));
        for clocks in
            [[memory_ends, century, century], [century, memory_ends, century], [century, century, memory_ends]]
        {
            assert!(!record.is_over(clocks[0], clocks[1], clocks[2]), "one of three clocks says that it is too young");
        }
    }
    for record in [doubtful, made, unknown] {
        assert!(!record.is_over(century, century, century), "{record:?}");
    }
}
