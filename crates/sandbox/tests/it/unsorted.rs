//! Unsorted leads: added by forms and telephony, accepted, declined, linked, counted.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::{FIRST, MAIN, SECOND, errors},
    support::{AGENCY, ids},
};

const UNSORTED: &str = "leads/unsorted";
/// The stage of the unsorted in the main pipeline.
pub(crate) const STAGE: u64 = MAIN * 9;
/// Sees what is her own.
const IRYNA: u64 = 10_110_003;

/// A form as the official SDK sends it.
pub(crate) fn form(name: &str) -> Value {
    json!({
        "source_name": "Название источника", "source_uid": "my_unique_uid", "created_at": 1_795_000_000,
        "metadata": {"form_id": "my_best_form", "form_name": "Обратная связь", "form_page": "https://example.com/form",
                     "form_sent_at": 1_570_000_000, "ip": "192.168.0.1", "referer": "https://google.com/search"},
        "pipeline_id": MAIN, "request_id": "0",
        "_embedded": {
            "leads": [{"name": name, "price": 500_000.0, "request_id": "0"}],
            "contacts": [{"name": "Контакт", "request_id": "0", "custom_fields_values": [
                {"field_id": null, "field_code": "PHONE",
                 "values": [{"value": "+79123456789", "enum_id": null, "enum_code": null}]}]}],
        },
    })
}

/// An unsorted lead: its uid, its lead and its contact.
pub(crate) struct Added {
    pub(crate) uid: String,
    pub(crate) lead: u64,
    pub(crate) contact: u64,
}

impl Leads {
    pub(crate) async fn unsorted(&self, category: &str, item: Value) -> Added {
        let answer = self.send(Method::POST, &format!("{UNSORTED}/{category}"), &json!([item])).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let added = answer.json()["_embedded"]["unsorted"][0].clone();
        assert_eq!((&added["request_id"], &added["account_id"]), (&json!("0"), &json!(31_920_194)));
        Added {
            uid: added["uid"].as_str().unwrap().to_owned(),
            lead: ids(&added, "leads")[0],
            contact: ids(&added, "contacts").first().copied().unwrap_or_default(),
        }
    }

    pub(crate) async fn waiting(&self, query: &str) -> Vec<Value> {
        let answer = self.amo.get(AGENCY, &format!("/api/v4/{UNSORTED}?limit=250&{query}"), &self.token).await;
        if answer.status == 204 {
            return Vec::new();
        }
        answer.json()["_embedded"]["unsorted"].as_array().unwrap().clone()
    }

