//! The refresh, a task of the process: lease, send, judge the answer.

use std::future::Future;

use futures_channel::oneshot;
use jiff::Timestamp;
use tracing::Instrument as _;

use crate::clock::Instant;
use crate::connection::{CrmConnection, Grant, ProblemCode};
use crate::ids::{Generation, LeaseOwner, UserId};
use crate::lease::LEASE_RENEWAL;
use crate::ports::{AmoError, Event, RefreshEnd, RefreshEnded, RefreshRequest, StoreError};
use crate::refresh::lease::{LeaseRequest, RefreshLease};
use crate::refresh::policy::{BackoffCause, Refusal};
use crate::token::Issued;
use crate::usecase::UseCases;
use crate::usecase::host_look_up::Whereabouts;
use crate::usecase::rate_limited::Urgency;
use crate::usecase::timeouts::REFRESH_TIMEOUT;
use crate::usecase::tokens::tokens_in_flight::Pending;

/// Who asks for a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AskedBy {
    /// The service, for somebody who waits for it.
    Service,
    /// The service, and nobody waits for it.
    Background,
    /// An operator, or the revocation check after amoCRM's hook.
    Hand,
}

/// The outcome of a refresh. The store has the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshOutcome {
    /// The row has moved on: a newer pair, or no grant any more.
    Outdated,
    /// amoCRM gave no pair, and may later.
    Failed(AmoError),
    /// amoCRM was not asked: the last refresh failed so, and the token is not sent before this moment
    /// of the store's clock.
    BackingOff(AmoError, Timestamp),
    /// The database failed before anything was sent.
    StoreFailed,
    /// Another process, or another task, still does it.
    InProgress,
    /// The stored tokens cannot be opened.
    Unreadable,
}

impl From<RefreshEnd> for RefreshOutcome {
    fn from(end: RefreshEnd) -> Self {
        match end {
            RefreshEnd::Refreshed | RefreshEnd::Superseded | RefreshEnd::Refused(_) => Self::Outdated,
            RefreshEnd::Failed { error, .. } => Self::Failed(error),
            RefreshEnd::LeaseLost => Self::InProgress,
            RefreshEnd::StoreFailed(_) => Self::StoreFailed,
            RefreshEnd::Unreadable => Self::Unreadable,
        }
    }
}

/// The right to send a connection's refresh token.
pub(super) struct Sending {
    pub(super) connection: CrmConnection,
    pub(super) grant: Grant,
    pub(super) lease: RefreshLease,
    pub(super) owner: LeaseOwner,
    urgency: Urgency,
    /// When the lease was asked for.
    asked: Instant,
}

impl UseCases {
    /// Refreshes the tokens of `generation`, or waits for the process that already does. All callers
    /// of this process share one wait, which ends with the last of them; a refresh that has begun goes on
    /// without them.
    pub(crate) fn refreshing(
        &self,
        user: UserId,
        generation: Generation,
        by: AskedBy,
    ) -> impl Future<Output = Result<RefreshOutcome, AmoError>> + use<> {
        // Who waits shares a refresh that was begun in the background.
        let shared = if by == AskedBy::Background { AskedBy::Service } else { by };
        self.refreshes.join((user.clone(), generation, shared), || {
            let this = self.clone();
            async move { Ok(this.wait_for_refresh(user, generation, by).await) }
        })
    }

    /// Begins the refresh once nobody else does it. Waiting belongs to the callers: were it a task, each caller that
    /// goes away and comes again would leave one more.
    async fn wait_for_refresh(&self, user: UserId, generation: Generation, by: AskedBy) -> RefreshOutcome {
        let deadline = self.deadline(REFRESH_TIMEOUT);
        while self.runtime.instant() < deadline {
            let saving = self.tokens_in_flight.holds(&Pending::Connection(user.clone()));
            let alone = self.tokens_in_flight.take_alone(Pending::Refresh(user.clone(), generation));
            if let Some(under_way) = alone.filter(|_| !saving) {
                let (done, outcome) = oneshot::channel();
                let (this, user) = (self.clone(), user.clone());
                let span = tracing::debug_span!("refresh", %user);
                let refresh = async move {
                    let outcome = this.run_refresh(&user, generation, by).await;
                    drop(under_way);
                    // The callers may be gone; the store has the outcome.
                    let _ = done.send(outcome);
                };
                self.runtime.spawn(Box::pin(refresh.instrument(span)));
                match outcome.await {
                    Ok(Some(outcome)) => return outcome,
                    Ok(None) => {}
                    Err(oneshot::Canceled) => return RefreshOutcome::InProgress,
                }
            }
            self.before_next_poll().await;
        }
        RefreshOutcome::InProgress
    }

