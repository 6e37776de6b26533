//! What a user may see, and what our client takes the rest for.

use amo_connect_domain::ports::AmoError;
use amo_connect_sandbox::DeletedLead;
use amo_connect_tests::ACCOUNT;
use serde_json::json;

use crate::crm::Crm;

/// Sees only her own leads.
const IRYNA: u64 = 10_110_003;

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_that_the_user_may_not_see_is_none_or_forbidden() {
    let crm = Crm::start().await;
    let (admin, user) = (crm.connect().await, crm.connect_as(IRYNA).await);
    let own = crm.leads(&user).await;
    let other = crm.leads(&admin).await.into_iter().find(|id| !own.contains(id)).unwrap();
    assert_eq!(crm.lead(&admin, other).await, Ok(Some(other)));
    for (status, expected) in [(204, Ok(None)), (403, Err(AmoError::Forbidden))] {
        crm.turn(|switches| switches.read_outside_rights = status);
        assert_eq!(crm.lead(&user, other).await, expected, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_lead_is_none_however_amocrm_shows_it() {
    let crm = Crm::start().await;
    let issued = crm.connect().await;
    let id = crm.leads(&issued).await[0];
    crm.sandbox.delete_lead(ACCOUNT, id).unwrap();
    for shown in [DeletedLead::Missing, DeletedLead::Shown] {
        crm.turn(|switches| switches.deleted_lead = shown);
        assert_eq!(crm.lead(&issued, id).await, Ok(None), "{shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_deactivated_user_is_refused_or_may_do_nothing() {
    let crm = Crm::start().await;
    let issued = crm.connect_as(IRYNA).await;
    let users = format!("http://{}/_sandbox/users", crm.host(ACCOUNT));
    let patch = json!({ "account": ACCOUNT, "user": IRYNA, "is_active": false });
    let patched = reqwest::Client::builder().no_proxy().build().unwrap().patch(users).json(&patch).send().await;
    assert_eq!(patched.unwrap().status(), 200);
    for (status, expected) in [(401, AmoError::AccessRefused), (403, AmoError::Forbidden)] {
        crm.turn(|switches| switches.deactivated_user = status);
        assert_eq!(crm.account(&issued).await, Err(expected), "{status}");
    }
}
