//! Reads: what the CRM has, in the domain's terms.

use std::time::Duration;

use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadPage, LeadStatus, MOST_STAGES};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, status_of};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::AccessToken;
use futures_util::future::join_all;

use super::AmoClientHarness;
use super::calls::{ACCESS, Call, all_leads, answered};
use crate::fake::{Asked, Reply};
use crate::fixtures::permit;
use crate::fixtures::{after, at};

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
        responsible_user: Some(9),
        created_at: Some(at(0)),
        updated_at: Some(at(60)),
        contact: Some(77),
    }
}

fn bare(id: u64) -> AmoLead {
    AmoLead {
        id,
        name: None,
        price: None,
        pipeline: None,
        stage: None,
        responsible_user: None,
        created_at: None,
        updated_at: None,
        contact: None,
    }
}

fn contact(id: u64) -> Contact {
    Contact {
        id,
        name: Some("Олена".to_owned()),
        phone: Some("+380 44 000-00-00".to_owned()),
        email: Some("olena@example.com".to_owned()),
    }
}

pub(super) async fn an_account_has_its_number(harness: &dyn AmoClientHarness) {
    harness.will(Reply::Account(AccountId(31_920_194))).await;
    let number = harness.client().account(permit(&harness.host()), &token()).await;
    assert_eq!(number, Ok(AccountId(31_920_194)));
}

pub(super) async fn leads_come_as_they_are_listed(harness: &dyn AmoClientHarness) {
    for has_more in [true, false] {
        let page = LeadPage { leads: vec![lead(10_000), lead(9), lead(10_001)], has_more };
        harness.will(Reply::Leads(page.clone())).await;
        let listed = harness.client().leads(permit(&harness.host()), &token(), &all_leads()).await;
        assert_eq!(listed, Ok(page));
    }
}

pub(super) async fn a_lead_may_lack_everything_but_its_number(harness: &dyn AmoClientHarness) {
    let page = LeadPage { leads: vec![bare(1), lead(2)], has_more: false };
    harness.will(Reply::Leads(page.clone())).await;
    let listed = harness.client().leads(permit(&harness.host()), &token(), &all_leads()).await;
    assert_eq!(listed, Ok(page));
}

pub(super) async fn a_filter_reaches_the_crm_whole(harness: &dyn AmoClientHarness) {
    let filter = LeadFilter {
        page: 3,
        limit: 250,
        query: Some("Іван & Co. 100% [x]+?".to_owned()),
        pipeline: Some(5),
        stages: vec![(5, 142), (5, 7)],
        updated_since: Some(at(30)),
    };
    harness.will(Reply::Leads(LeadPage { leads: Vec::new(), has_more: false })).await;
    harness.client().leads(permit(&harness.host()), &token(), &filter).await.unwrap();
    assert_eq!(harness.asked().await, [Asked::Leads { host: harness.host(), token: token(), filter }]);
}

pub(super) async fn a_filter_of_fifty_stages_is_one_request(harness: &dyn AmoClientHarness) {
    let stages = (0..50).map(|stage| (9_999_999_999, 9_999_999_000 + stage)).collect();
    let filter = LeadFilter { query: Some("🏖".repeat(255)), stages, ..all_leads() };
    assert_eq!(filter.stages.len(), MOST_STAGES);
    harness.will(Reply::Leads(LeadPage { leads: Vec::new(), has_more: false })).await;
    harness.client().leads(permit(&harness.host()), &token(), &filter).await.unwrap();
    assert_eq!(harness.asked().await, [Asked::Leads { host: harness.host(), token: token(), filter }]);
}

pub(super) async fn a_moment_is_asked_for_from_the_beginning_of_its_second(harness: &dyn AmoClientHarness) {
    let filter = LeadFilter { updated_since: Some(after(at(30), Duration::from_millis(900))), ..all_leads() };
    harness.will(Reply::Leads(LeadPage { leads: Vec::new(), has_more: false })).await;
    harness.client().leads(permit(&harness.host()), &token(), &filter).await.unwrap();
    let filter = LeadFilter { updated_since: Some(at(30)), ..filter };
    assert_eq!(harness.asked().await, [Asked::Leads { host: harness.host(), token: token(), filter }]);
}

