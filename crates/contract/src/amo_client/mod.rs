//! What [`AmoClient`](amo_connect_domain::ports::AmoClient) promises, promise by promise.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a case panics where a promise is broken")]

mod account;
mod activity;
mod browser;
mod call;
mod calls;
mod contacts;
mod failed_reads;
mod failed_writes;
mod feature;
mod filters;
mod harness;
mod lead;
mod leads;
mod look_ups;
mod names;
mod pipelines;
mod secrecy;
mod tokens;
mod writes;

use crate::suite;

pub use feature::{Entity, Feature, left_out};
pub use harness::AmoClientHarness;

/// A case of this suite.
pub type Case = suite::Case<dyn AmoClientHarness>;

/// Runs the case of this name on a fresh harness of `H`.
pub fn judge<H: AmoClientHarness>(name: &str) {
    let case = CASES.iter().find(|case| case.name == name).unwrap();
    // Shown if the case fails.
    eprintln!("the port promises: {}", case.promise);
    suite::run(async {
        let harness = H::fresh().await;
        let lacks = |feature: &&Feature| feature.cases().contains(&name);
        if let Some(feature) = harness.lacks().iter().find(lacks) {
            eprintln!("left out: {name}, for the CRM has no {feature:?}");
            return;
        }
        (case.run)(&harness).await;
    });
}

