//! [`FakeAmo`] under the suite.

use std::sync::Arc;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoClient;
use amo_connect_domain::token::{AuthorizationCode, State};
use async_trait::async_trait;

use super::{Asked, FakeAmo, Reply, redirect};
use crate::amo_client::AmoClientHarness;
use crate::fixtures;

/// A CRM in memory, for [`amo_client_contract!`](crate::amo_client_contract).
#[derive(Debug, Default)]
pub struct FakeAmoHarness(FakeAmo);

#[async_trait]
impl AmoClientHarness for FakeAmoHarness {
    async fn fresh() -> Self {
        Self::default()
    }

    fn client(&self) -> Arc<dyn AmoClient> {
        Arc::new(self.0.clone())
    }

    fn host(&self) -> AccountHost {
        fixtures::host(1)
    }

    fn foreign_host(&self) -> AccountHost {
        AccountHost::stored("account1.amocrm.ru.example.com")
    }

    fn redirect(&self, code: &AuthorizationCode, state: &State) -> String {
        redirect::amo_redirect(code, state, &self.host())
    }

    fn denial(&self, state: &State) -> String {
        redirect::amo_denial(state)
    }

    fn hook(&self, account: AccountId) -> Option<String> {
        Some(FakeAmo::signed_hook(account))
    }

    async fn will(&self, reply: Reply) {
        self.0.answer_next(reply);
    }

    async fn asked(&self) -> Vec<Asked> {
        self.0.asked()
    }
}
