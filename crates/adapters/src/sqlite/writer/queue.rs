//! Who waits for the writer, and who is in the next group.

use std::collections::VecDeque;

use super::member::Member;
use crate::rows::{DatabaseError, Precedence, Write};

/// The most members of a group.
pub(super) const LARGEST_GROUP: usize = 64;

/// So many places of a group are not for those who go first, while others wait.
const OTHERS: usize = LARGEST_GROUP / 4;

/// The most callers that wait.
pub(super) const LONGEST_QUEUE: usize = 4096;

/// A caller's work that has not begun.
pub(super) struct Waiting {
    pub(super) ticket: u64,
    pub(super) write: Write,
    pub(super) member: Box<dyn Member>,
}

/// All work that has not begun.
#[derive(Default)]
pub(super) struct Queue {
    /// Work that was in a group and has not begun.
    returned: VecDeque<Waiting>,
    first: VecDeque<Waiting>,
    usual: VecDeque<Waiting>,
    bulk: VecDeque<Waiting>,
    /// A group has gone before a bulk statement that waits.
    bulk_is_due: bool,
    tickets: u64,
}

impl Queue {
    /// Has the work wait. Returns what it can be withdrawn by.
    pub(super) fn push(&mut self, write: Write, member: Box<dyn Member>) -> Result<u64, DatabaseError> {
        if self.len() >= LONGEST_QUEUE {
            return Err(DatabaseError::new("too many writes wait"));
        }
        self.tickets += 1;
        let ticket = self.tickets;
        self.line(write.precedence).push_back(Waiting { ticket, write, member });
        Ok(ticket)
    }

    /// Takes the work out, if it still waits.
    pub(super) fn withdraw(&mut self, ticket: u64) -> Option<Waiting> {
        [&mut self.returned, &mut self.first, &mut self.usual, &mut self.bulk].into_iter().find_map(|line| {
            let place = line.iter().position(|waiting| waiting.ticket == ticket)?;
            line.remove(place)
        })
    }

    /// Takes the next group; nobody joins it later. A bulk statement is one by itself, and lets one group go before it.
    pub(super) fn next_group(&mut self) -> Vec<Waiting> {
        let others_wait = self.len() > self.bulk.len();
        if (self.bulk_is_due || !others_wait)
            && let Some(bulk) = self.bulk.pop_front()
        {
            self.bulk_is_due = false;
            return vec![bulk];
        }
        self.bulk_is_due = !self.bulk.is_empty();
        let mut group: Vec<_> = self.returned.drain(..).collect();
        let places = LARGEST_GROUP - group.len();
        let first = self.first.len().min(places - self.usual.len().min(OTHERS).min(places));
        let usual = self.usual.len().min(places - first);
        group.extend(self.first.drain(..first).chain(self.usual.drain(..usual)));
        group
    }

    /// Puts work back that was taken and has not begun: it goes before all who came later.
    pub(super) fn give_back(&mut self, group: Vec<Waiting>) {
        self.returned.extend(group);
    }

    pub(super) fn len(&self) -> usize {
        self.returned.len() + self.first.len() + self.usual.len() + self.bulk.len()
    }

    fn line(&mut self, precedence: Precedence) -> &mut VecDeque<Waiting> {
        match precedence {
            Precedence::First => &mut self.first,
            Precedence::Usual => &mut self.usual,
            Precedence::Bulk => &mut self.bulk,
        }
    }
}
