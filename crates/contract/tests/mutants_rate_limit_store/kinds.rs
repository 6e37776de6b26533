//! The ways to break a promise, each with the cases that have to notice it.

amo_connect_contract::mutants! {
    AnswersEndNothing => [
        "an_answer_to_the_probe_closes_the_circuit_for_all_handles",
        "an_answer_to_the_probe_closes_the_integrations_circuit",
    ],
    BansEverybody => ["a_ban_opens_one_accounts_circuit_for_all_handles"],
    BundlesAllCalls => ["a_bundle_is_no_larger_than_its_pace_says"],
    BundlesBehindOthers => ["behind_other_calls_a_reservation_is_one_call"],
    BundlesProbes => ["a_probe_is_one_call"],
    IgnoresCalls => ["a_bundle_is_over_before_the_next_reservation_begins"],
    ReservesOneOfABundle => ["a_bundle_is_over_before_the_next_reservation_begins"],
    ReservesBeyondTheWait => ["a_call_beyond_the_longest_wait_is_not_reserved"],
    ReservesNothing => [
        "a_dropped_request_costs_one_reservation_at_most",
        "reservations_are_a_pace_apart_for_every_handle",
    ],
    CountsNoBans => [
        "the_third_ban_within_a_minute_opens_the_circuit_of_the_integration",
        "of_three_bans_at_once_one_is_the_third",
    ],
    CountsOldBans => ["bans_that_are_apart_or_over_open_their_accounts_circuits_alone"],
    DoublesOnSilence => ["a_probe_without_an_answer_is_followed_after_the_same_pause"],
    KeepsUnsentProbes => ["a_probe_that_was_not_sent_is_free_again_at_once"],
    ForgetsOnReopen => [
        "an_outcome_of_one_handle_counts_for_the_next",
        "of_eight_callers_each_has_a_reservation_of_its_own",
    ],
    GoesByAnotherClock => [
        "reservations_are_judged_by_the_stores_clock",
        "circuits_are_judged_by_the_stores_clock",
        "a_clock_that_was_set_back_makes_no_pause_longer",
        "a_clock_that_was_set_back_makes_no_limit_longer_than_the_longest",
    ],
    CountsProbesAsOpen => ["circuits_are_counted_for_all_handles"],
    IgnoresBans => ["a_ban_opens_one_accounts_circuit_for_all_handles"],
    IgnoresLimits => ["a_limit_delays_one_account_for_all_handles"],
    LateAnswersEndBans => ["a_call_under_way_neither_closes_nor_reopens_a_circuit"],
    LetsEverybodyProbe => ["of_eight_callers_one_is_the_probe", "of_eight_callers_of_eight_accounts_one_is_the_probe"],
    LimitsEverybody => [
        "a_limit_delays_one_account_for_all_handles",
        "a_limit_delays_no_other_account_in_a_shared_pace",
    ],
    NeverDoubles => ["each_probe_that_is_banned_doubles_the_pause"],
    NeverGivesUp => ["a_probe_without_an_outcome_is_given_up"],
    OneQueueForAll => ["accounts_have_rate_limits_of_their_own"],
    AllowsBursts => ["a_quiet_time_allows_no_burst"],
    SharesNothing => [
        "of_eight_callers_of_eight_accounts_each_has_a_reservation_of_its_own",
        "a_pace_of_the_integration_is_shared",
    ],
    SweepsEverything => ["a_sweep_keeps_open_circuits"],
    SweepsNothing => ["a_sweep_forgets_what_is_long_over"],
}
