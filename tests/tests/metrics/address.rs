//! Where `/metrics` is answered, and whose it is.

use amo_connect_tests::{Served, World};
use serde_json::Value;

use crate::scrape::Scrape;

const SAVED: &str = r#"amo_connect_exchanges_total{outcome="saved",reason="none"}"#;

const UNREACHABLE: &str = r#"amo_connect_refreshes_total{outcome="failed",reason="unreachable"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_its_own_answers_metrics_and_nothing_else() {
    let world = World::without_service().await;
    let own = [("ADMIN_BIND", "127.0.0.1:0"), ("LOG_FORMAT", "json")];
    let service = Served::start_with(&world.settings, &own, &world.folder()).await;
    let line = service.process().until_logged("serving metrics").await;
    let line: Value = serde_json::from_str(&line).unwrap();
    let admin = format!("http://{}", line["address"].as_str().unwrap());
    let build = format!("amo_connect_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(Scrape::of(&admin).await.count(&build), 1);
    assert!(Scrape::of(&admin).await.value("process_resident_memory_bytes") > 1e6);

    // The document has each path at its own address alone.
    let status = async |url: String| {
        let answer = service.http().get(url).send().await.unwrap();
        assert!(answer.headers().contains_key("x-request-id"), "{answer:?}");
        answer.status().as_u16()
    };
    assert_eq!(status(format!("{}/metrics", service.base)).await, 404);
    for path in ["/healthz", "/api/amo-crm/status"] {
        assert_eq!(status(format!("{admin}{path}")).await, 404, "{path}");
    }
    service.into_process().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_in_one_process_count_apart() {
    let (busy, quiet) = (World::connected().await, World::start().await);
    assert_eq!(Scrape::of(&busy.base).await.count(SAVED), 1);
    let quiet = Scrape::of(&quiet.base).await;
    // What has not happened yet is there too: the first one is a rise.
    assert_eq!((quiet.count(SAVED), quiet.count(UNREACHABLE)), (0, 0));
}
