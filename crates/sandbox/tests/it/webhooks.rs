//! Subscriptions to webhooks, as `/api/v4/webhooks` takes and lists them.

use amo_connect_sandbox::{Options, WebhookPlan, WebhooksOfDisabled};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::errors,
    support::{AGENCY, Amo, Answer, ids, unlimited},
};

/// A destination that nobody listens at.
const DESTINATION: &str = "http://127.0.0.1:1/hook";

impl Leads {
    pub(crate) async fn subscribe(&self, destination: &str, settings: &[&str]) -> Value {
        let body = json!({"destination": destination, "settings": settings});
        let answer = self.send(Method::POST, "webhooks", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    async fn post_webhook(&self, body: Value) -> Answer {
        self.send(Method::POST, "webhooks", &body).await
    }

    async fn delete_webhook(&self, destination: &str) -> Answer {
        self.send(Method::DELETE, "webhooks", &json!({"destination": destination})).await
    }

    pub(crate) async fn webhooks(&self) -> Answer {
        self.amo.get(AGENCY, "/api/v4/webhooks", &self.token).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_subscribed_changed_listed_and_ended() {
    let leads = Leads::start().await;
    assert_eq!(leads.webhooks().await.status, 204);
    let made = leads.subscribe(DESTINATION, &["add_lead", "status_lead", "add_lead"]).await;
    let now = leads.amo.sandbox.clock().now;
    assert!(made["created_at"].as_u64().unwrap().abs_diff(now) < 60);
    let expected = json!({
        "id": 900_001, "destination": DESTINATION, "created_at": made["created_at"], "updated_at": made["created_at"],
        "account_id": 31_920_194, "created_by": 10_110_001, "sort": 1, "disabled": false,
        "settings": ["add_lead", "status_lead"],
    });
    assert_eq!(made, expected);
    leads.amo.sandbox.freeze_clock(true);
    leads.amo.control("POST", "/clock", json!({"advance_s": 100})).await;
    let changed = leads.subscribe(DESTINATION, &["note_company"]).await;
    assert_eq!((&changed["id"], &changed["settings"]), (&made["id"], &json!(["note_company"])));
    assert!(changed["updated_at"].as_u64() > made["created_at"].as_u64());
    let other = leads.subscribe("http://127.0.0.1:1/other", &["update_task"]).await;
    assert_eq!((&other["id"], &other["sort"]), (&json!(900_002), &json!(2)));

    let list = leads.webhooks().await;
    assert_eq!(list.content_type, "application/hal+json");
    let list = list.json();
    assert_eq!((&list["_total_items"], &list["_embedded"]["webhooks"]), (&json!(2), &json!([changed, other])));
    let filtered = leads.amo.get(AGENCY, "/api/v4/webhooks?filter[destination]=http://127.0.0.1:1/other", &leads.token);
    assert_eq!(ids(&filtered.await.json(), "webhooks"), [900_002]);

    assert_eq!(leads.delete_webhook("http://127.0.0.1:1/").await.status, 404);
    assert_eq!(leads.delete_webhook(DESTINATION).await.status, 204);
    assert_eq!(leads.delete_webhook(DESTINATION).await.status, 404);
    assert_eq!(ids(&leads.webhooks().await.json(), "webhooks"), [900_002]);
    leads.delete_webhook("http://127.0.0.1:1/other").await;
    let third = leads.subscribe(DESTINATION, &["add_lead"]).await;
    assert_eq!(third["id"], 900_003, "no two webhooks have one number");
    leads.amo.switch(|switches| switches.webhook_created = 200);
    assert_eq!(leads.post_webhook(json!({"destination": DESTINATION, "settings": ["add_lead"]})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_cannot_be_as_it_is_is_refused_by_name() {
    let leads = Leads::start().await;
    let error = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    for (body, expected) in [
        (json!({"settings": ["add_lead"]}), vec![error("FieldMissing", "destination")]),
        (json!({"destination": DESTINATION}), vec![error("FieldMissing", "settings")]),
        (json!({"destination": DESTINATION, "settings": []}), vec![error("IsBlank", "settings")]),
        (json!({"destination": 5, "settings": "add_lead"}), {
            vec![error("InvalidType", "destination"), error("InvalidType", "settings")]
        }),
        (json!({"destination": "nowhere", "settings": ["add_lead", "add_leed", 5, "add_note_lead"]}), {
            vec![
                error("InvalidUrl", "destination"),
                error("NotSupportedChoice", "settings.1"),
                error("InvalidType", "settings.2"),
                error("NotSupportedChoice", "settings.3"),
            ]
        }),
        (json!({"destination": "http://хук.example/", "settings": ["add_lead"]}), {
            vec![error("InvalidUrl", "destination")]
        }),
    ] {
        assert_eq!(errors(&leads.post_webhook(body.clone()).await), [("0".to_owned(), expected)], "{body}");
    }
    assert_eq!(leads.post_webhook(json!([])).await.status, 400);
    assert_eq!(leads.post_webhook(json!({})).await.status, 400);
    assert_eq!(leads.webhooks().await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_is_not_loopback_is_refused_unless_the_sandbox_may_send_there() {
    let leads = Leads::start().await;
    let body = json!({"destination": "http://192.0.2.7/hook", "settings": ["add_lead"]});
    let refused = leads.post_webhook(body.clone()).await;
    assert_eq!(errors(&refused), [("0".to_owned(), vec![("InvalidUrl".to_owned(), "destination".to_owned())])]);
    assert!(refused.body.contains("`--i-know-this-is-not-amocrm`"), "{refused:?}");
    let open = Leads::with(Options { allow_non_loopback: true, ..unlimited() }).await;
    assert_eq!(open.post_webhook(body).await.status, 201);
    let unknown = json!({"destination": "http://no-such-name.invalid/", "settings": ["add_lead"]});
    assert_eq!(open.post_webhook(unknown.clone()).await.status, 201);
    open.amo.switch(|switches| switches.webhook_dns = true);
    let unknown = open.post_webhook(unknown).await;
    assert!(unknown.status == 400 && unknown.body.contains("\"Invalid URL\""), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_at_most_a_hundred_webhooks() {
    let leads = Leads::start().await;
    for number in 0..100 {
        leads.subscribe(&format!("http://127.0.0.1:1/{number}"), &["add_lead"]).await;
    }
    let over = leads.post_webhook(json!({"destination": DESTINATION, "settings": ["add_lead"]})).await;
    assert_eq!((over.status.as_u16(), over.json()["status"].as_u64()), (422, Some(422)));
    leads.subscribe("http://127.0.0.1:1/7", &["update_lead"]).await;
    assert_eq!(leads.webhooks().await.json()["_total_items"], 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_for_administrators_and_by_a_switch_for_plans() {
    let leads = Leads::start().await;
    leads.subscribe(DESTINATION, &["add_lead"]).await;
    let code = leads.amo.sandbox.issue_code_for(AGENCY, 10_110_002, "sandbox").unwrap().code;
    let token = leads.amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair().access;
    let agent = Leads { token, amo: leads.amo };
    let body = json!({"destination": DESTINATION, "settings": ["add_lead"]});
    for status in [403, 401] {
        agent.amo.switch(|switches| switches.webhooks_of_user = status);
        assert_eq!(agent.webhooks().await.status, status);
        assert_eq!(agent.post_webhook(body.clone()).await.status, status);
        assert_eq!(agent.delete_webhook(DESTINATION).await.status, 403);
    }
    let admin = Leads { token: agent.amo.connect(AGENCY).await.access, amo: agent.amo };
    for (plan, status) in
        [(WebhookPlan::PaymentRequired, 402), (WebhookPlan::Forbidden, 403), (WebhookPlan::Included, 201)]
    {
        admin.amo.switch(|switches| switches.webhook_plan = plan);
        assert_eq!(admin.post_webhook(body.clone()).await.status, status);
    }
    assert_eq!(admin.webhooks().await.json()["_total_items"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhooks_of_a_disabled_integration_stay_or_by_a_switch_go() {
    for (switch, status) in [(WebhooksOfDisabled::Kept, 200), (WebhooksOfDisabled::Deleted, 204)] {
        let leads = Leads::start().await;
        leads.amo.switch(|switches| switches.webhooks_of_disabled = switch);
        leads.subscribe(DESTINATION, &["add_lead"]).await;
        leads.amo.sandbox.disable(AGENCY).await.unwrap();
        let again = Leads { token: leads.amo.connect(AGENCY).await.access, amo: leads.amo };
        assert_eq!(again.webhooks().await.status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_all_subscriptions() {
    let leads = Leads::start().await;
    leads.subscribe(DESTINATION, &["add_lead"]).await;
    leads.amo.sandbox.reset().unwrap();
    let again = Leads { token: leads.amo.connect(AGENCY).await.access, amo: leads.amo };
    assert_eq!(again.webhooks().await.status, 204);
    assert_eq!(again.subscribe(DESTINATION, &["add_lead"]).await["id"], 900_001);
}
