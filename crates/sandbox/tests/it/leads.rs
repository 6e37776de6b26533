//! Leads: pages, and what comes only when asked for.

use std::collections::BTreeSet;

use amo_connect_sandbox::{AccountId, LargerLimit, Options};
use serde_json::{Value, json};

use crate::support::{AGENCY, Amo, Answer, RIVAL, ids, unlimited};

/// A connected client of the agency.
pub(crate) struct Leads {
    pub(crate) amo: Amo,
    pub(crate) token: String,
}

impl Leads {
    pub(crate) async fn start() -> Self {
        Self::with(unlimited()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let amo = Amo::with(options).await;
        let token = amo.connect(AGENCY).await.access;
        Self { amo, token }
    }

    pub(crate) async fn answer(&self, query: &str) -> Answer {
        self.amo.get(AGENCY, &format!("/api/v4/leads?{query}"), &self.token).await
    }

    pub(crate) async fn list(&self, query: &str) -> Vec<Value> {
        let answer = self.answer(query).await;
        if answer.status == 204 {
            return Vec::new();
        }
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer.json()["_embedded"]["leads"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_leads_page_through_in_order_with_no_gap_and_no_double() {
    let leads = Leads::with(Options { leads: 10_000, ..unlimited() }).await;
    let mut seen = Vec::new();
    let mut next = Some(leads.amo.url(AGENCY, "/api/v4/leads?limit=250"));
    while let Some(url) = next {
        let page = leads.amo.get_url(&url, &leads.token).await.json();
        assert_eq!(page["_page"], seen.len() / 250 + 1);
        seen.extend(ids(&page, "leads"));
        next = page["_links"]["next"]["href"].as_str().map(str::to_owned);
    }
    assert_eq!(seen.len(), 10_000);
    assert!(seen.is_sorted());
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_fifty_leads_unless_asked_and_links_to_its_neighbours() {
    let leads = Leads::start().await;
    let first = leads.answer("").await;
    assert_eq!(first.content_type, "application/hal+json");
    let first = first.json();
    assert_eq!(ids(&first, "leads").len(), 50);
    assert!(first["_links"].get("prev").is_none() && first["_links"].get("first").is_none());
    let url = first["_links"]["next"]["href"].as_str().unwrap();
    let second = leads.amo.get_url(url, &leads.token).await.json();
    assert_eq!(second["_page"], 2);
    for link in ["self", "next", "first", "prev"] {
        assert!(second["_links"].get(link).is_some(), "{link}");
    }
    let last = leads.answer("page=13").await.json();
    assert_eq!(ids(&last, "leads").len(), 30);
    assert_eq!(last["_links"].get("next"), None);
    let beyond = leads.answer("page=14").await;
    assert_eq!((beyond.status.as_u16(), beyond.body.as_str()), (204, ""));
    assert_eq!(leads.list("limit=250").await.len(), 250);
    assert_eq!(leads.list("limit=251").await.len(), 50);
    leads.amo.switch(|switches| switches.page_limit = 500);
    assert_eq!(leads.list("limit=500").await.len(), 500);
    leads.amo.switch(|switches| switches.larger_limit = LargerLimit::Most);
    assert_eq!(leads.list("limit=501").await.len(), 500);
    leads.amo.switch(|switches| switches.larger_limit = LargerLimit::Refused);
    let refused = leads.answer("limit=501").await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (422, &json!("Limit 500 per page")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deleted_lead_is_seen_only_by_those_who_ask_for_it() {
    let leads = Leads::start().await;
    let mut all = BTreeSet::new();
    for page in 1..=3 {
        all.extend(ids(&leads.answer(&format!("limit=250&page={page}")).await.json(), "leads"));
    }
    assert_eq!(all.len(), 630);
    let deleted = leads.list("with=only_deleted").await;
    assert_eq!(deleted.len(), 1);
    assert_eq!(deleted[0]["is_deleted"], true);
    assert!(!all.contains(&deleted[0]["id"].as_u64().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_the_leads_of_another_account() {
    let leads = Leads::start().await;
    let token = leads.amo.connect(RIVAL).await.access;
    let theirs = leads.amo.get(RIVAL, "/api/v4/leads?limit=250", &token).await.json();
    let theirs = ids(&theirs, "leads");
    assert_eq!(theirs.len(), 40);
    for id in theirs {
        assert_eq!(leads.list(&format!("filter[id]={id}")).await, Vec::<Value>::new());
        let path = format!("/api/v4/leads/{id}");
        assert_eq!(leads.amo.get(AGENCY, &path, &leads.token).await.status, 204);
    }
    let token = leads.amo.connect(AccountId::EMPTY).await.access;
    for path in ["/api/v4/leads", "/api/v4/contacts"] {
        assert_eq!(leads.amo.get(AccountId::EMPTY, path, &token).await.status, 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_alone_is_the_lead_of_the_list() {
    let leads = Leads::start().await;
    let with = "with=contacts,loss_reason,source_id,is_price_modified_by_robot,catalog_elements";
    for lead in leads.list(&format!("limit=30&{with}")).await {
        let path = format!("/api/v4/leads/{}?{with}", lead["id"]);
        assert_eq!(leads.amo.get(AGENCY, &path, &leads.token).await.json(), lead);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn some_members_come_only_when_asked_for() {
    let leads = Leads::start().await;
    let plain = &leads.list("limit=1").await[0];
    let with = "with=contacts,loss_reason&with[]=source_id&with[]=is_price_modified_by_robot";
    let full = &leads.list(&format!("limit=1&{with}")).await[0];
    for name in ["source_id", "is_price_modified_by_robot"] {
        assert!(plain.get(name).is_none() && full.get(name).is_some(), "{name}");
    }
    for name in ["contacts", "loss_reason"] {
        assert!(plain["_embedded"].get(name).is_none() && full["_embedded"].get(name).is_some(), "{name}");
    }
    for name in [
        "id",
        "name",
        "price",
        "responsible_user_id",
        "group_id",
        "status_id",
        "pipeline_id",
        "loss_reason_id",
        "created_by",
        "updated_by",
        "created_at",
        "updated_at",
        "closed_at",
        "closest_task_at",
        "is_deleted",
        "custom_fields_values",
        "score",
        "account_id",
        "labor_cost",
        "_links",
        "_embedded",
    ] {
        assert!(plain.get(name).is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_contact_comes_first_and_some_leads_have_none() {
    let leads = Leads::start().await;
    let list = leads.list("with=contacts&limit=250").await;
    let contacts = |lead: &Value| lead["_embedded"]["contacts"].as_array().unwrap().clone();
    assert!(list.iter().any(|lead| contacts(lead).is_empty()));
    assert!(list.iter().any(|lead| contacts(lead).len() > 1));
    for lead in &list {
        for (place, contact) in contacts(lead).iter().enumerate() {
            assert_eq!(contact["is_main"], place == 0);
        }
    }
    let failed: Vec<_> = leads.list("with=loss_reason&limit=250&filter[statuses][0][status_id]=143").await;
    assert!(failed.iter().any(|lead| lead["_embedded"]["loss_reason"][0]["id"] == lead["loss_reason_id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lead_is_very_heavy_and_not_on_the_first_page() {
    let leads = Leads::start().await;
    assert!(leads.answer("limit=50").await.body.len() < 150_000);
    let mut heaviest = 0;
    for page in 1..=3 {
        for lead in leads.list(&format!("limit=250&page={page}")).await {
            heaviest = heaviest.max(lead["custom_fields_values"].to_string().len());
        }
    }
    assert!(heaviest >= 200_000, "{heaviest}");
}
