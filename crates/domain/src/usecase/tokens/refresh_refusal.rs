//! What becomes of a refresh whose token request gave no pair: it backs off, is looked up again, or ends the grant.

use std::time::Duration;

use super::refresh_token::Sending;
use crate::client::{Accusation, ClientFingerprint};
use crate::connection::{ProblemCode, ReauthReason};
use crate::ports::{AmoError, RefreshEnd, StoreError};
use crate::refresh::backoff::{Backoff, delay};
use crate::refresh::lease::RefreshLease;
use crate::refresh::policy::{AfterLookUp, BackoffCause};
use crate::usecase::UseCases;

/// Whether a token request that failed by `error` was sent.
fn was_sent(error: AmoError) -> bool {
    !matches!(error, AmoError::QueueFull { .. } | AmoError::PermitUnavailable)
}

impl UseCases {
    /// Acts on a refusal at the right host.
    pub(super) async fn settle(&self, sending: &Sending, error: AmoError, then: AfterLookUp) -> RefreshEnd {
        match then {
            AfterLookUp::GiveUp => self.give_up(sending).await,
            AfterLookUp::BackOff(cause) => self.back_off(sending, error, cause).await,
            AfterLookUp::Accused => self.accused(sending, error).await,
        }
    }

    /// Acts on a refusal by a host that may not be the account's any more: it ends no connection.
    pub(super) async fn wait_for_look_up(
        &self,
        sending: &Sending,
        error: AmoError,
        then: AfterLookUp,
        failure: Option<AmoError>,
        again: Duration,
    ) -> RefreshEnd {
        if then == AfterLookUp::Accused {
            return self.accused(sending, error).await;
        }
        // A refusal that does not count yet is treated as a missing answer.
        let error = failure.unwrap_or(if error == AmoError::GrantRevoked { AmoError::Unavailable } else { error });
        let problem = failure.and_then(ProblemCode::of_read);
        let mut cause = then.cause();
        // What is our own fault stays so until something else is known.
        if sending.connection.problem.is_some_and(|known| known.code == ProblemCode::Misconfigured) {
            cause.problem = ProblemCode::Misconfigured;
        }
        cause.problem = problem.unwrap_or(cause.problem);
        cause.retry_after = cause.retry_after.max(Some(again));
        self.back_off(sending, error, cause).await
    }

    /// Backs off after an answer that accuses the client: the operator's mistake, or, if amoCRM served
    /// others of the same client since, the account's fault.
    async fn accused(&self, sending: &Sending, error: AmoError) -> RefreshEnd {
        let accused = Some(self.client);
        let ended = self.end_lease(sending, error, AfterLookUp::Accused.cause(), accused).await;
        let is_accounts = |accusation: Accusation| accusation.is_accounts;
        let problem = if ended.and_then(|lease| lease.accusation).is_some_and(is_accounts) {
            ProblemCode::AccountRefused
        } else {
            ProblemCode::Misconfigured
        };
        self.note(&sending.connection.user, sending.lease.generation, Some(problem)).await;
        RefreshEnd::Failed { error: problem.as_error(), in_doubt: sending.lease.in_doubt }
    }

    /// Ends the lease after a sending that gave no pair, and notes why.
    pub(super) async fn back_off(&self, sending: &Sending, error: AmoError, cause: BackoffCause) -> RefreshEnd {
        // A full queue or a failed database of this service is no problem of amoCRM's.
        if was_sent(error) {
            self.note(&sending.connection.user, sending.lease.generation, Some(cause.problem)).await;
        }
        self.end_lease(sending, error, cause, None).await;
        match error {
            AmoError::PermitUnavailable => RefreshEnd::StoreFailed(StoreError::of_the_rate_limiter()),
            _ => RefreshEnd::Failed { error, in_doubt: cause.in_doubt || sending.lease.in_doubt },
        }
    }

    /// Ends the lease after a sending that gave no pair. Returns its record, if this owner still held
    /// it and the record could be written.
    pub(super) async fn end_lease(
        &self,
        sending: &Sending,
        error: AmoError,
        cause: BackoffCause,
        accused: Option<ClientFingerprint>,
    ) -> Option<RefreshLease> {
        let Sending { connection, lease, owner, .. } = sending;
        let user = &connection.user;
        if error == AmoError::HostNotAllowed {
            tracing::error!(%user, amo.host = %sending.grant.host, "account host not allowed: check AMO_ALLOWED_HOSTS");
        }
        let mut jitter = [0];
        self.runtime.fill_random(&mut jitter);
        let was_sent = was_sent(error);
        let pause = if was_sent {
            delay(lease.tries, jitter[0], cause.retry_after)
        } else {
            // amoCRM was not asked, so no backoff is needed.
            cause.retry_after.unwrap_or_default()
        };
        let backoff = Backoff { in_doubt: cause.in_doubt, pause, accused, was_sent };
        let record = || self.stores.tokens.back_off_refresh(user, *owner, &backoff);
        self.persist("failed refresh", record).await.flatten()
    }

    /// Records that the grant is dead, unless a newer pair has been stored meanwhile. An owner that
    /// has lost the lease does not know the outcome of others' sendings, so it records nothing.
    async fn give_up(&self, sending: &Sending) -> RefreshEnd {
        let Sending { connection, lease, owner, .. } = sending;
        let user = &connection.user;
        let reason = ReauthReason::of_refusal(lease.in_doubt);
        let refused = || async {
            if !self.stores.tokens.renew_refresh_lease(user, *owner).await? {
                return Ok(RefreshEnd::LeaseLost);
            }
            self.update(user, |connection| connection.refuse(lease.generation, reason, self.runtime.now())).await?;
            Ok(RefreshEnd::Refused(reason))
        };
        self.persist("refused grant", refused).await.unwrap_or(RefreshEnd::LeaseLost)
    }
}
