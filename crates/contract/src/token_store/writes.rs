//! Writes with a key: one owner at a time, and nothing is sent that is not on record.

use std::time::Duration;

use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::idempotency::{
    ABSENCE_TERM, Begun, NotSent, RequestHash, Sending, WriteKind, WriteOutcome, WriteRecord, WriteRequest, WriteState,
    WrittenObject,
};
use amo_connect_domain::ids::{AccountId, Epoch};
use amo_connect_domain::lease::{LEASE_RENEWAL, LEASE_TERM, Lease};

use super::TokenStoreHarness;
use super::steps::{begin_write, connect, send_write, settle_write, write};
use crate::fixtures::{owner, user, write_key, write_request};
use crate::suite::race;

/// Longer than any lease.
const AHEAD: Duration = Duration::from_hours(25);

pub(super) async fn a_write_comes_back_as_it_went_in(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let epoch = connect(&store, &olena, 1, "x").await.epoch;
    let kinds = [WriteKind::Lead, WriteKind::LeadChange, WriteKind::Note, WriteKind::Task, WriteKind::TaskChange];
    for (number, kind) in kinds.into_iter().enumerate() {
        let target = (kind != WriteKind::Lead).then_some(u64::MAX - number as u64);
        let author = target.map(|_| u64::MAX);
        let account = AccountId(u64::MAX);
        let request =
            WriteRequest { kind, target, author, account, epoch, ..write_request(&olena, &format!("k{number}")) };
        let mut records = vec![begin_write(&store, &request, owner(1)).await];
        assert_eq!(write(&other, &request).await.as_ref(), records.last());
        records.push(send_write(&store, &request, owner(1)).await);
        assert_eq!(write(&other, &request).await.as_ref(), records.last());
        records.push(settle_write(&store, &request, owner(1), WriteOutcome::Unknown).await);
        assert_eq!(write(&other, &request).await.as_ref(), records.last());
        let object = kind.makes().map(|_| WrittenObject { id: u64::MAX, is_new: number > 0 });
        let comment = (kind == WriteKind::Lead).then_some(u64::MAX - 7);
        let done = WriteOutcome::Done { object, comment, missing_comment: number == 0 };
        records.push(settle_write(&store, &request, owner(1), done).await);
        assert_eq!(write(&other, &request).await.as_ref(), records.last());

        let records: [WriteRecord; 4] = records.try_into().unwrap();
        let [begun, sent, unknown, done] = records;
        assert_eq!((&begun.user, begun.key, begun.request), (&olena, request.key, request.request));
        assert_eq!((begun.account, begun.author, begun.epoch), (account, author, epoch));
        assert_eq!((begun.kind, begun.target, begun.object, begun.sent()), (kind, target, None, None));
        assert_eq!(
            (sent.sent().unwrap().by, unknown.state),
            (owner(1), WriteState::OutcomeUnknown(sent.sent().unwrap()))
        );
        assert_eq!((done.object, done.comment, done.begun_at), (object, comment, begun.begun_at));
        let WriteState::Done { missing_comment, done_at } = done.state else { panic!("{done:?}") };
        assert!(missing_comment == (number == 0) && done_at >= begun.begun_at);
    }
    assert_eq!(store.write_record(&olena, write_key(&olena, "never")).await.unwrap(), None);
}

pub(super) async fn a_write_is_granted_to_one_of_many(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let answers = race(&handles, 8, |store, number| async move {
        store.begin_write(&write_request(&user("olena"), "k"), owner(number)).await.unwrap()
    })
    .await;
    let granted = answers.iter().filter(|answer| matches!(answer, Begun::Granted(_))).count();
    let held = answers.iter().filter(|answer| matches!(answer, Begun::Held(_))).count();
    assert_eq!((granted, held), (1, 7), "{answers:?}");
}