    /// Asks for the lease, and refreshes with it. `None` if another process has it.
    async fn run_refresh(&self, user: &UserId, generation: Generation, by: AskedBy) -> Option<RefreshOutcome> {
        let (client, by_hand) = (self.client, by == AskedBy::Hand);
        let asked = self.runtime.instant();
        // A token that the store has fallen back to is spent, and must not be sent.
        if let Err(error @ StoreError::Unavailable(_)) = self.restore_lost_pair(user).await {
            return Some(self.not_begun(user, RefreshEnd::StoreFailed(error), asked));
        }
        let owner = self.new_owner();
        let request = LeaseRequest { generation, owner, client, by_hand };
        Some(match self.stores.tokens.lease_refresh(user, &request).await {
            Ok(RefreshRequest::Granted(connection, lease)) => {
                let Some(grant) = connection.grant().cloned() else { return Some(RefreshOutcome::Outdated) };
                self.observer.observe(&Event::RefreshBegan { tries: lease.tries });
                let can_wait = by == AskedBy::Background && grant.tokens.is_alive(self.runtime.now());
                let urgency = if can_wait { Urgency::CanWait } else { Urgency::Urgent };
                let connection = *connection;
                self.refresh(Sending { connection, grant, lease, owner, urgency, asked }).await
            }
            Ok(RefreshRequest::Outdated) => RefreshOutcome::Outdated,
            Ok(RefreshRequest::Unreadable) => self.not_begun(user, RefreshEnd::Unreadable, asked),
            Ok(RefreshRequest::Held) => return None,
            Ok(RefreshRequest::BackingOff(until)) => {
                let problem = match self.stores.tokens.connection(user).await {
                    Ok(connection) => connection.and_then(|connection| connection.problem),
                    Err(error) => return Some(self.not_begun(user, RefreshEnd::StoreFailed(error), asked)),
                };
                let last = problem.map_or(AmoError::Unavailable, |problem| problem.code.as_error());
                RefreshOutcome::BackingOff(last, until)
            }
            Err(error) => self.not_begun(user, RefreshEnd::StoreFailed(error), asked),
        })
    }

    /// Tells that a refresh ended before anything was sent.
    fn not_begun(&self, user: &UserId, end: RefreshEnd, asked: Instant) -> RefreshOutcome {
        let took = self.runtime.instant().since(asked);
        let ended = RefreshEnded { user, account: None, end: &end, attempt: 0, took };
        self.observer.observe(&Event::RefreshEnded(ended));
        end.into()
    }

    /// Sends the refresh token and handles the answer, and renews the lease meanwhile.
    async fn refresh(&self, sending: Sending) -> RefreshOutcome {
        let (user, owner) = (sending.connection.user.clone(), sending.owner);
        let renew = || async {
            if let Err(error) = self.stores.tokens.renew_refresh_lease(&user, owner).await {
                tracing::warn!(%user, %error, "refresh lease not renewed");
            }
        };
        let (account, attempt, asked) = (sending.grant.account, sending.lease.tries + 1, sending.asked);
        let end = self.with_heartbeat(LEASE_RENEWAL, renew, self.send_token(sending)).await;
        let took = self.runtime.instant().since(asked);
        let ended = RefreshEnded { user: &user, account, end: &end, attempt, took };
        self.observer.observe(&Event::RefreshEnded(ended));
        end.into()
    }

    async fn send_token(&self, sending: Sending) -> RefreshEnd {
        let mut host = sending.grant.host.clone();
        let mut moved = false;
        loop {
            let error = match self.amo.refresh(&host, &sending.grant.tokens.refresh, sending.urgency).await {
                Ok(issued) => return self.receive(&sending, issued).await,
                Err(error) => error,
            };
            let then = match Refusal::of(error) {
                Refusal::BackOff(cause) => return self.back_off(&sending, error, cause).await,
                Refusal::LookUp(then) => then,
            };
            match self.whereabouts(&host, &sending.grant).await {
                // This host did not take the token, so nothing is in doubt, and the lease's owner may send it to the new
                // one. The lease may have lapsed, and another may own it by now.
                Ok(Whereabouts::MovedTo(now)) => {
                    let user = &sending.connection.user;
                    self.follow(user, sending.lease.generation, &now).await;
                    if moved {
                        return self.back_off(&sending, error, BackoffCause::certain(ProblemCode::ProviderDown)).await;
                    }
                    match self.stores.tokens.renew_refresh_lease(user, sending.owner).await {
                        Ok(true) => (host, moved) = (now, true),
                        Ok(false) => return RefreshEnd::LeaseLost,
                        Err(error) => return RefreshEnd::StoreFailed(error),
                    }
                }
                Ok(Whereabouts::Here | Whereabouts::Disowned) => return self.settle(&sending, error, then).await,
                Ok(Whereabouts::Unknown { failure, again }) => {
                    return self.wait_for_look_up(&sending, error, then, failure, again).await;
                }
                Err(unseen) => {
                    let cause = then.cause();
                    self.end_lease(&sending, error, cause, None).await;
                    return RefreshEnd::StoreFailed(unseen);
                }
            }
        }
    }

    /// Saves the issued pair, unless it is another account's.
    async fn receive(&self, sending: &Sending, issued: Issued) -> RefreshEnd {
        if let (Some(told), Some(known)) = (issued.account, sending.grant.account)
            && told != known
        {
            tracing::error!(account = %known, told = %told, "refresh answered with tokens of another account; they are not saved");
            let error = AmoError::OutcomeUnknown;
            let doubt = BackoffCause { in_doubt: true, ..BackoffCause::certain(ProblemCode::ProviderDown) };
            return self.back_off(sending, error, doubt).await;
        }
        self.save_pair(sending, issued).await
    }
}
