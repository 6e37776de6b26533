//! What a user's row may hold, and how it may change.

use amo_connect_domain::connection::{ConnectionState, CrmConnection, ReauthReason};

use super::{Checker, Invariant};
use crate::crm::{Crm, GrantId, PairId, pair_of};

impl Checker {
    /// Checks `user`'s row after the store's `operation`.
    pub(crate) fn saw_row(&mut self, crm: &Crm, user: usize, operation: &str, row: &CrmConnection, now: u64) {
        let before = &self.rows[user];
        if before.generation == row.generation && before.epoch == row.epoch && before.state == row.state {
            return;
        }
        if row.generation < before.generation || row.epoch < before.epoch {
            self.accuse(Invariant::Untrue, || {
                format!("{operation} lowered the epoch or the generation of user {user}")
            });
        }
        let pair = row.grant().and_then(|grant| pair_of(&grant.tokens.refresh));
        match &row.state {
            ConnectionState::Connected(_) => self.saw_pair(crm, user, operation, row, pair, now),
            ConnectionState::NeedsReauth { reason, .. } => self.saw_refusal(crm, user, *reason),
            ConnectionState::Disconnected if operation != "disconnect" => {
                self.accuse(Invariant::Untrue, || format!("{operation} disconnected user {user}"));
            }
            ConnectionState::Revoked(_) => self.saw_revocation(crm, user),
            ConnectionState::Disconnected => {}
        }
        let facts = &mut self.rows[user];
        facts.state = row.state.clone();
        facts.epoch = row.epoch;
        facts.generation = row.generation;
        facts.pair = pair.or(facts.pair);
    }

    fn saw_pair(
        &mut self,
        crm: &Crm,
        user: usize,
        operation: &str,
        row: &CrmConnection,
        pair: Option<PairId>,
        now: u64,
    ) {
        let Some(pair) = pair else { return };
        let grant = crm.pairs[pair].grant;
        self.saw_tokens(crm, user, operation, grant);
        let before = &self.rows[user];
        let same_epoch = before.epoch == row.epoch;
        if same_epoch && before.pair != Some(pair) && self.stored_at(pair).is_some() {
            self.accuse(Invariant::Untrue, || {
                format!("{operation} brought the older refresh-{pair} back to user {user}")
            });
        }
        match self.rows[user].grant {
            Some((epoch, other)) if epoch == row.epoch && other != grant => {
                self.accuse(Invariant::ReconnectUndone, || {
                    format!("{operation} put refresh-{pair} of grant {grant} over grant {other} of user {user}")
                });
            }
            Some((epoch, other))
                if epoch != row.epoch && matches!(self.rows[user].state, ConnectionState::NeedsReauth { .. }) =>
            {
                let lost = self.how_lost(crm, other);
                self.lost.extend(lost);
            }
            _ => {}
        }
        self.rows[user].grant = Some((row.epoch, grant));
        self.note_stored(pair, now);
        self.pair_stored(crm, pair);
    }

    /// Tokens of `grant` are stored for `user`.
    fn saw_tokens(&mut self, crm: &Crm, user: usize, operation: &str, grant: GrantId) {
        let owner = crm.grants[grant].user;
        if owner != user {
            self.accuse(Invariant::AnothersTokens, || {
                format!("{operation} gave user {user} the grant {grant} of user {owner}")
            });
        }
        if self.is_from_before(crm, grant, user, self.rows[user].disconnect_begun) {
            self.accuse(Invariant::CameBack, || format!("{operation} brought grant {grant} back to user {user}"));
        }
    }

    /// A grant waits for `user`'s claim, or, without a user, for anybody's.
    pub(crate) fn saw_waiting(&mut self, crm: &Crm, user: Option<usize>, operation: &str, pair: PairId, now: u64) {
        if let Some(user) = user {
            self.saw_tokens(crm, user, operation, crm.pairs[pair].grant);
        }
        self.note_stored(pair, now);
        self.pair_stored(crm, pair);
    }

