//! Values as columns, and back. Reading trusts nothing.

use amo_connect_domain::ids::UserId;
use jiff::Timestamp;

use super::failure::Failure;

/// A time that was stored as microseconds since the epoch.
pub(super) fn time(micros: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_microsecond(micros).or(Err(Failure::Corrupt("a time is out of range")))
}

/// Times that may be missing.
pub(super) fn optional_time(micros: Option<i64>) -> Result<Option<Timestamp>, Failure> {
    micros.map(time).transpose()
}

/// An id or a hash of `N` bytes.
pub(super) fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Failure> {
    bytes.try_into().or(Err(Failure::Corrupt("an id or a hash has another length")))
}

/// A user id.
pub(super) fn user(bytes: Vec<u8>) -> Result<UserId, Failure> {
    let corrupt = Failure::Corrupt("a user id is not one");
    let Ok(text) = String::from_utf8(bytes) else { return Err(corrupt) };
    UserId::new(text).or(Err(corrupt))
}

/// A counter that rises from zero, and can rise once more.
pub(super) fn count(number: i64) -> Result<i64, Failure> {
    if (0..i64::MAX).contains(&number) { Ok(number) } else { Err(Failure::Corrupt("a count is out of range")) }
}

/// A column that the row's state needs.
pub(super) fn needed<T>(column: Option<T>) -> Result<T, Failure> {
    column.ok_or(Failure::Corrupt("a row lacks what its state needs"))
}
