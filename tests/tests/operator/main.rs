//! `connections list|show|refresh|disconnect`, as processes beside a service that runs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod backoff;
mod refresh;
mod trials;

use amo_connect_tests::{ACCOUNT, Process, RIVAL, World, start};
use serde_json::{Value, json};

/// Runs `connections …` on the world's database: exit code, standard output, standard error.
async fn connections(world: &World, arguments: &[&str]) -> (Option<i32>, String, String) {
    run(world, &[&["connections"], arguments].concat()).await
}

async fn run(world: &World, arguments: &[&str]) -> (Option<i32>, String, String) {
    begin(world, arguments).ended().await
}

fn begin(world: &World, arguments: &[&str]) -> Process {
    start(arguments, &world.settings, &[], &world.folder())
}

async fn json_of(world: &World, arguments: &[&str]) -> Value {
    let (code, output, complaint) = connections(world, arguments).await;
    assert_eq!(code, Some(0), "{complaint}");
    serde_json::from_str(&output).unwrap_or_else(|_| panic!("not JSON: {output}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn everybodys_connection_is_listed_as_status_tells_it() {
    let world = World::start().await;
    assert_eq!(json_of(&world, &["list", "--json"]).await, json!([]));
    world.connect("olena", ACCOUNT).await;
    world.connect("ivan", RIVAL).await;
    world.post("ivan", "/disconnect", json!({})).await.json();
    let listed = json_of(&world, &["list", "--json"]).await;
    let users: Vec<_> =
        listed.as_array().unwrap().iter().map(|row| (row["user"].as_str(), row["state"].as_str())).collect();
    assert_eq!(users, [(Some("ivan"), Some("not_connected")), (Some("olena"), Some("connected"))]);
    let status = world.get("olena", "/status").await.data();
    for name in ["state", "domain", "accountId", "problem", "connectedAt", "lastRefreshedAt"] {
        assert_eq!(listed[1][name], status[name], "{name}");
    }
    let (code, table, _) = connections(&world, &["list"]).await;
    assert_eq!((code, table.lines().count()), (Some(0), 3), "{table}");
    assert!(table.starts_with("user   state"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn show_tells_a_connections_story_and_no_token() {
    let world = World::connected().await;
    world.connect("olena", ACCOUNT).await;
    world.sandbox.move_account(ACCOUNT).unwrap();
    assert_eq!(world.get("olena", "/leads").await.status, 200);
    let (code, output, _) = connections(&world, &["disconnect", "olena"]).await;
    assert_eq!((code, output.as_str()), (Some(0), "Disconnected.\n"));
    assert_eq!(world.get("olena", "/leads").await.problem(), (409, "not_connected"));

    let shown = json_of(&world, &["show", "olena", "--json"]).await;
    let story: Vec<_> = shown["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["event"].as_str(), entry["actor"].as_str()))
        .collect();
    let expected = [("connected", "user"), ("replaced", "user"), ("moved", "amocrm"), ("disconnected", "operator")];
    assert_eq!(story, expected.map(|(event, actor)| (Some(event), Some(actor))));
    assert_eq!(shown["audit"][0]["accountId"], ACCOUNT.to_string());
    let (_, told, _) = connections(&world, &["show", "olena"]).await;
    assert!(told.contains("disconnected  -       operator"), "{told}");
    for secret in ["def50200", "eyJ0eXAiOiJKV1Qi"] {
        assert!(!told.contains(secret) && !shown.to_string().contains(secret), "{told}");
    }
    let (code, output, complaint) = connections(&world, &["show", "nobody", "--json"]).await;
    assert_eq!((code, output.as_str(), complaint.as_str()), (Some(3), "", "amo-connect: unknown user\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_no_key_opens_is_listed_with_its_account() {
    let mut world = World::connected().await;
    let status = world.get("olena", "/status").await.data();
    let (_, key, _) = run(&world, &["keys", "new"]).await;
    world.settings.token_keys = Some(key.trim().to_owned());

    let mut shown = json_of(&world, &["show", "olena", "--json"]).await;
    assert_eq!(shown["audit"][0]["event"], "connected");
    for part in ["audit", "attempts", "exchanges"] {
        shown.as_object_mut().unwrap().remove(part);
    }
    let detail = shown["problem"]["detail"].as_str().unwrap().to_owned();
    let row = json!({
        "user": "olena", "state": "unreadable", "domain": status["domain"], "accountId": ACCOUNT.to_string(),
        "problem": { "code": "unreadable", "since": null, "detail": detail },
        "connectedAt": null, "lastRefreshedAt": null,
    });
    assert_eq!((&shown, json_of(&world, &["list", "--json"]).await), (&row, json!([row])));
    let (_, table, _) = connections(&world, &["list"]).await;
    assert!(table.contains(&detail) && detail.contains(' '), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_and_sealing_anew_make_no_database() {
    let world = World::without_service().await;
    for command in [["connections", "list"], ["keys", "rotate"]] {
        let (code, output, complaint) = run(&world, &command).await;
        assert_eq!((code, output.as_str()), (Some(1), ""), "{command:?}");
        assert!(complaint.contains("cannot be"), "{command:?}: {complaint}");
        assert_eq!(std::fs::read_dir(world.folder()).unwrap().count(), 0, "{command:?}");
    }
}
