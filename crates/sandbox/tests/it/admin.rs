//! What administrators have: users.

use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, ids};

#[tokio::test(flavor = "multi_thread")]
async fn users_are_for_administrators() {
    let amo = Amo::start().await;
    let admin = amo.connect(AGENCY).await;
    let list = amo.get(AGENCY, "/api/v4/users", &admin.access).await.json();
    assert_eq!((&list["_total_items"], &list["_page"], &list["_page_count"]), (&json!(4), &json!(1), &json!(1)));
    let users = list["_embedded"]["users"].as_array().unwrap();
    assert_eq!(users[0]["rights"]["is_admin"], true);
    assert_eq!(users[1]["rights"]["is_admin"], false);
    assert!(users[0]["rights"]["leads"].get("export").is_some());
    let path = format!("/api/v4/users/{}", users[1]["id"]);
    assert_eq!(amo.get(AGENCY, &path, &admin.access).await.json(), users[1]);

    let code = amo.sandbox.issue_code_for(AGENCY, 10_110_002, "sandbox").unwrap().code;
    let agent = amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair();
    assert_eq!(amo.get(AGENCY, "/api/v4/users", &agent.access).await.status, 403);
    assert_eq!(amo.get(AGENCY, "/api/v4/leads", &agent.access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_have_more_members_where_with_asks_for_them() {
    let amo = Amo::start().await;
    let admin = amo.connect(AGENCY).await;
    let users = async |query: &str| {
        let list = amo.get(AGENCY, &format!("/api/v4/users{query}"), &admin.access).await.json();
        list["_embedded"]["users"].as_array().unwrap().clone()
    };
    for plain in users("").await {
        let mut members: Vec<_> = plain.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["_links", "email", "id", "lang", "name", "rights"]);
    }
    let asked = users("?with=role,group,uuid,amojo_id,user_rank,phone_number").await;
    for user in &asked {
        for name in ["uuid", "amojo_id", "user_rank", "phone_number"] {
            assert_eq!(user.get(name), Some(&Value::Null), "{name}");
        }
        assert!(user["_embedded"]["roles"].is_array());
    }
    let groups: Vec<_> = asked.iter().map(|user| user["_embedded"]["groups"].clone()).collect();
    assert_eq!(groups, [json!([]), json!([]), json!([{"id": 311_001, "name": "Оренда"}]), json!([])]);
    let path = format!("/api/v4/users/{}?with=group", asked[2]["id"]);
    let one = amo.get(AGENCY, &path, &admin.access).await.json();
    assert_eq!((one.get("uuid"), &one["_embedded"]), (None, &json!({"groups": groups[2]})));
}

#[tokio::test(flavor = "multi_thread")]
async fn users_come_in_pages_too_and_end() {
    let amo = Amo::start().await;
    let admin = amo.connect(AGENCY).await;
    let page = async |query: &str| amo.get(AGENCY, &format!("/api/v4/users?{query}"), &admin.access).await;
    let first = page("limit=2").await.json();
    assert_eq!((&first["_total_items"], &first["_page_count"]), (&json!(4), &json!(2)));
    let next = first["_links"]["next"]["href"].as_str().unwrap();
    let second = amo.get_url(next, &admin.access).await.json();
    assert_eq!(second["_page"], 2);
    assert_eq!([ids(&first, "users"), ids(&second, "users")], [[10_110_001, 10_110_002], [10_110_003, 10_110_004]]);
    assert_eq!(second["_links"].get("next"), None);
    assert_eq!(page("limit=2&page=3").await.status, 204);
    assert_eq!(page("page=2").await.status, 204, "who pages until there is nothing would never end");
    assert_eq!(page("page=0").await.status, 400);
}
