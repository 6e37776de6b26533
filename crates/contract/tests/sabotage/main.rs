//! The suite can fail: stores that break one promise each, and the case that notices.

#![expect(clippy::unwrap_used, reason = "a sabotage that cannot be committed is the test's mistake")]

mod codes;
mod kinds;
mod look_ups;
mod rows;
mod store;
mod upkeep;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::token_store::{CASES, Case, Keys, TokenStoreHarness};
use amo_connect_contract::{MemoryTokenStore, suite};
use amo_connect_domain::ports::TokenStore;
use async_trait::async_trait;
use kinds::Sabotage;
use store::SabotagedStore;

/// Which sabotage, and a case that has to notice it.
const NOTICED: &[(Sabotage, &str)] = &[
    (Sabotage::NeverReady, "a_fresh_store_is_ready"),
    (Sabotage::ForgetsOnReopen, "data_are_there_for_the_next_handle"),
    (Sabotage::ClaimsInTwoSteps, "a_dropped_future_leaves_nothing_half_done"),
    (Sabotage::ShowsAnotherClock, "a_refresh_lease_is_set_and_judged_by_the_stores_clock"),
    (Sabotage::JudgesLeasesByTheCaller, "a_code_lease_is_set_and_judged_by_the_stores_clock"),
    (Sabotage::KeepsTokensPlain, "no_token_is_stored_in_plain_bytes"),
    (Sabotage::OverlooksDamage, "damaged_tokens_are_corrupt_and_nothing_worse"),
    (Sabotage::IgnoresKeys, "tokens_outlive_a_change_of_keys"),
    (Sabotage::AltersAttempts, "an_attempt_comes_back_as_it_went_in"),
    (Sabotage::FindsAnyAttempt, "an_attempt_is_found_by_its_own_id_and_state_alone"),
    (Sabotage::LimitsNoAttempts, "only_the_newest_attempts_stay_open"),
    (Sabotage::LimitsEverybodysAttempts, "another_users_attempts_stay_open"),
    (Sabotage::LimitsEverybodysAttempts, "closed_attempts_take_no_open_ones_place"),
    (Sabotage::ForgetsWhyAttemptsFailed, "an_attempt_ends_as_it_is_told"),
    (Sabotage::ClosesClosedAttempts, "an_attempt_past_open_is_not_touched"),
    (Sabotage::ClosesClosedAttempts, "a_spent_attempt_is_not_touched"),
    (Sabotage::AltersExchanges, "an_exchange_comes_back_as_it_went_in"),
    (Sabotage::AdmitsEverybody, "a_code_is_granted_to_one_of_many"),
    (Sabotage::AdmitsEverybody, "a_code_in_flight_is_granted_to_nobody_until_its_lease_lapses"),
    (Sabotage::AdmitsEverybody, "a_refused_code_is_granted_to_nobody"),
    (Sabotage::AdmitsCodesOnce, "an_interrupted_code_is_granted_at_once"),
    (Sabotage::SpendsNoAttempt, "a_granted_attempt_is_spent"),
    (Sabotage::SpendsNoAttempt, "one_attempt_admits_one_code"),
    (Sabotage::AdmitsLateAttempts, "an_attempt_that_is_over_admits_nothing"),
    (Sabotage::RenewsForAnybody, "a_code_lease_is_renewed_by_its_owner_alone"),
    (Sabotage::RenewsForAnybody, "a_refresh_lease_is_renewed_by_its_owner_alone"),
    (Sabotage::RenewsForAnybody, "a_rotated_pair_is_stored_and_ends_its_lease"),
    (Sabotage::EndsForAnybody, "an_exchange_is_ended_by_its_owner_alone"),
    (Sabotage::ForgetsGrants, "a_grant_becomes_its_users_connection"),
    (Sabotage::ForgetsGrants, "a_claimed_grant_becomes_the_connection"),
    (Sabotage::ReplacesNoGrant, "a_new_grant_replaces_the_old_one"),
    (Sabotage::ReplacesNoGrant, "an_exchange_begun_after_it_connects"),
    (Sabotage::TakesGrantsTwice, "a_grant_is_taken_once"),
    (Sabotage::GrantNeedsTheLease, "a_grant_is_accepted_after_its_lease_has_passed"),
    (Sabotage::GrantNeedsTheLease, "a_grant_is_accepted_after_its_code_was_recorded_as_refused"),
    (Sabotage::FallsBackToAnyConnection, "a_connection_is_its_users_alone"),
    (Sabotage::FallsBackToAnyConnection, "an_ownerless_grant_waits_for_nobody_in_particular"),
    (Sabotage::ClaimsOverNothing, "a_claim_over_the_same_account_renews_the_connection"),
    (Sabotage::ClaimsOverAnything, "a_claim_over_another_account_is_refused_and_wipes_the_grant"),
    (Sabotage::ClaimsAtAnyTime, "a_late_claim_finds_nothing_waiting"),
    (Sabotage::ClaimsTwice, "a_claim_of_an_unknown_code_finds_nothing_waiting"),
    (Sabotage::ClaimsTwice, "a_second_claim_finds_nothing_waiting"),
    (Sabotage::ClaimsPastDisconnects, "a_disconnect_wins_over_a_claim_asked_for_before_it"),
    (Sabotage::ClaimsForAnybody, "of_eight_claimers_one_is_given_the_grant"),
    (Sabotage::ClaimsForAnybody, "a_grant_of_a_known_user_is_given_to_nobody_else"),
    (Sabotage::AwaitsForever, "a_grant_awaits_its_own_user_until_its_term"),
    (Sabotage::ForgetsEpochs, "an_epoch_is_the_connections"),
    (Sabotage::ForgetsTheReason, "every_state_comes_back_as_it_went_in"),
    (Sabotage::RoundsTimes, "times_are_kept_to_the_microsecond_and_into_the_far_future"),
    (Sabotage::FoldsUserIds, "odd_user_ids_are_kept_apart"),
    (Sabotage::LastWriterWins, "a_stale_revision_is_refused_and_changes_nothing"),
    (Sabotage::LastWriterWins, "a_first_save_is_refused_where_there_is_a_row"),
    (Sabotage::LastWriterWins, "of_eight_writers_one_wins"),
    (Sabotage::RefusesButWrites, "a_stale_revision_is_refused_and_changes_nothing"),
    (Sabotage::RevisionStands, "every_change_of_a_row_raises_its_revision"),
    (Sabotage::SaveEndsTheLease, "saving_a_connection_leaves_its_lease"),
    (Sabotage::SaveKeepsDeadLeases, "saving_a_dead_grant_ends_its_lease"),
    (Sabotage::OverlooksDamage, "tokens_that_cannot_be_opened_are_set_aside"),
    (Sabotage::DisconnectDoesNothing, "a_disconnect_wipes_every_token"),
    (Sabotage::DisconnectWipesTheRowAlone, "a_disconnect_ends_what_the_user_has_open"),
    (Sabotage::DisconnectWipesTheRowAlone, "a_first_exchange_begun_before_it_brings_nothing_back"),
    (Sabotage::DisconnectsEverybody, "a_disconnect_touches_nobody_else"),
    (Sabotage::SaveIgnoresGeneration, "a_refresh_begun_before_it_brings_nothing_back"),
    (Sabotage::DisconnectIsNoEvent, "an_exchange_begun_before_it_brings_nothing_back"),
    (Sabotage::AdmitsPastDisconnects, "a_code_brought_before_it_brings_nothing_back"),
    (Sabotage::NoLease, "a_refresh_lease_is_exclusive_until_it_lapses"),
    (Sabotage::NoLease, "of_eight_owners_one_is_granted_the_lease"),
    (Sabotage::ForgetsDoubt, "a_lapsed_lease_leaves_doubt_and_an_ended_one_none"),
    (Sabotage::LeasesAnyGeneration, "a_generation_that_moved_on_is_leased_to_nobody"),
    (Sabotage::CallsTheDeadHeld, "a_connection_without_tokens_is_leased_to_nobody"),
    (Sabotage::EndsLeasesForAnybody, "a_refresh_lease_is_ended_by_its_owner_alone"),
    (Sabotage::ForgetsRests, "during_a_rest_a_lease_is_granted_to_nobody"),
    (Sabotage::ForgetsDoubt, "a_doubt_is_remembered_until_a_pair_is_stored"),
    (Sabotage::PairNeedsTheLease, "a_pair_is_stored_after_its_lease_has_passed"),
    (Sabotage::PairNeedsTheRevision, "a_note_in_the_row_stands_in_no_pairs_way"),
    (Sabotage::LossIsFinal, "a_pair_heals_a_rotation_recorded_as_lost"),
    (Sabotage::SaveIgnoresGeneration, "a_late_pair_never_overwrites_a_newer_one"),
    (Sabotage::SaveIgnoresGeneration, "of_eight_pairs_one_is_stored"),
    (Sabotage::SaveIgnoresGeneration, "a_late_pair_never_undoes_a_disconnect"),
    (Sabotage::SaveIgnoresGeneration, "a_late_pair_never_overwrites_a_reconnect"),
    (Sabotage::SaveIgnoresGeneration, "a_pair_for_nobody_is_refused"),
    (Sabotage::ListsByName, "orphaned_refreshes_come_oldest_first_and_limited"),
    (Sabotage::OverlooksOrphans, "a_rest_in_doubt_is_orphaned_when_it_is_over"),
    (Sabotage::ListsByName, "stale_connections_come_oldest_first_and_limited"),
    (Sabotage::DisturbsRests, "a_connection_whose_refresh_rests_is_not_stale"),
    (Sabotage::TakesEverybodyForTheAccounts, "revoking_an_account_touches_all_its_connections_and_no_other"),
    (Sabotage::ListsTheFirstPageAlone, "users_are_listed_page_by_page"),
    (Sabotage::GivesLooksToEverybody, "a_look_is_taken_by_one_of_many"),
    (Sabotage::LimitsNoLooks, "looks_are_limited"),
    (Sabotage::ForgetsTakenLooks, "a_look_that_was_not_ended_comes_again_after_its_term"),
    (Sabotage::KeepsNoLook, "a_look_that_takes_long_is_nobody_elses"),
    (Sabotage::EndsNoLook, "an_ended_look_is_over_and_the_next_one_waits"),
    (Sabotage::OverlooksWishesDuringALook, "a_look_that_is_wanted_during_another_is_still_to_come"),
    (Sabotage::TellsTheOldestAlone, "the_newest_entries_are_told_the_oldest_first"),
    (Sabotage::TellsNoProblems, "a_connections_story_is_told_in_order"),
    (Sabotage::TellsNoDoubt, "a_doubt_is_told_once"),
    (Sabotage::TellsWhatWasRefused, "a_refused_change_leaves_no_entry"),
    (Sabotage::ForgetsTheActor, "an_entry_comes_back_as_it_went_in"),
    (Sabotage::TellsForEver, "a_sweep_forgets_old_entries_alone"),
    (Sabotage::TakesOverAtOnce, "a_lease_from_a_clock_ahead_lasts_one_term_more"),
    (Sabotage::TakesOverAtOnce, "a_code_lease_from_a_clock_ahead_lasts_one_term_more"),
    (Sabotage::TakesOverAtOnce, "a_rest_from_a_clock_ahead_lasts_its_own_length_more"),
    (Sabotage::TakesOverAtOnce, "a_look_up_from_a_clock_ahead_is_put_off_by_one_term"),
    (Sabotage::BelievesRefusalsAhead, "a_refusal_from_a_clock_ahead_puts_no_refresh_off"),
    (Sabotage::ForgetsRests, "refused_pairs_put_the_next_refresh_off"),
    (Sabotage::AsksNobodyByHand, "who_asks_by_hand_waits_for_no_rest"),
    (Sabotage::ForgetsGrants, "a_forgotten_code_is_put_on_record_again"),
    (Sabotage::SweepsCodesUnderWay, "a_sweep_forgets_no_code_that_is_under_way"),
    (Sabotage::SweepsEverything, "a_sweep_forgets_a_code_by_two_clocks"),
    (Sabotage::SweepsByOneClock, "a_sweep_forgets_a_code_by_two_clocks"),
    (Sabotage::SweepsByOneClock, "a_sweep_forgets_attempts_entries_and_moves_by_two_clocks"),
    (Sabotage::SweepsNothing, "a_sweep_shortens_what_a_clock_ahead_made_too_long"),
    (Sabotage::AcquitsNobody, "a_rest_for_an_accused_client_ends_when_the_client_is_served"),
    (Sabotage::AcquitsNobody, "a_code_that_is_exchanged_acquits_its_client"),
    (Sabotage::AcquitsByAnything, "what_was_sent_before_an_accusation_acquits_nobody"),
    (Sabotage::TakesAllClientsForOne, "an_accusation_is_of_its_own_client_alone"),
    (Sabotage::BlamesNoAccount, "an_account_that_is_refused_while_others_are_served_rests_on"),
    (Sabotage::AccusesForAnybody, "an_accusation_by_a_late_owner_changes_nothing"),
    (Sabotage::ListsByName, "acquitted_refreshes_come_first_to_expire_first_and_limited"),
    (Sabotage::BelievesAnyDate, "tokens_that_are_dated_far_in_the_future_are_stale"),
    (Sabotage::DisturbsRests, "a_connection_whose_refresh_is_put_off_is_not_stale"),
    (Sabotage::LooksUpForEverybody, "an_account_is_looked_up_by_one_of_many"),
    (Sabotage::KeepsOldMoves, "a_look_up_says_nothing_of_another_account"),
    (Sabotage::KeepsOldMoves, "a_move_is_told_for_no_other_account"),
    (Sabotage::ForgetsMoves, "a_look_up_without_a_number_leaves_what_is_known_of_its_host"),
    (Sabotage::ForgetsMoves, "a_move_is_told_for_good_under_the_old_host"),
    (Sabotage::KeepsOldMoves, "an_account_that_moves_back_is_not_sent_away_again"),
    (Sabotage::SweepsMoves, "a_sweep_keeps_moves"),
    (Sabotage::SweepsNothing, "a_sweep_wipes_unclaimed_grants_and_counts_them"),
    (Sabotage::SweepsNothing, "a_sweep_forgets_old_attempts_and_codes_alone"),
    (Sabotage::SweepsEverything, "a_sweep_forgets_old_attempts_and_codes_alone"),
];