    fn saw_refusal(&mut self, crm: &Crm, user: usize, reason: ReauthReason) {
        let Some(pair) = self.rows[user].pair else { return };
        let grant = &crm.grants[crm.pairs[pair].grant];
        if !grant.revoked && crm.pairs[pair].next.is_none() {
            self.accuse(Invariant::GivenUpAlive, || {
                format!("user {user} was given up although refresh-{pair} is good")
            });
        }
        match reason {
            ReauthReason::GrantRevoked if !grant.revoked => {
                self.accuse(Invariant::Untrue, || format!("user {user} has `grant_revoked` after a lost rotation"));
            }
            ReauthReason::RotationLost if !self.was_in_doubt(pair) => {
                self.accuse(Invariant::Untrue, || format!("user {user} has `rotation_lost` without a doubt"));
            }
            _ => {}
        }
    }

    fn saw_revocation(&mut self, crm: &Crm, user: usize) {
        let Some(pair) = self.rows[user].pair else { return };
        if !crm.grants[crm.pairs[pair].grant].revoked {
            self.accuse(Invariant::Untrue, || {
                format!("user {user} was called `revoked`, and refresh-{pair}'s grant lives")
            });
        }
    }

    /// A disconnect that began at `begun` took effect.
    pub(crate) fn disconnected(&mut self, user: usize, begun: u64) {
        let last = &mut self.rows[user].disconnect_begun;
        *last = (*last).max(Some(begun));
    }

    /// A disconnect that began at `begun` was answered: no token from before it is left, in the
    /// row or among the grants that are `waiting` for the user's claim.
    pub(crate) fn disconnect_answered(
        &mut self,
        crm: &Crm,
        user: usize,
        (begun, now): (u64, u64),
        waiting: &[GrantId],
    ) {
        let row = &mut self.rows[user];
        if row.disconnect_answered < Some(begun) {
            (row.disconnect_answered, row.disconnected_at) = (Some(begun), now);
        }
        let connected = match (&row.state, row.grant) {
            (ConnectionState::Connected(_), Some((_, grant))) => Some(grant),
            _ => None,
        };
        let mut held = waiting.iter().copied().chain(connected);
        let left = held.find(|grant| self.is_from_before(crm, *grant, user, Some(begun)));
        if let Some(grant) = left {
            self.accuse(Invariant::CameBack, || format!("grant {grant} of user {user} outlived a disconnect"));
        }
    }

    /// When the last disconnect of `user` that was answered had begun.
    pub(crate) fn last_disconnect_answered(&self, user: usize) -> Option<u64> {
        self.rows[user].disconnect_answered
    }

    /// `user` read data by `grant`. `disconnect_begun` is that of the last
    /// disconnect that was answered before they asked.
    pub(crate) fn read(&mut self, crm: &Crm, user: usize, grant: GrantId, disconnect_begun: Option<u64>) {
        let owner = crm.grants[grant].user;
        if owner != user {
            self.accuse(Invariant::AnothersTokens, || format!("user {user} read by grant {grant} of user {owner}"));
        }
        if self.is_from_before(crm, grant, user, disconnect_begun) {
            self.accuse(Invariant::CameBack, || format!("user {user} read by grant {grant} after a disconnect"));
        }
    }

    /// A caller got the answer that `code` has connected them.
    pub(crate) fn reported_connected(&mut self, crm: &Crm, code: usize) {
        let durable = crm.codes[code].grant.is_some_and(|grant| {
            let pairs = crm.pairs.iter().enumerate();
            pairs.filter(|(_, pair)| pair.grant == grant).any(|(id, _)| self.stored_at(id).is_some())
        });
        if !durable {
            self.accuse(Invariant::UsedUnsaved, || {
                format!("code-{code} was reported as connected, and nothing is stored")
            });
        }
    }
}
