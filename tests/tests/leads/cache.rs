//! What is cached, here and in the app, and for how long.

use amo_connect_sandbox::Faults;
use amo_connect_tests::{ACCOUNT, Answer, RIVAL, jwt, until};
use serde_json::json;

use crate::steps::{calls, ids, world};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_read_outlives_the_right_to_it() {
    let world = world(630).await;
    let paths = ["/leads".to_owned(), "/pipelines".to_owned()];
    let hers = world.get("olena", "/leads").await.json();
    let (id, pipeline) = (ids(&hers)[0], hers["data"][0]["pipelineId"].clone());
    let of_lead = [format!("/leads/{id}"), format!("/pipelines/{pipeline}/stages")];
    let others = ["notes", "tasks", "events"].map(|list| format!("/leads/{id}/{list}"));
    let paths = [paths.as_slice(), &of_lead, &others, &["/tasks".to_owned()]].concat();
    let refused = async |user: &str| {
        for path in &paths {
            let (answer, cost) = calls(&world, world.get(user, path)).await;
            assert_eq!(answer.problem(), (409, "not_connected"), "{path}");
            assert_eq!(cost, 0, "{path}");
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
    for path in &paths[2..4] {
        assert_eq!(world.get("olena", path).await.status, 404, "{path}");
    }
    for path in &paths[4..7] {
        assert_eq!(world.get("olena", path).await.data(), json!([]), "{path}");
    }
    // A re-connect without a disconnect between.
    world.connect("olena", ACCOUNT).await;
    let (again, cost) = calls(&world, world.get("olena", "/leads")).await;
    assert_eq!((again.json(), cost), (hers, 3));
}

/// Begun before the disconnect, at this instance and at another, a page is shown to nobody; and this
/// one sends no more with the wiped token.
#[tokio::test(flavor = "multi_thread")]
async fn a_disconnect_wins_over_a_page_that_is_being_read() {
    let world = world(630).await;
    let elsewhere = world.another_instance().await;
    assert_eq!(elsewhere.get("olena", "/pipelines").await.status, 200);
    assert_eq!(world.get("olena", "/pipelines").await.status, 200);
    world.sandbox.set_faults(Faults { latency_ms: 1_000, ..Faults::default() }).unwrap();
    let before = world.sandbox.stats().api_requests;
    let disconnect = async {
        until("both pages are being read", async || world.sandbox.stats().api_requests == before + 2).await;
        world.post("olena", "/disconnect", json!({})).await
    };
    let pages = ["/leads?page=2", "/leads?page=3"];
    let (here, there, ended) = tokio::join!(world.get("olena", pages[0]), elsewhere.get("olena", pages[1]), disconnect);
    assert_eq!(ended.status, 200);
    for answer in [here, there] {
        assert_eq!(answer.problem(), (409, "not_connected"));
    }
    // The other one's contacts; ours were not asked for.
    assert!(world.sandbox.stats().api_requests <= before + 3);
    elsewhere.stop().await;
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
        let weak = format!("W/{tag}");
        let listed = format!("\"x\", {weak}");
        let all_known: [(&[&str], u16); 8] = [
            (&[&tag], 304),
            (&[&listed], 304),
            (&["\"x\"", &tag], 304),
            (&["\"x\"", "\"y\"", &listed], 304),
            (&["*"], 304),
            (&["\"x\"", "\"y\""], 200),
            (&[tag.trim_matches('"')], 200),
            (&[], 200),
        ];
        for (known, status) in all_known {
            let request = world.http().get(world.url(path)).bearer_auth(jwt("olena"));
            let answer =
                Answer::to(known.iter().fold(request, |request, tag| request.header("if-none-match", *tag))).await;
            assert_eq!((answer.status, answer.text.is_empty()), (status, status == 304), "{path}, {known:?}");
            assert_eq!(answer.header("etag"), tag, "{path}");
        }
    }
}
