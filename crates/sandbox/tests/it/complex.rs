//! Leads that are added with their contact and their company.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::{FIRST, SECOND, errors},
    rights::{Agency, IRYNA},
    support::ids,
};

impl Leads {
    async fn complex(&self, body: Value) -> Value {
        let answer = self.send(Method::POST, "leads/complex", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.content_type, "application/hal+json");
        answer.json()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_comes_with_a_new_contact_and_a_new_company_all_linked() {
    let leads = Leads::start().await;
    let phone = json!({"field_code": "PHONE", "values": [{"value": "+380671112233", "enum_code": "WORK"}]});
    let answer = leads
        .complex(json!([{
            "name": "Квартира", "price": 90_000, "status_id": SECOND, "request_id": "qweasd",
            "_embedded": {
                "tags": [{"name": "VIP"}],
                "contacts": [{"first_name": "Петро", "custom_fields_values": [phone], "tags_to_add": [{"name": "п"}]}],
                "companies": [{"name": "Оселя"}],
            },
        }]))
        .await;
    let [id, contact, company] = ["id", "contact_id", "company_id"].map(|name| answer[0][name].as_u64().unwrap());
    let expected =
        json!([{"id": id, "contact_id": contact, "company_id": company, "request_id": ["qweasd"], "merged": false}]);
    assert_eq!(answer, expected);
    let lead = leads.one(id).await;
    assert_eq!(
        (&lead["name"], &lead["price"], &lead["status_id"]),
        (&json!("Квартира"), &json!(90_000), &json!(SECOND))
    );
    assert_eq!(lead["_embedded"]["tags"][0]["id"], 301);
    assert_eq!(
        (&lead["_embedded"]["contacts"][0]["id"], &lead["_embedded"]["contacts"][0]["is_main"]),
        (&json!(contact), &json!(true))
    );
    assert_eq!(ids(&lead, "companies"), [company]);
    let person = leads.get(&format!("contacts/{contact}?with=leads")).await.json();
    assert_eq!(
        (&person["name"], ids(&person, "leads"), ids(&person, "companies")),
        (&json!("Петро"), vec![id], vec![company])
    );
    assert_eq!(person["custom_fields_values"][0]["values"][0]["value"], "+380671112233");
    assert_eq!(leads.get(&format!("companies/{company}")).await.json()["name"], "Оселя");
    let kinds: Vec<_> = leads.events().await.into_iter().map(|(kind, ..)| kind).collect();
    for (kind, times) in [("lead_added", 1), ("contact_added", 1), ("company_added", 1), ("entity_linked", 6)] {
        assert_eq!(kinds.iter().filter(|it| *it == kind).count(), times, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_comes_with_those_that_are_there_or_with_nobody() {
    let leads = Leads::start().await;
    let contact = leads.add_to("contacts", json!({"name": "Є"})).await;
    let company = leads.add_to("companies", json!({"name": "Є"})).await;
    let answer = leads
        .complex(json!([
            {"_embedded": {"contacts": [{"id": contact}], "companies": [{"id": company}]}},
            {"_embedded": {"contacts": [{"id": contact, "is_main": true}]}},
            {},
        ]))
        .await;
    let got = |place: usize| (answer[place]["contact_id"].clone(), answer[place]["company_id"].clone());
    assert_eq!(got(0), (json!(contact), json!(company)));
    assert_eq!(got(1), (json!(contact), Value::Null));
    assert_eq!(got(2), (Value::Null, Value::Null));
    assert_eq!(answer[2]["request_id"], json!(["2"]));
    let lead = leads.one(answer[0]["id"].as_u64().unwrap()).await;
    assert_eq!((ids(&lead, "contacts"), ids(&lead, "companies")), (vec![contact], vec![company]));
    assert_eq!(lead["status_id"], FIRST);
    let person = leads.get(&format!("contacts/{contact}?with=leads")).await.json();
    assert_eq!(ids(&person, "leads").len(), 2);
    assert_eq!(ids(&person, "companies"), Vec::<u64>::new(), "only new ones are linked with each other");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_member_anywhere_adds_nothing() {
    let leads = Leads::start().await;
    let refuse = async |body: Value| errors(&leads.send(Method::POST, "leads/complex", &body).await);
    let at = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    let choice = |path: &str| at("NotSupportedChoice", path);
    let field = json!({"field_id": 594_002, "values": [{"value": "1"}]});
    let wrong = json!([
        {"_embedded": {"contacts": [{"name": "a"}, {"name": "b"}], "companies": [{"id": 1}, {"id": 2}]}},
        {"custom_fields_values": vec![field; 41], "_embedded": {"contacts": [{"first_name": 1}]}},
        {"_embedded": {"companies": [{"custom_fields_values": vec![json!({"field_code": "WEB"}); 41]}]}},
    ]);
    assert_eq!(
        refuse(wrong).await,
        [
            ("0".to_owned(), vec![at("TooMany", "_embedded.contacts"), at("TooMany", "_embedded.companies")]),
            (
                "1".to_owned(),
                vec![at("TooMany", "custom_fields_values"), at("InvalidType", "_embedded.contacts.0.first_name")]
            ),
            ("2".to_owned(), vec![at("TooMany", "_embedded.companies.0.custom_fields_values")]),
        ]
    );
    let wrong = json!([
        {"name": "good", "_embedded": {"contacts": [{"name": "good"}]}},
        {"status_id": 1, "_embedded": {
            "contacts": [{"responsible_user_id": 5, "custom_fields_values": [{"field_id": 1, "values": []}]}],
            "companies": [{"id": 5}],
        }},
    ]);
    assert_eq!(
        refuse(wrong).await,
        [(
            "1".to_owned(),
            vec![
                choice("_embedded.contacts.0.responsible_user_id"),
                choice("_embedded.contacts.0.custom_fields_values.0.field_id"),
                choice("_embedded.companies.0.id"),
                choice("status_id"),
            ]
        )]
    );
    assert_eq!(leads.changes().await, Vec::<Value>::new());
    let many = leads.send(Method::POST, "leads/complex", &json!(vec![json!({}); 51])).await;
    assert_eq!((many.status.as_u16(), many.json()["detail"].as_str()), (422, Some("Limit 50 per page")));
    assert_eq!(leads.complex(json!(vec![json!({}); 50])).await.as_array().unwrap().len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_add_a_contact_adds_no_lead_with_a_new_one() {
    let agency = Agency::start().await;
    agency.set(IRYNA, json!({"rights": {"contacts": {"add": "D"}}})).await;
    let add = async |contact: Value| {
        let body = json!([{"_embedded": {"contacts": [contact]}}]);
        agency.send(Method::POST, "leads/complex", body, &agency.iryna).await.status.as_u16()
    };
    assert_eq!(add(json!({"name": "x"})).await, 403);
    let own = ids(&agency.get("contacts?limit=1", &agency.iryna).await.json(), "contacts")[0];
    assert_eq!(add(json!({"id": own})).await, 200);
}
