//! Each database keeps the promises of the `TokenStore` port: one line each, one test per case.

#![expect(clippy::unwrap_used, reason = "a harness that cannot be made fails its case")]

use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::token_store::{Keys, TokenStoreHarness};
use amo_connect_domain::ports::Storage;
use amo_connect_tests::{PgOfServer, SqliteFile, TestDatabase};
use async_trait::async_trait;
use diesel::sql_types::Binary;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};

mod sqlite {
    amo_connect_contract::token_store_contract!(super::Harness<super::SqliteFile>);
}

mod postgres {
    amo_connect_contract::token_store_contract!(super::Harness<super::PgOfServer>);
}

const OLD_KEY: &str = "old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW_KEY: &str = "new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// The tables that keep tokens, in the column `tokens`.
const TABLES: [&str; 2] = ["connections", "exchanges"];

/// What a test does to a database past its store.
#[async_trait]
trait AtRest: TestDatabase {
    /// Everything it keeps outside the process.
    async fn bytes(&self) -> Vec<u8>;

    /// How many records have tokens.
    async fn sealed(&self) -> usize;

    /// Flips a bit in every token.
    async fn damage_tokens(&self);
}

#[derive(QueryableByName)]
struct Sealed {
    #[diesel(sql_type = Binary)]
    tokens: Vec<u8>,
}

/// The tokens in `table`.
fn sealed(raw: &mut SqliteConnection, table: &str) -> Vec<Sealed> {
    sql_query(format!("SELECT tokens FROM {table} WHERE tokens IS NOT NULL")).load(raw).unwrap()
}

#[async_trait]
impl AtRest for SqliteFile {
    async fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.directory.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    async fn sealed(&self) -> usize {
        let mut raw = SqliteConnection::establish(self.path().to_str().unwrap()).unwrap();
        TABLES.iter().map(|table| sealed(&mut raw, table).len()).sum()
    }

    async fn damage_tokens(&self) {
        let mut raw = SqliteConnection::establish(self.path().to_str().unwrap()).unwrap();
        for table in TABLES {
            for Sealed { tokens } in sealed(&mut raw, table) {
                let mut damaged = tokens.clone();
                *damaged.last_mut().unwrap() ^= 1;
                let update = sql_query(format!("UPDATE {table} SET tokens = ? WHERE tokens = ?"));
                update.bind::<Binary, _>(damaged).bind::<Binary, _>(tokens).execute(&mut raw).unwrap();
            }
        }
    }
}

#[async_trait]
impl AtRest for PgOfServer {
    async fn bytes(&self) -> Vec<u8> {
        self.database.dump().await.into_bytes()
    }

    async fn sealed(&self) -> usize {
        let mut sealed = 0;
        for table in TABLES {
            let count = self.database.value(&format!("SELECT count(tokens) FROM {table}")).await.unwrap();
            sealed += count.parse::<usize>().unwrap();
        }
        sealed
    }

    async fn damage_tokens(&self) {
        for table in TABLES {
            let last = "length(tokens) - 1";
            let damage = format!("UPDATE {table} SET tokens = set_byte(tokens, {last}, get_byte(tokens, {last}) # 1)");
            self.database.execute(&damage).await;
        }
    }
}

struct Harness<D: TestDatabase> {
    store: Arc<D::Store>,
    database: D,
}

#[async_trait]
impl<D: AtRest> TokenStoreHarness for Harness<D> {
    async fn fresh() -> Self {
        let database = D::fresh().await;
        Self { store: Arc::new(database.open(OLD_KEY).await), database }
    }

    fn store(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.store) as _
    }

    async fn second_handle(&self) -> Arc<dyn Storage> {
        Arc::new(self.database.open(OLD_KEY).await)
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.database.clock().advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.database.clock().set_back(by);
    }

    async fn at_rest(&self) -> Option<Vec<u8>> {
        Some(self.database.bytes().await)
    }

    async fn sealed_at_rest(&self) -> Option<usize> {
        Some(self.database.sealed().await)
    }

    async fn damage_tokens(&self) -> bool {
        self.database.damage_tokens().await;
        true
    }

    async fn handle_with_keys(&self, keys: Keys) -> Option<Arc<dyn Storage>> {
        let keys = match keys {
            Keys::NewAndOld => format!("{NEW_KEY},{OLD_KEY}"),
            Keys::NewAlone => NEW_KEY.to_owned(),
        };
        Some(Arc::new(self.database.open(&keys).await))
    }
}
