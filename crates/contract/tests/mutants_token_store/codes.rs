//! Mutants of codes: admitting, storing and claiming.

use amo_connect_contract::fixtures::{after, at, network};
use amo_connect_domain::authorization::attempt::{AttemptState, MEMORY};
use amo_connect_domain::authorization::budget::{ASK_AGAIN, PLACES, UNSETTLED_CODES};
use amo_connect_domain::authorization::code::{Admission, Admitted, ClaimRefusal, Exchange, ExchangeStatus, Origin};
use amo_connect_domain::authorization::places::Later;
use amo_connect_domain::connection::Grant;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ids::{Epoch, LeaseOwner, UserId};
use amo_connect_domain::lease::LEASE_TERM;
use amo_connect_domain::ports::{Claim, Served, StoreError, StoreHealth as _, TokenStore as _};
use amo_connect_domain::token::CodeHash;
use jiff::Timestamp;

use crate::kinds::Mutant;
use crate::store::MutantStore;

impl MutantStore {
    pub(crate) async fn admit(
        &self,
        request: &Admission,
        owner: LeaseOwner,
        now: Timestamp,
    ) -> Result<Admitted, StoreError> {
        let (mut request, mut now) = (request.clone(), now);
        match (self.mutant, &request.origin, self.note(|notes| notes.code_owner)) {
            (Mutant::AdmitsLateAttempts, ..) => now = at(0),
            (Mutant::SpendsNoAttempt, Origin::Attempt { user, .. }, _) => {
                request.origin = Origin::App { attempt: None, user: user.clone(), as_of: Epoch::default() };
            }
            (Mutant::AdmitsPastDisconnects, Origin::App { attempt, user, .. }, _) => {
                let as_of = self.inner.connection(user).await?.map_or(Epoch::default(), |row| row.epoch);
                request.origin = Origin::App { attempt: *attempt, user: user.clone(), as_of };
            }
            (Mutant::JudgesLeasesByTheCaller, _, Some(holder)) if now > after(at(0), LEASE_TERM) => {
                self.inner.end_exchange(request.code, holder, false).await?;
            }
            (Mutant::TakesOverAtOnce, _, Some(holder)) if self.note(|notes| notes.was_set_back) => {
                self.inner.end_exchange(request.code, holder, false).await?;
            }
            (Mutant::AdmitsCodesOnce, ..) => {
                if let Some(known) = self.inner.exchange(request.code).await? {
                    return Ok(Admitted::OnRecord(known));
                }
            }
            _ => {}
        }
        self.break_budgets(&mut request, now);
        if self.refuses(&request) {
            return Ok(Admitted::Later(Later { wait: ASK_AGAIN, is_for_all: true }));
        }
        match self.inner.admit_code(&request, owner, now).await? {
            Admitted::Later(_) if self.is(Mutant::CountsNoCodes) => {
                let store_now = self.inner.clock().await?;
                let admitted = Exchange::admit(None, &request, None, None, owner, now, store_now);
                if let Admitted::Granted(record) = &admitted {
                    self.inner.restore_exchange(record).await?;
                }
                Ok(admitted)
            }
            Admitted::Later(later) if self.is(Mutant::RecordsRefusedCodes) => {
                if let Origin::Attempt { id, .. } = &request.origin {
                    let attempt = self.inner.attempt(*id).await?.unwrap();
                    self.inner.close_attempt(attempt.state_hash, AttemptState::Denied).await?;
                } else {
                    let unlimited = Admission { caller: None, ..request };
                    self.inner.admit_code(&unlimited, owner, now).await?;
                }
                Ok(Admitted::Later(later))
            }
            Admitted::OnRecord(known) if self.is(Mutant::AdmitsEveryCaller) => Ok(Admitted::Granted(known)),
            Admitted::Granted(exchange) => {
                self.note(|notes| {
                    notes.code_owner = Some(owner);
                    notes.places += usize::from(request.caller.is_some());
                    notes.brought += usize::from(matches!(request.origin, Origin::App { .. }));
                });
                Ok(Admitted::Granted(exchange))
            }
            admitted => Ok(admitted),
        }
    }

