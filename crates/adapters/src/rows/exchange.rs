//! The record of a code as a row.

use amo_connect_domain::authorization::budget::CodeOnRecord;
use amo_connect_domain::authorization::code::{Exchange, ExchangeStatus};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::{AttemptId, Epoch, LeaseOwner};
use amo_connect_domain::lease::Lease;
use amo_connect_domain::token::{CodeHash, StateHash};
use async_trait::async_trait;
use diesel::prelude::*;

use super::columns::{array, count, needed, time, user};
use super::failure::Failure;
use super::grant::{GrantColumns, Tokens};
use super::schema::exchanges;
use crate::cipher::{RowIdentity, TokenKeys};

pub(crate) const IN_FLIGHT: &str = "in_flight";
const INTERRUPTED: &str = "interrupted";
pub(crate) const VOID: &str = "void";

/// The `state` of a grant that waits for its owner.
pub(crate) const WAITING: &str = "waiting";

/// Every `state` that may still become a connection without another word of its user.
pub(crate) const UNSETTLED: [&str; 3] = [IN_FLIGHT, INTERRUPTED, WAITING];

/// A row of `exchanges`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = exchanges,
    treat_none_as_null = true,
    treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite)
)]
pub(crate) struct ExchangeRow {
    code_hash: Vec<u8>,
    came_with: Option<Vec<u8>>,
    attempt_id: Option<Vec<u8>>,
    user_id: Option<Vec<u8>>,
    claim_needed: bool,
    host: String,
    epoch: i64,
    state: String,
    lease_owner: Option<Vec<u8>>,
    lease_until: Option<i64>,
    grant_host: Option<String>,
    account_id: Option<i64>,
    tokens: Option<Vec<u8>>,
    issued_at: Option<i64>,
    expires_at: Option<i64>,
    claim_by: Option<i64>,
    connected_epoch: Option<i64>,
    admitted_at: i64,
}

/// The rows of `exchanges`.
#[async_trait]
pub(crate) trait ExchangeRows: Send {
    async fn exchange(&mut self, code_hash: &[u8]) -> Result<Option<ExchangeRow>, Failure>;
    /// Voids those that are unsettled, as [`Exchange::void`] does, by one statement, however many there are.
    async fn void_exchanges(&mut self, user_id: &[u8]) -> Result<(), Failure>;
    /// The newest first.
    async fn exchanges_of(&mut self, user_id: &[u8], limit: i64) -> Result<Vec<ExchangeRow>, Failure>;
    /// Locked, where the database locks rows; those that somebody else is changing are left out.
    async fn late_grants(&mut self, micros: i64, limit: i64) -> Result<Vec<ExchangeRow>, Failure>;
    /// Grants that wait for longer than one may. Locked as [`Self::late_grants`].
    async fn overlong_waits(&mut self, micros: i64, limit: i64) -> Result<Vec<ExchangeRow>, Failure>;
    /// Of the newest ones, when each was admitted, and its state.
    async fn codes_of(&mut self, user_id: &[u8], limit: usize) -> Result<Vec<(i64, String)>, Failure>;
    async fn has_waiting_grant(&mut self, user_id: &[u8], micros: i64) -> Result<bool, Failure>;
    async fn put_exchange(&mut self, row: &ExchangeRow) -> Result<(), Failure>;
    /// Deletes those that are older, and leaves those whose lease ended since the other moment. As
    /// [`AttemptRows::forget_attempts`](super::attempt::AttemptRows::forget_attempts).
    async fn forget_exchanges(
        &mut self,
        admitted_before: i64,
        under_way_since: i64,
        limit: i64,
    ) -> Result<usize, Failure>;
}

impl ExchangeRow {
    /// What [`ExchangeRows::codes_of`] found, as the domain has it.
    pub(super) fn in_budget((admitted_at, state): (i64, String)) -> Result<CodeOnRecord, Failure> {
        Ok(CodeOnRecord { admitted_at: time(admitted_at)?, is_unsettled: UNSETTLED.contains(&state.as_str()) })
    }

