//! A client over the inner one in memory that breaks one promise.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::fixtures::{self, host, issued};
use amo_connect_contract::{Dress, FakeAmo, Reply};
use amo_connect_domain::authorization::callback::{Callback, Denial, Given, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use url::Url;

use crate::kinds::Mutant;

/// An [`AmoClient`] that keeps every promise but one.
#[derive(Clone)]
pub(crate) struct MutantClient {
    pub(crate) inner: FakeAmo,
    pub(crate) mutant: Mutant,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
    /// Whether the connection was lost that the next call goes over.
    is_dead: Arc<AtomicBool>,
}

impl fmt::Debug for MutantClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shows_all = self.is(Mutant::ShowsSecrets) || self.is(Mutant::ShowsTexts);
        let shown = if shows_all { self.seen.lock().unwrap().clone() } else { Vec::new() };
        f.debug_struct("MutantClient").field("seen", &shown).finish_non_exhaustive()
    }
}

impl MutantClient {
    pub(crate) fn new(mutant: Mutant) -> Self {
        Self { inner: FakeAmo::new(), mutant, seen: Arc::default(), is_dead: Arc::default() }
    }

    /// What this client can read of an answer.
    pub(crate) fn reads(&self, reply: Reply) -> Reply {
        match (self.mutant, &reply) {
            (_, Reply::IssuesIn(dress, _)) if self.lost_dress() == Some(*dress) => Reply::Garbled,
            (Mutant::CallsFailuresRefusals, Reply::Fails(500..))
            | (Mutant::CallsLossesRefusals, Reply::CutAfterTheDeed | Reply::Silence)
            | (Mutant::CallsNonsenseRefusals, Reply::Garbled | Reply::Incomplete) => Reply::OddRefusal,
            _ => reply,
        }
    }

    /// The dress in which this client does not see a pair.
    fn lost_dress(&self) -> Option<Dress> {
        match self.mutant {
            Mutant::LosesByteOrderMark => Some(Dress::ByteOrderMark),
            Mutant::LosesCompressed => Some(Dress::Compressed),
            Mutant::LosesEndsEarly => Some(Dress::EndsEarly),
            Mutant::LosesMembersTwice => Some(Dress::MembersTwice),
            Mutant::LosesNotices => Some(Dress::Notices),
            Mutant::LosesOddHeaders => Some(Dress::OddHeaders),
            Mutant::LosesReset => Some(Dress::Reset),
            Mutant::LosesStatus201 => Some(Dress::Status(201)),
            Mutant::LosesStatus401 => Some(Dress::Status(401)),
            Mutant::LosesStatus503 => Some(Dress::Status(503)),
            Mutant::LosesStaysOpen => Some(Dress::StaysOpen),
            _ => None,
        }
    }

    pub(crate) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == mutant
    }

    /// Where a call really goes.
    pub(crate) fn host(&self, named: &AccountHost) -> AccountHost {
        if self.is(Mutant::SendsAnywhere) { host(1) } else { named.clone() }
    }

    /// What a secret becomes on its way.
    fn secret(&self, secret: &str) -> String {
        self.seen.lock().unwrap().push(secret.to_owned());
        if self.is(Mutant::TrimsSecrets) { secret.replace(' ', "") } else { secret.to_owned() }
    }

    pub(crate) async fn call<T, F: Future<Output = Result<T, AmoError>>>(
        &self,
        call: impl Fn() -> F,
    ) -> Result<T, AmoError> {
        if self.is(Mutant::UsesDeadConnections) && self.is_dead.swap(false, Ordering::SeqCst) {
            return Err(AmoError::ConnectionLost);
        }
        let mut outcome = call().await;
        self.is_dead.store(outcome.as_ref().err() == Some(&AmoError::ConnectionLost), Ordering::SeqCst);
        if self.is(Mutant::AsksTwice) || self.is(Mutant::TriesAgain) && outcome.is_err() {
            outcome = call().await;
        }
        match (self.mutant, outcome) {
            (Mutant::CallsAllDoubt, Err(_)) => Err(AmoError::OutcomeUnknown),
            (Mutant::CallsDoubtUnavailable, Err(AmoError::OutcomeUnknown))
            | (Mutant::CallsLossesUnavailable, Err(AmoError::ConnectionLost)) => Err(AmoError::Unavailable),
            (Mutant::CallsForbiddenRefused, Err(AmoError::Forbidden)) => Err(AmoError::AccessRefused),
            (_, outcome) => outcome,
        }
    }

    /// A page as this client lists it.
    pub(crate) fn list<T>(&self, mut page: Page<T>, is_known: impl FnMut(&T) -> bool) -> Page<T> {
        if self.is(Mutant::DropsUnknownTypes) {
            page.items.retain(is_known);
        }
        if self.is(Mutant::TurnsListsAround) {
            page.items.reverse();
        }
        page
    }

    fn pair(&self, pair: Issued) -> Issued {
        match self.mutant {
            Mutant::ForgetsTheAccount => Issued { account: None, ..pair },
            Mutant::ForgetsTheHost => Issued { host: None, ..pair },
            Mutant::GuessesLives => Issued { expires_in: Duration::from_secs(1), ..pair },
            _ => pair,
        }
    }

    fn refused<T>(&self, outcome: Result<T, AmoError>, refusal: AmoError) -> Result<T, AmoError> {
        outcome.map_err(|error| if self.is(Mutant::CallsAllRefused) { refusal } else { error })
    }
}

