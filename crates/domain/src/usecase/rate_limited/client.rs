//! [`RateLimitedClient`]: the only way from a use case to the CRM.

use std::future::Future;
use std::sync::Arc;

use url::Url;

use super::limiter::RateLimiter;
use crate::authorization::callback::{Callback, Parameters};
use crate::client::ClientFingerprint;
use crate::clock::Instant;
use crate::crm::account::{AmoAccount, User};
use crate::crm::contact::Contact;
use crate::crm::event::Event;
use crate::crm::lead::{AmoLeadDetails, LeadFilter, LeadPage};
use crate::crm::note::Note;
use crate::crm::page::{Page, PageRequest};
use crate::crm::pipeline::Pipeline;
use crate::crm::task::{Task, TaskFilter};
use crate::crm::write::Write;
use crate::host::AccountHost;
use crate::idempotency::{WriteKind, WrittenObject};
use crate::ids::{AccountId, UserId};
use crate::ports::{AmoClient, AmoError, Endpoint, Located, Observer, RateLimitStore, Runtime, StoreError};
use crate::rate_limit::{CircuitCount, Pace, Permit, Share, UserTag, call};
use crate::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};

/// Whether others wait for a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it, or the access token is dead.
    Urgent,
    /// Nobody waits for it, and the access token lives.
    CanWait,
}

/// An [`AmoClient`] whose calls wait for their permits, up to five seconds each. Its clones share
/// their queues.
///
/// A caller who would wait longer gets [`AmoError::QueueFull`], with the time until a permit is likely.
/// While the circuit is open, all callers except the probe get [`AmoError::Blocked`]. If the store of
/// rate limits fails, nothing is sent: that is [`AmoError::PermitUnavailable`].
#[derive(Clone, Debug)]
pub struct RateLimitedClient {
    client: Arc<dyn AmoClient>,
    limiter: Option<Arc<RateLimiter>>,
}

impl RateLimitedClient {
    /// Sends what `client` sends, at `pace`.
    pub fn new(
        client: Arc<dyn AmoClient>,
        store: Arc<dyn RateLimitStore>,
        runtime: Arc<dyn Runtime>,
        observer: Arc<dyn Observer>,
        pace: Pace,
    ) -> Self {
        Self { client, limiter: Some(Arc::new(RateLimiter::new(store, runtime, observer, pace))) }
    }

    /// Sends what `client` sends, at once, and tells nobody: for tests.
    #[cfg(feature = "testing")]
    pub fn unlimited(client: Arc<dyn AmoClient>) -> Self {
        Self { client, limiter: None }
    }

    /// How many calls wait for a permit.
    pub(crate) fn waiting(&self) -> usize {
        self.limiter.as_ref().map_or(0, |limiter| limiter.waiting())
    }

