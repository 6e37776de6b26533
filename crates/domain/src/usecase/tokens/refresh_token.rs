//! The refresh itself, a task of the process: leased, asked, answered, saved.

use std::future::Future;
use std::time::Duration;

use futures_channel::oneshot;
use jiff::Timestamp;

use crate::client::{Accusation, ClientFingerprint};
use crate::connection::{CrmConnection, Grant, ProblemCode, ReauthReason};
use crate::ids::{Generation, LeaseOwner, UserId};
use crate::ports::{AmoError, RefreshRequest, Served, StoreError};
use crate::refresh::backoff::delay;
use crate::refresh::lease::{Backoff, LEASE_RENEWAL, LeaseRequest, RefreshLease};
use crate::refresh::policy::{AfterLookUp, BackoffCause, Refusal};
use crate::token::Issued;
use crate::usecase::UseCases;
use crate::usecase::host_look_up::Whereabouts;
use crate::usecase::timeouts::REFRESH_TIMEOUT;
use crate::usecase::tokens::pending_saves::Pending;

/// Who has a refresh made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AskedBy {
    /// The service, for a read or in the background.
    Service,
    /// An operator by name, or amoCRM's word that a connection is to be looked at.
    Hand,
}

/// How a refresh turned out. The store has the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshOutcome {
    /// The row has moved on: a newer pair, or no grant any more.
    Outdated,
    /// amoCRM gave no pair, and may later.
    Failed(AmoError),
    /// amoCRM was not asked: so it failed the last time, and nobody sends before this moment of
    /// the store's clock.
    BackingOff(AmoError, Timestamp),
    /// The database failed before anything was sent.
    StoreFailed,
    /// Somebody else is still at it.
    InProgress,
    /// The stored tokens cannot be opened.
    Unreadable,
}

/// The right to send a connection's refresh token.
struct Sending {
    connection: CrmConnection,
    grant: Grant,
    lease: RefreshLease,
    owner: LeaseOwner,
    /// Whether an answer under this lease left it in doubt what became of the token.
    doubted: bool,
}

impl Sending {
    fn is_in_doubt(&self) -> bool {
        self.doubted || self.lease.in_doubt
    }
}

/// Whether a token request that ended so left at all.
fn was_sent(error: AmoError) -> bool {
    !matches!(error, AmoError::QueueFull { .. } | AmoError::PermitUnavailable)
}

impl UseCases {
    /// Has the refresh token of `generation` spent, or waits for whoever is at it. All callers of
    /// this process share one wait; the work goes on without them.
    pub(crate) fn refreshing(
        &self,
        user: UserId,
        generation: Generation,
        by: AskedBy,
    ) -> impl Future<Output = Result<RefreshOutcome, AmoError>> + use<> {
        self.refreshes.join((user.clone(), generation, by), || {
            let (done, outcome) = oneshot::channel();
            let this = self.clone();
            self.runtime.spawn(Box::pin(async move {
                // The callers may be gone; the store has the outcome.
                let _ = done.send(this.attend(user, generation, by).await);
            }));
            async move { Ok(outcome.await.unwrap_or(RefreshOutcome::InProgress)) }
        })
    }

    async fn attend(&self, user: UserId, generation: Generation, by: AskedBy) -> RefreshOutcome {
        let deadline = self.deadline(REFRESH_TIMEOUT);
        let (client, by_hand) = (self.client, by == AskedBy::Hand);
        let refresh = Pending::Refresh(user.clone(), generation);
        while self.runtime.instant() < deadline {
            let saving = self.pending_saves.holds(&Pending::Connection(user.clone()));
            let Some(_under_way) = self.pending_saves.take_alone(refresh.clone()).filter(|_| !saving) else {
                self.look_again().await;
                continue;
            };
            let owner = self.new_owner();
            let request = LeaseRequest { generation, owner, client, by_hand };
            match self.stores.tokens.lease_refresh(&user, &request).await {
                Ok(RefreshRequest::Granted(connection, lease)) => {
                    let Some(grant) = connection.grant().cloned() else { return RefreshOutcome::Outdated };
                    return self
                        .refresh(Sending { connection: *connection, grant, lease, owner, doubted: false })
                        .await;
                }
                Ok(RefreshRequest::Outdated) => return RefreshOutcome::Outdated,
                Ok(RefreshRequest::Unreadable) => {
                    tracing::error!(%user, "a connection's tokens cannot be opened; is a key of TOKEN_KEYS missing?");
                    return RefreshOutcome::Unreadable;
                }
                Ok(RefreshRequest::Held) => self.look_again().await,
                Ok(RefreshRequest::BackingOff(until)) => {
                    let problem = match self.stores.tokens.connection(&user).await {
                        Ok(connection) => connection.and_then(|connection| connection.problem),
                        Err(error) => {
                            tracing::warn!(error = %error.whole(), "why a refresh token rests could not be read");
                            return RefreshOutcome::StoreFailed;
                        }
                    };
                    let last = problem.map_or(AmoError::Unavailable, |problem| problem.code.as_error());
                    return RefreshOutcome::BackingOff(last, until);
                }
                Err(error) => {
                    tracing::warn!(error = %error.whole(), "a refresh token could not be leased; it was not sent");
                    return RefreshOutcome::StoreFailed;
                }
            }
        }
        RefreshOutcome::InProgress
    }

