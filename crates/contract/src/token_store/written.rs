//! What became of writes with a key: kept, claimed by one key alone, and forgotten in time.

use amo_connect_domain::idempotency::{
    ABSENCE_TERM, Begun, Entity, RequestHash, Settled, WRITE_MEMORY, WriteKind, WriteOutcome, WriteRequest, WriteState,
    WrittenObject,
};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::lease::{LEASE_RENEWAL, LEASE_TERM};

use super::TokenStoreHarness;
use super::steps::{Store, begin_write, send_write, settle_write, swept, write};
use crate::fixtures::{after, owner, user, write_request};
use crate::suite::race;

fn new(id: u64) -> WrittenObject {
    WrittenObject { id, is_new: true }
}

fn done(id: u64) -> WriteOutcome {
    WriteOutcome::Done { object: Some(new(id)), comment: None, missing_comment: false }
}

/// A write of this kind under the key `name`, in this account, that owner 1 has sent.
async fn sent(store: &Store, kind: WriteKind, account: u64, name: &str) -> WriteRequest {
    let request = WriteRequest { kind, account: AccountId(account), ..write_request(&user("olena"), name) };
    begin_write(store, &request, owner(1)).await;
    send_write(store, &request, owner(1)).await;
    request
}

/// What is on record after owner 1 has told this outcome.
async fn settled(store: &Store, request: &WriteRequest, outcome: WriteOutcome) -> Settled {
    store.settle_write(request, owner(1), &outcome).await.unwrap()
}

pub(super) async fn what_was_made_is_accepted_after_the_lease_has_passed(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let (lapsed, taken_over) =
        (sent(&store, WriteKind::Note, 1, "lapsed").await, sent(&store, WriteKind::Note, 1, "taken-over").await);
    harness.advance_store_clock(LEASE_TERM).await;
    let begun = other.begin_write(&taken_over, owner(2)).await.unwrap();
    assert!(matches!(begun, Begun::InDoubt(..)), "{begun:?}");
    for (request, id) in [(&lapsed, 1), (&taken_over, 2)] {
        let record = settle_write(&store, request, owner(1), done(id)).await;
        assert_eq!(record.object, Some(new(id)));
        assert_eq!(other.begin_write(request, owner(3)).await.unwrap(), Begun::Replay(record));
    }
}

/// A write that owner 1 sent, and that owner 2 took over, sent again and heard refused.
async fn forgotten(harness: &dyn TokenStoreHarness, store: &Store) -> WriteRequest {
    let request = sent(store, WriteKind::Lead, 1, "forgotten").await;
    harness.advance_store_clock(ABSENCE_TERM).await;
    let begun = store.begin_write(&request, owner(2)).await.unwrap();
    assert!(matches!(begun, Begun::InDoubt(..)), "{begun:?}");
    send_write(store, &request, owner(2)).await;
    assert_eq!(store.settle_write(&request, owner(2), &WriteOutcome::ChangedNothing).await.unwrap(), Settled::NoRecord);
    request
}

pub(super) async fn what_was_made_is_recorded_though_the_write_was_forgotten(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let request = forgotten(harness, &store).await;
    for outcome in [WriteOutcome::Unknown, WriteOutcome::ChangedNothing] {
        assert_eq!(store.settle_write(&request, owner(1), &outcome).await.unwrap(), Settled::NoRecord);
        assert_eq!(write(&other, &request).await, None);
    }
    let record = settle_write(&store, &request, owner(1), done(7)).await;
    assert_eq!((record.object, record.request, record.author), (Some(new(7)), request.request, request.author));
    assert_eq!(other.begin_write(&request, owner(3)).await.unwrap(), Begun::Replay(record));
    assert_eq!(other.claimed_objects(AccountId(1), Entity::Lead, &[7]).await.unwrap(), [7]);
}

pub(super) async fn what_was_made_is_not_taken_for_another_request(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let request = forgotten(harness, &store).await;
    let another = WriteRequest { request: RequestHash([9; 32]), ..request.clone() };
    let record = begin_write(&other, &another, owner(3)).await;
    assert_eq!(store.settle_write(&request, owner(1), &done(7)).await.unwrap(), Settled::NoRecord);
    assert_eq!(write(&store, &another).await, Some(record));
}

