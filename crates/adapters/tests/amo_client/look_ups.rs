//! Which host is asked where an account is: the shard that the access token names, if it may be.

use crate::bench::permit;
use amo_connect_adapters::amo::AmoLimits;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, TokenEndpoint as _};
use amo_connect_domain::token::{AccessToken, RefreshToken};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::bench::{REFRESH, RudeServer, Then, access, answering, client_with, host, patient_client};
use crate::wrapped_pairs::gzip;

/// An access token that names this shard.
fn token_of(shard: &str) -> AccessToken {
    let claims = URL_SAFE_NO_PAD.encode(json!({ "account_id": 7, "api_domain": shard }).to_string());
    AccessToken::new(format!("eyJ0eXAiOiJKV1QifQ.{claims}.c2ln"))
}

/// An answer to a look-up that names this host.
fn found(domain: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({ "id": 7, "subdomain": "x", "domain": domain }))
}

fn refresh() -> RefreshToken {
    RefreshToken::new(REFRESH)
}

#[test]
fn a_shard_is_asked_if_it_is_allowed_though_the_accounts_host_is_not() {
    let client = client_with("amocrm.ru,kommo.com", AmoLimits::default());
    for (host, shard, asked) in [
        ("x.amocrm.ru", "api-b.amocrm.ru", "api-b.amocrm.ru"),
        ("x.amocrm.com", "api-b.amocrm.ru", "api-b.amocrm.ru"),
        ("x.amocrm.com", "api-c.kommo.com", "api-c.kommo.com"),
        // None of these may be sent a refresh token.
        ("x.amocrm.ru", "api-b.amocrm.com", "x.amocrm.ru"),
        ("x.amocrm.ru", "api-b.amocrm.ru.example.com", "x.amocrm.ru"),
        ("x.amocrm.ru", "www.amocrm.ru", "x.amocrm.ru"),
        ("x.amocrm.ru", "API-B.amocrm.ru", "x.amocrm.ru"),
        ("x.amocrm.ru", "amocrm.ru", "x.amocrm.ru"),
        ("x.amocrm.ru", "", "x.amocrm.ru"),
    ] {
        let locator = client.locator(&AccountHost::stored(host), &token_of(shard)).unwrap();
        assert_eq!(locator.as_str(), asked, "{host}, {shard}");
    }
    let opaque = client.locator(&AccountHost::stored("x.amocrm.ru"), &access()).unwrap();
    assert_eq!(opaque.as_str(), "x.amocrm.ru");
}

#[tokio::test]
async fn an_account_at_a_host_that_is_given_up_is_found_by_its_shard() {
    let given_up = answering(found("127.0.0.1:1")).await;
    let shard = MockServer::start().await;
    let now = host(*shard.address());
    let asked = Mock::given(path("/oauth2/account/current/subdomain")).respond_with(found(now.as_str()));
    asked.mount(&shard).await;
    let client = patient_client(*shard.address());
    let token = token_of(now.as_str());
    let asked = client.locator(&host(*given_up.address()), &token).unwrap();
    let located = client.locate(permit(&asked), &token, &refresh()).await.unwrap();
    let at = located.at.unwrap();
    assert_eq!((at.host, at.account, located.by_authority), (now, Some(AccountId(7)), true));
    assert_eq!(shard.received_requests().await.unwrap().len(), 1);
    assert!(given_up.received_requests().await.unwrap().is_empty(), "it was shown the refresh token");
}

/// Neither the host nor the shard is allowed: the refresh token stays at home.
#[tokio::test]
async fn without_an_allowed_host_nobody_is_asked() {
    let (old, shard) = (answering(found("127.0.0.1:1")).await, answering(found("127.0.0.1:1")).await);
    let client = client_with("127.0.0.1:1", AmoLimits::default());
    let token = token_of(&shard.address().to_string());
    for access in [token, access()] {
        let asked = client.locator(&host(*old.address()), &access).unwrap();
        let outcome = client.locate(permit(&asked), &access, &refresh()).await;
        assert_eq!(outcome, Err(AmoError::HostNotAllowed));
    }
    for server in [old, shard] {
        assert!(server.received_requests().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_host_that_no_token_names_is_asked_and_is_no_authority() {
    let server = answering(ResponseTemplate::new(404)).await;
    let client = patient_client(*server.address());
    let address = server.address().to_string();
    for (token, by_authority) in [(access(), false), (token_of("api-b.amocrm.ru"), false), (token_of(&address), true)] {
        let asked = client.locator(&host(*server.address()), &token).unwrap();
        let located = client.locate(permit(&asked), &token, &refresh()).await.unwrap();
        assert_eq!((located.at, located.by_authority), (None, by_authority));
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}

/// A refusal ends a grant, so nothing else may pass for one.
#[tokio::test]
async fn a_look_up_is_refused_only_by_a_whole_refusal() {
    let raw = |status, body: &[u8]| ResponseTemplate::new(status).set_body_raw(body, "application/json");
    for (answer, refused) in [
        (raw(403, b"{\"title\":\"Access denied\"}"), Ok(true)),
        (raw(403, b"\xef\xbb\xbf{\"title\":\"Access denied\",\"detail\":\"\xff\"}"), Ok(true)),
        (raw(403, &gzip("{\"title\":\"Access denied\"}")), Ok(true)),
        (raw(403, b"<html>nginx</html>"), Err(AmoError::Blocked)),
        (raw(403, b"{\"title\":\"Acc"), Err(AmoError::Protocol)),
        (raw(403, b""), Err(AmoError::Protocol)),
    ] {
        let server = answering(answer.clone()).await;
        let located =
            patient_client(*server.address()).locate(permit(&host(*server.address())), &access(), &refresh()).await;
        assert_eq!(located.map(|located| located.at.is_none()), refused, "{answer:?}");
    }
    for status in [200, 400, 401, 403, 404] {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 99\r\n\r\n{{\"title\":\"Access denied\"}}");
        let server = RudeServer::start(head, Then::Close).await;
        let located = patient_client(server.address).locate(permit(&host(server.address)), &access(), &refresh()).await;
        assert_eq!(located, Err(AmoError::ConnectionLost), "{status}");
    }
}
