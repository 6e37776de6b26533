//! Access tokens that amoCRM refuses: pairs in a row are counted, and no clock has a say.

use std::time::Duration;

use amo_connect_contract::fixtures::issued;
use amo_connect_contract::{FakeAmo, MemoryTokenStore, Reply};
use amo_connect_tests::RunningApp;
use serde_json::json;

use crate::{connected, crm, problem, refreshes};

const MINUTE: Duration = Duration::from_mins(1);

struct Stage {
    amo: FakeAmo,
    store: MemoryTokenStore,
    app: RunningApp,
}

impl Stage {
    async fn connected() -> Self {
        let amo = crm();
        let (app, store) = connected(&amo).await;
        Self { amo, store, app }
    }

    /// What becomes of one read that amoCRM answers so, a reply a call: the answer's status, the
    /// problem on record, and how many refreshes there were altogether.
    async fn read(&self, replies: &[Reply]) -> (u16, serde_json::Value, usize) {
        self.amo.answer_each(replies.iter().cloned());
        // It is one call, and what it gave is kept for a minute.
        self.app.clock().advance(MINUTE * 2);
        let answer = self.app.get("olena", "/pipelines").await;
        if answer.status != 200 {
            assert_eq!(answer.problem(), (502, "crm_unavailable"), "{replies:?}");
        }
        (answer.status, problem(&self.app).await, refreshes(&self.amo))
    }

    /// Two pairs in a row are refused at their use.
    async fn refused_twice(&self) {
        let replies = [Reply::AccessRefused, next_pair("second"), Reply::AccessRefused];
        assert_eq!(self.read(&replies).await, (502, json!("account_refused"), 1));
    }
}

fn next_pair(name: &str) -> Reply {
    Reply::Issues(issued(name))
}

fn good() -> Reply {
    Reply::Pipelines(Vec::new())
}

/// Each is the first of its row, though all of it happens within a moment.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_refused_pair_is_renewed_however_fresh_it_is() {
    let stage = Stage::connected().await;
    for renewed in 1..=4 {
        stage.amo.expire_access_tokens();
        assert_eq!(stage.app.get("olena", "/leads").await.status, 200);
        assert_eq!((refreshes(&stage.amo), problem(&stage.app).await), (renewed, json!(null)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_refused_pair_in_a_row_is_the_accounts_and_costs_no_refresh() {
    let stage = Stage::connected().await;
    stage.refused_twice().await;
    for _ in 0..3 {
        assert_eq!(stage.read(&[Reply::AccessRefused]).await, (502, json!("account_refused"), 1));
    }
    assert_eq!(stage.app.state_of("olena").await, "connected");
}

/// The pair that came for the first is not used for most of its life.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_pair_counts_however_late_its_first_refusal_comes() {
    let stage = Stage::connected().await;
    let replies = [Reply::AccessRefused, next_pair("second"), Reply::Fails(503)];
    assert_eq!(stage.read(&replies).await, (502, json!("provider_down"), 1));
    stage.app.clock().advance(Duration::from_hours(20));
    stage.store.test_clock().advance(Duration::from_hours(20));
    assert_eq!(stage.read(&[Reply::AccessRefused]).await, (502, json!("account_refused"), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_good_read_ends_the_row() {
    let stage = Stage::connected().await;
    stage.refused_twice().await;
    // Reads go on with the token there is.
    assert_eq!(stage.read(&[good()]).await, (200, json!(null), 1));
    // So this is the first again, at once.
    let replies = [Reply::AccessRefused, next_pair("third"), good()];
    assert_eq!(stage.read(&replies).await, (200, json!(null), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_refused_is_refreshed_after_pauses_that_double() {
    let stage = Stage::connected().await;
    stage.refused_twice().await;
    for (refreshed, minutes) in [(2, 1), (3, 2), (4, 4)] {
        for _ in 0..minutes {
            assert_eq!(stage.read(&[Reply::AccessRefused]).await.2, refreshed - 1, "after {minutes} min");
            stage.store.test_clock().advance(MINUTE);
        }
        let replies = [Reply::AccessRefused, next_pair(&format!("pair {refreshed}")), Reply::AccessRefused];
        assert_eq!(stage.read(&replies).await, (502, json!("account_refused"), refreshed), "after {minutes} min");
    }
}
