//! What the tests are played on: a local amoCRM, a database of either kind, and no service yet.

use std::ops::Deref;
use std::time::Duration;

use amo_connect_sandbox::{Faults, GrantInfo, Options, Switches};
use amo_connect_tests::{ACCOUNT, PgDatabase, Proxy, RIVAL, Served, World, test_server, until};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};

/// How long an access token of this amoCRM lives, unless a test says otherwise.
pub(crate) const LIFE_S: u64 = 24 * 60 * 60;

/// Every answer of amoCRM is a line of the log.
pub(crate) const DETAILS: [(&str, &str); 1] = [("RUST_LOG", "debug")];

/// A local amoCRM, a database, and the settings of services that share it.
pub(crate) struct Stage {
    pub(crate) world: World,
    /// The database, where it is not a file in the world's folder.
    pub(crate) postgres: Option<PgDatabase>,
}

impl Deref for Stage {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Stage {
    pub(crate) async fn on_sqlite() -> Self {
        Self::over(None, 0).await
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::over(Some(PgDatabase::migrated(&test_server()).await), 0).await
    }

    /// The same with an amoCRM that has so many accounts more.
    pub(crate) async fn with_more_accounts(self, more_accounts: u16) -> Self {
        Self::over(self.postgres, more_accounts).await
    }

    async fn over(postgres: Option<PgDatabase>, more_accounts: u16) -> Self {
        let switches = Switches { rate_limit: 0, ..Switches::default() };
        let options = Options { switches, more_accounts, ..Options::default() };
        let mut world = World::without_service_over(options).await;
        // No call waits for a permit: the pace is not under test here.
        world.sandbox.set_switches(Switches { account_rate_limit: 0, ..world.sandbox.switches() }).unwrap();
        world.settings.amo_rate_limit = Some("1000".to_owned());
        world.settings.user_rate = Some("0".to_owned());
        world.settings.address_rate = Some("0".to_owned());
        if let Some(database) = &postgres {
            world.settings.database_url = Some(database.url());
            world.settings.database_pool = Some("8".to_owned());
        }
        Self { world, postgres }
    }

    /// Has services reach the PostgreSQL server by a way that the test can cut.
    pub(crate) async fn behind_a_proxy(&mut self) -> Proxy {
        let proxy = Proxy::to(&test_server()).await;
        self.world.settings.database_url = Some(proxy.url(self.postgres.as_ref().unwrap().name()));
        proxy
    }

    /// Starts a service that logs more than usual.
    pub(crate) async fn serve(&self) -> Served {
        Served::start_with(&self.settings, &DETAILS, &self.folder()).await
    }

    /// Starts one with a connection of olena's whose token is due.
    pub(crate) async fn serve_when_due(&self) -> Served {
        let service = self.serve().await;
        self.connect_until_due(&service).await;
        service
    }

    /// Starts another on the same database, at an address of its own.
    pub(crate) async fn serve_elsewhere(&self) -> Served {
        Served::start_with(&self.settings_elsewhere(), &DETAILS, &self.folder()).await
    }

    /// The first column, which must be text, of what a query gives.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            text: String,
        }

        if let Some(database) = &self.postgres {
            return database.values(query).await;
        }
        let rows: Vec<Row> = sql_query(query).load(&mut self.sqlite()).unwrap();
        rows.into_iter().map(|row| row.text).collect()
    }

    /// A connection to the file.
    pub(crate) fn sqlite(&self) -> SqliteConnection {
        let url = self.settings.database_url.as_ref().unwrap();
        let mut connection = SqliteConnection::establish(url.strip_prefix("sqlite:").unwrap()).unwrap();
        sql_query("PRAGMA busy_timeout = 20000").execute(&mut connection).unwrap();
        connection
    }

    /// How many pairs the only connection there is has had.
    pub(crate) async fn generation(&self) -> u64 {
        let generations = self.texts("SELECT CAST(generation AS TEXT) AS text FROM connections").await;
        assert_eq!(generations.len(), 1);
        generations[0].parse().unwrap()
    }

    /// Makes the token endpoint take so long.
    pub(crate) fn slow_down(&self, latency: Duration) {
        let token_latency_ms = u64::try_from(latency.as_millis()).unwrap();
        self.sandbox.set_faults(Faults { token_latency_ms, ..self.sandbox.faults() }).unwrap();
    }

    /// Makes access tokens that are issued from now on live so long.
    pub(crate) fn set_life(&self, expires_in: u64) {
        self.sandbox.set_switches(Switches { expires_in, ..self.sandbox.switches() }).unwrap();
    }

    /// Connects olena by `service`, and ends when her access token has ended and the next would
    /// live a day.
    pub(crate) async fn connect_until_due(&self, service: &Served) {
        self.set_life(1);
        self.connect_by(service, "olena", ACCOUNT).await;
        self.set_life(LIFE_S);
        self.until_access_ended().await;
    }

    /// Ends all access tokens, at amoCRM and on record, as their time would.
    pub(crate) async fn end_access(&self) {
        for account in [ACCOUNT, RIVAL] {
            self.sandbox.expire_access(account).unwrap();
        }
        self.execute("UPDATE connections SET expires_at = issued_at").await;
    }

    /// Has the database execute a statement.
    pub(crate) async fn execute(&self, statement: &str) {
        match &self.postgres {
            Some(database) => database.execute(statement).await,
            None => self.sqlite().batch_execute(statement).unwrap(),
        }
    }

    /// Ends when no access token is good any more.
    pub(crate) async fn until_access_ended(&self) {
        let ends = self.sandbox.grants().iter().map(|grant| grant.access_expires_at).max().unwrap();
        until("the access tokens have ended", async || self.sandbox.clock().now > ends).await;
    }

    /// Ends when so many requests have reached the token endpoint since the start.
    pub(crate) async fn until_token_requests(&self, count: u64) {
        until("the token request has arrived", async || self.sandbox.stats().token_requests >= count).await;
    }

    /// The grant of the only connection there is.
    pub(crate) fn grant(&self) -> GrantInfo {
        let mut grants = self.sandbox.grants();
        assert_eq!(grants.len(), 1, "{grants:?}");
        grants.remove(0)
    }
}
