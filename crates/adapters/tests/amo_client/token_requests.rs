//! What leaves for the consent page and for the token endpoint.

use crate::bench::permit;
use std::collections::BTreeMap;

use amo_connect_adapters::amo::{AmoLimits, AmoSettings, OauthAmoClient};
use amo_connect_domain::host::AllowedHosts;
use amo_connect_domain::ports::{AmoError, CrmApi as _, TokenEndpoint as _};
use amo_connect_domain::token::{AccessToken, State};
use secrecy::SecretString;
use url::form_urlencoded;
use wiremock::ResponseTemplate;

use crate::bench::{Ask, BOTH, CODE, REDIRECT, REFRESH, SECRET, answering, client_with, host, pair, patient_client};

#[test]
fn the_consent_page_gets_the_client_the_state_and_the_mode() {
    for (auth_url, expected) in [
        ("https://www.amocrm.ru/oauth", "https://www.amocrm.ru/oauth?client_id=an+id&state=a%26b&mode=popup"),
        ("https://h.example/o?lang=ru", "https://h.example/o?lang=ru&client_id=an+id&state=a%26b&mode=popup"),
    ] {
        let settings = AmoSettings {
            client_id: "an id".to_owned(),
            client_secret: SecretString::from(SECRET),
            redirect_uri: REDIRECT.to_owned(),
            auth_url: auth_url.parse().unwrap(),
            allowed_hosts: AllowedHosts::parse("127.0.0.1:1").unwrap(),
            allow_private_addresses: false,
        };
        let client = OauthAmoClient::new(settings).unwrap();
        assert_eq!(client.authorization_url(&State::new("a&b"), None).as_str(), expected);
    }
}

#[tokio::test]
async fn a_token_request_is_one_form_with_exactly_these_fields() {
    for ask in BOTH {
        let server = answering(ResponseTemplate::new(200).set_body_json(pair())).await;
        ask.of(&patient_client(*server.address()), &host(*server.address())).await.unwrap();

        let requests = server.received_requests().await.unwrap();
        let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
        assert_eq!((request.method.as_str(), request.url.path()), ("POST", "/oauth2/access_token"));
        assert_eq!(request.url.query(), None);
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
        assert!(!request.headers.contains_key("authorization"));

        let fields: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
        let mut expected =
            BTreeMap::from([("client_id", "an id"), ("client_secret", SECRET), ("redirect_uri", REDIRECT)]);
        expected.extend(match ask {
            Ask::Exchange => [("grant_type", "authorization_code"), ("code", CODE)],
            Ask::Refresh => [("grant_type", "refresh_token"), ("refresh_token", REFRESH)],
        });
        assert_eq!(fields.len(), expected.len(), "{ask:?}");
        let fields: BTreeMap<&str, &str> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(fields, expected, "{ask:?}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_allowed_is_sent_nothing() {
    let server = answering(ResponseTemplate::new(200).set_body_json(pair())).await;
    let client = client_with("127.0.0.1:1", AmoLimits::default());
    let (host, token) = (host(*server.address()), AccessToken::new("x"));
    let refused = Some(AmoError::HostNotAllowed);
    for ask in BOTH {
        assert_eq!(ask.of(&client, &host).await.err(), refused);
    }
    assert_eq!(client.account(permit(&host), &token).await.err(), refused);
    assert_eq!(client.pipelines(permit(&host), &token).await.err(), refused);
    assert_eq!(client.contacts(permit(&host), &token, &[1]).await.err(), refused);
    assert_eq!(client.contacts(permit(&host), &token, &[]).await.err(), refused);
    assert_eq!(client.leads(permit(&host), &token, &crate::reads::all()).await.err(), refused);
    assert!(server.received_requests().await.unwrap().is_empty());
}
