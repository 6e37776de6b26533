//! Look-ups of accounts that may have moved: granted once a minute, and the moves they found.

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::{FoundHost, HostLookUp, LookUpDecision, LookUpSubject};
use amo_connect_domain::ids::AccountId;

use super::Session;
use crate::rows::failure::Failure;
use crate::rows::host_look_up::HostLookUpRow;

impl Session<'_> {
    pub(in crate::rows) async fn request_look_up(
        mut self,
        host: AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, Failure> {
        let subject = LookUpSubject::of(&host, account);
        self.rows.lock_look_up(&subject).await?;
        let of_host = self.host_look_up(&LookUpSubject::host(&host)).await?;
        let of_subject = self.host_look_up(&subject).await?;
        let store_now = self.rows.clock().await?;
        let (decision, record) = HostLookUp::request(of_host, of_subject.clone(), account, store_now);
        if let Some(record) = record.filter(|record| Some(record) != of_subject.as_ref()) {
            self.rows.put_host_look_up(&HostLookUpRow::new(&subject, &record)).await?;
        }
        Ok(decision)
    }

    pub(in crate::rows) async fn save_move(self, host: AccountHost, moved_to: FoundHost) -> Result<(), Failure> {
        let (from, to) = (LookUpSubject::host(&host), LookUpSubject::host(&moved_to.host));
        let mut subjects = [&from, &to];
        // Everybody who locks two does it in this order.
        subjects.sort_unstable();
        for subject in subjects {
            self.rows.lock_look_up(subject).await?;
        }
        let store_now = self.rows.clock().await?;
        self.rows.put_host_look_up(&HostLookUpRow::new(&to, &HostLookUp::made(store_now))).await?;
        self.rows.put_host_look_up(&HostLookUpRow::new(&from, &HostLookUp::moved(moved_to, store_now))).await
    }

    async fn host_look_up(&mut self, subject: &LookUpSubject) -> Result<Option<HostLookUp>, Failure> {
        self.rows.host_look_up(subject.as_str()).await?.map(HostLookUp::try_from).transpose()
    }
}