pub(super) async fn a_write_is_its_owners_until_the_lease_lapses(harness: &dyn TokenStoreHarness) {
    let (store, other, request) = (harness.store(), harness.second_handle().await, write_request(&user("olena"), "k"));
    let first = begin_write(&store, &request, owner(1)).await;
    harness.advance_store_clock(LEASE_RENEWAL * 2).await;
    for (handle, number) in [(&store, 1), (&other, 2)] {
        assert_eq!(handle.begin_write(&request, owner(number)).await.unwrap(), Begun::Held(first.clone()));
    }
    harness.advance_store_clock(LEASE_RENEWAL).await;
    let second = begin_write(&other, &request, owner(2)).await;
    assert_eq!((second.sent(), second.begun_at), (None, first.begun_at));
    assert_eq!(store.begin_write(&request, owner(3)).await.unwrap(), Begun::Held(second));
}

pub(super) async fn the_same_key_of_another_user_is_another_write(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let [hers, his] = ["olena", "ivan"].map(|name| write_request(&user(name), "k"));
    let (first, second) = (begin_write(&store, &hers, owner(1)).await, begin_write(&other, &his, owner(2)).await);
    assert_eq!((&first.user, &second.user), (&hers.user, &his.user));
    assert_eq!((write(&other, &hers).await, write(&store, &his).await), (Some(first), Some(second)));
    assert_eq!(store.write_record(&his.user, hers.key).await.unwrap(), None);
}

pub(super) async fn a_key_is_for_one_request_account_and_epoch(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let epoch = connect(&store, &olena, 1, "x").await.epoch;
    let [never_sent, unknown, done] =
        ["never", "unknown", "done"].map(|name| WriteRequest { epoch, ..write_request(&olena, name) });
    for request in [&never_sent, &unknown, &done] {
        begin_write(&store, request, owner(1)).await;
    }
    send_write(&store, &unknown, owner(1)).await;
    settle_write(&store, &unknown, owner(1), WriteOutcome::Unknown).await;
    send_write(&store, &done, owner(1)).await;
    let object = Some(WrittenObject { id: 7, is_new: true });
    let ended = WriteOutcome::Done { object, comment: None, missing_comment: false };
    settle_write(&store, &done, owner(1), ended).await;

    let begun = async |request: WriteRequest| other.begin_write(&request, owner(2)).await.unwrap();
    for request in [&never_sent, &unknown, &done] {
        let before = write(&store, request).await;
        let another = WriteRequest { request: RequestHash([9; 32]), ..request.clone() };
        assert_eq!(begun(another).await, Begun::Reused);
        assert_eq!(begun(WriteRequest { account: AccountId(2), ..request.clone() }).await, Begun::Expired);
        assert_eq!(begun(WriteRequest { epoch: epoch.next(), ..request.clone() }).await, Begun::Disconnected);
        assert_eq!(write(&store, request).await, before);
    }
    store.disconnect(&olena, Actor::User).await.unwrap();
    let epoch = connect(&store, &olena, 1, "y").await.epoch;
    for request in [&never_sent, &unknown, &done] {
        assert_eq!(begun(request.clone()).await, Begun::Disconnected, "the request is as old as the connection");
        assert_eq!(begun(WriteRequest { epoch, ..request.clone() }).await, Begun::Expired);
    }
    begin_write(&other, &WriteRequest { epoch, ..write_request(&olena, "new") }, owner(2)).await;
}

pub(super) async fn a_write_lease_is_renewed_by_its_owner_alone(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let request = write_request(&olena, "k");
    assert!(!store.renew_write_lease(&olena, request.key, owner(1)).await.unwrap(), "there is no write");
    let first = begin_write(&store, &request, owner(1)).await;
    harness.advance_store_clock(LEASE_RENEWAL).await;
    assert!(!other.renew_write_lease(&olena, request.key, owner(2)).await.unwrap());
    assert!(!other.renew_write_lease(&user("ivan"), request.key, owner(1)).await.unwrap());
    assert_eq!(write(&store, &request).await, Some(first));
    assert!(other.renew_write_lease(&olena, request.key, owner(1)).await.unwrap());
    harness.advance_store_clock(LEASE_RENEWAL * 2).await;
    assert!(matches!(store.begin_write(&request, owner(2)).await.unwrap(), Begun::Held(_)), "it was renewed");
    // It has lapsed, and nobody took it.
    harness.advance_store_clock(LEASE_TERM).await;
    assert!(store.renew_write_lease(&olena, request.key, owner(1)).await.unwrap());
}

