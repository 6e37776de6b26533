//! Settings that cannot work are refused at the start, in words that repeat no secret.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod amocrm;
mod database_url;
mod files;
mod foreign_files;
mod help;
mod messages;
mod secret_files;

use std::path::Path;

use amo_connect_tests::{Process, World};

const KEYS: &str = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SECRET: &str = "a secret of at least 32 bytes, as serve wants it";

/// Every variable of `serve`, with a value that is good.
const GOOD: [(&str, &str); 26] = [
    ("AMO_CLIENT_ID", "00000000-0000-0000-0000-000000000000"),
    ("AMO_CLIENT_SECRET", "client-secret"),
    ("AMO_REDIRECT_URI", "https://app.example/api/amo-crm/callback"),
    ("JWT_SECRET", SECRET),
    ("JWT_USER_CLAIM", "sub"),
    ("JWT_ISSUER", "issuer"),
    ("JWT_AUDIENCE", "audience"),
    ("TOKEN_KEYS", KEYS),
    ("DATABASE_URL", "sqlite:a.db"),
    ("DATABASE_POOL", "4"),
    ("AUTO_MIGRATE", "true"),
    ("AMO_AUTH_URL", "https://www.amocrm.ru/oauth"),
    ("AMO_ALLOWED_HOSTS", "amocrm.ru"),
    ("AMO_DOMAIN", "example.amocrm.ru"),
    ("APP_DEEP_LINK", "foryoure://amo-crm/callback"),
    ("APP_DEEP_LINKS", "foryoure-dev://amo-crm/callback,https://second.example/amo-crm"),
    ("REQUIRE_CLAIM", "false"),
    ("ACCEPT_FOREIGN_STATE", "true"),
    ("AMO_RATE_LIMIT", "7"),
    ("AMO_RATE_LIMIT_SCOPE", "account"),
    ("USER_RATE", "50"),
    ("ADDRESS_RATE", "200"),
    ("TRUSTED_PROXIES", "10.0.0.0/8"),
    ("CORS_ALLOWED_ORIGINS", "https://app.example"),
    ("REFRESH_MARGIN", "300s"),
    ("KEEPALIVE_AFTER", "30d"),
];

/// Runs a command to its end: exit code, standard output, standard error.
async fn run(arguments: &[&str], variables: &[(&str, &str)], folder: &Path) -> (Option<i32>, String, String) {
    Process::start(arguments, variables, folder).ended().await
}

/// What `serve` complains of, which must be why it does not start.
async fn refusal(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (code, output, complaint) = run(&["serve"], variables, folder.path()).await;
    assert_eq!((code, output.as_str()), (Some(1), ""), "{complaint}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was begun");
    complaint
}

