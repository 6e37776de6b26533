//! Reads: what the CRM has, in the domain's terms.

use std::time::Duration;

use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::custom_field::{CustomField, CustomValue};
use amo_connect_domain::crm::lead::{
    AmoLead, AmoLeadDetails, LeadFilter, LeadOrder, LeadPage, LeadSort, LeadStatus, LossReason, MOST_STAGES, Tag,
};
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::AccessToken;
use futures_util::future::join_all;

use super::calls::{ACCESS, Call, all_leads, answered, assert_fail};
use super::feature::Entity;
use super::{AmoClientHarness, names};
use crate::fake::{Asked, Reply};
use crate::fixtures::{after, at, contact, permit, pipeline, stage};

fn token() -> AccessToken {
    AccessToken::new(ACCESS)
}

fn lead(id: u64) -> AmoLead {
    AmoLead {
        id,
        name: Some("Квартира, «вид на море» 🏖".to_owned()),
        price: Some(12_500_000.into()),
        pipeline: Some(3),
        stage: Some(142),
        is_closed: true,
        responsible_user: Some(9),
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
fn with_fields(lead: AmoLead) -> AmoLead {
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
fn without_gaps(lead: &AmoLead) -> AmoLead {
    AmoLead { custom_fields: Some(lead.custom_fields.clone().unwrap_or_default()), ..lead.clone() }
}

/// What the client lists where the CRM has `pipelines`. How amoCRM numbers the types of stages is
/// amoCRM's alone.
async fn listed(harness: &dyn AmoClientHarness, pipelines: &[Pipeline]) -> Vec<Pipeline> {
    harness.will(Reply::Pipelines(pipelines.to_vec())).await;
    let mut listed = harness.client().pipelines(permit(&harness.host()), &token()).await.unwrap();
    for stage in listed.iter_mut().flat_map(|pipeline| &mut pipeline.stages) {
        stage.type_number = None;
    }
    listed
}

pub(super) async fn an_account_has_its_number(harness: &dyn AmoClientHarness) {
    harness.will(Reply::Account(AccountId(31_920_194))).await;
    let account = harness.client().account(permit(&harness.host()), &token()).await;
    assert_eq!(account, Ok(AmoAccount::numbered(names::account(harness, AccountId(31_920_194)))));
}

pub(super) async fn an_account_comes_with_its_name_its_currency_and_the_tokens_user(harness: &dyn AmoClientHarness) {
    let text = |text: &str| Some(text.to_owned());
    let card = AmoAccount {
        number: AccountId(7), name: text("Агенція «Море»"), currency: text("UAH"), user: Some(9)
    };
    harness.will(Reply::AccountCard(card.clone())).await;
    let account = harness.client().account(permit(&harness.host()), &token()).await;
    let (number, user) = (names::account(harness, card.number), names::user(harness, card.user));
    assert_eq!(account, Ok(AmoAccount { number, user, ..card }));
}

pub(super) async fn users_come_as_they_are_listed(harness: &dyn AmoClientHarness) {
    let text = |text: &str| Some(text.to_owned());
    let (name, email) = (text("Олена Коваленко"), text("olena@example.com"));
    let olena = User { id: 9, name: name.clone(), email: email.clone(), is_active: true, is_admin: true };
    let left = User { id: 8, is_active: false, is_admin: false, ..olena.clone() };
    let page = PageRequest { page: 2, limit: 20 };
    for has_more in [true, false] {
        let users = Page { items: vec![olena.clone(), left.clone(), User::numbered(7)], has_more };
        harness.will(Reply::Users(users.clone())).await;
        let listed = harness.client().users(permit(&harness.host()), &token(), page).await;
        let known = |user: &User| User { id: harness.number_of(Entity::User, user.id), ..user.clone() };
        assert_eq!(listed, Ok(Page { items: users.items.iter().map(known).collect(), has_more }));
    }
    let asked = Asked::Users { host: harness.host(), token: token(), page };
    assert_eq!(harness.asked().await, [asked.clone(), asked]);
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

/// Asks for leads by `filter`, whose stages the client has listed before. The CRM has to see `seen`.
async fn assert_asked(harness: &dyn AmoClientHarness, filter: &LeadFilter, seen: LeadFilter) {
    let with_stage = |&(id, number): &(u64, u64)| Pipeline {
        stages: vec![stage(number, if number == 142 { StageKind::Won } else { StageKind::Open })],
        ..pipeline(id, Vec::new())
    };
    listed(harness, &filter.stages.iter().map(with_stage).collect::<Vec<_>>()).await;
    let before = harness.asked().await.len();
    harness.will(Reply::Leads(LeadPage { leads: Vec::new(), has_more: false })).await;
    let filter = names::filter(harness, filter);
    harness.client().leads(permit(&harness.host()), &token(), &filter).await.unwrap();
    let seen = Asked::Leads { host: harness.host(), token: token(), filter: names::asked(harness, seen) };
    assert_eq!(harness.asked().await.split_off(before), [seen]);
}

pub(super) async fn a_filter_reaches_the_crm_whole(harness: &dyn AmoClientHarness) {
    for (page, limit) in [(3, 250), (2, 20)] {
        let filter = LeadFilter {
            page,
            limit,
            query: Some("Іван & Co. 100% [x]+?".to_owned()),
            pipeline: Some(5),
            stages: vec![(5, 8), (5, 7)],
            responsible_user: Some(9),
            updated_since: Some(at(30)),
            created_since: Some(at(20)),
            ..all_leads()
        };
        assert_asked(harness, &filter, filter.clone()).await;
    }
}

pub(super) async fn leads_are_asked_for_in_the_order_that_is_wanted(harness: &dyn AmoClientHarness) {
    for by in [LeadSort::UpdatedAt, LeadSort::CreatedAt, LeadSort::Id] {
        for is_descending in [true, false] {
            let filter = LeadFilter { order: LeadOrder { by, is_descending }, ..all_leads() };
            assert_asked(harness, &filter, filter.clone()).await;
        }
    }
}

pub(super) async fn a_filter_of_closed_stages_reaches_the_crm(harness: &dyn AmoClientHarness) {
    let filter = LeadFilter { stages: vec![(5, 142), (6, 143)], ..all_leads() };
    assert_asked(harness, &filter, filter.clone()).await;
}

pub(super) async fn a_filter_of_fifty_stages_is_one_request(harness: &dyn AmoClientHarness) {
    let stages = (0..50).map(|stage| (9_999_999_999, 9_999_999_000 + stage)).collect();
    let filter = LeadFilter { query: Some("🏖".repeat(255)), stages, ..all_leads() };
    assert_eq!(filter.stages.len(), MOST_STAGES);
    assert_asked(harness, &filter, filter.clone()).await;
}

pub(super) async fn a_filter_of_250_numbers_is_one_request(harness: &dyn AmoClientHarness) {
    let ids: Vec<u64> = (9_999_999_000..).take(250).collect();
    let filter = LeadFilter { limit: 250, ids, ..all_leads() };
    assert_asked(harness, &filter, filter.clone()).await;
}

pub(super) async fn a_moment_is_asked_for_from_the_beginning_of_its_second(harness: &dyn AmoClientHarness) {
    let within = |second| Some(after(at(second), Duration::from_millis(900)));
    let filter = LeadFilter { updated_since: within(30), created_since: within(20), ..all_leads() };
    let seen = LeadFilter { updated_since: Some(at(30)), created_since: Some(at(20)), ..filter.clone() };
    assert_asked(harness, &filter, seen).await;
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

pub(super) async fn a_lead_comes_by_its_number(harness: &dyn AmoClientHarness) {
    for lead in [with_fields(lead(10_000)), AmoLead::numbered(10_000)] {
        harness.will(Reply::Lead(lead.clone())).await;
        let id = harness.number_of(Entity::Lead, 10_000);
        let found = harness.client().lead(permit(&harness.host()), &token(), id).await;
        assert_eq!(found, Ok(Some(names::lead(harness, &without_gaps(&lead)).into())));
    }
    let asked = Asked::Lead { host: harness.host(), token: token(), id: 10_000 };
    assert_eq!(harness.asked().await, [asked.clone(), asked]);
}

pub(super) async fn a_lead_comes_with_all_of_its_contacts_and_why_it_was_lost(harness: &dyn AmoClientHarness) {
    let reason = LossReason { id: 3, name: Some("Дорого".to_owned()) };
    for (contacts, loss_reason) in [(vec![76, 77, 78], Some(reason)), (vec![77], None)] {
        let details = AmoLeadDetails { lead: with_fields(lead(5)), contacts, loss_reason };
        harness.will(Reply::LeadDetails(details.clone())).await;
        let id = harness.number_of(Entity::Lead, 5);
        let found = harness.client().lead(permit(&harness.host()), &token(), id).await;
        let lead = names::lead(harness, &details.lead);
        let contacts = names::ids(harness, Entity::Contact, &details.contacts);
        assert_eq!(found, Ok(Some(AmoLeadDetails { lead, contacts, ..details })));
    }
}

pub(super) async fn an_unknown_or_deleted_lead_is_none(harness: &dyn AmoClientHarness) {
    for reply in [Reply::Nothing, Reply::DeletedLead(lead(5))] {
        harness.will(reply.clone()).await;
        let found = harness.client().lead(permit(&harness.host()), &token(), 5).await;
        assert_eq!(found, Ok(None), "{reply:?}");
    }
}

pub(super) async fn nothing_is_no_error(harness: &dyn AmoClientHarness) {
    for call in
        [Call::Users, Call::Leads, Call::Lead, Call::Notes, Call::Tasks, Call::Events, Call::Contacts, Call::Pipelines]
    {
        assert_eq!(answered(harness, call, Reply::Nothing).await, Ok(()), "{call:?}");
    }
}

pub(super) async fn contacts_come_by_their_numbers(harness: &dyn AmoClientHarness) {
    let known = vec![contact(7), Contact::numbered(8)];
    harness.will(Reply::Contacts(known.clone())).await;
    let ids = names::ids(harness, Entity::Contact, &[7, 8, 404]);
    let listed = harness.client().contacts(permit(&harness.host()), &token(), &ids).await;
    assert_eq!(listed, Ok(names::contacts(harness, &known)));
    assert_eq!(harness.asked().await, [Asked::Contacts { host: harness.host(), token: token(), ids: vec![7, 8, 404] }]);
}

pub(super) async fn a_full_page_of_contacts_is_one_request(harness: &dyn AmoClientHarness) {
    let ids: Vec<u64> = (9_999_999_000..).take(250).collect();
    let known: Vec<Contact> = ids.iter().map(|id| contact(*id)).collect();
    harness.will(Reply::Contacts(known.clone())).await;
    let wanted = names::ids(harness, Entity::Contact, &ids);
    let listed = harness.client().contacts(permit(&harness.host()), &token(), &wanted).await;
    assert_eq!(listed, Ok(names::contacts(harness, &known)));
    assert_eq!(harness.asked().await, [Asked::Contacts { host: harness.host(), token: token(), ids }]);
}

pub(super) async fn without_numbers_nobody_is_listed(harness: &dyn AmoClientHarness) {
    harness.will(Reply::Contacts(vec![contact(7)])).await;
    let listed = harness.client().contacts(permit(&harness.host()), &token(), &[]).await;
    assert_eq!(listed, Ok(Vec::new()));
}

pub(super) async fn pipelines_come_with_their_stages(harness: &dyn AmoClientHarness) {
    let low = |id, kind| Stage { sort: -10, ..stage(id, kind) };
    let stages = vec![low(1, StageKind::Open), low(2, StageKind::Open), low(142, StageKind::Won)];
    let empty = Pipeline { name: "Empty".to_owned(), is_main: false, ..pipeline(2, Vec::new()) };
    assert_listed(harness, &[pipeline(3, stages), empty]).await;
}

pub(super) async fn colors_of_stages_are_told(harness: &dyn AmoClientHarness) {
    let plain = Stage { is_editable: false, ..stage(1, StageKind::Open) };
    let colored = Stage { is_editable: true, color: Some("#c1c1c1".to_owned()), ..stage(2, StageKind::Open) };
    assert_listed(harness, &[pipeline(3, vec![plain, colored])]).await;
}

pub(super) async fn pipelines_that_are_put_away_are_listed(harness: &dyn AmoClientHarness) {
    let put_away = Pipeline { is_main: false, is_archived: true, ..pipeline(2, vec![stage(1, StageKind::Open)]) };
    assert_listed(harness, &[pipeline(3, Vec::new()), put_away]).await;
}

async fn assert_listed(harness: &dyn AmoClientHarness, pipelines: &[Pipeline]) {
    let listed = names::comparable(harness, listed(harness, pipelines).await);
    assert_eq!(listed, names::pipelines(harness, pipelines));
}

/// Asserts that the stages of a pipeline have these kinds and statuses.
async fn assert_kinds(harness: &dyn AmoClientHarness, stages: &[(u64, StageKind, LeadStatus)]) {
    let is_unsorted_on = stages.iter().any(|(_, kind, _)| *kind == StageKind::Unsorted);
    let of_kinds = stages.iter().map(|(id, kind, _)| stage(*id, *kind)).collect();
    let told = listed(harness, &[Pipeline { is_unsorted_on, ..pipeline(3, of_kinds) }]).await;
    let of = |stage: &Stage| (stage.kind, told[0].status_of(stage.id));
    let expected: Vec<_> = stages.iter().map(|(_, kind, status)| (*kind, *status)).collect();
    assert_eq!(told[0].stages.iter().map(of).collect::<Vec<_>>(), expected);
}

pub(super) async fn closed_stages_are_told_apart(harness: &dyn AmoClientHarness) {
    let stages = [
        (11, StageKind::Open, LeadStatus::New),
        (12, StageKind::Open, LeadStatus::InProgress),
        (142, StageKind::Won, LeadStatus::Closed),
        (143, StageKind::Lost, LeadStatus::Closed),
    ];
    assert_kinds(harness, &stages).await;
}

pub(super) async fn an_unsorted_stage_is_told_apart(harness: &dyn AmoClientHarness) {
    let stages = [
        (10, StageKind::Unsorted, LeadStatus::New),
        (11, StageKind::Open, LeadStatus::New),
        (12, StageKind::Open, LeadStatus::InProgress),
    ];
    assert_kinds(harness, &stages).await;
}

pub(super) async fn a_closed_lead_says_so_itself(harness: &dyn AmoClientHarness) {
    for (stage, is_closed) in [(142, true), (143, true), (11, false)] {
        let lead = AmoLead { stage: Some(stage), is_closed, ..lead(5) };
        harness.will(Reply::Leads(LeadPage { leads: vec![lead.clone()], has_more: false })).await;
        let page = harness.client().leads(permit(&harness.host()), &token(), &all_leads()).await.unwrap();
        harness.will(Reply::Lead(lead)).await;
        let found = harness.client().lead(permit(&harness.host()), &token(), 5).await.unwrap();
        let found = found.map(|details| details.lead);
        let told: Vec<_> = page.leads.iter().chain(&found).map(|lead| lead.is_closed).collect();
        assert_eq!(told, [is_closed, is_closed], "in stage {stage}");
    }
}

pub(super) async fn a_refused_access_token_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::READS, &[Reply::AccessRefused], AmoError::AccessRefused).await;
}

pub(super) async fn a_forbidden_read_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::READS, &[Reply::Forbidden], AmoError::Forbidden).await;
}

pub(super) async fn a_failed_read_can_be_asked_again(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::READS, &[500, 503].map(Reply::Fails), AmoError::Unavailable).await;
}