pub(super) async fn a_write_lease_is_set_and_judged_by_the_stores_clock(harness: &dyn TokenStoreHarness) {
    let (store, request) = (harness.store(), write_request(&user("olena"), "k"));
    let began = store.clock().await.unwrap();
    let record = begin_write(&store, &request, owner(1)).await;
    let by_now = store.clock().await.unwrap();
    let WriteState::Underway { lease, sent: None } = record.state else { panic!("{record:?}") };
    let terms = [began, by_now].map(|begin| Lease::granted(owner(1), begin).until);
    assert!(terms[0] <= lease.until && lease.until <= terms[1], "{lease:?} not in {terms:?}");
    assert!(began <= record.begun_at && record.begun_at <= by_now);
    let sent = send_write(&store, &request, owner(1)).await.sent().unwrap();
    assert!(by_now <= sent.at && sent.at <= store.clock().await.unwrap(), "{sent:?}");
}

pub(super) async fn a_write_lease_from_a_clock_ahead_lasts_one_term_more(harness: &dyn TokenStoreHarness) {
    let (store, other, request) = (harness.store(), harness.second_handle().await, write_request(&user("olena"), "k"));
    harness.advance_store_clock(AHEAD).await;
    begin_write(&store, &request, owner(1)).await;
    harness.set_store_clock_back(AHEAD).await;
    let seen = other.begin_write(&request, owner(2)).await.unwrap();
    assert!(matches!(seen, Begun::Held(_)), "it is not taken over at once: {seen:?}");
    harness.advance_store_clock(LEASE_TERM).await;
    begin_write(&other, &request, owner(2)).await;
}

pub(super) async fn a_sending_is_recorded_for_the_owner_alone(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let request = write_request(&olena, "k");
    let refused = Err(NotSent::LeaseLost);
    assert_eq!(store.record_sending(&olena, request.key, owner(1)).await.unwrap(), refused, "there is no write");
    let first = begin_write(&store, &request, owner(1)).await;
    assert_eq!(other.record_sending(&olena, request.key, owner(2)).await.unwrap(), refused);
    assert_eq!(write(&store, &request).await, Some(first));
    harness.advance_store_clock(LEASE_TERM).await;
    begin_write(&other, &request, owner(2)).await;
    assert_eq!(store.record_sending(&olena, request.key, owner(1)).await.unwrap(), refused, "it was taken over");
    let sent = send_write(&other, &request, owner(2)).await;
    assert_eq!(write(&store, &request).await, Some(sent));
    // The lease was renewed.
    harness.advance_store_clock(LEASE_RENEWAL * 2).await;
    assert!(matches!(store.begin_write(&request, owner(3)).await.unwrap(), Begun::Held(_)));
}

pub(super) async fn a_disconnect_wins_over_what_was_not_sent(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let begin = async |name: &str, epoch: Epoch| {
        let request = WriteRequest { epoch, ..write_request(&olena, name) };
        begin_write(&store, &request, owner(1)).await;
        request
    };
    let unconnected = begin("unconnected", Epoch::default()).await;
    let epoch = connect(&store, &olena, 1, "x").await.epoch;
    let (connected, sent) = (begin("connected", epoch).await, begin("sent", epoch).await);
    send_write(&store, &sent, owner(1)).await;
    other.disconnect(&olena, Actor::User).await.unwrap();
    for request in [&unconnected, &connected, &sent] {
        let refused = store.record_sending(&olena, request.key, owner(1)).await.unwrap();
        assert_eq!(refused, Err(NotSent::Disconnected));
    }
    let object = Some(WrittenObject { id: 7, is_new: true });
    let done = WriteOutcome::Done { object, comment: None, missing_comment: false };
    let settled = settle_write(&store, &sent, owner(1), done).await;
    assert_eq!(settled.object, object, "it was sent before");
}

