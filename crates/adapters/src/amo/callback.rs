//! What amoCRM's redirect carries.

use amo_connect_domain::authorization::callback::{Callback, Denial, Parameters};
use amo_connect_domain::token::{AuthorizationCode, State};

/// Reads `code`, `state`, `referer`, `error` and `from_widget`.
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

#[cfg(test)]
mod tests {
    use amo_connect_domain::authorization::callback::Given;

    use super::*;

    #[test]
    fn a_redirect_is_read_as_amocrm_writes_it() {
        let query = "code=def502&state=a%2Bb&referer=example.amocrm.ru&platform=1&client_id=x";
        let callback = read(&Parameters::parse(query));
        assert_eq!(callback.code, Given::One(AuthorizationCode::new("def502")));
        assert_eq!(callback.state, Given::One(State::new("a+b")));
        assert_eq!(callback.host, Given::One("example.amocrm.ru".to_owned()));
        assert_eq!((callback.denial, callback.is_installation), (None, false));
    }

    #[test]
    fn an_error_and_an_installation_are_told_apart() {
        for (query, denial, is_installation) in [
            ("error=access_denied", Some(Denial::Declined), false),
            ("error=&error=server_error", Some(Denial::Failed), false),
            ("error=", None, false),
            ("from_widget=1", None, true),
            ("from_widget=0", None, false),
        ] {
            let callback = read(&Parameters::parse(query));
            assert_eq!((callback.denial, callback.is_installation), (denial, is_installation), "{query}");
        }
        for (query, host) in
            [("referer=", Given::One(String::new())), ("referer=a&referer=a", Given::Unusable), ("", Given::Absent)]
        {
            assert_eq!(read(&Parameters::parse(query)).host, host, "{query}");
        }
    }
}
