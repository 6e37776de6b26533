//! `connections show` explains why somebody is not connected.

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, World};
use serde_json::{Value, json};

use crate::{connections, json_of};

/// What is shown of attempts and codes: state and detail of each.
fn told(shown: &Value, part: &str) -> Vec<(String, String)> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    shown[part].as_array().unwrap().iter().map(|row| (text(row, "state"), text(row, "detail"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_exchange_a_browser_that_never_came_back_and_nobody_read_differently() {
    let world = World::start().await;
    let refused = world.attempt("olena").await;
    let referer = world.code(ACCOUNT).1;
    let page = world.callback(&[("code", "def50200nonsense"), ("state", &refused.state), ("referer", &referer)]).await;
    assert_eq!(page.status, 400, "{page:?}");
    let waiting = world.attempt("maria").await;

    let olena = json_of(&world, &["show", "olena", "--json"]).await;
    assert_eq!(olena["state"], "not_connected");
    assert_eq!(told(&olena, "attempts"), [("failed".to_owned(), "amoCRM refused the code".to_owned())]);
    assert_eq!(
        (&olena["attempts"][0]["attemptId"], &olena["attempts"][0]["reason"]),
        (&json!(refused.id), &json!("invalid_code"))
    );
    assert_eq!(told(&olena, "exchanges"), [("refused".to_owned(), "amoCRM refused the code".to_owned())]);
    assert_eq!(
        (&olena["exchanges"][0]["domain"], &olena["exchanges"][0]["attemptId"]),
        (&json!(referer), &json!(refused.id))
    );

    let maria = json_of(&world, &["show", "maria", "--json"]).await;
    let never = "the browser has not come back from amoCRM yet".to_owned();
    assert_eq!(told(&maria, "attempts"), [("pending".to_owned(), never.clone())]);
    assert_eq!(told(&maria, "exchanges"), []);

    let (code, output, complaint) = connections(&world, &["show", "ivan"]).await;
    assert_eq!((code, output.as_str(), complaint.as_str()), (Some(3), "", "amo-connect: unknown user\n"));

    for (user, words) in [("olena", "amoCRM refused the code"), ("maria", never.as_str())] {
        let (code, page, _) = connections(&world, &["show", user]).await;
        assert!(code == Some(0) && page.contains(words), "{page}");
        for secret in [refused.state.as_str(), waiting.state.as_str(), "def50200", "ac1_"] {
            assert!(!page.contains(secret) && !olena.to_string().contains(secret), "{page}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_amocrm_did_not_answer_and_one_that_worked_are_told() {
    let world = World::start().await;
    let interrupted = world.attempt("olena").await;
    let (code, referer) = world.code(ACCOUNT);
    world.sandbox.set_faults(Faults { token_outage: Some(Failure::Status(503)), ..Faults::default() }).unwrap();
    let page = world.callback(&[("code", &code), ("state", &interrupted.state), ("referer", &referer)]).await;
    assert_eq!(page.status, 502, "{page:?}");
    let shown = json_of(&world, &["show", "olena", "--json"]).await;
    assert_eq!(shown["attempts"][0]["reason"], "crm_unavailable");
    assert_eq!(shown["exchanges"][0]["state"], "interrupted");

    world.sandbox.set_faults(Faults::default()).unwrap();
    world.connect("olena", ACCOUNT).await;
    let shown = json_of(&world, &["show", "olena", "--json"]).await;
    let states: Vec<_> = told(&shown, "exchanges").into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["connected", "interrupted"], "the newest first");
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 2);
}
