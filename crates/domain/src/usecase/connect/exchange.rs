//! Exchanging an authorization code: one sender at a time, the tokens durable before anyone is told.

use futures_channel::oneshot;
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;

use crate::authorization::code::{Admission, Admitted, Exchange, ExchangeStatus};
use crate::clock::{Instant, before};
use crate::connection::Grant;
use crate::ids::LeaseOwner;
use crate::ports::{AmoError, Served, StoreError};
use crate::refresh::lease::{LEASE_RENEWAL, LEASE_TERM};
use crate::token::{AuthorizationCode, CodeHash, Issued};
use crate::usecase::UseCases;
use crate::usecase::tokens::pending_saves::Pending;

/// How an exchange stands when its asker's `longest_wait` ends.
#[derive(Debug)]
pub(crate) enum Exchanged {
    /// What is on record; nobody is at it any more.
    Settled(Box<Exchange>),
    /// It goes on without the asker.
    StillInFlight,
    /// The attempt is not open any more; nothing was sent.
    StateSpent,
}

impl UseCases {
    /// Has `code` exchanged, by us or by whoever is at it already, and waits until `deadline`.
    /// `place` is held for as long as we are at it.
    pub(crate) async fn exchange(
        &self,
        request: Admission,
        code: AuthorizationCode,
        place: Option<OwnedSemaphorePermit>,
        deadline: Instant,
    ) -> Result<Exchanged, StoreError> {
        if self.is_at(request.code) {
            return self.settled(request.code, deadline).await;
        }
        let owner = self.new_owner();
        match self.stores.tokens.admit_code(&request, owner, self.runtime.now()).await? {
            Admitted::StateSpent => Ok(Exchanged::StateSpent),
            Admitted::OnRecord(record) => self.settled(record.code, deadline).await,
            Admitted::Granted(record) => {
                let (done, outcome) = oneshot::channel();
                let this = self.clone();
                self.runtime.spawn(Box::pin(async move {
                    // The asker may be gone; the record has the outcome.
                    let _ = done.send(this.send(record, owner, code).await);
                    drop(place);
                }));
                match self.until(deadline, outcome).await {
                    Some(Ok(settled)) => settled.map(|record| Exchanged::Settled(Box::new(record))),
                    Some(Err(oneshot::Canceled)) | None => self.still_in_flight(request.code),
                }
            }
        }
    }

    /// Waits, until `deadline`, for nobody to be exchanging `code` any more.
    pub(crate) async fn settled(&self, code: CodeHash, deadline: Instant) -> Result<Exchanged, StoreError> {
        let waiting = async {
            loop {
                let record = self.stores.tokens.exchange(code).await?.ok_or(StoreError::Conflict)?;
                match record.status {
                    ExchangeStatus::InFlight(lease) if lease.is_live(self.stores.health.clock().await?) => {
                        self.look_again().await;
                    }
                    _ if self.is_at(code) => self.look_again().await,
                    _ => return Ok(Exchanged::Settled(Box::new(record))),
                }
            }
        };
        self.until(deadline, waiting).await.unwrap_or_else(|| self.still_in_flight(code))
    }

    /// What is told of a code that takes too long: that the store fails, where amoCRM has answered.
    fn still_in_flight(&self, code: CodeHash) -> Result<Exchanged, StoreError> {
        self.pending_saves.failure(&Pending::Code(code)).map_or(Ok(Exchanged::StillInFlight), Err)
    }

    /// Whether this process waits for an answer to `code`, or has one that is not saved yet.
    fn is_at(&self, code: CodeHash) -> bool {
        self.pending_saves.holds(&Pending::Exchange(code)) || self.pending_saves.holds(&Pending::Code(code))
    }

    /// Sends the code under `owner`'s lease and brings in what comes back.
    async fn send(&self, record: Exchange, owner: LeaseOwner, code: AuthorizationCode) -> Result<Exchange, StoreError> {
        let _under_way = self.pending_saves.take(Pending::Exchange(record.code));
        let sent_at = match &record.status {
            ExchangeStatus::InFlight(lease) => before(lease.until, LEASE_TERM),
            _ => Timestamp::MIN,
        };
        let beat = || async {
            if let Err(error) = self.stores.tokens.renew_code_lease(record.code, owner).await {
                tracing::warn!(%error, "a lease on an authorization code could not be renewed");
            }
        };
        let whole = async {
            let issued = self.amo.exchange(&record.host, &code).await?;
            Ok::<_, AmoError>(self.bring_in(&record, sent_at, issued).await)
        };
        match self.while_beating(LEASE_RENEWAL, beat, whole).await {
            Ok(record) => record,
            Err(error) => {
                let refused = error == AmoError::CodeRejected;
                match error {
                    AmoError::CodeRejected => tracing::info!(%error, "an authorization code was refused"),
                    AmoError::Misconfigured => {
                        tracing::error!(%error, "check AMO_CLIENT_ID, AMO_CLIENT_SECRET and AMO_REDIRECT_URI");
                    }
                    // That is in the log already.
                    AmoError::PermitUnavailable => {}
                    _ => tracing::warn!(%error, "an authorization code could not be exchanged"),
                }
                let ended = self.stores.tokens.end_exchange(record.code, owner, refused).await?;
                match error {
                    AmoError::PermitUnavailable => Err(StoreError::of_the_rate_limiter()),
                    _ => Ok(ended),
                }
            }
        }
    }

    /// Saves what amoCRM gave, for as long as it takes: the code cannot buy it again.
    async fn bring_in(&self, record: &Exchange, sent_at: Timestamp, issued: Issued) -> Result<Exchange, StoreError> {
        let served = Served { client: self.client, sent_at };
        let pending = self.pending_saves.take(Pending::Code(record.code));
        let account = issued.account;
        let tokens = issued.into_pair(self.runtime.now());
        let mut grant = Grant { host: record.host.clone(), account, tokens };
        if grant.account.is_none() {
            match self.account_of(&grant).await {
                Ok(account) => grant.account = Some(account),
                Err(error) => tracing::warn!(%error, "the account's number is not known yet"),
            }
        }
        let mut tries = 0;
        loop {
            match self.stores.tokens.save_grant(record.code, &grant, &served, self.runtime.now()).await {
                Err(error @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) => {
                    tracing::error!(error = %error.whole(), tries, "new tokens are not saved yet; trying again");
                    pending.note_failure();
                    self.before_saving_again(tries).await;
                    tries += 1;
                }
                // The record is gone, and what it stood for is here.
                Err(StoreError::Conflict) => {
                    tracing::warn!(tries, "the record of an authorization code was forgotten while it was under way");
                    // If it cannot be written now, the next try to save finds it missing again.
                    let _ = self.stores.tokens.restore_exchange(record).await;
                    self.before_saving_again(tries).await;
                    tries += 1;
                }
                settled => {
                    if tries > 0 && settled.is_ok() {
                        tracing::info!(tries, "new tokens are saved now");
                    }
                    return settled;
                }
            }
        }
    }
}