pub(super) async fn deleted_leads_are_not_listed(harness: &dyn AmoClientHarness) {
    harness.will(Reply::DeletedLead(lead(5))).await;
    let listed = harness.client().leads(permit(&harness.host()), &token(), &all_leads()).await;
    assert_eq!(listed, Ok(LeadPage { leads: Vec::new(), has_more: false }));
}

pub(super) async fn a_lead_comes_by_its_number(harness: &dyn AmoClientHarness) {
    for lead in [lead(10_000), bare(10_000)] {
        harness.will(Reply::Lead(lead.clone())).await;
        let found = harness.client().lead(permit(&harness.host()), &token(), 10_000).await;
        assert_eq!(found, Ok(Some(lead)));
    }
    let asked = Asked::Lead { host: harness.host(), token: token(), id: 10_000 };
    assert_eq!(harness.asked().await, [asked.clone(), asked]);
}

pub(super) async fn an_unknown_or_deleted_lead_is_none(harness: &dyn AmoClientHarness) {
    for reply in [Reply::Nothing, Reply::DeletedLead(lead(5))] {
        harness.will(reply.clone()).await;
        let found = harness.client().lead(permit(&harness.host()), &token(), 5).await;
        assert_eq!(found, Ok(None), "{reply:?}");
    }
}

pub(super) async fn nothing_is_no_error(harness: &dyn AmoClientHarness) {
    for call in [Call::Leads, Call::Lead, Call::Contacts, Call::Pipelines] {
        assert_eq!(answered(harness, call, Reply::Nothing).await, Ok(()), "{call:?}");
    }
}

pub(super) async fn contacts_come_by_their_numbers(harness: &dyn AmoClientHarness) {
    let nameless = Contact { id: 8, name: None, phone: None, email: None };
    let known = vec![contact(7), nameless];
    harness.will(Reply::Contacts(known.clone())).await;
    let listed = harness.client().contacts(permit(&harness.host()), &token(), &[7, 8, 404]).await;
    assert_eq!(listed, Ok(known));
    assert_eq!(harness.asked().await, [Asked::Contacts { host: harness.host(), token: token(), ids: vec![7, 8, 404] }]);
}

pub(super) async fn a_full_page_of_contacts_is_one_request(harness: &dyn AmoClientHarness) {
    let ids: Vec<u64> = (9_999_999_000..).take(250).collect();
    let known: Vec<Contact> = ids.iter().map(|id| contact(*id)).collect();
    harness.will(Reply::Contacts(known.clone())).await;
    let listed = harness.client().contacts(permit(&harness.host()), &token(), &ids).await;
    assert_eq!(listed, Ok(known));
    assert_eq!(harness.asked().await, [Asked::Contacts { host: harness.host(), token: token(), ids }]);
}

pub(super) async fn without_numbers_nobody_is_listed(harness: &dyn AmoClientHarness) {
    harness.will(Reply::Contacts(vec![contact(7)])).await;
    let listed = harness.client().contacts(permit(&harness.host()), &token(), &[]).await;
    assert_eq!(listed, Ok(Vec::new()));
}

pub(super) async fn pipelines_come_with_their_stages(harness: &dyn AmoClientHarness) {
    let stage = |id, kind| Stage {
        id,
        name: format!("stage {id}"),
        sort: -10,
        is_editable: id == 2,
        color: (id == 1).then(|| "#c1c1c1".to_owned()),
        kind,
    };
    let stages = vec![stage(1, Some(1)), stage(2, Some(0)), stage(142, None)];
    let pipeline = |id, name: &str, is_main, stages| Pipeline {
        id,
        name: name.to_owned(),
        sort: 7,
        is_main,
        is_unsorted_on: is_main,
        is_archived: !is_main,
        stages,
    };
    let pipelines = vec![pipeline(3, "Продажі", true, stages), pipeline(2, "Put away", false, Vec::new())];
    harness.will(Reply::Pipelines(pipelines.clone())).await;
    assert_eq!(harness.client().pipelines(permit(&harness.host()), &token()).await, Ok(pipelines));
}

