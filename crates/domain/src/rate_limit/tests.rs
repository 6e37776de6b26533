//! Rate limits and bans, decision by decision.

use std::num::NonZeroU32;

use super::*;

const LONGEST_WAIT: Duration = Duration::from_secs(5);

fn at(second: u64) -> Timestamp {
    Timestamp::from_second(1_795_428_000).unwrap() + Duration::from_secs(second)
}

fn pace(scope: PaceScope) -> Pace {
    Pace::per_second(NonZeroU32::new(7).unwrap(), scope)
}

fn millis(turn: Reservation) -> u128 {
    match turn {
        Reservation::Granted { wait, probe: None } => wait.as_millis(),
        other => panic!("{other:?}"),
    }
}

fn probe(turn: Reservation) -> Probe {
    match turn {
        Reservation::Granted { probe: Some(probe), .. } => probe,
        other => panic!("{other:?}"),
    }
}

impl RateLimits {
    fn next(&mut self, second: u64) -> Reservation {
        self.reserve(pace(PaceScope::Account), LONGEST_WAIT, at(second))
    }

    fn banned_at(second: u64) -> Self {
        let mut turns = Self::default();
        turns.record_outcome(CallOutcome::Banned, None, 0, at(second));
        turns
    }
}

#[test]
fn turns_are_150_ms_apart_and_as_deep_as_patience() {
    let mut turns = RateLimits::default();
    let booked: Vec<_> = (0..34).map(|_| millis(turns.next(0))).collect();
    assert_eq!(booked, (0..34).map(|place| place * 150).collect::<Vec<_>>());
    assert_eq!(turns.next(0), Reservation::Later(Duration::from_millis(5_100)));
    assert_eq!(turns.next(0), Reservation::Later(Duration::from_millis(5_100)), "that booked nothing");
    assert_eq!(millis(turns.next(5)), 100);
}

#[test]
fn a_quiet_hour_saves_no_turns_up() {
    let mut turns = RateLimits::default();
    turns.next(0);
    assert_eq!([turns.next(3_600), turns.next(3_600)].map(millis), [0, 150]);
}

#[test]
fn accounts_share_a_pace_only_if_they_are_told_to() {
    for (scope, expected) in [(PaceScope::Account, 0), (PaceScope::Integration, 150)] {
        let mut hers = RateLimits::default();
        hers.reserve(pace(scope), LONGEST_WAIT, at(0));
        let mut his = RateLimits { integration: hers.integration, ..RateLimits::default() };
        assert_eq!(millis(his.reserve(pace(scope), LONGEST_WAIT, at(0))), expected, "{scope:?}");
    }
}

#[test]
fn a_limit_puts_the_account_off_and_no_other() {
    let mut turns = RateLimits::default();
    turns.record_outcome(CallOutcome::Limited(Duration::from_secs(30)), None, 0, at(0));
    assert_eq!(turns.next(0), Reservation::Later(Duration::from_secs(30)));
    turns.record_outcome(CallOutcome::Limited(Duration::from_secs(1)), None, 0, at(1));
    assert_eq!(turns.next(1), Reservation::Later(Duration::from_secs(29)), "a shorter one brings it no nearer");
    assert_eq!(millis(turns.next(28)), 2_000);

    // In a pace that all share, her put-off moves nobody's turn.
    let mut hers = RateLimits::default();
    hers.record_outcome(CallOutcome::Limited(Duration::from_secs(2)), None, 0, at(0));
    let shared = pace(PaceScope::Integration);
    assert_eq!(hers.reserve(shared, LONGEST_WAIT, at(0)), Reservation::Later(Duration::from_secs(2)));
    let mut his = RateLimits { integration: hers.integration, ..RateLimits::default() };
    assert_eq!(millis(his.reserve(shared, LONGEST_WAIT, at(0))), 0);
    assert_eq!(millis(hers.reserve(shared, LONGEST_WAIT, at(2))), 0);
}

#[test]
fn nobody_is_put_off_for_longer_than_a_quarter_of_an_hour() {
    let mut turns = RateLimits::default();
    turns.record_outcome(CallOutcome::Limited(Duration::from_hours(24)), None, 0, at(0));
    assert_eq!(turns.next(0), Reservation::Later(LONGEST_PUT_OFF));
}

#[test]
fn what_a_clock_wrote_that_was_set_back_is_waited_for_no_longer_than_ever() {
    let mut turns = RateLimits::default();
    millis(turns.next(7_200));
    assert_eq!(turns.next(0), Reservation::Later(FARTHEST_TURN));
    assert_eq!(millis(turns.next(10)), 0, "it was stored so");

    let mut turns = RateLimits::default();
    turns.record_outcome(CallOutcome::Limited(Duration::from_secs(30)), None, 0, at(7_200));
    assert_eq!(turns.next(0), Reservation::Later(LONGEST_PUT_OFF));
    assert_eq!(millis(turns.next(900)), 0);
}

#[test]
fn a_clock_that_was_set_back_makes_no_ban_and_no_probe_longer() {
    let mut turns = RateLimits::banned_at(7_200);
    assert_eq!(turns.next(0), Reservation::CircuitOpen(FIRST_PAUSE));
    probe(turns.next(10));
    let mut turns = RateLimits::banned_at(7_200);
    probe(turns.next(7_210));
    assert_eq!(turns.next(0), Reservation::CircuitOpen(PROBE_TERM));
    probe(turns.next(75));
}