    pub(crate) async fn decide(&self, method: Method, added: &Added, word: &str, body: &Value) -> Value {
        let answer = self.send(method, &format!("{UNSORTED}/{}/{word}", added.uid), body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The settings of webhooks of the changes, in order.
    async fn settings(&self) -> Vec<String> {
        let changes = self.changes().await;
        let settings = changes.iter().flat_map(|change| change["settings"].as_array().unwrap());
        settings.map(|setting| setting.as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_an_unsorted_lead_until_it_is_accepted() {
    let leads = Leads::start().await;
    let added = leads.unsorted("forms", form("Заявка")).await;
    let lead = leads.one(added.lead).await;
    assert_eq!(
        (&lead["status_id"], &lead["pipeline_id"], &lead["price"]),
        (&json!(STAGE), &json!(MAIN), &json!(500_000))
    );
    assert_eq!(ids(&lead, "contacts"), [added.contact]);
    let found = leads.waiting(&format!("filter[uid]={}", added.uid)).await;
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let link = |path: &str| json!({"self": {"href": format!("http://{host}/api/v4/{path}")}});
    let expected = json!({
        "uid": added.uid, "source_uid": "my_unique_uid", "source_name": "Название источника", "category": "forms",
        "pipeline_id": MAIN, "created_at": 1_795_000_000,
        "metadata": {"form_id": "my_best_form", "form_name": "Обратная связь", "form_page": "https://example.com/form",
                     "ip": "192.168.0.1", "form_sent_at": 1_570_000_000, "referer": "https://google.com/search",
                     "visitor_uid": null, "form_type": null},
        "account_id": 31_920_194, "_links": link(&format!("{UNSORTED}/{}", added.uid)),
        "_embedded": {
            "leads": [{"id": added.lead, "_links": link(&format!("leads/{}", added.lead))}],
            "contacts": [{"id": added.contact, "_links": link(&format!("contacts/{}", added.contact))}],
            "companies": [],
        },
    });
    assert_eq!(json!(found), json!([expected]));
    let one = leads.amo.get(AGENCY, &format!("/api/v4/{UNSORTED}/{}", added.uid), &leads.token).await;
    assert_eq!(one.json(), expected);
    let accepted = leads.decide(Method::POST, &added, "accept", &json!([])).await;
    assert_eq!(
        (&accepted["uid"], &accepted["category"], &accepted["pipeline_id"], &accepted["created_at"]),
        (&json!(added.uid), &json!("forms"), &json!(MAIN), &json!(1_795_000_000))
    );
    assert_eq!((ids(&accepted, "leads"), ids(&accepted, "contacts")), (vec![added.lead], vec![added.contact]));
    assert_eq!(leads.one(added.lead).await["status_id"], FIRST);
    assert_eq!(leads.waiting(&format!("filter[uid]={}", added.uid)).await, Vec::<Value>::new());
    let settings = leads.settings().await;
    let of_unsorted: Vec<_> = settings.iter().filter(|setting| setting.ends_with("unsorted")).collect();
    assert_eq!(of_unsorted, ["add_unsorted", "delete_unsorted"]);
    let end = ["update_lead", "status_lead", "delete_unsorted"].map(str::to_owned);
    assert!(settings.ends_with(&end), "{settings:?}");
    let again = leads.send(Method::POST, &format!("{UNSORTED}/{}/accept", added.uid), &json!({})).await;
    assert_eq!(again.status, 404, "that is decided");
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_names_who_gets_the_lead_and_in_which_stage() {
    let leads = Leads::start().await;
    let call = json!({
        "source_name": "АТС", "source_uid": "pbx", "request_id": "0",
        "metadata": {"phone": "135", "called_at": 1_795_000_000, "duration": 135, "link": "https://example.com/a.mp3",
                     "service_code": "my_best_telephony", "uniq": "u", "is_call_event_needed": true,
                     "call_responsible": null, "from": "+79123456789"},
    });
    let added = leads.unsorted("sip", call).await;
    assert_eq!(added.contact, 0, "only a lead was added");
    assert_eq!(leads.waiting(&format!("filter[uid]={}", added.uid)).await[0]["metadata"]["from"], "+79123456789");
    let path = format!("{UNSORTED}/{}/accept", added.uid);
    for (body, path_of_error) in
        [(json!({"user_id": 10_110_004}), "user_id"), (json!({"status_id": STAGE}), "status_id")]
    {
        let refused = leads.send(Method::POST, &path, &body).await;
        assert_eq!(errors(&refused)[0].1, [("NotSupportedChoice".to_owned(), path_of_error.to_owned())]);
    }
    leads.decide(Method::POST, &added, "accept", &json!({"user_id": IRYNA, "status_id": SECOND})).await;
    let lead = leads.one(added.lead).await;
    assert_eq!((&lead["status_id"], &lead["responsible_user_id"]), (&json!(SECOND), &json!(IRYNA)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_lead_goes_to_the_bin_with_the_contact_that_came_with_it() {
    let leads = Leads::start().await;
    let contact =
        async |id: u64| leads.amo.get(AGENCY, &format!("/api/v4/contacts/{id}"), &leads.token).await.status.as_u16();
    let added = leads.unsorted("forms", form("Спам")).await;
    let declined = leads.decide(Method::DELETE, &added, "decline", &json!({"user_id": 10_110_001})).await;
    assert_eq!((&declined["uid"], ids(&declined, "leads")), (&json!(added.uid), vec![added.lead]));
    let lead = leads.amo.get(AGENCY, &format!("/api/v4/leads/{}", added.lead), &leads.token).await;
    assert_eq!((lead.status.as_u16(), contact(added.contact).await), (204, 204));
    assert!(ids(&leads.answer("with=only_deleted&limit=250").await.json(), "leads").contains(&added.lead));
    let known = ids(&leads.amo.get(AGENCY, "/api/v4/contacts?limit=1", &leads.token).await.json(), "contacts")[0];
    let mut item = form("Знову");
    item["_embedded"]["contacts"] = json!([{"id": known}]);
    let added = leads.unsorted("forms", item).await;
    assert_eq!(added.contact, known);
    leads.decide(Method::DELETE, &added, "decline", &json!([])).await;
    assert_eq!(contact(known).await, 200, "a contact that existed before is kept");
    let settings = leads.settings().await;
    assert_eq!(settings.iter().filter(|setting| *setting == "delete_unsorted").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_mail_and_chats_are_linked_with_what_is_there() {
    let leads = Leads::start().await;
    let target = leads.list("limit=1&order[id]=desc").await[0]["id"].as_u64().unwrap();
    let body = json!({"link": {"entity_type": "leads", "entity_id": target}, "user_id": 0});
    let with_contact = |row: &&Value| row["_embedded"]["contacts"][0]["id"].is_u64();
    for category in ["mail", "chats"] {
        let waiting = leads.waiting(&format!("filter[category][]={category}")).await;
        let row = waiting.iter().find(with_contact).unwrap();
        let added = Added {
            uid: row["uid"].as_str().unwrap().to_owned(),
            lead: ids(row, "leads")[0],
            contact: ids(row, "contacts")[0],
        };
        let answer = leads.decide(Method::POST, &added, "link", &body).await;
        assert_eq!((&answer["uid"], ids(&answer, "leads")), (&json!(added.uid), vec![target]));
        assert!(ids(&leads.one(target).await, "contacts").contains(&added.contact));
        let gone = leads.amo.get(AGENCY, &format!("/api/v4/leads/{}", added.lead), &leads.token).await;
        assert_eq!(gone.status, 204);
        assert_eq!(leads.waiting(&format!("filter[uid][]={}", added.uid)).await, Vec::<Value>::new());
    }
    let form = leads.unsorted("forms", form("x")).await;
    let refused = leads.send(Method::POST, &format!("{UNSORTED}/{}/link", form.uid), &body).await;
    assert_eq!(errors(&refused)[0].1, [("NotSupportedChoice".to_owned(), "uid".to_owned())]);
    let refused = leads.send(Method::POST, &format!("{UNSORTED}/{}/link", form.uid), &json!({"link": {}})).await;
    assert_eq!(
        errors(&refused)[0].1,
        [
            ("FieldMissing".to_owned(), "link.entity_type".to_owned()),
            ("FieldMissing".to_owned(), "link.entity_id".to_owned())
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_filtered_ordered_paged_and_counted() {
    let leads = Leads::start().await;
    let all = leads.waiting("").await;
    let of_stage: Vec<_> = leads
        .list(&format!("limit=250&filter[statuses][0][pipeline_id]={MAIN}&filter[statuses][0][status_id]={STAGE}"))
        .await;
    let of_main = leads.waiting(&format!("filter[pipeline_id][]={MAIN}")).await;
    assert_eq!(of_main.len(), of_stage.len(), "every lead of the stage came somehow");
    assert!(all.len() > of_main.len() && of_main.len() > 4);
    let times = |rows: &[Value]| rows.iter().map(|row| row["created_at"].as_u64().unwrap()).collect::<Vec<_>>();
    assert!(times(&leads.waiting("order[created_at]=asc").await).is_sorted());
    assert!(times(&leads.waiting("order[created_at]=desc").await).is_sorted_by(|one, next| one >= next));
    let two = leads.waiting("filter[category][0]=forms&filter[category][1]=sip").await;
    assert!(two.iter().all(|row| row["category"] == "forms" || row["category"] == "sip"));
    let first = leads.amo.get(AGENCY, &format!("/api/v4/{UNSORTED}?limit=2"), &leads.token).await.json();
    assert!(first["_links"]["next"]["href"].is_string() && first.get("_total_items").is_none());

    leads.amo.sandbox.freeze_clock(true);
    let now = leads.amo.sandbox.clock().now;
    let mut item = form("Швидко");
    item["created_at"] = json!(now);
    let added = [leads.unsorted("forms", item.clone()).await, leads.unsorted("forms", item.clone()).await];
    leads.unsorted("sip", item).await;
    leads.amo.sandbox.advance_clock(std::time::Duration::from_secs(100)).unwrap();
    leads.decide(Method::POST, &added[0], "accept", &json!({})).await;
    leads.amo.sandbox.advance_clock(std::time::Duration::from_secs(100)).unwrap();
    leads.decide(Method::DELETE, &added[1], "decline", &json!({})).await;
    let path = format!("/api/v4/{UNSORTED}/summary?filter[created_at][from]={now}&filter[created_at][to]={now}");
    let mut summary = leads.amo.get(AGENCY, &path, &leads.token).await.json();
    summary.as_object_mut().unwrap().shift_remove("_links");
    assert_eq!(
        summary,
        json!({"total": 3, "accepted": 1, "declined": 1, "average_sort_time": 150,
               "categories": {"sip": {"total": 1}, "mail": {"total": 0}, "forms": {"total": 2}, "chats": {"total": 0}}})
    );
    let total = async |query: &str| {
        let path = format!("/api/v4/{UNSORTED}/summary?{query}");
        leads.amo.get(AGENCY, &path, &leads.token).await.json()["total"].clone()
    };
    let of_two = format!("filter[uid][0]={}&filter[uid][1]={}", added[0].uid, added[1].uid);
    assert_eq!(total(&of_two).await, 2);
    assert_eq!(total(&format!("filter[uid]={}", added[0].uid)).await, 1);
    assert_eq!(total(&format!("{of_two}&filter[created_at]={}", now - 1)).await, 2, "one time is the earliest");
    assert_eq!(total(&format!("{of_two}&filter[created_at]={}", now + 1)).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unsorted_leads_that_cannot_be_are_refused_and_unknown_ones_are_404() {
    let leads = Leads::start().await;
    let before = leads.waiting("").await.len();
    let mut bad = form("x");
    bad["_embedded"]["leads"][0]["responsible_user_id"] = json!(1);
    let body = json!([{"metadata": null}, bad, form("good")]);
    let refused = leads.send(Method::POST, &format!("{UNSORTED}/forms"), &body).await;
    let at = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    assert_eq!(
        errors(&refused)[0].1,
        [at("FieldMissing", "source_uid"), at("FieldMissing", "source_name"), at("FieldMissing", "metadata")]
    );
    let refused = leads.send(Method::POST, &format!("{UNSORTED}/forms"), &json!([bad, form("good")])).await;
    assert_eq!(
        errors(&refused),
        [("0".to_owned(), vec![at("NotSupportedChoice", "_embedded.leads.0.responsible_user_id")])]
    );
    let mut nowhere = form("x");
    nowhere["pipeline_id"] = json!(1);
    let refused = leads.send(Method::POST, &format!("{UNSORTED}/sip"), &json!([nowhere])).await;
    assert_eq!(errors(&refused)[0].1, [at("NotSupportedChoice", "pipeline_id")]);
    assert_eq!(leads.waiting("").await.len(), before, "nothing was added");
    for uid in ["0123456789abcdef0123456789abcdef", "x"] {
        let path = format!("{UNSORTED}/{uid}");
        assert_eq!(leads.amo.get(AGENCY, &format!("/api/v4/{path}"), &leads.token).await.status, 404);
        assert_eq!(leads.send(Method::POST, &format!("{path}/accept"), &json!({})).await.status, 404);
        assert_eq!(leads.send(Method::DELETE, &format!("{path}/decline"), &json!({})).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_a_lead_sees_nothing_unsorted_of_it() {
    let leads = Leads::start().await;
    let added = leads.unsorted("forms", form("Чужа")).await;
    let iryna = leads.amo.sandbox.issue_code_for(AGENCY, IRYNA, "sandbox").unwrap().code;
    let iryna = leads.amo.token(AGENCY, &crate::support::Amo::exchange_fields(&iryna)).await.pair().access;
    let path = format!("/api/v4/{UNSORTED}/{}", added.uid);
    assert_eq!(leads.amo.get(AGENCY, &path, &iryna).await.status, 404);
    let all = leads.amo.get(AGENCY, &format!("/api/v4/{UNSORTED}?limit=250"), &iryna).await;
    assert!(!all.body.contains(&added.uid));
    let url = leads.amo.url(AGENCY, &format!("{path}/accept"));
    let refused = leads.amo.http.post(url).bearer_auth(&iryna).json(&json!({})).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(leads.one(added.lead).await["status_id"], STAGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn complex_with_metadata_makes_an_unsorted_lead() {
    let leads = Leads::start().await;
    let before = leads.waiting("").await.len();
    let mut metadata = form("x")["metadata"].clone();
    metadata["category"] = json!("forms");
    let lead = json!({
        "name": "Складна", "status_id": SECOND, "request_id": "r",
        "_embedded": {"metadata": metadata, "contacts": [{"first_name": "Ivan"}], "companies": [{"name": "Qwerty LLC"}]},
    });
    let answer = leads.send(Method::POST, "leads/complex", &json!([lead, {"name": "Проста"}])).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    assert_eq!((&answer[0]["request_id"], &answer[0]["merged"]), (&json!(["r"]), &json!(false)));
    let waiting = leads.waiting("order[created_at]=desc").await;
    assert_eq!(waiting.len(), before + 1);
    let row = &waiting[0];
    assert_eq!((&row["category"], &row["metadata"]["form_id"]), (&json!("forms"), &json!("my_best_form")));
    assert_eq!(
        (
            &row["_embedded"]["leads"][0]["id"],
            &row["_embedded"]["contacts"][0]["id"],
            &row["_embedded"]["companies"][0]["id"]
        ),
        (&answer[0]["id"], &answer[0]["contact_id"], &answer[0]["company_id"])
    );
    assert_eq!(leads.one(answer[0]["id"].as_u64().unwrap()).await["status_id"], STAGE);
    assert_eq!(leads.one(answer[1]["id"].as_u64().unwrap()).await["status_id"], FIRST);
    let bad = json!([{"_embedded": {"metadata": {"category": "mail"}}}]);
    let refused = leads.send(Method::POST, "leads/complex", &bad).await;
    assert_eq!(errors(&refused)[0].1, [("NotSupportedChoice".to_owned(), "_embedded.metadata.category".to_owned())]);
}
