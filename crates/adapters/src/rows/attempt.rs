//! An attempt as a row.

use amo_connect_domain::authorization::attempt::{Attempt, AttemptReason, AttemptState};
use amo_connect_domain::ids::AttemptId;
use amo_connect_domain::token::{CodeHash, StateHash};
use async_trait::async_trait;
use diesel::prelude::*;

use super::columns::{array, needed, time, user};
use super::failure::Failure;
use super::schema::attempts;

/// The `state` of an attempt that may still take a code.
pub(crate) const OPEN: &str = "open";

const UNKNOWN_REASON: Failure = Failure::Corrupt("an attempt's reason is unknown");

/// A row of `attempts`.
#[derive(Queryable, Selectable, Identifiable, Insertable, AsChangeset)]
#[diesel(
    table_name = attempts,
    treat_none_as_null = true,
    treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite)
)]
pub(crate) struct AttemptRow {
    pub(super) id: Vec<u8>,
    user_id: Vec<u8>,
    state_hash: Vec<u8>,
    state: String,
    code_hash: Option<Vec<u8>>,
    reason: Option<String>,
    opened_at: i64,
    expires_at: i64,
    deep_link: Option<String>,
}

/// The rows of `attempts`.
#[async_trait]
pub(crate) trait AttemptRows: Send {
    async fn attempt(&mut self, id: &[u8]) -> Result<Option<AttemptRow>, Failure>;
    async fn attempt_by_state(&mut self, state_hash: &[u8]) -> Result<Option<AttemptRow>, Failure>;
    /// The newest first.
    async fn open_attempts(&mut self, user_id: &[u8]) -> Result<Vec<AttemptRow>, Failure>;
    /// The newest first.
    async fn attempts_of(&mut self, user_id: &[u8], limit: i64) -> Result<Vec<AttemptRow>, Failure>;
    async fn insert_attempt(&mut self, row: &AttemptRow) -> Result<(), Failure>;
    async fn update_attempt(&mut self, row: &AttemptRow) -> Result<(), Failure>;
    /// Deletes those that are older: at most `limit`. Those that somebody else is changing are left
    /// out. Returns how many.
    async fn forget_attempts(&mut self, micros: i64, limit: i64) -> Result<usize, Failure>;
    /// Deletes those of this user that are past open, except the newest `kept`: at most `limit`.
    async fn forget_attempts_of(&mut self, user_id: &[u8], kept: usize, limit: i64) -> Result<(), Failure>;
}

impl From<&Attempt> for AttemptRow {
    fn from(attempt: &Attempt) -> Self {
        let (state, code_hash, why) = match attempt.state {
            AttemptState::Open => (OPEN, None, None),
            AttemptState::Spent(code) => ("spent", Some(code.0.to_vec()), None),
            AttemptState::Denied => ("denied", None, None),
            AttemptState::Superseded => ("superseded", None, None),
            AttemptState::Failed(why) => ("failed", None, why),
        };
        Self {
            id: attempt.id.0.to_vec(),
            user_id: attempt.user.as_str().into(),
            state_hash: attempt.state_hash.0.to_vec(),
            state: state.to_owned(),
            code_hash,
            reason: why.map(|why| why.code().to_owned()),
            opened_at: attempt.opened_at.as_microsecond(),
            expires_at: attempt.expires_at.as_microsecond(),
            deep_link: attempt.deep_link.clone(),
        }
    }
}

impl TryFrom<AttemptRow> for Attempt {
    type Error = Failure;

    fn try_from(row: AttemptRow) -> Result<Self, Failure> {
        let state = match row.state.as_str() {
            OPEN => AttemptState::Open,
            "spent" => AttemptState::Spent(CodeHash(array(&needed(row.code_hash)?)?)),
            "denied" => AttemptState::Denied,
            "superseded" => AttemptState::Superseded,
            "failed" => AttemptState::Failed(match row.reason.as_deref() {
                Some(word) => Some(AttemptReason::from_code(word).ok_or(UNKNOWN_REASON)?),
                None => None,
            }),
            _ => return Err(Failure::Corrupt("an attempt's state is unknown")),
        };
        Ok(Self {
            id: AttemptId(array(&row.id)?),
            user: user(row.user_id)?,
            state_hash: StateHash(array(&row.state_hash)?),
            state,
            opened_at: time(row.opened_at)?,
            expires_at: time(row.expires_at)?,
            deep_link: row.deep_link,
        })
    }
}
