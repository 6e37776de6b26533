//! The account, pipelines, contacts, and what is not there.

use serde_json::json;

use crate::support::{AGENCY, Amo, RIVAL, ids, read};

#[tokio::test(flavor = "multi_thread")]
async fn the_account_says_who_it_is_and_who_asks() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let answer = amo.get(AGENCY, "/api/v4/account", &pair.access).await;
    assert_eq!(answer.content_type, "application/hal+json");
    let account = answer.json();
    assert_eq!(account["id"], 31_920_194);
    assert_eq!(account["name"], "For You Real Estate");
    assert_eq!(account["subdomain"], "foryou");
    assert_eq!(account["current_user_id"], 10_110_001);
    for name in [
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "country",
        "currency",
        "currency_symbol",
        "customers_mode",
        "is_unsorted_on",
        "mobile_feature_version",
        "is_loss_reason_enabled",
        "is_helpbot_enabled",
        "is_technical_account",
        "contact_name_display_order",
    ] {
        assert!(account.get(name).is_some(), "{name}");
    }
    assert_eq!(account["_links"]["self"]["href"], amo.url(AGENCY, "/api/v4/account"));
    assert_eq!(account.get("status"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_says_more_only_when_asked() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let plain = amo.get(AGENCY, "/api/v4/account", &pair.access).await.json();
    let with = "amojo_id,amojo_rights,users_groups,task_types,version,entity_names,\
                datetime_settings,drive_url,uuid,invoices_settings,is_api_filter_enabled";
    let path = format!("/api/v4/account?with={with}");
    let full = amo.get(AGENCY, &path, &pair.access).await.json();
    for name in
        ["amojo_id", "version", "entity_names", "drive_url", "uuid", "invoices_settings", "is_api_filter_enabled"]
    {
        assert!(plain.get(name).is_none() && full.get(name).is_some(), "{name}");
    }
    assert_eq!(plain.get("_embedded"), None);
    for name in ["amojo_rights", "users_groups", "task_types", "datetime_settings"] {
        assert!(full["_embedded"].get(name).is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_its_own_account_alone() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    assert_eq!(amo.get(RIVAL, "/api/v4/leads", &pair.access).await.status, 401);
    let bare = amo.open(&amo.url(AGENCY, "/api/v4/leads")).await;
    assert_eq!(bare.status, 401);
    assert_eq!(amo.sandbox.stats().unauthorized, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_come_without_pages_and_end_in_won_and_lost() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let list = amo.get(AGENCY, "/api/v4/leads/pipelines", &pair.access).await.json();
    assert_eq!(list["_total_items"], 2);
    assert_eq!(list.get("_page"), None);
    let pipelines = list["_embedded"]["pipelines"].as_array().unwrap();
    assert_eq!(pipelines.iter().filter(|pipeline| pipeline["is_main"] == true).count(), 1);
    for pipeline in pipelines {
        assert_eq!(pipeline["account_id"], 31_920_194);
        let stages = pipeline["_embedded"]["statuses"].as_array().unwrap();
        let types: Vec<_> = stages.iter().map(|stage| stage["type"].as_u64().unwrap()).collect();
        assert_eq!(types[0], 1);
        assert!(types[1..].iter().all(|&kind| kind == 0));
        let ends: Vec<_> = stages.iter().rev().take(2).map(|stage| stage["id"].clone()).collect();
        assert_eq!(ends, [143, 142]);
        assert!(stages.iter().all(|stage| stage["pipeline_id"] == pipeline["id"]));
        let path = format!("/api/v4/leads/pipelines/{}", pipeline["id"]);
        assert_eq!(amo.get(AGENCY, &path, &pair.access).await.json(), *pipeline);
        let path = format!("{path}/statuses");
        let alone = amo.get(AGENCY, &path, &pair.access).await.json();
        assert_eq!(alone["_embedded"]["statuses"], pipeline["_embedded"]["statuses"]);
        for stage in stages {
            let url = stage["_links"]["self"]["href"].as_str().unwrap();
            assert_eq!(amo.get_url(url, &pair.access).await.json(), *stage);
        }
    }
    for none in ["1", "1/statuses", "1/statuses/142", "7301200/statuses/1"] {
        let path = format!("/api/v4/leads/pipelines/{none}");
        assert_eq!(amo.get(AGENCY, &path, &pair.access).await.status, 204, "{none}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_have_descriptions_where_with_asks_for_them() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let list = amo.get(AGENCY, "/api/v4/leads/pipelines", &pair.access).await.json();
    let stages = format!("/api/v4/leads/pipelines/{}/statuses", list["_embedded"]["pipelines"][0]["id"]);
    for (query, expected) in [("", None), ("?with=descriptions", Some(&json!([])))] {
        let list = amo.get(AGENCY, &format!("{stages}{query}"), &pair.access).await.json();
        let found = list["_embedded"]["statuses"].as_array().unwrap();
        assert!(found.len() > 3 && found.iter().all(|stage| stage.get("descriptions") == expected), "{found:?}");
        let one = amo.get(AGENCY, &format!("{stages}/142{query}"), &pair.access).await.json();
        assert_eq!(one.get("descriptions"), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_found_by_ids_however_the_brackets_are_written() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let all = amo.get(AGENCY, "/api/v4/contacts?limit=3", &pair.access).await.json();
    let [first, _, third] = ids(&all, "contacts")[..] else { panic!("{all}") };
    for query in [
        format!("filter[id][]={first}&filter[id][]={third}"),
        format!("filter[id][0]={first}&filter[id][1]={third}"),
        format!("filter%5Bid%5D%5B%5D={first}&filter%5Bid%5D%5B%5D={third}"),
    ] {
        let found = amo.get(AGENCY, &format!("/api/v4/contacts?{query}"), &pair.access).await;
        assert_eq!(ids(&found.json(), "contacts"), [first, third], "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_has_its_telephone_and_email_in_multitext_fields() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let list = amo.get(AGENCY, "/api/v4/contacts?limit=250&with=leads", &pair.access).await.json();
    let contacts = list["_embedded"]["contacts"].as_array().unwrap();
    let values = |code: &'static str| {
        let fields = contacts.iter().filter_map(|contact| contact["custom_fields_values"].as_array());
        fields.flatten().filter(move |field| field["field_code"] == code).collect::<Vec<_>>()
    };
    for (code, kind) in [("PHONE", "MOB"), ("EMAIL", "WORK")] {
        let fields = values(code);
        assert!(fields.len() > 100 && fields.len() < contacts.len(), "{code}: {}", fields.len());
        for field in fields {
            assert_eq!(field["field_type"], "multitext");
            assert_eq!(field["values"][0]["enum_code"], kind);
            assert!(!field["values"][0]["value"].as_str().unwrap().is_empty());
        }
    }
    assert!(contacts.iter().any(|contact| contact["custom_fields_values"].is_null()));
    let one = &contacts[0];
    let path = format!("/api/v4/contacts/{}", one["id"]);
    let alone = amo.get(AGENCY, &format!("{path}?with=leads"), &pair.access).await.json();
    assert_eq!(alone, *one);
    assert_eq!(amo.get(AGENCY, "/api/v4/contacts/1", &pair.access).await.status, 204);
    assert!(!one["_embedded"]["leads"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_404_that_repeats_the_request() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let url = amo.url(AGENCY, "/api/v4/account1");
    let answer = amo.get_url(&url, &pair.access).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.content_type, "application/problem+json");
    assert_eq!(
        answer.body,
        format!(
            "{{\"title\":\"Not Found\",\"type\":\"https://httpstatus.es/404\",\"status\":404,\
             \"detail\":\"Cannot GET {url}!\"}}"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_names_its_request() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let mut names = std::collections::BTreeSet::new();
    for (path, status) in [("leads", 200), ("leads/1", 204), ("nothing", 404), ("leads?page=0", 400)] {
        let request = amo.http.get(amo.url(AGENCY, &format!("/api/v4/{path}"))).bearer_auth(&pair.access);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        let name = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert!(name.len() == 32 && name.bytes().all(|digit| digit.is_ascii_hexdigit()), "{name}");
        names.insert(name);
    }
    assert_eq!(names.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_is_not_there_rather_than_empty() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    for old in ["/api/v2/leads", "/private/api/v2/json/leads/list"] {
        assert_eq!(amo.get(AGENCY, old, &pair.access).await.status, 404, "{old}");
    }
    for path in ["leads/abc", "users/me", "leads/pipelines/x"] {
        let answer = amo.get(AGENCY, &format!("/api/v4/{path}"), &pair.access).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_answers_405_to_methods_that_it_does_not_have() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    for path in ["/api/v4/account", "/api/v4/users/10110001", "/_sandbox/leads", "/oauth2/access_token"] {
        let refused = read(amo.http.put(amo.url(AGENCY, path)).bearer_auth(&pair.access).send().await.unwrap()).await;
        assert_eq!(refused.status, 405, "{path}");
        if path != "/oauth2/access_token" {
            let known = (refused.content_type.as_str(), refused.json()["title"].clone());
            assert_eq!(known, ("application/problem+json", json!("Method Not Allowed")), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_clients_question_for_the_owner_is_answered() {
    let amo = Amo::start().await;
    let pair = amo.connect(AGENCY).await;
    let owner = amo.get(AGENCY, "/v3/user", &pair.access).await.json();
    assert_eq!(owner, json!({"id": 10_110_001, "name": "Олена Коваленко", "email": "olena@foryou.example"}));
    assert_eq!(amo.get(AGENCY, "/v3/user", "x").await.status, 401);
}
