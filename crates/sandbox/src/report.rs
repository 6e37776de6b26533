//! The whole of a sandbox at a glance, as `GET /_sandbox` shows it; no code or token is in it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{AccountId, AccountInfo, ClockReading, Faults, GrantInfo, Stats, Switches, world::World};

/// What the sandbox is, what it counted, and how it is set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The authorization page.
    pub auth_url: String,
    /// Every bare host it may answer on.
    pub hosts: Vec<String>,
    /// The integration of the service under test.
    pub client_id: String,
    /// Its registered redirect URI.
    pub redirect_uri: String,
    /// Where the made-up world comes from.
    pub seed: u64,
    /// The accounts and who can log in.
    pub accounts: Vec<AccountInfo>,
    /// What was counted.
    pub counters: Stats,
    /// The grants that can still be refreshed.
    pub grants: Vec<GrantInfo>,
    /// The faults of all accounts.
    pub faults: Faults,
    /// The faults of single accounts.
    pub account_faults: BTreeMap<AccountId, Faults>,
    /// How every switch stands.
    pub switches: Switches,
    /// What the clock shows.
    pub clock: ClockReading,
}

impl Report {
    pub(crate) fn of(world: &World) -> Self {
        let accounts = world.account_infos();
        let state = world.state();
        Self {
            auth_url: state.hosts.login().url("/oauth"),
            hosts: state.hosts.all(),
            client_id: world.own_client_id().to_owned(),
            redirect_uri: world.options.redirect_uri.clone(),
            seed: world.options.seed,
            accounts,
            counters: state.stats.clone(),
            grants: state.book.live(state.now()),
            faults: state.faults.clone(),
            account_faults: state.account_faults.clone(),
            switches: state.switches.clone(),
            clock: state.clock.reading(),
        }
    }
}
