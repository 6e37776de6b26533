//! `amo-connect doctor`, beside the real things.

use amo_connect::config::Given;
use amo_connect_tests::{World, start};
use serde_json::Value;

async fn doctor(world: &World, settings: &Given, further: &[(&str, &str)]) -> (Option<i32>, Value, String) {
    let process = start(&["doctor", "--json"], settings, further, &world.folder());
    let (code, output, complaint) = process.ended().await;
    (code, serde_json::from_str(&output).unwrap_or_else(|_| panic!("{output} {complaint}")), complaint)
}

/// The details of the checks with this name and result.
fn details(report: &Value, check: &str, result: &str) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter();
    let found = checks.filter(|line| line["check"] == check && line["result"] == result);
    found.map(|line| line["detail"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_well_passes_every_check() {
    let world = World::start().await;
    let (code, report, complaint) = doctor(&world, &world.settings, &[]).await;
    assert_eq!((code, complaint.as_str(), &report["ok"]), (Some(0), "", &Value::Bool(true)), "{report}");
    for check in ["configuration", "database", "migrations", "writes", "clock", "keys", "AMO_AUTH_URL"] {
        assert_eq!(details(&report, check, "ok").len(), 1, "{check}: {report}");
    }
    let (code, page, _) = start(&["doctor"], &world.settings, &[], &world.folder()).ended().await;
    assert_eq!((code, page.lines().count()), (Some(0), 1 + report["checks"].as_array().unwrap().len()), "{page}");
    assert!(page.starts_with("result  check"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_fails_does_not_stop_the_others_and_shows_no_secret() {
    let world = World::start().await;
    let settings = Given {
        amo_auth_url: Some("http://127.0.0.1:9/oauth".to_owned()),
        jwt_secret: Some("hunter2".to_owned()),
        app_deep_links: Some("foryoure-dev://amo-crm/callback,https://u:hunter2@second.example/".to_owned()),
        token_keys: Some("k1:hunter2".to_owned()),
        ..world.settings.clone()
    };
    let (code, report, complaint) = doctor(&world, &settings, &[]).await;
    assert_eq!((code, complaint.as_str()), (Some(1), "amo-connect: 4 checks failed\n"), "{report}");
    let mistakes = details(&report, "configuration", "failed");
    assert!(mistakes.len() == 3 && mistakes.iter().any(|line| line.starts_with("JWT_SECRET: ")), "{mistakes:?}");
    assert!(mistakes.contains(&"APP_DEEP_LINKS: its link 2 names a user".to_owned()), "{mistakes:?}");
    assert_eq!(details(&report, "writes", "ok").len(), 1, "the database is looked at all the same: {report}");
    assert!(details(&report, "AMO_AUTH_URL", "failed")[0].contains("no answer"), "{report}");
    assert!(!report.to_string().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_settings_of_the_log_are_told_and_stop_no_check() {
    let world = World::start().await;
    let wrong = [("LOG_FORMAT", "xml"), ("RUST_LOG", "amo_connect=loud")];
    let (code, report, complaint) = doctor(&world, &world.settings, &wrong).await;
    assert_eq!((code, complaint.as_str()), (Some(1), "amo-connect: 2 checks failed\n"), "{report}");
    let mistakes = details(&report, "configuration", "failed");
    assert!(mistakes[0].starts_with("LOG_FORMAT: ") && mistakes[1].starts_with("RUST_LOG: "), "{mistakes:?}");
    assert_eq!(details(&report, "writes", "ok").len(), 1, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_missing_old_or_gone_is_told_apart() {
    let world = World::without_service().await;
    let (code, report, _) = doctor(&world, &world.settings, &[]).await;
    let migrations = details(&report, "migrations", "warning");
    assert!(code == Some(0) && migrations[0].contains("is not there yet; serve will do it"), "{report}");
    assert_eq!(std::fs::read_dir(world.folder()).unwrap().count(), 0, "looking makes nothing");

    let (code, report, _) = doctor(&world, &world.settings, &[("AUTO_MIGRATE", "false")]).await;
    assert!(
        code == Some(1) && details(&report, "migrations", "failed")[0].contains("run amo-connect migrate"),
        "{report}"
    );

    let gone = Given { database_url: Some("postgres://u:hunter2@127.0.0.1:1/db".to_owned()), ..world.settings.clone() };
    let (code, report, _) = doctor(&world, &gone, &[]).await;
    assert!(code == Some(1) && details(&report, "database", "failed")[0].starts_with("PostgreSQL: "), "{report}");
    assert!(!report.to_string().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_no_key_opens_are_counted_by_their_keys() {
    let world = World::connected().await;
    let other = "new:AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned();
    let settings = Given { token_keys: Some(other), ..world.settings.clone() };
    let (code, report, _) = doctor(&world, &settings, &[]).await;
    let told = details(&report, "keys", "failed");
    assert!(code == Some(1) && told[0].contains("1 under test, which is not in TOKEN_KEYS"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lets_others_in_is_a_warning() {
    let world = World::start().await;
    let settings = Given { amo_allowed_hosts: Some("amocrm.ru".to_owned()), ..world.settings.clone() };
    let warnings = async |further: &[(&str, &str)]| {
        let (_, report, _) = doctor(&world, &settings, further).await;
        details(&report, "configuration", "warning")
    };
    let has = |warnings: &[String], words: &str| warnings.iter().any(|line| line.starts_with(words));
    let told = warnings(&[]).await;
    assert!(has(&told, "REQUIRE_CLAIM: is false") && has(&told, "ACCEPT_FOREIGN_STATE: is true"), "{told:?}");
    assert!(!has(&told, "AMO_ALLOW_PRIVATE_ADDRESSES"), "{told:?}");
    let told = warnings(&[("REQUIRE_CLAIM", "true"), ("AMO_ALLOW_PRIVATE_ADDRESSES", "true")]).await;
    assert!(!has(&told, "REQUIRE_CLAIM") && has(&told, "AMO_ALLOW_PRIVATE_ADDRESSES: is true"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_the_list_of_processes_is_a_warning_of_doctor_and_of_serve() {
    let world = World::without_service().await;
    let flags = ["--jwt-secret", "hunter2-hunter2-hunter2-hunter2-hunter2", "--bind", "127.0.0.1:0"];
    let settings = Given { jwt_secret: None, bind: None, ..world.settings.clone() };
    let expected =
        "JWT_SECRET: was given as --jwt-secret, which everybody on this machine can read: use JWT_SECRET_FILE";
    let doctor = start(&[&["doctor", "--json"][..], &flags].concat(), &settings, &[], &world.folder());
    let (_, output, _) = doctor.ended().await;
    let report: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(details(&report, "configuration", "warning"), [expected]);
    let serve = start(&[&["serve"][..], &flags].concat(), &settings, &[], &world.folder());
    serve.until_logged("serving").await;
    let log = serve.stop().await;
    assert!(log.contains(expected) && !log.contains("hunter2"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_and_will_hurt_is_a_warning() {
    let world = World::start().await;
    let settings = Given { amo_redirect_uri: Some("https://app.example/other".to_owned()), ..world.settings.clone() };
    let (code, report, _) = doctor(&world, &settings, &[]).await;
    let warnings = details(&report, "configuration", "warning");
    assert_eq!(code, Some(0), "{report}");
    for words in ["its path is /other", "TRUSTED_PROXIES: is not set"] {
        assert!(warnings.iter().any(|line| line.contains(words)), "{words}: {warnings:?}");
    }
    assert!(!warnings.iter().any(|line| line.contains("REQUIRE_CLAIM")), "a local amoCRM has no victims: {warnings:?}");
    let (_, report, _) = doctor(&world, &settings, &[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    assert!(!details(&report, "configuration", "warning").iter().any(|line| line.contains("TRUSTED")), "{report}");
}
