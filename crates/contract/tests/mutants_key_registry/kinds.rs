//! The ways to break a promise, each with the cases that have to notice it.

amo_connect_contract::mutants! {
    BelievesRingsAhead => ["a_ring_that_a_clock_ahead_has_dated_does_not_count"],
    CountsConnectionsAlone => ["records_are_counted_by_the_key_that_sealed_them"],
    CountsOwnKeysAlone => ["what_names_no_key_is_counted_too", "a_key_that_the_handle_lacks_is_not_opened"],
    CountsWhatIsNotThere => ["an_empty_store_has_no_keys_in_use"],
    GoesByNames => ["a_key_of_the_same_name_is_not_the_same_key"],
    KeepsRingsForEver => ["a_ring_counts_for_its_term_and_is_published_again"],
    ListsBackwards => ["rings_of_all_instances_come_in_order"],
    OpensEverything => [
        "what_names_no_key_is_counted_too",
        "a_key_that_the_handle_lacks_is_not_opened",
        "a_key_of_the_same_name_is_not_the_same_key",
    ],
    PublishesOnce => ["what_an_instance_publishes_replaces_what_it_published"],
    WithdrawsEverything => ["what_an_instance_withdraws_is_gone_and_nothing_else"],
    WithdrawsNothing => ["what_an_instance_withdraws_is_gone_and_nothing_else"],
}
