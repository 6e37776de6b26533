//! The suite can fail: stores that break one promise each, and the case that notices.

#![expect(clippy::unwrap_used, reason = "a mutant that cannot be committed is the test's mistake")]

mod codes;
mod kinds;
mod look_ups;
mod maintenance;
mod rows;
mod store;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::token_store::{CASES, Case, Keys, TokenStoreHarness};
use amo_connect_contract::{MemoryTokenStore, suite};
use amo_connect_domain::ports::Storage;
use async_trait::async_trait;
use kinds::Mutant;
use store::MutantStore;

/// Which mutant, and a case that has to notice it.
const NOTICED: &[(Mutant, &str)] = &[
    (Mutant::NeverReady, "a_fresh_store_is_ready"),
    (Mutant::ForgetsOnReopen, "data_are_there_for_the_next_handle"),
    (Mutant::ClaimsInTwoSteps, "a_dropped_future_leaves_nothing_half_done"),
    (Mutant::ShowsAnotherClock, "a_refresh_lease_is_set_and_judged_by_the_stores_clock"),
    (Mutant::JudgesLeasesByTheCaller, "a_code_lease_is_set_and_judged_by_the_stores_clock"),
    (Mutant::KeepsTokensPlain, "no_token_is_stored_in_plain_bytes"),
    (Mutant::IgnoresDamage, "damaged_tokens_are_corrupt_and_nothing_worse"),
    (Mutant::IgnoresKeys, "tokens_outlive_a_change_of_keys"),
    (Mutant::AltersAttempts, "an_attempt_comes_back_as_it_went_in"),
    (Mutant::FindsAnyAttempt, "an_attempt_is_found_by_its_own_id_and_state_alone"),
    (Mutant::LimitsNoAttempts, "only_the_newest_attempts_stay_open"),
    (Mutant::LimitsAttemptsOfAllUsers, "another_users_attempts_stay_open"),
    (Mutant::LimitsAttemptsOfAllUsers, "closed_attempts_take_no_open_ones_place"),
    (Mutant::ForgetsWhyAttemptsFailed, "an_attempt_ends_as_requested"),
    (Mutant::ClosesClosedAttempts, "an_attempt_past_open_is_not_touched"),
    (Mutant::ClosesClosedAttempts, "a_spent_attempt_is_not_touched"),
    (Mutant::AltersExchanges, "an_exchange_comes_back_as_it_went_in"),
    (Mutant::AdmitsEveryCaller, "a_code_is_granted_to_one_of_many"),
    (Mutant::AdmitsEveryCaller, "a_code_in_flight_is_granted_to_nobody_until_its_lease_lapses"),
    (Mutant::AdmitsEveryCaller, "a_refused_code_is_granted_to_nobody"),
    (Mutant::AdmitsCodesOnce, "an_interrupted_code_is_granted_at_once"),
    (Mutant::SpendsNoAttempt, "a_granted_attempt_is_spent"),
    (Mutant::SpendsNoAttempt, "one_attempt_admits_one_code"),
    (Mutant::AdmitsLateAttempts, "an_attempt_that_is_over_admits_nothing"),
    (Mutant::RenewsForAnybody, "a_code_lease_is_renewed_by_its_owner_alone"),
    (Mutant::RenewsForAnybody, "a_refresh_lease_is_renewed_by_its_owner_alone"),
    (Mutant::RenewsForAnybody, "a_rotated_pair_is_stored_and_ends_its_lease"),
    (Mutant::EndsForAnybody, "an_exchange_is_ended_by_its_owner_alone"),
    (Mutant::ForgetsGrants, "a_grant_becomes_its_users_connection"),
    (Mutant::ForgetsGrants, "a_claimed_grant_becomes_the_connection"),
    (Mutant::ReplacesNoGrant, "a_new_grant_replaces_the_old_one"),
    (Mutant::ReplacesNoGrant, "an_exchange_begun_after_it_connects"),
    (Mutant::TakesGrantsTwice, "a_grant_is_taken_once"),
    (Mutant::GrantNeedsTheLease, "a_grant_is_accepted_after_its_lease_has_passed"),
    (Mutant::GrantNeedsTheLease, "a_grant_is_accepted_after_its_code_was_recorded_as_refused"),
    (Mutant::FallsBackToAnyConnection, "a_connection_is_its_users_alone"),
    (Mutant::FallsBackToAnyConnection, "an_ownerless_grant_waits_for_any_user"),
    (Mutant::ClaimsOverNothing, "a_claim_over_the_same_account_renews_the_connection"),
    (Mutant::ClaimsOverAnything, "a_claim_over_another_account_is_refused_and_wipes_the_grant"),
    (Mutant::ClaimsAtAnyTime, "a_late_claim_finds_nothing_waiting"),
    (Mutant::ClaimsTwice, "a_claim_of_an_unknown_code_finds_nothing_waiting"),
    (Mutant::ClaimsTwice, "a_second_claim_finds_nothing_waiting"),
    (Mutant::ClaimsPastDisconnects, "a_disconnect_wins_over_a_claim_asked_for_before_it"),
    (Mutant::ClaimsForAnybody, "of_eight_claimers_one_is_given_the_grant"),
    (Mutant::ClaimsForAnybody, "a_grant_of_a_known_user_is_given_to_no_other_user"),
    (Mutant::AwaitsForever, "a_grant_awaits_its_own_user_until_its_term"),
    (Mutant::ForgetsEpochs, "an_epoch_is_the_connections"),
    (Mutant::ForgetsTheReason, "every_state_comes_back_as_it_went_in"),
    (Mutant::RoundsTimes, "times_are_kept_to_the_microsecond_and_into_the_far_future"),
    (Mutant::FoldsUserIds, "odd_user_ids_are_kept_apart"),
    (Mutant::LastWriterWins, "a_stale_revision_is_refused_and_changes_nothing"),
    (Mutant::LastWriterWins, "a_first_save_is_refused_where_there_is_a_row"),
    (Mutant::LastWriterWins, "of_eight_writers_one_wins"),
    (Mutant::RefusesButWrites, "a_stale_revision_is_refused_and_changes_nothing"),
    (Mutant::RevisionStands, "every_change_of_a_row_raises_its_revision"),
    (Mutant::SaveEndsTheLease, "saving_a_connection_leaves_its_lease"),
    (Mutant::SaveKeepsDeadLeases, "saving_a_dead_grant_ends_its_lease"),
    (Mutant::IgnoresDamage, "tokens_that_cannot_be_opened_are_set_aside"),
    (Mutant::DisconnectDoesNothing, "a_disconnect_wipes_every_token"),
    (Mutant::DisconnectWipesTheRowAlone, "a_disconnect_ends_what_the_user_has_open"),
    (Mutant::DisconnectWipesTheRowAlone, "a_first_exchange_begun_before_it_brings_nothing_back"),
    (Mutant::DisconnectsAllUsers, "a_disconnect_changes_no_other_user"),
    (Mutant::SaveIgnoresGeneration, "a_refresh_begun_before_it_brings_nothing_back"),
    (Mutant::DisconnectIsNoEvent, "an_exchange_begun_before_it_brings_nothing_back"),
    (Mutant::AdmitsPastDisconnects, "a_code_brought_before_it_brings_nothing_back"),
    (Mutant::NoLease, "a_refresh_lease_is_exclusive_until_it_lapses"),
    (Mutant::NoLease, "of_eight_owners_one_is_granted_the_lease"),
    (Mutant::ForgetsDoubt, "a_lapsed_lease_leaves_doubt_and_an_ended_one_none"),
    (Mutant::LeasesAnyGeneration, "a_generation_that_moved_on_is_leased_to_nobody"),
    (Mutant::CallsDeadGrantsHeld, "a_connection_without_tokens_is_leased_to_nobody"),
    (Mutant::EndsLeasesForAnybody, "a_refresh_lease_is_ended_by_its_owner_alone"),
    (Mutant::ForgetsBackoffs, "during_a_backoff_a_lease_is_granted_to_nobody"),
    (Mutant::ForgetsDoubt, "a_doubt_is_remembered_until_a_pair_is_stored"),
    (Mutant::PairNeedsTheLease, "a_pair_is_stored_after_its_lease_has_passed"),
    (Mutant::PairNeedsTheRevision, "a_pair_is_stored_although_the_row_changed"),
    (Mutant::LossIsFinal, "a_pair_heals_a_rotation_recorded_as_lost"),
    (Mutant::SaveIgnoresGeneration, "a_late_pair_never_overwrites_a_newer_one"),
    (Mutant::SaveIgnoresGeneration, "of_eight_pairs_one_is_stored"),
    (Mutant::SaveIgnoresGeneration, "a_late_pair_never_undoes_a_disconnect"),
    (Mutant::SaveIgnoresGeneration, "a_late_pair_never_overwrites_a_reconnect"),
    (Mutant::SaveIgnoresGeneration, "a_pair_for_nobody_is_refused"),
    (Mutant::ListsByName, "orphaned_refreshes_come_oldest_first_and_limited"),
    (Mutant::ListsNoOrphans, "a_backoff_in_doubt_is_orphaned_when_it_is_over"),
    (Mutant::ListsByName, "stale_connections_come_oldest_first_and_limited"),
    (Mutant::IgnoresBackoffInListings, "a_connection_whose_refresh_backs_off_is_not_stale"),
    (Mutant::ListsUsersOfAllAccounts, "revoking_an_account_touches_all_its_connections_and_no_other"),
    (Mutant::ListsTheFirstPageAlone, "users_are_listed_page_by_page"),
    (Mutant::GivesChecksToEveryCaller, "a_check_is_taken_by_one_of_many"),
    (Mutant::LimitsNoChecks, "checks_are_limited"),
    (Mutant::ForgetsTakenChecks, "a_check_that_was_not_finished_is_due_again_after_its_interval"),
    (Mutant::ExtendsNoCheck, "a_check_that_takes_long_is_not_taken_again"),
    (Mutant::FinishesNoCheck, "a_finished_check_is_over_and_the_next_one_waits"),
    (Mutant::ForgetsRequestsDuringACheck, "a_check_that_is_requested_during_another_is_still_due"),
    (Mutant::ReturnsOnlyTheOldest, "the_newest_entries_come_oldest_first"),
    (Mutant::RecordsNoProblems, "changes_of_a_connection_leave_entries_in_order"),
    (Mutant::RecordsNoDoubt, "a_doubt_leaves_one_entry"),
    (Mutant::RecordsRefusedChanges, "a_refused_change_leaves_no_entry"),
    (Mutant::ForgetsTheActor, "an_entry_comes_back_as_it_went_in"),
    (Mutant::KeepsEntriesForEver, "a_sweep_forgets_old_entries_alone"),
    (Mutant::TakesOverAtOnce, "a_lease_from_a_clock_ahead_lasts_one_term_more"),
    (Mutant::TakesOverAtOnce, "a_code_lease_from_a_clock_ahead_lasts_one_term_more"),
    (Mutant::TakesOverAtOnce, "a_backoff_from_a_clock_ahead_lasts_its_own_length_more"),
    (Mutant::TakesOverAtOnce, "a_look_up_from_a_clock_ahead_is_delayed_by_one_term"),
    (Mutant::BelievesRefusalsAhead, "a_refusal_from_a_clock_ahead_delays_no_refresh"),
    (Mutant::ForgetsBackoffs, "refused_pairs_delay_the_next_refresh"),
    (Mutant::AsksNobodyByHand, "a_request_by_hand_waits_for_no_backoff"),
    (Mutant::ForgetsGrants, "a_forgotten_code_is_put_on_record_again"),
    (Mutant::SweepsCodesUnderWay, "a_sweep_forgets_no_code_that_is_under_way"),
    (Mutant::SweepsEverything, "a_sweep_forgets_a_code_by_two_clocks"),
    (Mutant::SweepsByOneClock, "a_sweep_forgets_a_code_by_two_clocks"),
    (Mutant::SweepsByOneClock, "a_sweep_forgets_attempts_entries_and_moves_by_two_clocks"),
    (Mutant::SweepsNothing, "a_sweep_shortens_what_a_clock_ahead_made_too_long"),
    (Mutant::AcquitsNobody, "a_backoff_for_an_accused_client_ends_when_the_client_is_served"),
    (Mutant::AcquitsNobody, "a_code_that_is_exchanged_acquits_its_client"),
    (Mutant::AcquitsByAnything, "what_was_sent_before_an_accusation_acquits_nobody"),
    (Mutant::TakesAllClientsForOne, "an_accusation_is_of_its_own_client_alone"),
    (Mutant::BlamesNoAccount, "an_account_that_is_refused_while_others_are_served_keeps_its_backoff"),
    (Mutant::AccusesForAnybody, "an_accusation_by_a_late_owner_changes_nothing"),
    (Mutant::ListsByName, "acquitted_refreshes_come_first_to_expire_first_and_limited"),
    (Mutant::BelievesAnyDate, "tokens_that_are_dated_far_in_the_future_are_stale"),
    (Mutant::IgnoresBackoffInListings, "a_connection_whose_refresh_is_delayed_is_not_stale"),
    (Mutant::GrantsEveryLookUp, "an_account_is_looked_up_by_one_of_many"),
    (Mutant::KeepsOldMoves, "a_look_up_does_not_count_for_another_account"),
    (Mutant::KeepsOldMoves, "a_move_is_told_for_no_other_account"),
    (Mutant::ForgetsMoves, "a_look_up_without_a_number_leaves_what_is_known_of_its_host"),
    (Mutant::ForgetsMoves, "a_move_is_known_for_good_under_the_old_host"),
    (Mutant::KeepsOldMoves, "an_account_that_moves_back_is_not_sent_away_again"),
    (Mutant::SweepsMoves, "a_sweep_keeps_moves"),
    (Mutant::SweepsNothing, "a_sweep_wipes_unclaimed_grants_and_counts_them"),
    (Mutant::SweepsNothing, "a_sweep_forgets_old_attempts_and_codes_alone"),
    (Mutant::SweepsEverything, "a_sweep_forgets_old_attempts_and_codes_alone"),
];

