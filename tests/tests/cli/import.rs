//! `connections import`, beside a local amoCRM that counts what it is sent.

use std::fs;

use amo_connect_sandbox::{Faults, Switches};
use amo_connect_tests::{ACCOUNT, Process, Served, World, start, until};
use serde_json::{Value, json};

/// Pairs that an earlier service had: refresh tokens of as many grants.
async fn tokens(world: &World, count: usize) -> Vec<String> {
    let mut tokens = Vec::new();
    for _ in 0..count {
        let (code, referer) = world.code(ACCOUNT);
        tokens.push(asked(world, &referer, &[("grant_type", "authorization_code"), ("code", &code)]).await);
    }
    tokens
}

/// The refresh token that amoCRM gives for a code or a refresh token.
async fn asked(world: &World, referer: &str, what: &[(&str, &str)]) -> String {
    let redirect_uri = world.settings.amo_redirect_uri.clone().unwrap();
    let client =
        [("client_id", "sandbox"), ("client_secret", "sandbox-secret"), ("redirect_uri", redirect_uri.as_str())];
    let form: Vec<_> = client.iter().chain(what).collect();
    let answer = world.http().post(format!("http://{referer}/oauth2/access_token")).form(&form).send().await.unwrap();
    let pair: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    pair["refresh_token"].as_str().unwrap_or_else(|| panic!("{pair}")).to_owned()
}