    /// How many circuits are not closed.
    pub(crate) async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        match &self.limiter {
            Some(limiter) => limiter.circuits().await,
            None => Ok(CircuitCount::default()),
        }
    }

    async fn with_permit<T, K, F>(
        &self,
        host: &AccountHost,
        endpoint: Endpoint,
        share: Share,
        call: impl FnOnce(Permit<K>) -> F,
    ) -> Result<T, AmoError>
    where
        F: Future<Output = Result<T, AmoError>>,
    {
        match &self.limiter {
            Some(limiter) => limiter.with_permit(host, endpoint, share, call).await,
            None => call(Permit::new(host)).await,
        }
    }

    async fn read<T, F>(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        endpoint: Endpoint,
        call: impl FnOnce(Arc<dyn AmoClient>, Permit<call::Read>, AccessToken) -> F,
    ) -> Result<T, AmoError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AmoError>> + Send + 'static,
    {
        let (client, token) = (Arc::clone(&self.client), token.clone());
        match &self.limiter {
            // A use case makes several reads, and holds the largest of them.
            Some(limiter) => {
                Box::pin(limiter.with_permit_to_read(host, endpoint, |permit| call(client, permit, token))).await
            }
            None => call(client, Permit::new(host), token).await,
        }
    }

    /// See [`TokenEndpoint::authorization_url`](crate::ports::TokenEndpoint::authorization_url).
    pub fn authorization_url(&self, state: &State, account: Option<&AccountHost>) -> Url {
        self.client.authorization_url(state, account)
    }

    /// See [`TokenEndpoint::read_callback`](crate::ports::TokenEndpoint::read_callback).
    pub fn read_callback(&self, parameters: &Parameters) -> Callback {
        self.client.read_callback(parameters)
    }

    /// See [`TokenEndpoint::read_hook`](crate::ports::TokenEndpoint::read_hook).
    pub fn read_hook(&self, parameters: &Parameters) -> Option<AccountId> {
        self.client.read_hook(parameters)
    }

    /// See [`TokenEndpoint::fingerprint`](crate::ports::TokenEndpoint::fingerprint).
    pub fn fingerprint(&self) -> ClientFingerprint {
        self.client.fingerprint()
    }

    /// See [`TokenEndpoint::exchange`](crate::ports::TokenEndpoint::exchange). `host` is the
    /// account's; the permit is for the one of its token endpoint. Codes that belong to no `user` share their turns.
    pub async fn exchange(
        &self,
        host: &AccountHost,
        user: Option<&UserId>,
        code: &AuthorizationCode,
    ) -> Result<Issued, AmoError> {
        let call = |permit: Permit<call::Exchange>| self.client.exchange(permit, code);
        let share = Share::Exchange(UserTag::of(user));
        self.with_permit(&self.client.token_host(host), Endpoint::Exchange, share, call).await
    }

    /// See [`TokenEndpoint::refresh`](crate::ports::TokenEndpoint::refresh). `host` is the
    /// account's; the permit is for the one of its token endpoint. A refresh that can wait has its turn among the reads.
    pub async fn refresh(
        &self,
        host: &AccountHost,
        token: &RefreshToken,
        urgency: Urgency,
    ) -> Result<Issued, AmoError> {
        let call = |permit: Permit<call::Refresh>| self.client.refresh(permit, token);
        let share = match urgency {
            Urgency::Urgent => Share::Refresh,
            Urgency::CanWait => Share::Read,
        };
        self.with_permit(&self.client.token_host(host), Endpoint::Refresh, share, call).await
    }

    /// See [`TokenEndpoint::locator`](crate::ports::TokenEndpoint::locator).
    pub fn locator(&self, host: &AccountHost, access: &AccessToken) -> Option<AccountHost> {
        self.client.locator(host, access)
    }

    /// See [`TokenEndpoint::locate`](crate::ports::TokenEndpoint::locate).
    ///
    /// The permit is for the host that is asked, which serves many accounts. The call is as urgent as
    /// the refresh that waits for it. What that host answers does not count for the account's own host.
    pub async fn locate(
        &self,
        asked: &AccountHost,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let call = |permit: Permit<call::LookUp>| self.client.locate(permit, access, refresh);
        self.with_permit(asked, Endpoint::Locate, Share::Refresh, call).await
    }

    /// See [`CrmApi::account`](crate::ports::CrmApi::account).
    pub async fn account(&self, host: &AccountHost, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        self.read(host, token, Endpoint::Account, |client, permit, token| async move {
            client.account(permit, &token).await
        })
        .await
    }

    /// See [`CrmApi::users`](crate::ports::CrmApi::users).
    pub async fn users(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        page: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        self.read(host, token, Endpoint::Users, |client, permit, token| async move {
            client.users(permit, &token, page).await
        })
        .await
    }

    /// See [`CrmApi::leads`](crate::ports::CrmApi::leads).
    pub async fn leads(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let filter = filter.clone();
        self.read(host, token, Endpoint::Leads, |client, permit, token| async move {
            client.leads(permit, &token, &filter).await
        })
        .await
    }

    /// See [`CrmApi::lead`](crate::ports::CrmApi::lead).
    pub async fn lead(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        self.read(
            host,
            token,
            Endpoint::Lead,
            |client, permit, token| async move { client.lead(permit, &token, id).await },
        )
        .await
    }

    /// The leads with these numbers, at most 250, for whoever shows what belongs to them. Without `ids` nothing is sent.
    pub async fn lead_names(&self, host: &AccountHost, token: &AccessToken, ids: &[u64]) -> Result<LeadPage, AmoError> {
        if ids.is_empty() {
            return Ok(LeadPage { leads: Vec::new(), has_more: false });
        }
        let filter = LeadFilter { limit: 250, ids: ids.to_vec(), ..LeadFilter::default() };
        self.read(host, token, Endpoint::LeadNames, |client, permit, token| async move {
            client.leads(permit, &token, &filter).await
        })
        .await
    }

    /// See [`CrmApi::notes`](crate::ports::CrmApi::notes).
    pub async fn notes(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        self.read(host, token, Endpoint::Notes, |client, permit, token| async move {
            client.notes(permit, &token, lead, page).await
        })
        .await
    }

    /// See [`CrmApi::tasks`](crate::ports::CrmApi::tasks).
    pub async fn tasks(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        // Those of one lead are completed by nothing.
        let endpoint = if filter.lead.is_some() { Endpoint::TasksOfLead } else { Endpoint::Tasks };
        let filter = *filter;
        self.read(
            host,
            token,
            endpoint,
            |client, permit, token| async move { client.tasks(permit, &token, &filter).await },
        )
        .await
    }

    /// See [`CrmApi::events`](crate::ports::CrmApi::events).
    pub async fn events(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        self.read(host, token, Endpoint::Events, |client, permit, token| async move {
            client.events(permit, &token, lead, page).await
        })
        .await
    }

    /// See [`CrmApi::contacts`](crate::ports::CrmApi::contacts). Without `ids` nothing is sent.
    pub async fn contacts(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = ids.to_vec();
        self.read(host, token, Endpoint::Contacts, |client, permit, token| async move {
            client.contacts(permit, &token, &ids).await
        })
        .await
    }

    /// See [`CrmApi::pipelines`](crate::ports::CrmApi::pipelines).
    pub async fn pipelines(&self, host: &AccountHost, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        self.read(host, token, Endpoint::Pipelines, |client, permit, token| async move {
            client.pipelines(permit, &token).await
        })
        .await
    }

    /// See [`CrmApi::note`](crate::ports::CrmApi::note).
    pub async fn note(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        lead: u64,
        id: u64,
    ) -> Result<Option<Note>, AmoError> {
        self.read(host, token, Endpoint::Note, |client, permit, token| async move {
            client.note(permit, &token, lead, id).await
        })
        .await
    }

    /// See [`CrmApi::task`](crate::ports::CrmApi::task).
    pub async fn task(&self, host: &AccountHost, token: &AccessToken, id: u64) -> Result<Option<Task>, AmoError> {
        self.read(
            host,
            token,
            Endpoint::Task,
            |client, permit, token| async move { client.task(permit, &token, id).await },
        )
        .await
    }

    /// See [`CrmApi::write`](crate::ports::CrmApi::write). Its turn is `user`'s. `open` runs when the permit is there,
    /// and names the moment until which the write may be sent. Others may have waited as long for theirs, so it leaves at
    /// their pace, if not later than then; and after `check`, which sees whether it still may. Where one of these fails,
    /// nothing is sent.
    pub async fn write<O, C>(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        user: &UserId,
        write: &Write,
        open: impl FnOnce() -> O,
        check: impl FnOnce(Instant) -> C,
    ) -> Result<Option<WrittenObject>, AmoError>
    where
        O: Future<Output = Result<Instant, AmoError>>,
        C: Future<Output = Result<(), AmoError>>,
    {
        let endpoint = match write.kind() {
            WriteKind::Lead => Endpoint::CreateLead,
            WriteKind::LeadChange => Endpoint::ChangeLead,
            WriteKind::Note => Endpoint::CreateNote,
            WriteKind::Task => Endpoint::CreateTask,
            WriteKind::TaskChange => Endpoint::ChangeTask,
        };
        let send = |permit: Permit<call::Write>| async {
            let by = open().await?;
            if let Some(limiter) = &self.limiter {
                limiter.space_write(host, by).await?;
            }
            check(by).await?;
            self.client.write(permit, token, write).await
        };
        self.with_permit(host, endpoint, Share::Write(UserTag::of(Some(user))), send).await
    }
}
