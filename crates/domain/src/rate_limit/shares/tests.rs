//! Shares of the turns, turn by turn.

use super::*;
use crate::rate_limit::{Pace, PaceScope, RateLimits, Reservation};

const APART: Duration = Duration::from_millis(150);

fn at(millis: u64) -> Timestamp {
    Timestamp::from_second(1_795_428_000).unwrap() + Duration::from_millis(millis)
}

fn exchange(tag: u32) -> Share {
    Share::Exchange(UserTag(tag))
}

fn write(tag: u32) -> Share {
    Share::Write(UserTag(tag))
}

/// Many calls of each of these shares, at one asker.
fn waits(asker: u32, shares: &[Share]) -> Demand {
    let waiting = shares.iter().map(|share| Waiting { share: *share, callers: 100, calls: 100 });
    Demand { asker, waiting: waiting.collect() }
}

/// The turns of one account.
#[derive(Default)]
struct Turns {
    limits: RateLimits,
    millis: u64,
    given: Vec<Share>,
}

impl Turns {
    fn ask(&mut self, demand: &Demand) -> Reservation {
        let pace = Pace { apart: APART, scope: PaceScope::Account };
        let reservation = self.limits.reserve(pace, demand, Duration::from_secs(5), at(self.millis));
        self.given.extend(match reservation {
            Reservation::Granted { share, .. } => Some(share),
            _ => None,
        });
        reservation
    }

    /// So many turns, each to the first of the askers who may have it.
    fn pass(&mut self, askers: &[Demand], turns: usize) -> &[Share] {
        let before = self.given.len();
        for turn in 0..turns {
            self.millis += 150;
            let in_turn = askers.iter().cycle().skip(turn).take(askers.len());
            let granted = in_turn
                .map(|asker| self.ask(asker))
                .find(|reservation| matches!(reservation, Reservation::Granted { .. }));
            assert!(granted.is_some(), "a turn is nobody's: {:?}", self.given);
        }
        &self.given[before..]
    }
}

/// All askers have told what waits with them.
fn shared(askers: &[Demand]) -> Turns {
    let mut turns = Turns::default();
    for asker in askers {
        turns.ask(asker);
    }
    turns.millis = 150 * askers.len() as u64;
    turns.given.clear();
    turns
}

fn count(shares: &[Share], class: Class) -> usize {
    shares.iter().filter(|share| share.class() == class).count()
}

#[test]
fn of_twelve_turns_each_class_has_its_share_whoever_else_waits() {
    let all = [Share::Refresh, Share::Read, write(1), exchange(1)];
    // Refreshes, reads, writes, exchanges.
    for (waiting, expected) in [
        (&[0, 1, 2, 3][..], [3, 5, 1, 3]),
        (&[0, 1, 2], [6, 5, 1, 0]),
        (&[0, 1, 3], [4, 5, 0, 3]),
        (&[0, 2, 3], [8, 0, 1, 3]),
        (&[1, 2, 3], [0, 5, 4, 3]),
        (&[0, 1], [7, 5, 0, 0]),
        (&[1, 2], [0, 8, 4, 0]),
        (&[0, 2], [11, 0, 1, 0]),
        (&[0, 3], [9, 0, 0, 3]),
        (&[1, 3], [0, 9, 0, 3]),
        (&[2, 3], [0, 0, 9, 3]),
        (&[2], [0, 0, 12, 0]),
        (&[3], [0, 0, 0, 12]),
    ] {
        let shares: Vec<_> = waiting.iter().map(|place| all[*place]).collect();
        let apart: Vec<_> = (1..).zip(&shares).map(|(asker, share)| waits(asker, &[*share])).collect();
        for askers in [&apart[..], &[waits(1, &shares)], &[waits(1, &shares), waits(2, &shares)]] {
            let mut turns = shared(askers);
            let given = turns.pass(askers, 12);
            assert_eq!(Class::ALL.map(|class| count(given, class)), expected, "{waiting:?}: {given:?}");
        }
    }
}

#[test]
fn of_any_turns_in_a_row_one_in_three_is_for_reads_and_one_in_four_for_exchanges() {
    let askers = [waits(1, &[Share::Refresh, exchange(1)]), waits(2, &[Share::Read]), waits(3, &[write(1)])];
    let mut turns = shared(&askers);
    let given = turns.pass(&askers, 48);
    assert!(given.windows(3).all(|three| count(three, Class::Read) >= 1), "{given:?}");
    assert!(given.windows(4).all(|four| count(four, Class::Exchange) == 1), "{given:?}");
}

