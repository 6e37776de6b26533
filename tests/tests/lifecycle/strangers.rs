//! Strangers who send codes without a state to two instances, each to another account host, while amoCRM is silent.

use std::time::Duration;

use amo_connect_domain::authorization::budget::{PLACES_OF_NEW_HOSTS, SLOW_PLACES_OF_NEW_HOSTS, UNSETTLED_CODES};
use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, Answer, Served};
use futures_util::future::{join, join_all};
use serde_json::json;

use crate::stage::Stage;

on_both_databases!(
    a_flood_of_strangers_at_a_silent_amocrm_sends_few_codes_and_hinders_nobody,
    a_user_whose_codes_are_never_answered_leaves_few,
);

/// Longer than the test needs, so that no place becomes free by an answer.
const SILENT: Duration = Duration::from_secs(50);

/// How many codes come at once.
const FLOOD: usize = 60;

/// A stranger's redirect: another address, another host, another code.
async fn redirect(service: &Served, hosts: &[String], number: usize) -> Answer {
    let (code, host) = (format!("strangers-{number}"), &hosts[number % hosts.len()]);
    let request = service.http().get(service.url("/callback")).query(&[("code", &*code), ("referer", host)]);
    Answer::to(request.header("X-Forwarded-For", format!("203.0.113.{number}"))).await
}

async fn a_flood_of_strangers_at_a_silent_amocrm_sends_few_codes_and_hinders_nobody(stage: Stage) {
    let mut stage = stage.with_more_accounts(40).await;
    stage.world.settings.trusted_proxies = Some("127.0.0.0/8".to_owned());
    let (one, two) = (stage.serve().await, stage.serve_elsewhere().await);
    stage.connect_by(&one, "olena", ACCOUNT).await;
    let olenas = stage.code(ACCOUNT).1;
    let hosts: Vec<_> = stage.sandbox.hosts().into_iter().filter(|host| *host != olenas).collect();
    let before = stage.sandbox.stats().token_requests;
    stage.slow_down(SILENT);

    // Somebody with an attempt of ours comes in the middle of it.
    let attempt = one.attempt("ivan").await;
    let (code, referer) = stage.code(ACCOUNT);
    let query = [("code", &*code), ("state", &*attempt.state), ("referer", &*referer)];
    let honest = one.callback(&query);
    let flood = join_all((0..FLOOD).map(|number| redirect(if number % 2 == 0 { &one } else { &two }, &hosts, number)));
    let (pages, honest) = join(flood, honest).await;

    let sent = pages.iter().filter(|page| page.status == 502).count();
    let refused: Vec<_> = pages.iter().filter(|page| page.status == 429).collect();
    assert_eq!(sent + refused.len(), FLOOD);
    assert!((1..=PLACES_OF_NEW_HOSTS + SLOW_PLACES_OF_NEW_HOSTS).contains(&sent), "{sent} were sent");
    for page in refused {
        assert!(page.header("retry-after").parse::<u64>().unwrap() >= 1);
        let told = ["error", "code", "referer"].map(|name| page.link_parameter(name).is_some());
        assert_eq!((told, page.link_parameter("error").as_deref()), ([true; 3], Some("try_again")));
    }
    assert_eq!(honest.link_parameter("error").as_deref(), Some("crm_unavailable"), "it was sent: {honest:?}");
    let requests = stage.sandbox.stats().token_requests - before;
    assert_eq!(requests, u64::try_from(sent).unwrap() + 1, "the strangers' that were not refused, and ivan's");
    let on_record = stage.texts("SELECT CAST(count(*) AS TEXT) AS text FROM exchanges WHERE user_id IS NULL").await;
    assert_eq!(on_record, [sent.to_string()], "nothing is left of the others");
    for service in [&one, &two] {
        assert_eq!(service.get("olena", "/leads?limit=1").await.status, 200);
    }
    eprintln!("{FLOOD} codes of strangers: {sent} sent, the others told to try again");
}

async fn a_user_whose_codes_are_never_answered_leaves_few(stage: Stage) {
    let (one, two) = (stage.serve().await, stage.serve_elsewhere().await);
    let fail_token = vec![Failure::Drop; 100];
    stage.sandbox.set_faults(Faults { fail_token, ..Faults::default() }).unwrap();
    let (_, referer) = stage.code(ACCOUNT);
    let bring = async |service: &Served, number: usize| {
        let code = format!("garbage-{number}");
        service.post("olena", "/exchange-code", json!({ "code": code, "referer": referer })).await
    };
    for number in 0..UNSETTLED_CODES {
        let service = if number % 2 == 0 { &one } else { &two };
        assert_eq!(bring(service, number).await.problem(), (502, "crm_unavailable"));
    }
    for service in [&one, &two] {
        let refused = bring(service, 99).await;
        assert_eq!(refused.problem(), (429, "too_many_requests"));
        assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
        assert_eq!(bring(service, 0).await.problem(), (502, "crm_unavailable"), "one on record is none more");
    }
    let count = "SELECT CAST(count(*) AS TEXT) AS text FROM exchanges WHERE state = ";
    assert_eq!(stage.texts(&format!("{count}'interrupted'")).await, [UNSETTLED_CODES.to_string()]);
    assert_eq!(one.post("olena", "/disconnect", json!({})).await.status, 200);
    assert_eq!(stage.texts(&format!("{count}'void'")).await, [UNSETTLED_CODES.to_string()]);
    assert_ne!(bring(&two, 100).await.status, 429, "what is void counts no more");
}
