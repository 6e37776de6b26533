//! Terms: revocation checks and records of codes are due, over and forgotten when the domain's
//! functions say so, in every state, just before each of their times and just at it.

use std::time::Duration;

use amo_connect_domain::authorization::attempt::MEMORY;
use amo_connect_domain::authorization::code::{CLAIM_TERM, Exchange, ExchangeStatus};
use amo_connect_domain::clock::before;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::revocation_check::{REVOCATION_CHECK_INTERVAL, RevocationCheck};
use amo_connect_domain::ids::{AccountId, Epoch, UserId};
use amo_connect_domain::lease::Lease;
use jiff::{SignedDuration, Timestamp};

use super::TokenStoreHarness;
use super::steps::{Store, go_to, swept};
use crate::fixtures::{after, code, grant, host, owner, user};

const SECOND: Duration = Duration::from_secs(1);
const MICROSECOND: Duration = Duration::from_micros(1);

/// A check, as the domain has it if the store's clock stood still at its earliest and at its latest
/// moment during each call.
struct Check {
    account: AccountId,
    models: [Option<RevocationCheck>; 2],
}

impl Check {
    fn change(
        &mut self,
        times: [Timestamp; 2],
        change: impl Fn(Option<RevocationCheck>, Timestamp) -> RevocationCheck,
    ) {
        for (model, now) in self.models.iter_mut().zip(times) {
            *model = Some(change(*model, now));
        }
    }

    async fn request(&mut self, store: &Store) {
        let began = store.clock().await.unwrap();
        store.request_check(self.account).await.unwrap();
        self.change([began, store.clock().await.unwrap()], RevocationCheck::want);
    }

    async fn finish(&mut self, store: &Store) {
        store.finish_check(self.account).await.unwrap();
        self.change([Timestamp::MIN; 2], |check, _| check.unwrap().end());
    }
}

/// Takes checks, and asserts that those are taken that the domain says are due.
async fn take(store: &Store, checks: &mut [Check]) {
    let began = store.clock().await.unwrap();
    let taken = store.take_checks(1_000).await.unwrap();
    let times = [began, store.clock().await.unwrap()];
    for check in checks {
        let [early, late] = [0, 1].map(|at| check.models[at].and_then(|check| check.take(times[at])));
        let is_taken = taken.contains(&check.account);
        if early.is_some() == late.is_some() {
            assert_eq!(is_taken, early.is_some(), "{:?}: {:?}", check.account, check.models);
        }
        if is_taken {
            check.change(times, |check, now| RevocationCheck { not_before: now, ..check.unwrap() }.take(now).unwrap());
        }
    }
}

pub(super) async fn a_check_is_due_and_over_when_the_domain_says_so(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    // Taken and not finished, with and without another request; finished, with and without; and never taken.
    let mut checks: Vec<_> = (1..=20).map(|number| Check { account: AccountId(number), models: [None; 2] }).collect();
    for check in checks.iter_mut().filter(|check| !check.account.0.is_multiple_of(5)) {
        check.request(&store).await;
    }
    take(&store, &mut checks).await;
    for check in &mut checks {
        if matches!(check.account.0 % 5, 3 | 4) {
            check.finish(&store).await;
        }
        if matches!(check.account.0 % 5, 0 | 2 | 4) {
            check.request(&store).await;
        }
    }
    let due =
        checks.iter().flat_map(|check| check.models.iter().flatten()).map(|check| check.not_before).max().unwrap();
    let moments = [before(due, SECOND), before(due, MICROSECOND), due, after(due, REVOCATION_CHECK_INTERVAL)];
    for (group, moment) in moments.into_iter().enumerate() {
        go_to(harness, &other, moment).await;
        swept(&other, moment).await.unwrap();
        // One that a sweep has forgotten too early is given at once.
        for check in checks.iter_mut().skip(group * 5).take(5) {
            check.request(&other).await;
        }
        take(&other, &mut checks).await;
    }
}

/// A record of `user`'s code, in this status.
fn record(name: &str, user: Option<UserId>, status: ExchangeStatus, admitted_at: Timestamp) -> Exchange {
    Exchange {
        code: code(name),
        came_with: None,
        attempt: None,
        user,
        claim_needed: true,
        host: host(1),
        epoch: Epoch::default(),
        status,
        admitted_at,
    }
}

