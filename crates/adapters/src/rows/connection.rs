//! A connection as a row; the lease beside it is in [`lease`](super::lease).

use amo_connect_domain::connection::{
    ConnectionParts, ConnectionState, CrmConnection, FormerAccount, Problem, ProblemCode, REFUSAL_BACKOFFS,
    ReauthReason, RefusedPairs,
};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::{Epoch, Generation, Revision};
use async_trait::async_trait;
use diesel::prelude::*;
use jiff::Timestamp;

use super::columns::{count, needed, optional_time, time, user};
use super::failure::Failure;
use super::grant::{GrantColumns, Tokens, account, account_column};
use super::lease::LeaseColumns;
use super::schema::connections;
use super::standing::StandingRow;
use crate::cipher::{RowIdentity, TokenKeys};

/// The `state` of a connection that can be used.
pub(crate) const CONNECTED: &str = "connected";

/// A row of `connections`, except the lease.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = connections,
    treat_none_as_null = true,
    treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite)
)]
pub(crate) struct ConnectionRow {
    user_id: Vec<u8>,
    revision: i64,
    epoch: i64,
    generation: i64,
    state: String,
    host: Option<String>,
    account_id: Option<i64>,
    tokens: Option<Vec<u8>>,
    issued_at: Option<i64>,
    expires_at: Option<i64>,
    reauth_reason: Option<String>,
    reauth_since: Option<i64>,
    connected_at: Option<i64>,
    refreshed_at: Option<i64>,
    problem: Option<String>,
    problem_since: Option<i64>,
    refused_epoch: Option<i64>,
    refused_count: Option<i64>,
    refused_last: Option<i64>,
    refused_since: Option<i64>,
}

/// A row with its lease.
pub(crate) type LeasedRow = (ConnectionRow, LeaseColumns);

/// The store's clock, in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct StoreNow {
    pub(crate) now: i64,
    /// The refusals that put a refresh off are later than this: of two pairs in a row than the first,
    /// of three than the second, and so on.
    pub(crate) backoff_since: [i64; REFUSAL_BACKOFFS.len()],
}

/// The rows of `connections`.
#[async_trait]
pub(crate) trait ConnectionRows: Send {
    async fn connection(&mut self, user_id: &[u8]) -> Result<Option<LeasedRow>, Failure>;
    /// Leaves the lease as it is.
    async fn put_connection(&mut self, row: &ConnectionRow) -> Result<(), Failure>;
    /// Ends the lease.
    async fn put_connection_without_lease(&mut self, row: &ConnectionRow) -> Result<(), Failure>;
    /// Users whose tokens were issued before the one moment or after the other, and are not being
    /// refreshed: the oldest first.
    async fn stale_connections(
        &mut self,
        issued: (i64, i64),
        store_now: StoreNow,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, i64)>, Failure>;
    async fn users_of(&mut self, account_id: i64) -> Result<Vec<Vec<u8>>, Failure>;
    async fn users(&mut self, after: &[u8], limit: i64) -> Result<Vec<Vec<u8>>, Failure>;
    /// Counts the rows that are alike.
    async fn standings(&mut self) -> Result<Vec<StandingRow>, Failure>;
}

impl ConnectionRow {
    /// Whose it is.
    pub(crate) fn user_id(&self) -> &[u8] {
        &self.user_id
    }

