//! Filters, order and search, as clients write them.

use serde_json::{Value, json};

use crate::{
    leads::Leads,
    support::{AGENCY, ids},
};

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_what_they_say_in_every_spelling() {
    let leads = Leads::start().await;
    let all = leads.list("limit=250").await;
    let sample = &all[17];
    for (field, wanted) in [
        ("id", &sample["id"]),
        ("pipeline_id", &sample["pipeline_id"]),
        ("responsible_user_id", &sample["responsible_user_id"]),
        ("created_by", &sample["created_by"]),
        ("updated_by", &sample["updated_by"]),
    ] {
        let expected = ids_where(&all, |lead| lead[field] == *wanted);
        for spelling in [
            format!("filter[{field}]={wanted}"),
            format!("filter[{field}][]={wanted}"),
            format!("filter[{field}][0]={wanted}"),
            format!("filter%5B{field}%5D%5B0%5D={wanted}"),
        ] {
            let found = leads.list(&format!("limit=250&{spelling}")).await;
            let found: Vec<_> = ids_where(&found, |lead| lead["id"].as_u64() <= all[249]["id"].as_u64());
            assert!(!found.is_empty());
            assert_eq!(found, expected, "{spelling}");
        }
    }
}

fn ids_where(list: &[Value], wanted: impl Fn(&Value) -> bool) -> Vec<u64> {
    list.iter().filter(|lead| wanted(lead)).map(|lead| lead["id"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_stages_names_and_custom_fields_are_filters_too() {
    let leads = Leads::start().await;
    let all = leads.list("limit=250").await;
    let cheap = leads.list("limit=250&filter[price][from]=100&filter[price][to]=3000").await;
    assert!(!cheap.is_empty());
    assert!(cheap.iter().all(|lead| (100..=3000).contains(&lead["price"].as_u64().unwrap())));
    let since = all[200]["updated_at"].as_u64().unwrap();
    let fresh = leads.list(&format!("limit=250&filter[updated_at][from]={since}")).await;
    assert!(!fresh.is_empty());
    assert!(fresh.iter().all(|lead| lead["updated_at"].as_u64().unwrap() >= since));

    let (one, other) = (&all[1], &all[12]);
    let stage = |index: u8, lead: &Value| {
        format!(
            "filter[statuses][{index}][pipeline_id]={}&filter[statuses][{index}][status_id]={}",
            lead["pipeline_id"], lead["status_id"]
        )
    };
    let place = |lead: &Value| (lead["pipeline_id"].clone(), lead["status_id"].clone());
    assert_ne!(place(one), place(other));
    let both = leads.list(&format!("limit=250&{}&{}", stage(0, one), stage(1, other))).await;
    assert!(both.iter().any(|lead| place(lead) == place(one)));
    assert!(both.iter().any(|lead| place(lead) == place(other)));
    assert!(both.iter().all(|lead| [place(one), place(other)].contains(&place(lead))));

    let name = &all[5]["name"];
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("filter[name]", name.as_str().unwrap())
        .finish();
    let named = leads.list(&query).await;
    assert!(!named.is_empty() && named.iter().all(|lead| lead["name"] == *name));

    let fields = all.iter().filter_map(|lead| lead["custom_fields_values"].as_array()).flatten();
    let area = fields.clone().find(|field| field["field_type"] == "numeric").unwrap();
    let id = &area["field_id"];
    let large = leads.list(&format!("limit=250&filter[custom_fields_values][{id}][from]=300")).await;
    assert!(!large.is_empty() && large.len() < 250);
    for lead in large {
        let fields = lead["custom_fields_values"].as_array().unwrap();
        let area = fields.iter().find(|field| field["field_id"] == *id).unwrap();
        assert!(area["values"][0]["value"].as_str().unwrap().parse::<f64>().unwrap() >= 300.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn order_is_by_time_or_id_either_way() {
    let leads = Leads::start().await;
    for field in ["id", "created_at", "updated_at"] {
        for (direction, bracket) in
            [("asc", ["[", "]"]), ("desc", ["%5B", "%5D"]), ("ASC", ["[", "]"]), ("DESC", ["[", "]"])]
        {
            let [open, close] = bracket;
            let list = leads.list(&format!("limit=250&order{open}{field}{close}={direction}")).await;
            let mut values: Vec<_> = list.iter().map(|lead| lead[field].as_u64().unwrap()).collect();
            if direction.eq_ignore_ascii_case("desc") {
                values.reverse();
            }
            assert!(values.len() == 250 && values.is_sorted(), "{field} {direction}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn search_looks_into_names_fields_and_contacts_whatever_the_case() {
    let leads = Leads::start().await;
    let upper = leads.list("limit=250&query=%D0%9A%D0%92%D0%90%D0%A0%D0%A2%D0%98%D0%A0%D0%90").await;
    let lower = leads.list("limit=250&query=%D0%BA%D0%B2%D0%B0%D1%80%D1%82%D0%B8%D1%80%D0%B0").await;
    assert!(!upper.is_empty());
    assert_eq!(upper, lower);
    let contacts = leads.amo.get(AGENCY, "/api/v4/contacts?limit=250&with=leads", &leads.token).await.json();
    let value = |contact: &Value, code: &str| {
        let fields = contact["custom_fields_values"].as_array()?;
        let field = fields.iter().find(|field| field["field_code"] == code)?;
        field["values"][0]["value"].as_str().map(str::to_owned)
    };
    let reachable = |contact: &&Value| value(contact, "PHONE").is_some() && value(contact, "EMAIL").is_some();
    let contact = contacts["_embedded"]["contacts"].as_array().unwrap().iter().find(reachable).unwrap();
    let theirs = ids(contact, "leads");
    let by_email = leads.list(&format!("query={}", value(contact, "EMAIL").unwrap())).await;
    assert_eq!(ids_where(&by_email, |_| true), theirs);
    let digits: String = value(contact, "PHONE").unwrap().chars().filter(char::is_ascii_digit).collect();
    let by_phone = ids_where(&leads.list(&format!("query={digits}")).await, |_| true);
    assert!(theirs.iter().all(|lead| by_phone.contains(lead)));
    assert!(leads.list("query=zzzzzz").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_cannot_be_is_named() {
    let leads = Leads::start().await;
    for (query, path) in [
        ("page=0", "page"),
        ("limit=x", "limit"),
        ("filter[id]=x", "filter.id"),
        ("filter[price][from]=cheap", "filter.price"),
        ("order[id]=sideways", "order.id"),
    ] {
        let refused = leads.answer(query).await;
        assert_eq!(refused.status, 400, "{query}");
        let problem = refused.json();
        assert_eq!(problem["validation-errors"][0]["errors"][0]["path"], path);
        assert_eq!(problem["title"], "Bad Request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_and_times_are_only_found_by_a_range() {
    let leads = Leads::start().await;
    let sample = &leads.list("limit=20").await[17];
    for field in ["price", "created_at", "updated_at", "closed_at", "closest_task_at"] {
        let value = sample[field].as_u64().unwrap_or(1);
        assert_eq!(leads.answer(&format!("filter[{field}]={value}")).await.status, 204, "{field}");
    }
    let created = &sample["created_at"];
    let found = leads.list(&format!("filter[created_at][from]={created}&filter[created_at][to]={created}")).await;
    assert!(found.contains(sample));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_without_its_pipeline_is_a_filter_and_stages_without_names_are_none() {
    let leads = Leads::start().await;
    let won = leads.list("limit=250&filter[statuses][0][pipeline_id]=&filter[statuses][0][status_id]=142").await;
    assert!(won.len() > 20 && won.iter().all(|lead| lead["status_id"] == 142));
    assert!(won.iter().any(|lead| lead["pipeline_id"] != won[0]["pipeline_id"]), "of all pipelines");
    assert_eq!(leads.list("limit=250&filter[statuses][]=142&filter[statuses][]=143").await.len(), 250);
}

#[tokio::test(flavor = "multi_thread")]
async fn custom_fields_are_found_by_choice_and_flag_unless_the_account_has_not_paid() {
    let leads = Leads::start().await;
    let base = 594_000;
    let field = |id: u64, values: Value| json!({"field_id": base + id, "values": values});
    let chosen = json!([field(1, json!([{"enum_id": base + 103}])), field(5, json!([{"value": false}]))]);
    let id = leads.add(json!({"custom_fields_values": chosen})).await;
    let found = async |filter: &str| {
        let list = leads.list(&format!("filter[id]={id}&filter[custom_fields_values][{filter}")).await;
        list.len() == 1
    };
    assert!(found(&format!("{}][]={}", base + 1, base + 103)).await);
    assert!(!found(&format!("{}][]={}", base + 1, base + 102)).await);
    assert!(found(&format!("{}][]=0", base + 5)).await);
    assert!(!found(&format!("{}][]=1", base + 5)).await);
    let enabled =
        async || leads.get("account?with=is_api_filter_enabled").await.json()["is_api_filter_enabled"].clone();
    assert_eq!(enabled().await, true);
    leads.amo.switch(|switches| switches.custom_fields_filter = false);
    assert_eq!(enabled().await, false);
    let refused = leads.answer(&format!("filter[custom_fields_values][{}][]=0", base + 5)).await;
    assert_eq!(
        refused.body,
        "{\"title\":\"Bad Request\",\"type\":\"https://httpstatus.es/400\",\"status\":400,\
         \"detail\":\"Invalid filter for current account\"}"
    );
    assert_eq!(leads.list(&format!("filter[id]={id}")).await.len(), 1, "other filters are for all");
}
