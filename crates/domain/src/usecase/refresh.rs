//! The refresh itself, a task of the process: leased, asked, answered, saved.

use std::future::Future;
use std::time::Duration;

use futures_channel::oneshot;
use jiff::Timestamp;

use super::UseCases;
use super::access::PATIENCE;
use super::in_hand::Bound;
use crate::connection::{CrmConnection, Grant, Problem, ProblemCode, ReauthReason};
use crate::ids::{Generation, LeaseOwner, UserId};
use crate::lease::{LEASE_RENEWAL, RefreshLease};
use crate::ports::{AmoError, RefreshRequest, StoreError};
use crate::refresh::{AfterLookUp, Hindrance, Refusal, pause};
use crate::token::Issued;

/// Others of the integration that were refreshed so recently, or since amoCRM accused it, show
/// that it is well configured.
const RECENTLY: Duration = Duration::from_mins(10);

/// How a refresh turned out. The store has the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turnout {
    /// The row has moved on: a newer pair, or no grant any more.
    Outdated,
    /// amoCRM gave no pair, and may later.
    Failed(AmoError),
    /// amoCRM was not asked: so it failed the last time, and nobody sends before this moment of
    /// the store's clock.
    Resting(AmoError, Timestamp),
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
}

impl UseCases {
    /// Has the refresh token of `generation` spent, or waits for whoever is at it. All callers of
    /// this process share one wait; the work goes on without them.
    pub(super) fn refreshing(
        &self,
        user: UserId,
        generation: Generation,
    ) -> impl Future<Output = Result<Turnout, AmoError>> + use<> {
        self.refreshes.join((user.clone(), generation), || {
            let (done, turnout) = oneshot::channel();
            let this = self.clone();
            self.runtime.spawn(Box::pin(async move {
                // The callers may be gone; the store has the outcome.
                let _ = done.send(this.attend(user, generation).await);
            }));
            async move { Ok(turnout.await.unwrap_or(Turnout::InProgress)) }
        })
    }

    async fn attend(&self, user: UserId, generation: Generation) -> Turnout {
        let deadline = self.deadline(PATIENCE);
        let refresh = Bound::Refresh(user.clone(), generation);
        while self.runtime.now() < deadline {
            let saving = self.in_hand.holds(&Bound::Connection(user.clone()));
            let Some(_under_way) = self.in_hand.take_alone(refresh.clone()).filter(|_| !saving) else {
                self.look_again().await;
                continue;
            };
            let owner = self.new_owner();
            match self.store.lease_refresh(&user, generation, owner).await {
                Ok(RefreshRequest::Granted(connection, lease)) => {
                    let Some(grant) = connection.grant().cloned() else { return Turnout::Outdated };
                    return self.refresh(Sending { connection: *connection, grant, lease, owner }).await;
                }
                Ok(RefreshRequest::Outdated) => return Turnout::Outdated,
                Ok(RefreshRequest::Unreadable) => {
                    tracing::error!(%user, "a connection's tokens cannot be opened; is a key of TOKEN_KEYS missing?");
                    return Turnout::Unreadable;
                }
                Ok(RefreshRequest::Held) => self.look_again().await,
                Ok(RefreshRequest::Resting(until)) => {
                    let problem = match self.store.connection(&user).await {
                        Ok(connection) => connection.and_then(|connection| connection.problem),
                        Err(_) => return Turnout::StoreFailed,
                    };
                    let last = problem.map_or(AmoError::Unavailable, |problem| problem.code.as_error());
                    return Turnout::Resting(last, until);
                }
                Err(error) => {
                    tracing::warn!(error = %error.whole(), "a refresh token could not be leased; it was not sent");
                    return Turnout::StoreFailed;
                }
            }
        }
        Turnout::InProgress
    }

    /// Sends the refresh token, and renews the lease for as long as that and the rest take.
    async fn refresh(&self, sending: Sending) -> Turnout {
        let beat = || async {
            let (user, owner) = (&sending.connection.user, sending.owner);
            if let Err(error) = self.store.renew_refresh_lease(user, owner).await {
                tracing::warn!(%error, "a lease on a refresh token could not be renewed");
            }
        };
        self.while_beating(LEASE_RENEWAL, beat, self.send_token(&sending)).await
    }

    async fn send_token(&self, sending: &Sending) -> Turnout {
        let Grant { host, tokens, .. } = &sending.grant;
        let mut host = host.clone();
        let mut moved = false;
        loop {
            let error = match self.amo.refresh(&host, &tokens.refresh).await {
                Ok(issued) => return self.keep(sending, issued).await,
                Err(error) => error,
            };
            let then = match Refusal::of(error) {
                Refusal::Rest(hindrance) => return self.rest(sending, error, hindrance).await,
                Refusal::LookUp(then) => then,
            };
            match self.amo.locate(&host, &tokens.access, &tokens.refresh).await {
                // amoCRM has refused it here for certain, so it is free to be sent there, by
                // whoever has the lease. That may have lapsed, and be another's by now.
                Ok(Some(now)) if now != host => {
                    let user = &sending.connection.user;
                    self.follow(user, sending.lease.generation, &now).await;
                    if moved {
                        return self.rest(sending, error, Hindrance::certain(ProblemCode::ProviderDown)).await;
                    }
                    match self.store.renew_refresh_lease(user, sending.owner).await {
                        Ok(true) => (host, moved) = (now, true),
                        Ok(false) => return Turnout::InProgress,
                        Err(error) => {
                            tracing::warn!(%error, "a refresh token was not sent on to where its account is");
                            return Turnout::StoreFailed;
                        }
                    }
                }
                Ok(_) => return self.settle(sending, error, then).await,
                Err(unseen) => {
                    tracing::warn!(error = %unseen, "whether an account has moved could not be found out");
                    let problem = ProblemCode::of_read(unseen).unwrap_or(ProblemCode::ProviderDown);
                    return self.rest(sending, unseen, Hindrance::certain(problem)).await;
                }
            }
        }
    }