#[test]
fn whatever_waits_where_no_turn_is_nobodys_and_no_exchange_has_more_than_its_share() {
    // A generator of numbers that look random, the same in each run.
    let mut seed = 7_u64;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for _ in 0..200 {
        let shares = [Share::Refresh, Share::Read, write(1), write(2), exchange(0), exchange(1), exchange(2)];
        let askers: Vec<_> = (0..=draw(4))
            .map(|asker| {
                let own: Vec<_> = shares.into_iter().filter(|_| draw(3) == 0).collect();
                waits(u32::try_from(asker).unwrap(), &own)
            })
            .filter(|asker| !asker.waiting.is_empty())
            .collect();
        let waiting: Vec<_> = askers.iter().flat_map(|asker| &asker.waiting).map(|one| one.share).collect();
        if waiting.is_empty() {
            continue;
        }
        let mut turns = shared(&askers);
        let given = turns.pass(&askers, 60);
        let (exchanges, reads) = (count(&waiting, Class::Exchange), count(&waiting, Class::Read));
        for four in given.windows(4).filter(|_| exchanges > 0 && exchanges < waiting.len()) {
            assert_eq!(count(four, Class::Exchange), 1, "{askers:?}: {given:?}");
        }
        assert!(reads == 0 || given.windows(3).all(|three| count(three, Class::Read) > 0), "{askers:?}: {given:?}");
        // In turn by user: who waits has one of any so many turns of the class.
        for class in [Class::Write, Class::Exchange] {
            let of_class: Vec<_> = given.iter().copied().filter(|share| share.class() == class).collect();
            let users: Vec<_> = shares.iter().filter(|one| one.class() == class && waiting.contains(one)).collect();
            for turns in of_class.windows(users.len().max(1)) {
                assert!(users.iter().all(|user| turns.contains(user)), "{askers:?}: {given:?}");
            }
        }
    }
}

#[test]
fn a_bundle_is_of_one_share_that_waits_alone() {
    let turns = |shares: &[Share], others: &[Demand]| {
        let mut turns = shared(others);
        turns.millis += 500;
        match turns.ask(&waits(9, shares)) {
            Reservation::Granted { turns, .. } => turns,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(turns(&[Share::Read], &[]), 3);
    assert_eq!(turns(&[Share::Read, write(1)], &[]), 1);
    assert_eq!(turns(&[Share::Read], &[waits(1, &[Share::Read])]), 1);
}

#[test]
fn what_waits_at_an_asker_that_is_gone_ends_a_second_after_its_turn() {
    let mut turns = Turns::default();
    turns.ask(&waits(1, &[Share::Read, write(1)]));
    let late = waits(2, &[exchange(1)]);
    for (millis, waits) in [(0, 150), (149, 75), (1_149, 75)] {
        turns.millis = millis;
        assert_eq!(turns.ask(&late), Reservation::Later(Duration::from_millis(waits)), "{millis}");
    }
    turns.millis = 1_150;
    assert!(matches!(turns.ask(&late), Reservation::Granted { wait: Duration::ZERO, .. }));
}

#[test]
fn after_a_clock_was_set_back_what_waited_counts_no_longer_than_the_longest_time() {
    let mut turns = Turns { millis: 3_600_000, ..Turns::default() };
    turns.ask(&waits(1, &[Share::Read, write(1)]));
    let late = waits(2, &[exchange(1)]);
    turns.millis = 0;
    assert!(matches!(turns.ask(&late), Reservation::Later(_)));
    turns.millis = 11_000;
    assert!(matches!(turns.ask(&late), Reservation::Granted { .. }));
}

#[test]
fn what_is_on_record_is_bounded() {
    let mut turns = Turns::default();
    for asker in 0..1_000 {
        turns.ask(&waits(asker, &[write(asker), exchange(asker)]));
        turns.millis += 1;
    }
    let Shares { announced, served, .. } = &turns.limits.account.shares;
    assert!(announced.len() <= MOST_ANNOUNCED && served.len() <= MOST_SERVED, "{:?}", turns.limits);
}

#[test]
fn of_many_users_at_one_asker_those_who_waited_longest_are_on_record() {
    let users: Vec<_> = (1..=20).map(exchange).collect();
    let mut turns = Turns::default();
    turns.pass(&[waits(1, &users)], 10);
    assert_eq!(turns.given, users[..10]);
    let announced: Vec<_> = turns.limits.account.shares.announced.iter().map(|one| one.share).collect();
    assert_eq!(announced, users[10..14]);
}

#[test]
fn turns_before_a_call_are_those_of_others_as_far_as_they_have_them() {
    let before = |class, [refreshes, reads, writes, exchanges]: [usize; 4]| {
        turns_before(class, |of| match of {
            Class::Refresh => refreshes,
            Class::Read => reads,
            Class::Write => writes,
            Class::Exchange => exchanges,
        })
    };
    for (class, ahead, turns) in [
        (Class::Read, [0, 0, 0, 0], 0),
        (Class::Read, [0, 33, 0, 0], 33),
        (Class::Read, [0, 0, 0, 100], 0),
        (Class::Read, [0, 3, 0, 100], 4),
        (Class::Read, [100, 1, 0, 0], 2),
        (Class::Refresh, [0, 100, 100, 100], 1),
        (Class::Exchange, [0, 100, 0, 0], 3),
        (Class::Exchange, [0, 100, 0, 1], 7),
        (Class::Exchange, [0, 2, 0, 1], 3),
        (Class::Write, [100, 0, 0, 0], 9),
    ] {
        assert_eq!(before(class, ahead), turns, "{class:?} behind {ahead:?}");
    }
}

#[test]
fn a_class_that_waits_alone_leaves_the_cycle_where_it_is() {
    let mut turns = Turns::default();
    turns.pass(&[waits(1, &[Share::Read])], 5);
    assert_eq!(turns.limits.account.shares.place, 0);
    turns.pass(&[waits(1, &[Share::Read, write(1)])], 5);
    assert_eq!(turns.limits.account.shares.place, 5);
}
