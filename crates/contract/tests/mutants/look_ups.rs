//! Sabotaged look-ups of accounts that may have moved.

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::LookUpDecision;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{HostLookUpStore as _, StoreError};

use crate::kinds::Sabotage;
use crate::store::SabotagedStore;

impl SabotagedStore {
    pub(crate) async fn decide_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError> {
        let known = self.note(|notes| notes.moves.iter().find(|(from, _)| from == host).cloned());
        let (is_set_back, was_swept) = self.note(|notes| (notes.was_set_back, notes.was_swept));
        match (self.sabotage, self.honest.request_look_up(host, account).await?, known) {
            (Sabotage::KeepsOldMoves, _, Some((_, to))) => Ok(LookUpDecision::MovedTo(to)),
            (Sabotage::LooksUpForEverybody, LookUpDecision::Later(_), _) => Ok(LookUpDecision::Granted),
            (Sabotage::TakesOverAtOnce, LookUpDecision::Later(_), _) if is_set_back => Ok(LookUpDecision::Granted),
            (Sabotage::SweepsMoves, LookUpDecision::MovedTo(_), _) if was_swept => Ok(LookUpDecision::Granted),
            (_, decision, _) => Ok(decision),
        }
    }
}
