//! Leads and pipelines over HTTP: every field, every lead, and no call too many.

#![expect(clippy::unwrap_used, reason = "an answer without what is looked for fails the test")]

use amo_connect_contract::{FakeAccount, FakeAmo, fixtures};
use amo_connect_domain::lead::{AmoLead, MOST_STAGES, Pipeline, Stage};
use amo_connect_sandbox::{Faults, Options, Switches};
use amo_connect_tests::{ACCOUNT, Answer, RIVAL, TestApp, World, jwt};
use futures_util::future::{join_all, select};
use serde_json::{Value, json};

/// *Empty*: an account with nothing in it.
const EMPTY: u64 = 40_000_002;

/// A service that is connected to *For You* as olena, with no limits of calls.
async fn world(leads: usize) -> World {
    let switches = Switches { rate_limit: 0, account_rate_limit: 0, ..Switches::default() };
    let mut world = World::without_service_over(Options { leads, switches, ..Options::default() }).await;
    world.settings.amo_rate_limit = Some("1000".to_owned());
    world.settings.user_rate = Some("0".to_owned());
    world.settings.address_rate = Some("0".to_owned());
    world.start_service().await;
    world.connect("olena", ACCOUNT).await;
    world
}

/// amoCRM itself, past the service.
struct Amo<'a> {
    world: &'a World,
    host: String,
    token: String,
}

impl<'a> Amo<'a> {
    async fn of(world: &'a World) -> Self {
        let (code, host) = world.code(ACCOUNT);
        let body = json!({
            "client_id": "sandbox", "client_secret": "sandbox-secret", "grant_type": "authorization_code",
            "code": code, "redirect_uri": world.settings.amo_redirect_uri,
        });
        let pair = world.http().post(format!("http://{host}/oauth2/access_token")).json(&body);
        let token = Answer::to(pair).await.json()["access_token"].as_str().unwrap().to_owned();
        Self { world, host, token }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.world.http().get(format!("http://{}/api/v4{path}", self.host)).bearer_auth(&self.token);
        Answer::to(request).await.json()
    }
}

/// How many calls of the API `work` costs.
async fn calls<T>(world: &World, work: impl Future<Output = T>) -> (T, u64) {
    let before = world.sandbox.stats().api_requests;
    let done = work.await;
    (done, world.sandbox.stats().api_requests - before)
}

fn ids(page: &Value) -> Vec<u64> {
    page["data"].as_array().unwrap().iter().map(|lead| lead["amoLeadId"].as_u64().unwrap()).collect()
}

/// What the service has to make of amoCRM's `lead`, but for `status` and the guest.
fn expected(lead: &Value) -> Value {
    let time = |name: &str| jiff::Timestamp::from_second(lead[name].as_i64().unwrap()).unwrap().to_string();
    json!({
        "id": lead["id"].to_string(), "amoLeadId": lead["id"], "name": lead["name"], "price": lead["price"],
        "pipelineId": lead["pipeline_id"], "stageId": lead["status_id"],
        "responsibleUserId": lead["responsible_user_id"],
        "createdAt": time("created_at"), "updatedAt": time("updated_at"),
    })
}

