//! What [`IdempotencyStore`](amo_connect_domain::ports::IdempotencyStore) promises, promise by promise.

use super::Case;
use crate::suite;
use crate::token_store::{budgets, writes, written};

suite::cases! {
    ($) idempotency_store_cases for token_store;

    "The record of the write with this key." => [
        writes::a_write_comes_back_as_it_went_in,
    ]
    "A key is its user's (KeyHash)." => [
        writes::the_same_key_of_another_user_is_another_write,
    ]
    "MUST grant a write to one owner at a time, however many ask." => [
        writes::a_write_is_granted_to_one_of_many,
        writes::a_write_is_its_owners_until_the_lease_lapses,
    ]
    "MUST refuse a key that was used for another request, in another account or in another epoch." => [
        writes::a_key_is_for_one_request_account_and_epoch,
    ]
    "MUST NOT record a new write of a user who has WRITES_OF_A_USER on record." => [
        budgets::a_user_leaves_so_many_writes,
    ]
    "Returns false, and changes nothing, if owner does not hold it any more." => [
        writes::a_write_lease_is_renewed_by_its_owner_alone,
    ]
    "MUST refuse it to all others." => [
        writes::a_sending_is_recorded_for_the_owner_alone,
    ]
    "A disconnect that came before it MUST win." => [
        writes::a_disconnect_wins_over_what_was_not_sent,
    ]
    "From now on the sending MUST stay on record until it is known what became of it, whoever asks and however long \
     that takes." => [
        writes::a_sending_stays_on_record_whoever_asks,
    ]
    "MUST refuse another sending while this one may still be carried out." => [
        writes::a_write_is_sent_again_only_when_its_absence_counts,
        writes::a_sending_from_a_clock_ahead_stays_in_doubt,
    ]
    "Records, by WriteRecord::to_settle and WriteRecord::settle, what became of a write." => [
        written::a_lead_is_on_record_before_its_comment,
    ]
    "MUST accept what was made from an owner whose lease has passed, also if the write was forgotten since." => [
        written::what_was_made_is_accepted_after_the_lease_has_passed,
        written::what_was_made_is_recorded_though_the_write_was_forgotten,
    ]
    "MUST NOT take it for another request that the key was used for since." => [
        written::what_was_made_is_not_taken_for_another_request,
    ]
    "MUST NOT change a write that is done." => [
        written::a_write_that_is_done_is_not_changed,
    ]
    "MUST forget a write that changed nothing, unless something else of it is on record." => [
        written::an_error_that_changed_nothing_frees_the_key,
        written::an_error_forgets_nothing_else_of_a_write,
    ]
    "MUST NOT let two keys claim one object of an account, however many try." => [
        written::an_object_is_claimed_by_one_of_many_keys,
        written::an_object_is_claimed_in_its_account_and_kind_alone,
        written::a_comment_is_claimed_as_any_note,
    ]
    "Those of these objects of account that a key has claimed, in any order." => [
        written::claimed_objects_are_those_of_their_account_and_kind,
    ]
}
