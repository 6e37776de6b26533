//! What is asked of API v4, and what is made of its answers.

use crate::bench::permit;
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::custom_field::{CustomField, CustomValue};
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadFilter, LeadOrder, LeadSort, LossReason, Tag};
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::CrmApi as _;
use jiff::Timestamp;
use serde_json::{Number, Value, json};
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::bench::{ACCESS, access, answering, host, patient_client};

/// All leads.
pub(crate) fn all() -> LeadFilter {
    LeadFilter::default()
}

async fn serving(body: Value) -> MockServer {
    answering(ResponseTemplate::new(200).set_body_raw(body.to_string(), "application/hal+json")).await
}

/// The one request that came, as path and query.
async fn asked(server: &MockServer) -> (String, Vec<(String, String)>) {
    let mut requests: Vec<Request> = server.received_requests().await.unwrap();
    let request = requests.pop().unwrap();
    assert!(requests.is_empty(), "more than one request");
    assert_eq!(request.method.as_str(), "GET");
    assert_eq!(request.headers["authorization"], format!("Bearer {ACCESS}"));
    (request.url.path().to_owned(), request.url.query_pairs().into_owned().collect())
}

fn pairs(query: &[(String, String)]) -> Vec<(&str, &str)> {
    query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn the_account_tells_its_number() {
    for id in [json!(31_920_194), json!("31920194")] {
        let server = serving(json!({"id": id, "name": "Агентство", "subdomain": "example"})).await;
        let account = patient_client(*server.address()).account(permit(&host(*server.address())), &access()).await;
        let name = Some("Агентство".to_owned());
        assert_eq!(account, Ok(AmoAccount { name, ..AmoAccount::numbered(AccountId(31_920_194)) }));
        assert_eq!(asked(&server).await, ("/api/v4/account".to_owned(), vec![]));
    }
}

#[tokio::test]
async fn users_are_asked_for_page_by_page_and_say_what_they_may() {
    let server = serving(json!({"_total_items": 3, "_links": {"next": {"href": "x"}}, "_embedded": {"users": [
        {"id": 1, "name": "Олена", "email": "o@example.com", "rights": {"is_admin": true, "is_active": true}},
        {"id": 2, "name": "", "rights": null},
        {"name": "no id"},
    ]}}))
    .await;
    let page = PageRequest { page: 2, limit: 250 };
    let users =
        patient_client(*server.address()).users(permit(&host(*server.address())), &access(), page).await.unwrap();
    let (name, email) = (Some("Олена".to_owned()), Some("o@example.com".to_owned()));
    let olena = User { id: 1, name, email, is_active: true, is_admin: true };
    assert_eq!(users, Page { items: vec![olena, User::numbered(2)], has_more: true });
    let (path, query) = asked(&server).await;
    assert_eq!((path.as_str(), pairs(&query)), ("/api/v4/users", vec![("page", "2"), ("limit", "250")]));
}

#[tokio::test]
async fn a_filter_is_asked_for_in_amocrms_terms() {
    let server = serving(json!({"_embedded": {"leads": []}})).await;
    let mut filter = all();
    (filter.page, filter.limit, filter.pipeline) = (3, 250, Some(11));
    filter.query = Some("Олена & +380 [x]=y#".to_owned());
    filter.stages = vec![(11, 142), (12, 7)];
    filter.order = LeadOrder { by: LeadSort::CreatedAt, is_descending: false };
    filter.responsible_user = Some(7);
    filter.updated_since = Some("2026-11-23T10:00:00.9Z".parse().unwrap());
    filter.created_since = Some("2026-11-23T09:59:59Z".parse().unwrap());
    patient_client(*server.address()).leads(permit(&host(*server.address())), &access(), &filter).await.unwrap();
    let (path, query) = asked(&server).await;
    assert_eq!(path, "/api/v4/leads");
    assert_eq!(
        pairs(&query),
        [
            ("page", "3"),
            ("limit", "250"),
            ("with", "contacts"),
            ("order[created_at]", "asc"),
            ("query", "Олена & +380 [x]=y#"),
            ("filter[pipeline_id]", "11"),
            ("filter[statuses][0][pipeline_id]", "11"),
            ("filter[statuses][0][status_id]", "142"),
            ("filter[statuses][1][pipeline_id]", "12"),
            ("filter[statuses][1][status_id]", "7"),
            ("filter[responsible_user_id]", "7"),
            ("filter[updated_at][from]", "1795428000"),
            ("filter[created_at][from]", "1795427999"),
        ]
    );
}

#[tokio::test]
async fn since_before_1970_is_since_the_beginning() {
    // amoCRM refuses a moment below 0.
    for since in ["1969-12-31T23:59:59.5Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00.9Z"] {
        let server = serving(json!({"_embedded": {"leads": []}})).await;
        let filter = LeadFilter { updated_since: Some(since.parse().unwrap()), ..all() };
        patient_client(*server.address()).leads(permit(&host(*server.address())), &access(), &filter).await.unwrap();
        let (_, query) = asked(&server).await;
        assert_eq!(pairs(&query).last(), Some(&("filter[updated_at][from]", "0")), "{since}");
    }
}

#[tokio::test]
async fn leads_come_in_amocrms_order_with_their_main_contact() {
    let server = serving(json!({
        "_page": 1,
        "_links": {"self": {"href": "x"}, "next": {"href": "y"}},
        "_embedded": {"leads": [
            {
                "id": 20, "name": "Flat", "price": 1500, "pipeline_id": 11, "status_id": 142, "responsible_user_id": 5,
                "created_by": 6, "created_at": 1_795_000_000, "updated_at": 1_795_000_001, "closed_at": 1_795_000_002,
                "custom_fields_values": [{"field_id": 1, "values": [{"value": "unwanted"}]}],
                "_embedded": {"tags": [{"id": 4, "name": "VIP", "color": null}, {"name": "no id"}], "contacts": [{"id": 1, "is_main": false}, {"id": 2, "is_main": true}]},
            },
            {"id": 10, "price": 99.5, "_embedded": {"contacts": [{"id": 3}, {"id": 4}]}},
        ]},
    }))
    .await;
    let page =
        patient_client(*server.address()).leads(permit(&host(*server.address())), &access(), &all()).await.unwrap();
    assert!(page.has_more);
    let full = AmoLead {
        id: 20,
        name: Some("Flat".to_owned()),
        price: Some(Number::from(1500)),
        pipeline: Some(11),
        stage: Some(142),
        is_closed: true,
        responsible_user: Some(5),
        created_by: Some(6),
        created_at: Some(Timestamp::from_second(1_795_000_000).unwrap()),
        updated_at: Some(Timestamp::from_second(1_795_000_001).unwrap()),
        closed_at: Some(Timestamp::from_second(1_795_000_002).unwrap()),
        tags: vec![Tag { id: 4, name: "VIP".to_owned(), color: None }],
        contact: Some(2),
        custom_fields: None,
    };
    assert_eq!(page.leads, [full, AmoLead { price: Number::from_f64(99.5), contact: Some(3), ..empty_lead(10) }]);
}

#[tokio::test]
async fn custom_fields_are_read_where_they_are_wanted() {
    let server = serving(json!({"_embedded": {"leads": [
        {"id": 1, "custom_fields_values": [{
            "field_id": 5, "field_name": "View", "field_code": null, "field_type": "select", "is_computed": false,
            "values": [{"value": "Sea", "enum_id": 6, "enum_code": "sea"}],
        }]},
        {"id": 2, "custom_fields_values": null},
        {"id": 3, "custom_fields_values": []},
    ]}}))
    .await;
    let filter = LeadFilter { with_custom_fields: true, ..all() };
    let page =
        patient_client(*server.address()).leads(permit(&host(*server.address())), &access(), &filter).await.unwrap();
    let text = |text: &str| Some(text.to_owned());
    let sea = CustomValue { value: json!("Sea"), choice: Some(6), choice_code: text("sea") };
    let view = CustomField { id: 5, name: text("View"), code: None, kind: text("select"), values: vec![sea] };
    let lead = |id, fields| AmoLead { custom_fields: Some(fields), ..empty_lead(id) };
    assert_eq!(page.leads, [lead(1, vec![view]), lead(2, vec![]), lead(3, vec![])]);
}

pub(crate) fn empty_lead(id: u64) -> AmoLead {
    AmoLead::numbered(id)
}

#[tokio::test]
async fn an_odd_lead_loses_neither_the_page_nor_itself() {
    let odd = json!({
        "id": 1, "name": ["?"], "price": "many", "pipeline_id": -1, "status_id": null, "responsible_user_id": 0,
        "created_at": "yesterday", "updated_at": i64::MAX, "closed_at": {}, "custom_fields_values": 7, "_embedded": "none",
    });
    let server = serving(json!({"_embedded": {"leads": [odd, null, {"name": "no id"}, 5, {"id": 2}]}})).await;
    let page =
        patient_client(*server.address()).leads(permit(&host(*server.address())), &access(), &all()).await.unwrap();
    assert_eq!(page.leads, [empty_lead(1), empty_lead(2)]);
    assert!(!page.has_more);
}

#[tokio::test]
async fn a_price_in_quotes_is_that_price() {
    let prices = [
        ("1500", Some("1500")),
        ("1500.50", Some("1500.5")),
        ("-1", Some("-1")),
        ("9007199254740993", Some("9007199254740993")),
    ];
    for (price, number) in [("1 500", None), ("", None), ("1e400", None), ("0x1", None)].into_iter().chain(prices) {
        let server = serving(json!({"_embedded": {"leads": [{"id": 1, "price": price}]}})).await;
        let page =
            patient_client(*server.address()).leads(permit(&host(*server.address())), &access(), &all()).await.unwrap();
        let found = page.leads[0].price.as_ref().map(ToString::to_string);
        assert_eq!(found.as_deref(), number, "{price}");
    }
}

#[tokio::test]
async fn of_what_is_there_twice_the_last_counts() {
    let body = r#"{"_links": 1, "_links": {"next": {}}, "_embedded": {"leads": [
        {"id": 1, "id": 2, "price": null, "price": 3, "_embedded": 4, "_embedded": {"contacts": [{"id": 5, "id": 6}]}}, {"id": 7}
    ]}}"#;
    let server = answering(ResponseTemplate::new(200).set_body_raw(body, "application/hal+json")).await;
    let page =
        patient_client(*server.address()).leads(permit(&host(*server.address())), &access(), &all()).await.unwrap();
    assert!(page.has_more);
    assert_eq!(page.leads, [AmoLead { price: Some(3.into()), contact: Some(6), ..empty_lead(2) }, empty_lead(7)]);
}