/// The good settings, some of them changed, and an address to listen on that is never reached.
fn changed<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = GOOD.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    kept.chain(changes).chain(&[("BIND", "203.0.113.1:1")]).copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_at_either_end_of_any_variable_is_refused() {
    let blanks = [" ", "\n", "\r\n", "\t", "\u{1}", "\u{7f}", "\u{a0}", "\u{2009}", "\u{feff}", "\u{200b}", "\u{85}"];
    for blank in blanks {
        for at_start in [true, false] {
            let padded = |value| if at_start { format!("{blank}{value}") } else { format!("{value}{blank}") };
            let values = GOOD.map(|(name, value)| (name, padded(value)));
            let variables: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let complaint = refusal(&variables).await;
            for (name, _) in GOOD {
                let line = format!("{name}: has a blank or an invisible character at its ");
                assert!(complaint.contains(&line), "{name} with {blank:?}: {complaint}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_env_that_cannot_be_read_is_named_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    for (line, mistake) in
        [("RUST_LOG=of all", "is not NAME=value"), ("nothing", "is not NAME=value"), ("A=b$c", "put")]
    {
        std::fs::write(&file, format!("# A=b c\nBIND=127.0.0.1:0\n{line}\n")).unwrap();
        let (code, _, complaint) = run(&["doctor"], &[], folder.path()).await;
        assert_eq!(code, Some(1), "{complaint}");
        assert!(complaint.contains(&format!(".env, line 3: {mistake}")), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_is_seen_in_a_flag_and_in_env_as_in_a_variable() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["serve", "--amo-client-secret", "client-secret\n", "--bind", "127.0.0.1:0 "];
    let (code, _, complaint) = run(&flags, &changed(&[("AMO_CLIENT_SECRET", "")])[..26], folder.path()).await;
    assert_eq!(code, Some(1), "{complaint}");
    for name in ["AMO_CLIENT_SECRET", "BIND"] {
        assert!(
            complaint.contains(&format!("{name}: has a blank or an invisible character at its end")),
            "{complaint}"
        );
    }
    std::fs::write(folder.path().join(".env"), "JWT_SECRET=\" a secret of at least 32 bytes, as serve wants\"\n")
        .unwrap();
    let (code, _, complaint) = run(&["serve"], &[], folder.path()).await;
    assert_eq!(code, Some(1));
    assert!(complaint.contains("JWT_SECRET: has a blank or an invisible character at its start"), "{complaint}");
    // What every command takes.
    for (name, value) in [("LOG_FORMAT", "json\n"), ("RUST_LOG", " info")] {
        let (code, _, complaint) = run(&["keys", "new"], &[(name, value)], folder.path()).await;
        assert_eq!(code, Some(1));
        assert!(complaint.contains(&format!("{name}: has a blank")), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_within_an_id_a_secret_or_a_url_of_amocrms_is_refused() {
    for (name, value) in [
        ("AMO_CLIENT_ID", "0000 0000"),
        ("AMO_CLIENT_ID", "0000\u{a0}0000"),
        ("AMO_CLIENT_SECRET", "hunter\n2"),
        ("AMO_CLIENT_SECRET", "hunter\u{200b}2"),
        ("AMO_CLIENT_SECRET", "hunter2з"),
        ("AMO_REDIRECT_URI", "https://app.example/api/amo-crm/\ncallback"),
        ("AMO_REDIRECT_URI", "https://app.example/api/amo crm/callback"),
        ("AMO_AUTH_URL", "https://www.amo\tcrm.ru/oauth"),
    ] {
        let complaint = refusal(&changed(&[(name, value)])).await;
        assert!(complaint.contains(&format!("{name}: ")), "{value:?}: {complaint}");
        assert!(!complaint.contains("hunter"), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jwt_secret_that_can_be_guessed_is_refused() {
    for secret in ["a", "31 bytes are one less than 32 !"] {
        let complaint = refusal(&changed(&[("JWT_SECRET", secret)])).await;
        assert!(complaint.contains("JWT_SECRET: has fewer than 32 bytes"), "{complaint}");
        let folder = tempfile::tempdir().unwrap();
        let (code, output, complaint) =
            run(&["jwt", "--user", "olena"], &[("JWT_SECRET", secret)], folder.path()).await;
        assert_eq!((code, output.as_str()), (Some(1), ""));
        assert!(complaint.contains("JWT_SECRET: has fewer than 32 bytes"), "{complaint}");
    }
    let folder = tempfile::tempdir().unwrap();
    let exactly = "32 bytes are enough for HS256✓";
    assert_eq!(exactly.len(), 32);
    let (code, _, complaint) = run(&["jwt", "--user", "olena"], &[("JWT_SECRET", exactly)], folder.path()).await;
    assert_eq!(code, Some(0), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_sandbox_whose_secret_became_short_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secrets.json"), format!(r#"{{"jwtSecret":"short","tokenKeys":"{KEYS}"}}"#))
        .unwrap();
    let arguments = ["sandbox", "--bind", "127.0.0.1:0", "--amo-bind", "127.0.0.1:0", "--data", "."];
    let (code, output, complaint) = run(&arguments, &[], folder.path()).await;
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert!(complaint.contains("JWT_SECRET: has fewer than 32 bytes"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_is_https_or_on_loopback_and_has_nothing_that_gets_lost() {
    for (name, value) in [
        ("AMO_REDIRECT_URI", "http://app.example/api/amo-crm/callback"),
        ("AMO_REDIRECT_URI", "http://10.0.0.1/api/amo-crm/callback"),
        ("AMO_REDIRECT_URI", "https://app.example/api/amo-crm/callback#here"),
        ("AMO_REDIRECT_URI", "https://hunter2@app.example/api/amo-crm/callback"),
        ("AMO_REDIRECT_URI", "app.example/api/amo-crm/callback"),
        ("AMO_AUTH_URL", "http://www.amocrm.ru/oauth"),
        ("AMO_AUTH_URL", "https://www.amocrm.ru/oauth#here"),
        ("AMO_AUTH_URL", "https://u:hunter2@www.amocrm.ru/oauth"),
        ("APP_DEEP_LINK", "https://app.example/callback"),
        ("APP_DEEP_LINK", "http://phone.example/callback"),
        ("APP_DEEP_LINK", "foryoure://amo-crm/callback#here"),
        ("APP_DEEP_LINKS", "foryoure-dev://amo-crm/callback,https://app.example/callback"),
        ("APP_DEEP_LINKS", "foryoure-dev://amo-crm/callback,https://u:hunter2@second.example/callback"),
        ("APP_DEEP_LINKS", "http://phone.example/callback,foryoure-dev://amo-crm/callback"),
        ("APP_DEEP_LINKS", "foryoure-dev://amo-crm/callback;second://amo-crm/callback?a?b"),
        ("APP_DEEP_LINKS", "javascript:alert(1)"),
    ] {
        let complaint = refusal(&changed(&[(name, value)])).await;
        assert!(complaint.contains(&format!("{name}: ")), "{value}: {complaint}");
        assert!(!complaint.contains("hunter2"), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_a_local_amocrm_and_of_the_real_one_do_not_mix() {
    let complaint = refusal(&changed(&[("AMO_ALLOWED_HOSTS", "amocrm.ru,127.0.0.1:4010"), ("AMO_DOMAIN", "")])).await;
    assert!(complaint.contains("AMO_ALLOWED_HOSTS: mixes loopback and other entries"), "{complaint}");
    // Neither label is an account's, and amocrm.com is not among the domains any more.
    for host in ["www.amocrm.ru", "example.amocrm.com", "a.b.amocrm.ru"] {
        let complaint = refusal(&changed(&[("AMO_ALLOWED_HOSTS", ""), ("AMO_DOMAIN", host)])).await;
        assert!(
            complaint.contains("AMO_DOMAIN: is not an account host under AMO_ALLOWED_HOSTS"),
            "{host}: {complaint}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_uri_that_leads_past_the_callback_is_warned_of() {
    let mut world = World::without_service().await;
    let served = amo_connect_tests::Served::start(&world.settings, &world.folder()).await;
    assert_eq!(served.process().times_logged("AMO_REDIRECT_URI"), 0);
    served.into_process().kill().await;
    let base = world.base.clone();
    world.settings.amo_redirect_uri = Some(format!("{base}/amo/back"));
    let served = amo_connect_tests::Served::start(&world.settings, &world.folder()).await;
    let line = served.process().until_logged("AMO_REDIRECT_URI").await;
    for text in ["WARN", "/amo/back", "/api/amo-crm/callback"] {
        assert!(line.contains(text), "{text}: {line}");
    }
}
