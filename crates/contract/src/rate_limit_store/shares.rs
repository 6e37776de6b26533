//! Shares: who of those that wait has the next turn, whichever handle they ask.

use std::time::Duration;

use amo_connect_domain::rate_limit::{Demand, Reservation, Share, UserTag, Waiting};

use super::RateLimitStoreHarness;
use super::steps::{APART, LONGEST_WAIT, OWN, Store, place};
use crate::fixtures::{host, user};

/// More calls than a case has turns.
const MANY: u32 = 100;

/// A process that asks for turns.
struct Asker<'s> {
    store: &'s Store,
    demand: Demand,
}

impl<'s> Asker<'s> {
    /// One at whom many calls of each of these shares wait.
    fn new(number: u32, store: &'s Store, shares: &[Share]) -> Self {
        let waiting = shares.iter().map(|share| Waiting { share: *share, callers: MANY, calls: MANY });
        Self { store, demand: Demand { asker: number, waiting: waiting.collect() } }
    }

    /// The same, at whom one call of each share waits.
    fn with_one_call(mut self) -> Self {
        self.demand.waiting.iter_mut().for_each(|waiting| waiting.callers = 1);
        self
    }

    async fn ask(&self) -> Reservation {
        self.store.reserve(&host(1), OWN, &self.demand, LONGEST_WAIT).await.unwrap()
    }
}

fn write(name: &str) -> Share {
    Share::Write(UserTag::of(Some(&user(name))))
}

fn exchange(name: &str) -> Share {
    Share::Exchange(UserTag::of(Some(&user(name))))
}

/// Whose so many turns are, once all askers have asked. Each asks again when its turn is there, or when it may.
async fn turns(harness: &dyn RateLimitStoreHarness, askers: &[Asker<'_>], count: usize) -> Vec<Share> {
    let (mut passed, mut shares) = (Duration::ZERO, Vec::new());
    let mut asks: Vec<_> = askers.iter().map(|asker| (passed, 0, asker)).collect();
    while shares.len() < askers.len() + count {
        let (when, times, asker) = asks.iter_mut().min_by_key(|(when, times, _)| (*when, *times)).unwrap();
        harness.advance_store_clock(when.saturating_sub(passed)).await;
        passed = *when;
        let again = match asker.ask().await {
            Reservation::Granted { wait, share, probe: None, .. } => {
                shares.push(share);
                wait
            }
            Reservation::Later(wait) => wait,
            other => panic!("{other:?}"),
        };
        assert!(*times < 1000, "the turns are nobody's: {shares:?}");
        (*when, *times) = (passed + again, *times + 1);
    }
    shares.split_off(askers.len())
}

fn count(shares: &[Share], which: impl Fn(Share) -> bool) -> usize {
    shares.iter().filter(|share| which(**share)).count()
}

fn is_exchange(share: Share) -> bool {
    matches!(share, Share::Exchange(_))
}

/// Of any so many turns in a row, how many are at least and at most so.
fn in_any(shares: &[Share], window: usize, which: impl Fn(Share) -> bool) -> (usize, usize) {
    let counts = shares.windows(window).map(|turns| count(turns, &which));
    (counts.clone().min().unwrap(), counts.max().unwrap())
}

pub(super) async fn a_turn_that_is_somebody_elses_is_not_reserved(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let reads = Asker::new(1, &store, &[Share::Read]);
    let exchanges = Asker::new(2, &other, &[exchange("a stranger")]);
    assert_eq!(place(reads.ask().await), 0);
    for _ in 0..3 {
        let refused = exchanges.ask().await;
        assert!(matches!(refused, Reservation::Later(wait) if wait <= APART), "{refused:?}");
    }
    assert_eq!(place(reads.ask().await), 1, "nothing was reserved for the other");
}

pub(super) async fn refreshes_go_first(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for (shares, most) in [(vec![write("olena")], 1), (vec![Share::Read], 5), (vec![exchange("a stranger")], 3)] {
        let askers = [Asker::new(1, &store, &shares), Asker::new(2, &other, &[Share::Refresh])];
        let turns = turns(harness, &askers, 24).await;
        let (_, others) = in_any(&turns, 12, |share| share != Share::Refresh);
        assert!(others <= most, "{turns:?}");
        // The next ones come when nobody waits any more.
        harness.advance_store_clock(APART * 10).await;
    }
    // One that comes while all others wait.
    let all = [write("olena"), Share::Read, exchange("a stranger")];
    let busy = Asker::new(1, &store, &all);
    for _ in 0..15 {
        let began = place_of(harness, &busy).await;
        let one = Asker::new(2, &other, &[Share::Refresh]).with_one_call();
        let mut before = 0;
        while !matches!(one.ask().await, Reservation::Granted { .. }) {
            before += 1;
            place_of(harness, &busy).await;
        }
        assert!(before <= 6, "{before} turns of others after {began:?}");
    }
}

/// The share of the next turn, which is the asker's; time passes until it comes.
async fn place_of(harness: &dyn RateLimitStoreHarness, asker: &Asker<'_>) -> Option<Share> {
    harness.advance_store_clock(APART).await;
    match asker.ask().await {
        Reservation::Granted { share, .. } => Some(share),
        _ => None,
    }
}

pub(super) async fn while_reads_wait_they_have_one_turn_in_three_at_least(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let others = [Share::Refresh, write("olena"), write("taras"), exchange("a stranger")];
    for shares in [&others[..], &others[..1], &others[1..3]] {
        let askers =
            [Asker::new(1, &store, &[Share::Read]), Asker::new(2, &other, shares), Asker::new(3, &store, shares)];
        let turns = turns(harness, &askers, 36).await;
        let (fewest, _) = in_any(&turns, 3, |share| share == Share::Read);
        assert!(fewest >= 1, "{turns:?}");
        harness.advance_store_clock(APART * 10).await;
    }
}

pub(super) async fn while_others_wait_exchanges_have_one_turn_in_four(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for shares in [vec![Share::Read], vec![Share::Refresh], vec![write("olena"), Share::Read]] {
        let askers = [
            Asker::new(1, &store, &shares),
            Asker::new(2, &other, &[exchange("a stranger"), exchange("another")]),
            Asker::new(3, &store, &[exchange("a stranger")]),
        ];
        let turns = turns(harness, &askers, 36).await;
        assert_eq!(in_any(&turns, 4, is_exchange), (1, 1), "{turns:?}");
        harness.advance_store_clock(APART * 10).await;
    }
    // In one process too.
    let mixed = [Asker::new(1, &store, &[exchange("a stranger"), Share::Read])];
    let turns = turns(harness, &mixed, 36).await;
    assert_eq!(in_any(&turns, 4, is_exchange), (1, 1), "{turns:?}");
}

/// One user's calls wait at both handles, and two others' at one each.
async fn taken_in_turn(harness: &dyn RateLimitStoreHarness, [flood, one, two]: [Share; 3]) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let askers = [Asker::new(1, &store, &[flood, one]), Asker::new(2, &other, &[flood, two])];
    let turns = turns(harness, &askers, 24).await;
    for share in [flood, one, two] {
        assert_eq!(in_any(&turns, 3, |other| other == share), (1, 1), "{turns:?}");
    }
}

