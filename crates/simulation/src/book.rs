//! The book of turns, through the same wire as the rows.

use std::time::Duration;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{StoreError, TurnBook};
use amo_connect_domain::rate_limit::{Heard, Pace, Probe, Turn};
use async_trait::async_trait;

use crate::store::ModelStore;

#[async_trait]
impl TurnBook for ModelStore {
    async fn take_turn(&self, account: &AccountHost, pace: Pace, patience: Duration) -> Result<Turn, StoreError> {
        self.look("take_turn", self.world.book.take_turn(account, pace, patience)).await
    }

    async fn hear(&self, account: &AccountHost, heard: Heard, probe: Option<Probe>) -> Result<(), StoreError> {
        self.look("hear", self.world.book.hear(account, heard, probe)).await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.look("sweep of turns", self.world.book.sweep()).await
    }
}
