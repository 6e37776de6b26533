//! Who a user is in amoCRM, and whose leads are their own.

use std::time::Duration;

use amo_connect_contract::fixtures::host;
use amo_connect_contract::{Asked, FakeAccount, FakeAmo, Reply};
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::lead::AmoLead;
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::crm::task::Task;
use amo_connect_domain::ids::AccountId;
use serde_json::{Value, json};

use crate::{connected, problem, refreshes};

/// An agency whose token is the first of its two users'; each has a lead and a task.
fn agency() -> FakeAmo {
    let text = |text: &str| Some(text.to_owned());
    let lead = |id, user| AmoLead { responsible_user: Some(user), ..AmoLead::numbered(id) };
    let task = |id, user| Task { responsible_user: Some(user), lead: Some(1), ..Task::numbered(id) };
    let olena = User { name: text("Olena"), email: text("o@example.com"), is_active: true, is_admin: true, id: 7 };
    let account = FakeAccount {
        name: text("For You"),
        currency: text("USD"),
        user: Some(7),
        users: vec![olena, User { name: text("Taras"), ..User::numbered(8) }],
        leads: vec![lead(1, 7), lead(2, 8)],
        tasks: vec![task(41, 7), task(42, 8)],
        ..FakeAccount::empty(1)
    };
    FakeAmo::new().with_account(&host(1), account)
}

fn asked_for_the_account(amo: &FakeAmo) -> usize {
    amo.asked().iter().filter(|asked| matches!(asked, Asked::Account { .. })).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_who_they_are_and_everybody_else() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    let me = json!({
        "accountId": "1", "accountName": "For You", "currency": "USD", "userId": 7, "userName": "Olena", "isAdmin": true,
    });
    assert_eq!(app.get("olena", "/me").await.data(), me);
    let users = json!([
        { "id": 7, "name": "Olena", "email": "o@example.com", "isActive": true },
        { "id": 8, "name": "Taras", "email": null, "isActive": false },
    ]);
    let asked = amo.asked().len();
    assert_eq!(app.get("olena", "/users").await.json(), json!({ "success": true, "data": users, "count": 2 }));
    assert_eq!(amo.asked().len(), asked, "they are known for a minute");
    for path in ["/me", "/users"] {
        assert_eq!(app.get("olena", path).await.header("cache-control"), "private, no-cache", "{path}");
        assert_eq!(app.get("ivan", path).await.problem(), (409, "not_connected"), "{path}");
        assert_eq!(app.get("olena", &format!("{path}?page=1")).await.problem(), (400, "invalid_request"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_user_sees_themselves_and_may_not_list_the_others() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    amo.answer_each([
        Reply::AccountCard(AmoAccount { user: Some(8), ..AmoAccount::numbered(AccountId(1)) }),
        Reply::Forbidden,
    ]);
    let me = app.get("olena", "/me").await.data();
    assert_eq!((&me["userId"], &me["userName"], &me["isAdmin"]), (&json!(8), &json!(null), &json!(false)));
    amo.answer_next(Reply::Forbidden);
    assert_eq!(app.get("olena", "/users").await.problem(), (403, "forbidden"));
    assert_eq!((problem(&app).await, refreshes(&amo)), (json!(null), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_read_to_the_last_page() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    let page =
        |ids: std::ops::Range<u64>, has_more| Reply::Users(Page { items: ids.map(User::numbered).collect(), has_more });
    amo.answer_each([page(1..251, true), page(251..301, false)]);
    assert_eq!(app.get("olena", "/users").await.json()["count"], 300);
    let pages: Vec<_> = amo
        .asked()
        .into_iter()
        .filter_map(|asked| if let Asked::Users { page, .. } = asked { Some((page.page, page.limit)) } else { None })
        .collect();
    assert_eq!(pages, [(1, 250), (2, 250)]);
    app.clock().advance(Duration::from_mins(1));
    amo.answer_each([page(1..251, true), Reply::Fails(500)]);
    assert_eq!(app.get("olena", "/users").await.problem(), (502, "crm_unavailable"), "half of them are not all");
}

#[tokio::test(flavor = "multi_thread")]
async fn me_is_the_user_who_connected() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    let before = asked_for_the_account(&amo);
    let ids = |list: Value, name: &str| {
        list["data"].as_array().unwrap().iter().map(|one| one[name].clone()).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        let leads = app.get("olena", "/leads?responsibleUserId=me").await.json();
        assert_eq!(ids(leads, "amoLeadId"), [1]);
        let tasks = app.get("olena", "/tasks?responsibleUserId=me").await.json();
        assert_eq!(ids(tasks, "id"), [41]);
    }
    assert_eq!(ids(app.get("olena", "/leads?responsibleUserId=8").await.json(), "amoLeadId"), [2]);
    assert_eq!(asked_for_the_account(&amo) - before, 1);
    // Another connection is perhaps another user's.
    app.connect("olena", &amo, 1).await;
    let before = asked_for_the_account(&amo);
    amo.answer_next(Reply::AccountCard(AmoAccount { user: Some(8), ..AmoAccount::numbered(AccountId(1)) }));
    assert_eq!(app.get("olena", "/me").await.data()["userName"], "Taras");
    assert_eq!(ids(app.get("olena", "/tasks?responsibleUserId=me").await.json(), "id"), [42]);
    assert_eq!(asked_for_the_account(&amo) - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_user_of_the_token_nobodys_leads_are_shown_as_ones_own() {
    let amo = FakeAmo::new()
        .with_account(&host(1), FakeAccount { leads: vec![AmoLead::numbered(1)], ..FakeAccount::empty(1) });
    let (app, _store) = connected(&amo).await;
    for path in ["/leads?responsibleUserId=me", "/tasks?responsibleUserId=me"] {
        assert_eq!(app.get("olena", path).await.problem(), (502, "crm_unavailable"), "{path}");
    }
}
