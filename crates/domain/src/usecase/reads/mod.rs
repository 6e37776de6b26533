//! Reading amoCRM for a user: within a time budget, and with as few calls as possible.
//!
//! The connection is read from the store before the cache is used. Everything that is cached or shared
//! belongs to a user and an epoch, so it cannot outlive the right to see it.

mod cache;
mod contacts;
pub(super) mod lead;
pub(super) mod leads;
pub(super) mod lists;
mod pipelines;
mod refused_contacts;
pub(super) mod retry;
pub(super) mod users;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use crate::clock::Instant;
use crate::connection::{Grant, ProblemCode};
use crate::crm::account::AmoAccount;
use crate::crm::event::Event;
use crate::crm::note::Note;
use crate::crm::page::PageRequest;
use crate::crm::pipeline::Pipeline;
use crate::crm::task::{Task, TaskFilter};
use crate::host::AccountHost;
use crate::ids::{AccountId, Epoch, Generation, UserId};
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::shared_by_key::SharedByKey;
use crate::usecase::single_flight::SingleFlight;
use crate::usecase::timeouts::READ_TIMEOUT;
use crate::usecase::tokens::access_token::{Access, AccessError};
use crate::usecase::tokens::refresh_token::AskedBy;
use lead::{FoundLead, LeadParts};
use leads::{LeadList, LeadRequest};
use lists::{Listed, NamedTask, TaskRequest};
use users::ListedUsers;

use cache::Cache;
use refused_contacts::RefusedContacts;

/// How long before the end of its budget a page stops waiting for its contacts.
const RESERVE: Duration = Duration::from_secs(1);

/// Why amoCRM could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There was no access token.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The call to amoCRM failed.
    #[error(transparent)]
    Amo(#[from] AmoError),
    /// amoCRM answered that the user has no right to it. The connection is good.
    #[error("the user has no right to it")]
    Forbidden,
}

/// amoCRM's answer that the right to something is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forbidden;

impl From<Forbidden> for ReadError {
    fn from(_: Forbidden) -> Self {
        Self::Forbidden
    }
}

/// What reads share within this process.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    cache: Cache,
    refused_contacts: RefusedContacts,
    /// Signals that the connection of a user has ended, to their reads.
    ends: SharedByKey<UserId, Notify>,
    /// How many writes there were. What was begun before one is not shared with whoever asks after it.
    writes: AtomicU64,
    pub(in crate::usecase) pages: SingleFlight<(FlightKey, LeadRequest), Reading<Arc<LeadList>>>,
    leads: SingleFlight<(FlightKey, u64, LeadParts), FoundLead>,
    notes: SingleFlight<(FlightKey, u64, PageRequest), Listed<Note>>,
    events: SingleFlight<(FlightKey, u64, PageRequest), Listed<Event>>,
    tasks_of_lead: SingleFlight<(FlightKey, TaskFilter), Listed<Task>>,
    tasks: SingleFlight<(FlightKey, TaskRequest), Listed<NamedTask>>,
    pipelines: SingleFlight<FlightKey, Arc<Vec<Pipeline>>>,
    accounts: SingleFlight<FlightKey, Arc<AmoAccount>>,
    users: SingleFlight<FlightKey, ListedUsers>,
}

/// What was read. A part of it may be missing.
#[derive(Clone, Debug)]
pub(crate) struct Reading<T> {
    pub(crate) what: T,
    /// Why a part of it could not be read.
    pub(crate) gap: Option<AmoError>,
    /// Whether amoCRM gave any of it for the access token. What was kept tells nothing of the token,
    /// nor of amoCRM.
    is_served: bool,
}

impl<T> Reading<T> {
    /// What amoCRM gave, except for what `gap` kept from coming.
    pub(crate) fn served(what: T, gap: Option<AmoError>) -> Self {
        Self { what, gap, is_served: true }
    }

    fn kept(what: T) -> Self {
        Self { what, gap: None, is_served: false }
    }

    /// Whether amoCRM gave any of it just now.
    pub(crate) fn is_served(&self) -> bool {
        self.is_served
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        Reading { what: change(self.what), gap: self.gap, is_served: self.is_served }
    }

    /// The account's problem that the missing part shows. amoCRM served the other calls, so only
    /// errors that concern all calls count.
    fn problem(&self) -> Option<ProblemCode> {
        self.gap.and_then(ProblemCode::of_read).filter(|problem| match problem {
            ProblemCode::ProviderBlocked | ProblemCode::RateLimited | ProblemCode::PaymentRequired => true,
            ProblemCode::ProviderDown | ProblemCode::Misconfigured | ProblemCode::AccountRefused => false,
        })
    }
}

/// The user and the connection that a read belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Holder {
    user: UserId,
    epoch: Epoch,
    /// The account, where it is known: a database that falls back gives an epoch to another connection.
    account: Option<AccountId>,
}

/// The key of a shared call. A caller with newer tokens, or with another host, does not join a call
/// that may be refused for the old ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FlightKey {
    holder: Holder,
    generation: Generation,
    host: AccountHost,
    writes: u64,
}

/// Access to amoCRM, and whose it is.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) holder: Holder,
    pub(crate) grant: Grant,
    generation: Generation,
    /// How many writes there were when it began.
    writes: u64,
    /// When the read has to be done.
    deadline: Instant,
}

