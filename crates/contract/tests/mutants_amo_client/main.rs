//! The client suite can fail: clients that break one promise each, and the case that notices.

#![expect(clippy::unwrap_used, reason = "a mutant that cannot be committed is the test's mistake")]

mod client;

use std::sync::Arc;

use amo_connect_contract::amo_client::{AmoClientHarness, CASES, Feature, left_out};
use amo_connect_contract::fixtures;
use amo_connect_contract::proof::Proof;
use amo_connect_contract::{Asked, Dress, FakeAmo, Reply, amo_denial, amo_redirect};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoClient;
use amo_connect_domain::token::{AuthorizationCode, State};
use async_trait::async_trait;
use client::{Mutant, MutantClient};

/// Which mutant, and a case that has to notice it.
const NOTICED: &[(Mutant, &str)] = &[
    (Mutant::AsksTwice, "each_call_is_one_request"),
    (Mutant::TriesAgain, "no_failure_is_answered_by_a_second_request"),
    (Mutant::TriesAgain, "a_redirect_is_never_followed"),
    (Mutant::SendsAnywhere, "nothing_is_sent_to_a_host_that_is_not_allowed"),
    (Mutant::ShowsSecrets, "no_debug_shows_a_secret"),
    (Mutant::GarblesTheState, "the_authorization_url_carries_the_state"),
    (Mutant::GarblesTheState, "a_redirect_is_read_whole"),
    (Mutant::TakesTheFirst, "what_is_there_twice_is_unusable"),
    (Mutant::HearsNoNo, "a_users_no_is_told_apart"),
    (Mutant::BelievesEverybody, "a_hook_is_believed_if_all_of_it_is_right"),
    (Mutant::TrimsSecrets, "a_code_buys_a_pair_at_its_account"),
    (Mutant::TrimsSecrets, "a_refresh_token_buys_a_pair_at_its_account"),
    (Mutant::ForgetsTheAccount, "the_account_is_told_with_the_pair"),
    (Mutant::ForgetsTheAccount, "an_account_has_its_number"),
    (Mutant::GuessesLives, "a_life_in_quotes_is_a_life"),
    (Mutant::Loses(Dress::Status(201)), "a_pair_is_kept_under_any_status"),
    (Mutant::Loses(Dress::Status(401)), "a_pair_is_kept_under_any_status"),
    (Mutant::Loses(Dress::Status(503)), "a_pair_is_kept_under_any_status"),
    (Mutant::Loses(Dress::ByteOrderMark), "a_pair_is_kept_after_a_byte_order_mark"),
    (Mutant::Loses(Dress::Notices), "a_pair_is_kept_between_notices"),
    (Mutant::Loses(Dress::MembersTwice), "a_pair_is_kept_whose_members_come_twice"),
    (Mutant::Loses(Dress::EndsEarly), "a_pair_is_kept_in_a_body_that_ends_early"),
    (Mutant::Loses(Dress::Reset), "a_pair_is_kept_that_came_before_a_reset"),
    (Mutant::Loses(Dress::StaysOpen), "a_pair_is_kept_in_an_answer_that_stays_open"),
    (Mutant::Loses(Dress::Compressed), "a_pair_is_kept_that_was_compressed_unasked"),
    (Mutant::Loses(Dress::OddHeaders), "a_pair_is_kept_under_odd_headers"),
    (Mutant::KeepsTheOldPair, "the_refresh_token_that_was_sent_makes_no_pair"),
    (Mutant::CallsAllDoubt, "a_refused_code_is_rejected"),
    (Mutant::CallsAllDoubt, "a_refused_refresh_token_is_revoked"),
    (Mutant::CallsAllDoubt, "an_accused_client_is_misconfigured"),
    (Mutant::CallsAllDoubt, "a_host_that_is_not_reached_surely_did_nothing"),
    (Mutant::CallsAllDoubt, "an_unpaid_account_is_told_apart"),
    (Mutant::CallsAllDoubt, "a_missing_thing_is_told_apart"),
    (Mutant::CallsAllDoubt, "too_many_calls_are_told_apart_with_their_wait"),
    (Mutant::CallsAllDoubt, "a_ban_is_told_apart"),
    (Mutant::CallsAllDoubt, "a_refused_access_token_is_told_apart"),
    (Mutant::CallsForbiddenRefused, "a_forbidden_read_is_told_apart"),
    (Mutant::CallsAllDoubt, "a_failed_read_can_be_asked_again"),
    (Mutant::CallsLossesUnavailable, "a_lost_connection_is_told_apart"),
    (Mutant::UsesDeadConnections, "after_a_lost_connection_the_next_read_goes_over_a_new_one"),
    (Mutant::CallsAllDoubt, "a_slow_read_is_told_apart"),
    (Mutant::CallsAllDoubt, "a_read_that_makes_no_sense_is_told_apart"),
    (Mutant::CallsAllRefused, "nothing_else_rejects_a_code"),
    (Mutant::CallsAllRefused, "nothing_else_revokes_a_grant"),
    (Mutant::CallsDoubtUnavailable, "a_lost_answer_to_a_code_leaves_its_outcome_unknown"),
    (Mutant::CallsDoubtUnavailable, "a_lost_answer_to_a_refresh_token_leaves_its_outcome_unknown"),
    (Mutant::CallsDoubtUnavailable, "nothing_that_was_sent_surely_did_nothing"),
    (Mutant::FindsNothing, "an_account_is_found_where_it_answers"),
    (Mutant::NeverSaysNo, "a_refused_look_up_finds_nothing"),
    (Mutant::TakesSilenceForNo, "a_look_up_that_was_not_answered_is_told_apart"),
    (Mutant::FollowsAnywhere, "an_account_is_followed_to_no_host_that_is_not_allowed"),
    (Mutant::AsksForLongPages, "every_lead_is_on_one_page"),
    (Mutant::AsksForLongPages, "a_filter_reaches_the_crm_whole"),
    (Mutant::ForgetsTheHost, "a_host_that_is_named_with_a_pair_is_told"),
    (Mutant::SortsLeads, "leads_come_as_they_are_listed"),
    (Mutant::DropsOddLeads, "a_lead_may_lack_everything_but_its_number"),
    (Mutant::IgnoresFilters, "a_filter_reaches_the_crm_whole"),
    (Mutant::IgnoresFilters, "a_filter_of_fifty_stages_is_one_request"),
    (Mutant::SplitsSeconds, "a_moment_is_asked_for_from_the_beginning_of_its_second"),
    (Mutant::InventsLeads, "deleted_leads_are_not_listed"),
    (Mutant::ForgetsClosings, "a_closed_lead_says_so_itself"),
    (Mutant::DropsOddLeads, "a_lead_comes_by_its_number"),
    (Mutant::InventsLeads, "an_unknown_or_deleted_lead_is_none"),
    (Mutant::CallsNothingMissing, "nothing_is_no_error"),
    (Mutant::AsksForTenContacts, "a_full_page_of_contacts_is_one_request"),
    (Mutant::InventsContacts, "contacts_come_by_their_numbers"),
    (Mutant::InventsContacts, "without_numbers_nobody_is_listed"),
    (Mutant::ForgetsStages, "pipelines_come_with_their_stages"),
    (Mutant::CallsAllOpen, "closed_stages_are_told_apart"),
    (Mutant::CallsAllOpen, "an_unsorted_stage_is_told_apart"),
    (Mutant::HidesTheArchive, "pipelines_that_are_put_away_are_listed"),
];

