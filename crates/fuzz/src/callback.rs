//! The query of a callback, and that of the hook.

use amo_connect_adapters::amo::{AmoSettings, OauthAmoClient};
use amo_connect_domain::authorization::callback::{Given, Parameters};
use amo_connect_domain::host::AllowedHosts;
use amo_connect_domain::ports::TokenEndpoint as _;
use amo_connect_domain::token::AuthorizationCode;

thread_local! {
    static CLIENT: OauthAmoClient = OauthAmoClient::new(AmoSettings {
        client_id: "our-client".to_owned(),
        client_secret: "a secret that no query knows".to_owned().into(),
        redirect_uri: "http://127.0.0.1:8080/api/amo-crm/callback".to_owned(),
        auth_url: "http://127.0.0.1:4010/oauth".parse().unwrap(),
        allowed_hosts: AllowedHosts::parse("127.0.0.1:4010").unwrap(),
        allow_private_addresses: false,
    })
    .unwrap();
}

/// Every query is read, no hook is believed without its signature, and no code is shown by `Debug`.
pub(crate) fn callback(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else { return };
    let parameters = Parameters::parse(query);
    CLIENT.with(|client| {
        let mut callback = client.read_callback(&parameters);
        let shown = format!("{callback:?}");
        if callback.code.one().is_some() {
            callback.code = Given::One(AuthorizationCode::new("another"));
            assert_eq!(format!("{callback:?}"), shown, "the code is in it");
        }
        assert_eq!(client.read_hook(&parameters), None, "its signature cannot be right");
    });
}
