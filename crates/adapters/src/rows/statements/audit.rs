//! Statements on `audit`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::audit::{AuditRow, AuditRows};
use crate::rows::failure::{DatabaseError, Failure};
use crate::rows::schema::audit;

#[async_trait]
impl AuditRows for Transaction<'_> {
    async fn insert_audit(&mut self, row: &AuditRow) -> Result<(), Failure> {
        match diesel::insert_into(audit::table).values(row).execute(self.connection).await {
            Ok(_) => Ok(()),
            // The sequence of the numbers is behind, as after a switch by logical replication. It is further with each
            // try, and nobody's change came first: a pair that is being saved is not superseded.
            Err(error @ DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                Err(Failure::unavailable(DatabaseError::of(&error)))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn audit(&mut self, user_id: &[u8], limit: i64) -> Result<Vec<AuditRow>, Failure> {
        let found = audit::table.filter(audit::user_id.eq(user_id)).order(audit::id.desc()).limit(limit);
        Ok(found.select(AuditRow::as_select()).load(self.connection).await?)
    }

    async fn forget_audit(&mut self, micros: i64, limit: i64) -> Result<usize, Failure> {
        let old = audit::table.filter(audit::at.lt(micros)).limit(limit);
        let old: Vec<i64> = locked!(old.select(audit::id)).load(self.connection).await?;
        let old = audit::table.filter(audit::id.eq_any(old));
        Ok(diesel::delete(old).execute(self.connection).await?)
    }
}
