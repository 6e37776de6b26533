//! A local amoCRM, a database, and instances with keys of their own.

use std::ops::Deref;

use amo_connect::config::Given;
use amo_connect_sandbox::Switches;
use amo_connect_tests::{ACCOUNT, PgDatabase, Process, Served, World, start, test_server};

pub(crate) const OLD: &str = "old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
pub(crate) const NEW: &str = "new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
pub(crate) const OTHER: &str = "other:AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";
pub(crate) const OTHER_OLD: &str = "old:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// Of the users, how many are connected at the beginning.
pub(crate) const USERS: usize = 20;

pub(crate) struct Stage {
    world: World,
    _database: Option<PgDatabase>,
}

impl Deref for Stage {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Stage {
    pub(crate) async fn on_postgres() -> Self {
        let database = PgDatabase::migrated(&test_server()).await;
        let mut stage = Self::on_sqlite().await;
        stage.world.settings.database_url = Some(database.url());
        Self { _database: Some(database), ..stage }
    }

    pub(crate) async fn on_sqlite() -> Self {
        let mut world = World::without_service().await;
        world.sandbox.set_switches(Switches { account_rate_limit: 0, ..world.sandbox.switches() }).unwrap();
        world.settings.amo_rate_limit = Some("1000".to_owned());
        world.settings.user_rate = Some("0".to_owned());
        world.settings.address_rate = Some("0".to_owned());
        Self { world, _database: None }
    }

    /// The settings of an instance of its own, with these keys.
    pub(crate) fn settings_with(&self, keys: &str) -> Given {
        Given { token_keys: Some(keys.to_owned()), ..self.settings_elsewhere() }
    }

    /// An instance with these keys.
    pub(crate) async fn serve(&self, keys: &str) -> Served {
        Served::start(&self.settings_with(keys), &self.folder()).await
    }

    /// What a start with these keys says as it ends.
    pub(crate) async fn refusal(&self, keys: &str) -> String {
        let served = Served::begin(&self.settings_with(keys), &[], &self.folder());
        let (code, _, log) = served.into_process().ended().await;
        assert_eq!(code, Some(1), "{log}");
        log
    }

    /// `keys rotate` with these keys: exit code, standard output, standard error.
    pub(crate) async fn rotate(&self, keys: &str) -> (Option<i32>, String, String) {
        self.begin_rotation(keys).ended().await
    }

    pub(crate) fn begin_rotation(&self, keys: &str) -> Process {
        start(&["keys", "rotate"], &self.settings_with(keys), &[], &self.folder())
    }

    /// Connects everybody by `service`.
    pub(crate) async fn connect_users(&self, service: &Served) {
        for number in 0..USERS {
            self.connect_by(service, &user(number), ACCOUNT).await;
        }
    }
}

pub(crate) fn user(number: usize) -> String {
    format!("u{number}")
}