#[async_trait]
impl TokenEndpoint for MutantClient {
    fn authorization_url(&self, state: &State, account: Option<&AccountHost>) -> Url {
        match self.mutant {
            Mutant::GarblesTheState => {
                self.inner.authorization_url(&State::new(state.expose().replace('&', "")), account)
            }
            _ => self.inner.authorization_url(state, account),
        }
    }

    fn read_callback(&self, parameters: &Parameters) -> Callback {
        let mut callback = self.inner.read_callback(parameters);
        match self.mutant {
            Mutant::GarblesTheState => callback.state = Given::One(State::new("garbled")),
            Mutant::TakesTheFirst => {
                let first = |name: &str| parameters.all(name).next().unwrap_or_default().to_owned();
                callback.code = Given::One(AuthorizationCode::new(first("code")));
            }
            Mutant::HearsNoNo => callback.denial = callback.denial.and(Some(Denial::Failed)),
            _ => {}
        }
        callback
    }

    fn read_hook(&self, parameters: &Parameters) -> Option<AccountId> {
        match self.mutant {
            Mutant::BelievesEverybody => parameters.text("account_id").one()?.parse().ok().map(AccountId),
            _ => self.inner.read_hook(parameters),
        }
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        self.inner.token_host(account)
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        let host = permit.host();
        let (host, code) = (self.host(host), AuthorizationCode::new(self.secret(code.expose())));
        let outcome = self.call(|| self.inner.exchange(fixtures::permit(&host), &code)).await;
        self.refused(outcome, AmoError::CodeRejected).map(|pair| self.pair(pair))
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        let host = permit.host();
        let (host, token) = (self.host(host), RefreshToken::new(self.secret(token.expose())));
        let outcome = self.call(|| self.inner.refresh(fixtures::permit(&host), &token)).await;
        if self.is(Mutant::KeepsTheOldPair) && outcome == Err(AmoError::OutcomeUnknown) {
            return Ok(Issued { refresh: token, ..issued("new") });
        }
        self.refused(outcome, AmoError::GrantRevoked).map(|pair| self.pair(pair))
    }

    fn fingerprint(&self) -> ClientFingerprint {
        self.inner.fingerprint()
    }

    fn locator(&self, host: &AccountHost, access: &AccessToken) -> Option<AccountHost> {
        self.inner.locator(host, access)
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let host = self.host(permit.host());
        let located = self.call(|| self.inner.locate(fixtures::permit(&host), access, refresh)).await;
        match (self.mutant, located) {
            (Mutant::FollowsAnywhere, Err(AmoError::HostNotAllowed)) => {
                Ok(Located { at: Some(FoundHost { host, account: None }), by_authority: true })
            }
            (Mutant::FindsNothing, Ok(_)) | (Mutant::TakesSilenceForNo, Err(_)) => {
                Ok(Located { at: None, by_authority: true })
            }
            (Mutant::NeverSaysNo, Ok(Located { at: None, .. })) => Err(AmoError::AccessRefused),
            (_, located) => located,
        }
    }
}