pub(super) async fn unsorted_and_closed_stages_are_told_apart(harness: &dyn AmoClientHarness) {
    let stage = |id, sort, kind| Stage { id, name: format!("stage {id}"), sort, is_editable: true, color: None, kind };
    let stages = vec![
        stage(10, 1, Some(1)),
        stage(11, 2, Some(0)),
        stage(12, 3, None),
        stage(142, 4, None),
        stage(143, 5, None),
    ];
    let pipeline = Pipeline {
        id: 3,
        name: "Продажі".to_owned(),
        sort: 1,
        is_main: true,
        is_unsorted_on: true,
        is_archived: false,
        stages,
    };
    harness.will(Reply::Pipelines(vec![pipeline])).await;
    let listed = harness.client().pipelines(permit(&harness.host()), &token()).await.unwrap();
    let told: Vec<_> = [10, 11, 12, 142, 143].map(|stage| listed[0].status_of(stage)).into();
    let (new, closed) = (LeadStatus::New, LeadStatus::Closed);
    assert_eq!(told, [new, new, LeadStatus::InProgress, closed, closed]);

    let lead = AmoLead { stage: Some(143), ..lead(5) };
    harness.will(Reply::Lead(lead)).await;
    let found = harness.client().lead(permit(&harness.host()), &token(), 5).await.unwrap().unwrap();
    assert_eq!(status_of(listed.first(), found.stage), closed);
}

pub(super) async fn a_refused_access_token_is_told_apart(harness: &dyn AmoClientHarness) {
    for call in Call::READS {
        let refused = answered(harness, call, Reply::AccessRefused).await;
        assert_eq!(refused, Err(AmoError::AccessRefused), "{call:?}");
    }
}

pub(super) async fn a_failed_read_can_be_asked_again(harness: &dyn AmoClientHarness) {
    for reply in [Reply::Fails(500), Reply::Fails(503)] {
        for call in Call::READS {
            let failed = answered(harness, call, reply.clone()).await;
            assert_eq!(failed, Err(AmoError::Unavailable), "{call:?} answered by {reply:?}");
        }
    }
}

pub(super) async fn a_lost_connection_is_told_apart(harness: &dyn AmoClientHarness) {
    for reply in [Reply::CutBeforeTheDeed, Reply::CutWithinTheAnswer] {
        for call in Call::READS {
            let lost = answered(harness, call, reply.clone()).await;
            assert_eq!(lost, Err(AmoError::ConnectionLost), "{call:?} answered by {reply:?}");
        }
    }
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
    for call in Call::READS {
        for reply in [Reply::Fails(504), Reply::Silence] {
            let slow = answered(harness, call, reply.clone()).await;
            assert_eq!(slow, Err(AmoError::TimedOut), "{call:?} answered by {reply:?}");
        }
    }
}

pub(super) async fn a_read_that_makes_no_sense_is_told_apart(harness: &dyn AmoClientHarness) {
    for call in Call::READS {
        for reply in [Reply::Garbled, Reply::Incomplete, Reply::OddRefusal] {
            let nonsense = answered(harness, call, reply.clone()).await;
            assert_eq!(nonsense, Err(AmoError::Protocol), "{call:?} answered by {reply:?}");
        }
        let endless = answered(harness, call, Reply::Endless).await;
        assert!(matches!(endless, Err(AmoError::Protocol | AmoError::TimedOut)), "{call:?}: {endless:?}");
    }
}
