//! What [`TokenStore`](amo_connect_domain::ports::TokenStore) promises, promise by promise.

use super::Case;
use crate::suite;
use crate::token_store::{
    attempts, budgets, claims, clients, clocks, codes, connections, disconnect, durability, leases, maintenance,
    places, rotation, terms, unreadable, writes,
};

suite::cases! {
    ($) token_store_cases for token_store;

    "Each method is one atomic promise: it happens whole and durably before it returns Ok, or not at all, also when \
     its future is dropped." => [
        durability::data_are_there_for_the_next_handle,
        durability::a_dropped_future_leaves_nothing_half_done,
    ]
    "Times are passed in as now, except for leases: they MUST be set and judged by the store's own clock \
     (StoreHealth::clock), or instances whose clocks differ would send a token twice." => [
        leases::a_refresh_lease_is_set_and_judged_by_the_stores_clock,
        codes::a_code_lease_is_set_and_judged_by_the_stores_clock,
        writes::a_write_lease_is_set_and_judged_by_the_stores_clock,
    ]
    "A lease or a backoff that ends later than one can (seen_at) MUST be stored with its longest end when it is asked \
     for, and never be granted to another owner before that." => [
        clocks::a_lease_from_a_clock_ahead_lasts_one_term_more,
        clocks::a_code_lease_from_a_clock_ahead_lasts_one_term_more,
        writes::a_write_lease_from_a_clock_ahead_lasts_one_term_more,
        clocks::a_backoff_from_a_clock_ahead_lasts_its_own_length_more,
        clocks::a_look_up_from_a_clock_ahead_is_delayed_by_one_term,
        clocks::a_refusal_from_a_clock_ahead_delays_no_refresh,
    ]
    "Tokens MUST be stored encrypted, codes and states only as hashes." => [
        durability::no_token_is_stored_in_plain_bytes,
        durability::damaged_tokens_are_corrupt_and_nothing_worse,
        durability::tokens_outlive_a_change_of_keys,
    ]
    "Tokens that a handle cannot open, because a bit has flipped or a key is gone, MUST be in the way of nothing \
     except their own use: whatever replaces or wipes them succeeds, and everything else leaves them as they are." => [
        unreadable::damaged_tokens_are_replaced_and_wiped,
        unreadable::tokens_whose_key_is_gone_are_replaced_and_wiped,
        unreadable::what_one_handle_cannot_open_is_left_to_the_others,
    ]
    "Records a new attempt." => [
        attempts::an_attempt_comes_back_as_it_went_in,
        attempts::an_attempt_is_found_by_its_own_id_and_state_alone,
    ]
    "Of the user's open attempts only the newest OPEN_ATTEMPTS MUST stay open, this one among them." => [
        attempts::only_the_newest_attempts_stay_open,
        attempts::another_users_attempts_stay_open,
        attempts::closed_attempts_take_no_open_ones_place,
    ]
    "Of their attempts past open only the newest ATTEMPTS_OF_A_USER MUST stay on record." => [
        budgets::a_user_leaves_so_many_attempts,
    ]
    "Its deep link MUST stay as it is, however the attempt ends." => [
        attempts::an_attempt_keeps_its_deep_link,
    ]
    "Ends an open attempt that came back without a usable code, as end says (declined or failed)." => [
        attempts::an_attempt_ends_as_requested,
    ]
    "MUST NOT touch an attempt that is past open." => [
        attempts::an_attempt_past_open_is_not_touched,
        attempts::a_spent_attempt_is_not_touched,
    ]
    "The record of this code." => [
        codes::an_exchange_comes_back_as_it_went_in,
    ]
    "MUST grant a code to one caller at a time, however many ask." => [
        codes::a_code_is_granted_to_one_of_many,
        codes::a_code_in_flight_is_granted_to_nobody_until_its_lease_lapses,
        codes::a_refused_code_is_granted_to_nobody,
        codes::an_interrupted_code_is_granted_at_once,
    ]
    "A granted attempt is spent in the same step." => [
        codes::a_granted_attempt_is_spent,
        codes::one_attempt_admits_one_code,
        codes::an_attempt_that_is_over_admits_nothing,
    ]
    "A stranger's code MUST be granted together with a place, by Place::request, and with one alone: of all strangers' \
     codes of all handles few are under way at a time." => [
        places::few_strangers_codes_are_under_way_at_a_time,
        places::a_place_is_given_to_few_of_many_at_once,
        places::two_strangers_codes_begin_in_a_second,
        places::a_network_has_one_code_under_way,
        places::a_host_has_two_codes_under_way,
        places::hosts_with_a_connection_have_half_of_the_places_to_themselves,
        places::a_slow_code_makes_its_place_free_while_there_is_room,
        places::places_are_judged_by_the_stores_clock,
        places::a_code_that_a_user_vouches_for_needs_no_place,
    ]
    "A place MUST be free as soon as its owner does not hold the lease on the code any more." => [
        places::a_place_is_free_when_its_code_is_settled_or_its_lease_is_over,
    ]
    "A code of a user's MUST count in their budget, by admits_another_code." => [
        budgets::a_user_leaves_so_many_unsettled_codes,
        budgets::a_user_leaves_so_many_codes_a_day,
        budgets::other_users_codes_count_for_nothing,
    ]
    "MUST record nothing where it grants nothing." => [
        places::a_code_that_is_not_granted_leaves_nothing,
        budgets::an_attempt_whose_code_is_not_granted_stays_open,
    ]
    "Returns false, and changes nothing, if owner does not hold it any more." => [
        codes::a_code_lease_is_renewed_by_its_owner_alone,
        leases::a_refresh_lease_is_renewed_by_its_owner_alone,
    ]
    "Stores, by Exchange::receive, what amoCRM issued for a code, with the connection it makes, in one step." => [
        codes::a_grant_becomes_its_users_connection,
        codes::a_new_grant_replaces_the_old_one,
        codes::a_grant_is_taken_once,
        claims::an_ownerless_grant_waits_for_any_user,
    ]
    "MUST accept the grant of an owner whose lease has passed." => [
        codes::a_grant_is_accepted_after_its_lease_has_passed,
        codes::a_grant_is_accepted_after_its_code_was_recorded_as_refused,
    ]
    "MUST record that served was served, as Self::save_rotated does." => [
        clients::a_code_that_is_exchanged_acquits_its_client,
    ]
    "A lease on tokens that it replaces MUST end, and so it MUST in Self::claim." => [
        leases::new_tokens_end_the_lease_on_the_old_ones,
    ]
    "MUST change nothing if owner does not hold the lease any more." => [
        codes::an_exchange_is_ended_by_its_owner_alone,
    ]
    "Gives a waiting grant to user by Exchange::claim, in one step with the connection it replaces." => [
        claims::a_claimed_grant_becomes_the_connection,
        claims::a_claim_over_the_same_account_renews_the_connection,
        claims::a_claim_over_another_account_is_refused_and_wipes_the_grant,
        claims::a_late_claim_finds_nothing_waiting,
        claims::a_claim_of_an_unknown_code_finds_nothing_waiting,
    ]
    "MUST give it to one user, once." => [
        claims::of_eight_claimers_one_is_given_the_grant,
        claims::a_second_claim_finds_nothing_waiting,
        claims::a_grant_of_a_known_user_is_given_to_no_other_user,
    ]
    "as_of is the user's epoch when they asked: a disconnect since then MUST win." => [
        claims::a_disconnect_wins_over_a_claim_asked_for_before_it,
    ]
    "Whether a grant waits for user's claim at now." => [
        claims::a_grant_awaits_its_own_user_until_its_term,
        terms::a_grant_awaits_a_claim_when_the_domain_says_so,
    ]
    "What can be told of the user's connection, by CrmConnection::summary, whether or not its tokens can be opened." => [
        connections::an_epoch_is_the_connections,
    ]
    "The user's connection." => [
        connections::every_state_comes_back_as_it_went_in,
        connections::times_are_kept_to_the_microsecond_and_into_the_far_future,
        connections::odd_user_ids_are_kept_apart,
        connections::a_connection_is_its_users_alone,
    ]
    "Here and in Self::summary, whatever had returned before the call began, at any handle, MUST be seen." => [
        connections::a_read_sees_what_had_returned_before_it_began,
    ]
    "MUST return StoreError::Conflict and change nothing if the revision moved." => [
        connections::a_stale_revision_is_refused_and_changes_nothing,
        connections::a_first_save_is_refused_where_there_is_a_row,
        connections::of_eight_writers_one_wins,
        connections::every_change_of_a_row_raises_its_revision,
    ]
    "A lease MUST stay as it is, unless no tokens are left." => [
        leases::saving_a_connection_leaves_its_lease,
        leases::saving_a_dead_grant_ends_its_lease,
    ]
    "MUST have wiped every token of theirs when it returns." => [
        disconnect::a_disconnect_wipes_every_token,
        durability::wiped_tokens_do_not_lie_at_rest,
        disconnect::a_disconnect_ends_what_the_user_has_open,
        terms::a_disconnect_voids_what_the_domain_says,
        disconnect::a_disconnect_changes_no_other_user,
    ]
    "What began before it MUST NOT bring a token back." => [
        disconnect::a_refresh_begun_before_it_brings_nothing_back,
        disconnect::an_exchange_begun_before_it_brings_nothing_back,
        disconnect::a_first_exchange_begun_before_it_brings_nothing_back,
        disconnect::a_code_brought_before_it_brings_nothing_back,
        disconnect::an_exchange_begun_after_it_connects,
    ]
    "MUST grant it to one owner at a time, until the lease lapses." => [
        leases::a_refresh_lease_is_exclusive_until_it_lapses,
        leases::of_eight_owners_one_is_granted_the_lease,
        leases::a_lapsed_lease_leaves_doubt_and_an_ended_one_none,
        leases::a_generation_that_moved_on_is_leased_to_nobody,
        leases::a_connection_without_tokens_is_leased_to_nobody,
        leases::a_request_by_hand_waits_for_no_backoff,
        clocks::refused_pairs_delay_the_next_refresh,
    ]
    "A refresh whose tokens cannot be opened MUST be set aside, by RefreshLease::set_aside, so that it does not delay \
     others." => [
        maintenance::tokens_that_cannot_be_opened_are_set_aside,
    ]
    "MUST grant it to nobody during the backoff, and MUST remember a doubt until a pair is stored." => [
        leases::during_a_backoff_a_lease_is_granted_to_nobody,
        leases::a_doubt_is_remembered_until_a_pair_is_stored,
    ]
    "MUST record in the same step, by ClientRecord::accused, which client amoCRM accused." => [
        clients::an_accusation_is_of_its_own_client_alone,
        clients::an_account_that_is_refused_while_others_are_served_keeps_its_backoff,
    ]
    "MUST change nothing if owner does not hold the lease any more." => [
        leases::a_refresh_lease_is_ended_by_its_owner_alone,
        clients::an_accusation_by_a_late_owner_changes_nothing,
    ]
    "Stores, by CrmConnection::rotate, the pair that amoCRM issued for the tokens of generation spent, and ends the \
     lease on them." => [
        rotation::a_rotated_pair_is_stored_and_ends_its_lease,
    ]
    "It MUST succeed after the lease has passed, and after any other change of the row." => [
        rotation::a_pair_is_stored_after_its_lease_has_passed,
        rotation::a_pair_is_stored_although_the_row_changed,
        rotation::a_pair_heals_a_rotation_recorded_as_lost,
    ]
    "MUST record in the same step, by ClientRecord::served, that served was served." => [
        clients::a_backoff_for_an_accused_client_ends_when_the_client_is_served,
        clients::what_was_sent_before_an_accusation_acquits_nobody,
    ]
    "MUST return StoreError::Conflict and change nothing if the stored generation is not spent: newer, disconnected \
     or re-connected." => [
        rotation::a_late_pair_never_overwrites_a_newer_one,
        rotation::of_eight_pairs_one_is_stored,
        rotation::a_late_pair_never_undoes_a_disconnect,
        rotation::a_late_pair_never_overwrites_a_reconnect,
        rotation::a_pair_for_nobody_is_refused,
    ]
    "MUST change nothing if there is a record." => [
        clocks::a_forgotten_code_is_put_on_record_again,
    ]
}
