//! Settings that amoCRM would never answer to: refused where that is certain, else warned of.

use amo_connect_tests::Process;

use crate::{GOOD, SECRET, changed, refusal, run};

#[tokio::test(flavor = "multi_thread")]
async fn quotes_around_a_value_are_refused() {
    for quote in ["\"", "'", "`"] {
        let values = GOOD.map(|(name, value)| (name, format!("{quote}{value}{quote}")));
        let variables: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let complaint = refusal(&variables).await;
        for (name, _) in GOOD.iter().filter(|(name, _)| *name != "JWT_SECRET") {
            assert!(complaint.contains(&format!("{name}: has quotes around it")), "{name} with {quote}: {complaint}");
        }
        // It is the team's own, and whoever signs may have the same quotes.
        assert!(!complaint.contains("JWT_SECRET"), "{complaint}");
        for secret in ["client-secret", SECRET] {
            assert!(!complaint.contains(secret), "{complaint}");
        }
    }
    // What every command takes, and what amoCRM never issues.
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in [("LOG_FORMAT", "\"json\""), ("RUST_LOG", "'info'")] {
        let (code, _, complaint) = run(&["keys", "new"], &[(name, value)], folder.path()).await;
        assert_eq!(code, Some(1), "{name}");
        assert!(complaint.contains(&format!("{name}: has quotes around it")), "{complaint}");
    }
    for (name, value) in
        [("AMO_CLIENT_ID", "0000\"0000"), ("AMO_CLIENT_SECRET", "\"hunter2"), ("AMO_CLIENT_SECRET", "hunter2'")]
    {
        let complaint = refusal(&changed(&[(name, value)])).await;
        assert!(complaint.contains(&format!("{name}: has a quotation mark")), "{complaint}");
        assert!(!complaint.contains("hunter2"), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_under_which_amocrm_has_no_account_are_refused() {
    for (hosts, right) in [
        ("example.amocrm.ru", "write amocrm.ru"),
        ("www.amocrm.ru", "write amocrm.ru"),
        ("www.kommo.com,a.b.amocrm.ru", "write kommo.com"),
        ("example.amocrm.com", "write amocrm.com"),
    ] {
        let complaint = refusal(&changed(&[("AMO_ALLOWED_HOSTS", hosts), ("AMO_DOMAIN", "")])).await;
        assert!(complaint.contains("AMO_ALLOWED_HOSTS: ") && complaint.contains(right), "{hosts}: {complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_uri_at_amocrm_itself_is_refused() {
    for host in
        ["www.amocrm.ru", "amocrm.ru", "example.amocrm.ru", "www.kommo.com", "EXAMPLE.amocrm.com", "amocrm.ru.:443"]
    {
        let uri = format!("https://{host}/api/amo-crm/callback");
        let complaint = refusal(&changed(&[("AMO_REDIRECT_URI", &uri)])).await;
        assert!(complaint.contains("AMO_REDIRECT_URI: is at amoCRM's own domain"), "{host}: {complaint}");
    }
}

/// The warnings that `serve` starts with.
async fn warnings(changes: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut variables = changed(changes);
    variables.retain(|(name, _)| *name != "BIND");
    variables.push(("BIND", "127.0.0.1:0"));
    let process = Process::start(&["serve"], &variables, folder.path());
    process.until_logged("serving").await;
    process.logged().lines().filter(|line| line.contains("WARN")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_work_and_seldom_does_is_warned_of() {
    let quoted = format!("'{SECRET}'");
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[("AMO_ALLOWED_HOSTS", "kommo.com"), ("AMO_DOMAIN", "")], "AMO_ALLOWED_HOSTS"),
        (&[("AMO_AUTH_URL", "https://example.kommo.com/oauth")], "AMO_ALLOWED_HOSTS"),
        (&[("AMO_ALLOWED_HOSTS", "127.0.0.1:8081"), ("AMO_DOMAIN", "")], "AMO_ALLOWED_HOSTS"),
        (&[("AMO_AUTH_URL", "http://127.0.0.1:8081/oauth")], "AMO_AUTH_URL"),
        (&[("AMO_ALLOWED_HOSTS", "amocrm.ru,www.amocrm.ru")], "www.amocrm.ru"),
        (&[("AMO_AUTH_URL", "https://www.amocrm.ru/")], "/oauth"),
        (&[("JWT_SECRET", &quoted)], "JWT_SECRET: has quotes around it"),
    ];
    for (changes, text) in cases {
        let told = warnings(changes).await;
        assert!(told.len() == 1 && told[0].contains(text), "{changes:?}: {told:?}");
        assert!(!told[0].contains(SECRET), "{told:?}");
    }
    let nothing_odd: [&[(&str, &str)]; 6] = [
        &[],
        &[("AMO_ALLOWED_HOSTS", ""), ("AMO_AUTH_URL", "https://www.kommo.com/oauth")],
        &[("AMO_ALLOWED_HOSTS", "amocrm.com,amocrm.ru"), ("AMO_AUTH_URL", "https://www.kommo.com/oauth/")],
        &[("AMO_AUTH_URL", "https://example.amocrm.ru/oauth?mode=popup")],
        &[("AMO_AUTH_URL", "https://consent.example/anything")],
        &[("AMO_ALLOWED_HOSTS", "[::1]:8081"), ("AMO_AUTH_URL", "http://localhost:8081/oauth"), ("AMO_DOMAIN", "")],
    ];
    for changes in nothing_odd {
        assert_eq!(warnings(changes).await, [""; 0], "{changes:?}");
    }
}
