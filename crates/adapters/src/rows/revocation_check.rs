//! A look at an account as a row.

use amo_connect_domain::connection::revocation_check::RevocationCheck;
use amo_connect_domain::ids::AccountId;
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