/// Every status, with this lease and this term of a claim.
fn statuses(lease_until: Timestamp, claim_by: Timestamp) -> [ExchangeStatus; 8] {
    [
        ExchangeStatus::InFlight(Lease { owner: owner(1), until: lease_until }),
        ExchangeStatus::Interrupted,
        ExchangeStatus::Waiting { grant: Box::new(grant(1, "x")), claim_by },
        ExchangeStatus::Connected(Epoch(1)),
        ExchangeStatus::CodeRefused,
        ExchangeStatus::OtherAccount,
        ExchangeStatus::Unclaimed,
        ExchangeStatus::Void,
    ]
}

pub(super) async fn a_disconnect_voids_what_the_domain_says(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let now = store.clock().await.unwrap();
    let mut records = Vec::new();
    for (owner, name) in [(Some(olena.clone()), "hers"), (Some(user("ivan")), "his"), (None, "nobody's")] {
        for (number, status) in statuses(now, now).into_iter().enumerate() {
            records.push(record(&format!("{name} {number}"), owner.clone(), status, now));
        }
    }
    for record in &records {
        store.restore_exchange(record).await.unwrap();
    }
    store.disconnect(&olena, Actor::User).await.unwrap();
    for mut record in records {
        if record.user.as_ref() == Some(&olena) {
            record.void();
        }
        assert_eq!(other.exchange(record.code).await.unwrap(), Some(record));
    }
}

pub(super) async fn a_grant_awaits_a_claim_when_the_domain_says_so(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let now = store.clock().await.unwrap();
    let claim_by = after(now, CLAIM_TERM);
    for (number, status) in statuses(now, claim_by).into_iter().enumerate() {
        let (name, nobodys) = (format!("user {number}"), format!("nobody's {number}"));
        let hers = record(&name, Some(user(&name)), status.clone(), now);
        store.restore_exchange(&hers).await.unwrap();
        store.restore_exchange(&record(&nobodys, None, status, now)).await.unwrap();
        for moment in [now, before(claim_by, MICROSECOND), claim_by] {
            for asker in [user(&name), user("somebody else")] {
                let expected = hers.awaits(&asker, moment);
                assert_eq!(other.awaits_claim(&asker, moment).await.unwrap(), expected, "{hers:?} at {moment}");
            }
        }
    }
}

pub(super) async fn a_sweep_forgets_the_codes_that_the_domain_calls_over(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let set_up = store.clock().await.unwrap();
    let days = |count: u32| MEMORY * count;
    let shift =
        |by: Duration, micros: i64| before(set_up, by).checked_add(SignedDuration::from_micros(micros)).unwrap();
    let mut records = Vec::new();
    for admitted_at in
        [set_up, shift(days(1), -1), shift(days(1), 0), shift(days(2), -1), shift(days(2), 0), shift(days(9), 0)]
    {
        for lease_until in [set_up, shift(days(1), -1), shift(days(1), 0), shift(days(2), -1), shift(days(2), 0)] {
            for status in statuses(lease_until, after(set_up, CLAIM_TERM)) {
                let name = format!("code {}", records.len());
                records.push(record(&name, None, status, admitted_at));
            }
        }
    }
    for record in &records {
        store.restore_exchange(record).await.unwrap();
    }
    let (mut kept, mut forgotten) = (records, 0);
    let later = after(set_up, days(2));
    // The caller's clock and the store's last right one: each a day behind, both right, and both
    // ahead of the store's, which was set back since.
    for (now, as_of) in [(shift(days(1), 0), set_up), (set_up, shift(days(1), 0)), (set_up, set_up), (later, later)] {
        let began = other.clock().await.unwrap();
        other.sweep(now, as_of).await.unwrap();
        let by_now = other.clock().await.unwrap();
        let mut left = Vec::new();
        for mut record in kept {
            record.shorten_wait(now);
            record.wipe_unclaimed(now);
            let found = other.exchange(record.code).await.unwrap();
            let [is_over, will_be] = [began, by_now].map(|store_now| record.is_over(now, as_of, store_now));
            if is_over == will_be {
                assert_eq!(found.is_none(), is_over, "at {now}, as of {as_of}: {record:?}");
            }
            match found {
                None => forgotten += 1,
                Some(found) => {
                    assert_eq!(found, record);
                    left.push(record);
                }
            }
        }
        kept = left;
    }
    assert!(!kept.is_empty() && forgotten > 0, "{} kept, {forgotten} forgotten", kept.len());
}
