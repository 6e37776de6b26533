//! The end of a schedule: all is well, and every connection shows what it is.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::connection::{ConnectionState, Grant};

use crate::actors::Seen;
use crate::crm::{Ask, pair_of};
use crate::executor::Home;
use crate::invariants::{Invariant, Lost};
use crate::observe::row;
use crate::setup::user_id;
use crate::world::World;

/// How long after the last fault the first read is: crashed instances are back, and no request is
/// on the wire any more.
const CALM: Duration = Duration::from_mins(3);

/// How far apart the reads are.
const READ_INTERVAL: Duration = Duration::from_secs(20);

/// How many reads a connection gets: an hour of them.
const READS: usize = 180;

impl World {
    /// Ends all faults, and reads until every connection has settled.
    pub(crate) async fn settle(self: &Arc<Self>) {
        self.note(Home::Outside, || "all faults are over".to_owned());
        self.faults().clear();
        self.set_clocks_right();
        self.checker().calm(self.now());
        self.sim.sleep(CALM).await;
        for user in 0..self.setup.users {
            self.read(user, None).await;
        }
        // All access tokens end: each living connection has to get the next one.
        self.crm().expire_access(self.now());
        self.sim.sleep(CALM).await;
        for user in 0..self.setup.users {
            self.settled(user).await;
        }
        {
            let crm = self.crm();
            let mut checker = self.checker();
            (0..self.setup.users).for_each(|user| checker.check_end(&crm, user));
            checker.check_saved(&crm);
            checker.check_calls();
            checker.close();
        }
        self.sim.stop();
    }

    /// Whether the account has moved and its token is dead, so that no host gives a certain answer:
    /// the old host does not know the account, and the new host is not known.
    pub(crate) fn is_lost_to_a_move(&self, grant: &Grant) -> bool {
        let crm = self.crm();
        let Some(pair) = pair_of(&grant.tokens.refresh) else { return false };
        let moved = crm.host(crm.account(Ask::Refresh(pair))) != grant.host;
        moved && crm.locate(pair).is_none()
    }

    async fn settled(self: &Arc<Self>, user: usize) {
        for _ in 0..READS {
            let seen = self.read(user, None).await;
            let state = row(self, &user_id(user)).map(|row| row.into_parts().state);
            let agrees = match (seen, state) {
                (Some(Seen::Trouble), Some(ConnectionState::Connected(grant))) if self.is_lost_to_a_move(&grant) => {
                    self.checker().lost.push(Lost::Moved);
                    return;
                }
                (None | Some(Seen::Trouble), _) => {
                    self.sim.sleep(READ_INTERVAL).await;
                    continue;
                }
                (Some(Seen::Usable), Some(ConnectionState::Connected(_)))
                | (Some(Seen::NeedsReauth), Some(ConnectionState::NeedsReauth { .. }))
                | (Some(Seen::Revoked), Some(ConnectionState::Revoked(_)))
                | (Some(Seen::NotConnected), None | Some(ConnectionState::Disconnected)) => true,
                _ => false,
            };
            if !agrees {
                self.accuse(Invariant::Untrue, || format!("user {user} sees {seen:?}, and that is not what is stored"));
            }
            return;
        }
        self.accuse(Invariant::NeverSettled, || {
            format!("user {user} was neither usable nor ended after an hour of calm")
        });
    }
}
