//! Links between leads, contacts and companies.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::errors,
    rights::{ANDREW, Agency, IRYNA, OLENA},
    support::{AGENCY, Answer, ids},
};

impl Leads {
    async fn link(&self, path: &str, body: Value) -> Value {
        let answer = self.send(Method::POST, path, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["_embedded"]["links"].clone()
    }

    /// The links that a list of them has.
    async fn links(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        if answer.status == 204 {
            return json!([]);
        }
        let list = answer.json();
        assert_eq!(list["_total_items"], list["_embedded"]["links"].as_array().unwrap().len());
        list["_embedded"]["links"].clone()
    }

    /// A lead, a contact and a company that are linked with nothing.
    async fn three(&self) -> (u64, u64, u64) {
        let lead = self.add(json!({})).await;
        (lead, self.add_to("contacts", json!({"name": "К"})).await, self.add_to("companies", json!({})).await)
    }
}

fn to(kind: &str, id: u64) -> Value {
    json!({"to_entity_id": id, "to_entity_type": kind})
}

fn seen(kind: &str, id: u64, is_main: Option<bool>) -> Value {
    let metadata = is_main.map(|is_main| json!({"main_contact": is_main}));
    json!({"to_entity_id": id, "to_entity_type": kind, "metadata": metadata})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_seen_from_both_sides_until_it_is_ended() {
    let leads = Leads::start().await;
    let (lead, contact, company) = leads.three().await;
    let both = json!([to("contacts", contact), to("companies", company)]);
    let answer = leads.send(Method::POST, &format!("leads/{lead}/link"), &both).await;
    assert_eq!((answer.status.as_u16(), answer.content_type.as_str()), (200, "application/hal+json"));
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    assert_eq!(
        answer.json(),
        json!({
            "_total_items": 2,
            "_links": {"self": {"href": format!("http://{host}/api/v4/leads/{lead}/link")}},
            "_embedded": {"links": [
                {"entity_id": lead, "entity_type": "leads", "to_entity_id": contact, "to_entity_type": "contacts",
                 "metadata": {"main_contact": true}},
                {"entity_id": lead, "entity_type": "leads", "to_entity_id": company, "to_entity_type": "companies",
                 "metadata": null},
            ]},
        })
    );
    let of_lead = format!("leads/{lead}/links");
    let (to_contact, to_company) = (seen("contacts", contact, Some(true)), seen("companies", company, None));
    assert_eq!(leads.links(&of_lead).await, json!([to_contact, to_company]));
    assert_eq!(leads.links(&format!("contacts/{contact}/links")).await, json!([seen("leads", lead, None)]));
    assert_eq!(leads.links(&format!("companies/{company}/links")).await, json!([seen("leads", lead, None)]));
    for (filter, links) in [
        ("filter[to_entity_type]=contacts".to_owned(), json!([to_contact])),
        (format!("filter[to_entity_id]={company}"), json!([to_company])),
        (format!("filter[to_entity_id][]={contact}&filter[to_entity_id][]=1"), json!([to_contact])),
        ("filter[to_entity_type]=catalog_elements&filter[to_catalog_id]=5".to_owned(), json!([])),
    ] {
        assert_eq!(leads.links(&format!("{of_lead}?{filter}")).await, links, "{filter}");
    }
    let ended = leads.send(Method::POST, &format!("contacts/{contact}/unlink"), &json!([to("leads", lead)])).await;
    assert_eq!((ended.status.as_u16(), ended.body.as_str()), (204, ""));
    assert_eq!(leads.links(&of_lead).await, json!([to_company]));
    assert_eq!(leads.links(&format!("contacts/{contact}/links")).await, json!([]));
    assert_eq!(ids(&leads.one(lead).await, "contacts"), Vec::<u64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_writes_its_events_once_and_one_that_is_there_changes_nothing() {
    let leads = Leads::start().await;
    let (lead, contact, _) = leads.three().await;
    let link = json!([to("contacts", contact)]);
    leads.link(&format!("leads/{lead}/link"), link.clone()).await;
    let changes = leads.changes().await;
    let linked: Vec<_> = changes[3..].iter().map(|change| (&change["entity_id"], &change["changed"])).collect();
    assert_eq!(linked, [(&json!(lead), &json!(["links"])), (&json!(contact), &json!(["links"]))]);
    let events = leads.events().await;
    let other = |kind: &str, id: u64| json!([{"link": {"entity": {"type": kind, "id": id}}}]);
    assert_eq!(
        events[..2],
        [
            ("entity_linked".to_owned(), json!([]), other("lead", lead)),
            ("entity_linked".to_owned(), json!([]), other("contact", contact)),
        ]
    );
    leads.link(&format!("leads/{lead}/link"), link.clone()).await;
    leads.link(&format!("contacts/{contact}/link"), json!([to("leads", lead)])).await;
    let unlink = async || leads.send(Method::POST, &format!("leads/{lead}/unlink"), &link).await.status;
    assert_eq!(leads.changes().await, changes);
    assert_eq!(leads.events().await, events);
    assert_eq!((unlink().await.as_u16(), unlink().await.as_u16()), (204, 204));
    assert_eq!(leads.changes().await.len(), changes.len() + 2);
    assert_eq!(leads.events().await[0].0, "entity_unlinked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linked_contact_becomes_the_main_one_on_demand() {
    let leads = Leads::start().await;
    let (lead, one, _) = leads.three().await;
    let other = leads.add_to("contacts", json!({})).await;
    let link = async |id: u64, is_main: bool| {
        let mut link = to("contacts", id);
        link["metadata"] = json!({"is_main": is_main});
        leads.link(&format!("leads/{lead}/link"), json!([link])).await[0]["metadata"].clone()
    };
    let (main, not_main) = (json!({"main_contact": true}), json!({"main_contact": false}));
    assert_eq!(link(one, false).await, main, "the only one is the main one");
    assert_eq!(link(other, false).await, not_main);
    let before = (leads.events().await.len(), leads.changes().await.len());
    assert_eq!(link(other, true).await, main);
    assert_eq!(leads.events().await.len(), before.0);
    let changes = leads.changes().await;
    assert_eq!((changes.len(), &changes[before.1]["changed"]), (before.1 + 1, &json!(["links"])), "the lead's alone");
    let expected = json!([seen("contacts", other, Some(true)), seen("contacts", one, Some(false))]);
    assert_eq!(leads.links(&format!("leads/{lead}/links")).await, expected);
    assert_eq!(leads.one(lead).await["_embedded"]["contacts"][0]["id"], other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_and_a_contact_have_one_company_each() {
    let leads = Leads::start().await;
    let (lead, contact, company) = leads.three().await;
    let other = leads.add_to("companies", json!({})).await;
    for (kind, id) in [("leads", lead), ("contacts", contact)] {
        for company in [company, other] {
            leads.link(&format!("companies/{company}/link"), json!([to(kind, id)])).await;
        }
        let entity = leads.get(&format!("{kind}/{id}")).await.json();
        assert_eq!(ids(&entity, "companies"), [other]);
    }
    assert_eq!(leads.links(&format!("companies/{company}/links")).await, json!([]));
    let expected = json!([seen("leads", lead, None), seen("contacts", contact, None)]);
    assert_eq!(leads.links(&format!("companies/{other}/links")).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_cannot_be_are_refused() {
    let leads = Leads::start().await;
    let (lead, contact, _) = leads.three().await;
    let by =
        |user: u64| json!({"to_entity_id": contact, "to_entity_type": "contacts", "metadata": {"updated_by": user}});
    let at = |code: &str, path: &str| vec![(code.to_owned(), path.to_owned())];
    let refused = |answer: Answer| -> Vec<_> { errors(&answer).into_iter().map(|(_, errors)| errors).collect() };
    let path = format!("leads/{lead}/link");
    let wrong = json!([{}, to("customers", 5), to("catalog_elements", 5), to("contacts", contact)]);
    assert_eq!(
        refused(leads.send(Method::POST, &path, &wrong).await),
        [
            [at("FieldMissing", "to_entity_id"), at("FieldMissing", "to_entity_type")].concat(),
            at("NotSupportedChoice", "to_entity_type"),
            at("NotSupportedChoice", "to_entity_type"),
        ]
    );
    let wrong = json!([to("leads", lead), to("contacts", 5), by(5), by(0)]);
    assert_eq!(
        refused(leads.send(Method::POST, &path, &wrong).await),
        [
            at("NotSupportedChoice", "to_entity_type"),
            at("NotSupportedChoice", "to_entity_id"),
            at("NotSupportedChoice", "metadata.updated_by"),
        ]
    );
    let missing = leads.send(Method::POST, "leads/5/link", &json!([to("contacts", contact)])).await;
    assert_eq!(refused(missing), [at("NotSupportedChoice", "id")]);
    assert_eq!(leads.links(&format!("leads/{lead}/links")).await, json!([]), "one bad member rejects all");
    leads.link(&path, json!([by(ANDREW)])).await;
    let event = leads.get("events?limit=1").await.json()["_embedded"]["events"][0].clone();
    assert_eq!((&event["type"], &event["created_by"]), (&json!("entity_linked"), &json!(ANDREW)));
    assert_eq!(leads.get("leads/5/links").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_several_leads_are_made_listed_and_ended_together() {
    let leads = Leads::start().await;
    let (one, contact, company) = leads.three().await;
    let two = leads.add(json!({})).await;
    let from = |id: u64, kind: &str, other: u64| {
        let mut link = to(kind, other);
        link["entity_id"] = json!(id);
        link
    };
    let links = json!([from(one, "contacts", contact), from(two, "companies", company)]);
    let made = leads.link("leads/link", links.clone()).await;
    let full = |id: u64, link: Value| {
        let mut full = link;
        (full["entity_id"], full["entity_type"]) = (json!(id), json!("leads"));
        full
    };
    let expected =
        json!([full(one, seen("contacts", contact, Some(true))), full(two, seen("companies", company, None))]);
    assert_eq!(made, expected);
    let several = format!("leads/links?filter[entity_id][]={one}&filter[entity_id][]={two}&filter[entity_id][]=5");
    assert_eq!(leads.links(&several).await, expected);
    assert_eq!(leads.links(&format!("{several}&filter[to_entity_type]=companies")).await, json!([expected[1]]));
    let nameless = leads.get("leads/links").await;
    assert_eq!(errors(&nameless)[0].1, [("FieldMissing".to_owned(), "filter.entity_id".to_owned())]);
    let refused = leads.send(Method::POST, "leads/unlink", &json!([to("contacts", contact)])).await;
    assert_eq!(errors(&refused)[0].1, [("FieldMissing".to_owned(), "entity_id".to_owned())]);
    assert_eq!(leads.send(Method::POST, "leads/unlink", &links).await.status, 204);
    assert_eq!(leads.get(&several).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_made_by_those_who_may_change_the_one_and_see_the_other() {
    let agency = Agency::start().await;
    let (own, foreign) = (agency.lead_of(IRYNA).await, agency.lead_of(OLENA).await);
    let add = agency.send(Method::POST, "contacts", json!([{}]), &agency.olena).await.json();
    let contact = ids(&add, "contacts")[0];
    let link = async |lead: &Value, token: &str| {
        let path = format!("leads/{}/link", lead["id"]);
        agency.send(Method::POST, &path, json!([to("contacts", contact)]), token).await
    };
    assert_eq!(link(&foreign, &agency.andrew).await.status, 403);
    let unseen = link(&own, &agency.iryna).await;
    assert_eq!(errors(&unseen)[0].1, [("NotSupportedChoice".to_owned(), "to_entity_id".to_owned())]);
    assert_eq!(link(&foreign, &agency.olena).await.status, 200);
    let links = async |token: &str| agency.get(&format!("leads/{}/links", foreign["id"]), token).await.status.as_u16();
    assert_eq!((links(&agency.andrew).await, links(&agency.iryna).await), (200, 204));
    agency.amo.switch(|switches| switches.read_outside_rights = 403);
    assert_eq!(links(&agency.iryna).await, 403);
}
