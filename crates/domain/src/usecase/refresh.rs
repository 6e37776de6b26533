//! The refresh itself, a task of the process: leased, asked, answered, saved.

use std::future::Future;
use std::time::Duration;

use futures_channel::oneshot;
use jiff::Timestamp;

use super::UseCases;
use super::access::PATIENCE;
use super::host_look_up::Whereabouts;
use super::in_hand::Bound;
use crate::client::{Accusation, ClientFingerprint};
use crate::connection::{CrmConnection, Grant, ProblemCode, ReauthReason};
use crate::ids::{Generation, LeaseOwner, UserId};
use crate::lease::{LEASE_RENEWAL, LeaseRequest, RefreshLease, Rest};
use crate::ports::{AmoError, RefreshRequest, Served, StoreError};
use crate::refresh::{AfterLookUp, Hindrance, Refusal, pause};
use crate::token::Issued;

/// Who has a refresh made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AskedBy {
    /// The service, for a read or in the background.
    Service,
    /// An operator by name, or amoCRM's word that a connection is to be looked at.
    Hand,
}

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
    !matches!(error, AmoError::NoTurn { .. } | AmoError::PermitUnavailable)
}

impl UseCases {
    /// Has the refresh token of `generation` spent, or waits for whoever is at it. All callers of
    /// this process share one wait; the work goes on without them.
    pub(super) fn refreshing(
        &self,
        user: UserId,
        generation: Generation,
        by: AskedBy,
    ) -> impl Future<Output = Result<Turnout, AmoError>> + use<> {
        self.refreshes.join((user.clone(), generation, by), || {
            let (done, turnout) = oneshot::channel();
            let this = self.clone();
            self.runtime.spawn(Box::pin(async move {
                // The callers may be gone; the store has the outcome.
                let _ = done.send(this.attend(user, generation, by).await);
            }));
            async move { Ok(turnout.await.unwrap_or(Turnout::InProgress)) }
        })
    }

