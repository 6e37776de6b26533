//! What [`RateLimitStore`] promises, promise by promise.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a case panics where a promise is broken")]

mod bans;
mod integration;
mod steps;
mod turns;

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

    /// Moves the clock that the store goes by, for every handle.
    async fn advance_store_clock(&self, by: Duration);

    /// Sets that clock back, for every handle.
    async fn set_store_clock_back(&self, by: Duration);
}

/// A case of this suite.
pub type Case = suite::Case<dyn RateLimitStoreHarness>;

/// Runs the case of this name on a fresh harness of `H`.
pub fn judge<H: RateLimitStoreHarness>(name: &str) {
    let case = CASES.iter().find(|case| case.name == name).unwrap();
    // Shown if the case fails.
    eprintln!("the port promises: {}", case.promise);
    suite::run(async {
        let harness = H::fresh().await;
        (case.run)(&harness).await;
    });
}

suite::cases! {
    ($) rate_limit_store_contract for rate_limit_store;

    "Each method is one atomic promise, safe against any number of other handles on the same store, in this process \
     and in others, and also when its future is dropped." => [
        turns::a_request_that_is_dropped_costs_a_turn_at_most,
        bans::what_one_handle_hears_is_there_for_the_next,
    ]
    "Times MUST be set and judged by the store's own clock: the instances' differ." => [
        turns::turns_are_judged_by_the_books_clock,
        bans::bans_are_judged_by_the_books_clock,
        bans::a_clock_that_was_set_back_makes_no_ban_longer,
        bans::a_clock_that_was_set_back_makes_no_limit_longer_than_the_longest,
    ]

    "Reserves, by RateLimits::reserve, the next call to account, if it comes within longest_wait." => [
        turns::turns_are_a_pace_apart_for_every_handle,
        turns::a_turn_beyond_patience_is_not_booked,
        turns::a_quiet_time_saves_no_turns_up,
    ]
    "MUST give each reservation to one caller, however many ask." => [
        turns::of_eight_callers_each_has_a_turn_of_its_own,
        integration::of_eight_callers_of_eight_accounts_each_has_a_turn_of_its_own,
    ]
    "Each account MUST have a rate limit of its own, unless the pace is the integration's: then all accounts MUST share \
     one." => [
        turns::accounts_have_turns_of_their_own,
        integration::a_pace_of_the_integration_is_shared,
    ]
    "Of all who ask, one MUST be the probe, until its outcome is recorded or its term is over." => [
        bans::of_eight_callers_one_is_the_probe,
        bans::each_probe_that_meets_the_ban_doubles_the_pause,
        bans::a_probe_that_hears_nothing_is_followed_after_the_same_pause,
        bans::a_probe_that_is_never_heard_of_is_given_up,
        integration::of_eight_callers_of_eight_accounts_one_is_the_probe,
    ]

    "A limit MUST delay that account's calls for everybody, and no other account's." => [
        turns::a_limit_puts_off_one_account_for_everybody,
        integration::a_limit_puts_off_nobody_else_in_a_shared_pace,
    ]
    "A ban MUST open that account's circuit for everybody, and no other account's." => [
        bans::a_ban_stops_one_account_for_everybody,
        bans::a_call_that_was_on_its_way_neither_ends_nor_renews_a_ban,
    ]
    "The BANNED_ACCOUNTSth ban within BANS_MEET MUST open the circuit of the integration." => [
        integration::the_third_ban_within_a_minute_stops_all_calls,
        integration::of_three_bans_at_once_one_is_the_third,
        integration::bans_that_are_apart_or_over_are_their_accounts_alone,
    ]
    "An answer to the probe MUST close its circuits at once." => [
        bans::an_answer_to_the_probe_ends_the_ban_for_everybody,
        integration::an_answer_to_the_probe_ends_the_integrations_ban,
    ]

    "Forgets what has been over for longer than MEMORY." => [
        bans::a_sweep_forgets_what_is_long_over,
    ]
    "MUST keep open circuits whose probe is due for less." => [
        bans::a_sweep_keeps_bans,
    ]
}
