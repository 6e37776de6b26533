//! What the fake's browser and its hook bring, in amoCRM's words.

use amo_connect_domain::authorization::callback::{Callback, Denial, Parameters};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::token::{AuthorizationCode, State};
use url::form_urlencoded::Serializer;

/// The signature of every hook of the fake.
const SIGNATURE: &str = "the-fake-s-own";

pub(super) fn read(parameters: &Parameters) -> Callback {
    let error = parameters.all("error").find(|error| !error.is_empty());
    Callback {
        code: parameters.secret("code", AuthorizationCode::new),
        state: parameters.secret("state", State::new),
        host: parameters.text("referer"),
        denial: error.map(|error| if error == "access_denied" { Denial::Declined } else { Denial::Failed }),
        is_installation: parameters.all("from_widget").any(|value| value == "1"),
    }
}

pub(super) fn switched_off(parameters: &Parameters) -> Option<AccountId> {
    parameters.text("signature").one().filter(|signature| *signature == SIGNATURE)?;
    parameters.text("account_id").one()?.parse().ok().map(AccountId)
}

/// The query of amoCRM's redirect.
pub fn amo_redirect(code: &AuthorizationCode, state: &State, host: &AccountHost) -> String {
    query(&[("code", code.expose()), ("state", state.expose()), ("referer", host.as_str()), ("platform", "1")])
}

/// The query of amoCRM's redirect after a user's *no*.
pub fn amo_denial(state: &State) -> String {
    query(&[("error", "access_denied"), ("state", state.expose())])
}

/// The query of the fake's hook.
pub(super) fn hook(account: AccountId) -> String {
    query(&[("account_id", &account.to_string()), ("signature", SIGNATURE)])
}

fn query(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}
