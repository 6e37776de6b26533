//! Which account probes for the integration while its circuit is open.

use std::time::Duration;

use amo_connect_domain::rate_limit::{CALLER_TERM, CallOutcome, FIRST_PAUSE};

use super::RateLimitStoreHarness;
use super::steps::{Store, ban, is_banned, place, probe, record_outcome, take};

/// Amid the first pause of the integration's circuit.
const SOON: Duration = Duration::from_secs(5);

/// Accounts 1 to 3 are banned, one after the other, so the third ban opens the circuit of the integration.
async fn three_bans(harness: &dyn RateLimitStoreHarness, store: &Store) {
    for number in 1..=3 {
        ban(store, number).await;
        harness.advance_store_clock(Duration::from_secs(2)).await;
    }
}

pub(super) async fn while_an_account_without_a_ban_has_a_caller_only_such_an_account_probes_for_the_integration(
    harness: &dyn RateLimitStoreHarness,
) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    three_bans(harness, &store).await;
    assert!(is_banned(take(&other, 4).await));
    harness.advance_store_clock(FIRST_PAUSE + SOON).await;
    for number in [1, 2, 3, 1] {
        assert!(is_banned(take(&store, number).await), "account {number}");
    }
    let probe = probe(take(&other, 4).await);
    record_outcome(&other, 4, CallOutcome::Answered, probe).await;
    place(take(&store, 5).await);
}

pub(super) async fn otherwise_the_account_whose_own_probe_is_longest_due_probes_for_both(
    harness: &dyn RateLimitStoreHarness,
) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    three_bans(harness, &store).await;
    assert!(is_banned(take(&other, 4).await));
    // Account 4 has no caller any more. Those of account 3 do not ask.
    harness.advance_store_clock(CALLER_TERM + SOON).await;
    let first = probe(take(&store, 2).await);
    assert!(is_banned(take(&store, 1).await), "it is under way");
    record_outcome(&store, 2, CallOutcome::Banned, first).await;
    assert!(is_banned(take(&store, 1).await), "the integration's pause is not over");
    harness.advance_store_clock(FIRST_PAUSE * 2).await;
    assert!(is_banned(take(&other, 2).await), "account 1 has waited longer, and asked");
    let second = probe(take(&other, 1).await);
    record_outcome(&store, 1, CallOutcome::Answered, second).await;
    place(take(&store, 1).await);
    place(take(&store, 5).await);
}

pub(super) async fn a_ban_of_the_integrations_probe_opens_the_circuit_of_the_account_that_probed(
    harness: &dyn RateLimitStoreHarness,
) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    three_bans(harness, &store).await;
    harness.advance_store_clock(FIRST_PAUSE).await;
    let banned = probe(take(&store, 4).await);
    assert!(is_banned(take(&other, 5).await));
    record_outcome(&store, 4, CallOutcome::Banned, banned).await;
    harness.advance_store_clock(FIRST_PAUSE * 2).await;
    assert!(is_banned(take(&other, 4).await), "it has a ban of its own now");
    probe(take(&store, 5).await);
}