/// A token that was spent.
async fn dead(world: &World, token: &str) -> String {
    let (_, referer) = world.code(ACCOUNT);
    asked(world, &referer, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await;
    token.to_owned()
}

/// A file of an import: user 1 has the first token, and so on.
fn file(world: &World, tokens: &[String]) -> String {
    let (_, referer) = world.code(ACCOUNT);
    let line = |(place, token): (usize, &String)| {
        format!("{}\n", json!({ "user": place + 1, "domain": referer, "refreshToken": token }))
    };
    let path = world.folder().join("tokens.ndjson");
    fs::write(&path, tokens.iter().enumerate().map(line).collect::<String>()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn begin(world: &World, arguments: &[&str]) -> Process {
    start(&[&["connections", "import"], arguments].concat(), &world.settings, &[], &world.folder())
}

/// Runs an import to its end: exit code, report, complaint.
async fn import(world: &World, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let (code, output, complaint) = begin(world, &[arguments, &["--json"]].concat()).ended().await;
    (code, serde_json::from_str(&output).unwrap_or_else(|_| panic!("{output} {complaint}")), complaint)
}

/// How many refresh tokens amoCRM was sent.
fn sent(world: &World) -> u64 {
    let stats = world.sandbox.stats();
    stats.token_requests - stats.exchanges
}

fn hangs() -> Faults {
    Faults { token_latency_ms: 3_600_000, ..Faults::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_goes_on_and_sends_no_token_twice_except_the_one_in_doubt() {
    let mut world = World::without_service().await;
    migrated(&world).await;
    // All of them in one account, and sooner than amoCRM's limits allow.
    let switches = Switches { rate_limit: 0, account_rate_limit: 0, ..world.sandbox.switches() };
    world.sandbox.set_switches(switches).unwrap();
    world.settings.amo_rate_limit = Some("200".to_owned());
    let mut tokens = tokens(&world, 100).await;
    tokens[56] = dead(&world, &tokens[56]).await;
    let file = file(&world, &tokens);
    let before = sent(&world);

    let killed = begin(&world, &[&file]);
    until("thirty tokens were sent", async || sent(&world) >= before + 30).await;
    world.sandbox.set_faults(hangs()).unwrap();
    let at_kill = {
        // What is sent from now on is not answered.
        let served = world.sandbox.stats().refreshes;
        until("a token is under way", async || sent(&world) > before + served - 1).await;
        killed.kill().await;
        sent(&world) - before
    };
    world.sandbox.set_faults(Faults::default()).unwrap();

    let (code, report, complaint) = import(&world, &[&file]).await;
    assert_eq!(
        (code, &report["imported"], &report["refused"]),
        (Some(4), &json!(99), &json!(1)),
        "{report} {complaint}"
    );
    let earlier = report["importedBefore"].as_u64().unwrap();
    assert!((29..99).contains(&earlier), "{earlier} of {at_kill}");
    let refused: Vec<_> =
        report["lines"].as_array().unwrap().iter().filter(|line| line["outcome"] == "refused").collect();
    assert_eq!((refused.len(), &refused[0]["line"], &refused[0]["user"]), (1, &json!(57), &json!("57")));
    // The one that was under way is in doubt, and was sent once more. The dead one was not sent at all.
    assert_eq!(sent(&world) - before, 100);
    let grants = world.sandbox.grants();
    let once = grants.iter().filter(|grant| grant.refreshes == 1).count();
    assert_eq!((grants.len(), once), (100, 100), "the dead token's grant was refreshed by the earlier service");

    let (code, report, _) = import(&world, &[&file]).await;
    assert_eq!((code, &report["imported"], &report["importedBefore"]), (Some(4), &json!(99), &json!(99)));
    assert_eq!(sent(&world) - before, 100, "nothing is sent again");
    for secret in ["def50200", "eyJ"] {
        assert!(!report.to_string().contains(secret) && !complaint.contains(secret));
    }

    world.start_service().await;
    for (user, state) in [("1", "connected"), ("57", "not_connected"), ("100", "connected")] {
        assert_eq!(world.state_of(user).await, state, "{user}");
    }
    assert_eq!(world.get("100", "/leads?limit=1").await.status, 200);
    assert_eq!(world.get("100", "/status").await.data()["accountId"], ACCOUNT.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_ends_an_import_at_once() {
    let world = World::without_service().await;
    migrated(&world).await;
    let tokens = tokens(&world, 2).await;
    let file = file(&world, &tokens);
    world.sandbox.set_faults(hangs()).unwrap();
    let before = world.sandbox.stats().token_requests;
    let process = begin(&world, &[&file]);
    until("a token has been sent", async || world.sandbox.stats().token_requests > before).await;
    process.interrupt();
    process.until_logged("a second interrupt leaves it undone").await;
    process.interrupt();
    let (code, report, complaint) = process.ended().await;
    assert_eq!(code, Some(1));
    assert!(complaint.contains("interrupted twice: amoCRM has not answered"), "{complaint}");
    assert!(report.contains("not_tried") || report.contains("not tried"), "{report}");
    assert_eq!(world.sandbox.stats().token_requests, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_imported_under_a_key_that_a_running_instance_lacks() {
    let mut world = World::without_service().await;
    let served = Served::start(&world.settings, &world.folder()).await;
    let tokens = tokens(&world, 1).await;
    let file = file(&world, &tokens);
    let before = sent(&world);
    let (_, key, _) = start(&["keys", "new"], &world.settings, &[], &world.folder()).ended().await;
    world.settings.token_keys = Some(key.trim().to_owned());
    let (code, report, complaint) = begin(&world, &[&file]).ended().await;
    assert_eq!((code, report.as_str()), (Some(1), ""), "{complaint}");
    assert!(complaint.contains("TOKEN_KEYS: "), "{complaint}");
    assert_eq!(sent(&world), before, "no token was spent");
    drop(served);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_names_bad_lines_and_tokens_that_are_dead_and_spends_nothing() {
    let world = World::without_service().await;
    migrated(&world).await;
    let tokens = tokens(&world, 3).await;
    let dead = dead(&world, &tokens[1]).await;
    let file = file(&world, &[tokens[0].clone(), dead, tokens[2].clone(), tokens[0].clone()]);
    let bad =
        "{\"user\":\"x\",\"domain\":\"evil.example\",\"refreshToken\":\"def50200secret\"}\nnonsense def50200secret\n";
    fs::write(&file, fs::read_to_string(&file).unwrap() + bad).unwrap();
    let before = sent(&world);
    let (code, report, complaint) = import(&world, &["--dry-run", &file]).await;
    let outcomes: Vec<_> =
        report["lines"].as_array().unwrap().iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!((code, outcomes), (Some(4), vec!["ready", "refused", "ready", "skipped", "bad", "bad"]), "{complaint}");
    assert_eq!(report["lines"][3]["reason"], "the token is that of line 1");
    assert_eq!(report["lines"][4]["reason"], "domain is not an account host under AMO_ALLOWED_HOSTS");
    assert_eq!(sent(&world), before);
    assert_eq!(world.sandbox.stats().lookups, 3);

    let (code, report, complaint) = import(&world, &[&file]).await;
    assert_eq!((code, &report["notTried"]), (Some(1), &json!(3)), "{complaint}");
    let (code, page, complaint) = begin(&world, &["--dry-run", &file]).ended().await;
    assert!(code == Some(4) && page.starts_with("Can be imported: 2, skipped: 1, refused: 1, bad: 2."), "{page}");
    assert!(!page.contains("def50200") && !complaint.contains("def50200"), "{page}{complaint}");
    assert_eq!((sent(&world), listed(&world).await), (before, json!([])));
}

async fn migrated(world: &World) {
    let (code, _, complaint) = start(&["migrate"], &world.settings, &[], &world.folder()).ended().await;
    assert_eq!(code, Some(0), "{complaint}");
}

async fn listed(world: &World) -> Value {
    let process = start(&["connections", "list", "--json"], &world.settings, &[], &world.folder());
    serde_json::from_str(&process.ended().await.1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_refusals_in_a_row_stop_the_rest_and_a_refused_token_leaves_no_connection() {
    let world = World::without_service().await;
    migrated(&world).await;
    let mut tokens = tokens(&world, 6).await;
    for place in [0, 2, 3, 4] {
        tokens[place] = dead(&world, &tokens[place]).await;
    }
    let (file, before) = (file(&world, &tokens), sent(&world));
    let (code, report, complaint) = import(&world, &[&file]).await;
    assert_eq!(code, Some(1), "{complaint}");
    assert!(complaint.contains("3 lines in a row"), "{complaint}");
    let counts = ["imported", "refused", "notTried"].map(|name| report[name].as_u64().unwrap());
    assert_eq!((counts, sent(&world) - before), ([1, 4, 1], 1));
    let listed = listed(&world).await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["user"]), (1, &json!("2")));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_wrong_secret_one_token_is_sent_and_the_next_import_goes_on_with_it() {
    let mut world = World::without_service().await;
    migrated(&world).await;
    let file = file(&world, &tokens(&world, 5).await);
    let before = sent(&world);
    let right = world.settings.amo_client_secret.replace("wrong".to_owned());
    let (code, report, complaint) = import(&world, &[&file]).await;
    assert_eq!((code, &report["unfinished"], &report["notTried"]), (Some(1), &json!(1), &json!(4)), "{complaint}");
    assert!(complaint.contains("one line goes first"), "{complaint}");
    assert_eq!(sent(&world) - before, 1);

    world.settings.amo_client_secret = right;
    let (code, report, complaint) = import(&world, &[&file]).await;
    assert_eq!((code, &report["imported"]), (Some(0), &json!(5)), "{report} {complaint}");
    assert_eq!(sent(&world) - before, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_connected_or_has_disconnected_is_left_alone_unless_told_otherwise() {
    let world = World::start().await;
    world.connect("1", ACCOUNT).await;
    world.connect("2", ACCOUNT).await;
    world.post("2", "/disconnect", json!({})).await.json();
    let tokens = tokens(&world, 3).await;
    let (file, before) = (file(&world, &tokens), sent(&world));
    let (code, report, complaint) = import(&world, &[&file]).await;
    assert_eq!(
        (code, &report["imported"], &report["skipped"]),
        (Some(0), &json!(1), &json!(2)),
        "{report} {complaint}"
    );
    assert_eq!(report["lines"][1]["reason"], "the user has disconnected");
    assert_eq!((sent(&world) - before, world.state_of("2").await.as_str()), (1, "not_connected"));

    let (code, report, complaint) = import(&world, &["--replace", &file]).await;
    assert_eq!((code, &report["imported"]), (Some(0), &json!(3)), "{report} {complaint}");
    assert_eq!((sent(&world) - before, world.state_of("2").await.as_str()), (3, "connected"));
    let shown = start(&["connections", "show", "1", "--json"], &world.settings, &[], &world.folder()).ended().await.1;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let last = shown["audit"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["event"], &last["actor"]), (&json!("replaced"), &json!("operator")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_an_account_elsewhere_is_not_sent() {
    let world = World::without_service().await;
    migrated(&world).await;
    let file = file(&world, &tokens(&world, 1).await);
    let rival = world.code(amo_connect_tests::RIVAL).1;
    let text = fs::read_to_string(&file).unwrap().replace(&world.code(ACCOUNT).1, &rival);
    fs::write(&file, text).unwrap();
    let before = sent(&world);
    let (code, report, _) = import(&world, &[&file]).await;
    let told = report["lines"][0]["reason"].as_str().unwrap();
    assert!(code == Some(4) && told.contains("account is at") && told.contains("not sent"), "{report}");
    assert_eq!((sent(&world), listed(&world).await), (before, json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_after_it_was_stored_leaves_no_connection_that_looks_connected() {
    let world = World::without_service().await;
    migrated(&world).await;
    let file = file(&world, &tokens(&world, 1).await);
    // The look-up still knows the token, the token endpoint does not, and then neither does.
    let slow = Faults { token_latency_ms: 2_000, ..Faults::default() };
    world.sandbox.set_faults(slow).unwrap();
    let before = sent(&world);
    let importing = begin(&world, &[&file, "--json"]);
    until("the token is under way", async || sent(&world) > before).await;
    world.sandbox.revoke(ACCOUNT).unwrap();
    let (code, output, complaint) = importing.ended().await;
    let report: Value = serde_json::from_str(&output).unwrap();
    assert_eq!((code, &report["lines"][0]["reason"]), (Some(4), &json!("grant_revoked")), "{report} {complaint}");
    let listed = listed(&world).await;
    assert_eq!((&listed[0]["user"], &listed[0]["state"]), (&json!("1"), &json!("needs_reauth")));
    let (_, report, _) = import(&world, &[&file]).await;
    assert_eq!((&report["refused"], sent(&world) - before), (&json!(1), 1), "it is not sent again");
}