pub(super) async fn writes_are_taken_in_turn_by_user(harness: &dyn RateLimitStoreHarness) {
    taken_in_turn(harness, ["flood", "olena", "taras"].map(write)).await;
}

pub(super) async fn exchanges_are_taken_in_turn_by_user(harness: &dyn RateLimitStoreHarness) {
    let nobody = Share::Exchange(UserTag::of(None));
    taken_in_turn(harness, [nobody, exchange("olena"), exchange("taras")]).await;
}

pub(super) async fn those_who_wait_alone_have_every_turn(harness: &dyn RateLimitStoreHarness) {
    let store = harness.store();
    for share in [Share::Refresh, Share::Read, write("olena"), exchange("a stranger")] {
        let alone = Asker::new(1, &store, &[share]);
        for expected in 0..8 {
            assert_eq!(place(alone.ask().await), expected, "{share:?}");
        }
        harness.advance_store_clock(APART * 20).await;
    }
}

pub(super) async fn what_waits_counts_until_its_asker_asks_again(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let exchanges = Asker::new(2, &other, &[exchange("a stranger")]);
    assert_eq!(place(Asker::new(1, &store, &[Share::Read]).ask().await), 0);
    assert!(matches!(exchanges.ask().await, Reservation::Later(_)));
    // Its last one: nothing waits there any more.
    assert_eq!(place(Asker::new(1, &store, &[Share::Read]).with_one_call().ask().await), 1);
    assert_eq!([place(exchanges.ask().await), place(exchanges.ask().await)], [2, 3]);
}

pub(super) async fn what_waits_at_an_asker_that_is_gone_is_forgotten(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let exchanges = Asker::new(2, &other, &[exchange("a stranger")]);
    place(Asker::new(1, &store, &[Share::Read]).ask().await);
    harness.advance_store_clock(APART).await;
    // Its turn has come, so it may ask in a moment.
    assert!(matches!(exchanges.ask().await, Reservation::Later(_)));
    harness.advance_store_clock(APART).await;
    assert_eq!([place(exchanges.ask().await), place(exchanges.ask().await)], [0, 1]);
}
