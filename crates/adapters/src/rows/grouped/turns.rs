//! Whose turn it is to read: one group after the other, except beside one that is slow.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::sleep;

/// The turns of the readers of one queue. A reader keeps its turn from group to group.
pub(super) struct Turns {
    free: Semaphore,
    group: watch::Sender<Group>,
}

/// The group that was begun last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    number: u64,
    is_under_way: bool,
}

impl Turns {
    /// One turn. A group that is under way for longer than `slow`, or up to twice as long, loses it to another reader.
    ///
    /// It is looked at from time to time: a timer for every group would wake a thread for every group. While a group
    /// is slow, `expire` is called at each look, and as long as it returns that somebody waits.
    pub(super) fn new(runtime: &Handle, slow: Duration, expire: impl Fn() -> bool + Send + 'static) -> Arc<Self> {
        let (group, groups) = watch::channel(Group::default());
        let turns = Arc::new(Self { free: Semaphore::new(1), group });
        runtime.spawn(watch_over(Arc::downgrade(&turns), groups, slow, expire));
        turns
    }

    /// Waits for a turn. `None` when there are no more.
    pub(super) async fn take(&self) -> Option<()> {
        self.free.acquire().await.ok().map(SemaphorePermit::forget)
    }

    /// Begins a group, by a reader that has the turn.
    pub(super) fn begin(&self) -> Group {
        self.group.send_modify(|group| *group = Group { number: group.number + 1, is_under_way: true });
        *self.group.borrow()
    }

    /// Ends `group`. Returns whether its reader still has the turn.
    pub(super) fn end(&self, group: Group) -> bool {
        self.group.send_if_modified(|current| {
            let is_current = *current == group;
            current.is_under_way &= !is_current;
            is_current
        })
    }

    /// There is no more to read.
    pub(super) fn close(&self) {
        self.free.close();
    }
}

/// Takes the turn away from each group that is under way at two looks. Ends with the readers.
async fn watch_over(
    turns: Weak<Turns>,
    mut groups: watch::Receiver<Group>,
    slow: Duration,
    expire: impl Fn() -> bool + Send,
) {
    // Nothing is looked at while nobody reads.
    while groups.changed().await.is_ok() {
        loop {
            let before = *groups.borrow_and_update();
            sleep(slow).await;
            if *groups.borrow() != before {
                continue;
            }
            let Some(turns) = turns.upgrade() else { return };
            if before.is_under_way && turns.end(before) {
                turns.free.add_permits(1);
            }
            // Those under way may all be slow.
            let somebody_waits = expire();
            if !before.is_under_way && !somebody_waits {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_was_slow_has_lost_the_turn_and_waits_for_the_next_one() {
        let turns = Turns::new(&Handle::current(), Duration::from_millis(1), || false);
        turns.take().await.unwrap();
        let slow = turns.begin();
        turns.take().await.unwrap();
        assert!(!turns.end(slow), "another reader has the turn");
        assert_eq!(turns.free.available_permits(), 0, "and there is one");
        let quick = turns.begin();
        assert!(turns.end(quick));
        turns.close();
        assert!(turns.take().await.is_none());
    }

    #[tokio::test]
    async fn a_group_that_is_not_slow_keeps_the_turn() {
        let turns = Turns::new(&Handle::current(), Duration::from_hours(1), || false);
        turns.take().await.unwrap();
        let group = turns.begin();
        assert!(turns.free.try_acquire().is_err());
        assert!(turns.end(group));
        assert!(turns.free.try_acquire().is_err(), "its reader goes on");
    }
}