    pub(super) fn seal(exchange: &Exchange, keys: &TokenKeys) -> Result<Self, Failure> {
        let mut grant = GrantColumns::default();
        let (mut lease, mut claim_by, mut connected_epoch) = (None, None, None);
        let state = match &exchange.status {
            ExchangeStatus::InFlight(held) => {
                lease = Some(held);
                IN_FLIGHT
            }
            ExchangeStatus::Interrupted => INTERRUPTED,
            ExchangeStatus::Waiting { grant: waiting, claim_by: term } => {
                grant = GrantColumns::seal(waiting, keys, &identity(&exchange.code.0))?;
                claim_by = Some(term.as_microsecond());
                WAITING
            }
            ExchangeStatus::Connected(epoch) => {
                connected_epoch = Some(epoch.0);
                "connected"
            }
            ExchangeStatus::CodeRefused => "code_refused",
            ExchangeStatus::OtherAccount => "other_account",
            ExchangeStatus::Unclaimed => "unclaimed",
            ExchangeStatus::Void => VOID,
        };
        Ok(Self {
            code_hash: exchange.code.0.to_vec(),
            came_with: exchange.came_with.map(|state| state.0.to_vec()),
            attempt_id: exchange.attempt.map(|id| id.0.to_vec()),
            user_id: exchange.user.as_ref().map(|user| user.as_str().into()),
            claim_needed: exchange.claim_needed,
            host: exchange.host.as_str().to_owned(),
            epoch: exchange.epoch.0,
            state: state.to_owned(),
            lease_owner: lease.map(|lease| lease.owner.0.to_vec()),
            lease_until: lease.map(|lease| lease.until.as_microsecond()),
            grant_host: grant.host,
            account_id: grant.account_id,
            tokens: grant.tokens,
            issued_at: grant.issued_at,
            expires_at: grant.expires_at,
            claim_by,
            connected_epoch,
            admitted_at: exchange.admitted_at.as_microsecond(),
        })
    }

    /// Whether the tokens of a grant that waits are in it.
    pub(super) fn has_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    pub(super) fn open(self, tokens: Tokens<'_>) -> Result<Exchange, Failure> {
        let status = match self.state.as_str() {
            IN_FLIGHT => ExchangeStatus::InFlight(Lease {
                owner: LeaseOwner(array(&needed(self.lease_owner)?)?),
                until: time(needed(self.lease_until)?)?,
            }),
            INTERRUPTED => ExchangeStatus::Interrupted,
            WAITING => {
                let grant = GrantColumns {
                    host: self.grant_host,
                    account_id: self.account_id,
                    tokens: self.tokens,
                    issued_at: self.issued_at,
                    expires_at: self.expires_at,
                };
                ExchangeStatus::Waiting {
                    grant: Box::new(grant.open(tokens, &identity(&self.code_hash))?),
                    claim_by: time(needed(self.claim_by)?)?,
                }
            }
            "connected" => ExchangeStatus::Connected(Epoch(count(needed(self.connected_epoch)?)?)),
            "code_refused" => ExchangeStatus::CodeRefused,
            "other_account" => ExchangeStatus::OtherAccount,
            "unclaimed" => ExchangeStatus::Unclaimed,
            VOID => ExchangeStatus::Void,
            _ => return Err(Failure::Corrupt("a code's state is unknown")),
        };
        Ok(Exchange {
            code: CodeHash(array(&self.code_hash)?),
            came_with: self.came_with.map(|hash| array(&hash).map(StateHash)).transpose()?,
            attempt: self.attempt_id.map(|id| array(&id).map(AttemptId)).transpose()?,
            user: self.user_id.map(user).transpose()?,
            claim_needed: self.claim_needed,
            host: AccountHost::stored(self.host),
            epoch: Epoch(count(self.epoch)?),
            status,
            admitted_at: time(self.admitted_at)?,
        })
    }
}

pub(super) fn identity(code_hash: &[u8]) -> RowIdentity {
    RowIdentity::new("exchanges", code_hash)
}
