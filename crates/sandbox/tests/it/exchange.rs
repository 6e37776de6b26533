//! Exchanging codes: what is granted, and every refusal byte for byte.

use std::time::Duration;

use amo_connect_sandbox::{Integration, Options, RefreshRedirectUri, SandboxError, WrongRedirectUri};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, Answer, REDIRECT_URI, RIVAL, read, unlimited};

/// The refusal with a hint, as it stands on the wire.
pub(crate) fn bad(status: u16, hint: &str) -> String {
    format!(
        "{{\"hint\":\"{hint}\",\"title\":\"Некорректный запрос\",\
         \"type\":\"https://developers.amocrm.ru/v3/errors/OAuthProblemJson\",\"status\":{status},\
         \"detail\":\"В запросе отсутствует ряд параметров или параметры невалидны\"}}"
    )
}

/// The refusal of a client, as it stands on the wire.
pub(crate) const CLIENT: &str = "{\"title\":\"Некорректный клиент\",\
    \"type\":\"https://developers.amocrm.ru/v3/errors/OAuthProblemJson\",\"status\":401,\
    \"detail\":\"Авторизация клиента не прошла\"}";

#[track_caller]
pub(crate) fn assert_bad(answer: &Answer, status: u16, hint: &str) {
    assert_eq!(answer.body, bad(status, hint));
    assert_eq!(answer.status, status);
    assert_eq!(answer.content_type, "application/problem+json");
}

#[track_caller]
fn assert_client(answer: &Answer) {
    assert_eq!(answer.body, CLIENT);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.content_type, "application/problem+json");
}

fn with(mut fields: Value, name: &str, value: Value) -> Value {
    fields[name] = value;
    fields
}

fn without(mut fields: Value, name: &str) -> Value {
    fields.as_object_mut().unwrap().remove(name).unwrap();
    fields
}

