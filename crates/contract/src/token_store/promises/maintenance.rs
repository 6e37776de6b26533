//! What [`Maintenance`](amo_connect_domain::ports::Maintenance) promises, promise by promise.

use super::Case;
use crate::suite;
use crate::token_store::{audit, clients, clocks, due, durability, maintenance, terms, written};

suite::cases! {
    ($) maintenance_cases for token_store;

    "Connections whose refresh is orphaned, with the generation of their tokens: the oldest first, at most limit." => [
        maintenance::orphaned_refreshes_come_oldest_first_and_limited,
        maintenance::a_backoff_in_doubt_is_orphaned_when_it_is_over,
        due::orphaned_refreshes_are_those_that_the_domain_names,
    ]
    "Connections whose tokens were issued before issued_before, or after issued_after, which is so far in the future \
     that their age is unknown, and that nobody is refreshing, with the generation of their tokens: the oldest first, \
     at most limit." => [
        maintenance::stale_connections_come_oldest_first_and_limited,
        maintenance::tokens_that_are_dated_far_in_the_future_are_stale,
        due::stale_connections_are_those_that_the_domain_names,
    ]
    "MUST leave out those whose refresh backs off or is delayed." => [
        maintenance::a_connection_whose_refresh_backs_off_is_not_stale,
        maintenance::a_connection_whose_refresh_is_delayed_is_not_stale,
    ]
    "Connections whose last sending ended with an accusation that is over for client, and that nobody is refreshing, \
     with the generation of their tokens: the first to expire first, at most limit." => [
        clients::acquitted_refreshes_come_first_to_expire_first_and_limited,
        due::acquitted_refreshes_are_those_that_the_domain_names,
    ]
    "Users with a connection to account that can be used, or that amoCRM has refused for an unknown reason: all of them \
     and no others." => [
        maintenance::revoking_an_account_touches_all_its_connections_and_no_other,
        due::users_of_an_account_are_those_that_the_domain_names,
    ]
    "Users with a row, in the order of their ids: at most limit of those after after." => [
        maintenance::users_are_listed_page_by_page,
    ]
    "Each row MUST be counted once." => [
        maintenance::rows_are_counted_by_their_standing,
    ]
    "Wipes grants that nobody claimed in time, and forgets attempts and codes older than MEMORY, audit entries and \
     moves older than AUDIT_MEMORY, and writes that are over." => [
        durability::a_sweep_wipes_unclaimed_grants_and_counts_them,
        durability::a_sweep_forgets_old_attempts_and_codes_alone,
        audit::a_sweep_forgets_old_entries_alone,
    ]
    "MUST NOT forget a code that may be under way, or a write whose outcome is unknown, whatever its date." => [
        clocks::a_sweep_forgets_no_code_that_is_under_way,
        terms::a_sweep_forgets_the_codes_that_the_domain_calls_over,
        written::a_sweep_forgets_the_writes_that_are_over_alone,
    ]
    "Attempts, the owner of a code, writes, audit entries and moves MUST be forgotten only when both now and as_of, what \
     the store's clock showed when it was last seen to be right, say that they are so old." => [
        clocks::a_sweep_forgets_a_code_by_two_clocks,
        clocks::a_sweep_forgets_attempts_entries_and_moves_by_two_clocks,
        written::a_sweep_forgets_writes_by_two_clocks,
    ]
    "MUST store leases, backoffs, revocation checks and waits for a claim that end later than one can with their longest \
     end." => [
        clocks::a_sweep_shortens_what_a_clock_ahead_made_too_long,
    ]
}