    /// What a mutant makes of the network of a stranger.
    fn break_budgets(&self, request: &mut Admission, now: Timestamp) {
        let is_late = now > after(at(0), MEMORY);
        match self.mutant {
            Mutant::GivesPlacesToAll => request.caller = None,
            Mutant::JudgesPlacesByTheCaller if is_late => request.caller = None,
            Mutant::AsksUsersForPlaces => request.caller = Some(network(250)),
            _ => {}
        }
    }

    /// Whether a mutant has no place for it, or calls it too many.
    fn refuses(&self, request: &Admission) -> bool {
        self.note(|notes| match self.mutant {
            Mutant::KeepsPlaces => request.caller.is_some() && notes.places >= PLACES,
            Mutant::CountsCodesOfAllUsers => notes.brought >= UNSETTLED_CODES,
            _ => false,
        })
    }

    pub(crate) async fn take(
        &self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError> {
        let known = self.inner.exchange(code).await?.ok_or(StoreError::Conflict)?;
        if let Some(user) = &known.user {
            self.opens_tokens(Mutant::GrantOpensOldTokens, Some(user))?;
        }
        if self.is(Mutant::DropsWhatItCannotOpen) {
            for lost in self.note(|notes| std::mem::take(&mut notes.unreadable)) {
                self.inner.disconnect(&lost, Actor::Service).await?;
            }
        }
        let has_row = match &known.user {
            Some(user) => self.inner.connection(user).await?.is_some(),
            None => false,
        };
        let lost = match self.mutant {
            Mutant::ForgetsGrants => true,
            Mutant::ReplacesNoGrant => has_row,
            Mutant::GrantNeedsTheLease => self.lease_has_passed() || known.status == ExchangeStatus::CodeRefused,
            _ => false,
        };
        if lost {
            return Ok(known);
        }
        if let (Mutant::TakesGrantsTwice, ExchangeStatus::Connected(_), Some(user)) =
            (self.mutant, &known.status, &known.user)
        {
            self.impose(user, grant.clone(), now).await;
        }
        self.inner.save_grant(code, grant, served, now).await
    }

    pub(crate) async fn give(
        &self,
        code: CodeHash,
        user: &UserId,
        as_of: Epoch,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        self.opens_tokens(Mutant::ClaimOpensOldTokens, Some(user))?;
        let waiting = match self.inner.exchange(code).await?.map(|known| known.status) {
            Some(ExchangeStatus::Waiting { grant, .. }) => Some(*grant),
            _ => None,
        };
        let row = self.row(user).await;
        let connected = row.grant().is_some();
        let as_of = if self.is(Mutant::ClaimsPastDisconnects) { row.epoch } else { as_of };
        let now = if self.is(Mutant::ClaimsAtAnyTime) { at(0) } else { now };
        match (self.mutant, waiting) {
            (Mutant::ClaimsInTwoSteps, Some(grant)) => {
                self.impose(user, grant, now).await;
                tokio::task::yield_now().await;
            }
            (Mutant::ClaimsForAnybody, Some(grant)) => {
                self.impose(user, grant, now).await;
                return Ok(Claim::Connected);
            }
            (Mutant::ClaimsOverNothing, _) if connected => return Ok(Claim::Refused(ClaimRefusal::OtherAccount)),
            (Mutant::ClaimsOverAnything, _) => self.inner.disconnect(user, Actor::User).await?,
            _ => {}
        }
        match self.inner.claim(code, user, as_of, now).await? {
            Claim::Refused(ClaimRefusal::NotWaiting) if self.is(Mutant::ClaimsTwice) => Ok(Claim::Connected),
            claim => Ok(claim),
        }
    }
}
