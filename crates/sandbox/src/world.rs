//! The sandbox as a whole: what never changes, and the state behind its lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use crate::{
    AccountId, AccountInfo, Integration, IssuedCode, Options, SandboxError, UserId, data,
    grants::{Book, Holder, Mint},
    hook::{self, HookSender},
    hosts::{Doors, Hosts, Scheme},
    journal::Journal,
    state::State,
    store::{Account, CommitListener, User},
    webhooks::Webhooks,
};

/// Everything a request needs to be answered.
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) integrations: Vec<Integration>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) hook_sender: HookSender,
    pub(crate) webhooks: Arc<Webhooks>,
    /// How all hosts are spoken to.
    pub(crate) scheme: Scheme,
    pub(crate) doors: Doors,
    pub(crate) journal: Journal,
    /// Who is at home where at the start.
    hosts: Hosts,
    state: Mutex<State>,
}

impl World {
    /// Builds the world of `accounts` that answers on `hosts`.
    pub(crate) fn new(
        options: Options,
        accounts: Vec<Account>,
        hosts: Hosts,
        doors: Doors,
    ) -> Result<Self, SandboxError> {
        options.faults.check()?;
        options.switches.check()?;
        let integrations = options.integrations();
        for integration in &integrations {
            check_redirect_uri(&integration.redirect_uri)?;
            check_hook(integration.hook_url.as_deref(), options.allow_non_loopback)?;
        }
        let webhooks = Arc::<Webhooks>::default();
        for account in &accounts {
            account.store.tell(account.id, Arc::clone(&webhooks) as Arc<dyn CommitListener>);
        }
        let state = fresh_state(&options, &hosts)?;
        Ok(Self {
            integrations,
            accounts,
            hook_sender: HookSender::new()?,
            webhooks,
            scheme: hosts.login().scheme(),
            doors,
            journal: Journal::default(),
            hosts,
            state: Mutex::new(state),
            options,
        })
    }

    /// The state; a request that panicked with it in hand leaves it as it was.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes everything as it was at the start.
    pub(crate) fn reset(&self) -> Result<(), SandboxError> {
        let state = fresh_state(&self.options, &self.hosts)?;
        *self.state() = state;
        self.journal.clear();
        self.webhooks.reset();
        for account in &self.accounts {
            account.store.reset(|| data::regenerate(account.id, &self.options));
        }
        Ok(())
    }

    /// Seconds since 1970 by the sandbox's clock.
    pub(crate) fn now(&self) -> u64 {
        self.state().now().unix()
    }

    pub(crate) fn account(&self, id: AccountId) -> Result<&Account, SandboxError> {
        let found = self.accounts.iter().find(|account| account.id == id);
        found.ok_or(SandboxError::UnknownAccount(id))
    }

    pub(crate) fn integration(&self, client_id: &str) -> Result<&Integration, SandboxError> {
        let found = self.integrations.iter().find(|known| known.client_id == client_id);
        found.ok_or_else(|| SandboxError::UnknownIntegration(client_id.to_owned()))
    }

    /// The integration of the service under test.
    pub(crate) fn own_client_id(&self) -> &str {
        self.integrations.first().map_or("", |own| own.client_id.as_str())
    }

    /// Issues a code as if `user` (or the account's first administrator) had allowed access.
    pub(crate) fn issue_code(
        &self,
        account: AccountId,
        user: Option<UserId>,
        client_id: &str,
    ) -> Result<IssuedCode, SandboxError> {
        let known = self.account(account)?;
        let (user, is_full) = {
            let tables = known.store.read();
            let user = user.unwrap_or_else(|| tables.first_user());
            let found = tables.user(user).filter(|user| user.is_active);
            found.map(|user| (user.id, user.is_admin)).ok_or(SandboxError::UnknownUser { account, user })?
        };
        let client_id = self.integration(client_id)?.client_id.clone();
        let mut state = self.state();
        let expires = state.now().after(state.switches.code_ttl);
        let code = state.book.issue_code(Holder { account, user, is_full, client_id }, expires);
        state.stats.codes += 1;
        Ok(IssuedCode { code, referer: state.hosts.of(account).bare().to_owned() })
    }

    /// The accounts as the controls show them.
    pub(crate) fn account_infos(&self) -> Vec<AccountInfo> {
        let info = |account: &Account| {
            let host = self.state().hosts.of(account.id).bare().to_owned();
            let tables = account.store.read();
            AccountInfo {
                id: account.id,
                name: account.name.clone(),
                host,
                leads: tables.leads.rows().iter().filter(|lead| !lead.card.is_deleted).count(),
                users: tables.users.iter().filter(|user| user.is_active).map(User::info).collect(),
            }
        };
        self.accounts.iter().map(info).collect()
    }
}

fn fresh_state(options: &Options, hosts: &Hosts) -> Result<State, SandboxError> {
    let book = Book::new(Mint::new()?);
    Ok(State::new(hosts.clone(), book, options.faults.clone(), options.switches.clone()))
}

/// The hook goes where the sandbox may be reached from: nowhere else, unless that is allowed.
fn check_hook(url: Option<&str>, allow_non_loopback: bool) -> Result<(), SandboxError> {
    let leads_here = |url: &str| Url::parse(url).is_ok_and(|url| hook::is_loopback(&url));
    match url {
        Some(url) if !allow_non_loopback && !leads_here(url) => Err(SandboxError::HookNotLoopback(url.to_owned())),
        _ => Ok(()),
    }
}

fn check_redirect_uri(uri: &str) -> Result<(), SandboxError> {
    let redirect = |source| SandboxError::RedirectUri { uri: uri.to_owned(), source };
    Url::parse(uri).map_err(redirect).map(drop)
}