    pub(super) fn seal(connection: &CrmConnection, keys: &TokenKeys) -> Result<Self, Failure> {
        let user_id = connection.user.as_str().as_bytes();
        let former = |former: &FormerAccount| GrantColumns {
            host: Some(former.host.as_str().to_owned()),
            account_id: former.account.map(account_column),
            ..GrantColumns::default()
        };
        let (state, grant, reauth) = match &connection.state {
            ConnectionState::Disconnected => ("disconnected", GrantColumns::default(), None),
            ConnectionState::Connected(grant) => {
                (CONNECTED, GrantColumns::seal(grant, keys, &identity(user_id))?, None)
            }
            ConnectionState::NeedsReauth { former: account, reason, since } => {
                ("needs_reauth", former(account), Some((*reason, *since)))
            }
            ConnectionState::Revoked(account) => ("revoked", former(account), None),
        };
        Ok(Self {
            user_id: user_id.to_vec(),
            revision: connection.revision.0,
            epoch: connection.epoch.0,
            generation: connection.generation.0,
            state: state.to_owned(),
            host: grant.host,
            account_id: grant.account_id,
            tokens: grant.tokens,
            issued_at: grant.issued_at,
            expires_at: grant.expires_at,
            reauth_reason: reauth.map(|(reason, _)| reason.code().to_owned()),
            reauth_since: reauth.map(|(_, since)| since.as_microsecond()),
            connected_at: connection.connected_at.map(Timestamp::as_microsecond),
            refreshed_at: connection.refreshed_at.map(Timestamp::as_microsecond),
            problem: connection.problem.map(|problem| problem.code.code().to_owned()),
            problem_since: connection.problem.map(|problem| problem.since.as_microsecond()),
            refused_epoch: connection.refused.map(|_| connection.epoch.0),
            refused_count: connection.refused.map(|refused| refused.count.into()),
            refused_last: connection.refused.map(|refused| refused.last.0),
            refused_since: connection.refused.map(|refused| refused.since.as_microsecond()),
        })
    }

    pub(super) fn open(self, tokens: Tokens<'_>) -> Result<CrmConnection, Failure> {
        let former = |host, number: Option<i64>| -> Result<FormerAccount, Failure> {
            Ok(FormerAccount { host: AccountHost::stored(needed(host)?), account: number.map(account) })
        };
        let state = match self.state.as_str() {
            "disconnected" => ConnectionState::Disconnected,
            CONNECTED => {
                let grant = GrantColumns {
                    host: self.host,
                    account_id: self.account_id,
                    tokens: self.tokens,
                    issued_at: self.issued_at,
                    expires_at: self.expires_at,
                };
                ConnectionState::Connected(grant.open(tokens, &identity(&self.user_id))?)
            }
            "needs_reauth" => ConnectionState::NeedsReauth {
                former: former(self.host, self.account_id)?,
                reason: ReauthReason::from_code(&needed(self.reauth_reason)?)
                    .ok_or(Failure::Corrupt("a reason to connect again is unknown"))?,
                since: time(needed(self.reauth_since)?)?,
            },
            "revoked" => ConnectionState::Revoked(former(self.host, self.account_id)?),
            _ => return Err(Failure::Corrupt("a connection's state is unknown")),
        };
        // A hint for people. One that only a newer version knows is in no pair's way.
        let problem = match self.problem.as_deref().and_then(ProblemCode::from_code) {
            Some(code) => Some(Problem { code, since: time(needed(self.problem_since)?)? }),
            None => None,
        };
        // Written for another epoch, it says nothing of this one.
        let refused = match self.refused_epoch {
            Some(epoch) if epoch == self.epoch => Some(RefusedPairs {
                count: needed(self.refused_count)?.try_into().unwrap_or(u32::MAX),
                last: Generation(count(needed(self.refused_last)?)?),
                since: time(needed(self.refused_since)?)?,
            }),
            _ => None,
        };
        let generation = Generation(count(self.generation)?);
        let parts = ConnectionParts {
            user: user(self.user_id)?,
            revision: Revision(count(self.revision)?),
            epoch: Epoch(count(self.epoch)?),
            generation,
            state,
            connected_at: optional_time(self.connected_at)?,
            refreshed_at: optional_time(self.refreshed_at)?,
            problem,
            // A hint that makes no sense is in no pair's way either.
            refused: refused.filter(|refused| refused.last <= generation),
        };
        CrmConnection::restore(parts).or(Err(Failure::Corrupt("a connection has parts that none can have")))
    }
}

pub(super) fn identity(user_id: &[u8]) -> RowIdentity {
    RowIdentity::new("connections", user_id)
}