    /// Sends the refresh token, and renews the lease for as long as that and the rest take.
    async fn refresh(&self, sending: Sending) -> RefreshOutcome {
        let (user, owner) = (sending.connection.user.clone(), sending.owner);
        let beat = || async {
            if let Err(error) = self.stores.tokens.renew_refresh_lease(&user, owner).await {
                tracing::warn!(%error, "a lease on a refresh token could not be renewed");
            }
        };
        self.while_beating(LEASE_RENEWAL, beat, self.send_token(sending)).await
    }

    async fn send_token(&self, mut sending: Sending) -> RefreshOutcome {
        let mut host = sending.grant.host.clone();
        let mut moved = false;
        loop {
            let error = match self.amo.refresh(&host, &sending.grant.tokens.refresh).await {
                Ok(issued) => return self.receive(&sending, issued).await,
                Err(error) => error,
            };
            let then = match Refusal::of(error) {
                Refusal::BackOff(cause) => return self.back_off(&sending, error, cause).await,
                Refusal::LookUp(then) => then,
            };
            sending.doubted |= then.cause().in_doubt;
            match self.whereabouts(&host, &sending.grant).await {
                // It was not taken here, so it is free to be sent there, by whoever has the lease.
                // That may have lapsed, and be another's by now.
                Ok(Whereabouts::MovedTo(now)) => {
                    let user = &sending.connection.user;
                    self.follow(user, sending.lease.generation, &now).await;
                    if moved {
                        return self.back_off(&sending, error, BackoffCause::certain(ProblemCode::ProviderDown)).await;
                    }
                    match self.stores.tokens.renew_refresh_lease(user, sending.owner).await {
                        Ok(true) => (host, moved) = (now, true),
                        Ok(false) => return RefreshOutcome::InProgress,
                        Err(error) => {
                            tracing::warn!(%error, "a refresh token was not sent on to where its account is");
                            return RefreshOutcome::StoreFailed;
                        }
                    }
                }
                Ok(Whereabouts::Here | Whereabouts::Disowned) => return self.settle(&sending, error, then).await,
                Ok(Whereabouts::Unknown { failure, again }) => {
                    return self.wait_for_look_up(&sending, error, then, failure, again).await;
                }
                Err(unseen) => {
                    tracing::warn!(error = %unseen, "where an account is could not be looked up in the database");
                    let cause = then.cause();
                    self.end_lease(&sending, error, cause, None).await;
                    return RefreshOutcome::StoreFailed;
                }
            }
        }
    }

    /// Acts on a refusal at the right host.
    async fn settle(&self, sending: &Sending, error: AmoError, then: AfterLookUp) -> RefreshOutcome {
        match then {
            AfterLookUp::GiveUp => self.give_up(sending).await,
            AfterLookUp::BackOff(cause) => self.back_off(sending, error, cause).await,
            AfterLookUp::Accused => self.accused(sending, error).await,
        }
    }

