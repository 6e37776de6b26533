//! Which answers are a pair, and which are not though they are a 200.

use std::time::Duration;

use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::bench::{BOTH, answering, host, pair, patient_client};

fn with(name: &str, value: Value) -> Value {
    let mut pair = pair();
    pair[name] = value;
    pair
}

fn without(name: &str) -> Value {
    let mut pair = pair();
    pair.as_object_mut().unwrap().remove(name);
    pair
}

#[tokio::test]
async fn a_pair_is_never_thrown_away_for_how_it_is_dressed() {
    for (answer, life_s) in [
        (pair(), 86_400),
        (with("expires_in", json!("3600")), 3_600),
        (with("token_type", json!("bearer")), 86_400),
        (with("token_type", json!("BEARER")), 86_400),
        (with("something", json!({"new": []})), 86_400),
        (without("server_time"), 86_400),
        (without("token_type"), 86_400),
        (with("token_type", json!("mac")), 86_400),
        (without("expires_in"), 3_600),
        (with("expires_in", json!(0)), 3_600),
        (with("expires_in", json!(-1)), 3_600),
        (with("expires_in", json!("soon")), 3_600),
        (with("expires_in", json!(null)), 3_600),
        (with("expires_in", json!(1.5)), 3_600),
        (with("expires_in", json!(315_360_001)), 3_600),
    ] {
        for content_type in ["application/json", "application/hal+json; charset=utf-8", "text/html"] {
            for ask in BOTH {
                let answer = answer.to_string();
                let server = answering(ResponseTemplate::new(200).set_body_raw(answer.clone(), content_type)).await;
                let issued = ask.of(&patient_client(*server.address()), &host(*server.address())).await.unwrap();
                assert_eq!((issued.access.expose(), issued.refresh.expose()), ("new-access", "new-refresh"));
                assert_eq!(issued.expires_in, Duration::from_secs(life_s), "{answer}");
                assert_eq!(issued.account, None);
            }
        }
    }
}

#[tokio::test]
async fn the_account_is_read_from_the_access_token() {
    let claims = URL_SAFE_NO_PAD.encode(r#"{"account_id":31920194,"sub":"1","version":2}"#);
    let answer = with("access_token", json!(format!("eyJ0eXAiOiJKV1QifQ.{claims}.c2ln")));
    let server = answering(ResponseTemplate::new(200).set_body_json(answer)).await;
    for ask in BOTH {
        let issued = ask.of(&patient_client(*server.address()), &host(*server.address())).await.unwrap();
        assert_eq!(issued.account, Some(AccountId(31_920_194)));
    }
}

#[tokio::test]
async fn a_success_without_a_readable_pair_may_have_rotated() {
    let mut answers: Vec<String> =
        ["", "null", "[]", "{}", "<html>", "{\"access_token\":\"new-acc"].map(str::to_owned).to_vec();
    answers.extend(["access_token", "refresh_token"].map(|name| without(name).to_string()));
    for name in ["access_token", "refresh_token"] {
        answers.extend([json!(""), json!(" "), json!(null), json!(7)].map(|value| with(name, value).to_string()));
    }
    for answer in answers {
        for ask in BOTH {
            let server = answering(ResponseTemplate::new(200).set_body_raw(answer.clone(), "application/json")).await;
            let outcome = ask.of(&patient_client(*server.address()), &host(*server.address())).await;
            assert_eq!(outcome.err(), Some(AmoError::OutcomeUnknown), "{ask:?} {answer}");
            assert_eq!(server.received_requests().await.unwrap().len(), 1);
        }
    }
}
