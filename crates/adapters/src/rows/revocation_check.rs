//! A look at an account as a row.

use amo_connect_domain::connection::revocation_check::RevocationCheck;
use amo_connect_domain::ids::AccountId;
use async_trait::async_trait;
use diesel::prelude::*;

use super::columns::time;
use super::failure::Failure;
use super::grant::{account, account_column};
use super::schema::looks;

/// A row of `looks`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = looks, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct RevocationCheckRow {
    pub(super) account_id: i64,
    wanted: bool,
    under_way: bool,
    not_before: i64,
}

/// The rows of `looks`.
#[async_trait]
pub(crate) trait RevocationCheckRows: Send {
    async fn look(&mut self, account_id: i64) -> Result<Option<RevocationCheckRow>, Failure>;
    async fn due_looks(&mut self, store_now: i64, limit: i64) -> Result<Vec<i64>, Failure>;
    /// Looks that come so late that a clock ahead must have written them. Locked as
    /// [`ExchangeRows::late_grants`](super::exchange::ExchangeRows::late_grants).
    async fn overlong_looks(&mut self, not_before: i64, limit: i64) -> Result<Vec<RevocationCheckRow>, Failure>;
    async fn put_look(&mut self, row: &RevocationCheckRow) -> Result<(), Failure>;
    /// Deletes those that are over. As [`AttemptRows::forget_attempts`](super::attempt::AttemptRows::forget_attempts).
    async fn forget_looks(&mut self, store_now: i64, limit: i64) -> Result<usize, Failure>;
}

impl RevocationCheckRow {
    pub(super) fn new(of: AccountId, look: &RevocationCheck) -> Self {
        Self {
            account_id: account_column(of),
            wanted: look.wanted,
            under_way: look.under_way,
            not_before: look.not_before.as_microsecond(),
        }
    }

    pub(super) fn open(self) -> Result<(AccountId, RevocationCheck), Failure> {
        let look =
            RevocationCheck { wanted: self.wanted, under_way: self.under_way, not_before: time(self.not_before)? };
        Ok((account(self.account_id), look))
    }
}
