//! What the people at amoCRM do by a click, and what the phone's user sees of it.

use std::time::Duration;

use amo_connect_tests::{ACCOUNT, Answer, RIVAL};
use serde_json::{Value, json};

use crate::phone::Phone;

const OLENA: u64 = 10_110_001;
/// Sees all leads.
const ANDREW: u64 = 10_110_002;
/// Sees her own leads alone.
const IRYNA: u64 = 10_110_003;

/// What stands between the quotation marks of a message.
fn quoted(message: &str) -> Vec<&str> {
    message.split('“').skip(1).map(|rest| rest.split_once('”').unwrap().0).collect()
}

/// The only lead of this name that olena sees.
async fn lead(phone: &Phone, name: &str) -> Value {
    let query: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let leads = phone.get("olena", &format!("/leads?query={query}")).await.data();
    let [lead] = &leads.as_array().unwrap()[..] else { panic!("{name}: {leads}") };
    lead.clone()
}

/// The name of a lead's stage.
async fn stage(phone: &Phone, lead: &Value) -> String {
    let stages = phone.get("olena", &format!("/pipelines/{}/stages", lead["pipelineId"])).await.data();
    let stage = stages.as_array().unwrap().iter().find(|stage| stage["id"] == lead["stageId"]).unwrap();
    stage["name"].as_str().unwrap().to_owned()
}

