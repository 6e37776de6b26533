//! What [`ImportStore`](amo_connect_domain::ports::ImportStore) promises, promise by promise.

use super::Case;
use crate::suite;
use crate::token_store::imports;

suite::cases! {
    ($) import_store_cases for token_store;

    "Makes the token the user's connection, by Import::decide, and puts it on record in the same step." => [
        imports::an_imported_token_is_leased_as_any_other,
        imports::a_connection_stays_unless_it_is_to_be_replaced,
    ]
    "MUST take a token once, however many ask, and for whomever." => [
        imports::a_token_is_imported_once_by_many,
        imports::a_token_whose_connection_has_ended_is_not_imported_again,
    ]
    "A lease on tokens that it replaces MUST end." => [
        imports::an_import_ends_the_lease_on_the_old_tokens,
    ]
}
