//! The rate limit and the circuit breaker, decision by decision.

use std::num::NonZeroU32;

use super::*;

const LONGEST_WAIT: Duration = Duration::from_secs(5);

fn at(second: u64) -> Timestamp {
    Timestamp::from_second(1_795_428_000).unwrap() + Duration::from_secs(second)
}

fn pace(scope: PaceScope) -> Pace {
    Pace::per_second(NonZeroU32::new(7).unwrap(), scope)
}

fn demand(calls: u32) -> Demand {
    Demand { asker: 1, waiting: vec![Waiting { share: Share::Read, callers: 1, calls }] }
}

fn millis(reservation: Reservation) -> u128 {
    match reservation {
        Reservation::Granted { wait, turns: 1, probe: None, .. } => wait.as_millis(),
        other => panic!("{other:?}"),
    }
}

fn probe(reservation: Reservation) -> Probe {
    match reservation {
        Reservation::Granted { probe: Some(probe), .. } => probe,
        other => panic!("{other:?}"),
    }
}

impl RateLimits {
    fn next(&mut self, second: u64) -> Reservation {
        self.reserve(pace(PaceScope::Account), &demand(1), LONGEST_WAIT, at(second))
    }

    fn banned_at(second: u64) -> Self {
        let mut limits = Self::default();
        limits.record_outcome(CallOutcome::Banned, None, 0, at(second));
        limits
    }
}

#[test]
fn reservations_are_150_ms_apart_up_to_the_longest_wait() {
    let mut limits = RateLimits::default();
    let waits: Vec<_> = (0..34).map(|_| millis(limits.next(0))).collect();
    assert_eq!(waits, (0..34).map(|place| place * 150).collect::<Vec<_>>());
    assert_eq!(limits.next(0), Reservation::Later(Duration::from_millis(5_100)));
    assert_eq!(limits.next(0), Reservation::Later(Duration::from_millis(5_100)), "the refused one reserved nothing");
    assert_eq!(millis(limits.next(5)), 100);
}