pub(super) async fn a_write_that_is_done_is_not_changed(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let request = sent(&store, WriteKind::Lead, 1, "k").await;
    let first = settle_write(&store, &request, owner(1), done(7)).await;
    let another = WriteOutcome::Done { object: Some(new(8)), comment: Some(9), missing_comment: true };
    for outcome in [another, WriteOutcome::Made(new(8)), WriteOutcome::Unknown, WriteOutcome::ChangedNothing] {
        assert_eq!(settled(&other, &request, outcome).await, Settled::OnRecord(Box::new(first.clone())));
        assert_eq!(write(&store, &request).await.as_ref(), Some(&first));
    }
    assert_eq!(other.claimed_objects(AccountId(1), Entity::Lead, &[8]).await.unwrap(), [0; 0]);
    harness.advance_store_clock(WRITE_MEMORY).await;
    assert_eq!(other.begin_write(&request, owner(2)).await.unwrap(), Begun::Replay(first));
}

pub(super) async fn an_error_that_changed_nothing_frees_the_key(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let refused = sent(&store, WriteKind::Lead, 1, "refused").await;
    let unsent = write_request(&user("olena"), "unsent");
    begin_write(&store, &unsent, owner(1)).await;
    for request in [refused, unsent] {
        assert_eq!(settled(&store, &request, WriteOutcome::ChangedNothing).await, Settled::NoRecord);
        assert_eq!(write(&other, &request).await, None);
        let corrected = WriteRequest { account: AccountId(2), ..request };
        begin_write(&other, &corrected, owner(2)).await;
    }
}

pub(super) async fn an_error_forgets_nothing_else_of_a_write(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let [doubtful, commented] =
        [sent(&store, WriteKind::Lead, 1, "doubtful").await, sent(&store, WriteKind::Lead, 1, "commented").await];
    settle_write(&store, &commented, owner(1), WriteOutcome::Made(new(7))).await;
    send_write(&store, &commented, owner(1)).await;
    settle_write(&store, &commented, owner(1), WriteOutcome::ChangedNothing).await;
    let resumed = begin_write(&other, &commented, owner(2)).await;
    assert_eq!((resumed.object, resumed.sent()), (Some(new(7)), None), "the lead is there, its comment is not");

    harness.advance_store_clock(LEASE_TERM).await;
    let begun = other.begin_write(&doubtful, owner(2)).await.unwrap();
    let Begun::InDoubt(taken_over, _) = begun else { panic!("{begun:?}") };
    let by_another = settled(&store, &doubtful, WriteOutcome::ChangedNothing).await;
    assert_eq!(by_another, Settled::OnRecord(Box::new(taken_over.clone())), "somebody else works on it");
    let left = settle_write(&other, &doubtful, owner(2), WriteOutcome::ChangedNothing).await;
    assert_eq!(left.state, WriteState::OutcomeUnknown(taken_over.sent().unwrap()));
    assert_eq!(write(&store, &doubtful).await, Some(left));
}

pub(super) async fn a_lead_is_on_record_before_its_comment(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let request = sent(&store, WriteKind::Lead, 1, "k").await;
    let made = settle_write(&store, &request, owner(1), WriteOutcome::Made(new(7))).await;
    assert_eq!((made.object, made.sent()), (Some(new(7)), None));
    assert_eq!(write(&other, &request).await, Some(made));
    assert_eq!(other.claimed_objects(AccountId(1), Entity::Lead, &[7]).await.unwrap(), [7]);
    let sent = send_write(&store, &request, owner(1)).await;
    harness.advance_store_clock(LEASE_TERM).await;
    let begun = other.begin_write(&request, owner(2)).await.unwrap();
    let Begun::InDoubt(record, _) = begun else { panic!("{begun:?}") };
    assert_eq!((record.object, record.sent()), (Some(new(7)), sent.sent()));
    let end = WriteOutcome::Done { object: None, comment: Some(9), missing_comment: false };
    let record = settle_write(&other, &request, owner(2), end).await;
    assert_eq!((record.object, record.comment), (Some(new(7)), Some(9)));
}

