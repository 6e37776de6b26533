//! The users who ask, connected before the service starts.

use std::path::{Path, PathBuf};

use amo_connect_contract::fixtures;
use amo_connect_domain::connection::{CrmConnection, Grant};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::{AccountId, UserId};
use amo_connect_domain::ports::{Runtime as _, Storage};
use amo_connect_domain::token::{AccessToken, Issued, RefreshToken};
use amo_connect_tests::signed;
use jiff::Timestamp;
use serde_json::json;

/// So many users ask, in turns.
pub(crate) const USERS: usize = 1_000;

/// amoCRM's tokens are about as long.
pub(crate) const TOKEN_LENGTH: usize = 900;

/// All users of a run ask with a JWT that outlives it.
const JWT_LIFE_S: u64 = 24 * 60 * 60;

pub(crate) fn name(number: usize) -> String {
    format!("user-{number:04}")
}

pub(crate) fn user(number: usize) -> UserId {
    UserId::new(name(number)).unwrap()
}

pub(crate) fn now() -> Timestamp {
    let handle = tokio::runtime::Handle::current();
    amo_connect_adapters::runtime::TokioRuntime::new(handle, tokio_util::task::TaskTracker::new()).now()
}

/// What amoCRM might have issued to this user.
pub(crate) fn issued(number: usize) -> Issued {
    let text = |what: &str| format!("{what}-{number:04}-{}", "x".repeat(TOKEN_LENGTH));
    Issued {
        access: AccessToken::new(text("access")),
        refresh: RefreshToken::new(text("refresh")),
        ..fixtures::issued("bench")
    }
}

/// Stores a connection of user `number` to the account at `host`.
pub(crate) async fn connect(store: &dyn Storage, number: usize, host: AccountHost, issued: Issued) {
    let at = now();
    let account = issued.account.or(Some(AccountId(31_000_000 + u64::try_from(number).unwrap())));
    let mut connection = CrmConnection::new(user(number));
    connection.connect(Grant { host, account, tokens: issued.into_pair(at) }, at);
    store.save(&connection, None).await.unwrap();
}

/// Connects all users.
pub(crate) async fn connect_all(store: &dyn Storage) {
    for number in 0..USERS {
        connect(store, number, fixtures::host(u64::try_from(number).unwrap()), issued(number)).await;
    }
}

/// Writes the JWT of each user into a file, a line each.
pub(crate) fn write_jwts(folder: &Path) -> PathBuf {
    let file = folder.join("jwts");
    let until = jsonwebtoken::get_current_timestamp() + JWT_LIFE_S;
    let jwts: Vec<String> = (0..USERS).map(|number| signed(&json!({ "sub": name(number), "exp": until }))).collect();
    std::fs::write(&file, jwts.join("\n")).unwrap();
    file
}
