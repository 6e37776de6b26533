//! Each database keeps the promises of the `KeyRegistry` port: one line each, one test per case.

#![expect(clippy::unwrap_used, reason = "a harness that cannot be made fails its case")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::fixtures::{at, code, grant, owner, served, unsolicited, user};
use amo_connect_contract::key_registry::{KeyRegistryHarness, Keys, Record};
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::ports::{KeyRegistry, TokenStore as _};
use amo_connect_tests::{PgOfServer, SqliteFile, TestDatabase};
use async_trait::async_trait;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

mod sqlite {
    amo_connect_contract::key_registry_contract!(super::Harness<super::SqliteFile>);
}

mod postgres {
    amo_connect_contract::key_registry_contract!(super::Harness<super::PgOfServer>);
}

const OLD: &str = "old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW: &str = "new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const OTHER_OLD: &str = "old:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

fn named(keys: Keys) -> String {
    match keys {
        Keys::Old => OLD.to_owned(),
        Keys::NewAndOld => format!("{NEW},{OLD}"),
        Keys::New => NEW.to_owned(),
        Keys::OtherOld => OTHER_OLD.to_owned(),
    }
}

/// What a test does to a database past its store.
#[async_trait]
trait Raw: TestDatabase<Store: KeyRegistry> {
    async fn run(&self, sql: &str);

    /// How one byte is written in SQL.
    const BYTE: &'static str;
}

#[async_trait]
impl Raw for SqliteFile {
    async fn run(&self, sql: &str) {
        SqliteConnection::establish(self.path().to_str().unwrap()).unwrap().batch_execute(sql).unwrap();
    }

    const BYTE: &'static str = "X'07'";
}

#[async_trait]
impl Raw for PgOfServer {
    async fn run(&self, sql: &str) {
        self.database.execute(sql).await;
    }

    const BYTE: &'static str = "'\\x07'";
}

struct Harness<D>(D);

#[async_trait]
impl<D: Raw> KeyRegistryHarness for Harness<D> {
    async fn fresh() -> Self {
        let database = D::fresh().await;
        drop(database.open(OLD).await);
        Self(database)
    }

    async fn handle(&self, keys: Keys) -> Arc<dyn KeyRegistry> {
        Arc::new(self.0.open(&named(keys)).await)
    }

    async fn seal(&self, name: &str, record: Record, keys: Keys) {
        let store = self.0.open(&named(keys)).await;
        match record {
            Record::Connection => {
                let mut connection = CrmConnection::new(user(name));
                connection.connect(grant(1, name), at(0));
                store.save(&connection, None).await.unwrap();
            }
            Record::Exchange => {
                store.admit_code(&unsolicited(code(name)), owner(1), at(0)).await.unwrap();
                store.save_grant(code(name), &grant(1, name), &served(), at(1)).await.unwrap();
            }
        }
    }

    async fn spoil(&self, name: &str) {
        let (byte, mut user) = (D::BYTE, String::new());
        for byte in name.bytes() {
            write!(user, "{byte:02x}").unwrap();
        }
        let id = D::BYTE.replace("07", &user);
        self.0.run(&format!("UPDATE connections SET tokens = {byte} WHERE user_id = {id}")).await;
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.0.clock().advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.0.clock().set_back(by);
    }
}
