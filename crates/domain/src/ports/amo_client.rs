//! The port to a CRM: its token endpoint and the part of its API that we use.

use super::{CrmApi, TokenEndpoint};

/// Speaks to one CRM on behalf of one integration.
///
/// Every method that sends takes a [`Permit`](crate::rate_limit::Permit), which names the host. It
/// MUST send at most one request, MUST NOT follow a redirect, MUST
/// send nothing to a host that is not allowed ([`AmoError::HostNotAllowed`](super::AmoError::HostNotAllowed)), and MUST NOT
/// show a token, a code, the client secret or the CRM's own words in an error. Retrying is the
/// caller's business, who knows what is safe to repeat.
pub trait AmoClient: TokenEndpoint + CrmApi {}

impl<C: TokenEndpoint + CrmApi> AmoClient for C {}

#[cfg(feature = "mock")]
#[expect(clippy::ref_option_ref, reason = "mockall keeps arguments by reference")]
mod mock {
    use async_trait::async_trait;
    use url::Url;

    use crate::authorization::callback::{Callback, Parameters};
    use crate::client::ClientFingerprint;
    use crate::crm::account::{AmoAccount, User};
    use crate::crm::contact::Contact;
    use crate::crm::event::Event;
    use crate::crm::lead::{AmoLeadDetails, LeadFilter, LeadPage};
    use crate::crm::note::Note;
    use crate::crm::page::{Page, PageRequest};
    use crate::crm::pipeline::Pipeline;
    use crate::crm::task::{Task, TaskFilter};
    use crate::crm::write::Write;
    use crate::host::AccountHost;
    use crate::idempotency::WrittenObject;
    use crate::ids::AccountId;
    use crate::ports::{AmoError, CrmApi, Located, TokenEndpoint};
    use crate::rate_limit::{Permit, call};
    use crate::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};

    mockall::mock! {
        #[derive(Debug)]
        pub AmoClient {}

        #[async_trait]
        impl TokenEndpoint for AmoClient {
            fn authorization_url<'a>(&self, state: &State, account: Option<&'a AccountHost>) -> Url;

            fn read_callback(&self, parameters: &Parameters) -> Callback;

            fn read_hook(&self, parameters: &Parameters) -> Option<AccountId>;

            fn token_host(&self, account: &AccountHost) -> AccountHost;

            async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError>;

            async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError>;

            fn fingerprint(&self) -> ClientFingerprint;

            fn locator(&self, host: &AccountHost, access: &AccessToken) -> Option<AccountHost>;

            async fn locate(
                &self,
                permit: Permit<call::LookUp>,
                access: &AccessToken,
                refresh: &RefreshToken,
            ) -> Result<Located, AmoError>;
        }

        #[async_trait]
        impl CrmApi for AmoClient {
            async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError>;

            async fn users(&self, permit: Permit<call::Read>, token: &AccessToken, page: PageRequest) -> Result<Page<User>, AmoError>;

            async fn leads(&self, permit: Permit<call::Read>, token: &AccessToken, filter: &LeadFilter) -> Result<LeadPage, AmoError>;

            async fn lead(&self, permit: Permit<call::Read>, token: &AccessToken, id: u64) -> Result<Option<AmoLeadDetails>, AmoError>;

            async fn notes(&self, permit: Permit<call::Read>, token: &AccessToken, lead: u64, page: PageRequest) -> Result<Page<Note>, AmoError>;

            async fn tasks(&self, permit: Permit<call::Read>, token: &AccessToken, filter: &TaskFilter) -> Result<Page<Task>, AmoError>;

            async fn events(&self, permit: Permit<call::Read>, token: &AccessToken, lead: u64, page: PageRequest) -> Result<Page<Event>, AmoError>;

            async fn note(&self, permit: Permit<call::Read>, token: &AccessToken, lead: u64, id: u64) -> Result<Option<Note>, AmoError>;

            async fn task(&self, permit: Permit<call::Read>, token: &AccessToken, id: u64) -> Result<Option<Task>, AmoError>;

            async fn contacts(&self, permit: Permit<call::Read>, token: &AccessToken, ids: &[u64]) -> Result<Vec<Contact>, AmoError>;

            async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError>;

            async fn write(&self, permit: Permit<call::Write>, token: &AccessToken, write: &Write) -> Result<Option<WrittenObject>, AmoError>;
        }
    }
}
#[cfg(feature = "mock")]
pub use mock::MockAmoClient;
