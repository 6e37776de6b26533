//! The client suite can fail: clients that break one promise each, and the case that notices.

#![expect(clippy::unwrap_used, reason = "a mutant that cannot be committed is the test's mistake")]

mod api;
mod client;
mod kinds;
mod writes;

use std::sync::Arc;

use amo_connect_contract::amo_client::{AmoClientHarness, CASES, Feature, left_out};
use amo_connect_contract::fixtures;
use amo_connect_contract::proof::Proof;
use amo_connect_contract::{Asked, FakeAmo, Reply, amo_denial, amo_redirect};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoClient;
use amo_connect_domain::token::{AuthorizationCode, State};
use async_trait::async_trait;
use client::MutantClient;
use kinds::{Mutant, NOTICED};

/// [`AmoError`](amo_connect_domain::ports::AmoError) has no room for words: the case guards the
/// day when it gets some.
const NOT_YET_POSSIBLE: &[&str] = &["no_error_shows_a_secret_or_the_crms_words"];

#[derive(Debug)]
struct MutantHarness(MutantClient);

#[async_trait]
impl AmoClientHarness for MutantHarness {
    async fn fresh() -> Self {
        Self(MutantClient::new(Mutant::None))
    }

    fn client(&self) -> Arc<dyn AmoClient> {
        Arc::new(self.0.clone())
    }

    fn host(&self) -> AccountHost {
        fixtures::host(1)
    }

    fn foreign_host(&self) -> AccountHost {
        AccountHost::stored("account1.example.com")
    }

    fn redirect(&self, code: &AuthorizationCode, state: &State) -> String {
        amo_redirect(code, state, &self.host())
    }

    fn denial(&self, state: &State) -> String {
        amo_denial(state)
    }

    fn hook(&self, account: AccountId) -> Option<String> {
        FakeAmo::signed_hook(account).into()
    }

    async fn will(&self, reply: Reply) {
        self.0.inner.answer_next(self.0.reads(reply));
    }

    async fn asked(&self) -> Vec<Asked> {
        self.0.inner.asked()
    }
}

amo_connect_contract::prove!(Proof {
    cases: CASES,
    noticed: NOTICED,
    not_yet_possible: NOT_YET_POSSIBLE,
    correct: Mutant::None,
    harness: |mutant| Box::new(MutantHarness(MutantClient::new(mutant))),
});

#[test]
fn what_a_crm_may_lack_names_cases_of_the_suite() {
    let left_out = left_out(&Feature::ALL);
    assert!(left_out.iter().all(|name| CASES.iter().any(|case| case.name == *name)), "{left_out:?}");
    assert!(!left_out.is_empty());
}
