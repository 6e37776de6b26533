//! The line of a start: what runs, on what, and within which limits. It has no secret.

use std::fmt::Display;
use std::net::SocketAddr;

use amo_connect_adapters::backend::OpenStore;
use amo_connect_domain::rate_limit::PaceScope;

use crate::budgets::Budgets;
use crate::config::Config;

/// What it says.
pub(super) struct Start {
    database: &'static str,
    schema: Option<String>,
    pools: Option<String>,
    auto_migrate: bool,
    token_keys: String,
    jwt: &'static str,
    require_claim: bool,
    accept_foreign_state: bool,
    amo_rate_limit: String,
    user_rate: u32,
    address_rate: u32,
    http_idle_timeout_s: f64,
    drain_delay_s: f64,
    shutdown_timeout_s: f64,
    trusted_proxies: String,
    budgets: Option<Budgets>,
}

impl Start {
    /// As far as the settings tell.
    pub(super) fn of(config: &Config) -> Self {
        let (ring, service) = (config.storage.token_keys.ring(), &config.service);
        let whose = match service.pace.scope {
            PaceScope::Account => "account",
            PaceScope::Integration => "integration",
        };
        Self {
            database: config.storage.database.kind(),
            schema: None,
            pools: None,
            auto_migrate: config.storage.auto_migrate,
            token_keys: list(std::iter::once(&ring.first).chain(&ring.others).map(|key| &key.id)),
            jwt: service.jwt.keys.method(),
            require_claim: service.settings.require_claim,
            accept_foreign_state: service.settings.accept_foreign_state,
            amo_rate_limit: format!("{}/{whose}", service.pace.limit()),
            user_rate: service.user_rate,
            address_rate: service.address_rate,
            http_idle_timeout_s: service.idle_timeout.as_secs_f64(),
            drain_delay_s: config.drain_delay.as_secs_f64(),
            shutdown_timeout_s: config.shutdown_timeout.as_secs_f64(),
            trusted_proxies: list(&service.trusted_proxies),
            budgets: None,
        }
    }

    /// Adds what the database is found to be.
    pub(super) fn opened(&mut self, store: &OpenStore) {
        self.schema.clone_from(&store.schema);
        self.pools = store
            .pools
            .as_ref()
            .map(|pools| list(pools.pools().iter().map(|pool| format!("{}:{}", pool.name, pool.size))));
    }

    /// Adds what the process takes at most.
    pub(super) fn budgeted(&mut self, budgets: Budgets) {
        self.budgets = Some(budgets);
    }

    pub(super) fn tell(&self, address: SocketAddr, admin: Option<SocketAddr>) {
        tracing::info!(
            %address,
            admin_address = admin.map(tracing::field::display),
            version = env!("CARGO_PKG_VERSION"),
            database = self.database,
            schema = self.schema,
            auto_migrate = self.auto_migrate,
            database_pool = self.pools,
            token_keys = self.token_keys,
            jwt = self.jwt,
            require_claim = self.require_claim,
            accept_foreign_state = self.accept_foreign_state,
            amo_rate_limit = self.amo_rate_limit,
            user_rate = self.user_rate,
            address_rate = self.address_rate,
            http_idle_timeout_s = self.http_idle_timeout_s,
            drain_delay_s = self.drain_delay_s,
            shutdown_timeout_s = self.shutdown_timeout_s,
            trusted_proxies = self.trusted_proxies,
            descriptors = self.budgets.map(|budgets| budgets.descriptors),
            clients_max = self.budgets.map(|budgets| budgets.clients),
            amo_calls_max = self.budgets.map(|budgets| budgets.amo_calls),
            "serving"
        );
    }
}

fn list(items: impl IntoIterator<Item = impl Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(",")
}