    async fn attend(&self, user: UserId, generation: Generation, by: AskedBy) -> Turnout {
        let deadline = self.deadline(PATIENCE);
        let (client, by_hand) = (self.client, by == AskedBy::Hand);
        let refresh = Bound::Refresh(user.clone(), generation);
        while self.runtime.instant() < deadline {
            let saving = self.in_hand.holds(&Bound::Connection(user.clone()));
            let Some(_under_way) = self.in_hand.take_alone(refresh.clone()).filter(|_| !saving) else {
                self.look_again().await;
                continue;
            };
            let owner = self.new_owner();
            let request = LeaseRequest { generation, owner, client, by_hand };
            match self.store.lease_refresh(&user, &request).await {
                Ok(RefreshRequest::Granted(connection, lease)) => {
                    let Some(grant) = connection.grant().cloned() else { return Turnout::Outdated };
                    return self
                        .refresh(Sending { connection: *connection, grant, lease, owner, doubted: false })
                        .await;
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
                        Err(error) => {
                            tracing::warn!(error = %error.whole(), "why a refresh token rests could not be read");
                            return Turnout::StoreFailed;
                        }
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
        let (user, owner) = (sending.connection.user.clone(), sending.owner);
        let beat = || async {
            if let Err(error) = self.store.renew_refresh_lease(&user, owner).await {
                tracing::warn!(%error, "a lease on a refresh token could not be renewed");
            }
        };
        self.while_beating(LEASE_RENEWAL, beat, self.send_token(sending)).await
    }

    async fn send_token(&self, mut sending: Sending) -> Turnout {
        let mut host = sending.grant.host.clone();
        let mut moved = false;
        loop {
            let error = match self.amo.refresh(&host, &sending.grant.tokens.refresh).await {
                Ok(issued) => return self.receive(&sending, issued).await,
                Err(error) => error,
            };
            let then = match Refusal::of(error) {
                Refusal::Rest(hindrance) => return self.rest(&sending, error, hindrance).await,
                Refusal::LookUp(then) => then,
            };
            sending.doubted |= then.hindrance().in_doubt;
            match self.whereabouts(&host, &sending.grant).await {
                // It was not taken here, so it is free to be sent there, by whoever has the lease.
                // That may have lapsed, and be another's by now.
                Ok(Whereabouts::MovedTo(now)) => {
                    let user = &sending.connection.user;
                    self.follow(user, sending.lease.generation, &now).await;
                    if moved {
                        return self.rest(&sending, error, Hindrance::certain(ProblemCode::ProviderDown)).await;
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
                Ok(Whereabouts::Here | Whereabouts::Disowned) => return self.settle(&sending, error, then).await,
                Ok(Whereabouts::Unknown { failure, again }) => {
                    return self.wait_for_look_up(&sending, error, then, failure, again).await;
                }
                Err(unseen) => {
                    tracing::warn!(error = %unseen, "where an account is could not be looked up in the database");
                    let hindrance = then.hindrance();
                    self.end_lease(&sending, error, hindrance, None).await;
                    return Turnout::StoreFailed;
                }
            }
        }
    }

    /// Acts on a refusal at the right host.
    async fn settle(&self, sending: &Sending, error: AmoError, then: AfterLookUp) -> Turnout {
        match then {
            AfterLookUp::GiveUp => self.give_up(sending).await,
            AfterLookUp::Rest(hindrance) => self.rest(sending, error, hindrance).await,
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
    ) -> Turnout {
        if then == AfterLookUp::Accused {
            return self.accused(sending, error).await;
        }
        // A refusal that does not count yet is no more than an answer that is missing.
        let error = failure.unwrap_or(if error == AmoError::GrantRevoked { AmoError::Unavailable } else { error });
        let problem = failure.and_then(ProblemCode::of_read);
        let mut hindrance = then.hindrance();
        hindrance.problem = problem.unwrap_or(hindrance.problem);
        hindrance.retry_after = hindrance.retry_after.max(Some(again));
        self.rest(sending, error, hindrance).await
    }

    /// Rests after an answer that accuses the client: the operator's mistake, or, where others of
    /// the same client were served since, the account's.
    async fn accused(&self, sending: &Sending, error: AmoError) -> Turnout {
        let accused = Some(self.client);
        let rested = self.end_lease(sending, error, AfterLookUp::Accused.hindrance(), accused).await;
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
        Turnout::Failed(problem.as_error())
    }

    /// Ends the lease after a sending that bought nothing, and notes why.
    async fn rest(&self, sending: &Sending, error: AmoError, hindrance: Hindrance) -> Turnout {
        // That our own queue is long, or that our database fails, says nothing of amoCRM.
        if was_sent(error) {
            self.note(&sending.connection.user, sending.lease.generation, Some(hindrance.problem)).await;
        }
        self.end_lease(sending, error, hindrance, None).await;
        match error {
            AmoError::PermitUnavailable => Turnout::StoreFailed,
            _ => Turnout::Failed(error),
        }
    }

    /// Ends the lease after a sending that bought nothing. Returns the record of it, if it still
    /// was ours and could be written.
    async fn end_lease(
        &self,
        sending: &Sending,
        error: AmoError,
        hindrance: Hindrance,
        accused: Option<ClientFingerprint>,
    ) -> Option<RefreshLease> {
        let Sending { connection: CrmConnection { user, .. }, lease, owner, .. } = sending;
        let in_doubt = hindrance.in_doubt || sending.doubted;
        if error != AmoError::PermitUnavailable {
            // What became of a permit is in the log already.
            tracing::warn!(%error, in_doubt = in_doubt || lease.in_doubt, tries = lease.tries, "a refresh failed");
        }
        if error == AmoError::HostNotAllowed {
            tracing::error!(amo.host = %sending.grant.host, "an account's host is not allowed: check AMO_ALLOWED_HOSTS");
        }
        let mut dice = [0];
        self.runtime.fill_random(&mut dice);
        let was_sent = was_sent(error);
        let pause = if was_sent {
            pause(lease.tries, dice[0], hindrance.retry_after)
        } else {
            // amoCRM was not asked, so it needs no rest.
            hindrance.retry_after.unwrap_or_default()
        };
        let rest = Rest { in_doubt, pause, accused, was_sent };
        let record = || self.store.rest_refresh_lease(user, *owner, &rest);
        self.persist("a refresh that failed", record).await.flatten()
    }

    /// Takes what amoCRM gave for the token, unless it is another account's.
    async fn receive(&self, sending: &Sending, issued: Issued) -> Turnout {
        if let (Some(told), Some(known)) = (issued.account, sending.grant.account)
            && told != known
        {
            tracing::error!(account = %known, told = %told, "amoCRM answered a refresh with tokens of another account; they are not kept");
            let error = AmoError::OutcomeUnknown;
            let doubt = Hindrance { in_doubt: true, ..Hindrance::certain(ProblemCode::ProviderDown) };
            return self.rest(sending, error, doubt).await;
        }
        self.keep(sending, issued).await
    }

    /// Saves the new pair, for as long as it takes: the old token is spent.
    async fn keep(&self, sending: &Sending, issued: Issued) -> Turnout {
        let Sending { connection: CrmConnection { user, generation, .. }, lease, .. } = sending;
        let served = Served { client: self.client, sent_at: lease.begun_at() };
        let _on_its_way = self.in_hand.take(Bound::Connection(user.clone()));
        let account = issued.account;
        let pair = issued.into_pair(self.runtime.now());
        let mut tries = 0;
        let saved = loop {
            match self.store.save_rotated(user, *generation, &pair, &served, self.runtime.now()).await {
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
        let reason = ReauthReason::of_refusal(sending.is_in_doubt());
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
