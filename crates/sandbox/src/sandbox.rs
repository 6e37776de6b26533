//! The handle of a running sandbox: where it is, and everything it can be told to do.

mod entities;
mod people;
mod webhooks;

use std::{path::PathBuf, sync::Arc, time::Duration};

use actix_web::dev::ServerHandle;
use tokio::task::AbortHandle;

use crate::{
    AccountId, AccountInfo, ClockReading, Faults, GrantInfo, HookOutcome, IssuedCode, Options, Report, RequestRecord,
    SandboxError, Stats, Switches, Tls, UserId,
    clock::Clock,
    data,
    hosts::{Plan, Scheme},
    ports::Ports,
    server,
    tls::Front,
    webhooks::sender,
    world::World,
};

/// A running amoCRM of one's own; dropping it stops it.
///
/// Its controls are the same as those under `/_sandbox`.
pub struct Sandbox {
    world: Arc<World>,
    server: ServerHandle,
    webhook_sender: AbortHandle,
    /// What stands before the server where it answers over TLS, one at each port.
    fronts: Vec<Front>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("hosts", &self.hosts()).finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.webhook_sender.abort();
        // The order to stop is given by the call; only its completion would be awaited.
        drop(self.server.stop(false));
    }
}

impl Sandbox {
    /// Starts a sandbox; it answers when this returns.
    ///
    /// Call it on a multi-threaded tokio runtime.
    #[expect(clippy::unused_async, reason = "starting a server is asynchronous to its callers")]
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let accounts = data::generate(&options)?;
        let plan = Plan::new(&options, &accounts)?;
        // Before a port is taken: whatever is wrong with the options, nothing has begun.
        let tls =
            options.tls.as_ref().map(|tls| tls.server(&plan.certified(), Clock::start().now().unix())).transpose()?;
        let scheme = if tls.is_some() { Scheme::Https } else { Scheme::Http };
        let ports = Ports::open(&options, plan.ports(), tls)?;
        let (hosts, doors) = (plan.hosts(scheme, &ports.addresses()?), plan.doors(ports.of_server()?));
        let world = Arc::new(World::new(options, accounts, hosts, doors)?);
        let (listeners, fronts) = ports.ready()?;
        let server = server::serve(&world, listeners)?;
        let webhook_sender = sender::spawn(&world);
        Ok(Self { world, server, webhook_sender, fronts })
    }

    /// Stops it and waits until its ports are free.
    pub async fn stop(&self) {
        self.webhook_sender.abort();
        for front in &self.fronts {
            front.stop().await;
        }
        self.server.stop(false).await;
    }

    /// The authorization page: `http://127.0.0.1:8081/oauth`.
    pub fn auth_url(&self) -> String {
        self.world.state().hosts.login().url("/oauth")
    }

    /// The address of `path`, which begins with `/`, on the host that `account` answers on now.
    pub fn url(&self, account: impl Into<AccountId>, path: &str) -> Result<String, SandboxError> {
        let account = self.world.account(account.into())?.id;
        Ok(self.world.state().hosts.of(account).url(path))
    }

    /// The names that must lead to the sandbox, by `/etc/hosts` or the like; none if its hosts are
    /// addresses.
    pub fn names(&self) -> &[String] {
        &self.world.doors.names
    }

    /// The file of the authority that clients must trust, with [`Tls::SelfSigned`].
    pub fn ca_file(&self) -> Option<PathBuf> {
        self.world.options.tls.as_ref().and_then(Tls::ca_file)
    }

    /// Every bare host (`127.0.0.1:8081`) it may answer on, those that wait for a move included.
    pub fn hosts(&self) -> Vec<String> {
        self.world.state().hosts.all()
    }

    /// The bare host that `account` answers on now.
    pub fn host(&self, account: impl Into<AccountId>) -> Result<String, SandboxError> {
        let account = self.world.account(account.into())?.id;
        Ok(self.world.state().hosts.of(account).bare().to_owned())
    }

    /// The accounts and who can log in to them.
    pub fn accounts(&self) -> Vec<AccountInfo> {
        self.world.account_infos()
    }

    /// Issues a code as if the first administrator of `account` had allowed access.
    pub fn issue_code(&self, account: impl Into<AccountId>) -> Result<IssuedCode, SandboxError> {
        self.world.issue_code(account.into(), None, self.world.own_client_id())
    }

    /// Issues a code as if `user` had allowed access to the integration `client_id`.
    pub fn issue_code_for(
        &self,
        account: impl Into<AccountId>,
        user: impl Into<UserId>,
        client_id: &str,
    ) -> Result<IssuedCode, SandboxError> {
        self.world.issue_code(account.into(), Some(user.into()), client_id)
    }

    /// What was counted since the start or the last reset.
    pub fn stats(&self) -> Stats {
        self.world.state().stats.clone()
    }

    /// The last 1,000 requests of clients, in the order they were answered; without secrets.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.world.requests(0, None)
    }

    /// Everything at a glance.
    pub fn report(&self) -> Report {
        Report::of(&self.world)
    }

    /// The grants that can still be refreshed.
    pub fn grants(&self) -> Vec<GrantInfo> {
        let state = self.world.state();
        state.book.live(state.now())
    }

    /// The faults of all accounts; what was played is no longer in the lists.
    pub fn faults(&self) -> Faults {
        self.world.state().faults.clone()
    }

    /// Replaces the faults of all accounts.
    pub fn set_faults(&self, faults: Faults) -> Result<(), SandboxError> {
        faults.check()?;
        self.world.state().faults = faults;
        Ok(())
    }

    /// Replaces the faults of one account; they come before everyone's.
    pub fn set_account_faults(&self, account: impl Into<AccountId>, faults: Faults) -> Result<(), SandboxError> {
        faults.check()?;
        let account = self.world.account(account.into())?.id;
        self.world.state().account_faults.insert(account, faults);
        Ok(())
    }

    /// How the switches stand.
    pub fn switches(&self) -> Switches {
        self.world.state().switches.clone()
    }

    /// Sets the switches.
    pub fn set_switches(&self, switches: Switches) -> Result<(), SandboxError> {
        switches.check()?;
        self.world.state().switches = switches;
        Ok(())
    }

    /// Ends all grants of `account` without a word; says how many.
    pub fn revoke(&self, account: impl Into<AccountId>) -> Result<usize, SandboxError> {
        self.world.revoke(account.into())
    }

    /// Ends the access tokens of `account` and leaves its refresh tokens; says of how many grants.
    pub fn expire_access(&self, account: impl Into<AccountId>) -> Result<usize, SandboxError> {
        self.world.expire_access(account.into())
    }

    /// Disables the integration in `account` as an administrator does: its grants end, and the
    /// hook is sent.
    pub async fn disable(&self, account: impl Into<AccountId>) -> Result<HookOutcome, SandboxError> {
        let client_id = self.world.own_client_id();
        Ok(self.world.disable(account.into(), client_id).await?.hook)
    }

    /// Moves `account` to another host, which is returned; the old one knows it no longer.
    pub fn move_account(&self, account: impl Into<AccountId>) -> Result<String, SandboxError> {
        let account = self.world.account(account.into())?.id;
        self.world.state().hosts.move_account(account).map(|host| host.bare().to_owned())
    }

    /// Advances the clock, at most ten years at a time.
    pub fn advance_clock(&self, by: Duration) -> Result<ClockReading, SandboxError> {
        self.world.advance_clock(by, None)
    }

    /// Stops the clock (limits then count by [`Self::advance_clock`] alone), or lets it run on.
    pub fn freeze_clock(&self, frozen: bool) -> ClockReading {
        self.world.freeze_clock(frozen)
    }

    /// What the clock shows.
    pub fn clock(&self) -> ClockReading {
        self.world.state().clock.reading()
    }

    /// Makes everything as it was at the start: data, grants, faults, switches, counters, hosts, clock.
    pub fn reset(&self) -> Result<(), SandboxError> {
        self.world.reset()
    }
}
