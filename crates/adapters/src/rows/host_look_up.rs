//! The look-ups of an account as a row.

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::{FoundHost, HostLookUp, LookUpSubject};
use async_trait::async_trait;
use diesel::prelude::*;

use super::columns::time;
use super::failure::Failure;
use super::grant::{account, account_column};
use super::schema::host_look_ups;

/// A row of `host_look_ups`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = host_look_ups,
    treat_none_as_null = true,
    treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite)
)]
pub(crate) struct HostLookUpRow {
    subject: String,
    found_host: Option<String>,
    account_id: Option<i64>,
    not_before: i64,
}

/// The rows of `host_look_ups`.
#[async_trait]
pub(crate) trait HostLookUpRows: Send {
    async fn host_look_up(&mut self, subject: &str) -> Result<Option<HostLookUpRow>, Failure>;
    async fn put_host_look_up(&mut self, row: &HostLookUpRow) -> Result<(), Failure>;
    /// Deletes those that nothing waits for any more, and moves that are older than that.
    async fn forget_host_look_ups(&mut self, store_now: i64, moved: i64, limit: i64) -> Result<usize, Failure>;
}

impl HostLookUpRow {
    pub(super) fn new(subject: &LookUpSubject, look_up: &HostLookUp) -> Self {
        let moved_to = look_up.moved_to.as_ref();
        Self {
            subject: subject.as_str().to_owned(),
            found_host: moved_to.map(|found| found.host.as_str().to_owned()),
            account_id: moved_to.and_then(|found| found.account).map(account_column),
            not_before: look_up.not_before.as_microsecond(),
        }
    }
}

impl TryFrom<HostLookUpRow> for HostLookUp {
    type Error = Failure;

    fn try_from(row: HostLookUpRow) -> Result<Self, Failure> {
        let found = |host| FoundHost { host: AccountHost::stored(host), account: row.account_id.map(account) };
        Ok(Self { moved_to: row.found_host.map(found), not_before: time(row.not_before)? })
    }
}
