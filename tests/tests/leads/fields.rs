//! Every field as amoCRM has it.

use amo_connect_contract::{FakeAccount, FakeAmo, fixtures};
use amo_connect_domain::crm::lead::{AmoLead, MOST_STAGES};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use amo_connect_tests::TestApp;
use serde_json::{Value, json};

use crate::steps::{Amo, ids, world};

/// What the service has to make of amoCRM's `lead`, except its `status`, the names of stage and pipeline, and the guest.
fn expected(lead: &Value) -> Value {
    let time = |name: &str| Some(jiff::Timestamp::from_second(lead[name].as_i64()?).unwrap().to_string());
    json!({
        "id": lead["id"].to_string(), "amoLeadId": lead["id"], "name": lead["name"], "price": lead["price"],
        "pipelineId": lead["pipeline_id"], "stageId": lead["status_id"],
        "responsibleUserId": lead["responsible_user_id"],
        "tags": lead["_embedded"]["tags"], "createdAt": time("created_at"), "updatedAt": time("updated_at"),
        "closedAt": time("closed_at"),
    })
}

/// What the service has to make of amoCRM's `custom_fields_values`.
fn custom_fields(lead: &Value) -> Value {
    let value =
        |value: &Value| json!({ "value": value["value"], "enumId": value["enum_id"], "enumCode": value["enum_code"] });
    let fields = lead["custom_fields_values"].as_array().into_iter().flatten().map(|field| {
        json!({
            "id": field["field_id"], "name": field["field_name"], "code": field["field_code"], "type": field["field_type"],
            "values": field["values"].as_array().unwrap().iter().map(value).collect::<Vec<_>>(),
        })
    });
    fields.collect()
}

/// The names of a lead's pipeline and stage.
fn names(pipelines: &Value, lead: &Value) -> [Value; 2] {
    let named =
        |list: &Value, id: &Value| list.as_array().unwrap().iter().find(|one| one["id"] == *id).unwrap().clone();
    let pipeline = named(&pipelines["_embedded"]["pipelines"], &lead["pipeline_id"]);
    let stage = named(&pipeline["_embedded"]["statuses"], &lead["status_id"]);
    [pipeline["name"].clone(), stage["name"].clone()]
}

