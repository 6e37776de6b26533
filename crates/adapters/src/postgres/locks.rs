//! Locks on rows that may not exist yet: a code that is new, a user without a row.
//!
//! A row lock needs a row, so codes and users are locked by number, with PostgreSQL's advisory
//! locks, until the transaction ends. The order is a code's before a user's, and at most one of
//! each. The places of strangers' codes have one lock, taken after a code's; accounts are locked in the order of their numbers, after any user. The rows of
//! the rate limiter have locks of their own, an account's before the integration's; no transaction
//! has these and others. A client is locked last of all. What look-ups are of is locked in the order
//! of the names, with nothing else. The numbers are 64 bits of a hash: two that meet wait for each other, and
//! no more.

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host_look_up::LookUpSubject;
use amo_connect_domain::ids::{AccountId, UserId};
use amo_connect_domain::token::CodeHash;
use diesel::define_sql_function;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use sha2::{Digest as _, Sha256};

use crate::rows::Failure;

define_sql_function! {
    /// Its type is `void`, which diesel does not know; nobody reads it.
    fn pg_advisory_xact_lock(key: diesel::sql_types::BigInt) -> diesel::sql_types::Bool;
}

/// Whoever migrates.
pub(super) fn migration_key() -> i64 {
    key("migration", &[])
}

pub(super) fn code_key(code: CodeHash) -> i64 {
    key("code", &code.0)
}

pub(super) fn user_key(user: &UserId) -> i64 {
    key("user", user.as_str().as_bytes())
}

pub(super) fn account_key(account: AccountId) -> i64 {
    key("account", &account.0.to_be_bytes())
}

pub(super) fn line_key(name: &str) -> i64 {
    key("line", name.as_bytes())
}

pub(super) fn places_key() -> i64 {
    key("places", &[])
}

pub(super) fn client_key(client: ClientFingerprint) -> i64 {
    key("client", &client.0)
}

pub(super) fn look_up_key(subject: &LookUpSubject) -> i64 {
    key("look-up", subject.as_str().as_bytes())
}

fn key(kind: &str, name: &[u8]) -> i64 {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(b"amo-connect\0")
        .chain_update(kind)
        .chain_update([0])
        .chain_update(name)
        .finalize()
        .into();
    hash.first_chunk().map_or(0, |first| i64::from_be_bytes(*first))
}

/// Waits for the lock. What is read by later statements is current.
pub(super) async fn lock(connection: &mut AsyncPgConnection, key: i64) -> Result<(), Failure> {
    diesel::select(pg_advisory_xact_lock(key)).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use amo_connect_domain::host::AccountHost;
    use amo_connect_domain::token::AuthorizationCode;

    use super::*;

    #[test]
    fn each_thing_has_a_lock_of_its_own() {
        let user = |name| user_key(&UserId::new(name).unwrap());
        let code = |name| code_key(CodeHash::of(&AuthorizationCode::new(name)));
        let mut keys =
            [migration_key(), places_key(), user("a"), user("b"), user("a\0"), code("a"), code("b")].to_vec();
        keys.extend([1, 2].map(|number| account_key(AccountId(number))));
        keys.extend(["a", "*"].map(line_key));
        keys.extend(["a", "*"].map(|name| look_up_key(&LookUpSubject::host(&AccountHost::stored(name)))));
        keys.extend([1, 2].map(|byte| client_key(ClientFingerprint([byte; 8]))));
        assert_eq!(user("a"), user("a"));
        keys.sort_unstable();
        assert!(keys.is_sorted_by(|one, other| one < other));
    }
}
