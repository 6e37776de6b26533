//! The record of a write with a key as a row.

use amo_connect_domain::idempotency::{
    KeyHash, RequestHash, Sending, WriteKind, WriteRecord, WriteState, WrittenObject,
};
use amo_connect_domain::ids::{Epoch, LeaseOwner};
use amo_connect_domain::lease::Lease;
use async_trait::async_trait;
use diesel::prelude::*;

use super::columns::{array, count, needed, time, user};
use super::failure::Failure;
use super::grant::{account, account_column};
use super::schema::writes;

/// The `state` of a write that somebody works on, or died while they did.
pub(crate) const UNDERWAY: &str = "underway";
const OUTCOME_UNKNOWN: &str = "outcome_unknown";
const DONE: &str = "done";

/// A row of `writes`.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = writes,
    treat_none_as_null = true,
    treat_none_as_default_value = false,
    check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite)
)]
pub(crate) struct WriteRow {
    key_hash: Vec<u8>,
    user_id: Vec<u8>,
    request_hash: Vec<u8>,
    account_id: i64,
    author_id: Option<i64>,
    epoch: i64,
    kind: String,
    target_id: Option<i64>,
    object_id: Option<i64>,
    object_is_new: Option<bool>,
    comment_id: Option<i64>,
    begun_at: i64,
    state: String,
    lease_owner: Option<Vec<u8>>,
    lease_until: Option<i64>,
    sent_at: Option<i64>,
    sent_by: Option<Vec<u8>>,
    missing_comment: Option<bool>,
    done_at: Option<i64>,
}

/// An object that is claimed, and the hash of the key that claims it.
pub(crate) type ClaimRow = (i64, Vec<u8>);

/// The rows of `writes`.
#[async_trait]
pub(crate) trait WriteRows: Send {
    async fn write(&mut self, key_hash: &[u8], user_id: &[u8]) -> Result<Option<WriteRow>, Failure>;
    /// When the `number`th newest write of this user began, if there are as many.
    async fn nth_newest_write(&mut self, user_id: &[u8], number: i64) -> Result<Option<i64>, Failure>;
    async fn put_write(&mut self, row: &WriteRow) -> Result<(), Failure>;
    async fn delete_write(&mut self, key_hash: &[u8]) -> Result<(), Failure>;
    /// Those of these objects that writes of this kind made.
    async fn made_objects(&mut self, account_id: i64, kind: &str, ids: Vec<i64>) -> Result<Vec<ClaimRow>, Failure>;
    /// Those of these notes that hold comments of leads.
    async fn comments(&mut self, account_id: i64, ids: Vec<i64>) -> Result<Vec<ClaimRow>, Failure>;
    /// Deletes those that were done before this moment, and those of which nothing was ever sent and whose lease
    /// ended before it. As [`AttemptRows::forget_attempts`](super::attempt::AttemptRows::forget_attempts).
    async fn forget_writes(&mut self, before: i64, limit: i64) -> Result<usize, Failure>;
}

impl From<&WriteRecord> for WriteRow {
    fn from(record: &WriteRecord) -> Self {
        let (mut lease, mut sent, mut done) = (None, None, None);
        let state = match record.state {
            WriteState::Underway { lease: held, sent: sending } => {
                (lease, sent) = (Some(held), sending);
                UNDERWAY
            }
            WriteState::OutcomeUnknown(sending) => {
                sent = Some(sending);
                OUTCOME_UNKNOWN
            }
            WriteState::Done { missing_comment, done_at } => {
                done = Some((missing_comment, done_at));
                DONE
            }
        };
        Self {
            key_hash: record.key.0.to_vec(),
            user_id: record.user.as_str().into(),
            request_hash: record.request.0.to_vec(),
            account_id: account_column(record.account),
            author_id: record.author.map(u64::cast_signed),
            epoch: record.epoch.0,
            kind: record.kind.code().to_owned(),
            target_id: record.target.map(u64::cast_signed),
            object_id: record.object.map(|object| object.id.cast_signed()),
            object_is_new: record.object.map(|object| object.is_new),
            comment_id: record.comment.map(u64::cast_signed),
            begun_at: record.begun_at.as_microsecond(),
            state: state.to_owned(),
            lease_owner: lease.map(|lease| lease.owner.0.to_vec()),
            lease_until: lease.map(|lease| lease.until.as_microsecond()),
            sent_at: sent.map(|sent| sent.at.as_microsecond()),
            sent_by: sent.map(|sent| sent.by.0.to_vec()),
            missing_comment: done.map(|(missing_comment, _)| missing_comment),
            done_at: done.map(|(_, done_at)| done_at.as_microsecond()),
        }
    }
}

impl TryFrom<WriteRow> for WriteRecord {
    type Error = Failure;

    fn try_from(row: WriteRow) -> Result<Self, Failure> {
        let sent = match row.sent_at {
            Some(at) => Some(Sending { at: time(at)?, by: LeaseOwner(array(&needed(row.sent_by)?)?) }),
            None => None,
        };
        let state = match row.state.as_str() {
            UNDERWAY => WriteState::Underway {
                lease: Lease {
                    owner: LeaseOwner(array(&needed(row.lease_owner)?)?),
                    until: time(needed(row.lease_until)?)?,
                },
                sent,
            },
            OUTCOME_UNKNOWN => WriteState::OutcomeUnknown(needed(sent)?),
            DONE => {
                WriteState::Done { missing_comment: needed(row.missing_comment)?, done_at: time(needed(row.done_at)?)? }
            }
            _ => return Err(Failure::Corrupt("a write's state is unknown")),
        };
        let object = match row.object_id {
            Some(id) => Some(WrittenObject { id: id.cast_unsigned(), is_new: needed(row.object_is_new)? }),
            None => None,
        };
        let kind = WriteKind::from_code(&row.kind).ok_or(Failure::Corrupt("a write's kind is unknown"))?;
        Ok(Self {
            user: user(row.user_id)?,
            key: KeyHash(array(&row.key_hash)?),
            request: RequestHash(array(&row.request_hash)?),
            account: account(row.account_id),
            author: row.author_id.map(i64::cast_unsigned),
            epoch: Epoch(count(row.epoch)?),
            kind,
            target: row.target_id.map(i64::cast_unsigned),
            object,
            comment: row.comment_id.map(i64::cast_unsigned),
            begun_at: time(row.begun_at)?,
            state,
        })
    }
}