fn field(contact: &Value, code: &str) -> Value {
    let fields = contact["custom_fields_values"].as_array().into_iter().flatten();
    fields.filter(|field| field["field_code"] == code).map(|field| field["values"][0]["value"].clone()).next().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_has_every_field_as_amocrm_has_it_in_a_list_and_alone() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let listed = world.get("olena", "/leads?limit=250&include=customFields").await.json();
    let truth = amo.get("/leads?limit=250&with=contacts&order[updated_at]=desc").await;
    let pipelines = amo.get("/leads/pipelines").await;
    let (mut guests, mut without_guest) = (0, 0);
    for (ours, theirs) in listed["data"].as_array().unwrap().iter().zip(truth["_embedded"]["leads"].as_array().unwrap())
    {
        let guest = match theirs["_embedded"]["contacts"][0]["id"].as_u64() {
            Some(id) if guests < 20 => amo.get(&format!("/contacts/{id}")).await,
            Some(_) => continue,
            None => Value::Null,
        };
        if guest.is_null() {
            without_guest += 1;
        } else {
            guests += 1;
        }
        let mut expected = expected(theirs);
        expected["guestName"] = guest["name"].clone();
        expected["guestPhone"] = field(&guest, "PHONE");
        expected["guestEmail"] = field(&guest, "EMAIL");
        expected["status"] = ours["status"].clone();
        [expected["pipelineName"], expected["statusName"]] = names(&pipelines, theirs);
        expected["customFields"] = custom_fields(theirs);
        assert_eq!(*ours, expected);
        let mut alone = world.get("olena", &format!("/leads/{}", theirs["id"])).await.data();
        // What a list does not have.
        for name in ["lossReason", "contacts", "missing"] {
            assert!(alone.as_object_mut().unwrap().remove(name).is_some(), "{name}");
        }
        assert_eq!(alone, *ours);
    }
    assert!(guests == 20 && without_guest > 0, "{guests} with a guest, {without_guest} without");
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
async fn a_lead_with_200_kb_of_custom_fields_is_a_lead_like_any_other() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let second = amo.get("/leads?limit=250&page=2").await;
    let leads = second["_embedded"]["leads"].as_array().unwrap();
    let heavy = leads.iter().find(|lead| lead["custom_fields_values"].to_string().len() > 200_000).unwrap();
    let answer = world.get("olena", &format!("/leads/{}", heavy["id"])).await;
    assert_eq!((&answer.data()["name"], &answer.data()["customFields"]), (&heavy["name"], &custom_fields(heavy)));
    let page = world.get("olena", "/leads?limit=250&page=2&order=id").await;
    let lead = page.json()["data"].as_array().unwrap().iter().find(|lead| lead["amoLeadId"] == heavy["id"]).cloned();
    assert!(lead.as_ref().is_some_and(|lead| lead.get("customFields").is_none()), "{lead:?}");
    assert!(page.text.len() < 300_000, "{}", page.text.len());
    let path = "/leads?limit=250&page=2&order=id&include=customFields";
    let page = world.get("olena", path).await.json();
    let lead = page["data"].as_array().unwrap().iter().find(|lead| lead["amoLeadId"] == heavy["id"]).unwrap();
    assert_eq!(lead["customFields"], custom_fields(heavy));
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_come_in_each_order_and_by_whom_and_since_when() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let theirs = async |query: &str| {
        let page = amo.get(&format!("/leads?limit=250&{query}")).await;
        let leads = page["_embedded"]["leads"].as_array().unwrap().clone();
        leads.iter().map(|lead| lead["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let ours = async |query: &str| ids(&world.get("olena", &format!("/leads?limit=250&{query}")).await.json());
    for (order, asked) in [
        ("-updatedAt", "updated_at]=desc"),
        ("updatedAt", "updated_at]=asc"),
        ("-createdAt", "created_at]=desc"),
        ("createdAt", "created_at]=asc"),
        ("-id", "id]=desc"),
        ("id", "id]=asc"),
    ] {
        assert_eq!(ours(&format!("order={order}")).await, theirs(&format!("order[{asked}")).await, "{order}");
    }
    let newest_change = ours("order=-updatedAt").await;
    assert_eq!(ours("").await, newest_change);
    assert_ne!(ours("order=id").await, newest_change);

    let all = world.get("olena", "/leads?limit=250&order=-createdAt").await.data();
    let (user, moment) = (&all[7]["responsibleUserId"], all[7]["createdAt"].as_str().unwrap());
    let of_one = world.get("olena", &format!("/leads?limit=250&responsibleUserId={user}")).await.data();
    let of_one = of_one.as_array().unwrap();
    assert!(!of_one.is_empty() && of_one.iter().all(|lead| lead["responsibleUserId"] == *user), "{of_one:?}");
    assert!(all.as_array().unwrap().iter().any(|lead| lead["responsibleUserId"] != *user), "all are one's");
    let since = world.get("olena", &format!("/leads?limit=250&order=-createdAt&createdSince={moment}")).await.data();
    let expected: Vec<_> =
        all.as_array().unwrap().iter().filter(|lead| lead["createdAt"].as_str().unwrap() >= moment).cloned().collect();
    assert_eq!((since.as_array().unwrap(), expected.len() >= 8), (&expected, true));
    assert_eq!(ours("responsibleUserId=1").await, [0_u64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_more_stages_than_a_request_can_name_is_sifted_here_and_no_lead_is_lost() {
    let stage = |id, sort| {
        let kind = if id == 142 { StageKind::Won } else { StageKind::Open };
        Stage { sort, ..fixtures::stage(id, kind) }
    };
    let pipeline = |id: u64| {
        let open = (0..40).map(|place| stage(id * 1_000 + place, place.cast_signed()));
        let stages = open.chain([stage(142, 9_999)]).collect();
        Pipeline { is_main: id == 1, is_archived: id == 3, ..fixtures::pipeline(id, stages) }
    };
    let lead = |id: u64| AmoLead {
        pipeline: Some(id % 3 + 1),
        stage: Some(if id.is_multiple_of(7) { 142 } else { (id % 3 + 1) * 1_000 + id % 40 }),
        is_closed: id.is_multiple_of(7),
        ..AmoLead::numbered(id)
    };
    let pipelines: Vec<_> = (1..=3).map(pipeline).collect();
    assert!(pipelines.iter().map(|pipeline| pipeline.stages.len()).sum::<usize>() > 2 * MOST_STAGES);
    let account = FakeAccount { leads: (1..=100).map(lead).collect(), pipelines, ..FakeAccount::empty(1) };
    let amo = FakeAmo::new().with_account(&fixtures::host(1), account);
    let app = TestApp::new().amo(amo.clone()).start().await;
    app.connect("olena", &amo, 1).await;

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

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_in_a_stage_that_is_not_listed_is_in_progress_and_no_filter_finds_it() {
    let pipeline = fixtures::pipeline(1, [10, 11].map(|id| fixtures::stage(id, StageKind::Open)).into());
    let lead = |id, stage| AmoLead { pipeline: Some(1), stage: Some(stage), ..AmoLead::numbered(id) };
    let account =
        FakeAccount { leads: vec![lead(1, 11), lead(2, 99)], pipelines: vec![pipeline], ..FakeAccount::empty(1) };
    let amo = FakeAmo::new().with_account(&fixtures::host(1), account);
    let app = TestApp::new().amo(amo.clone()).start().await;
    app.connect("olena", &amo, 1).await;

    let listed = app.get("olena", "/leads").await.json();
    assert_eq!((&listed["data"][1]["status"], ids(&listed)), (&json!("IN_PROGRESS"), vec![1, 2]));
    for (filter, found) in [("status=IN_PROGRESS", vec![1]), ("stageId=99", vec![]), ("pipelineId=1", vec![1, 2])] {
        assert_eq!(ids(&app.get("olena", &format!("/leads?{filter}")).await.json()), found, "{filter}");
    }
}
