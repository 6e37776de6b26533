//! A local amoCRM, a SQLite file, and a service in a process of its own.

use std::ops::Deref;

use amo_connect_sandbox::{Faults, Options, Switches};
use amo_connect_tests::{ACCOUNT, Served, World, until};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use futures_util::future::join_all;
use serde_json::json;

use crate::scrape::Scrape;

/// A service beside a local amoCRM.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) service: Served,
}

impl Deref for Stage {
    type Target = Served;

    fn deref(&self) -> &Served {
        &self.service
    }
}

impl Stage {
    /// A service that sends so many calls a second to amoCRM.
    pub(crate) async fn at_rate(calls: u32) -> Self {
        Self::with(calls, &[]).await
    }

    /// The same with further variables.
    pub(crate) async fn with(calls: u32, further: &[(&str, &str)]) -> Self {
        let switches = Switches { rate_limit: 0, ..Switches::default() };
        let mut world = World::without_service_over(Options { switches, ..Options::default() }).await;
        world.sandbox.set_switches(Switches { account_rate_limit: 0, ..world.sandbox.switches() }).unwrap();
        world.settings.amo_rate_limit = Some(calls.to_string());
        world.settings.user_rate = Some("0".to_owned());
        world.settings.address_rate = Some("0".to_owned());
        let variables = [&[("RUST_LOG", "debug")], further].concat();
        let service = Served::start_with(&world.settings, &variables, &world.folder()).await;
        Self { world, service }
    }

    /// A service whose calls wait for no permit.
    pub(crate) async fn start() -> Self {
        Self::at_rate(1_000).await
    }

    /// The same with a connection of olena's whose access token has ended.
    pub(crate) async fn when_due() -> Self {
        let stage = Self::start().await;
        stage.connect_until_due("olena", ACCOUNT).await;
        stage
    }

    /// Disconnects more users at once than share a commit, so that somebody waits for the writer longer than the first
    /// of them waits for the file. Returns what each was answered.
    pub(crate) async fn disconnect_many(&self) -> Vec<u16> {
        join_all((0..80).map(async |user| {
            let user = format!("user-{user}");
            self.post(&user, "/disconnect", json!({})).await.status
        }))
        .await
    }

    /// Connects `user`, and ends when the access token has ended and the next would live a day.
    pub(crate) async fn connect_until_due(&self, user: &str, account: u64) {
        self.set_life(1);
        self.world.connect_by(self, user, account).await;
        self.set_life(24 * 60 * 60);
        let ends = self.world.sandbox.grants().iter().map(|grant| grant.access_expires_at).max().unwrap();
        until("the access token has ended", async || self.world.sandbox.clock().now > ends).await;
    }

    fn set_life(&self, expires_in: u64) {
        let switches = Switches { expires_in, ..self.world.sandbox.switches() };
        self.world.sandbox.set_switches(switches).unwrap();
    }

    /// Has amoCRM fail so.
    pub(crate) fn faults(&self, faults: Faults) {
        self.world.sandbox.set_faults(faults).unwrap();
    }

    /// The status of a page of olena's leads.
    pub(crate) async fn leads(&self) -> u16 {
        self.get("olena", "/leads?limit=1").await.status
    }

    /// The paths of so many leads of olena's.
    pub(crate) async fn lead_paths(&self, count: usize) -> Vec<String> {
        let leads = self.get("olena", &format!("/leads?limit={count}")).await.json();
        let leads = leads["data"].as_array().unwrap();
        leads.iter().map(|lead| format!("/leads/{}", lead["amoLeadId"])).collect()
    }

    /// What the service has counted.
    pub(crate) async fn scrape(&self) -> Scrape {
        Scrape::of(&self.base).await
    }

    /// Changes the database behind the service's back.
    pub(crate) fn execute(&self, statements: &str) {
        self.sqlite().batch_execute(statements).unwrap();
    }

    /// A connection to the database.
    pub(crate) fn sqlite(&self) -> SqliteConnection {
        let url = self.world.settings.database_url.as_ref().unwrap();
        let mut connection = SqliteConnection::establish(url.strip_prefix("sqlite:").unwrap()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 20000").unwrap();
        connection
    }
}
