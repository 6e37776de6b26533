//! amoCRM's word that an administrator switched the integration off, and its signature.

use amo_connect_domain::authorization::callback::Parameters;
use amo_connect_domain::ids::AccountId;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use sha2::Sha256;

use super::AmoSettings;

/// The account that a hook names, if it is amoCRM's own: our `client_uuid`, and the hex of
/// HMAC-SHA256 over `client_uuid|account_id` under the client secret.
pub(super) fn account(settings: &AmoSettings, parameters: &Parameters) -> Option<AccountId> {
    let one = |name| parameters.text(name).one().cloned();
    let (account, client) = (one("account_id")?, one("client_uuid")?);
    let signature = HEXLOWER.decode(one("signature")?.to_ascii_lowercase().as_bytes()).ok()?;
    if client != settings.client_id {
        return None;
    }
    mac(settings, &account)?.verify_slice(&signature).ok()?;
    account.parse().ok().filter(|number| *number != 0).map(AccountId)
}

impl AmoSettings {
    /// The signature that amoCRM's hook for `account` has.
    pub fn hook_signature(&self, account: u64) -> Option<String> {
        Some(HEXLOWER.encode(&mac(self, &account.to_string())?.finalize().into_bytes()))
    }
}

fn mac(settings: &AmoSettings, account: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(settings.client_secret.expose_secret().as_bytes()).ok()?;
    mac.update(format!("{}|{account}", settings.client_id).as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use amo_connect_domain::host::AllowedHosts;

    use super::*;

    /// `printf 'our-client|31920194' | openssl dgst -sha256 -hmac the-secret`
    const SIGNATURE: &str = "a79911e947b5cce5e6035a10c9c7ff5f2f56e36b4b798201b80a54022e6a26d8";

    fn settings() -> AmoSettings {
        AmoSettings {
            client_id: "our-client".to_owned(),
            client_secret: "the-secret".to_owned().into(),
            redirect_uri: String::new(),
            auth_url: "https://www.amocrm.ru/oauth".parse().unwrap(),
            allowed_hosts: AllowedHosts::parse("amocrm.ru").unwrap(),
            allow_private_addresses: false,
        }
    }

    fn named(query: &str) -> Option<u64> {
        account(&settings(), &Parameters::parse(query)).map(|account| account.0)
    }

    #[test]
    fn amocrms_own_word_is_known_by_its_signature() {
        let good = format!("account_id=31920194&client_uuid=our-client&signature={SIGNATURE}");
        assert_eq!(named(&good), Some(31_920_194));
        assert_eq!(named(&good.replace(SIGNATURE, &SIGNATURE.to_uppercase())), Some(31_920_194));
        assert_eq!(settings().hook_signature(31_920_194).as_deref(), Some(SIGNATURE));
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
            assert_eq!(named(&bad), None, "{bad}");
        }
    }
}
