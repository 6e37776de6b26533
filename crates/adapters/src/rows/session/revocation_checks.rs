//! Looks at accounts: wanted, taken, ended.

use amo_connect_domain::connection::revocation_check::RevocationCheck;
use amo_connect_domain::ids::AccountId;

use super::Session;
use crate::rows::failure::Failure;
use crate::rows::grant::{account, account_column};
use crate::rows::revocation_check::RevocationCheckRow;

impl Session<'_> {
    pub(in crate::rows) async fn request_check(mut self, account: AccountId) -> Result<(), Failure> {
        let on_record = self.locked_look(account).await?;
        let store_now = self.rows.clock().await?;
        self.rows.put_look(&RevocationCheckRow::new(account, &RevocationCheck::want(on_record, store_now))).await
    }

    pub(in crate::rows) async fn take_checks(mut self, limit: u32) -> Result<Vec<AccountId>, Failure> {
        let store_now = self.rows.clock().await?;
        let mut due = self.rows.due_looks(store_now.as_microsecond(), limit.into()).await?;
        // Everybody who locks several accounts does it in this order.
        due.sort_unstable();
        let mut taken = Vec::new();
        for number in due {
            let account = account(number);
            let Some(look) = self.locked_look(account).await?.and_then(|look| look.take(store_now)) else { continue };
            self.rows.put_look(&RevocationCheckRow::new(account, &look)).await?;
            taken.push(account);
        }
        Ok(taken)
    }

    pub(in crate::rows) async fn extend_check(mut self, account: AccountId) -> Result<(), Failure> {
        let Some(look) = self.locked_look(account).await? else { return Ok(()) };
        let kept = look.keep(self.rows.clock().await?);
        self.rows.put_look(&RevocationCheckRow::new(account, &kept)).await
    }

    pub(in crate::rows) async fn finish_check(mut self, account: AccountId) -> Result<(), Failure> {
        match self.locked_look(account).await? {
            Some(look) => self.rows.put_look(&RevocationCheckRow::new(account, &look.end())).await,
            None => Ok(()),
        }
    }

    async fn locked_look(&mut self, account: AccountId) -> Result<Option<RevocationCheck>, Failure> {
        self.rows.lock_account(account).await?;
        let row = self.rows.look(account_column(account)).await?;
        row.map(|row| row.open().map(|(_, look)| look)).transpose()
    }
}
