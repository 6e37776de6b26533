//! Bundles: several calls reserved at once, and never more than one by one.

use std::time::Duration;

use amo_connect_domain::rate_limit::{
    Demand, FIRST_PAUSE, LARGEST_BUNDLE, LONGEST_BUNDLE, Pace, PaceScope, Reservation, Share,
};

use super::RateLimitStoreHarness;
use super::steps::{LONGEST_WAIT, Store, ban, take};
use crate::fixtures::{demand, host};

/// Three calls at this pace make a bundle.
const QUICK: Duration = Duration::from_millis(200);

/// How often a machine may be too slow to tell a bundle from a single call.
const TRIES: u32 = 100;

async fn reserve(store: &Store, number: u64, calls: u32, apart: Duration) -> Reservation {
    let pace = Pace { apart, scope: PaceScope::Account };
    store.reserve(&host(number), pace, &demand(calls), LONGEST_WAIT).await.unwrap()
}

pub(super) async fn a_bundle_is_over_before_the_next_reservation_begins(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for _ in 0..TRIES {
        let bundle = reserve(&store, 1, LARGEST_BUNDLE, QUICK).await;
        let whole =
            Reservation::Granted { wait: Duration::ZERO, turns: LARGEST_BUNDLE, share: Share::Read, probe: None };
        assert_eq!(bundle, whole);
        let next = reserve(&other, 1, 1, QUICK).await;
        let Reservation::Granted { wait, .. } = next else { panic!("{next:?} after a bundle") };
        assert!(wait <= QUICK * LARGEST_BUNDLE, "{wait:?}");
        // So long it is only after the last turn, whatever time has passed since.
        if wait > QUICK * (LARGEST_BUNDLE - 1) {
            return;
        }
        harness.advance_store_clock(LONGEST_BUNDLE * 4).await;
    }
    panic!("the next reservation begins before the bundle is over");
}

pub(super) async fn a_bundle_is_no_larger_than_its_pace_says(harness: &dyn RateLimitStoreHarness) {
    let store = harness.store();
    for (number, millis, most) in [(1, 100, 3), (2, 300, 2), (3, 501, 1)] {
        let bundle = reserve(&store, number, 9, Duration::from_millis(millis)).await;
        assert!(matches!(bundle, Reservation::Granted { turns, .. } if turns == most), "{bundle:?}, {millis} ms");
    }
}

pub(super) async fn behind_other_calls_a_reservation_is_one_call(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    take(&other, 1).await;
    for _ in 0..2 {
        let behind = reserve(&store, 1, LARGEST_BUNDLE, QUICK).await;
        let Reservation::Granted { wait, turns, probe: None, .. } = behind else { panic!("{behind:?}") };
        assert!(!wait.is_zero() && turns == 1, "{behind:?}");
    }
}

pub(super) async fn while_others_wait_a_reservation_is_one_call(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let pace = Pace { apart: QUICK, scope: PaceScope::Account };
    for _ in 0..TRIES {
        let mut waits = Demand { asker: 1, ..demand(1) };
        waits.waiting[0].callers = 2;
        other.reserve(&host(1), pace, &waits, LONGEST_WAIT).await.unwrap();
        harness.advance_store_clock(QUICK).await;
        let beside = reserve(&store, 1, LARGEST_BUNDLE, QUICK).await;
        let Reservation::Granted { turns, probe: None, .. } = beside else { panic!("{beside:?}") };
        if turns == 1 {
            return;
        }
        harness.advance_store_clock(LONGEST_BUNDLE * 4).await;
    }
    panic!("the other one waits for the end of a bundle");
}

pub(super) async fn a_probe_is_one_call(harness: &dyn RateLimitStoreHarness) {
    let store = harness.store();
    ban(&store, 1).await;
    harness.advance_store_clock(FIRST_PAUSE).await;
    let probe = reserve(&store, 1, LARGEST_BUNDLE, QUICK).await;
    assert!(matches!(probe, Reservation::Granted { turns: 1, probe: Some(_), .. }), "{probe:?}");
}
