//! What [`RateLimitStore`] promises, promise by promise.

#![expect(clippy::unwrap_used, reason = "a case panics where a promise is broken")]

mod bundles;
mod circuit_breaker;
mod integration;
mod probes;
mod reservations;
mod shares;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::ports::RateLimitStore;
use async_trait::async_trait;

use crate::suite;

/// What the suite needs of an adapter's test set-up.
#[async_trait]
pub trait RateLimitStoreHarness: Send + Sync + 'static {
    /// A store of its own, with nothing in it. What it needs (a file, a database) goes with the
    /// harness when that is dropped.
    async fn fresh() -> Self
    where
        Self: Sized;

    /// The store.
    fn store(&self) -> Arc<dyn RateLimitStore>;

    /// Another handle on the same store, as another process has it: opened anew, with its own
    /// connections and nothing shared in memory.
    async fn second_handle(&self) -> Arc<dyn RateLimitStore>;

    /// Moves the clock of the store, for every handle.
    async fn advance_store_clock(&self, by: Duration);

    /// Sets that clock back, for every handle.
    async fn set_store_clock_back(&self, by: Duration);
}

/// A case of this suite.
pub type Case = suite::Case<dyn RateLimitStoreHarness>;

/// Runs the case of this name on a fresh harness of `H`.
pub fn judge<H: RateLimitStoreHarness>(name: &str) {
    suite::judge(CASES, name, async { Box::new(H::fresh().await) as _ });
}

suite::cases! {
    ($) rate_limit_store_contract for rate_limit_store;

    "Each method is one atomic promise, safe against any number of other handles on the same store, in this process \
     and in others, and also when its future is dropped." => [
        reservations::a_dropped_request_costs_one_reservation_at_most,
        circuit_breaker::an_outcome_of_one_handle_counts_for_the_next,
    ]
    "Times MUST be set and judged by the store's own clock: the clocks of instances differ." => [
        reservations::reservations_are_judged_by_the_stores_clock,
        circuit_breaker::circuits_are_judged_by_the_stores_clock,
        circuit_breaker::a_clock_that_was_set_back_makes_no_pause_longer,
        circuit_breaker::a_clock_that_was_set_back_makes_no_limit_longer_than_the_longest,
    ]

    "Reserves, by RateLimits::reserve, the next call to account for one share of demand, if it comes within longest_wait." => [
        reservations::reservations_are_a_pace_apart_for_every_handle,
        reservations::a_call_beyond_the_longest_wait_is_not_reserved,
        reservations::a_quiet_time_allows_no_burst,
    ]
    "MUST give each reservation to one caller, however many ask." => [
        reservations::of_eight_callers_each_has_a_reservation_of_its_own,
        integration::of_eight_callers_of_eight_accounts_each_has_a_reservation_of_its_own,
    ]
    "A bundle MUST be over before the next reservation begins." => [
        bundles::a_bundle_is_over_before_the_next_reservation_begins,
    ]
    "It MUST be no larger than Pace::bundle says." => [
        bundles::a_bundle_is_no_larger_than_its_pace_says,
    ]
    "While other calls are ahead, a reservation MUST be one call." => [
        bundles::behind_other_calls_a_reservation_is_one_call,
    ]
    "While others wait, a reservation MUST be one call." => [
        bundles::while_others_wait_a_reservation_is_one_call,
    ]
    "A probe MUST be one call." => [
        bundles::a_probe_is_one_call,
    ]
    "Each account MUST have a rate limit of its own, unless the pace is the integration's: then all accounts MUST share \
     one." => [
        reservations::accounts_have_rate_limits_of_their_own,
        integration::a_pace_of_the_integration_is_shared,
    ]
    "A turn that is somebody else's share MUST NOT be reserved." => [
        shares::a_turn_that_is_somebody_elses_is_not_reserved,
    ]
    "Refreshes MUST go first, except that others keep their shares." => [
        shares::refreshes_go_first,
    ]
    "While reads wait, they MUST have one turn in three at least." => [
        shares::while_reads_wait_they_have_one_turn_in_three_at_least,
    ]
    "While others wait, exchanges MUST have one turn in four, no fewer and no more." => [
        shares::while_others_wait_exchanges_have_one_turn_in_four,
    ]
    "Writes MUST be taken in turn by user." => [
        shares::writes_are_taken_in_turn_by_user,
    ]
    "Exchanges MUST be taken in turn by user." => [
        shares::exchanges_are_taken_in_turn_by_user,
    ]
    "Those who wait alone MUST have every turn." => [
        shares::those_who_wait_alone_have_every_turn,
    ]
    "What waits at an asker MUST count until it asks again, and no longer." => [
        shares::what_waits_counts_until_its_asker_asks_again,
    ]
    "What waits at an asker that does not ask again MUST be forgotten the time of a turn after it should have, and a \
     second at least." => [
        shares::what_waits_at_an_asker_that_is_gone_is_forgotten,
    ]
    "Of all callers, one MUST be the probe, until its outcome is recorded or its term is over." => [
        circuit_breaker::of_eight_callers_one_is_the_probe,
        circuit_breaker::each_probe_that_is_banned_doubles_the_pause,
        circuit_breaker::a_probe_without_an_answer_is_followed_after_the_same_pause,
        circuit_breaker::a_probe_without_an_outcome_is_given_up,
        integration::of_eight_callers_of_eight_accounts_one_is_the_probe,
    ]

    "While an account without a ban has a caller, only such an account MUST probe for the integration." => [
        probes::while_an_account_without_a_ban_has_a_caller_only_such_an_account_probes_for_the_integration,
    ]
    "Otherwise the account whose own probe is longest due MUST probe for both." => [
        probes::otherwise_the_account_whose_own_probe_is_longest_due_probes_for_both,
    ]

    "A limit MUST delay that account's calls for all instances, and no other account's." => [
        reservations::a_limit_delays_one_account_for_all_handles,
        integration::a_limit_delays_no_other_account_in_a_shared_pace,
    ]
    "A ban MUST open that account's circuit for all instances, and no other account's." => [
        circuit_breaker::a_ban_opens_one_accounts_circuit_for_all_handles,
        circuit_breaker::a_call_under_way_neither_closes_nor_reopens_a_circuit,
    ]
    "The BANNED_ACCOUNTSth ban within BANS_MEET MUST open the circuit of the integration." => [
        integration::the_third_ban_within_a_minute_opens_the_circuit_of_the_integration,
        integration::of_three_bans_at_once_one_is_the_third,
        integration::bans_that_are_apart_or_over_open_their_accounts_circuits_alone,
    ]
    "A ban of its probe MUST open the circuit of the account that probed." => [
        probes::a_ban_of_the_integrations_probe_opens_the_circuit_of_the_account_that_probed,
    ]
    "An answer to the probe MUST close its circuits at once." => [
        circuit_breaker::an_answer_to_the_probe_closes_the_circuit_for_all_handles,
        integration::an_answer_to_the_probe_closes_the_integrations_circuit,
    ]
    "A probe that was not sent MUST be free for the next caller at once." => [
        circuit_breaker::a_probe_that_was_not_sent_is_free_again_at_once,
    ]

    "MUST count those whose probe is under way apart." => [
        integration::circuits_are_counted_for_all_handles,
    ]

    "Forgets what has been over for longer than MEMORY." => [
        circuit_breaker::a_sweep_forgets_what_is_long_over,
    ]
    "MUST keep open circuits whose probe is due for less." => [
        circuit_breaker::a_sweep_keeps_open_circuits,
    ]
}
