use super::*;
use crate::authorization::budget::PLACES;
use crate::clock::{after, before};

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(1_000_000_000 + millisecond).unwrap()
}

fn place(number: u8, millisecond: i64) -> Place {
    Place {
        code: CodeHash([number; 32]),
        owner: LeaseOwner([number; 16]),
        network: CallerNetwork([number; 8]),
        host: AccountHost::stored(format!("account{number}.amocrm.ru")),
        is_new_host: false,
        given_at: at(millisecond),
    }
}

fn held(place: Place) -> Known {
    let lease = Lease { owner: place.owner, until: at(1_000_000) };
    (place, Some(lease))
}

fn at_new_host(place: Place) -> Place {
    Place { is_new_host: true, ..place }
}

fn later(wait: u64, is_for_all: bool) -> Result<(), Later> {
    Err(Later { wait: Duration::from_millis(wait), is_for_all })
}

#[test]
fn four_are_under_way_and_the_fifth_asks_again() {
    let mut known: Vec<_> = (0..4).map(|number| held(place(number, 0))).collect();
    assert_eq!(Place::request(&place(9, 5_000), &known, at(5_000)), later(500, true));
    let one = known.pop().unwrap();
    assert_eq!(Place::request(&place(9, 5_000), &known, at(5_000)), Ok(()));
    for lease in [None, Some(Lease { owner: LeaseOwner([77; 16]), ..one.1.unwrap() })] {
        known.push((one.0.clone(), lease));
        assert_eq!(Place::request(&place(9, 5_000), &known, at(5_000)), Ok(()), "settled, or somebody else's by now");
        known.pop();
    }
    let lapsed = Lease { until: at(5_000), ..one.1.unwrap() };
    known.push((one.0, Some(lapsed)));
    assert_eq!(Place::request(&place(9, 5_000), &known, at(5_000)), Ok(()));
    assert_eq!(Place::request(&place(9, 5_000), &known, at(4_999)), later(500, true));
}

#[test]
fn two_begin_in_any_second() {
    let known: Vec<_> = [0, 400].map(|begun| (place(u8::try_from(begun / 100).unwrap(), begun), None)).into();
    assert_eq!(Place::request(&place(9, 600), &known, at(600)), later(400, true));
    assert_eq!(Place::request(&place(9, 999), &known, at(999)), later(1, true));
    assert_eq!(Place::request(&place(9, 1_000), &known, at(1_000)), Ok(()));
}

#[test]
fn a_network_has_one_under_way_and_one_start_a_second() {
    let wanted = |millisecond| Place { network: CallerNetwork([1; 8]), ..place(9, millisecond) };
    assert_eq!(Place::request(&wanted(5_000), &[held(place(1, 0))], at(5_000)), later(500, false));
    assert_eq!(Place::request(&wanted(60_000), &[held(place(1, 0))], at(60_000)), later(500, false), "slow ones too");
    assert_eq!(Place::request(&wanted(300), &[(place(1, 0), None)], at(300)), later(700, false));
    assert_eq!(Place::request(&wanted(1_000), &[(place(1, 0), None)], at(1_000)), Ok(()));
}

#[test]
fn a_host_has_two_under_way_and_one_start_a_second() {
    let host = || AccountHost::stored("busy.amocrm.ru");
    let there = |number, begun| Place { host: host(), ..place(number, begun) };
    let one = [held(there(1, 0))];
    assert_eq!(Place::request(&there(9, 300), &one, at(300)), later(700, false));
    assert_eq!(Place::request(&there(9, 1_000), &one, at(1_000)), Ok(()));
    let two = [held(there(1, 0)), held(there(2, 1_000))];
    for store_now in [5_000, 60_000] {
        assert_eq!(Place::request(&there(9, store_now), &two, at(store_now)), later(500, false));
    }
}

#[test]
fn hosts_without_a_connection_have_half_of_the_places_and_of_the_starts() {
    let two = [held(at_new_host(place(1, 0))), held(at_new_host(place(2, 1_000)))];
    assert_eq!(Place::request(&at_new_host(place(9, 5_000)), &two, at(5_000)), later(500, false));
    assert_eq!(Place::request(&place(9, 5_000), &two, at(5_000)), Ok(()));
    let just_now = [(at_new_host(place(1, 0)), None)];
    assert_eq!(Place::request(&at_new_host(place(9, 100)), &just_now, at(100)), later(900, false));
    assert_eq!(Place::request(&place(9, 100), &just_now, at(100)), Ok(()));
}

