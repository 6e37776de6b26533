//! What is on record of writes: whose each object is, and what is done.

use amo_connect_domain::idempotency::{Entity, KeyHash, WriteRecord, WriteState};
use amo_connect_domain::ids::AccountId;

use super::super::{Checker, Invariant};
use super::{AskedId, DoneWrite, WriteSending};

impl Checker {
    /// What became of a write is on record so.
    pub(crate) fn write_settled(&mut self, asked: AskedId, record: &WriteRecord, now: u64) {
        let Some(key) = self.wanted_by(asked).key() else { return };
        for (entity, id) in record.claimed() {
            let its = self.writes.sent.iter_mut().filter(|sent| sent.key == Some(key) && sent.makes() == Some(entity));
            its.for_each(|sent| sent.is_hasty |= sent.made != Some(id) && sent.may_be_done(now));
            let owner = *self.writes.claims.entry((record.account, entity, id)).or_insert(key);
            if owner != key {
                self.accuse(Invariant::ClaimedTwice, || format!("{entity:?} {id} is two keys'"));
            }
        }
        if matches!(record.state, WriteState::Done { .. }) {
            let (request, epoch, account) = (record.request, record.epoch, record.account);
            let done = DoneWrite { request, epoch, account, object: record.object };
            self.writes.done.entry(key).or_insert(done);
        }
    }

    /// The key that has claimed an object.
    pub(super) fn owner_of(&self, account: AccountId, entity: Entity, id: u64) -> Option<KeyHash> {
        self.writes.claims.get(&(account, entity, id)).copied()
    }

    /// Whether there are more objects than writes that were wanted. A key may have what another one has made, if
    /// neither could know better: then the two are counted together, unless the key has taken it while amoCRM could still
    /// do what it had sent itself. That the rules leave open.
    pub(crate) fn check_objects(&mut self) {
        let sent: Vec<&WriteSending> = self.writes.sent.iter().filter(|sent| sent.makes().is_some()).collect();
        let mut groups: Vec<Vec<&WriteSending>> = Vec::new();
        for one in sent {
            let (linked, others): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|group| group.iter().any(|other| self.is_linked(one, other)));
            groups = others;
            groups.push(linked.into_iter().flatten().chain([one]).collect());
        }
        let excess = groups.into_iter().find_map(|group| {
            let made = group.iter().filter(|sent| sent.made.is_some()).count();
            // What has been found may be a write's that was put on record, and never left.
            let owners = group.iter().filter_map(|sent| Some((Some(self.owner_of_made(sent)?.0), 0)));
            let mut wanted: Vec<_> = group.iter().map(|sent| sent.asked_for()).chain(owners).collect();
            wanted.sort_unstable();
            wanted.dedup();
            let is_excused = group.iter().any(|sent| sent.is_excused || sent.is_hasty);
            (made > wanted.len() && !is_excused).then(|| (group[0].write.clone(), made, wanted.len()))
        });
        if let Some((write, made, wanted)) = excess {
            self.accuse(Invariant::WrittenTwice, || format!("{made} objects for {wanted} writes, as {write:?}"));
        }
    }

    /// The key that has claimed what a sending made.
    fn owner_of_made(&self, sent: &WriteSending) -> Option<KeyHash> {
        self.owner_of(sent.account, sent.makes()?, sent.made?)
    }

    /// Whether two sendings are for the same write, or for two of which one has what the other has made.
    fn is_linked(&self, one: &WriteSending, other: &WriteSending) -> bool {
        let has_made_for = |maker: &WriteSending, owner: &WriteSending| {
            let claimed_by = self.owner_of_made(maker);
            claimed_by.is_some() && claimed_by == owner.key
        };
        let is_same = one.asked_for() == other.asked_for();
        one.makes() == other.makes() && (is_same || has_made_for(one, other) || has_made_for(other, one))
    }
}
