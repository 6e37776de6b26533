//! The fake rotates as amoCRM does.

#![expect(clippy::unwrap_used, reason = "a pair that is not issued fails the test")]

use std::time::Duration;

use amo_connect_contract::fixtures::{at, host, permit};
use amo_connect_contract::{FakeAccount, FakeAmo, Reply};
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadOrder, LeadSort};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi as _, TokenEndpoint as _};
use amo_connect_domain::token::Issued;

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