    /// Acts on a refusal by a host that may not be the account's any more: nothing ends by it.
    async fn wait_for_look_up(
        &self,
        sending: &Sending,
        error: AmoError,
        then: AfterLookUp,
        failure: Option<AmoError>,
        again: Duration,
    ) -> RefreshOutcome {
        if then == AfterLookUp::Accused {
            return self.accused(sending, error).await;
        }
        // A refusal that does not count yet is no more than an answer that is missing.
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

    /// Rests after an answer that accuses the client: the operator's mistake, or, where others of
    /// the same client were served since, the account's.
    async fn accused(&self, sending: &Sending, error: AmoError) -> RefreshOutcome {
        let accused = Some(self.client);
        let rested = self.end_lease(sending, error, AfterLookUp::Accused.cause(), accused).await;
        let is_accounts = |accusation: Accusation| accusation.is_accounts;
        let problem = if rested.and_then(|lease| lease.accusation).is_some_and(is_accounts) {
            ProblemCode::AccountRefused
        } else {
            ProblemCode::Misconfigured
        };
        if problem == ProblemCode::Misconfigured {
            tracing::error!(
                %error,
                "amoCRM does not accept the integration: check AMO_CLIENT_ID, AMO_CLIENT_SECRET and AMO_REDIRECT_URI"
            );
        }
        self.note(&sending.connection.user, sending.lease.generation, Some(problem)).await;
        RefreshOutcome::Failed(problem.as_error())
    }

    /// Ends the lease after a sending that bought nothing, and notes why.
    async fn back_off(&self, sending: &Sending, error: AmoError, cause: BackoffCause) -> RefreshOutcome {
        // That our own queue is long, or that our database fails, says nothing of amoCRM.
        if was_sent(error) {
            self.note(&sending.connection.user, sending.lease.generation, Some(cause.problem)).await;
        }
        self.end_lease(sending, error, cause, None).await;
        match error {
            AmoError::PermitUnavailable => RefreshOutcome::StoreFailed,
            _ => RefreshOutcome::Failed(error),
        }
    }

    /// Ends the lease after a sending that bought nothing. Returns the record of it, if it still
    /// was ours and could be written.
    async fn end_lease(
        &self,
        sending: &Sending,
        error: AmoError,
        cause: BackoffCause,
        accused: Option<ClientFingerprint>,
    ) -> Option<RefreshLease> {
        let Sending { connection, lease, owner, .. } = sending;
        let user = &connection.user;
        let in_doubt = cause.in_doubt || sending.doubted;
        if error != AmoError::PermitUnavailable {
            // What became of a permit is in the log already.
            tracing::warn!(%user, %error, in_doubt = in_doubt || lease.in_doubt, tries = lease.tries, "a refresh failed");
        }
        if error == AmoError::HostNotAllowed {
            tracing::error!(%user, amo.host = %sending.grant.host, "an account's host is not allowed: check AMO_ALLOWED_HOSTS");
        }
        let mut dice = [0];
        self.runtime.fill_random(&mut dice);
        let was_sent = was_sent(error);
        let pause = if was_sent {
            delay(lease.tries, dice[0], cause.retry_after)
        } else {
            // amoCRM was not asked, so it needs no backoff.
            cause.retry_after.unwrap_or_default()
        };
        let backoff = Backoff { in_doubt, pause, accused, was_sent };
        let record = || self.stores.tokens.back_off_refresh(user, *owner, &backoff);
        self.persist("a refresh that failed", record).await.flatten()
    }

    /// Takes what amoCRM gave for the token, unless it is another account's.
    async fn receive(&self, sending: &Sending, issued: Issued) -> RefreshOutcome {
        if let (Some(told), Some(known)) = (issued.account, sending.grant.account)
            && told != known
        {
            tracing::error!(account = %known, told = %told, "amoCRM answered a refresh with tokens of another account; they are not kept");
            let error = AmoError::OutcomeUnknown;
            let doubt = BackoffCause { in_doubt: true, ..BackoffCause::certain(ProblemCode::ProviderDown) };
            return self.back_off(sending, error, doubt).await;
        }
        self.keep(sending, issued).await
    }

    /// Saves the new pair, for as long as it takes: the old token is spent.
    async fn keep(&self, sending: &Sending, issued: Issued) -> RefreshOutcome {
        let Sending { connection, lease, .. } = sending;
        let (user, generation) = (&connection.user, &connection.generation);
        let served = Served { client: self.client, sent_at: lease.begun_at() };
        let pending = self.pending_saves.take(Pending::Connection(user.clone()));
        let account = issued.account;
        let pair = issued.into_pair(self.runtime.now());
        let mut tries = 0;
        let saved = loop {
            match self.stores.tokens.save_rotated(user, *generation, &pair, &served, self.runtime.now()).await {
                Ok(saved) => break saved,
                Err(error @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) => {
                    tracing::error!(%user, error = %error.whole(), tries, "refreshed tokens are not saved yet; trying again");
                    pending.note_failure();
                    self.before_saving_again(tries).await;
                    tries += 1;
                }
                Err(StoreError::Conflict) => return RefreshOutcome::Outdated,
            }
        };
        if tries > 0 {
            tracing::info!(%user, tries, "refreshed tokens are saved now");
        }
        if let (Some(Grant { account: None, .. }), Some(account)) = (saved.grant(), account) {
            let learnt = self.update(user, |connection| connection.learn_account(saved.generation, account));
            if let Err(error) = learnt.await {
                tracing::warn!(%error, "the account's number is not known yet");
            }
        }
        RefreshOutcome::Outdated
    }

    /// Records that the grant is dead, unless a newer pair has been stored meanwhile. Who has lost
    /// the lease does not know what others' sendings came to, and leaves the verdict to them.
    async fn give_up(&self, sending: &Sending) -> RefreshOutcome {
        let Sending { connection, lease, owner, .. } = sending;
        let user = &connection.user;
        let reason = ReauthReason::of_refusal(sending.is_in_doubt());
        let refused = || async {
            if !self.stores.tokens.renew_refresh_lease(user, *owner).await? {
                return Ok(RefreshOutcome::InProgress);
            }
            tracing::warn!(%user, ?reason, "amoCRM refused a refresh token; the user has to connect again");
            self.update(user, |connection| connection.refuse(lease.generation, reason, self.runtime.now())).await?;
            Ok(RefreshOutcome::Outdated)
        };
        self.persist("a refused grant", refused).await.unwrap_or(RefreshOutcome::InProgress)
    }
}
