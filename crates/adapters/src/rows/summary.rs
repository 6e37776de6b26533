//! A connection's columns without its tokens, which are most of a row: what `/status` reads.

use amo_connect_domain::connection::{ConnectionSummary, Standing};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::Epoch;
use diesel::prelude::*;

use super::columns::{count, needed, optional_time, time};
use super::failure::Failure;
use super::grant::account;
use super::schema::connections;
use super::standing::standing;

/// What a row of `connections` tells of it.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = connections, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct SummaryRow {
    user_id: Vec<u8>,
    epoch: i64,
    state: String,
    host: Option<String>,
    account_id: Option<i64>,
    reauth_reason: Option<String>,
    reauth_since: Option<i64>,
    connected_at: Option<i64>,
    refreshed_at: Option<i64>,
    problem: Option<String>,
    problem_since: Option<i64>,
}

impl SummaryRow {
    /// Whose it is.
    pub(crate) fn user_id(&self) -> &[u8] {
        &self.user_id
    }

    /// The same as the whole row's own reading would tell.
    pub(super) fn open(self) -> Result<ConnectionSummary, Failure> {
        let standing = standing(&self.state, self.problem.as_deref(), self.reauth_reason.as_deref())?;
        let since = match standing {
            Standing::Connected(Some(_)) => Some(time(needed(self.problem_since)?)?),
            Standing::NeedsReauth(_) => Some(time(needed(self.reauth_since)?)?),
            Standing::Connected(None) | Standing::Revoked | Standing::Disconnected => None,
        };
        let account = match standing {
            Standing::Disconnected => None,
            _ => Some((AccountHost::stored(needed(self.host)?), self.account_id.map(account))),
        };
        Ok(ConnectionSummary {
            epoch: Epoch(count(self.epoch)?),
            standing,
            since,
            account,
            connected_at: optional_time(self.connected_at)?,
            refreshed_at: optional_time(self.refreshed_at)?,
        })
    }
}