pub(super) async fn an_object_is_claimed_by_one_of_many_keys(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let request =
        |number: u8| WriteRequest { kind: WriteKind::Note, ..write_request(&user(&format!("user {number}")), "k") };
    for number in 0..8 {
        begin_write(&handles[0], &request(number), owner(number)).await;
        send_write(&handles[0], &request(number), owner(number)).await;
    }
    let answers = race(&handles, 8, |store, number| async move {
        let request = request(number);
        store.settle_write(&request, owner(number), &done(7)).await.unwrap()
    })
    .await;
    let took = answers.iter().filter(|answer| matches!(answer, Settled::OnRecord(_))).count();
    let refused = answers.iter().filter(|answer| **answer == Settled::Claimed).count();
    assert_eq!((took, refused), (1, 7), "{answers:?}");
    for (number, answer) in (0..8).zip(answers) {
        let record = write(&handles[1], &request(number)).await.unwrap();
        let is_done = matches!(record.state, WriteState::Done { .. });
        assert_eq!((is_done, record.object.is_some()), (answer != Settled::Claimed, answer != Settled::Claimed));
    }
}

pub(super) async fn an_object_is_claimed_in_its_account_and_kind_alone(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for (kind, account) in
        [(WriteKind::Lead, 1), (WriteKind::Note, 1), (WriteKind::Task, 1), (WriteKind::Lead, u64::MAX)]
    {
        let request = sent(&store, kind, account, &format!("{kind:?}-{account}")).await;
        settle_write(&store, &request, owner(1), done(7)).await;
        let request = sent(&store, kind, account, &format!("{kind:?}+{account}")).await;
        assert_eq!(settled(&other, &request, done(7)).await, Settled::Claimed, "{kind:?} in {account}");
        settle_write(&store, &request, owner(1), done(8)).await;
    }
    // What the write did not make is nobody's.
    let merged = WrittenObject { id: 7, is_new: false };
    for name in ["m1", "m2"] {
        let request = sent(&store, WriteKind::Lead, 1, name).await;
        let record = settle_write(&other, &request, owner(1), WriteOutcome::Made(merged)).await;
        assert_eq!(record.object, Some(merged));
    }
    for name in ["c1", "c2"] {
        let request = sent(&store, WriteKind::LeadChange, 1, name).await;
        let change = WriteOutcome::Done { object: None, comment: None, missing_comment: false };
        settle_write(&other, &request, owner(1), change).await;
    }
}

pub(super) async fn a_comment_is_claimed_as_any_note(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let comment =
        |lead, note| WriteOutcome::Done { object: Some(new(lead)), comment: Some(note), missing_comment: false };
    let [lead, another, note, later] = [
        sent(&store, WriteKind::Lead, 1, "lead").await,
        sent(&store, WriteKind::Lead, 1, "another").await,
        sent(&store, WriteKind::Note, 1, "note").await,
        sent(&store, WriteKind::Note, 1, "later").await,
    ];
    settle_write(&store, &note, owner(1), done(1)).await;
    assert_eq!(settled(&other, &lead, comment(7, 1)).await, Settled::Claimed);
    settle_write(&store, &lead, owner(1), comment(7, 2)).await;
    assert_eq!(settled(&other, &later, done(2)).await, Settled::Claimed);
    assert_eq!(settled(&other, &another, comment(8, 2)).await, Settled::Claimed);
    let told = other.claimed_objects(AccountId(1), Entity::Lead, &[7, 8]).await.unwrap();
    assert_eq!(told, [7], "nothing was claimed in part");
    settle_write(&store, &another, owner(1), comment(8, 3)).await;
}