pub(super) async fn a_sending_stays_on_record_whoever_asks(harness: &dyn TokenStoreHarness) {
    let (store, other, request) = (harness.store(), harness.second_handle().await, write_request(&user("olena"), "k"));
    begin_write(&store, &request, owner(1)).await;
    let sent = send_write(&store, &request, owner(1)).await.sent().unwrap();
    let asked = async |number: u8| match other.begin_write(&request, owner(number)).await.unwrap() {
        Begun::InDoubt(record, doubt) => {
            assert_eq!((record.sent(), doubt.sent_at), (Some(sent), sent.at));
            doubt
        }
        another => panic!("{another:?}"),
    };
    harness.advance_store_clock(LEASE_TERM).await;
    let doubt = asked(2).await;
    assert_eq!((doubt.absence_counts, doubt.presence_counts), (false, true));
    // Renewed, left, given up, and asked for after a long time.
    assert!(store.renew_write_lease(&request.user, request.key, owner(2)).await.unwrap());
    harness.advance_store_clock(LEASE_TERM).await;
    asked(3).await;
    settle_write(&store, &request, owner(3), WriteOutcome::ChangedNothing).await;
    asked(4).await;
    let unknown = settle_write(&store, &request, owner(4), WriteOutcome::Unknown).await;
    assert_eq!(unknown.state, WriteState::OutcomeUnknown(sent));
    harness.advance_store_clock(ABSENCE_TERM * 1_000).await;
    assert!(asked(5).await.absence_counts);
}

pub(super) async fn a_write_is_sent_again_only_when_its_absence_counts(harness: &dyn TokenStoreHarness) {
    let (store, other, request) = (harness.store(), harness.second_handle().await, write_request(&user("olena"), "k"));
    begin_write(&store, &request, owner(1)).await;
    let first = send_write(&store, &request, owner(1)).await.sent();
    harness.advance_store_clock(LEASE_TERM).await;
    let begun = other.begin_write(&request, owner(2)).await.unwrap();
    let Begun::InDoubt(record, _) = begun else { panic!("{begun:?}") };
    let refused = other.record_sending(&request.user, request.key, owner(2)).await.unwrap();
    assert_eq!(refused, Err(NotSent::InDoubt));
    assert_eq!((write(&store, &request).await, record.sent()), (Some(record.clone()), first));
    harness.advance_store_clock(ABSENCE_TERM).await;
    let Sending { at, by } = send_write(&other, &request, owner(2)).await.sent().unwrap();
    assert!(by == owner(2) && Some(at) > first.map(|first| first.at));
    // Who knows that it was refused may send it again at once.
    send_write(&other, &request, owner(2)).await;
}

pub(super) async fn a_sending_from_a_clock_ahead_stays_in_doubt(harness: &dyn TokenStoreHarness) {
    let (store, other, request) = (harness.store(), harness.second_handle().await, write_request(&user("olena"), "k"));
    harness.advance_store_clock(AHEAD).await;
    begin_write(&store, &request, owner(1)).await;
    send_write(&store, &request, owner(1)).await;
    settle_write(&store, &request, owner(1), WriteOutcome::Unknown).await;
    harness.set_store_clock_back(AHEAD).await;
    harness.advance_store_clock(ABSENCE_TERM * 2).await;
    let begun = other.begin_write(&request, owner(2)).await.unwrap();
    let Begun::InDoubt(_, doubt) = begun else { panic!("{begun:?}") };
    assert!(!doubt.absence_counts && !doubt.presence_counts, "its age is unknown: {doubt:?}");
    let refused = other.record_sending(&request.user, request.key, owner(2)).await.unwrap();
    assert_eq!(refused, Err(NotSent::InDoubt));
    harness.advance_store_clock(AHEAD).await;
    send_write(&other, &request, owner(2)).await;
}
