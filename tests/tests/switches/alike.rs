//! Positions that our client is not to notice.

use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadStatus};
use amo_connect_domain::crm::pipeline::status_of;
use amo_connect_domain::token::Issued;
use amo_connect_tests::ACCOUNT;

use crate::crm::{Crm, Turn};

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_read_whatever_else_comes_with_it() {
    let turns: [Turn; 3] = [|_| {}, |switches| switches.server_time = false, |switches| switches.api_domain = false];
    let crm = Crm::start().await;
    for turn in turns {
        crm.turn(turn);
        let first = crm.connect().await;
        for issued in [crm.refresh(&first.refresh).await.unwrap(), first] {
            assert_eq!(issued.account.map(|account| account.0), Some(ACCOUNT));
            assert_eq!(issued.expires_in.as_secs(), 86_400);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_lives_as_long_as_amocrm_says() {
    let crm = Crm::start().await;
    for seconds in [60, 86_400, 7 * 86_400] {
        crm.turn(|switches| switches.expires_in = seconds);
        assert_eq!(crm.connect().await.expires_in.as_secs(), seconds);
    }
}

/// All leads as our client reads them, and what the app calls their stages.
async fn leads(crm: &Crm, issued: &Issued) -> Vec<(AmoLead, LeadStatus)> {
    let host = crm.host(ACCOUNT);
    let pipelines = crm.client.pipelines(&host, &issued.access).await.unwrap();
    let mut found = Vec::new();
    for page in 1.. {
        let filter = LeadFilter { page, limit: 250, ..LeadFilter::default() };
        let page = crm.client.leads(&host, &issued.access, &filter).await.unwrap();
        for lead in page.leads {
            let pipeline = pipelines.iter().find(|pipeline| Some(pipeline.id) == lead.pipeline).unwrap();
            let status = status_of(&lead, Some(pipeline));
            found.push((lead, status));
        }
        if !page.has_more {
            break;
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_the_same_however_long_amocrms_pages_may_be_and_without_what_is_only_inferred() {
    let turns: [Turn; 2] = [|switches| switches.page_limit = 500, |switches| switches.inferred_members = false];
    let crm = Crm::start().await;
    let issued = crm.connect().await;
    let usual = leads(&crm, &issued).await;
    assert_eq!(usual.len(), 630);
    assert!(usual.iter().any(|(lead, _)| lead.contact.is_some()));
    for turn in turns {
        crm.turn(turn);
        assert_eq!(leads(&crm, &issued).await, usual);
    }
}