#[test]
fn under_a_ban_one_call_goes_after_a_pause_that_doubles() {
    let (mut turns, mut second) = (RateLimits::banned_at(0), 0);
    for pause in [10, 20, 40, 80, 160, 320, 640, 900, 900, 900] {
        assert_eq!(turns.next(second), Reservation::CircuitOpen(Duration::from_secs(pause)));
        assert!(matches!(turns.next(second + pause - 1), Reservation::CircuitOpen(_)));
        second += pause;
        let probe = probe(turns.next(second));
        assert!(matches!(turns.next(second), Reservation::CircuitOpen(_)), "one at a time");
        turns.record_outcome(CallOutcome::Banned, Some(probe), 0, at(second));
    }
}

#[test]
fn an_answer_to_the_probe_ends_the_ban_at_once() {
    for call_outcome in [CallOutcome::Answered, CallOutcome::Limited(Duration::from_secs(2))] {
        let mut turns = RateLimits::banned_at(0);
        let probe = probe(turns.next(10));
        turns.record_outcome(call_outcome, Some(probe), 0, at(11));
        assert_eq!(turns.account.circuit, None);
        let wait = if call_outcome == CallOutcome::Answered { 0 } else { 2_000 };
        assert_eq!(millis(turns.next(11)), wait);
        assert_eq!(millis(turns.next(11)), wait + 150, "and not for the probe alone");
    }
}

#[test]
fn a_probe_that_hears_nothing_is_followed_by_another_after_the_same_pause() {
    let mut turns = RateLimits::banned_at(0);
    for second in [10, 20, 30] {
        let probe = probe(turns.next(second));
        turns.record_outcome(CallOutcome::NoAnswer, Some(probe), 0, at(second));
        assert_eq!(turns.next(second), Reservation::CircuitOpen(FIRST_PAUSE));
    }
}

#[test]
fn a_probe_that_is_never_heard_of_is_given_up() {
    let mut turns = RateLimits::banned_at(0);
    let dead = probe(turns.next(10));
    assert_eq!(turns.next(10), Reservation::CircuitOpen(PROBE_TERM));
    assert!(matches!(turns.next(84), Reservation::CircuitOpen(_)));
    let second = probe(turns.next(85));
    assert!(matches!(turns.next(85), Reservation::CircuitOpen(_)));
    turns.record_outcome(CallOutcome::Answered, Some(dead), 0, at(86));
    assert_eq!(turns.account.circuit, None, "late news are news");
    turns.record_outcome(CallOutcome::Banned, Some(second), 0, at(87));
    assert_eq!(turns.account.circuit, None, "of a ban that is over");
}

#[test]
fn what_was_on_its_way_when_the_ban_began_neither_ends_nor_renews_it() {
    let mut turns = RateLimits::banned_at(0);
    let before = turns;
    for call_outcome in [CallOutcome::Banned, CallOutcome::Answered, CallOutcome::NoAnswer] {
        turns.record_outcome(call_outcome, None, 2, at(1));
        assert_eq!(turns, before, "{call_outcome:?}");
    }
    let earlier = probe(turns.next(10));
    turns.record_outcome(CallOutcome::Banned, Some(earlier), 0, at(10));
    let before = turns;
    turns.record_outcome(CallOutcome::Banned, Some(earlier), 0, at(11));
    assert_eq!(turns, before, "one probe counts once");
}

#[test]
fn the_third_banned_account_bans_the_integration() {
    for (lately, whole) in [(0, false), (1, false), (2, true), (5, true)] {
        let mut turns = RateLimits::default();
        turns.record_outcome(CallOutcome::Banned, None, lately, at(0));
        assert_eq!(turns.integration.circuit.is_some(), whole, "{lately} others");
    }
}

#[test]
fn a_banned_integration_has_one_probe_over_all_accounts_and_its_news_are_for_all() {
    let mut hers = RateLimits::default();
    hers.record_outcome(CallOutcome::Banned, None, 2, at(0));
    let mut his = RateLimits { integration: hers.integration, ..RateLimits::default() };
    assert!(matches!(his.next(9), Reservation::CircuitOpen(_)));
    let first = probe(his.next(10));
    hers.integration = his.integration;
    assert_eq!(hers.next(10), Reservation::CircuitOpen(PROBE_TERM));
    his.record_outcome(CallOutcome::Banned, Some(first), 0, at(10));
    assert_eq!((his.account.circuit, his.next(10)), (None, Reservation::CircuitOpen(FIRST_PAUSE * 2)));

    hers.integration = his.integration;
    let second = probe(hers.next(30));
    hers.record_outcome(CallOutcome::Answered, Some(second), 0, at(30));
    assert_eq!((hers.account.circuit, hers.integration.circuit), (None, None), "it was both bans' probe");
}

#[test]
fn an_account_whose_own_pause_is_longer_does_not_probe_for_the_others() {
    let mut turns = RateLimits::banned_at(0);
    let own = turns.account.circuit.as_mut().unwrap();
    (own.met, own.probe_at) = (9, at(900));
    turns.integration.circuit = Some(OpenCircuit::new(at(0)));
    assert_eq!(turns.next(10), Reservation::CircuitOpen(Duration::from_secs(890)));
    assert!(!turns.integration.circuit.unwrap().probing);
}
