//! What the suite needs of an adapter's test set-up.

use std::sync::Arc;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoClient;
use amo_connect_domain::token::{AuthorizationCode, State};
use async_trait::async_trait;

use super::feature::{Entity, Feature};
use crate::fake::{Asked, Reply};

/// An adapter's client, and the CRM's side.
#[async_trait]
pub trait AmoClientHarness: Send + Sync + 'static {
    /// A client with a CRM of its own, which goes with the harness when that is dropped. Its
    /// time limits are short: cases wait for them.
    async fn fresh() -> Self
    where
        Self: Sized;

    /// The client.
    fn client(&self) -> Arc<dyn AmoClient>;

    /// An allowed host, where the CRM answers.
    fn host(&self) -> AccountHost;

    /// A host that is not allowed, where requests are noticed all the same, if it can be had.
    fn foreign_host(&self) -> AccountHost;

    /// The query of the redirect that brings `code` and `state` from the account at [`Self::host`].
    fn redirect(&self, code: &AuthorizationCode, state: &State) -> String;

    /// The query of the redirect after a user's *no*.
    fn denial(&self, state: &State) -> String;

    /// The query of the CRM's hook that says that somebody has switched the integration off in `account`;
    /// `None` for a CRM without one.
    fn hook(&self, account: AccountId) -> Option<String>;

    /// How the CRM answers the next request that has no answer yet.
    async fn will(&self, reply: Reply);

    /// Everything that has reached the CRM, in order. A request that its integration would not
    /// send so (another secret, a missing field) is [`Asked::Unintelligible`].
    async fn asked(&self) -> Vec<Asked>;

    /// What the CRM lacks. The suite says which cases it leaves out for that.
    fn lacks(&self) -> &'static [Feature] {
        &[]
    }

    /// The client's number for the thing that the suite calls `number`, for a CRM that knows such things
    /// by other names. What the CRM answers and is asked has the suite's numbers; a dialect puts its own
    /// names for them.
    fn number_of(&self, thing: Entity, number: u64) -> u64 {
        let _ = thing;
        number
    }

    /// The size of the CRM's page where `limit` leads are wanted, for a CRM whose pages have a size of
    /// their own.
    fn page_size(&self, limit: u32) -> u32 {
        limit
    }

    /// What must show nowhere, as the client secret.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}