    /// Acts on a refusal at the right host.
    async fn settle(&self, sending: &Sending, error: AmoError, then: AfterLookUp) -> Turnout {
        match then {
            AfterLookUp::GiveUp => self.give_up(sending).await,
            AfterLookUp::Rest(hindrance) => self.rest(sending, error, hindrance).await,
            AfterLookUp::Accused => {
                let problem = self.accused(&sending.connection).await;
                self.rest(sending, error, Hindrance::certain(problem)).await
            }
        }
    }

    /// Whether the integration is at fault, or the account alone. While the accusation is on
    /// record it is judged by all that came since: whoever is not served lately says nothing new.
    async fn accused(&self, connection: &CrmConnection) -> ProblemCode {
        let now = self.runtime.now();
        let since = match connection.problem {
            Some(Problem { code: ProblemCode::AccountRefused, .. }) => return ProblemCode::AccountRefused,
            Some(Problem { code: ProblemCode::Misconfigured, since }) => since,
            _ => now.saturating_sub(RECENTLY).unwrap_or(now),
        };
        match self.store.others_were_refreshed(&connection.user, since).await {
            Ok(true) => ProblemCode::AccountRefused,
            Ok(false) | Err(_) => ProblemCode::Misconfigured,
        }
    }

    /// Ends the lease after a sending that bought nothing.
    async fn rest(&self, sending: &Sending, error: AmoError, hindrance: Hindrance) -> Turnout {
        let Sending { connection: CrmConnection { user, .. }, lease, owner, .. } = sending;
        if hindrance.problem == ProblemCode::Misconfigured {
            tracing::error!(
                %error,
                "amoCRM does not accept the integration: \
                 check AMO_CLIENT_ID, AMO_CLIENT_SECRET, AMO_REDIRECT_URI and AMO_ALLOWED_HOSTS"
            );
        } else if error != AmoError::PermitUnavailable {
            // What became of a permit is in the log already.
            tracing::warn!(%error, in_doubt = hindrance.in_doubt || lease.in_doubt, tries = lease.tries, "a refresh failed");
        }
        // That our own queue is long, or that our database fails, says nothing of amoCRM.
        if !matches!(error, AmoError::NoTurn { .. } | AmoError::PermitUnavailable) {
            self.note(user, lease.generation, Some(hindrance.problem)).await;
        }
        let mut dice = [0];
        self.runtime.fill_random(&mut dice);
        let pause = match error {
            // amoCRM was not asked, so it needs no rest.
            AmoError::PermitUnavailable => Duration::ZERO,
            _ => pause(lease.tries, dice[0], hindrance.retry_after),
        };
        self.persist("a refresh that failed", || {
            self.store.rest_refresh_lease(user, *owner, hindrance.in_doubt, pause)
        })
        .await;
        match error {
            AmoError::PermitUnavailable => Turnout::StoreFailed,
            _ => Turnout::Failed(error),
        }
    }

    /// Saves the new pair, for as long as it takes: the old token is spent.
    async fn keep(&self, sending: &Sending, issued: Issued) -> Turnout {
        let Sending { connection: CrmConnection { user, generation, .. }, .. } = sending;
        let _on_its_way = self.in_hand.take(Bound::Connection(user.clone()));
        let account = issued.account;
        let pair = issued.into_pair(self.runtime.now());
        let mut tries = 0;
        let saved = loop {
            match self.store.save_rotated(user, *generation, &pair, self.runtime.now()).await {
                Ok(saved) => break saved,
                Err(error @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) => {
                    tracing::error!(%error, tries, "refreshed tokens are not saved yet; trying again");
                    self.before_saving_again(tries).await;
                    tries += 1;
                }
                Err(StoreError::Conflict) => return Turnout::Outdated,
            }
        };
        if let (Some(Grant { account: None, .. }), Some(account)) = (saved.grant(), account) {
            let learnt = self.amend(user, |connection| connection.learn_account(saved.generation, account));
            if let Err(error) = learnt.await {
                tracing::warn!(%error, "the account's number is not known yet");
            }
        }
        Turnout::Outdated
    }

    /// Records that the grant is dead, unless a newer pair has been stored meanwhile. Who has lost
    /// the lease does not know what others' sendings came to, and leaves the verdict to them.
    async fn give_up(&self, sending: &Sending) -> Turnout {
        let Sending { connection: CrmConnection { user, .. }, lease, owner, .. } = sending;
        let reason = ReauthReason::of_refusal(lease.in_doubt);
        let refused = || async {
            if !self.store.renew_refresh_lease(user, *owner).await? {
                return Ok(Turnout::InProgress);
            }
            tracing::warn!(%user, ?reason, "amoCRM refused a refresh token; the user has to connect again");
            self.amend(user, |connection| connection.refuse(lease.generation, reason, self.runtime.now())).await?;
            Ok(Turnout::Outdated)
        };
        self.persist("a refused grant", refused).await.unwrap_or(Turnout::InProgress)
    }
}
