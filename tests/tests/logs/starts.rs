//! What a start says, and one that fails.

use std::path::Path;

use amo_connect_tests::{PgDatabase, Process, Served, World, test_server};
use serde_json::{Value, json};

use crate::lines;

/// Runs a command that fails without a word on standard output; what it says.
async fn failed(arguments: &[&str], variables: &[(&str, &str)], folder: &Path) -> String {
    let (code, output, log) = Process::start(arguments, variables, folder).ended().await;
    assert_eq!((code, output.as_str()), (Some(1), ""), "{log}");
    log
}

/// The error of a start that fails, which is all that is said.
fn error(log: &str) -> String {
    let [line] = &lines(log)[..] else { panic!("{log}") };
    assert_eq!((&line["message"], &line["level"]), (&json!("amo-connect failed"), &json!("ERROR")), "{line}");
    line["error"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_is_one_line_of_json_with_every_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let mistakes = ["DRAIN_DELAY: is not a duration", "JWT_SECRET: is required"];
    for variables in [
        &[("DRAIN_DELAY", "soon")][..],
        &[("DRAIN_DELAY", "soon"), ("LOG_FORMAT", "json"), ("RUST_LOG", "off")],
        &[("DRAIN_DELAY", "soon"), ("LOG_FORMAT", "yaml"), ("RUST_LOG", "a=b=c")],
    ] {
        let error = error(&failed(&["serve"], variables, folder.path()).await);
        let of_logs = ["LOG_FORMAT: ", "RUST_LOG: is no list"].map(|mistake| error.contains(mistake));
        assert_eq!(of_logs, [variables.contains(&("LOG_FORMAT", "yaml")); 2], "{error}");
        assert!(mistakes.iter().all(|mistake| error.contains(mistake)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_is_plain_text_where_that_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let log = failed(&["serve"], &[("LOG_FORMAT", "text")], folder.path()).await;
    assert!(log.starts_with("amo-connect: the configuration cannot be used:\n  AMO_"), "{log}");
    assert!(log.contains("\n  JWT_SECRET: is required"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_commands_fail_in_plain_text_unless_json_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let list = ["connections", "list"];
    let log = failed(&list, &[], folder.path()).await;
    assert!(log.starts_with("amo-connect: the configuration cannot be used:\n  TOKEN_KEYS: is required"), "{log}");
    let error = error(&failed(&list, &[("LOG_FORMAT", "json")], folder.path()).await);
    assert!(error.contains("TOKEN_KEYS: is required"), "{error}");
}

/// What the line `serving` of a start with these settings says.
async fn serving(world: &World) -> Value {
    let served = Served::start(&world.settings, &world.folder()).await;
    serde_json::from_str(&served.process().until_logged("\"serving\"").await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_says_what_runs_on_what_and_within_which_limits() {
    let mut world = World::without_service().await;
    world.settings.amo_rate_limit = Some("6".to_owned());
    world.settings.trusted_proxies = Some("10.0.0.0/8,127.0.0.1/32".to_owned());
    world.settings.database_pool = Some("3".to_owned());
    let line = serving(&world).await;
    for (name, value) in [
        ("address", json!(world.address())),
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("database", json!("sqlite")),
        ("auto_migrate", json!(true)),
        ("database_pool", json!("readers:3,writer:1")),
        ("token_keys", json!("test")),
        ("jwt", json!("HS256")),
        ("amo_rate_limit", json!("6/account")),
        ("user_rate", json!(50)),
        ("address_rate", json!(200)),
        ("http_idle_timeout_s", json!(75.0)),
        ("shutdown_timeout_s", json!(75.0)),
        ("trusted_proxies", json!("10.0.0.0/8,127.0.0.1/32")),
    ] {
        assert_eq!(line[name], value, "{name}: {line}");
    }
    assert!(line["drain_delay_s"].is_f64(), "{line}");
    let budget = |name: &str| line[name].as_u64().unwrap_or_else(|| panic!("no {name}: {line}"));
    assert!(budget("clients_max") + 2 * budget("amo_calls_max") < budget("descriptors"), "{line}");
    let schema = line["schema"].as_str().unwrap();
    assert!(schema.len() >= 14 && schema.bytes().all(|byte| byte.is_ascii_digit()), "{line}");
    let secrets = [&world.settings.jwt_secret, &world.settings.amo_client_secret, &world.settings.token_keys];
    for secret in secrets.map(|secret| secret.as_deref().unwrap()) {
        assert!(!line.to_string().contains(secret.rsplit(':').next().unwrap()), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_postgres_says_so_and_which_migration_it_is_at() {
    let database = PgDatabase::migrated(&test_server()).await;
    let mut world = World::without_service().await;
    world.settings.database_url = Some(database.url());
    let newest = database.value("SELECT max(version) FROM __diesel_schema_migrations").await.unwrap();
    let line = serving(&world).await;
    assert_eq!((&line["database"], &line["schema"]), (&json!("postgres"), &json!(newest)), "{line}");
    assert_eq!(line["database_pool"], "all:16", "{line}");
}
