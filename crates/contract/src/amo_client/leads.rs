//! Lists of leads.

use amo_connect_domain::crm::custom_field::{CustomField, CustomValue};
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadPage, Tag};

use super::call::{all_leads, token};
use super::{AmoClientHarness, names};
use crate::fake::Reply;
use crate::fixtures::{at, permit};

/// A lead with all but custom fields.
pub(super) fn lead(id: u64) -> AmoLead {
    AmoLead {
        id,
        name: Some("Квартира, «вид на море» 🏖".to_owned()),
        price: Some(12_500_000.into()),
        pipeline: Some(3),
        stage: Some(142),
        is_closed: true,
        responsible_user: Some(9),
        created_by: Some(8),
        created_at: Some(at(0)),
        updated_at: Some(at(60)),
        closed_at: Some(at(50)),
        tags: vec![tag(1, Some("c1c1c1")), tag(2, None)],
        contact: Some(77),
        custom_fields: None,
    }
}

fn tag(id: u64, color: Option<&str>) -> Tag {
    Tag { id, name: format!("мітка {id}"), color: color.map(str::to_owned) }
}

/// The same with custom fields.
pub(super) fn with_fields(lead: AmoLead) -> AmoLead {
    let text = |text: &str| Some(text.to_owned());
    let plain = |value: serde_json::Value| CustomValue { value, choice: None, choice_code: None };
    let choice = CustomValue { value: "Море".into(), choice: Some(5), choice_code: text("sea") };
    let field = |id, kind: &str, values| CustomField { id, name: text("Вид"), code: None, kind: text(kind), values };
    let fields = vec![
        field(
            1,
            "multiselect",
            vec![choice, CustomValue { choice_code: None, choice: Some(6), ..plain("Гори".into()) }],
        ),
        CustomField { code: text("AREA"), ..field(2, "numeric", vec![plain("61.5".into())]) },
        field(3, "date", vec![plain(1_795_428_000.into())]),
        field(4, "checkbox", vec![plain(true.into())]),
        field(5, "file", vec![plain(serde_json::json!({"file_name": "plan.pdf"}))]),
    ];
    AmoLead { custom_fields: Some(fields), ..lead }
}

/// Leads as they are told to whoever does not want their custom fields.
fn without_fields(page: &LeadPage) -> LeadPage {
    let leads = page.leads.iter().map(|lead| AmoLead { custom_fields: None, ..lead.clone() }).collect();
    LeadPage { leads, has_more: page.has_more }
}

/// A lead as it is told to whoever wants its custom fields.
pub(super) fn without_gaps(lead: &AmoLead) -> AmoLead {
    AmoLead { custom_fields: Some(lead.custom_fields.clone().unwrap_or_default()), ..lead.clone() }
}

pub(super) async fn leads_come_as_they_are_listed(harness: &dyn AmoClientHarness) {
    for has_more in [true, false] {
        let page = LeadPage { leads: vec![lead(10_000), with_fields(lead(9)), lead(10_001)], has_more };
        harness.will(Reply::Leads(page.clone())).await;
        let listed = harness.client().leads(permit(&harness.host()), &token(), &all_leads()).await;
        assert_eq!(listed, Ok(names::page(harness, &without_fields(&page))));
    }
}

pub(super) async fn custom_fields_come_with_the_leads_if_they_are_wanted(harness: &dyn AmoClientHarness) {
    let page = LeadPage { leads: vec![with_fields(lead(10_000)), AmoLead::numbered(9)], has_more: false };
    for with_custom_fields in [true, false] {
        harness.will(Reply::Leads(page.clone())).await;
        let filter = LeadFilter { with_custom_fields, ..all_leads() };
        let listed = harness.client().leads(permit(&harness.host()), &token(), &filter).await;
        let told = LeadPage { leads: page.leads.iter().map(without_gaps).collect(), has_more: false };
        let expected = if with_custom_fields { told } else { without_fields(&page) };
        assert_eq!(listed, Ok(names::page(harness, &expected)));
    }
}

pub(super) async fn a_lead_may_lack_everything_but_its_number(harness: &dyn AmoClientHarness) {
    let page = LeadPage { leads: vec![AmoLead::numbered(1), lead(2)], has_more: false };
    harness.will(Reply::Leads(page.clone())).await;
    let listed = harness.client().leads(permit(&harness.host()), &token(), &all_leads()).await;
    assert_eq!(listed, Ok(names::page(harness, &page)));
}

pub(super) async fn every_lead_is_on_one_page(harness: &dyn AmoClientHarness) {
    let all: Vec<_> = (1..=45).map(lead).collect();
    let expected: Vec<_> = all.iter().map(|lead| names::lead(harness, lead).id).collect();
    for limit in [7, 20, 50] {
        let (mut found, mut page) = (Vec::new(), 1);
        loop {
            harness.will(Reply::PageOf(all.clone())).await;
            let filter = LeadFilter { page, limit, ..all_leads() };
            let listed = harness.client().leads(permit(&harness.host()), &token(), &filter).await.unwrap();
            let length = listed.leads.len();
            assert!(length <= usize::try_from(limit).unwrap(), "page {page} of {limit} has {length}");
            found.extend(listed.leads.into_iter().map(|lead| lead.id));
            if !listed.has_more || page > 45 {
                break;
            }
            page += 1;
        }
        assert_eq!(found, expected, "in pages of {limit}");
    }
}

pub(super) async fn deleted_leads_are_not_listed(harness: &dyn AmoClientHarness) {
    harness.will(Reply::DeletedLead(lead(5))).await;
    let listed = harness.client().leads(permit(&harness.host()), &token(), &all_leads()).await;
    assert_eq!(listed, Ok(LeadPage { leads: Vec::new(), has_more: false }));
}