pub(super) async fn claimed_objects_are_those_of_their_account_and_kind(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for (kind, account, id) in [
        (WriteKind::Note, 1, 1),
        (WriteKind::Note, 1, u64::MAX),
        (WriteKind::Task, 1, 2),
        (WriteKind::Note, 2, 3),
        (WriteKind::Note, 1, 5),
    ] {
        let request = sent(&store, kind, account, &format!("k{account}-{id}")).await;
        settle_write(&store, &request, owner(1), done(id)).await;
    }
    let lead = sent(&store, WriteKind::Lead, 1, "lead").await;
    let commented = WriteOutcome::Done { object: Some(new(6)), comment: Some(4), missing_comment: false };
    settle_write(&store, &lead, owner(1), commented).await;
    let mut told = other.claimed_objects(AccountId(1), Entity::Note, &[u64::MAX, 1, 2, 3, 4, 6]).await.unwrap();
    told.sort_unstable();
    assert_eq!(told, [1, 4, u64::MAX]);
    assert_eq!(other.claimed_objects(AccountId(1), Entity::Task, &[1, 2, 3]).await.unwrap(), [2]);
    assert_eq!(other.claimed_objects(AccountId(2), Entity::Note, &[1, 2, 3]).await.unwrap(), [3]);
    assert_eq!(other.claimed_objects(AccountId(1), Entity::Note, &[]).await.unwrap(), [0; 0]);
}

/// One write in each state, all by owner 1: never sent, sent, unknown, made, done.
async fn one_of_each(store: &Store) -> [WriteRequest; 5] {
    let never = write_request(&user("olena"), "never");
    begin_write(store, &never, owner(1)).await;
    let [sent, unknown, made, ended] = [
        sent(store, WriteKind::Lead, 1, "sent").await,
        sent(store, WriteKind::Lead, 1, "unknown").await,
        sent(store, WriteKind::Lead, 1, "made").await,
        sent(store, WriteKind::Lead, 1, "done").await,
    ];
    settle_write(store, &unknown, owner(1), WriteOutcome::Unknown).await;
    settle_write(store, &made, owner(1), WriteOutcome::Made(new(1))).await;
    settle_write(store, &ended, owner(1), done(2)).await;
    [never, sent, unknown, made, ended]
}

async fn on_record(store: &Store, writes: &[WriteRequest; 5]) -> [bool; 5] {
    let mut found = [false; 5];
    for (found, request) in found.iter_mut().zip(writes) {
        *found = write(store, request).await.is_some();
    }
    found
}

pub(super) async fn a_sweep_forgets_the_writes_that_are_over_alone(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let writes = one_of_each(&store).await;
    harness.advance_store_clock(WRITE_MEMORY.saturating_sub(LEASE_TERM)).await;
    swept(&other, store.clock().await.unwrap()).await.unwrap();
    assert_eq!(on_record(&store, &writes).await, [true; 5]);
    for (advance, is_kept) in [(LEASE_TERM + LEASE_RENEWAL, true), (LEASE_TERM, false)] {
        harness.advance_store_clock(advance).await;
        // A caller whose clock is ahead changes nothing by that.
        swept(&other, after(store.clock().await.unwrap(), WRITE_MEMORY)).await.unwrap();
        assert_eq!(on_record(&store, &writes).await, [is_kept, true, true, true, false]);
    }
    harness.advance_store_clock(WRITE_MEMORY * 100).await;
    swept(&other, store.clock().await.unwrap()).await.unwrap();
    assert_eq!(on_record(&store, &writes).await, [false, true, true, true, false]);
    assert_eq!(other.claimed_objects(AccountId(1), Entity::Lead, &[1, 2]).await.unwrap(), [1]);
}

pub(super) async fn a_sweep_forgets_writes_by_two_clocks(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let writes = one_of_each(&store).await;
    let before = store.clock().await.unwrap();
    harness.advance_store_clock(WRITE_MEMORY * 3).await;
    let ahead = store.clock().await.unwrap();
    for (now, as_of) in [(ahead, before), (before, ahead)] {
        other.sweep(now, as_of).await.unwrap();
        assert_eq!(on_record(&store, &writes).await, [true; 5], "at {now}, as of {as_of}");
    }
    other.sweep(ahead, ahead).await.unwrap();
    assert_eq!(on_record(&store, &writes).await, [false, true, true, true, false]);
}
