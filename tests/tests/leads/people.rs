//! Who one is in amoCRM, as an administrator and as an ordinary user.

use amo_connect_tests::ACCOUNT;
use serde_json::json;

use crate::steps::{Amo, calls, world};

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_is_told_who_they_are_and_lists_everybody() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let (me, cost) = calls(&world, world.get("olena", "/me")).await;
    assert_eq!(cost, 2);
    let account = amo.get("/account").await;
    let truth = amo.get("/users?limit=250").await;
    let theirs = truth["_embedded"]["users"].as_array().unwrap();
    let own = theirs.iter().find(|user| user["id"] == account["current_user_id"]).unwrap();
    let expected = json!({
        "accountId": ACCOUNT.to_string(), "accountName": account["name"], "currency": account["currency"],
        "userId": own["id"], "userName": own["name"], "isAdmin": true,
    });
    assert_eq!(me.data(), expected);
    let (users, cost) = calls(&world, world.get("olena", "/users")).await;
    assert_eq!(cost, 0);
    let view = |user: &serde_json::Value| json!({ "id": user["id"], "name": user["name"], "email": user["email"], "isActive": user["rights"]["is_active"] });
    assert_eq!(users.data(), json!(theirs.iter().map(view).collect::<Vec<_>>()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_user_reads_their_own_leads_and_may_not_list_the_others() {
    let world = world(630).await;
    // Iryna sees her own alone.
    let iryna = 10_110_003;
    world.connect_as("iryna", ACCOUNT, iryna).await;
    let me = world.get("iryna", "/me").await.data();
    assert_eq!((&me["userId"], &me["userName"], &me["isAdmin"]), (&json!(iryna), &json!(null), &json!(false)));
    assert_eq!(world.get("iryna", "/users").await.problem(), (403, "forbidden"));
    assert_eq!(world.standing("iryna").await.1, json!(null));
    let all = world.get("iryna", "/leads?limit=250").await.data();
    let own = world.get("iryna", "/leads?limit=250&responsibleUserId=me").await.data();
    assert!(!own.as_array().unwrap().is_empty());
    assert_eq!(own, all);
    let others = world.get("olena", "/leads?limit=250&responsibleUserId=me").await.data();
    let others = others.as_array().unwrap();
    assert!(!others.is_empty() && others.iter().all(|lead| lead["responsibleUserId"] == 10_110_001));
    let hidden = world.get("iryna", &format!("/leads/{}", others[0]["amoLeadId"])).await;
    assert!([403, 404].contains(&hidden.status), "{hidden:?}");
}