fn field(contact: &Value, code: &str) -> Value {
    let fields = contact["custom_fields_values"].as_array().into_iter().flatten();
    fields.filter(|field| field["field_code"] == code).map(|field| field["values"][0]["value"].clone()).next().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_has_every_field_as_amocrm_has_it_in_a_list_and_alone() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let listed = world.get("olena", "/leads?limit=250").await.json();
    let truth = amo.get("/leads?limit=250&with=contacts").await;
    let (mut guests, mut strangers) = (0, 0);
    for (ours, theirs) in listed["data"].as_array().unwrap().iter().zip(truth["_embedded"]["leads"].as_array().unwrap())
    {
        let guest = match theirs["_embedded"]["contacts"][0]["id"].as_u64() {
            Some(id) if guests < 20 => amo.get(&format!("/contacts/{id}")).await,
            Some(_) => continue,
            None => Value::Null,
        };
        if guest.is_null() {
            strangers += 1;
        } else {
            guests += 1;
        }
        let mut expected = expected(theirs);
        expected["guestName"] = guest["name"].clone();
        expected["guestPhone"] = field(&guest, "PHONE");
        expected["guestEmail"] = field(&guest, "EMAIL");
        expected["status"] = ours["status"].clone();
        assert_eq!(*ours, expected);
        let alone = world.get("olena", &format!("/leads/{}", theirs["id"])).await.json();
        assert_eq!(alone, json!({ "success": true, "data": ours }));
    }
    assert!(guests == 20 && strangers > 0, "{guests} with a guest, {strangers} without");
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_and_stages_have_every_field_and_say_what_a_leads_status_is() {
    let world = world(630).await;
    let truth = Amo::of(&world).await.get("/leads/pipelines").await;
    let listed = world.get("olena", "/pipelines").await.json();
    assert_eq!((&listed["success"], &listed["count"]), (&json!(true), &json!(2)));
    let mut status_of = std::collections::HashMap::new();
    for (ours, theirs) in
        listed["data"].as_array().unwrap().iter().zip(truth["_embedded"]["pipelines"].as_array().unwrap())
    {
        let stages: Vec<Value> = theirs["_embedded"]["statuses"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(place, stage)| {
                let status = match (stage["id"].as_u64().unwrap(), place) {
                    (142 | 143, _) => "CLOSED",
                    (_, 0 | 1) => "NEW",
                    _ => "IN_PROGRESS",
                };
                status_of.insert((theirs["id"].as_u64(), stage["id"].as_u64()), status);
                json!({
                    "id": stage["id"], "pipelineId": theirs["id"], "name": stage["name"], "sort": stage["sort"],
                    "isEditable": stage["is_editable"], "color": stage["color"], "type": stage["type"],
                    "mappedStatus": status,
                })
            })
            .collect();
        let expected = json!({
            "id": theirs["id"], "name": theirs["name"], "sort": theirs["sort"], "isMain": theirs["is_main"],
            "isUnsortedOn": theirs["is_unsorted_on"], "stages": stages,
        });
        assert_eq!(*ours, expected);
        let alone = world.get("olena", &format!("/pipelines/{}/stages", theirs["id"])).await.json();
        assert_eq!(alone, json!({ "success": true, "data": stages, "count": stages.len() }));
    }
    for status in ["NEW", "IN_PROGRESS", "CLOSED"] {
        let leads = world.get("olena", &format!("/leads?limit=250&status={status}")).await.data();
        assert!(!leads.as_array().unwrap().is_empty());
        for lead in leads.as_array().unwrap() {
            assert_eq!(lead["status"], status, "{lead}");
            assert_eq!(status_of[&(lead["pipelineId"].as_u64(), lead["stageId"].as_u64())], status, "{lead}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_leads_page_through_in_order_with_none_missing_and_none_foreign() {
    let world = world(10_000).await;
    let amo = Amo::of(&world).await;
    let (mut ours, mut theirs, mut page) = (Vec::new(), Vec::new(), 0);
    loop {
        page += 1;
        let (answer, cost) = calls(&world, world.get("olena", &format!("/leads?limit=250&page={page}"))).await;
        assert!(cost <= if page == 1 { 3 } else { 2 }, "page {page} cost {cost} calls");
        let answer = answer.json();
        ours.extend(ids(&answer));
        let truth = amo.get(&format!("/leads?limit=250&page={page}")).await;
        theirs.extend(truth["_embedded"]["leads"].as_array().unwrap().iter().map(|lead| lead["id"].as_u64().unwrap()));
        assert_eq!((&answer["page"], &answer["limit"]), (&json!(page), &json!(250)));
        if answer["hasMore"] == false {
            break;
        }
    }
    assert_eq!((page, ours.len()), (40, 10_000));
    assert_eq!(ours, theirs);
    let beyond = world.get("olena", "/leads?limit=250&page=41").await.json();
    assert_eq!((&beyond["data"], &beyond["hasMore"]), (&json!([]), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_costs_three_calls_cold_two_with_the_pipelines_and_one_with_the_contacts_too() {
    let world = world(630).await;
    for (path, cost) in [("/leads?page=1", 3), ("/leads?page=2", 2), ("/leads?page=1", 1), ("/pipelines", 0)] {
        let (answer, calls) = calls(&world, world.get("olena", path)).await;
        assert_eq!((answer.status, calls), (200, cost), "{path}");
    }
    let id = ids(&world.get("olena", "/leads?page=2").await.json())[0];
    let (_, cost) = calls(&world, world.get("olena", &format!("/leads/{id}"))).await;
    assert_eq!(cost, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_equal_requests_at_once_cost_one_set_of_calls() {
    let world = world(630).await;
    world.sandbox.set_faults(Faults { latency_ms: 500, ..Faults::default() }).unwrap();
    let eight = join_all((0..8).map(|_| world.get("olena", "/leads?limit=20")));
    let (answers, cost) = calls(&world, eight).await;
    assert_eq!(cost, 3);
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == answers[0].text));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_read_outlives_the_right_to_it() {
    let world = world(630).await;
    let paths = ["/leads".to_owned(), "/pipelines".to_owned()];
    let hers = world.get("olena", "/leads").await.json();
    let (id, pipeline) = (ids(&hers)[0], hers["data"][0]["pipelineId"].clone());
    let paths = [paths.as_slice(), &[format!("/leads/{id}"), format!("/pipelines/{pipeline}/stages")]].concat();
    let refused = async |user: &str| {
        for path in &paths {
            let (answer, cost) = calls(&world, world.get(user, path)).await;
            assert_eq!((answer.problem(), cost), ((409, "not_connected".to_owned()), 0), "{path}");
        }
    };
    refused("ivan").await;
    // Another user of the same account reads it for themselves.
    world.connect("ivan", ACCOUNT).await;
    assert_eq!(calls(&world, world.get("ivan", "/leads")).await.1, 3);

    world.post("olena", "/disconnect", json!({})).await;
    refused("olena").await;
    world.connect("olena", RIVAL).await;
    let (theirs, cost) = calls(&world, world.get("olena", "/leads")).await;
    assert_eq!(cost, 3);
    assert!(ids(&theirs.json()).iter().all(|lead| !ids(&hers).contains(lead)));
    for path in &paths[2..] {
        assert_eq!(world.get("olena", path).await.problem().0, 404, "{path}");
    }
    // A re-connect without a disconnect between.
    world.connect("olena", ACCOUNT).await;
    let (again, cost) = calls(&world, world.get("olena", "/leads")).await;
    assert_eq!((again.json(), cost), (hers, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_has_not_changed_is_not_sent_again() {
    let world = world(630).await;
    let first = world.get("olena", "/leads?limit=1").await.json();
    let (id, pipeline) = (ids(&first)[0], &first["data"][0]["pipelineId"]);
    let paths = ["/leads", &format!("/leads/{id}"), "/pipelines", &format!("/pipelines/{pipeline}/stages")];
    for path in paths {
        let whole = world.get("olena", path).await;
        let tag = whole.header("etag").to_owned();
        assert_eq!((whole.status, whole.header("cache-control")), (200, "private, no-cache"), "{path}");
        for (known, status) in [(tag.clone(), 304), (format!("\"x\", W/{tag}"), 304), ("\"x\"".to_owned(), 200)] {
            let request = world.http().get(world.url(path)).bearer_auth(jwt("olena")).header("if-none-match", &known);
            let answer = Answer::to(request).await;
            assert_eq!((answer.status, answer.text.is_empty()), (status, status == 304), "{path}, {known}");
            assert_eq!(answer.header("etag"), tag, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_with_200_kb_of_custom_fields_is_a_lead_like_any_other() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let second = amo.get("/leads?limit=250&page=2").await;
    let leads = second["_embedded"]["leads"].as_array().unwrap();
    let heavy = leads.iter().find(|lead| lead["custom_fields_values"].to_string().len() > 200_000).unwrap();
    let answer = world.get("olena", &format!("/leads/{}", heavy["id"])).await;
    assert_eq!(answer.data()["name"], heavy["name"]);
    assert!(answer.text.len() < 2_000, "{}", answer.text.len());
    let page = world.get("olena", "/leads?limit=250&page=2").await;
    assert!(ids(&page.json()).contains(&heavy["id"].as_u64().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_account_has_no_leads_and_that_is_no_error() {
    let world = world(630).await;
    world.connect("sam", EMPTY).await;
    let answer = world.get("sam", "/leads").await.json();
    assert_eq!(answer, json!({ "success": true, "data": [], "page": 1, "limit": 50, "hasMore": false }));
    assert_eq!(world.get("sam", "/pipelines").await.status, 200);
    assert_eq!(world.get("sam", "/leads/1").await.problem(), (404, "lead_not_found".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_an_unknown_and_a_foreign_lead_are_not_found() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let deleted = amo.get("/leads?with=only_deleted").await["_embedded"]["leads"][0]["id"].as_u64().unwrap();
    assert_eq!(amo.get(&format!("/leads/{deleted}")).await["is_deleted"], true);
    world.connect("ivan", RIVAL).await;
    let foreign = ids(&world.get("ivan", "/leads").await.json())[0];
    for id in [deleted, foreign, 1, u64::MAX] {
        assert_eq!(world.get("olena", &format!("/leads/{id}")).await.problem(), (404, "lead_not_found".to_owned()));
    }
    for page in 1..=3 {
        assert!(!ids(&world.get("olena", &format!("/leads?limit=250&page={page}")).await.json()).contains(&deleted));
    }
    let stages = world.get("olena", "/pipelines/1/stages").await;
    assert_eq!(stages.problem(), (404, "pipeline_not_found".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_named_and_costs_no_call() {
    let world = world(630).await;
    let bad = [
        ("/leads?page=0", "page"),
        ("/leads?limit=251", "limit"),
        ("/leads?status=WON", "status"),
        ("/leads?pipelineId=x", "pipelineId"),
        ("/leads?stageId=-1", "stageId"),
        ("/leads?updatedSince=yesterday", "updatedSince"),
        ("/leads?query=%00", "query"),
        ("/leads/abc", "amoLeadId"),
        ("/leads/0", "amoLeadId"),
        ("/leads/18446744073709551616", "amoLeadId"),
        ("/pipelines/abc/stages", "id"),
    ];
    for (path, field) in bad {
        let (answer, cost) = calls(&world, world.get("olena", path)).await;
        assert_eq!((answer.problem(), cost), ((400, "invalid_request".to_owned()), 0), "{path}");
        assert_eq!(answer.json()["field"], field, "{path}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(field), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_account_hears_it_within_its_budget_and_slows_nobody_else() {
    let world = world(630).await;
    world.connect("ivan", RIVAL).await;
    // Each call is within its own limit, all three are not within the budget.
    world.sandbox.set_account_faults(ACCOUNT, Faults { latency_ms: 6_000, ..Faults::default() }).unwrap();
    let begun = std::time::Instant::now();
    let hers = Box::pin(world.get("olena", "/leads"));
    let his = Box::pin(async {
        for page in 1..=10 {
            assert_eq!(world.get("ivan", &format!("/leads?limit=4&page={page}")).await.status, 200);
        }
    });
    let futures_util::future::Either::Right(((), hers)) = select(hers, his).await else {
        panic!("he waited for her account");
    };
    assert_eq!(hers.await.problem(), (504, "crm_timeout".to_owned()));
    assert!((14..18).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_down_is_a_502_and_works_again_at_once() {
    let world = world(630).await;
    let lead = format!("/leads/{}", ids(&world.get("olena", "/leads?limit=1").await.json())[0]);
    // What was read before its failing is not to answer for it.
    world.connect("olena", ACCOUNT).await;
    let failures = ["500", "\"drop\"", "\"cut\"", "\"bad_json\""];
    for failure in failures {
        let outage = serde_json::from_str(&format!("{{\"api_outage\":{failure}}}")).unwrap();
        world.sandbox.set_faults(outage).unwrap();
        for path in ["/leads", &lead, "/pipelines", "/pipelines/1/stages"] {
            assert_eq!(
                world.get("olena", path).await.problem(),
                (502, "crm_unavailable".to_owned()),
                "{path}: {failure}"
            );
        }
    }
    world.sandbox.set_faults(Faults::default()).unwrap();
    assert_eq!(world.get("olena", "/leads").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_more_stages_than_a_request_can_name_is_sifted_here_and_no_lead_is_lost() {
    let stage = |id, sort| Stage { id, name: id.to_string(), sort, is_editable: true, color: None, kind: Some(0) };
    let pipeline = |id: u64| Pipeline {
        id,
        name: id.to_string(),
        sort: 1,
        is_main: id == 1,
        is_unsorted_on: false,
        is_archived: id == 3,
        stages: (0..40)
            .map(|place| stage(id * 1_000 + place, place.cast_signed()))
            .chain([stage(142, 9_999)])
            .collect(),
    };
    let lead = |id: u64| AmoLead {
        id,
        name: None,
        price: None,
        pipeline: Some(id % 3 + 1),
        stage: Some(if id.is_multiple_of(7) { 142 } else { (id % 3 + 1) * 1_000 + id % 40 }),
        responsible_user: None,
        created_at: None,
        updated_at: None,
        contact: None,
    };
    let pipelines: Vec<_> = (1..=3).map(pipeline).collect();
    assert!(pipelines.iter().map(|pipeline| pipeline.stages.len()).sum::<usize>() > 2 * MOST_STAGES);
    let account = FakeAccount { leads: (1..=100).map(lead).collect(), pipelines, ..FakeAccount::empty(1) };
    let amo = FakeAmo::new().with_account(&fixtures::host(1), account);
    let app = TestApp::new().amo(amo.clone()).start().await;
    app.connect_with("olena", amo.allow(&fixtures::host(1)).expose(), fixtures::host(1).as_str()).await;

    for (status, in_it) in [("NEW", 2), ("IN_PROGRESS", 84), ("CLOSED", 14)] {
        let mut found = Vec::new();
        for page in 1..=100 {
            let answer = app.get("olena", &format!("/leads?limit=10&status={status}&page={page}")).await.json();
            assert!(answer["data"].as_array().unwrap().iter().all(|lead| lead["status"] == status));
            found.extend(ids(&answer));
            if answer["hasMore"] == false {
                break;
            }
        }
        let in_order = found.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(in_order && found.len() == in_it, "{status}: {found:?}");
    }
    // Those put away are not offered, and their stages are still told.
    let listed = app.get("olena", "/pipelines").await.json();
    assert_eq!((&listed["count"], listed["data"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(app.get("olena", "/pipelines/3/stages").await.json()["count"], 41);
}
