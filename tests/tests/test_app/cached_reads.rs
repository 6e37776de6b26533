//! What was kept says nothing of the access token: amoCRM was not asked.

use amo_connect_contract::fixtures::{issued, user};
use amo_connect_contract::{FakeAmo, Reply};
use amo_connect_domain::ports::TokenStore as _;
use amo_connect_tests::RunningApp;
use serde_json::json;

use crate::reads::{guests, known, with_pipelines_known};
use crate::{problem, refreshes};

/// Answered from the pipelines that are known: the second asks for a stage that is in none of them.
const CACHED: [&str; 2] = ["/pipelines", "/leads?stageId=424242"];

async fn is_answered_without_amocrm(app: &RunningApp, amo: &FakeAmo, path: &str) {
    let before = amo.asked().len();
    assert_eq!(app.get("olena", path).await.status, 200, "{path}");
    assert_eq!(amo.asked().len(), before, "{path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cached_ends_no_row_of_refused_pairs() {
    for path in CACHED {
        let (amo, app, store) = with_pipelines_known().await;
        amo.answer_each([Reply::AccessRefused, Reply::Issues(issued("second")), Reply::AccessRefused]);
        for _ in 0..4 {
            assert_eq!(app.get("olena", "/leads").await.problem(), (502, "crm_unavailable"), "{path}");
            is_answered_without_amocrm(&app, &amo, path).await;
            assert_eq!((refreshes(&amo), problem(&app).await), (1, json!("account_refused")), "{path}");
            let refused = store.connection(&user("olena")).await.unwrap().unwrap().refused;
            assert_eq!(refused.map(|refused| refused.count), Some(2), "{path}");
            amo.answer_next(Reply::AccessRefused);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cached_ends_no_problem() {
    for path in CACHED {
        for (failure, noted) in [
            (Reply::Fails(503), "provider_down"),
            (Reply::TooManyCalls(None), "rate_limited"),
            (Reply::Banned, "provider_blocked"),
            (Reply::PaymentRequired, "payment_required"),
        ] {
            let (amo, app, _store) = with_pipelines_known().await;
            amo.answer_next(failure);
            assert_ne!(app.get("olena", "/leads").await.status, 200, "{path}");
            is_answered_without_amocrm(&app, &amo, path).await;
            assert_eq!(problem(&app).await, json!(noted), "{path}");
            // Leads are asked for each time.
            assert_eq!(guests(&app).await, [known(11), known(12)], "{path}");
            assert_eq!(problem(&app).await, json!(null), "{path}");
        }
    }
}

/// Pipelines that amoCRM gave just now count, though no stage of theirs is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn pipelines_that_were_asked_for_count() {
    for path in CACHED {
        let (amo, app, _store) = with_pipelines_known().await;
        amo.answer_next(Reply::Fails(503));
        assert_ne!(app.get("olena", "/leads").await.status, 200, "{path}");
        assert_eq!(problem(&app).await, json!("provider_down"), "{path}");
        app.clock().advance(std::time::Duration::from_mins(1));
        assert_eq!(app.get("olena", path).await.status, 200, "{path}");
        assert_eq!(problem(&app).await, json!(null), "{path}");
    }
}
