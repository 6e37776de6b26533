//! The fake rotates as amoCRM does, and keeps what is written.

#![expect(clippy::unwrap_used, reason = "a pair that is not issued fails the test")]

use std::time::Duration;

use amo_connect_contract::fixtures::{after, at, host, permit, pipeline, stage};
use amo_connect_contract::{FakeAccount, FakeAmo, Reply};
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadOrder, LeadSort, Tag};
use amo_connect_domain::crm::pipeline::StageKind;
use amo_connect_domain::crm::task::Task;
use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewLead, NewNote, NewTask, TaskChange, Write};
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi as _, TokenEndpoint as _};
use amo_connect_domain::token::{AccessToken, Issued};

fn crm() -> FakeAmo {
    FakeAmo::new().with_account(&host(1), FakeAccount::empty(1)).with_account(&host(2), FakeAccount::empty(2))
}

async fn connected(amo: &FakeAmo) -> Issued {
    amo.exchange(permit(&host(1)), &amo.allow(&host(1))).await.unwrap()
}

#[tokio::test]
async fn a_code_is_good_once_and_in_its_own_account() {
    let amo = crm();
    let code = amo.allow(&host(1));
    assert_eq!(amo.exchange(permit(&host(2)), &code).await, Err(AmoError::CodeRejected));
    let bought = amo.exchange(permit(&host(1)), &code).await.unwrap();
    assert_eq!((bought.account, bought.expires_in), (Some(AccountId(1)), Duration::from_hours(24)));
    assert_eq!(amo.exchange(permit(&host(1)), &code).await, Err(AmoError::CodeRejected));
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_the_old_access_token_lives_on() {
    let amo = crm();
    let first = connected(&amo).await;
    let second = amo.refresh(permit(&host(1)), &first.refresh).await.unwrap();
    assert_ne!(first.refresh, second.refresh);
    assert_eq!(amo.refresh(permit(&host(1)), &first.refresh).await, Err(AmoError::GrantRevoked));
    for pair in [first, second] {
        assert_eq!(amo.account(permit(&host(1)), &pair.access).await.map(|account| account.number), Ok(AccountId(1)));
    }
}

#[tokio::test]
async fn what_is_lost_after_the_deed_was_done_and_what_is_lost_before_was_not() {
    for (reply, afterwards) in
        [(Reply::CutBeforeTheDeed, Ok(())), (Reply::CutAfterTheDeed, Err(AmoError::GrantRevoked))]
    {
        let amo = crm();
        let pair = connected(&amo).await;
        amo.answer_next(reply);
        assert_eq!(amo.refresh(permit(&host(1)), &pair.refresh).await, Err(AmoError::OutcomeUnknown));
        assert_eq!(amo.refresh(permit(&host(1)), &pair.refresh).await.map(drop), afterwards);
    }
}

#[tokio::test]
async fn access_ends_with_its_life_or_with_its_grant() {
    let amo = crm();
    let pair = connected(&amo).await;
    amo.expire_access_tokens();
    assert_eq!(amo.account(permit(&host(1)), &pair.access).await, Err(AmoError::AccessRefused));
    let pair = amo.refresh(permit(&host(1)), &pair.refresh).await.unwrap();
    assert_eq!(amo.account(permit(&host(2)), &pair.access).await, Err(AmoError::AccessRefused));
    amo.revoke(&host(1));
    assert_eq!(amo.account(permit(&host(1)), &pair.access).await, Err(AmoError::AccessRefused));
    assert_eq!(amo.refresh(permit(&host(1)), &pair.refresh).await, Err(AmoError::GrantRevoked));
}

#[tokio::test]
async fn leads_are_filtered_and_paged() {
    let lead = |id, stage| AmoLead {
        name: Some(format!("lead {id}")),
        pipeline: Some(1),
        stage: Some(stage),
        updated_at: Some(at(60)),
        ..AmoLead::numbered(id)
    };
    let account = FakeAccount { leads: (1..=5).map(|id| lead(id, id % 2)).collect(), ..FakeAccount::empty(1) };
    let amo = FakeAmo::new().with_account(&host(1), account);
    let token = connected(&amo).await.access;
    let order = LeadOrder { by: LeadSort::Id, is_descending: false };
    let all = LeadFilter { limit: 2, order, stages: vec![(1, 1)], ..LeadFilter::default() };
    let mut listed = Vec::new();
    for page in 1..=2 {
        let page = amo.leads(permit(&host(1)), &token, &LeadFilter { page, ..all.clone() }).await.unwrap();
        listed.push((page.leads.iter().map(|lead| lead.id).collect::<Vec<_>>(), page.has_more));
    }
    assert_eq!(listed, [(vec![1, 3], true), (vec![5], false)]);
    for none in [
        LeadFilter { query: Some("nobody".to_owned()), ..all.clone() },
        LeadFilter { pipeline: Some(2), ..all.clone() },
        LeadFilter { updated_since: Some(at(61)), ..all.clone() },
    ] {
        assert_eq!(amo.leads(permit(&host(1)), &token, &none).await.unwrap().leads, []);
    }
}

/// Does `write` in account 1.
async fn written(amo: &FakeAmo, token: &AccessToken, write: Write) -> Result<Option<WrittenObject>, AmoError> {
    amo.write(permit(&host(1)), token, &write).await
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for members that may be missing")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn flat() -> Write {
    Write::Lead(NewLead { name: text("A flat"), ..NewLead::default() })
}

#[tokio::test]
async fn what_is_written_is_there_and_made_by_the_accounts_user() {
    let stages = vec![stage(1, StageKind::Unsorted), stage(2, StageKind::Open), stage(142, StageKind::Won)];
    let account = FakeAccount { user: Some(9), pipelines: vec![pipeline(3, stages)], ..FakeAccount::empty(1) };
    let amo = FakeAmo::new().with_account(&host(1), account);
    amo.set_clock(|| after(at(60), Duration::from_millis(700)));
    let token = connected(&amo).await.access;

    let guest = NewGuest { phone: text("+380 44"), email: text("olha@example.com"), name: None };
    let lead = NewLead { guest: Some(guest), ..NewLead::default() };
    let made = written(&amo, &token, Write::Lead(lead)).await.unwrap().unwrap();
    assert!(made.is_new);
    let lead = amo.lead(permit(&host(1)), &token, made.id).await.unwrap().unwrap().lead;
    assert_eq!((lead.name.as_deref(), lead.pipeline, lead.stage), (Some("+380 44"), Some(3), Some(2)));
    assert_eq!((lead.created_by, lead.responsible_user, lead.created_at), (Some(9), Some(9), Some(at(60))));
    let contacts = amo.contacts(permit(&host(1)), &token, &[lead.contact.unwrap()]).await.unwrap();
    assert_eq!((contacts[0].phone(), contacts[0].email()), (Some("+380 44"), Some("olha@example.com")));

    let note = Write::Note(NewNote { lead: made.id, text: "Call back".to_owned() });
    let id = written(&amo, &token, note).await.unwrap().unwrap().id;
    let note = amo.note(permit(&host(1)), &token, made.id, id).await.unwrap().unwrap();
    assert_eq!((note.text.as_deref(), note.created_by, note.created_at), (Some("Call back"), Some(9), Some(at(60))));

    let (kind, responsible_user) = (None, None);
    let task = NewTask { lead: made.id, text: "Call".to_owned(), complete_till: at(3_600), kind, responsible_user };
    let id = written(&amo, &token, Write::Task(task)).await.unwrap().unwrap().id;
    let task = amo.task(permit(&host(1)), &token, id).await.unwrap().unwrap();
    assert_eq!((task.lead, task.kind, task.responsible_user), (Some(made.id), Some(1), Some(9)));
    assert_eq!((task.created_by, task.complete_till), (Some(9), Some(at(3_600))));
    assert_eq!(amo.carried_out().len(), 3);
}

#[tokio::test]
async fn a_change_leaves_what_it_does_not_name() {
    let stages = vec![stage(2, StageKind::Open), stage(143, StageKind::Lost)];
    let lead = AmoLead {
        name: text("A flat"),
        pipeline: Some(3),
        stage: Some(2),
        tags: vec![Tag { id: 1, name: "sea".to_owned(), color: None }],
        ..AmoLead::numbered(41)
    };
    let account = FakeAccount {
        leads: vec![lead],
        tasks: vec![Task { text: text("Call"), ..Task::numbered(51) }],
        pipelines: vec![pipeline(3, stages)],
        ..FakeAccount::empty(1)
    };
    let amo = FakeAmo::new().with_account(&host(1), account);
    let token = connected(&amo).await.access;

    let change = LeadChange {
        stage: Some(143),
        loss_reason: Some(4),
        tags_to_add: vec!["forest".to_owned()],
        tags_to_remove: vec!["sea".to_owned()],
        ..LeadChange::default()
    };
    assert_eq!(written(&amo, &token, Write::LeadChange(41, change.clone())).await, Ok(None));
    let found = amo.lead(permit(&host(1)), &token, 41).await.unwrap().unwrap();
    assert!(change.is_made(&found.lead, found.loss_reason.map(|reason| reason.id)), "{:?}", found.lead);
    assert_eq!((found.lead.name.as_deref(), found.lead.pipeline), (Some("A flat"), Some(3)));
    assert_eq!((found.lead.is_closed, found.lead.closed_at), (true, Some(at(0))));

    let change = TaskChange { is_completed: Some(true), result: text("Agreed"), ..TaskChange::default() };
    assert_eq!(written(&amo, &token, Write::TaskChange(51, change.clone())).await, Ok(None));
    let task = amo.task(permit(&host(1)), &token, 51).await.unwrap().unwrap();
    assert!(change.is_made(&task) && task.text.as_deref() == Some("Call"), "{task:?}");
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_carried_out_or_not() {
    for (reply, count) in [
        (Reply::CutBeforeTheDeed, 0),
        (Reply::Fails(500), 0),
        (Reply::CutAfterTheDeed, 1),
        (Reply::Silence, 1),
        (Reply::Garbled, 1),
    ] {
        let amo = crm();
        let token = connected(&amo).await.access;
        amo.answer_next(reply.clone());
        assert_eq!(written(&amo, &token, flat()).await, Err(AmoError::OutcomeUnknown), "{reply:?}");
        let there = amo.account_at(&host(1)).unwrap().leads.len();
        assert_eq!((amo.carried_out().len(), there), (count, count), "{reply:?}");
    }
}

#[tokio::test]
async fn a_lead_is_put_together_with_another_if_a_test_wants_it() {
    let account = FakeAccount { leads: vec![AmoLead::numbered(41)], ..FakeAccount::empty(1) };
    let amo = FakeAmo::new().with_account(&host(1), account);
    let token = connected(&amo).await.access;
    amo.merge_next_lead(41);
    let merged = WrittenObject { id: 41, is_new: false };
    assert_eq!(written(&amo, &token, flat()).await, Ok(Some(merged)));
    assert_eq!(written(&amo, &token, flat()).await, Ok(Some(WrittenObject { id: 42, is_new: true })));
}

#[tokio::test]
async fn a_write_to_what_is_not_there_does_nothing() {
    let amo = crm();
    let token = connected(&amo).await.access;
    let (text, kind, responsible_user) = (String::new(), None, None);
    for write in [
        Write::LeadChange(1, LeadChange::default()),
        Write::Note(NewNote { lead: 1, text: text.clone() }),
        Write::Task(NewTask { lead: 1, text, complete_till: at(0), kind, responsible_user }),
        Write::TaskChange(1, TaskChange::default()),
    ] {
        assert_eq!(written(&amo, &token, write).await, Err(AmoError::NotFound));
    }
    assert_eq!(amo.carried_out(), []);
}
