//! What [`RevocationQueue`](amo_connect_domain::ports::RevocationQueue) promises, promise by promise.

use super::Case;
use crate::suite;
use crate::token_store::{revocation_checks, terms};

suite::cases! {
    ($) revocation_queue_cases for token_store;

    "Takes at most limit accounts that are to be checked." => [
        revocation_checks::checks_are_limited,
    ]
    "MUST give an account to one caller, and not again within REVOCATION_CHECK_INTERVAL; until Self::finish_check it \
     MUST be given again after that." => [
        revocation_checks::a_check_is_taken_by_one_of_many,
        revocation_checks::a_check_that_was_not_finished_is_due_again_after_its_interval,
        terms::a_check_is_due_and_over_when_the_domain_says_so,
    ]
    "Delays the next check of account by the whole interval, while this one goes on." => [
        revocation_checks::a_check_that_takes_long_is_not_taken_again,
    ]
    "A check that is requested later MUST still wait until the interval is over." => [
        revocation_checks::a_finished_check_is_over_and_the_next_one_waits,
        revocation_checks::a_check_that_is_requested_during_another_is_still_due,
    ]
}
