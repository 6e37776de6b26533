//! Webhooks that are not taken: the ladder of retries in the sandbox's time, and the switch-off.

use amo_connect_sandbox::{DeliveryState, WebhookAnswer, WebhookRepost, WebhookRequestId};
use serde_json::json;

use crate::{
    leads::Leads,
    support::AGENCY,
    webhook_sending::{NEVER, Receiver},
};

const MINUTE: u64 = 60;

impl Leads {
    async fn advance(&self, seconds: u64) {
        self.amo.control("POST", "/clock", json!({"advance_s": seconds})).await;
        self.amo.sandbox.drain_webhooks().await;
    }

    /// After how many seconds each attempt came, found by advancing the clock minute by minute.
    async fn attempts(&self, receiver: &Receiver) -> Vec<u64> {
        let mut at = Vec::new();
        for minute in 0..=130 {
            self.advance(if minute == 0 { 0 } else { MINUTE }).await;
            at.resize(receiver.hooks().len(), minute * MINUTE);
        }
        at
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_webhook_is_sent_three_times_and_one_that_met_a_server_error_five_times() {
    for (status, attempts) in [
        (404, vec![0, 5, 20]),
        (302, vec![0, 5, 20]),
        (500, vec![0, 5, 20, 35, 95]),
        (499, vec![0, 5, 20, 35, 95]),
        (204, vec![0]),
    ] {
        let (leads, receiver) = Leads::with_receiver(&["add_lead"]).await;
        receiver.answers(status);
        leads.add(json!({})).await;
        let at = leads.attempts(&receiver).await;
        assert_eq!(at, attempts.iter().map(|minute| minute * MINUTE).collect::<Vec<_>>(), "{status}");
        let report = leads.amo.sandbox.webhooks(AGENCY).unwrap();
        let delivery = &report.deliveries[0];
        let state = if status == 204 { DeliveryState::Delivered } else { DeliveryState::Failed };
        assert_eq!((delivery.state, delivery.due_at), (state, None));
        assert!(delivery.attempts.iter().all(|attempt| attempt.answer == WebhookAnswer::Status(status)));
        let seconds: Vec<_> = delivery.attempts.iter().map(|it| it.at - delivery.attempts[0].at).collect();
        assert_eq!(seconds, at);
        assert_eq!(report.webhooks[0].queued, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_of_the_clock_makes_all_attempts_that_fell_due() {
    let (leads, receiver) = Leads::with_receiver(&["add_lead"]).await;
    receiver.answers(503);
    let id = leads.add(json!({"name": "At first"})).await;
    leads.amo.sandbox.drain_webhooks().await;
    leads.amo.sandbox.change_lead(AGENCY, &json!({"id": id, "name": "Later"})).unwrap();
    leads.advance(3 * 60 * MINUTE).await;
    let hooks = receiver.hooks();
    assert_eq!(hooks.len(), 5);
    assert!(hooks.iter().all(|hook| hook.form == hooks[0].form), "a retry tells what was, not what is");
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_hold_up_nothing_and_end_when_they_are_taken() {
    let (leads, receiver) = Leads::with_receiver(&["add_lead"]).await;
    receiver.answers(500);
    let one = leads.add(json!({})).await;
    leads.amo.sandbox.drain_webhooks().await;
    receiver.answers(200);
    let two = leads.add(json!({})).await;
    leads.amo.sandbox.drain_webhooks().await;
    leads.advance(5 * MINUTE).await;
    leads.advance(60 * MINUTE).await;
    let told: Vec<_> = receiver.told().into_iter().map(|(_, id)| id).collect();
    assert_eq!(told, [one, two, one]);
    let stats = leads.amo.sandbox.stats();
    assert_eq!((stats.webhooks_sent, stats.webhooks_failed), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_after_the_time_limit_or_none_at_all_is_a_failure() {
    for (code, attempts) in [(0, 3), (499, 5)] {
        let (leads, receiver) = Leads::with_receiver(&["add_lead"]).await;
        leads.amo.switch(|switches| {
            switches.webhook_timeout_ms = 50;
            switches.webhook_timeout_status = code;
        });
        receiver.answers(NEVER);
        leads.add(json!({})).await;
        leads.advance(3 * 60 * MINUTE).await;
        let report = leads.amo.sandbox.webhooks(AGENCY).unwrap();
        let answers: Vec<_> = report.deliveries[0].attempts.iter().map(|attempt| attempt.answer).collect();
        assert_eq!(answers, vec![WebhookAnswer::Timeout; attempts]);
    }
    let (leads, _) = Leads::with_receiver(&["delete_lead"]).await;
    leads.subscribe("http://127.0.0.1:1/hook", &["add_lead"]).await;
    leads.add(json!({})).await;
    leads.advance(3 * 60 * MINUTE).await;
    let report = leads.amo.sandbox.webhooks(AGENCY).unwrap();
    let answers: Vec<_> = report.deliveries[0].attempts.iter().map(|attempt| attempt.answer).collect();
    assert_eq!(answers, [WebhookAnswer::Nothing; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_has_a_request_id_of_its_own_or_by_a_switch_that_of_the_webhook() {
    for (position, alike) in [(WebhookRequestId::Attempt, false), (WebhookRequestId::Hook, true)] {
        let (leads, receiver) = Leads::with_receiver(&["add_lead"]).await;
        leads.amo.switch(|switches| switches.webhook_request_id = position);
        receiver.answers(400);
        leads.add(json!({})).await;
        leads.advance(60 * MINUTE).await;
        let [one, two, three] = &receiver.hooks()[..] else { panic!("{:?}", receiver.told()) };
        assert_eq!(one.request_id() == two.request_id(), alike);
        assert_eq!(two.request_id() == three.request_id(), alike);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_is_switched_off_at_its_101st_bad_answer_in_two_hours() {
    let (leads, receiver) = Leads::with_receiver(&["add_lead"]).await;
    let is_disabled = async || leads.webhooks().await.json()["_embedded"]["webhooks"][0]["disabled"].as_bool().unwrap();
    receiver.answers(404);
    leads.post(json!(vec![json!({}); 100])).await;
    leads.amo.sandbox.drain_webhooks().await;
    assert!(!is_disabled().await);
    receiver.answers(200);
    leads.add(json!({})).await;
    leads.amo.sandbox.drain_webhooks().await;
    assert!(!is_disabled().await, "the last answer is good");
    receiver.answers(404);
    leads.add(json!({})).await;
    leads.amo.sandbox.drain_webhooks().await;
    assert!(is_disabled().await);
    assert_eq!(receiver.hooks().len(), 102);

    receiver.answers(200);
    leads.add(json!({})).await;
    leads.advance(3 * 60 * MINUTE).await;
    assert_eq!(receiver.hooks().len(), 102, "neither retries nor what is new");
    let report = leads.amo.sandbox.webhooks(AGENCY).unwrap();
    let dropped = report.deliveries.iter().filter(|delivery| delivery.state == DeliveryState::Dropped).count();
    assert_eq!((report.deliveries.len(), dropped), (102, 100));

    leads.subscribe(&receiver.url, &["add_lead", "update_lead"]).await;
    assert!(is_disabled().await, "to subscribe again changes the settings alone");
    leads.amo.switch(|switches| switches.webhook_repost = WebhookRepost::Enables);
    leads.subscribe(&receiver.url, &["add_lead"]).await;
    assert!(!is_disabled().await);
    leads.add(json!({})).await;
    leads.advance(60 * MINUTE).await;
    assert_eq!(receiver.hooks().len(), 103, "what was missed is not told later");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_answers_of_more_than_two_hours_ago_no_longer_count() {
    let (leads, receiver) = Leads::with_receiver(&["add_lead"]).await;
    receiver.answers(404);
    for (wait, bad, disabled) in [(0, 33, false), (121 * MINUTE, 33, false), (0, 2, true)] {
        leads.advance(wait).await;
        leads.post(json!(vec![json!({}); bad])).await;
        // All three attempts of each.
        leads.advance(20 * MINUTE).await;
        let report = leads.amo.sandbox.webhooks(AGENCY).unwrap();
        assert_eq!(report.webhooks[0].disabled, disabled, "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_switches_a_webhook_on_again_in_the_ui() {
    let (leads, receiver) = Leads::with_receiver(&["add_lead"]).await;
    let switch = async |disabled: bool| {
        let body = json!({"account": 31_920_194, "destination": receiver.url, "disabled": disabled});
        leads.amo.control("PATCH", "/webhooks", body).await.json()
    };
    assert_eq!(switch(true).await["webhooks"][0]["disabled"], true);
    leads.add(json!({})).await;
    leads.amo.sandbox.drain_webhooks().await;
    assert_eq!(receiver.hooks().len(), 0);
    leads.amo.sandbox.enable_webhook(AGENCY, &receiver.url).unwrap();
    let id = leads.add(json!({})).await;
    leads.amo.sandbox.drain_webhooks().await;
    let report = leads.amo.open(&leads.amo.url(AGENCY, "/_sandbox/webhooks?account=31920194")).await.json();
    let webhook = &report["webhooks"][0];
    assert_eq!((&webhook["disabled"], &webhook["client_id"]), (&json!(false), &json!("sandbox")));
    let delivery = &report["deliveries"][0];
    assert_eq!((&delivery["number"], &delivery["state"]), (&json!(1), &json!("delivered")));
    assert_eq!(delivery["attempts"][0]["answer"], json!({"status": 200}));
    let body = delivery["body"].as_str().unwrap();
    assert!(body.starts_with("account%5Bsubdomain%5D=foryou&account%5Bid%5D=31920194&account%5B_links%5D"), "{body}");
    assert!(body.contains(&format!("&leads%5Badd%5D%5B0%5D%5Bid%5D={id}&")), "{body}");
    for (method, path, body, field) in [
        ("PATCH", "/webhooks", json!({"account": 31_920_194, "disabled": false}), "destination"),
        ("PATCH", "/webhooks", json!({"account": 31_920_194, "destination": "x"}), "disabled"),
        ("PATCH", "/webhooks", json!({"account": 31_920_194, "destination": "x", "disabled": true}), "destination"),
        ("PATCH", "/webhooks", json!({"account": 1, "destination": "x", "disabled": true}), "account"),
        ("GET", "/webhooks", json!({}), "account"),
        ("GET", "/webhooks?account=1", json!({}), "account"),
        ("POST", "/webhooks/drain", json!({"timeout_s": 601}), "timeout_s"),
        ("POST", "/webhooks/drain", json!({"account": 31_920_194}), "account"),
        ("PATCH", "/faults", json!({"webhook_timeout_ms": 0}), "webhook_timeout_ms"),
        ("PATCH", "/faults", json!({"webhook_timeout_status": 500}), "webhook_timeout_status"),
    ] {
        let refused = leads.amo.control(method, path, body.clone()).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (400, &json!(field)), "{path} {body}");
    }
}
