//! Switches whose place is no other test.

use std::time::Duration;

use amo_connect_sandbox::{SandboxError, Unauthorized};

use crate::{
    leads::Leads,
    support::{AGENCY, Amo, read},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_body_of_401_is_a_switch() {
    let amo = Amo::start().await;
    let refused = amo.get(AGENCY, "/api/v4/account", "x").await;
    assert_eq!(
        refused.body,
        "{\"title\":\"Unauthorized\",\"type\":\"https://httpstatus.es/401\",\"status\":401,\
         \"detail\":\"Invalid user name or password\"}"
    );
    assert_eq!(refused.content_type, "application/problem+json");
    amo.switch(|switches| switches.unauthorized = Unauthorized::Empty);
    let refused = amo.get(AGENCY, "/api/v4/account", "x").await;
    assert_eq!((refused.status.as_u16(), refused.body.as_str()), (401, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lives_of_codes_and_tokens_are_switches() {
    let amo = Amo::start().await;
    amo.sandbox.freeze_clock(true);
    amo.switch(|switches| (switches.expires_in, switches.refresh_ttl, switches.code_ttl) = (10, 20, 5));
    let pair = amo.connect(AGENCY).await;
    let code = amo.sandbox.issue_code(AGENCY).unwrap().code;
    amo.sandbox.advance_clock(Duration::from_secs(5)).unwrap();
    let late = amo.token(AGENCY, &Amo::exchange_fields(&code)).await;
    assert_eq!(late.hint(), "Authorization code has expired");
    amo.sandbox.advance_clock(Duration::from_secs(5)).unwrap();
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.status, 401);
    amo.sandbox.advance_clock(Duration::from_secs(10)).unwrap();
    assert_eq!(amo.refresh(AGENCY, &pair.refresh).await.hint(), "Token has expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_are_only_inferred_are_a_switch() {
    let leads = Leads::start().await;
    for has_them in [true, false] {
        leads.amo.switch(|switches| switches.inferred_members = has_them);
        let page = leads.answer("page=2&with=contacts").await.json();
        let pipelines = leads.amo.get(AGENCY, "/api/v4/leads/pipelines", &leads.token).await.json();
        let lead = &page["_embedded"]["leads"][0];
        let stages = &pipelines["_embedded"]["pipelines"][0]["_embedded"]["statuses"];
        for (what, there) in [
            ("first", page["_links"].get("first").is_some()),
            ("prev", page["_links"].get("prev").is_some()),
            ("labor_cost", lead.get("labor_cost").is_some()),
            ("is_main", lead["_embedded"]["contacts"][0].get("is_main").is_some()),
            ("type", stages[1]["type"] == 0),
        ] {
            assert_eq!(there, has_them, "{what}");
        }
        assert!(page["_links"]["next"].is_object());
        assert_eq!(stages[0]["type"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_browser_brings_besides_code_state_and_referer_is_a_switch() {
    let amo = Amo::start().await;
    let decision = [("client_id", "sandbox"), ("state", "s"), ("user", "10110001"), ("decision", "allow")];
    for brings in [true, false] {
        amo.switch(|switches| switches.redirect_extras = brings);
        let back = read(amo.http.post(amo.sandbox.auth_url()).form(&decision).send().await.unwrap()).await.location;
        for always in ["?code=def50200", "&state=s", "&referer="] {
            assert!(back.contains(always), "{back}");
        }
        for extra in ["&platform=1", "&client_id=sandbox"] {
            assert_eq!(back.contains(extra), brings, "{back}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_without_such_a_position_is_refused_by_name() {
    let amo = Amo::start().await;
    let refused = |turn: fn(&mut amo_connect_sandbox::Switches)| {
        let mut switches = amo.sandbox.switches();
        turn(&mut switches);
        let error: SandboxError = amo.sandbox.set_switches(switches).unwrap_err();
        error.field().unwrap().to_owned()
    };
    assert_eq!(refused(|switches| switches.moved_status = 410), "moved_status");
    assert_eq!(refused(|switches| switches.expired_code_status = 404), "expired_code_status");
    assert_eq!(refused(|switches| switches.page_limit = 0), "page_limit");
    assert_eq!(refused(|switches| switches.code_ttl = u64::MAX), "code_ttl");
    assert_eq!(refused(|switches| switches.hook_retries = 99), "hook_retries");
    assert_eq!(refused(|switches| switches.note_delete = 200), "note_delete");
}
