//! Switches whose place is no other test.

use std::time::Duration;

use amo_connect_sandbox::{SandboxError, Unauthorized};

use crate::support::{AGENCY, Amo};

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
}