pub(super) async fn a_lost_connection_is_told_apart(harness: &dyn AmoClientHarness) {
    let losses = [Reply::CutBeforeTheDeed, Reply::CutWithinTheAnswer];
    assert_fail(harness, &Call::READS, &losses, AmoError::ConnectionLost).await;
}

pub(super) async fn after_a_lost_connection_the_next_read_goes_over_a_new_one(harness: &dyn AmoClientHarness) {
    let (client, host) = (harness.client(), harness.host());
    for call in Call::READS {
        // Whoever keeps connections has several by now.
        for _ in 0..4 {
            harness.will(call.good_answer(&host)).await;
        }
        let made = join_all((0..4).map(|_| call.make(&*client, &host))).await;
        assert_eq!(made, [Ok(()); 4], "{call:?}");
        let lost = answered(harness, call, Reply::KeptConnectionsLost).await;
        assert_eq!(lost, Err(AmoError::ConnectionLost), "{call:?}");
        assert_eq!(answered(harness, call, call.good_answer(&host)).await, Ok(()), "{call:?}");
    }
}

pub(super) async fn a_slow_read_is_told_apart(harness: &dyn AmoClientHarness) {
    assert_fail(harness, &Call::READS, &[Reply::Fails(504), Reply::Silence], AmoError::TimedOut).await;
}

pub(super) async fn a_read_that_makes_no_sense_is_told_apart(harness: &dyn AmoClientHarness) {
    let nonsense = [Reply::Garbled, Reply::Incomplete, Reply::OddRefusal];
    assert_fail(harness, &Call::READS, &nonsense, AmoError::Protocol).await;
    for call in Call::READS {
        let endless = answered(harness, call, Reply::Endless).await;
        assert!(matches!(endless, Err(AmoError::Protocol | AmoError::TimedOut)), "{call:?}: {endless:?}");
    }
}