#[derive(Debug)]
struct MutantHarness(MutantStore);

#[async_trait]
impl TokenStoreHarness for MutantHarness {
    async fn fresh() -> Self {
        Self(MutantStore::new(Mutant::None))
    }

    fn store(&self) -> Arc<dyn Storage> {
        Arc::new(self.0.clone())
    }

    async fn second_handle(&self) -> Arc<dyn Storage> {
        match self.0.mutant {
            Mutant::ForgetsOnReopen => Arc::new(MemoryTokenStore::new()),
            _ => self.store(),
        }
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.0.inner.test_clock().advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.0.note(|notes| notes.was_set_back = true);
        self.0.inner.test_clock().set_back(by);
    }

    async fn at_rest(&self) -> Option<Vec<u8>> {
        (self.0.mutant == Mutant::KeepsTokensPlain).then(|| b"account1.amocrm.ru access-x".to_vec())
    }

    async fn damage_tokens(&self) -> bool {
        self.0.mutant == Mutant::IgnoresDamage
    }

    async fn handle_with_keys(&self, _keys: Keys) -> Option<Arc<dyn Storage>> {
        (self.0.mutant == Mutant::IgnoresKeys).then(|| self.store())
    }
}

/// Whether `case` notices the mutant.
async fn notices(case: &'static Case, mutant: Mutant) -> bool {
    let harness = MutantHarness(MutantStore::new(mutant));
    let run = tokio::spawn(async move { (case.run)(&harness).await });
    run.await.is_err_and(|ended| ended.is_panic())
}

fn case(name: &str) -> &'static Case {
    CASES.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case is called {name}"))
}

#[test]
fn every_mutant_is_noticed_by_its_case() {
    suite::run(async {
        for (mutant, name) in NOTICED {
            assert!(notices(case(name), *mutant).await, "{name} does not notice {mutant:?}");
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
