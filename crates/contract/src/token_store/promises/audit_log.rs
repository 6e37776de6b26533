//! What [`AuditLog`](amo_connect_domain::ports::AuditLog) promises, promise by promise.

use super::Case;
use crate::suite;
use crate::token_store::audit;

suite::cases! {
    ($) audit_log_cases for token_store;

    "What happened to the user's connection, the oldest first: the newest limit entries." => [
        audit::the_newest_entries_come_oldest_first,
    ]
    "Every change of a connection's state MUST have left an entry with it, in the same step, by \
     AuditEntry::of_change and AuditEntry::of_lease." => [
        audit::changes_of_a_connection_leave_entries_in_order,
        audit::a_doubt_leaves_one_entry,
        audit::a_refused_change_leaves_no_entry,
    ]
    "Of those about problems it MUST record what AuditEntry::to_record leaves, by the user's newest ENTRIES_LOOKED_AT \
     entries." => [
        audit::problems_that_come_and_go_leave_few_entries,
    ]
    "What is on record of the user's attempts, the newest first: at most limit." => [
        audit::attempts_of_a_user_come_newest_first_and_limited,
    ]
    "MUST leave out everybody else's." => [
        audit::nobody_is_told_of_anothers_attempts,
    ]
    "What is on record of the codes that are the user's, the newest first: at most limit." => [
        audit::codes_of_a_user_come_newest_first_and_limited,
    ]
    "MUST leave out everybody else's, and the tokens of a grant that waits (Exchange::without_tokens)." => [
        audit::nobody_is_told_of_anothers_codes,
        audit::a_grant_that_waits_is_told_without_its_tokens,
    ]
    "Adds an entry about something that changed nothing, dated by the store's clock." => [
        audit::an_entry_comes_back_as_it_went_in,
    ]
}
