//! What the tests do before they come to their point.

use std::error::Error;
use std::time::Duration;

use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::postgres::{OpenError, PgOptions, PgTokenStore};
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::ports::StoreError;
use amo_connect_tests::{PgDatabase, test_server};

pub(crate) const KEYS: &str = "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

pub(crate) async fn open(url: &str) -> Result<PgTokenStore, OpenError> {
    open_with(url, PgOptions { connect_timeout: Duration::from_secs(20), ..PgOptions::default() }).await
}

pub(crate) async fn open_with(url: &str, options: PgOptions) -> Result<PgTokenStore, OpenError> {
    PgTokenStore::open(&url.parse().unwrap(), TokenKeys::parse(KEYS).unwrap(), options).await
}

/// A database of its own, and a store on it.
pub(crate) async fn opened() -> (PgDatabase, PgTokenStore) {
    let database = PgDatabase::migrated(&test_server()).await;
    let store = open(&database.url()).await.unwrap();
    (database, store)
}

/// Why `url` cannot be opened: all that an operator is told.
pub(crate) async fn refusal(url: &str) -> String {
    told(&open(url).await.unwrap_err())
}

/// An error with its causes, as people and as logs see it.
pub(crate) fn told(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (**error).source());
    causes.map(|error| format!("{error} / {error:?}")).collect::<Vec<_>>().join(": ")
}

/// Why the database is not available.
pub(crate) fn unavailable<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> String {
    let error = outcome.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    told(&error)
}

pub(crate) fn connected(name: &str) -> CrmConnection {
    let mut connection = CrmConnection::new(amo_connect_contract::fixtures::user(name));
    connection.connect(amo_connect_contract::fixtures::grant(1, name), amo_connect_contract::fixtures::at(0));
    connection
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
