//! A phone that goes away while its token is being renewed.

use std::time::Duration;

use amo_connect_tests::until;

use crate::phone::Phone;
use crate::stage::Stage;

on_both_databases!(a_phone_that_goes_away_leaves_the_refresh_to_the_process_and_the_pair_is_saved);

async fn a_phone_that_goes_away_leaves_the_refresh_to_the_process_and_the_pair_is_saved(stage: Stage) {
    let service = stage.serve_when_due().await;
    stage.slow_down(Duration::from_secs(2));

    let phone = Phone::asks(&service, "olena").await;
    stage.until_token_requests(2).await;
    phone.hangs_up();
    assert_eq!((stage.sandbox.stats().refreshes, stage.generation().await), (0, 1));

    until("the pair is saved", async || stage.generation().await == 2).await;
    assert_eq!(service.get("olena", "/leads?limit=5").await.status, 200);
    assert_eq!(stage.sandbox.stats().token_requests, 2);
    assert_eq!(stage.grant().refreshes, 1);
}
