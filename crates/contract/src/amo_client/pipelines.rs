//! Pipelines, and what their stages are for.

use amo_connect_domain::crm::lead::LeadStatus;
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};

use super::call::token;
use super::{AmoClientHarness, names};
use crate::fake::Reply;
use crate::fixtures::{permit, pipeline, stage};

/// What the client lists where the CRM has `pipelines`. How amoCRM numbers the types of stages is
/// amoCRM's alone.
pub(super) async fn listed(harness: &dyn AmoClientHarness, pipelines: &[Pipeline]) -> Vec<Pipeline> {
    harness.will(Reply::Pipelines(pipelines.to_vec())).await;
    let mut listed = harness.client().pipelines(permit(&harness.host()), &token()).await.unwrap();
    for stage in listed.iter_mut().flat_map(|pipeline| &mut pipeline.stages) {
        stage.type_number = None;
    }
    listed
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
