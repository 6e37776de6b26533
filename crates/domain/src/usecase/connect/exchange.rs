//! Exchanging an authorization code: one sender at a time, and the tokens are durable before anyone
//! learns of them.

use std::time::Duration;

use futures_channel::oneshot;
use jiff::Timestamp;
use tracing::Instrument as _;

use crate::authorization::budget::ASK_AGAIN;
use crate::authorization::code::{Admission, Admitted, Exchange, ExchangeStatus};
use crate::clock::{Instant, before};
use crate::connection::Grant;
use crate::ids::LeaseOwner;
use crate::lease::{LEASE_RENEWAL, LEASE_TERM};
use crate::ports::{AmoError, Event, ExchangeEnd, Served, StoreError};
use crate::token::{AuthorizationCode, CodeHash, Issued};
use crate::usecase::UseCases;
use crate::usecase::connect::unsolicited_codes::Queued;
use crate::usecase::tokens::tokens_in_flight::Pending;

/// How many requests of this process wait for the outcome of one code. One of them asks the store at a time.
const WAITERS_OF_A_CODE: usize = 8;

/// How far an exchange is when its caller stops waiting.
#[derive(Debug)]
pub(crate) enum Exchanged {
    /// The record; nobody is sending the code any more.
    Settled(Box<Exchange>),
    /// It goes on without the caller.
    StillInFlight,
    /// The attempt is not open any more; nothing was sent.
    StateSpent,
    /// There is no room for it so long, or for one more who waits for its outcome; nothing was sent.
    Later(Duration),
}

impl UseCases {
    /// Exchanges `code`, or waits for the process that already does, until `deadline`. A code that needs a place
    /// waits for it in the queue of this process.
    pub(crate) async fn exchange(
        &self,
        request: Admission,
        code: AuthorizationCode,
        queued: Option<Queued>,
        deadline: Instant,
    ) -> Result<Exchanged, StoreError> {
        if self.is_exchanging(request.code) {
            return self.settled(request.code, deadline).await;
        }
        let owner = self.new_owner();
        let is_unsolicited = request.caller.is_some();
        let admitted = if is_unsolicited {
            self.admit_unsolicited(&request, owner).await?
        } else {
            self.stores.tokens.admit_code(&request, owner, self.runtime.now()).await?
        };
        drop(queued);
        match admitted {
            Admitted::Later(later) => Ok(Exchanged::Later(later.wait)),
            Admitted::StateSpent => Ok(Exchanged::StateSpent),
            Admitted::OnRecord(record) => self.settled(record.code, deadline).await,
            Admitted::Granted(record) => {
                let (done, outcome) = oneshot::channel();
                let this = self.clone();
                let counted = is_unsolicited.then(|| self.unsolicited_codes.count());
                let exchange = async move {
                    // The caller may be gone; the record has the outcome.
                    let _ = done.send(this.send(record, owner, code).await);
                    drop(counted);
                };
                self.runtime.spawn(Box::pin(exchange.instrument(tracing::debug_span!("exchange"))));
                match self.until(deadline, outcome).await {
                    Some(Ok(settled)) => settled.map(|record| Exchanged::Settled(Box::new(record))),
                    Some(Err(oneshot::Canceled)) | None => self.still_in_flight(request.code),
                }
            }
        }
    }

    /// Waits, until `deadline`, until nobody is exchanging `code` any more.
    pub(crate) async fn settled(&self, code: CodeHash, deadline: Instant) -> Result<Exchanged, StoreError> {
        let waiting = async {
            let mut turn = None;
            loop {
                let record = self.stores.tokens.exchange(code).await?.ok_or(StoreError::Conflict)?;
                let is_leased = match record.status {
                    ExchangeStatus::InFlight(lease) => lease.is_live(self.stores.health.clock().await?),
                    _ => false,
                };
                if !is_leased && !self.is_exchanging(code) {
                    return Ok(Exchanged::Settled(Box::new(record)));
                }
                if turn.is_some() {
                    self.before_next_poll().await;
                } else {
                    // A page is reloaded as often as somebody likes, and they need not wait for its answer.
                    match self.codes_under_way.lock_among(WAITERS_OF_A_CODE, code) {
                        Some(lock) => turn = Some(lock.await),
                        None => return Ok(Exchanged::Later(ASK_AGAIN)),
                    }
                }
            }
        };
        self.until(deadline, waiting).await.unwrap_or_else(|| self.still_in_flight(code))
    }

