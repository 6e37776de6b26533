//! The port to the model of amoCRM, over a wire that loses, delays and garbles.

mod crm_api;
mod token_requests;
mod writes;

use std::fmt;
use std::sync::{Arc, LazyLock};

use amo_connect_domain::authorization::callback::{Callback, Given, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use url::Url;

use crate::bugs::Bug;
use crate::crm::{Ask, GrantId, PairId, account_id, code_of, pair_of, pair_of_access};
use crate::executor::Home;
use crate::world::World;

/// The consent page; nobody opens it.
#[expect(clippy::unwrap_used, reason = "the address is a constant")]
static PAGE: LazyLock<Url> = LazyLock::new(|| Url::parse("https://www.amocrm.ru/oauth").unwrap());

/// amoCRM, as one life of an instance reaches it.
pub(crate) struct ModelAmo {
    world: Arc<World>,
    home: Home,
}

impl ModelAmo {
    pub(crate) fn new(world: Arc<World>, home: Home) -> Self {
        Self { world, home }
    }

    /// Reads the API with an access token.
    async fn read(&self, host: &AccountHost, token: &AccessToken) -> Result<GrantId, AmoError> {
        let world = &self.world;
        let pair = pair_of_access(token).ok_or(AmoError::AccessRefused)?;
        self.suffer_faults(pair).await?;
        world.crm().opened(host, pair, world.now())
    }

    /// The way of a read there and back.
    async fn suffer_faults(&self, pair: PairId) -> Result<(), AmoError> {
        let world = &self.world;
        let account = world.crm().account(Ask::Refresh(pair));
        let (lasts, instead) = world.faults().read(&world.sim, account, world.now());
        world.sim.sleep(lasts).await;
        instead.map_or(Ok(()), Err)
    }

    /// The same with a pair that has to be durable by now.
    async fn read_saved(&self, host: &AccountHost, token: &AccessToken) -> Result<GrantId, AmoError> {
        if let Some(pair) = pair_of_access(token) {
            self.world.checker().used(pair);
            self.world.judge();
        }
        self.read(host, token).await
    }

    /// Asks where the account is that a refresh token is of.
    async fn look_up(&self, refresh: &RefreshToken) -> Result<Located, AmoError> {
        let Some(pair) = pair_of(refresh) else { return Ok(Located { at: None, by_authority: true }) };
        let account = self.world.crm().account(Ask::Refresh(pair));
        self.suffer_faults(pair).await?;
        if self.world.faults().lacks_authority(&self.world.sim) {
            // A host that is not the account's any more does not know it.
            return Ok(Located { at: None, by_authority: false });
        }
        let found = self.world.crm().locate(pair);
        self.world.note(self.home, || format!("amoCRM → refresh-{pair} is at {found:?}"));
        let at = found.map(|host| FoundHost { host, account: Some(account_id(account)) });
        Ok(Located { at, by_authority: true })
    }
}

#[async_trait]
impl TokenEndpoint for ModelAmo {
    fn authorization_url(&self, _: &State, _: Option<&AccountHost>) -> Url {
        PAGE.clone()
    }

    // Who acts in the simulation speaks to the use cases and not in amoCRM's words.
    fn read_callback(&self, _: &Parameters) -> Callback {
        let (code, state, host) = (Given::Absent, Given::Absent, Given::Absent);
        Callback { code, state, host, denial: None, is_installation: false }
    }

    fn read_hook(&self, _: &Parameters) -> Option<AccountId> {
        None
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        account.clone()
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.send(Ask::Exchange(code_of(code).ok_or(AmoError::CodeRejected)?), permit.host()).await
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        let ask = Ask::Refresh(pair_of(token).ok_or(AmoError::GrantRevoked)?);
        let answer = self.send(ask, permit.host()).await;
        match self.world.bug {
            Some(Bug::ClientResends) if answer == Err(AmoError::OutcomeUnknown) => self.send(ask, permit.host()).await,
            Some(bug) => bug.misread(answer),
            None => answer,
        }
    }

    fn fingerprint(&self) -> ClientFingerprint {
        ClientFingerprint::default()
    }

    fn locator(&self, _: &AccountHost, _: &AccessToken) -> Option<AccountHost> {
        Some(AccountHost::stored("shard.amocrm.ru"))
    }

    async fn locate(
        &self,
        _: Permit<call::LookUp>,
        _: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let located = self.look_up(refresh).await?;
        Ok(self.world.bug.map_or(located.clone(), |bug| bug.mislocate(located)))
    }
}

impl fmt::Debug for ModelAmo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelAmo").field("home", &self.home).finish_non_exhaustive()
    }
}