/// How long the first call waits, and how many are reserved.
fn bundle(reservation: Reservation) -> (u128, u32) {
    match reservation {
        Reservation::Granted { wait, turns, probe: None, .. } => (wait.as_millis(), turns),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bundle_is_as_long_as_it_is_wide_and_the_next_call_comes_after_it() {
    for (apart, calls, turns) in [
        (150, 0, 1),
        (150, 1, 1),
        (150, 2, 2),
        (150, 9, 3),
        (250, 9, 3),
        (251, 9, 2),
        (500, 9, 2),
        (501, 9, 1),
        (0, 9, 3),
    ] {
        let pace = Pace { apart: Duration::from_millis(apart), scope: PaceScope::Account };
        let mut limits = RateLimits::default();
        assert_eq!(
            bundle(limits.reserve(pace, &demand(calls), LONGEST_WAIT, at(0))),
            (0, turns),
            "{calls} calls, {apart} ms"
        );
        let next = u128::from(apart) * u128::from(turns);
        assert_eq!(
            bundle(limits.reserve(pace, &demand(1), LONGEST_WAIT, at(0))),
            (next, 1),
            "{calls} calls, {apart} ms"
        );
    }
}

#[test]
fn no_bundle_is_given_while_another_call_is_ahead() {
    let mut limits = RateLimits::default();
    let mut reserve = |second| bundle(limits.reserve(pace(PaceScope::Account), &demand(3), LONGEST_WAIT, at(second)));
    assert_eq!([reserve(0), reserve(0), reserve(0)], [(0, 3), (450, 1), (600, 1)]);
    assert_eq!(reserve(1), (0, 3));
}

#[test]
fn a_probe_is_alone() {
    let mut limits = RateLimits::banned_at(0);
    let reservation = limits.reserve(pace(PaceScope::Account), &demand(3), LONGEST_WAIT, at(10));
    assert!(matches!(reservation, Reservation::Granted { turns: 1, probe: Some(_), .. }), "{reservation:?}");
}

#[test]
fn a_quiet_hour_allows_no_burst() {
    let mut limits = RateLimits::default();
    limits.next(0);
    assert_eq!([limits.next(3_600), limits.next(3_600)].map(millis), [0, 150]);
}

#[test]
fn accounts_share_a_pace_only_if_they_are_told_to() {
    for (scope, expected) in [(PaceScope::Account, 0), (PaceScope::Integration, 150)] {
        let mut hers = RateLimits::default();
        hers.reserve(pace(scope), &demand(1), LONGEST_WAIT, at(0));
        let mut his = RateLimits { integration: hers.integration.clone(), ..RateLimits::default() };
        assert_eq!(millis(his.reserve(pace(scope), &demand(1), LONGEST_WAIT, at(0))), expected, "{scope:?}");
    }
}

#[test]
fn a_limit_delays_its_account_and_no_other() {
    let mut limits = RateLimits::default();
    limits.record_outcome(CallOutcome::Limited(Duration::from_secs(30)), None, 0, at(0));
    assert_eq!(limits.next(0), Reservation::Later(Duration::from_secs(30)));
    limits.record_outcome(CallOutcome::Limited(Duration::from_secs(1)), None, 0, at(1));
    assert_eq!(limits.next(1), Reservation::Later(Duration::from_secs(29)), "a shorter one brings it no nearer");
    assert_eq!(millis(limits.next(28)), 2_000);

    // In a pace that all accounts share, the delay of one does not delay the others.
    let mut hers = RateLimits::default();
    hers.record_outcome(CallOutcome::Limited(Duration::from_secs(2)), None, 0, at(0));
    let shared = pace(PaceScope::Integration);
    assert_eq!(hers.reserve(shared, &demand(1), LONGEST_WAIT, at(0)), Reservation::Later(Duration::from_secs(2)));
    let mut his = RateLimits { integration: hers.integration.clone(), ..RateLimits::default() };
    assert_eq!(millis(his.reserve(shared, &demand(1), LONGEST_WAIT, at(0))), 0);
    assert_eq!(millis(hers.reserve(shared, &demand(1), LONGEST_WAIT, at(2))), 0);
}

#[test]
fn no_limit_delays_an_account_for_longer_than_a_quarter_of_an_hour() {
    let mut limits = RateLimits::default();
    limits.record_outcome(CallOutcome::Limited(Duration::from_hours(24)), None, 0, at(0));
    assert_eq!(limits.next(0), Reservation::Later(LONGEST_DELAY));
}

#[test]
fn after_a_clock_was_set_back_the_wait_is_no_longer_than_the_longest() {
    let mut limits = RateLimits::default();
    millis(limits.next(7_200));
    assert_eq!(limits.next(0), Reservation::Later(FARTHEST_RESERVATION));
    assert_eq!(millis(limits.next(10)), 0, "it was stored so");

    let mut limits = RateLimits::default();
    limits.record_outcome(CallOutcome::Limited(Duration::from_secs(30)), None, 0, at(7_200));
    assert_eq!(limits.next(0), Reservation::Later(LONGEST_DELAY));
    assert_eq!(millis(limits.next(900)), 0);
}

#[test]
fn a_clock_that_was_set_back_makes_no_pause_and_no_probe_longer() {
    let mut limits = RateLimits::banned_at(7_200);
    assert_eq!(limits.next(0), Reservation::CircuitOpen(FIRST_PAUSE));
    probe(limits.next(10));
    let mut limits = RateLimits::banned_at(7_200);
    probe(limits.next(7_210));
    assert_eq!(limits.next(0), Reservation::CircuitOpen(PROBE_TERM));
    probe(limits.next(75));
}

#[test]
fn an_open_circuit_sends_one_probe_after_each_pause_that_doubles() {
    let (mut limits, mut second) = (RateLimits::banned_at(0), 0);
    for pause in [10, 20, 40, 80, 160, 320, 640, 900, 900, 900] {
        assert_eq!(limits.next(second), Reservation::CircuitOpen(Duration::from_secs(pause)));
        assert!(matches!(limits.next(second + pause - 1), Reservation::CircuitOpen(_)));
        second += pause;
        let probe = probe(limits.next(second));
        assert!(matches!(limits.next(second), Reservation::CircuitOpen(_)), "one at a time");
        limits.record_outcome(CallOutcome::Banned, Some(probe), 0, at(second));
    }
}

#[test]
fn an_answer_to_the_probe_closes_the_circuit_at_once() {
    for call_outcome in [CallOutcome::Answered, CallOutcome::Limited(Duration::from_secs(2))] {
        let mut limits = RateLimits::banned_at(0);
        let probe = probe(limits.next(10));
        limits.record_outcome(call_outcome, Some(probe), 0, at(11));
        assert_eq!(limits.account.circuit, None);
        let wait = if call_outcome == CallOutcome::Answered { 0 } else { 2_000 };
        assert_eq!(millis(limits.next(11)), wait);
        assert_eq!(millis(limits.next(11)), wait + 150, "and not only for the probe");
    }
}

#[test]
fn a_probe_without_an_answer_is_followed_by_another_after_the_same_pause() {
    let mut limits = RateLimits::banned_at(0);
    for second in [10, 20, 30] {
        let probe = probe(limits.next(second));
        limits.record_outcome(CallOutcome::NoAnswer, Some(probe), 0, at(second));
        assert_eq!(limits.next(second), Reservation::CircuitOpen(FIRST_PAUSE));
    }
}

#[test]
fn a_probe_that_was_not_sent_is_free_again_at_once() {
    let mut limits = RateLimits::banned_at(0);
    let unsent = probe(limits.next(10));
    limits.record_outcome(CallOutcome::NotSent, Some(unsent), 0, at(10));
    let sent = probe(limits.next(10));
    limits.record_outcome(CallOutcome::Banned, Some(sent), 0, at(11));
    limits.record_outcome(CallOutcome::NotSent, Some(unsent), 0, at(11));
    assert_eq!(limits.next(11), Reservation::CircuitOpen(FIRST_PAUSE * 2), "it frees nobody else's probe");
}

#[test]
fn a_probe_without_an_outcome_is_given_up() {
    let mut limits = RateLimits::banned_at(0);
    let dead = probe(limits.next(10));
    assert_eq!(limits.next(10), Reservation::CircuitOpen(PROBE_TERM));
    assert!(matches!(limits.next(84), Reservation::CircuitOpen(_)));
    let second = probe(limits.next(85));
    assert!(matches!(limits.next(85), Reservation::CircuitOpen(_)));
    limits.record_outcome(CallOutcome::Answered, Some(dead), 0, at(86));
    assert_eq!(limits.account.circuit, None, "a late outcome counts");
    limits.record_outcome(CallOutcome::Banned, Some(second), 0, at(87));
    assert_eq!(limits.account.circuit, None, "that circuit is closed");
}

#[test]
fn calls_under_way_when_the_circuit_opened_neither_close_nor_reopen_it() {
    let mut limits = RateLimits::banned_at(0);
    let before = limits.clone();
    for call_outcome in [CallOutcome::Banned, CallOutcome::Answered, CallOutcome::NoAnswer, CallOutcome::NotSent] {
        limits.record_outcome(call_outcome, None, 2, at(1));
        assert_eq!(limits, before, "{call_outcome:?}");
    }
    let earlier = probe(limits.next(10));
    limits.record_outcome(CallOutcome::Banned, Some(earlier), 0, at(10));
    let before = limits.clone();
    limits.record_outcome(CallOutcome::Banned, Some(earlier), 0, at(11));
    assert_eq!(limits, before, "one probe counts once");
}

#[test]
fn the_third_banned_account_opens_the_circuit_of_the_integration() {
    for (lately, whole) in [(0, false), (1, false), (2, true), (5, true)] {
        let mut limits = RateLimits::default();
        limits.record_outcome(CallOutcome::Banned, None, lately, at(0));
        assert_eq!(limits.integration.circuit.is_some(), whole, "{lately} others");
    }
}

#[test]
fn an_open_integration_has_one_probe_over_all_accounts_and_its_outcome_counts_for_all() {
    let mut hers = RateLimits::default();
    hers.record_outcome(CallOutcome::Banned, None, 2, at(0));
    let mut his = RateLimits { integration: hers.integration.clone(), ..RateLimits::default() };
    assert!(matches!(his.next(9), Reservation::CircuitOpen(_)));
    let first = probe(his.next(10));
    hers.integration = his.integration.clone();
    assert_eq!(hers.next(10), Reservation::CircuitOpen(PROBE_TERM));
    his.record_outcome(CallOutcome::Banned, Some(first), 0, at(10));
    assert_eq!(his.next(10), Reservation::CircuitOpen(FIRST_PAUSE * 2));
    assert!(his.account.circuit.is_some(), "the ban was met at his account");

    hers.integration = his.integration.clone();
    assert!(matches!(hers.next(30), Reservation::CircuitOpen(_)), "an account without a ban has asked");
    let second = probe(hers.next(100));
    hers.record_outcome(CallOutcome::Answered, Some(second), 0, at(100));
    assert_eq!((hers.account.circuit, hers.integration.circuit), (None, None), "it was the probe of both circuits");
}

#[test]
fn an_account_with_a_longer_pause_of_its_own_does_not_probe_for_the_others() {
    let mut limits = RateLimits::banned_at(0);
    let own = limits.account.circuit.as_mut().unwrap();
    (own.banned_probes, own.probe_at) = (9, at(900));
    limits.integration.circuit = Some(OpenCircuit::new(at(0)));
    assert_eq!(limits.next(10), Reservation::CircuitOpen(Duration::from_secs(890)));
    assert!(!limits.integration.circuit.unwrap().probing);
}

#[test]
fn a_ban_is_lately_until_its_term_is_over() {
    let account = RateLimits::banned_at(100).account;
    let end = 100 + BANS_MEET.as_secs();
    assert!(account.is_banned_lately(at(100)) && account.is_banned_lately(at(end - 1)));
    assert!(!account.is_banned_lately(at(99)) && !account.is_banned_lately(at(end)));
    assert!(!RateLimit::default().is_banned_lately(at(100)));
}

#[test]
fn a_record_is_over_when_all_that_it_says_was_over_before_that() {
    let reserved = RateLimit { next_at: Some(at(5)), ..RateLimit::default() };
    assert!(!reserved.is_over(at(5)) && reserved.is_over(at(6)));
    let banned = RateLimits::banned_at(0).account;
    let probe_at = banned.circuit.unwrap().probe_at;
    assert!(!banned.is_over(probe_at) && banned.is_over(after(probe_at, Duration::from_nanos(1))));
    assert!(RateLimit::default().is_over(at(0)));
}

#[test]
fn a_free_time_that_is_just_as_far_as_the_longest_wait_is_reserved() {
    let mut limits = RateLimits::default();
    limits.next(0);
    let longest = Duration::from_millis(150);
    assert_eq!(millis(limits.reserve(pace(PaceScope::Account), &demand(1), longest, at(0))), 150);
    assert_eq!(
        limits.reserve(pace(PaceScope::Account), &demand(1), longest, at(0)),
        Reservation::Later(Duration::from_millis(300))
    );
}
