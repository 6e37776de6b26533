//! The calls that wait for one account in this process: by share, and in each share in order of arrival.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

use futures_channel::oneshot;

use super::queue::Granted;
use crate::clock::Instant;
use crate::rate_limit::shares::{Class, turns_before};
use crate::rate_limit::{Share, Waiting};

/// Who of a share is served first. A page that permits were spent on goes before one that has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Its slot came, and was missed.
    Missed,
    Completing,
    Arrived,
}

/// A call that is to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) share: Share,
    pub(super) order: Order,
    /// How many calls its caller is likely to make.
    pub(super) calls: u32,
}

#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) number: u64,
    pub(super) call: Call,
    pub(super) until: Instant,
    pub(super) reply: oneshot::Sender<Granted>,
}

/// Callers in the order of their arrival, except that a class's are in their own order.
#[derive(Debug, Default)]
pub(super) struct Waiters(VecDeque<Waiter>);

impl Deref for Waiters {
    type Target = VecDeque<Waiter>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Waiters {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Waiters {
    pub(super) fn add(&mut self, waiter: Waiter) {
        let (class, order) = (waiter.call.share.class(), waiter.call.order);
        let goes_before = |other: &Waiter| other.call.share.class() == class && other.call.order > order;
        let at = self.0.iter().position(goes_before).unwrap_or(self.0.len());
        self.0.insert(at, waiter);
    }

    /// The first caller of `share` that still waits, or another one. A turn of a bundle is of no share.
    pub(super) fn pop(&mut self, share: Option<Share>) -> Option<Waiter> {
        let first = |fits: &dyn Fn(Share) -> bool| self.0.iter().position(|waiter| fits(waiter.call.share));
        let of_class = |class: Class| first(&|other| other.class() == class);
        let own = share.and_then(|share| first(&|other| other == share).or_else(|| of_class(share.class())));
        let others = || [Class::Refresh, Class::Read, Class::Write].into_iter().find_map(of_class);
        // Exchanges have no turns of others.
        let last = || of_class(Class::Exchange).filter(|_| share.is_none());
        let at = own.or_else(others).or_else(last)?;
        self.0.remove(at)
    }

    /// What waits, each share once.
    pub(super) fn demand(&self) -> Vec<Waiting> {
        let mut demand: Vec<Waiting> = Vec::new();
        for Waiter { call: Call { share, calls, .. }, .. } in &self.0 {
            if let Some(same) = demand.iter_mut().find(|waiting| waiting.share == *share) {
                same.callers += 1;
                // Others are taken one by one.
                same.calls += if matches!(share, Share::Refresh | Share::Read) { *calls } else { 0 };
            } else {
                demand.push(Waiting { share: *share, callers: 1, calls: *calls });
            }
        }
        demand
    }

    /// How many turns are likely to be used before the one of `call`, if it comes now.
    pub(super) fn turns_before(&self, call: Call) -> usize {
        let class = call.share.class();
        let mut users: Vec<(Share, usize)> = vec![(call.share, 0)];
        let mut others = [(Class::Refresh, 0), (Class::Read, 0), (Class::Write, 0), (Class::Exchange, 0)];
        for Waiter { call: Call { share, order, .. }, .. } in &self.0 {
            if share.class() != class {
                others.iter_mut().filter(|(of, _)| *of == share.class()).for_each(|(_, count)| *count += 1);
            } else if *share != call.share || *order <= call.order {
                match users.iter_mut().find(|(user, _)| user == share) {
                    Some((_, count)) => *count += 1,
                    None => users.push((*share, 1)),
                }
            }
        }
        // Its own user's calls, and of each other user as many and one.
        let own = users[0].1;
        let ahead = own + users[1..].iter().map(|(_, count)| (*count).min(own + 1)).sum::<usize>();
        let waits = |of| {
            if of == class {
                ahead
            } else {
                others.iter().filter(|(other, _)| *other == of).map(|(_, count)| count).sum()
            }
        };
        turns_before(class, waits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use crate::rate_limit::UserTag;

    fn call(share: Share, order: Order) -> Call {
        Call { share, order, calls: 1 }
    }

    fn queue(calls: impl IntoIterator<Item = Call>) -> Waiters {
        let mut waiters = Waiters::default();
        for (number, call) in (0..).zip(calls) {
            let reply = oneshot::channel().0;
            waiters.add(Waiter { number, call, until: Instant::default(), reply });
        }
        waiters
    }

    #[test]
    fn the_turns_before_a_call_are_those_of_other_classes_of_earlier_ones_and_of_other_users() {
        let user = |name| Share::Write(UserTag::of(Some(&UserId::new(name).unwrap())));
        let (olena, ivan) = (user("olena"), user("ivan"));
        let arrived = |share| call(share, Order::Arrived);

        // The first turn and the third are for reads, the second for a refresh.
        let refreshes = [arrived(Share::Refresh); 9];
        assert_eq!(queue(refreshes).turns_before(arrived(Share::Read)), 0);
        let behind_a_read = refreshes.into_iter().chain([arrived(Share::Read)]);
        assert_eq!(queue(behind_a_read).turns_before(arrived(Share::Read)), 2);
        assert_eq!(queue([arrived(Share::Read); 3]).turns_before(arrived(Share::Read)), 3);
        assert_eq!(queue([arrived(Share::Read); 3]).turns_before(call(Share::Read, Order::Missed)), 0);
        assert_eq!(queue([arrived(ivan); 3]).turns_before(arrived(olena)), 1, "users take turns");
        let both = [arrived(ivan), arrived(ivan), arrived(ivan), arrived(olena)];
        assert_eq!(queue(both).turns_before(arrived(olena)), 3);
        assert_eq!(queue(both).turns_before(call(olena, Order::Missed)), 1, "what comes later is not counted");
    }
}