impl Reader {
    pub(crate) fn new(reads: &Reads, user: &UserId, access: &Access, deadline: Instant) -> Self {
        let holder = Holder { user: user.clone(), epoch: access.epoch, account: access.grant.account };
        let (generation, writes) = (access.generation, reads.writes.load(Ordering::Acquire));
        Self { holder, grant: access.grant.clone(), generation, writes, deadline }
    }

    pub(crate) fn flight_key(&self) -> FlightKey {
        let Self { holder, generation, writes, .. } = self;
        FlightKey { holder: holder.clone(), generation: *generation, host: self.grant.host.clone(), writes: *writes }
    }
}

impl Reads {
    /// Forgets cached reads of `user`, and ends reads under way.
    pub(crate) fn forget(&self, user: &UserId) {
        self.cache.forget(user);
        self.refused_contacts.forget(user);
        if let Some(end) = self.ends.get(user) {
            end.notify_waiters();
        }
    }

    /// Forgets what a write of `user` may have changed, so that whoever asks from now on sees it.
    pub(crate) fn outdate(&self, user: &UserId) {
        self.cache.forget_contacts(user);
        self.writes.fetch_add(1, Ordering::AcqRel);
    }
}

impl UseCases {
    /// Does `work` with `user`'s access, once more if amoCRM refuses the access token, and once
    /// more if the account has moved. If the connection has ended or been replaced meanwhile, the
    /// result is dropped and the read starts again.
    ///
    /// # Errors
    /// [`AmoError::NotFound`] means that the item is missing: the account is where it was.
    pub(crate) async fn read<T, F>(&self, user: &UserId, work: impl Fn(Reader) -> F) -> Result<T, ReadError>
    where
        F: Future<Output = Result<Reading<T>, AmoError>>,
    {
        let deadline = self.deadline(READ_TIMEOUT);
        let ends = self.reads.ends.of(user.clone());
        loop {
            let mut end = pin!(ends.notified());
            let access = self.until(deadline, self.access(user, AskedBy::Service)).await;
            let mut access = access.unwrap_or_else(|| Err(self.out_of_time(user)))?;
            let epoch = access.epoch;
            let reading = async {
                let (mut renewed, mut looked_up) = (false, false);
                loop {
                    let reader = Reader::new(&self.reads, user, &access, deadline);
                    let error = match work(reader.clone()).await {
                        Err(error) => error,
                        Ok(reading) if reading.gap == Some(AmoError::AccessRefused) => {
                            let is_new = self.reads.refused_contacts.note(&reader.holder);
                            if is_new && !renewed {
                                let again = Box::pin(self.read_with_the_next(user, &access, deadline, &work));
                                if let Some(Some(better)) = self.until(deadline - RESERVE, again).await {
                                    access = better.0;
                                    return Ok(better.1);
                                }
                            }
                            return Ok(reading);
                        }
                        Ok(reading) => return Ok(reading),
                    };
                    let mended = if error == AmoError::AccessRefused { &mut renewed } else { &mut looked_up };
                    if std::mem::replace(mended, true) {
                        return Err(error.into());
                    }
                    let other = self.access_after(user, &access, error, AskedBy::Service).await?;
                    access = other.ok_or(error)?;
                }
            };
            let ended = async {
                loop {
                    end.as_mut().await;
                    // Before the epoch is read, so that no end is missed.
                    end.set(ends.notified());
                    if self.epoch(user).await.is_ok_and(|now| now != epoch) {
                        return;
                    }
                }
            };
            let Either::Left((outcome, _)) = select(pin!(self.until(deadline, reading)), pin!(ended)).await else {
                continue;
            };
            let outcome = outcome.unwrap_or_else(|| match self.out_of_time(user) {
                AccessError::RefreshInProgress => Err(AmoError::TimedOut.into()),
                failed => Err(failed.into()),
            });
            if outcome.is_ok() {
                let now = self.until(deadline, self.epoch(user)).await.ok_or(AmoError::TimedOut)?;
                if now.map_err(AccessError::from)? != epoch {
                    continue;
                }
            }
            self.note_reading(user, &access, &outcome).await;
            return outcome.map(|reading| reading.what);
        }
    }

    /// Notes what a read shows about the connection, where that is new. A cached answer shows nothing. A
    /// read does not clear `misconfigured`: that comes from the token endpoint.
    pub(crate) async fn note_reading<T>(
        &self,
        user: &UserId,
        access: &Access,
        outcome: &Result<Reading<T>, ReadError>,
    ) {
        match outcome {
            Ok(reading) if !reading.is_served => return,
            Ok(_) => self.note_use(user, access, None).await,
            Err(ReadError::Amo(error)) => self.note_use(user, access, Some(*error)).await,
            Err(ReadError::Access(_) | ReadError::Forbidden) => {}
        }
        let problem = match outcome {
            Ok(reading) => reading.problem(),
            Err(ReadError::Amo(error) | ReadError::Access(AccessError::Amo(error))) => {
                match ProblemCode::of_read(*error) {
                    Some(problem) => Some(problem),
                    None => return,
                }
            }
            Err(ReadError::Access(_) | ReadError::Forbidden) => return,
        };
        let stays = problem.is_none() && access.problem == Some(ProblemCode::Misconfigured);
        if problem != access.problem && !stays {
            self.note(user, access.generation, problem).await;
        }
    }

    /// Removes old entries from the cache.
    pub(crate) fn sweep_reads(&self) {
        self.reads.cache.sweep(self.runtime.instant());
    }
}
