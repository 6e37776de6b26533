//! Contacts: reading, adding, changing, deleting.

use amo_connect_sandbox::{SinglePatch, UnknownMembers};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::errors,
    rights::{Agency, IRYNA},
    support::{AGENCY, ids},
};

const PHONE: u64 = 594_210;

impl Leads {
    /// Adds one entity of a kind and gives its id.
    pub(crate) async fn add_to(&self, list: &str, entity: Value) -> u64 {
        let answer = self.send(Method::POST, list, &json!([entity])).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        ids(&answer.json(), list)[0]
    }

    /// The entries of a list.
    pub(crate) async fn entries(&self, list: &str, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("{list}?{query}")).await;
        if answer.status == 204 {
            return Vec::new();
        }
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["_embedded"][list].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_contacts_are_answered_thinly_and_read_whole() {
    let leads = Leads::start().await;
    let phone = json!({"field_code": "PHONE", "values": [{"value": "+380 67 111 22 33", "enum_code": "MOB"}]});
    let answer = leads
        .send(
            Method::POST,
            "contacts",
            &json!([
                {"first_name": "Петро", "last_name": "Смирнов", "request_id": "a", "custom_fields_values": [phone],
                 "responsible_user_id": 10_110_003, "tags_to_add": [{"name": "покупець"}]},
                {"name": "Ганна Лис"},
                {},
            ]),
        )
        .await;
    assert_eq!((answer.status.as_u16(), answer.content_type.as_str()), (200, "application/hal+json"));
    let [petro, hanna, nobody] = ids(&answer.json(), "contacts")[..] else { panic!("{answer:?}") };
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let link = |id: u64| json!({"self": {"href": format!("http://{host}/api/v4/contacts/{id}")}});
    assert_eq!(
        answer.json(),
        json!({
            "_links": {"self": {"href": format!("http://{host}/api/v4/contacts")}},
            "_embedded": {"contacts": [
                {"id": petro, "request_id": "a", "_links": link(petro)},
                {"id": hanna, "request_id": "1", "_links": link(hanna)},
                {"id": nobody, "request_id": "2", "_links": link(nobody)},
            ]},
        })
    );
    let contact = leads.get(&format!("contacts/{petro}")).await.json();
    let now = &contact["created_at"];
    assert_eq!(
        contact,
        json!({
            "id": petro, "name": "Петро Смирнов", "first_name": "Петро", "last_name": "Смирнов",
            "responsible_user_id": 10_110_003, "group_id": 311_001, "created_by": 10_110_001,
            "updated_by": 10_110_001, "created_at": now, "updated_at": now, "closest_task_at": null,
            "is_deleted": false, "is_unsorted": false,
            "custom_fields_values": [{
                "field_id": PHONE, "field_name": "Телефон", "field_code": "PHONE", "field_type": "multitext",
                "is_computed": false,
                "values": [{"value": "+380 67 111 22 33", "enum_id": 594_211, "enum_code": "MOB"}],
            }],
            "account_id": 31_920_194, "_links": link(petro),
            "_embedded": {"tags": [{"id": 40_301, "name": "покупець", "color": null}], "companies": []},
        })
    );
    let names = async |id: u64| {
        let contact = leads.get(&format!("contacts/{id}")).await.json();
        ["name", "first_name", "last_name"].map(|name| contact[name].as_str().unwrap().to_owned())
    };
    assert_eq!(names(hanna).await, ["Ганна Лис", "", ""]);
    assert_eq!(names(nobody).await, ["", "", ""]);
    let full = leads.get(&format!("contacts/{hanna}?with=leads,customers,catalog_elements,social_profiles")).await;
    let nothing = json!({"tags": [], "companies": [], "leads": [], "customers": [], "catalog_elements": [],
                         "social_profiles": []});
    assert_eq!(full.json()["_embedded"], nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_contact_keeps_its_names_together() {
    let leads = Leads::start().await;
    let id = leads.add_to("contacts", json!({"first_name": "Петро", "last_name": "Смирнов"})).await;
    let path = format!("contacts/{id}");
    let answer = leads.send(Method::PATCH, &path, &json!({"last_name": "Гай", "updated_at": 1_700_000_000})).await;
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    assert_eq!(
        answer.body,
        format!(
            "{{\"id\":{id},\"name\":\"Петро Гай\",\"updated_at\":1700000000,\
             \"_links\":{{\"self\":{{\"href\":\"http://{host}/api/v4/contacts/{id}\"}}}}}}"
        )
    );
    let names = async || {
        let contact = leads.get(&path).await.json();
        ["name", "first_name", "last_name"].map(|name| contact[name].as_str().unwrap().to_owned())
    };
    assert_eq!(names().await, ["Петро Гай", "Петро", "Гай"]);
    let other = leads.add_to("contacts", json!({"name": "x"})).await;
    let batch = json!([{"id": id, "name": "Петро з ринку"}, {"id": other, "tags_to_add": [{"name": "покупець"}]}]);
    let answer = leads.send(Method::PATCH, "contacts", &batch).await.json();
    let entry = &answer["_embedded"]["contacts"][0];
    assert_eq!(entry.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name", "updated_at", "_links"]);
    assert_eq!(names().await, ["Петро з ринку", "", ""]);
    leads.amo.switch(|switches| switches.single_patch = SinglePatch::Embedded);
    let wrapped = leads.send(Method::PATCH, &path, &json!({"_embedded": {"tags": [{"name": "покупець"}]}})).await;
    assert_eq!(ids(&wrapped.json(), "contacts"), [id]);
    for id in [id, other] {
        let tags = leads.get(&format!("contacts/{id}")).await.json()["_embedded"]["tags"].clone();
        assert_eq!(tags, json!([{"id": 40_301, "name": "покупець", "color": null}]));
    }
    let kinds: Vec<_> = leads.events().await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(
        kinds,
        [
            "entity_tag_added",
            "entity_tag_added",
            "name_field_changed",
            "contact_added",
            "name_field_changed",
            "contact_added"
        ]
    );
    let settings: Vec<_> = leads.changes().await.into_iter().map(|change| change["settings"].clone()).collect();
    let (add, update) = (json!(["add_contact"]), json!(["update_contact"]));
    assert_eq!(settings, [&add, &update, &add, &update, &update, &update].map(Value::clone));
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_that_cannot_be_are_refused() {
    let leads = Leads::start().await;
    let refused = leads
        .send(
            Method::POST,
            "contacts",
            &json!([{"name": "good"}, {"first_name": 5, "custom_fields_values": [{"field_id": 594_001}]}]),
        )
        .await;
    let at = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    assert_eq!(errors(&refused), [("1".to_owned(), vec![at("InvalidType", "first_name")])]);
    let lead_field = json!({"field_id": 594_001, "values": [{"value": "x"}]});
    let wrong = json!([{"custom_fields_values": [lead_field], "responsible_user_id": 10_110_004,
                        "tags_to_add": [{"id": 301}]}]);
    let choice = |path: &str| at("NotSupportedChoice", path);
    assert_eq!(
        errors(&leads.send(Method::POST, "contacts", &wrong).await),
        [(
            "0".to_owned(),
            vec![choice("responsible_user_id"), choice("custom_fields_values.0.field_id"), choice("tags_to_add.0.id")]
        )]
    );
    let missing = leads.send(Method::PATCH, "contacts/1", &json!({"name": "x"})).await;
    assert_eq!(errors(&missing), [("0".to_owned(), vec![choice("id")])]);
    for path in ["contacts", "contacts/1"] {
        assert_eq!(leads.send(Method::DELETE, path, &json!([])).await.status, 405, "{path}");
    }
    assert_eq!(leads.changes().await, Vec::<Value>::new());
    leads.amo.switch(|switches| switches.unknown_members = UnknownMembers::Refused);
    let misspelt = leads.send(Method::POST, "contacts", &json!([{"frist_name": "x"}])).await;
    assert_eq!(errors(&misspelt), [("0".to_owned(), vec![at("ExtraField", "frist_name")])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_found_by_filter_and_by_telephone_in_any_form() {
    let leads = Leads::start().await;
    let phone = |number: &str| json!({"field_code": "PHONE", "values": [{"value": number}]});
    let id = leads
        .add_to(
            "contacts",
            json!({"name": "Шукач", "custom_fields_values": [phone("8 (067) 765-43-21")],
                                   "responsible_user_id": 10_110_003, "created_at": 1_600_000_000}),
        )
        .await;
    let found = async |query: &str| {
        let found = leads.entries("contacts", query).await;
        found.iter().any(|contact| contact["id"] == id)
    };
    let name = "%D0%A8%D1%83%D0%BA%D0%B0%D1%87";
    for query in [
        format!("filter[id][]={id}&filter[id][]=1"),
        format!("filter[name]={name}"),
        "limit=250&filter[responsible_user_id]=10110003&order[id]=desc".to_owned(),
        "filter[created_at][from]=1600000000&filter[created_at][to]=1600000000".to_owned(),
        "query=%2B380677654321".to_owned(),
        "query=80677654321".to_owned(),
        "query=067%20765%2043%2021".to_owned(),
        format!("filter[custom_fields_values][{PHONE}][]=8%20(067)%20765-43-21"),
    ] {
        assert!(found(&query).await, "{query}");
    }
    for query in [
        "filter[id]=1",
        "filter[updated_by]=5",
        "filter[created_at]=1600000000",
        "query=%2B380677654322",
        "filter[closest_task_at][from]=1",
        "filter[name]=x",
    ] {
        assert!(!found(query).await, "{query}");
    }
    let times = |list: &[Value], member: &str| -> Vec<_> {
        list.iter().map(|contact| contact[member].as_u64().unwrap()).collect()
    };
    let latest = leads.entries("contacts", "limit=250&order[updated_at]=desc").await;
    assert!(times(&latest, "updated_at").is_sorted_by(|one, next| one >= next));
    let unordered = leads.entries("contacts", "limit=250&order[created_at]=desc").await;
    assert!(times(&unordered, "id").is_sorted(), "only by id and by the time of the last change");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_in_the_ui_deletes_and_restores_a_contact_and_its_leads_show_it() {
    let leads = Leads::start().await;
    let control = async |body: Value| leads.amo.control("POST", "/contacts", body).await;
    let added = control(json!({"account": 31_920_194, "user": 0, "add": {"name": "Прохожий"}})).await.json();
    let id = added["contacts"][0]["id"].as_u64().unwrap();
    let lead = leads.add(json!({"_embedded": {"contacts": [{"id": id}]}})).await;
    let seen = async || {
        let contacts = ids(&leads.one(lead).await, "contacts");
        let query = format!("filter[id]={lead}&query=%D0%9F%D1%80%D0%BE%D1%85%D0%BE%D0%B6%D0%B8%D0%B9");
        let found = leads.list(&query).await.len();
        let alone = leads.get(&format!("contacts/{id}")).await.status;
        (contacts, found, alone.as_u16())
    };
    assert_eq!(seen().await, (vec![id], 1, 200));
    leads.amo.sandbox.delete_contact(AGENCY, id).unwrap();
    assert_eq!(seen().await, (vec![], 0, 204));
    assert_eq!(leads.entries("contacts", &format!("filter[id]={id}")).await, Vec::<Value>::new());
    let bin = leads.entries("contacts", "with=only_deleted").await;
    let full: Vec<_> = bin[0].as_object().unwrap().iter().filter(|(_, value)| !value.is_null()).collect();
    let names: Vec<_> = full.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["id", "updated_by", "updated_at", "is_deleted", "account_id", "_links"]);
    assert_eq!((bin.len(), &bin[0]["id"]), (1, &json!(id)));
    control(json!({"account": 31_920_194, "restore": id})).await;
    assert_eq!(seen().await, (vec![id], 1, 200));
    let refused = control(json!({"account": 31_920_194, "add": [{}, {"price": 5}]})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (400, &json!("add[1].price")));
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_and_companies_are_changed_by_those_who_may() {
    let agency = Agency::start().await;
    for list in ["contacts", "companies"] {
        let own = ids(
            &agency.get(&format!("{list}?limit=250&filter[responsible_user_id]={IRYNA}"), &agency.olena).await.json(),
            list,
        );
        assert_eq!(agency.all(list, &agency.iryna).await, own, "{list}");
        let foreign =
            ids(&agency.get(&format!("{list}?filter[responsible_user_id]=10110001"), &agency.olena).await.json(), list)
                [0];
        let change = async |id: u64, token: &str| {
            let path = format!("{list}/{id}");
            agency.send(Method::PATCH, &path, json!({"name": "x"}), token).await.status.as_u16()
        };
        assert_eq!(change(own[0], &agency.iryna).await, 200, "{list}");
        assert_eq!(change(foreign, &agency.iryna).await, 403, "{list}");
        assert_eq!(change(foreign, &agency.andrew).await, 403, "{list}");
        agency.set(IRYNA, json!({"rights": {list: {"add": "D"}}})).await;
        let add = agency.send(Method::POST, list, json!([{"name": "x"}]), &agency.iryna).await;
        assert_eq!(add.status, 403, "{list}");
    }
}