#[tokio::test]
async fn contacts_are_asked_for_at_once_and_read_by_field_code() {
    let field = |code: &str, values: Value| json!({"field_id": 1, "field_code": code, "values": values});
    let server = serving(json!({"_embedded": {"contacts": [
        {"id": 1, "name": "Олена", "custom_fields_values": [
            field("POSITION", json!([{"value": "boss"}])),
            field("PHONE", json!([{"value": ""}, {"value": "+380501112233", "enum_code": "WORK"}, {"value": "2"}])),
            field("EMAIL", json!([{"value": "o@example.com", "enum_code": "PRIV"}])),
        ]},
        {"id": 2, "name": "", "custom_fields_values": [null, {"field_code": "PHONE"}, field("PHONE", json!([{"value": 911}]))]},
        {"id": 3, "custom_fields_values": null},
        {"name": "no id"},
    ]}}))
    .await;
    let ids = [3, 1, 2];
    let found =
        patient_client(*server.address()).contacts(permit(&host(*server.address())), &access(), &ids).await.unwrap();
    let reached = |value: &str, kind: Option<&str>| Reached { value: value.to_owned(), kind: kind.map(str::to_owned) };
    let olena = Contact {
        id: 1,
        name: Some("Олена".to_owned()),
        phones: vec![reached("+380501112233", Some("WORK")), reached("2", None)],
        emails: vec![reached("o@example.com", Some("PRIV"))],
    };
    let nameless = Contact { phones: vec![reached("911", None)], ..Contact::numbered(2) };
    assert_eq!(found, [olena, nameless, Contact::numbered(3)]);
    let (path, query) = asked(&server).await;
    assert_eq!(path, "/api/v4/contacts");
    assert_eq!(pairs(&query), [("limit", "250"), ("filter[id][]", "3"), ("filter[id][]", "1"), ("filter[id][]", "2")]);
}

