//! Where webhooks may go.

use url::{Host, Url};

use crate::hook::is_loopback;

/// Why a destination is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadDestination {
    /// amoCRM's own refusal: no URL, a name that is not ASCII, or one that nobody knows.
    #[error("Invalid URL")]
    Invalid,
    /// The sandbox's refusal: what is sent would leave this machine.
    #[error(
        "the local amoCRM sends webhooks to loopback addresses only, unless it was started with `allow_non_loopback` \
         (`--i-know-this-is-not-amocrm`)"
    )]
    NotLoopback,
}

/// Checks a destination. `looks_up` says whether a name that nobody knows is refused.
pub(crate) async fn check(destination: &str, allow_non_loopback: bool, looks_up: bool) -> Result<(), BadDestination> {
    let url = parse(destination)?;
    if is_loopback(&url) {
        return Ok(());
    }
    if !allow_non_loopback {
        return Err(BadDestination::NotLoopback);
    }
    let (Some(Host::Domain(name)), Some(port), true) = (url.host(), url.port_or_known_default(), looks_up) else {
        return Ok(());
    };
    let found = tokio::net::lookup_host((name, port)).await.is_ok_and(|mut found| found.next().is_some());
    if found { Ok(()) } else { Err(BadDestination::Invalid) }
}

/// The URL, if amoCRM would take it for one.
fn parse(destination: &str) -> Result<Url, BadDestination> {
    let url = Url::parse(destination).or(Err(BadDestination::Invalid))?;
    // What is not ASCII has become punycode here.
    let is_foreign = |name: &str| name.split('.').any(|label| label.starts_with("xn--"));
    match url.host() {
        Some(Host::Domain(name)) if is_foreign(name) => Err(BadDestination::Invalid),
        Some(_) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err(BadDestination::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_this_machine_is_taken_unless_others_are_allowed() {
        for own in [
            "http://127.0.0.1:8080/hook",
            "https://localhost/hook?a=1",
            "http://app.localhost:3000",
            "http://[::1]:1/",
            "http://[::ffff:127.0.0.1]/",
            "http://127.9.9.9",
        ] {
            assert_eq!(check(own, false, true).await, Ok(()), "{own}");
        }
        for other in [
            "https://app.example/hook",
            "http://192.168.1.5/",
            "http://0.0.0.0/",
            "http://[2001:db8::1]/",
            "http://127.0.0.1.example/",
            "http://localhost.example/",
            "http://127.0.0.1@app.example/",
        ] {
            assert_eq!(check(other, false, false).await, Err(BadDestination::NotLoopback), "{other}");
        }
        assert_eq!(check("http://192.0.2.1/hook", true, true).await, Ok(()));
    }

    #[tokio::test]
    async fn what_amocrm_takes_for_no_url_is_none() {
        for bad in [
            "nowhere",
            "",
            "http://",
            "ftp://127.0.0.1/",
            "mailto:hook@localhost",
            "https://мой-сайт.рф/hook",
            "https://xn----8sbafg9clhjcp.xn--p1ai/hook",
            "https://hook.XN--P1AI/",
        ] {
            assert_eq!(check(bad, true, false).await, Err(BadDestination::Invalid), "{bad}");
        }
        assert_eq!(check("http://no-such-name.invalid/", true, true).await, Err(BadDestination::Invalid));
        assert_eq!(check("http://no-such-name.invalid/", true, false).await, Ok(()));
    }
}