suite::cases! {
    ($) amo_client_contract for amo_client;

    "It MUST send at most one request, MUST NOT follow a redirect, MUST send nothing to a host \
     that is not allowed (AmoError::HostNotAllowed), and MUST NOT show a token, a code, the client secret or the \
     CRM's own words in an error." => [
        calls::each_call_is_one_request,
        calls::no_failure_is_answered_by_a_second_request,
        calls::a_redirect_is_never_followed,
        calls::nothing_is_sent_to_a_host_that_is_not_allowed,
        secrecy::no_error_shows_a_secret_or_the_crms_words,
        secrecy::no_debug_shows_a_secret,
    ]
    "Where a browser is sent to allow the integration; the answer comes back with state." => [
        browser::the_authorization_url_carries_the_state,
    ]
    "Reads the CRM's redirect." => [
        browser::a_redirect_is_read_whole,
    ]
    "A code, a state or a host that is there twice MUST be Given::Unusable, as Parameters::text and Parameters::secret \
     have it." => [
        browser::what_is_there_twice_is_unusable,
    ]
    "A user's *no* MUST be Denial::Declined." => [
        browser::a_users_no_is_told_apart,
    ]
    "MUST be None for what is not surely the CRM's own word to this integration." => [
        browser::a_hook_is_believed_if_all_of_it_is_right,
    ]

    "Where the CRM names the account's host with a pair, Issued::host is what it says, by this method and by refresh." => [
        tokens::a_host_that_is_named_with_a_pair_is_told,
    ]
    "Exchanges code for its tokens at the account's token endpoint." => [
        tokens::a_code_buys_a_pair_at_its_account,
        tokens::the_account_is_told_with_the_pair,
        tokens::a_life_in_quotes_is_a_life,
    ]
    "MUST return AmoError::CodeRejected for an answer that refuses this code, and AmoError::OutcomeUnknown whenever \
     the code may have been used but no pair was read." => [
        tokens::a_refused_code_is_rejected,
        tokens::nothing_else_rejects_a_code,
        tokens::a_lost_answer_to_a_code_leaves_its_outcome_unknown,
    ]
    "A pair that arrived whole MUST be returned, by this method and by refresh, whatever else its answer is: under \
     any final status, with headers that make no sense or text around the JSON, with members that are there twice, in \
     a coding that nobody asked for, in a body that ends early or with a reset, or does not end." => [
        tokens::a_pair_is_kept_under_any_status,
        tokens::a_pair_is_kept_after_a_byte_order_mark,
        tokens::a_pair_is_kept_between_notices,
        tokens::a_pair_is_kept_whose_members_come_twice,
        tokens::a_pair_is_kept_in_a_body_that_ends_early,
        tokens::a_pair_is_kept_that_came_before_a_reset,
        tokens::a_pair_is_kept_in_an_answer_that_stays_open,
        tokens::a_pair_is_kept_that_was_compressed_unasked,
        tokens::a_pair_is_kept_under_odd_headers,
    ]
    "Spends token for the next pair." => [
        tokens::a_refresh_token_buys_a_pair_at_its_account,
    ]
    "MUST return AmoError::GrantRevoked only for an answer that refuses this token for certain, and \
     AmoError::OutcomeUnknown whenever the token may have been rotated but no pair was read." => [
        tokens::a_refused_refresh_token_is_revoked,
        tokens::nothing_else_revokes_a_grant,
        tokens::a_lost_answer_to_a_refresh_token_leaves_its_outcome_unknown,
    ]
    "An answer whose refresh token is the one that was sent MUST NOT be taken for a pair." => [
        tokens::the_refresh_token_that_was_sent_makes_no_pair,
    ]
    "AmoError::Unavailable promises that it was not." => [
        tokens::a_host_that_is_not_reached_surely_did_nothing,
        tokens::nothing_that_was_sent_surely_did_nothing,
    ]
    "The answer accuses the client: id, secret or redirect URI." => [
        tokens::an_accused_client_is_misconfigured,
    ]

    "Where the account of this pair answers now; the refresh token is shown, and not spent." => [
        look_ups::an_account_is_found_where_it_answers,
    ]
    "Where it is; None if the token was refused, or no such account is known." => [
        look_ups::a_refused_look_up_finds_nothing,
        look_ups::a_look_up_that_was_not_answered_is_told_apart,
    ]
    "MUST return AmoError::HostNotAllowed instead of a host that is not allowed." => [
        look_ups::an_account_is_followed_to_no_host_that_is_not_allowed,
    ]

    "The account that token opens, and the user whose rights it has (GET /api/v4/account)." => [
        account::an_account_has_its_number,
        account::an_account_comes_with_its_name_its_currency_and_the_tokens_user,
    ]
    "A page of the account's users, at most 250, with those who may not log in any more." => [
        account::users_come_as_they_are_listed,
    ]
    "A page of leads, in the order of filter.order, which MUST be asked for." => [
        filters::leads_are_asked_for_in_the_order_that_is_wanted,
        leads::leads_come_as_they_are_listed,
        leads::a_lead_may_lack_everything_but_its_number,
        filters::a_filter_reaches_the_crm_whole,
        filters::a_filter_of_closed_stages_reaches_the_crm,
    ]
    "An empty page is no error." => [
        failed_reads::nothing_is_no_error,
    ]
    "Deleted leads are left out." => [
        leads::deleted_leads_are_not_listed,
    ]
    "A lead that is won or lost MUST say so itself (AmoLead::is_closed), by this method and by lead: its pipeline may \
     be gone." => [
        lead::a_closed_lead_says_so_itself,
    ]
    "A page MUST NOT have more leads than filter.limit, and whoever pages until LeadPage::has_more is false MUST get \
     every lead once, whatever size the CRM's own pages have: a page may be shorter." => [
        leads::every_lead_is_on_one_page,
    ]
    "A filter of 50 stages is one request, and so is one of 250 numbers." => [
        filters::a_filter_of_fifty_stages_is_one_request,
        filters::a_filter_of_250_numbers_is_one_request,
    ]
    "The whole second that updated_since or created_since falls into MUST be asked for, and none before it." => [
        filters::a_moment_is_asked_for_from_the_beginning_of_its_second,
    ]
    "Custom fields MUST be told if filter.with_custom_fields wants them, and a lead without any then has an empty list; \
     else AmoLead::custom_fields is None." => [
        leads::custom_fields_come_with_the_leads_if_they_are_wanted,
    ]
    "The lead with this number, with its custom fields, all of its contacts and why it was lost; None if there is none, \
     or it was deleted." => [
        lead::a_lead_comes_by_its_number,
        lead::a_lead_comes_with_all_of_its_contacts_and_why_it_was_lost,
        lead::an_unknown_or_deleted_lead_is_none,
    ]
    "A page of the notes of lead, at most 250, the newest first." => [
        activity::notes_come_as_they_are_listed,
    ]
    "Notes of types that the client does not know MUST be listed too." => [
        activity::notes_of_unknown_types_are_listed,
    ]
    "A page of tasks of leads." => [
        activity::tasks_come_as_they_are_listed,
    ]
    "The whole filter MUST be asked for, and its order." => [
        activity::a_filter_of_tasks_reaches_the_crm_whole,
    ]
    "A page of what happened to lead, at most 100 events, the newest first." => [
        activity::events_come_as_they_are_listed,
    ]
    "Events of types that the client does not know MUST be listed too." => [
        activity::events_of_unknown_types_are_listed,
    ]
    "The note of lead with this number; None if there is none." => [
        activity::a_note_comes_by_its_number,
        activity::an_unknown_note_is_none,
    ]
    "The task with this number; None if there is none." => [
        activity::a_task_comes_by_its_number,
        activity::an_unknown_task_is_none,
    ]
    "The contacts with these numbers, at most 250, in one request; unknown ones are left out." => [
        contacts::contacts_come_by_their_numbers,
        contacts::a_full_page_of_contacts_is_one_request,
        contacts::without_numbers_nobody_is_listed,
    ]
    "All pipelines with their stages, those put away among them." => [
        pipelines::pipelines_come_with_their_stages,
        pipelines::colors_of_stages_are_told,
        pipelines::pipelines_that_are_put_away_are_listed,
    ]
    "The kind of each stage MUST be told: the app's three statuses are made of that." => [
        pipelines::closed_stages_are_told_apart,
        pipelines::an_unsorted_stage_is_told_apart,
    ]

    "Does write, and tells what it made; None for a change." => [
        writes::a_write_reaches_the_crm_whole_and_what_it_made_is_told,
    ]
    "A lead is made together with its guest, by one request, and is called as the guest if it has no name." => [
        writes::a_lead_is_made_together_with_its_guest_by_one_request,
        writes::a_lead_without_a_name_is_called_as_its_guest,
    ]
    "What is unset MUST NOT be sent: the CRM decides it, or leaves it as it is." => [
        writes::what_is_unset_is_not_sent,
    ]
    "If the CRM puts the lead together with one that was there, that one is told, as not new." => [
        writes::a_lead_that_was_put_together_with_another_is_not_new,
    ]
    "The write MUST be sent at most once." => [
        failed_writes::a_write_is_sent_once_whatever_becomes_of_it,
    ]
    "AmoError::OutcomeUnknown if it may have been done: its answer was lost, cut or late, is a 5xx, or makes no \
     sense." => [
        failed_writes::a_failure_of_the_crms_leaves_the_outcome_of_a_write_unknown,
        failed_writes::a_lost_answer_leaves_the_outcome_of_a_write_unknown,
        failed_writes::an_answer_that_makes_no_sense_leaves_the_outcome_of_a_write_unknown,
    ]
    "All other errors mean that nothing was done." => [
        failed_writes::a_write_that_was_certainly_not_done_is_told_apart,
    ]
    "AmoError::Refused names the field that the CRM names, and AmoError::NotFound is the lead or the task that the \
     write is on, or the account." => [
        failed_writes::a_refused_write_names_the_field,
        failed_writes::a_write_to_what_is_not_there_is_told_apart,
    ]

    "401 from the API: the access token is not good (any more)." => [
        calls::a_refused_access_token_is_told_apart,
    ]
    "403 of the API's own: the right to this thing is missing." => [
        calls::a_missing_right_is_told_apart,
    ]
    "402: the account's subscription has ended." => [
        calls::an_unpaid_account_is_told_apart,
    ]
    "404, where the thing asked for may be missing, or the account." => [
        calls::a_missing_thing_is_told_apart,
    ]
    "429." => [
        calls::too_many_calls_are_told_apart_with_their_wait,
    ]
    "403 with a page or words of a web server, and no JSON: amoCRM bans calls." => [
        calls::a_ban_is_told_apart,
    ]
    "For a read also a 5xx: it is safe to ask again." => [
        failed_reads::a_failed_read_can_be_asked_again,
    ]
    "A read was sent, and its connection ended before the whole answer came, for example because a kept-alive \
     connection was reset, or was ended by a 408." => [
        failed_reads::a_lost_connection_is_told_apart,
    ]
    "The caller may send it once more: the next call to that host MUST go over a connection that was not open \
     before the loss." => [
        failed_reads::after_a_lost_connection_the_next_read_goes_over_a_new_one,
    ]
    "A read took too long, here or (504) there." => [
        failed_reads::a_slow_read_is_told_apart,
    ]
    "An answer that makes no sense." => [
        failed_reads::a_read_that_makes_no_sense_is_told_apart,
    ]
}
