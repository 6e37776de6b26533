//! The suite can fail: stores of rate limits that break one promise each, and the case that notices.

#![expect(clippy::unwrap_used, reason = "a mutant that cannot be committed is the test's mistake")]

mod store;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::rate_limit_store::{CASES, Case, RateLimitStoreHarness};
use amo_connect_contract::suite;
use amo_connect_domain::ports::RateLimitStore;
use async_trait::async_trait;
use store::{Mutant, MutantStore};

/// Which mutant, and a case that has to notice it.
const NOTICED: &[(Mutant, &str)] = &[
    (Mutant::ReservesNothing, "a_dropped_request_costs_one_reservation_at_most"),
    (Mutant::ForgetsOnReopen, "an_outcome_of_one_handle_counts_for_the_next"),
    (Mutant::GoesByAnotherClock, "reservations_are_judged_by_the_stores_clock"),
    (Mutant::GoesByAnotherClock, "circuits_are_judged_by_the_stores_clock"),
    (Mutant::GoesByAnotherClock, "a_clock_that_was_set_back_makes_no_pause_longer"),
    (Mutant::GoesByAnotherClock, "a_clock_that_was_set_back_makes_no_limit_longer_than_the_longest"),
    (Mutant::ReservesNothing, "reservations_are_a_pace_apart_for_every_handle"),
    (Mutant::ReservesBeyondTheWait, "a_call_beyond_the_longest_wait_is_not_reserved"),
    (Mutant::AllowsBursts, "a_quiet_time_allows_no_burst"),
    (Mutant::ForgetsOnReopen, "of_eight_callers_each_has_a_reservation_of_its_own"),
    (Mutant::SharesNothing, "of_eight_callers_of_eight_accounts_each_has_a_reservation_of_its_own"),
    (Mutant::OneQueueForAll, "accounts_have_rate_limits_of_their_own"),
    (Mutant::SharesNothing, "a_pace_of_the_integration_is_shared"),
    (Mutant::LetsEverybodyProbe, "of_eight_callers_one_is_the_probe"),
    (Mutant::NeverDoubles, "each_probe_that_is_banned_doubles_the_pause"),
    (Mutant::DoublesOnSilence, "a_probe_without_an_answer_is_followed_after_the_same_pause"),
    (Mutant::KeepsUnsentProbes, "a_probe_that_was_not_sent_is_free_again_at_once"),
    (Mutant::NeverGivesUp, "a_probe_without_an_outcome_is_given_up"),
    (Mutant::LetsEverybodyProbe, "of_eight_callers_of_eight_accounts_one_is_the_probe"),
    (Mutant::IgnoresLimits, "a_limit_delays_one_account_for_all_handles"),
    (Mutant::LimitsEverybody, "a_limit_delays_one_account_for_all_handles"),
    (Mutant::LimitsEverybody, "a_limit_delays_no_other_account_in_a_shared_pace"),
    (Mutant::IgnoresBans, "a_ban_opens_one_accounts_circuit_for_all_handles"),
    (Mutant::BansEverybody, "a_ban_opens_one_accounts_circuit_for_all_handles"),
    (Mutant::LateAnswersEndBans, "a_call_under_way_neither_closes_nor_reopens_a_circuit"),
    (Mutant::CountsNoBans, "the_third_ban_within_a_minute_opens_the_circuit_of_the_integration"),
    (Mutant::CountsNoBans, "of_three_bans_at_once_one_is_the_third"),
    (Mutant::CountsOldBans, "bans_that_are_apart_or_over_open_their_accounts_circuits_alone"),
    (Mutant::AnswersEndNothing, "an_answer_to_the_probe_closes_the_circuit_for_all_handles"),
    (Mutant::AnswersEndNothing, "an_answer_to_the_probe_closes_the_integrations_circuit"),
    (Mutant::SweepsNothing, "a_sweep_forgets_what_is_long_over"),
    (Mutant::SweepsEverything, "a_sweep_keeps_open_circuits"),
];

#[derive(Debug)]
struct MutantHarness(MutantStore);

#[async_trait]
impl RateLimitStoreHarness for MutantHarness {
    async fn fresh() -> Self {
        Self(MutantStore::new(Mutant::None))
    }

    fn store(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(self.0.clone())
    }

    async fn second_handle(&self) -> Arc<dyn RateLimitStore> {
        match self.0.mutant {
            Mutant::ForgetsOnReopen => Arc::new(MutantStore::new(Mutant::None)),
            _ => self.store(),
        }
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.0.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.0.clock.set_back(by);
    }
}

/// Whether `case` notices the mutant.
async fn notices(case: &'static Case, mutant: Mutant) -> bool {
    let harness = MutantHarness(MutantStore::new(mutant));
    let run = tokio::spawn(async move { (case.run)(&harness).await });
    run.await.is_err_and(|ended| ended.is_panic())
}

#[test]
fn every_mutant_is_noticed_by_its_case() {
    suite::run(async {
        for (mutant, name) in NOTICED {
            let case = CASES.iter().find(|case| case.name == *name).unwrap();
            assert!(notices(case, *mutant).await, "{name} does not notice {mutant:?}");
        }
    });
}

#[test]
fn a_correct_store_under_the_same_wrapper_passes_every_case() {
    suite::run(async {
        for case in CASES {
            assert!(!notices(case, Mutant::None).await, "{case:?}");
        }
    });
}

#[test]
fn every_case_is_known_to_notice_something() {
    let proved: BTreeSet<_> = NOTICED.iter().map(|(_, name)| *name).collect();
    let all: BTreeSet<_> = CASES.iter().map(|case| case.name).collect();
    assert_eq!(proved, all);
    assert_eq!(all.len(), CASES.len(), "two cases have one name");
}