/// [`AmoError`](amo_connect_domain::ports::AmoError) has no room for words: the case guards the
/// day when it gets some.
const NOT_YET_POSSIBLE: &[&str] = &["no_error_shows_a_secret_or_the_crms_words"];

#[derive(Debug)]
struct MutantHarness(MutantClient);

#[async_trait]
impl AmoClientHarness for MutantHarness {
    async fn fresh() -> Self {
        Self(MutantClient::new(Mutant::None))
    }

    fn client(&self) -> Arc<dyn AmoClient> {
        Arc::new(self.0.clone())
    }

    fn host(&self) -> AccountHost {
        fixtures::host(1)
    }

    fn foreign_host(&self) -> AccountHost {
        AccountHost::stored("account1.example.com")
    }

    fn redirect(&self, code: &AuthorizationCode, state: &State) -> String {
        amo_redirect(code, state, &self.host())
    }

    fn denial(&self, state: &State) -> String {
        amo_denial(state)
    }

    fn hook(&self, account: AccountId) -> Option<String> {
        FakeAmo::signed_hook(account).into()
    }

    async fn will(&self, reply: Reply) {
        self.0.inner.answer_next(self.0.reads(reply));
    }

    async fn asked(&self) -> Vec<Asked> {
        self.0.inner.asked()
    }
}

amo_connect_contract::prove!(Proof {
    cases: CASES,
    noticed: NOTICED,
    not_yet_possible: NOT_YET_POSSIBLE,
    correct: Mutant::None,
    harness: |mutant| Box::new(MutantHarness(MutantClient::new(mutant))),
});

#[test]
fn what_a_crm_may_lack_names_cases_of_the_suite() {
    let left_out = left_out(&Feature::ALL);
    assert!(left_out.iter().all(|name| CASES.iter().any(|case| case.name == *name)), "{left_out:?}");
    assert!(!left_out.is_empty());
}
