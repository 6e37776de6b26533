//! What the handle of a sandbox does as one of its people: adding and moving leads, and changing rights.

use amo_connect_sandbox::{GrantInfo, SandboxError};
use serde_json::{Value, json};

use crate::{
    rights::{ANDREW, Agency, IRYNA, OLENA},
    support::AGENCY,
};

/// The last change of the agency's data.
async fn last_change(agency: &Agency) -> Value {
    let path = "/_sandbox/changes?account=31920194";
    let changes = agency.amo.open(&agency.amo.url(AGENCY, path)).await.json();
    changes["changes"].as_array().unwrap().last().unwrap().clone()
}

/// The grant of `user`.
fn grant_of(agency: &Agency, user: u64) -> GrantInfo {
    agency.amo.sandbox.grants().into_iter().find(|grant| grant.user.get() == user).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_added_and_changed_as_the_user_who_is_named() {
    let agency = Agency::start().await;
    let sandbox = &agency.amo.sandbox;
    let id = sandbox.add_lead_as(AGENCY, ANDREW, &json!({"name": "Walk-in"})).unwrap();
    let added = last_change(&agency).await;
    assert_eq!((&added["user"], &added["entity_id"], &added["client_id"]), (&json!(ANDREW), &json!(id), &Value::Null));
    assert_eq!(added["settings"], json!(["add_lead"]));
    sandbox.change_lead_as(AGENCY, ANDREW, &json!({"id": id, "status_id": 142})).unwrap();
    let moved = last_change(&agency).await;
    assert_eq!((&moved["user"], &moved["settings"]), (&json!(ANDREW), &json!(["update_lead", "status_lead"])));
    let lead = agency.get(&format!("leads/{id}"), &agency.olena).await.json();
    assert_eq!(
        (&lead["status_id"], &lead["responsible_user_id"], &lead["updated_by"]),
        (&json!(142), &json!(ANDREW), &json!(ANDREW))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_named_has_their_own_rights_alone() {
    let agency = Agency::start().await;
    let sandbox = &agency.amo.sandbox;
    let foreign = agency.lead_of(OLENA).await;
    let refused = sandbox.change_lead_as(AGENCY, ANDREW, &json!({"id": foreign["id"], "price": 1})).unwrap_err();
    assert_eq!(refused.field(), Some("change"), "{refused}");
    assert_eq!(agency.lead_of(OLENA).await, foreign);
    sandbox.change_user(AGENCY, IRYNA, &json!({"rights": {"leads": {"add": "D"}}})).unwrap();
    let refused = sandbox.add_lead_as(AGENCY, IRYNA, &json!({})).unwrap_err();
    assert_eq!(refused.field(), Some("add"), "{refused}");
    let nobody = sandbox.add_lead_as(AGENCY, 5, &json!({})).unwrap_err();
    assert!(matches!(nobody, SandboxError::UnknownUser { user, .. } if user.get() == 5), "{nobody}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_seen_and_changed_as_by_the_control() {
    let agency = Agency::start().await;
    let sandbox = &agency.amo.sandbox;
    let before = sandbox.user(AGENCY, ANDREW).unwrap();
    assert_eq!((before.name.as_str(), before.is_active, before.is_admin), ("Andrew Bailey", true, false));
    assert!(before.may_read_leads() && before.may_add_leads());
    assert_eq!(before.rights()["leads"]["view"], "A");

    let taken = sandbox.change_user(AGENCY, ANDREW, &json!({"rights": {"leads": {"view": "D", "add": "D"}}})).unwrap();
    assert!(!taken.may_read_leads() && !taken.may_add_leads());
    assert_eq!(sandbox.user(AGENCY, ANDREW).unwrap(), taken);
    assert_eq!(agency.all("leads", &agency.andrew).await, [0; 0]);
    let same = agency.amo.control("PATCH", "/users", json!({"account": 31_920_194, "user": ANDREW})).await.json();
    assert_eq!(same, serde_json::to_value(&taken).unwrap());

    sandbox.change_user(AGENCY, ANDREW, &json!({"rights": before.rights()})).unwrap();
    assert_eq!(sandbox.user(AGENCY, ANDREW).unwrap(), before);
    assert_eq!(agency.all("leads", &agency.andrew).await.len(), 630);

    let own_stage = json!({"entity_type": "leads", "pipeline_id": 7_301_200, "status_id": 142,
                           "rights": {"view": "A", "edit": "D", "delete": "D"}});
    let rights = json!({"rights": {"leads": {"view": "D"}, "status_rights": [own_stage]}});
    assert!(sandbox.change_user(AGENCY, ANDREW, &rights).unwrap().may_read_leads(), "those that are won");
    assert!(sandbox.user(AGENCY, OLENA).unwrap().may_read_leads(), "an administrator");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_changed_of_a_user_is_named() {
    let agency = Agency::start().await;
    let sandbox = &agency.amo.sandbox;
    for (change, field) in [
        (json!({"right": {}}), "right"),
        (json!({"is_admin": 1}), "is_admin"),
        (json!({"group_id": 9}), "group_id"),
        (json!({"rights": {"leads": {"view": "X"}}}), "rights"),
        (json!({"user": ANDREW}), "user"),
        (json!([]), "body"),
    ] {
        let refused = sandbox.change_user(AGENCY, ANDREW, &change).unwrap_err();
        assert_eq!(refused.field(), Some(field), "{change}");
    }
    assert_eq!(sandbox.user(AGENCY, 5).unwrap_err().field(), Some("user"));
    assert_eq!(sandbox.user(1, ANDREW).unwrap_err().field(), Some("account"));
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_say_whether_an_administrator_gave_them() {
    let agency = Agency::start().await;
    assert!(grant_of(&agency, OLENA).is_full && !grant_of(&agency, ANDREW).is_full);
    let report = agency.amo.open(&agency.amo.url(AGENCY, "/_sandbox")).await.json();
    assert_eq!((&report["grants"][0]["is_full"], &report["grants"][1]["is_full"]), (&json!(true), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_open_lead_is_one_that_the_user_may_change() {
    let agency = Agency::start().await;
    let sandbox = &agency.amo.sandbox;
    let newest = |user: u64, seen_by| sandbox.newest_open_lead(AGENCY, user, seen_by).unwrap().unwrap();
    let own = sandbox.add_lead_as(AGENCY, ANDREW, &json!({"name": "Own"})).unwrap();
    let foreign = sandbox.add_lead_as(AGENCY, OLENA, &json!({"name": "Foreign"})).unwrap();
    assert_eq!((newest(OLENA, None).id, newest(ANDREW, None).id), (foreign, own));

    let lead = newest(ANDREW, None);
    assert_eq!((lead.name.as_str(), lead.stage.as_str()), ("Own", "Первичный контакт"));
    assert_eq!(lead.next_stage, "Підбір об'єктів");
    let mut stages = vec![lead.stage];
    while newest(ANDREW, None).id == own {
        let lead = newest(ANDREW, None);
        stages.push(lead.next_stage);
        sandbox.change_lead_as(AGENCY, ANDREW, &json!({"id": own, "status_id": lead.next_status_id})).unwrap();
    }
    let all =
        ["Первичный контакт", "Підбір об'єктів", "Viewing", "Переговоры", "Договір і завдаток", "Успешно реализовано"];
    assert_eq!(stages, all, "one after the other, and then it is won");

    sandbox.delete_lead(AGENCY, foreign).unwrap();
    assert!(newest(OLENA, None).id < own, "neither the deleted one nor the won one");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_open_lead_is_one_that_is_read_with_the_grant() {
    let agency = Agency::start().await;
    let sandbox = &agency.amo.sandbox;
    let newest = |user: u64, seen_by: u64| {
        sandbox.newest_open_lead(AGENCY, user, Some(&grant_of(&agency, seen_by))).unwrap().map(|lead| lead.id)
    };
    let own = sandbox.add_lead_as(AGENCY, IRYNA, &json!({})).unwrap();
    let foreign = sandbox.add_lead_as(AGENCY, OLENA, &json!({})).unwrap();
    assert_eq!((newest(OLENA, IRYNA), newest(OLENA, ANDREW)), (Some(own), Some(foreign)));
    assert_eq!(newest(ANDREW, IRYNA), None, "she sees none of those that he may change");
    sandbox.change_user(AGENCY, OLENA, &json!({"is_admin": false, "rights": {"leads": {"view": "D"}}})).unwrap();
    assert!(newest(ANDREW, OLENA).is_some(), "her grant is an administrator's");
    sandbox.change_user(AGENCY, ANDREW, &json!({"rights": {"leads": {"view": "D"}}})).unwrap();
    assert_eq!(newest(ANDREW, OLENA), None, "who sees nothing changes nothing");
}
