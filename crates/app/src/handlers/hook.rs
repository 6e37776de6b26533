//! `GET /hooks/disconnected`: amoCRM's word that an administrator switched the integration off.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::ids::AccountId;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sha2::Sha256;
use url::form_urlencoded;

use super::private;
use crate::config::HookConfig;
use crate::error::ApiError;
use crate::state::AppState;

/// Takes amoCRM's word as a reason to look: it never changes, so anybody who has seen it can
/// repeat it.
pub async fn disconnected(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    let account = state.hook.account(request.query_string()).ok_or(ApiError::InvalidSignature)?;
    tracing::info!(amo.account = %account, "integration switched off in an account; its connections are checked");
    let use_cases = state.use_cases.clone();
    state.run(async move { use_cases.switched_off(account).await }).await?;
    Ok(private(&json!({ "success": true })))
}

impl HookConfig {
    /// The account that a hook names, if it is amoCRM's own: our `client_uuid`, and the hex of
    /// HMAC-SHA256 over `client_uuid|account_id` under the client secret.
    fn account(&self, query: &str) -> Option<AccountId> {
        let one = |name: &str| {
            let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            let (value, more) = (values.next(), values.next());
            value.filter(|_| more.is_none()).map(|(_, value)| value)
        };
        let (account, client) = (one("account_id")?, one("client_uuid")?);
        let signature = HEXLOWER.decode(one("signature")?.to_ascii_lowercase().as_bytes()).ok()?;
        if client != self.client_id.as_str() {
            return None;
        }
        self.mac(&account)?.verify_slice(&signature).ok()?;
        account.parse().ok().filter(|number| *number != 0).map(AccountId)
    }

    /// The signature that amoCRM's hook for `account` has.
    pub fn signature(&self, account: u64) -> Option<String> {
        Some(HEXLOWER.encode(&self.mac(&account.to_string())?.finalize().into_bytes()))
    }

    fn mac(&self, account: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.client_secret.expose_secret().as_bytes()).ok()?;
        mac.update(format!("{}|{account}", self.client_id).as_bytes());
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'our-client|31920194' | openssl dgst -sha256 -hmac the-secret`
    const SIGNATURE: &str = "a79911e947b5cce5e6035a10c9c7ff5f2f56e36b4b798201b80a54022e6a26d8";

    fn account(query: &str) -> Option<u64> {
        let hook = HookConfig { client_id: "our-client".to_owned(), client_secret: "the-secret".to_owned().into() };
        hook.account(query).map(|account| account.0)
    }

    #[test]
    fn amocrms_own_word_is_known_by_its_signature() {
        let good = format!("account_id=31920194&client_uuid=our-client&signature={SIGNATURE}");
        assert_eq!(account(&good), Some(31_920_194));
        assert_eq!(account(&good.replace(SIGNATURE, &SIGNATURE.to_uppercase())), Some(31_920_194));
    }

    #[test]
    fn nothing_else_is() {
        let good = format!("account_id=31920194&client_uuid=our-client&signature={SIGNATURE}");
        for bad in [
            String::new(),
            good.replace("31920194", "40000001"),
            good.replace("our-client", "another"),
            good.replace(&SIGNATURE[..2], "00"),
            good.replace(SIGNATURE, &SIGNATURE[..62]),
            good.replace(SIGNATURE, ""),
            good.replace("&signature", "&Signature"),
            format!("{good}&account_id=31920194"),
            format!("{good}&signature={SIGNATURE}"),
        ] {
            assert_eq!(account(&bad), None, "{bad}");
        }
    }
}