    /// What is told of a code that takes too long: that the store fails, where amoCRM has answered.
    fn still_in_flight(&self, code: CodeHash) -> Result<Exchanged, StoreError> {
        self.tokens_in_flight.failure(&Pending::Code(code)).map_or(Ok(Exchanged::StillInFlight), Err)
    }

    /// Whether this process waits for an answer to `code`, or has one that is not saved yet.
    fn is_exchanging(&self, code: CodeHash) -> bool {
        self.tokens_in_flight.holds(&Pending::Exchange(code)) || self.tokens_in_flight.holds(&Pending::Code(code))
    }

    /// Sends the code under `owner`'s lease and saves the tokens that come back.
    async fn send(&self, record: Exchange, owner: LeaseOwner, code: AuthorizationCode) -> Result<Exchange, StoreError> {
        let _under_way = self.tokens_in_flight.take(Pending::Exchange(record.code));
        let sent_at = match &record.status {
            ExchangeStatus::InFlight(lease) => before(lease.until, LEASE_TERM),
            _ => Timestamp::MIN,
        };
        let renew = || async {
            if let Err(error) = self.stores.tokens.renew_code_lease(record.code, owner).await {
                tracing::warn!(%error, "code lease not renewed");
            }
        };
        let began = self.runtime.instant();
        let ended = |account, end: ExchangeEnd| {
            let took = self.runtime.instant().since(began);
            self.observer.observe(&Event::ExchangeEnded { user: record.user.as_ref(), account, end, took });
        };
        let whole = async {
            let issued = self.amo.exchange(&record.host, record.user.as_ref(), &code).await?;
            let account = issued.account;
            Ok::<_, AmoError>((account, self.save_issued(&record, sent_at, issued).await))
        };
        match self.with_heartbeat(LEASE_RENEWAL, renew, whole).await {
            Ok((account, saved)) => {
                ended(account, ExchangeEnd::Saved);
                saved
            }
            Err(error) => {
                ended(None, ExchangeEnd::Failed(error));
                let refused = error == AmoError::CodeRejected;
                let record = self.stores.tokens.end_exchange(record.code, owner, refused).await?;
                match error {
                    AmoError::PermitUnavailable => Err(StoreError::of_the_rate_limiter()),
                    _ => Ok(record),
                }
            }
        }
    }

    /// Saves the tokens, and tries until it succeeds: the code cannot be exchanged again.
    async fn save_issued(&self, record: &Exchange, sent_at: Timestamp, issued: Issued) -> Result<Exchange, StoreError> {
        let served = Served { client: self.client, sent_at };
        let pending = self.tokens_in_flight.take(Pending::Code(record.code));
        let account = issued.account;
        let host = self.named_host(&issued).unwrap_or_else(|| record.host.clone());
        let tokens = issued.into_pair(self.runtime.now());
        let mut grant = Grant { host, account, tokens };
        if grant.account.is_none() {
            match self.account_of(&grant).await {
                Ok(account) => grant.account = Some(account),
                Err(error) => tracing::warn!(%error, "account number not known yet"),
            }
        }
        let mut tries = 0;
        loop {
            match self.stores.tokens.save_grant(record.code, &grant, &served, self.runtime.now()).await {
                Err(error @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) => {
                    tracing::error!(error = %error.whole(), attempt = tries, "new tokens not saved; trying again");
                    pending.note_failure();
                    self.observer.observe(&Event::SaveFailed);
                }
                // The record was forgotten while this process held its tokens.
                Err(StoreError::Conflict) => {
                    tracing::warn!(attempt = tries, "exchange record was missing; restoring it");
                    // If it cannot be written now, the next try to save finds it missing again.
                    let _ = self.stores.tokens.restore_exchange(record).await;
                }
                Ok(saved) => {
                    if pending.has_failed() {
                        tracing::info!(tries, "new tokens are saved now");
                    }
                    return Ok(saved);
                }
            }
            self.before_saving_again(tries).await;
            tries += 1;
        }
    }
}
