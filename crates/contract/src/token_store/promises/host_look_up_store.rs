//! What [`HostLookUpStore`](amo_connect_domain::ports::HostLookUpStore) promises, promise by promise.

use super::Case;
use crate::suite;
use crate::token_store::host_look_ups;

suite::cases! {
    ($) host_look_up_store_cases for token_store;

    "MUST grant it to one caller a minute and account, however many ask, and under however many hosts." => [
        host_look_ups::an_account_is_looked_up_by_one_of_many,
        host_look_ups::a_look_up_does_not_count_for_another_account,
        host_look_ups::a_look_up_without_a_number_leaves_what_is_known_of_its_host,
    ]
    "From now on, every request for the account of this number under host MUST return the move." => [
        host_look_ups::a_move_is_known_for_good_under_the_old_host,
        host_look_ups::a_sweep_keeps_moves,
    ]
    "What was known under the new host MUST NOT count any more." => [
        host_look_ups::an_account_that_moves_back_is_not_sent_away_again,
    ]
    "A request for another account, or for one whose number is not known, MUST NOT return it." => [
        host_look_ups::a_move_is_told_for_no_other_account,
    ]
}
