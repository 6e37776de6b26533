//! What goes through the browser, and the hook: nothing of it is sent by the client.

use amo_connect_domain::authorization::callback::{Callback, Denial, Given, Parameters};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::token::{AuthorizationCode, State};

use super::{AmoClientHarness, names};

pub(super) async fn the_authorization_url_carries_the_state(harness: &dyn AmoClientHarness) {
    let host = harness.host();
    for state in ["ac1_plain", "with &?=#+ and spaces", "мова"] {
        for account in [None, Some(&host)] {
            let url = harness.client().authorization_url(&State::new(state), account);
            let carried = url.query_pairs().filter(|(name, value)| name == "state" && value == state).count();
            assert_eq!(carried, 1, "{url}");
            assert!(url.fragment().is_none(), "{url}");
        }
    }
    assert_eq!(harness.asked().await, []);
}

fn code() -> AuthorizationCode {
    AuthorizationCode::new("def502_/+=&%20 код")
}

fn state() -> State {
    State::new("with &?=#+ and spaces")
}

fn read(harness: &dyn AmoClientHarness, query: &str) -> Callback {
    harness.client().read_callback(&Parameters::parse(query))
}

pub(super) async fn a_redirect_is_read_whole(harness: &dyn AmoClientHarness) {
    let callback = read(harness, &harness.redirect(&code(), &state()));
    assert!(callback.code == Given::One(code()) && callback.state == Given::One(state()), "a secret was garbled");
    assert_eq!((callback.denial, callback.is_installation), (None, false));
    let host = harness.host();
    if let Given::One(named) = &callback.host {
        // The account's own, or where such a code is exchanged.
        let may_be = [host.clone(), harness.client().token_host(&host)];
        assert!(may_be.iter().any(|host| host.as_str() == named), "{named}");
    } else {
        assert_eq!(callback.host, Given::Absent);
    }
    let nothing = read(harness, "");
    assert_eq!((nothing.code, nothing.state), (Given::Absent, Given::Absent));
    assert_eq!(harness.asked().await, []);
}

pub(super) async fn what_is_there_twice_is_unusable(harness: &dyn AmoClientHarness) {
    let once = harness.redirect(&code(), &state());
    let callback = read(harness, &format!("{once}&{once}"));
    assert_eq!((callback.code, callback.state), (Given::Unusable, Given::Unusable));
    // A CRM that names no account in its redirect says the same however often.
    let is_named = read(harness, &once).host != read(harness, "").host;
    assert_eq!(callback.host == Given::Unusable, is_named, "{:?}", callback.host);
}

pub(super) async fn a_users_no_is_told_apart(harness: &dyn AmoClientHarness) {
    let callback = read(harness, &harness.denial(&state()));
    assert_eq!(callback.denial, Some(Denial::Declined));
    assert!(callback.state == Given::One(state()), "the state was garbled");
    assert_eq!(callback.code, Given::Absent);
}

pub(super) async fn a_hook_is_believed_if_all_of_it_is_right(harness: &dyn AmoClientHarness) {
    let read = |query: &str| harness.client().read_hook(&Parameters::parse(query));
    assert_eq!(read(""), None);
    let account = AccountId(31_920_194);
    let good = harness.hook(account).unwrap();
    assert_eq!(read(&good), Some(names::account(harness, account)));
    assert_eq!(read(&format!("{good}&{good}")), None);
    assert_eq!(read(&format!("{good}0")), None);
    let parameters: Vec<&str> = good.split('&').collect();
    for left_out in 0..parameters.len() {
        let mut rest = parameters.clone();
        rest.remove(left_out);
        assert_eq!(read(&rest.join("&")), None, "without {}", parameters[left_out]);
    }
}
