//! Mutants of the look-ups of accounts that may have moved.

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::{FoundHost, LookUpDecision};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{HostLookUpStore, StoreError};
use async_trait::async_trait;

use crate::kinds::Mutant;
use crate::store::MutantStore;

#[async_trait]
impl HostLookUpStore for MutantStore {
    async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError> {
        let known = self.note(|notes| notes.moves.iter().find(|(from, _)| from == host).cloned());
        let (is_set_back, was_swept) = self.note(|notes| (notes.was_set_back, notes.was_swept));
        match (self.mutant, self.inner.request_look_up(host, account).await?, known) {
            (Mutant::KeepsOldMoves, _, Some((_, to))) => Ok(LookUpDecision::MovedTo(to)),
            (Mutant::GrantsEveryLookUp, LookUpDecision::Later(_), _) => Ok(LookUpDecision::Granted),
            (Mutant::TakesOverAtOnce, LookUpDecision::Later(_), _) if is_set_back => Ok(LookUpDecision::Granted),
            (Mutant::SweepsMoves, LookUpDecision::MovedTo(_), _) if was_swept => Ok(LookUpDecision::Granted),
            (_, decision, _) => Ok(decision),
        }
    }

    async fn save_move(&self, host: &AccountHost, moved_to: &FoundHost) -> Result<(), StoreError> {
        self.note(|notes| notes.moves.push((host.clone(), moved_to.host.clone())));
        if self.is(Mutant::ForgetsMoves) { Ok(()) } else { self.inner.save_move(host, moved_to).await }
    }
}