#[derive(Debug)]
struct SabotagedHarness(SabotagedStore);

#[async_trait]
impl TokenStoreHarness for SabotagedHarness {
    async fn fresh() -> Self {
        Self(SabotagedStore::new(Sabotage::None))
    }

    fn store(&self) -> Arc<dyn TokenStore> {
        Arc::new(self.0.clone())
    }

    async fn second_handle(&self) -> Arc<dyn TokenStore> {
        match self.0.sabotage {
            Sabotage::ForgetsOnReopen => Arc::new(MemoryTokenStore::new()),
            _ => self.store(),
        }
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.0.honest.test_clock().advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.0.note(|notes| notes.was_set_back = true);
        self.0.honest.test_clock().set_back(by);
    }

    async fn at_rest(&self) -> Option<Vec<u8>> {
        (self.0.sabotage == Sabotage::KeepsTokensPlain).then(|| b"account1.amocrm.ru access-x".to_vec())
    }

    async fn damage_tokens(&self) -> bool {
        self.0.sabotage == Sabotage::OverlooksDamage
    }

    async fn handle_with_keys(&self, _keys: Keys) -> Option<Arc<dyn TokenStore>> {
        (self.0.sabotage == Sabotage::IgnoresKeys).then(|| self.store())
    }
}

/// Whether `case` finds the sabotage out.
async fn notices(case: &'static Case, sabotage: Sabotage) -> bool {
    let harness = SabotagedHarness(SabotagedStore::new(sabotage));
    let run = tokio::spawn(async move { (case.run)(&harness).await });
    run.await.is_err_and(|ended| ended.is_panic())
}

fn case(name: &str) -> &'static Case {
    CASES.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case is called {name}"))
}

#[test]
fn every_sabotage_is_noticed_by_its_case() {
    suite::run(async {
        for (sabotage, name) in NOTICED {
            assert!(notices(case(name), *sabotage).await, "{name} does not notice {sabotage:?}");
        }
    });
}

#[test]
fn an_honest_store_under_the_same_wrapper_passes_every_case() {
    suite::run(async {
        for case in CASES {
            assert!(!notices(case, Sabotage::None).await, "{case:?}");
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