#[tokio::test]
async fn nobody_is_asked_for_without_ids() {
    let server = serving(json!({})).await;
    let found = patient_client(*server.address()).contacts(permit(&host(*server.address())), &access(), &[]).await;
    assert_eq!(found, Ok(vec![]));
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn pipelines_come_with_their_stages() {
    let server = serving(json!({"_total_items": 2, "_embedded": {"pipelines": [
        {"id": 11, "name": "Sales", "sort": 1, "is_main": true, "is_unsorted_on": true, "is_archive": true, "_embedded": {"statuses": [
            {"id": 7, "name": "Unsorted", "sort": 10, "type": 1, "is_editable": true, "color": "#c1c1c1"},
            {"id": 142, "name": "Won", "sort": 10_000, "type": 0},
            {"id": 143, "name": "Lost", "sort": 11_000, "type": 1},
            {"id": 8, "name": null, "sort": null, "type": null},
            {"name": "no id"},
        ]}},
        {"id": 12, "name": "Rent"},
    ]}}))
    .await;
    let found = patient_client(*server.address()).pipelines(permit(&host(*server.address())), &access()).await.unwrap();
    let stage = |id, name: &str, sort, kind, type_number| Stage {
        id,
        name: name.to_owned(),
        sort,
        is_editable: false,
        color: None,
        kind,
        type_number,
    };
    let unsorted = Stage {
        is_editable: true,
        color: Some("#c1c1c1".to_owned()),
        ..stage(7, "Unsorted", 10, StageKind::Unsorted, Some(1))
    };
    let sales = Pipeline {
        id: 11,
        name: "Sales".to_owned(),
        sort: 1,
        is_main: true,
        is_unsorted_on: true,
        is_archived: true,
        stages: vec![
            unsorted,
            stage(142, "Won", 10_000, StageKind::Won, Some(0)),
            // Whatever its type says.
            stage(143, "Lost", 11_000, StageKind::Lost, Some(1)),
            stage(8, "", 0, StageKind::Open, None),
        ],
    };
    let rent = Pipeline {
        id: 12,
        name: "Rent".to_owned(),
        sort: 0,
        is_main: false,
        is_unsorted_on: false,
        is_archived: false,
        stages: vec![],
    };
    assert_eq!(found, [sales, rent]);
    assert_eq!(asked(&server).await, ("/api/v4/leads/pipelines".to_owned(), vec![]));
}

#[tokio::test]
async fn one_lead_comes_with_its_contacts_unless_it_was_deleted() {
    let lead = AmoLead { contact: Some(4), custom_fields: Some(vec![]), ..empty_lead(5) };
    let reason = LossReason { id: 6, name: Some("Дорого".to_owned()) };
    let details = AmoLeadDetails { lead, contacts: vec![3, 4], loss_reason: Some(reason) };
    for (deleted, reason, expected) in [
        (false, json!([{"id": 6, "name": "Дорого", "sort": 1}]), Some(details.clone())),
        (false, json!({"id": 6, "name": "Дорого"}), Some(details.clone())),
        (false, json!([]), Some(AmoLeadDetails { loss_reason: None, ..details })),
        (true, json!(null), None),
    ] {
        let contacts = json!([{"id": 3}, {"name": "no id"}, {"id": 4, "is_main": true}]);
        let embedded = json!({"contacts": contacts, "loss_reason": reason});
        let server = serving(json!({"id": 5, "is_deleted": deleted, "_embedded": embedded})).await;
        let found = patient_client(*server.address()).lead(permit(&host(*server.address())), &access(), 5).await;
        assert_eq!(found, Ok(expected));
        let (path, query) = asked(&server).await;
        assert_eq!((path.as_str(), pairs(&query)), ("/api/v4/leads/5", vec![("with", "contacts,loss_reason")]));
    }
}

#[tokio::test]
async fn an_answer_without_content_is_an_empty_list() {
    let server = answering(ResponseTemplate::new(204)).await;
    let (client, host) = (patient_client(*server.address()), host(*server.address()));
    let page = client.leads(permit(&host), &access(), &all()).await.unwrap();
    assert!(page.leads.is_empty() && !page.has_more);
    assert_eq!(client.contacts(permit(&host), &access(), &[1]).await, Ok(vec![]));
    assert_eq!(client.pipelines(permit(&host), &access()).await, Ok(vec![]));
    assert_eq!(client.lead(permit(&host), &access(), 1).await, Ok(None));
}