#[test]
fn after_ten_seconds_a_sending_is_in_the_slow_pool_while_there_is_room() {
    let mut known: Vec<_> = (0..4).map(|number| held(place(number, 0))).collect();
    assert_eq!(Place::request(&place(99, 9_999), &known, at(9_999)), later(500, true));
    assert_eq!(Place::request(&place(99, 10_000), &known, at(10_000)), Ok(()));
    known.extend((4..16).map(|number| held(place(number, 0))));
    assert_eq!(Place::request(&place(99, 20_000), &known, at(20_000)), Ok(()));
    known.extend((16..20).map(|number| held(place(number, 0))));
    assert_eq!(Place::request(&place(99, 20_000), &known, at(20_000)), later(500, true), "they keep their places");
}

#[test]
fn hosts_without_a_connection_have_half_of_the_slow_pool() {
    let mut known: Vec<_> = (0..9).map(|number| held(at_new_host(place(number, 0)))).collect();
    assert_eq!(Place::request(&at_new_host(place(99, 20_000)), &known, at(20_000)), Ok(()));
    known.push(held(at_new_host(place(10, 0))));
    assert_eq!(Place::request(&at_new_host(place(99, 20_000)), &known, at(20_000)), later(500, false));
    assert_eq!(Place::request(&place(99, 20_000), &known, at(20_000)), Ok(()), "two places are left");
    known.extend((20..28).map(|number| held(place(number, 0))));
    assert_eq!(Place::request(&place(99, 20_000), &known, at(20_000)), Ok(()), "half of the pool is left for others");
}

#[test]
fn hosts_with_a_connection_have_what_others_leave_of_the_slow_pool() {
    let mut known: Vec<_> = (0..8).map(|number| held(at_new_host(place(number, 0)))).collect();
    known.extend((20..31).map(|number| held(place(number, 0))));
    assert_eq!(Place::request(&place(99, 20_000), &known, at(20_000)), Ok(()), "eight are in the pool, three are not");
    known.push(held(place(31, 0)));
    assert_eq!(Place::request(&place(99, 20_000), &known, at(20_000)), later(500, true));
}

#[test]
fn the_place_of_the_same_code_is_not_in_its_own_way() {
    let again = Place { owner: LeaseOwner([7; 16]), given_at: at(5_000), ..place(1, 0) };
    assert_eq!(Place::request(&again, &[held(place(1, 0))], at(5_000)), Ok(()));
}

#[test]
fn a_place_is_over_after_its_term_whatever_its_lease_says_and_if_it_is_dated_in_the_future() {
    let now = at(0);
    for (given_at, is_over) in [
        (before(now, PLACE_TERM), true),
        (before(now, PLACE_TERM.saturating_sub(Duration::from_secs(1))), false),
        (after(now, Duration::from_secs(1)), false),
        (after(now, Duration::from_hours(1)), true),
    ] {
        let known = held(Place { given_at, ..place(1, 0) });
        assert_eq!(known.0.is_over(now), is_over, "{given_at}");
        assert_eq!(Place::is_held(&known, now), !is_over, "{given_at}");
    }
    let from_the_future: Vec<_> = (0..PLACES).map(|_| held(place(1, 3_600_000))).collect();
    assert_eq!(Place::request(&place(9, 0), &from_the_future, now), Ok(()));
}

#[test]
fn a_network_is_named_by_a_key_and_shown_by_nothing() {
    let name = |secret, network| CallerNetwork::keyed(secret, network);
    assert_eq!(name("secret", "203.0.113.1"), name("secret", "203.0.113.1"));
    assert_ne!(name("secret", "203.0.113.1"), name("secret", "203.0.113.2"));
    assert_ne!(name("secret", "203.0.113.1"), name("another", "203.0.113.1"));
    assert_eq!(format!("{:?}", name("secret", "203.0.113.1")), "CallerNetwork(…)");
}
