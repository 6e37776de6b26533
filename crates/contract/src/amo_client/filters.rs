//! What a list of leads is asked for by.

use std::time::Duration;

use amo_connect_domain::crm::lead::{LeadFilter, LeadOrder, LeadPage, LeadSort, MOST_STAGES};
use amo_connect_domain::crm::pipeline::{Pipeline, StageKind};

use super::call::{all_leads, token};
use super::pipelines::listed;
use super::{AmoClientHarness, names};
use crate::fake::{Asked, Reply};
use crate::fixtures::{after, at, permit, pipeline, stage};

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