fn other_integration() -> Options {
    let other = Integration {
        client_id: "other".to_owned(),
        client_secret: "other-secret".to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
        name: "Other".to_owned(),
        hook_url: None,
    };
    Options { other_integrations: vec![other], ..unlimited() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_becomes_a_pair_that_looks_like_amocrms() {
    let amo = Amo::start().await;
    let code = amo.sandbox.issue_code(AGENCY).unwrap();
    assert_eq!(code.referer, amo.sandbox.host(AGENCY).unwrap());
    let answer = amo.token(AGENCY, &Amo::exchange_fields(&code.code)).await;
    assert_eq!(answer.content_type, "application/json");
    let pair = answer.json();
    assert_eq!(pair["token_type"], "Bearer");
    assert_eq!(pair["expires_in"], 86_400);
    assert!(pair["server_time"].as_u64().unwrap().abs_diff(amo.sandbox.clock().now) <= 5);
    let pair = answer.pair();
    assert!(pair.refresh.starts_with("def50200") && pair.refresh.len() > 800);
    assert!(pair.access.starts_with("eyJ0eXAiOiJKV1Qi") && pair.access.len() > 800);
}

/// One of the three parts of a JWT.
fn part(token: &str, place: usize) -> Vec<u8> {
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    URL_SAFE_NO_PAD.decode(parts[place]).unwrap()
}

fn json_part(token: &str, place: usize) -> Value {
    serde_json::from_slice(&part(token, place)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_a_jwt_with_all_claims() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    assert_eq!(json_part(&pair.access, 0), json!({"typ": "JWT", "alg": "RS256"}));
    assert_eq!(part(&pair.access, 2).len(), 256);
    let claims = json_part(&pair.access, 1);
    let now = amo.sandbox.clock().now;
    assert_eq!(claims["aud"], "sandbox");
    assert_eq!(claims["sub"], "10110001");
    assert_eq!(claims["account_id"], 31_920_194);
    assert_eq!(claims["grant_type"], "");
    assert_eq!(claims["base_domain"], "amocrm.ru");
    assert_eq!(claims["version"], 2);
    assert_eq!(claims["user_flags"], 0);
    assert_eq!(claims["api_domain"], amo.sandbox.hosts()[0].as_str());
    let scopes = ["crm", "files", "files_delete", "notifications", "push_notifications"];
    assert_eq!(claims["scopes"], json!(scopes));
    assert!(claims["iat"].as_u64().unwrap().abs_diff(now) <= 5);
    assert_eq!(claims["nbf"], claims["iat"]);
    assert_eq!(claims["exp"].as_u64().unwrap(), claims["iat"].as_u64().unwrap() + 86_400);
    assert!(claims["jti"].as_str().unwrap().len() >= 32);
    assert_eq!(claims["hash_uuid"].as_str().unwrap().len(), 36);
}

#[tokio::test(flavor = "multi_thread")]
async fn server_time_and_api_domain_are_switches() {
    let amo = Amo::start().await;
    amo.switch(|switches| {
        switches.server_time = false;
        switches.api_domain = false;
        switches.expires_in = 77;
    });
    let code = amo.sandbox.issue_code(AGENCY).unwrap().code;
    let answer = amo.token(AGENCY, &Amo::exchange_fields(&code)).await;
    assert_eq!(answer.json().get("server_time"), None);
    assert_eq!(answer.json()["expires_in"], 77);
    assert_eq!(json_part(&answer.pair().access, 1).get("api_domain"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once() {
    let amo = Amo::start().await;
    let fields = Amo::exchange_fields(&amo.sandbox.issue_code(AGENCY).unwrap().code);
    amo.token(AGENCY, &fields).await.pair();
    assert_bad(&amo.token(AGENCY, &fields).await, 400, "Authorization code has been revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lives_twenty_minutes() {
    let amo = Amo::start().await;
    amo.sandbox.freeze_clock(true);
    let [old, fresh] = [(); 2].map(|()| amo.sandbox.issue_code(AGENCY).unwrap().code);
    amo.sandbox.advance_clock(Duration::from_secs(20 * 60 - 1)).unwrap();
    amo.token(AGENCY, &Amo::exchange_fields(&fresh)).await.pair();
    amo.sandbox.advance_clock(Duration::from_secs(1)).unwrap();
    let late = amo.token(AGENCY, &Amo::exchange_fields(&old)).await;
    assert_bad(&late, 400, "Authorization code has expired");
    amo.switch(|switches| switches.expired_code_status = 401);
    let late = amo.token(AGENCY, &Amo::exchange_fields(&old)).await;
    assert_bad(&late, 401, "Authorization code has expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_code_cannot_be_decrypted() {
    let amo = Amo::start().await;
    for garbage in ["x", "def50200abcdef", "'; drop table codes; --"] {
        let refused = amo.token(AGENCY, &Amo::exchange_fields(garbage)).await;
        assert_bad(&refused, 400, "Cannot decrypt the authorization code");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_client_secret_or_redirect_uri_accuses_the_client_and_spends_nothing() {
    let amo = Amo::start().await;
    let good = Amo::exchange_fields(&amo.sandbox.issue_code(AGENCY).unwrap().code);
    for (name, wrong) in [
        ("client_id", "nobody"),
        ("client_secret", "Sandbox-secret"),
        ("redirect_uri", "http://127.0.0.1:8080/api/amo-crm/callback/"),
        ("redirect_uri", "http://127.0.0.1:8080/api/amo-crm/Callback"),
        ("redirect_uri", "http://localhost:8080/api/amo-crm/callback"),
    ] {
        let fields = with(good.clone(), name, wrong.into());
        assert_client(&amo.token(AGENCY, &fields).await);
    }
    amo.switch(|switches| switches.wrong_redirect_uri = WrongRedirectUri::NotAssociated);
    let fields = with(good.clone(), "redirect_uri", "http://127.0.0.1:8080/".into());
    let refused = amo.token(AGENCY, &fields).await;
    assert_bad(&refused, 400, "Redirect URI is not associated with client");
    amo.token(AGENCY, &good).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_malformed_parameter_is_named() {
    let amo = Amo::start().await;
    let good = Amo::exchange_fields(&amo.sandbox.issue_code(AGENCY).unwrap().code);
    for name in ["client_id", "client_secret", "redirect_uri", "grant_type", "code"] {
        let hint = format!("Check the `{name}` parameter");
        for fields in [
            without(good.clone(), name),
            with(good.clone(), name, "".into()),
            with(good.clone(), name, 7.into()),
            with(good.clone(), name, json!(["a"])),
        ] {
            assert_bad(&amo.token(AGENCY, &fields).await, 400, &hint);
        }
    }
    let fields = with(good.clone(), "grant_type", "password".into());
    assert_bad(&amo.token(AGENCY, &fields).await, 400, "Check the `grant_type` parameter");
    let fields = without(Amo::refresh_fields("x"), "refresh_token");
    assert_bad(&amo.token(AGENCY, &fields).await, 400, "Check the `refresh_token` parameter");
    amo.token(AGENCY, &good).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_without_a_redirect_uri_is_a_switch() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let fields = without(Amo::refresh_fields(&pair.refresh), "redirect_uri");
    assert_bad(&amo.token(AGENCY, &fields).await, 400, "Check the `redirect_uri` parameter");
    amo.switch(|switches| switches.refresh_redirect_uri = RefreshRedirectUri::Optional);
    let wrong = with(fields.clone(), "redirect_uri", "http://127.0.0.1:8080/".into());
    assert_client(&amo.token(AGENCY, &wrong).await);
    amo.token(AGENCY, &fields).await.pair();
    let exchange = without(Amo::exchange_fields(&amo.sandbox.issue_code(AGENCY).unwrap().code), "redirect_uri");
    assert_bad(&amo.token(AGENCY, &exchange).await, 400, "Check the `redirect_uri` parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_taken_only_by_its_own_account() {
    let amo = Amo::start().await;
    let good = Amo::exchange_fields(&amo.sandbox.issue_code(AGENCY).unwrap().code);
    assert_bad(&amo.token(RIVAL, &good).await, 400, "Invalid account");
    amo.token(AGENCY, &good).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_taken_only_from_its_own_integration() {
    let amo = Amo::with(other_integration()).await;
    let code = amo.sandbox.issue_code_for(AGENCY, 10_110_002, "other").unwrap().code;
    let refused = amo.token(AGENCY, &Amo::exchange_fields(&code)).await;
    assert_bad(&refused, 400, "Authorization code was not issued to this client");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_taken_only_from_its_own_integration() {
    let amo = Amo::with(other_integration()).await;
    let pair = amo.connect(AGENCY).await;
    let fields = with(Amo::refresh_fields(&pair.refresh), "client_id", "other".into());
    let fields = with(fields, "client_secret", "other-secret".into());
    assert_bad(&amo.token(AGENCY, &fields).await, 401, "Token is not linked to client");
    amo.refresh(AGENCY, &pair.refresh).await.pair();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_site_itself_sends_to_the_account() {
    let amo = Amo::start().await;
    let good = Amo::exchange_fields(&amo.sandbox.issue_code(AGENCY).unwrap().code);
    let url = amo.url(AGENCY, "/oauth2/access_token");
    for host in ["www.amocrm.ru", "WWW.Kommo.com"] {
        let request = amo.http.post(&url).header("host", host).json(&good);
        let refused = read(request.send().await.unwrap()).await;
        assert_bad(&refused, 400, "Send request to account");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_accounts_users_and_integrations_get_no_code() {
    let amo = Amo::start().await;
    let sandbox = &amo.sandbox;
    assert!(matches!(sandbox.issue_code(1), Err(SandboxError::UnknownAccount(_))));
    let of_another = sandbox.issue_code_for(AGENCY, 10_220_001, "sandbox");
    assert!(matches!(of_another, Err(SandboxError::UnknownUser { .. })));
    let unknown = sandbox.issue_code_for(AGENCY, 10_110_001, "nobody");
    assert!(matches!(unknown, Err(SandboxError::UnknownIntegration(_))));
}
