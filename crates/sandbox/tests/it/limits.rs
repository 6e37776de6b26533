//! The limits: seven a second for an integration, fifty for an account, exactly.

use std::time::Duration;

use amo_connect_sandbox::{Integration, Options, RateLimitCovers, RateLimitScope, TooMany};

use crate::support::{AGENCY, Amo, Pair, REDIRECT_URI, RIVAL};

/// A sandbox with amoCRM's limits, whose clock only moves when told to.
async fn strict(options: Options) -> Amo {
    let amo = Amo::with(options).await;
    amo.sandbox.freeze_clock(true);
    amo
}

fn second(amo: &Amo) {
    amo.sandbox.advance_clock(Duration::from_secs(1)).unwrap();
}

/// How many of `times` requests are let through.
async fn passed(amo: &Amo, pair: &Pair, times: usize) -> usize {
    let mut passed = 0;
    for _ in 0..times {
        let answer = amo.get(AGENCY, "/api/v4/account", &pair.access).await;
        assert!([200, 429].contains(&answer.status.as_u16()), "{answer:?}");
        passed += usize::from(answer.status == 200);
    }
    passed
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_seven_a_second_is_exact_over_a_minute() {
    let amo = strict(Options::default()).await;
    let pair = amo.connect(AGENCY).await;
    let mut over = 0;
    for _ in 0..60 {
        second(&amo);
        assert_eq!(passed(&amo, &pair, 10).await, 7);
        over += 3;
        assert_eq!(amo.sandbox.stats().over_limit, over);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_slides_it_does_not_jump() {
    let amo = strict(Options::default()).await;
    let pair = amo.connect(AGENCY).await;
    second(&amo);
    assert_eq!(passed(&amo, &pair, 3).await, 3);
    amo.sandbox.advance_clock(Duration::from_millis(600)).unwrap();
    assert_eq!(passed(&amo, &pair, 9).await, 4);
    amo.sandbox.advance_clock(Duration::from_millis(399)).unwrap();
    assert_eq!(passed(&amo, &pair, 1).await, 0);
    amo.sandbox.advance_clock(Duration::from_millis(1)).unwrap();
    assert_eq!(passed(&amo, &pair, 9).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_a_second_are_an_accounts_whoever_asks() {
    let others = (0..8).map(|number| Integration {
        client_id: format!("other-{number}"),
        client_secret: "secret".to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
        name: "Other".to_owned(),
        hook_url: None,
    });
    let amo = strict(Options { other_integrations: others.collect(), ..Options::default() }).await;
    let mut pairs = Vec::new();
    for number in 0..8 {
        second(&amo);
        let code = amo.sandbox.issue_code_for(AGENCY, 10_110_001, &format!("other-{number}"));
        let mut fields = Amo::exchange_fields(&code.unwrap().code);
        fields["client_id"] = format!("other-{number}").into();
        fields["client_secret"] = "secret".into();
        pairs.push(amo.token(AGENCY, &fields).await.pair());
    }
    second(&amo);
    let mut all = 0;
    for pair in &pairs {
        all += passed(&amo, pair, 10).await;
    }
    assert_eq!(all, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn token_requests_count_unless_a_switch_says_otherwise() {
    let amo = strict(Options::default()).await;
    let mut pair = amo.connect(AGENCY).await;
    second(&amo);
    assert_eq!(passed(&amo, &pair, 7).await, 7);
    let refused = amo.refresh(AGENCY, &pair.refresh).await;
    assert_eq!(refused.status, 429);
    amo.switch(|switches| switches.rate_limit_covers = RateLimitCovers::Api);
    pair = amo.refresh(AGENCY, &pair.refresh).await.pair();
    assert_eq!(passed(&amo, &pair, 1).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_accounts_share_the_integrations_limit_is_a_switch() {
    let amo = strict(Options::default()).await;
    let (ours, theirs) = (amo.connect(AGENCY).await, amo.connect(RIVAL).await);
    second(&amo);
    assert_eq!(passed(&amo, &ours, 8).await, 7);
    assert_eq!(amo.get(RIVAL, "/api/v4/account", &theirs.access).await.status, 200);
    amo.switch(|switches| switches.rate_limit_scope = RateLimitScope::Integration);
    second(&amo);
    assert_eq!(passed(&amo, &ours, 8).await, 7);
    assert_eq!(amo.get(RIVAL, "/api/v4/account", &theirs.access).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_over_the_limit_is_a_switch() {
    let amo = strict(Options::default()).await;
    let pair = amo.connect(AGENCY).await;
    amo.switch(|switches| switches.rate_limit = 1);
    second(&amo);
    assert_eq!(passed(&amo, &pair, 1).await, 1);
    let html = amo.get(AGENCY, "/api/v4/account", &pair.access).await;
    assert_eq!((html.status.as_u16(), html.content_type.as_str()), (429, "text/html"));
    assert!(html.body.contains("<h1>429 Too Many Requests</h1>"));
    amo.switch(|switches| switches.too_many = TooMany::Empty);
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.body, "");
    amo.switch(|switches| switches.too_many = TooMany::RetryAfter);
    let json = amo.get(AGENCY, "/api/v4/account", &pair.access).await;
    assert_eq!((json.status.as_u16(), json.json()["retry_after"].as_u64()), (429, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_keeps_on_is_banned_until_it_is_pardoned() {
    let amo = strict(Options::default()).await;
    let pair = amo.connect(AGENCY).await;
    let theirs = amo.connect(RIVAL).await;
    amo.switch(|switches| switches.ban_after = 5);
    second(&amo);
    assert_eq!(passed(&amo, &pair, 12).await, 7);
    second(&amo);
    let banned = amo.get(AGENCY, "/api/v4/account", &pair.access).await;
    assert_eq!((banned.status.as_u16(), banned.content_type.as_str()), (403, "text/html"));
    assert!(banned.body.contains("<h1>403 Forbidden</h1>"));
    assert_eq!(amo.refresh(AGENCY, &pair.refresh).await.status, 403);
    assert_eq!(amo.get(RIVAL, "/api/v4/account", &theirs.access).await.status, 200);
    amo.sandbox.set_account_faults(AGENCY, amo_connect_sandbox::Faults::default()).unwrap();
    assert_eq!(amo.get(AGENCY, "/api/v4/account", &pair.access).await.status, 200);
}