/// How a click is refused, and why.
async fn refused(phone: &Phone, what: &str) -> (String, String) {
    let answer = Answer::to(phone.click(what)).await;
    let problem = answer.problem();
    assert_eq!(problem.status, 409, "{answer:?}");
    (problem.code, answer.json()["detail"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleagues_new_lead_is_on_the_phone_at_the_next_question() {
    let phone = Phone::start().await;
    let mut names = Vec::new();
    for _ in 0..2 {
        let played = phone.plays("add-lead").await;
        assert_eq!(played["data"], json!({ "now": "A normal day.", "on": null, "mayRead": true }));
        let message = played["message"].as_str().unwrap().to_owned();
        let name = quoted(&message)[0].to_owned();
        assert_eq!(message, format!("Andrew Bailey added “{name}”."));
        let lead = lead(&phone, &name).await;
        assert_eq!((&lead["responsibleUserId"], &lead["status"]), (&json!(ANDREW), &json!("NEW")));
        assert!(lead["price"].as_u64().unwrap() > 0, "{lead}");
        names.push(name);
    }
    assert_ne!(names[0], names[1]);
    assert_eq!(phone.sandbox.accounts()[0].leads, 632);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_moves_the_newest_open_lead_to_its_next_stage() {
    let phone = Phone::start().await;
    let added = phone.plays("add-lead").await["message"].as_str().unwrap().to_owned();
    let name = quoted(&added)[0];
    let first = stage(&phone, &lead(&phone, name).await).await;
    let message = phone.plays("move-lead").await["message"].as_str().unwrap().to_owned();
    let moved = lead(&phone, name).await;
    let second = stage(&phone, &moved).await;
    assert_eq!(message, format!("Andrew Bailey moved “{name}” from “{first}” to “{second}”."));
    assert_ne!(first, second);
    assert_eq!((&moved["status"], &moved["responsibleUserId"]), (&json!("IN_PROGRESS"), &json!(ANDREW)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_only_their_own_leads_sees_what_colleagues_do_too() {
    let phone = Phone::start().await;
    phone.connect_as("olena", IRYNA).await;
    let message = phone.plays("add-lead").await["message"].as_str().unwrap().to_owned();
    let name = quoted(&message)[0];
    assert_eq!(message, format!("Олена Коваленко added “{name}” for Ірина Мельник."));
    assert_eq!(lead(&phone, name).await["responsibleUserId"], IRYNA);
    // The newest lead of all is not one of hers.
    phone.sandbox.add_lead_as(ACCOUNT, OLENA, &json!({ "name": "Not hers" })).unwrap();
    let message = phone.plays("move-lead").await["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with(&format!("Олена Коваленко moved “{name}” from ")), "{message}");
    assert_eq!(lead(&phone, name).await["status"], "IN_PROGRESS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_name_leaves_room_for_the_stages() {
    let phone = Phone::start().await;
    let name = "є".repeat(61);
    phone.sandbox.add_lead_as(ACCOUNT, ANDREW, &json!({ "name": name })).unwrap();
    let message = phone.plays("move-lead").await["message"].as_str().unwrap().to_owned();
    assert_eq!(quoted(&message)[0], format!("{}…", "є".repeat(60)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_to_read_is_taken_by_a_click_and_given_back_by_the_next() {
    let phone = Phone::start().await;
    phone.connect_as("olena", ANDREW).await;
    let before = phone.sandbox.user(ACCOUNT, ANDREW).unwrap();
    assert_eq!(phone.leads().await.data().as_array().unwrap().len(), 5);

    let played = phone.plays("take-right").await;
    assert_eq!(played["message"], "Andrew Bailey has lost the right to read leads.");
    let now = json!({ "now": "Andrew Bailey may not read leads.", "on": null, "mayRead": false });
    assert_eq!((&played["data"], phone.now().await), (&now, now.clone()));
    assert_eq!(phone.leads().await.data(), json!([]));
    assert_eq!(phone.state_of("olena").await, "connected", "that is no end of the connection");

    let played = phone.plays("take-right").await;
    assert_eq!(played["message"], "Andrew Bailey has the right to read leads again.");
    assert_eq!(played["data"], json!({ "now": "A normal day.", "on": null, "mayRead": true }));
    assert_eq!(phone.leads().await.data().as_array().unwrap().len(), 5);
    assert_eq!(phone.sandbox.user(ACCOUNT, ANDREW).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn back_to_normal_gives_the_right_back_in_its_old_extent() {
    let phone = Phone::start().await;
    phone.connect_as("olena", IRYNA).await;
    let before = phone.sandbox.user(ACCOUNT, IRYNA).unwrap();
    phone.plays("take-right").await;
    assert!(!phone.sandbox.user(ACCOUNT, IRYNA).unwrap().may_read_leads());
    assert_eq!(phone.plays("normal").await["data"]["now"], "A normal day.");
    assert_eq!(phone.sandbox.user(ACCOUNT, IRYNA).unwrap(), before);
    let own = phone.leads().await.data();
    assert!(own.as_array().unwrap().iter().all(|lead| lead["responsibleUserId"] == IRYNA), "{own}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_keeps_the_right_and_is_told_so() {
    let phone = Phone::start().await;
    let why = "Олена Коваленко is connected as an administrator, and an administrator may always read.";
    let keeps = ("administrator".to_owned(), why.to_owned());
    assert_eq!(refused(&phone, "take-right").await, keeps);
    phone.sandbox.change_user(ACCOUNT, OLENA, &json!({ "is_admin": false })).unwrap();
    assert_eq!(refused(&phone, "take-right").await, keeps, "her grant is an administrator's still");
    assert_eq!((phone.leads().await.status, &phone.now().await["mayRead"]), (200, &json!(true)));

    phone.connect_as("olena", ANDREW).await;
    phone.sandbox.change_user(ACCOUNT, ANDREW, &json!({ "is_admin": true })).unwrap();
    assert_eq!(refused(&phone, "take-right").await.0, "administrator");
    assert!(phone.sandbox.user(ACCOUNT, ANDREW).unwrap().may_read_leads());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_there_is_no_right_to_lose() {
    let phone = Phone::start().await;
    let there = |what: &str| format!("{what}?account={RIVAL}");
    let nobody = ("not_connected".to_owned(), "Nobody is connected to Rival Homes.".to_owned());
    assert_eq!(refused(&phone, &there("take-right")).await, nobody);
    let played = phone.plays(&there("add-lead")).await;
    assert!(played["message"].as_str().unwrap().starts_with("Марина Соколова added “"), "{played}");
    assert_eq!(played["data"]["mayRead"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_colleague_that_can_is_told_so() {
    let phone = Phone::start().await;
    phone.connect("ivan", RIVAL).await;
    for what in ["add-lead", "move-lead"] {
        let alone = ("no_colleague".to_owned(), "Nobody else works at Rival Homes.".to_owned());
        assert_eq!(refused(&phone, &format!("{what}?account={RIVAL}")).await, alone);
    }
    for user in [ANDREW, IRYNA] {
        let none = json!({ "rights": { "leads": { "add": "D", "edit": "D" } } });
        phone.sandbox.change_user(ACCOUNT, user, &none).unwrap();
    }
    let (_, add) = refused(&phone, "add-lead").await;
    let (_, edit) = refused(&phone, "move-lead").await;
    assert_eq!(add, "No colleague may add leads at For You Real Estate.");
    assert_eq!(edit, "No colleague has an open lead to move at For You Real Estate.");
    assert_eq!((phone.sandbox.accounts()[0].leads, phone.sandbox.accounts()[1].leads), (630, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_connections_to_an_account_the_phones_own_is_meant() {
    let phone = Phone::start().await;
    phone.connect_as("olena", ANDREW).await;
    let since = phone.get("olena", "/status").await.data()["connectedAt"].as_str().unwrap().to_owned();
    phone.sandbox.advance_clock(Duration::from_mins(1)).unwrap();
    phone.connect_as("ivan", IRYNA).await;

    let own = format!("take-right?account={ACCOUNT}&connectedAt={since}");
    assert_eq!(phone.plays(&own).await["message"], "Andrew Bailey has lost the right to read leads.");
    assert_eq!(phone.plays("take-right").await["message"], "Ірина Мельник has lost the right to read leads.");
    assert_eq!(phone.plays(&own).await["message"], "Andrew Bailey has the right to read leads again.");
    let shown = phone.http().get(format!("{}/app/amo?account={ACCOUNT}&connectedAt={since}", phone.base));
    assert_eq!(Answer::to(shown).await.data()["mayRead"], true);
    assert_eq!(phone.now().await, json!({ "now": "Ірина Мельник may not read leads.", "on": null, "mayRead": false }));

    let wrong = Answer::to(phone.click("take-right?connectedAt=yesterday")).await;
    assert_eq!(wrong.problem(), (400, "invalid_request"));
    assert_eq!(wrong.json()["field"], "connectedAt");
    let wrong = Answer::to(phone.http().get(format!("{}/app/amo?account=1", phone.base))).await;
    assert_eq!(wrong.problem(), (400, "invalid_request"));
    assert_eq!(wrong.json()["field"], "account");
}
