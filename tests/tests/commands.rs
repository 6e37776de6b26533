//! The commands, as processes of their own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

use amo_connect_tests::{Answer, KEPT, Process, Served, World, word_after};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn serve_with_nothing_set_names_every_missing_variable() {
    let folder = tempfile::tempdir().unwrap();
    let (code, output, complaint) = Process::start(&["serve"], &[], folder.path()).ended().await;
    assert_eq!((code, output.as_str()), (Some(1), ""));
    for name in ["AMO_CLIENT_ID", "AMO_CLIENT_SECRET", "AMO_REDIRECT_URI", "JWT_SECRET", "TOKEN_KEYS"] {
        assert!(complaint.contains(&format!("{name}: is required")), "{name}: {complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_names_every_bad_variable_and_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("AMO_CLIENT_ID", "id"),
        ("AMO_CLIENT_SECRET", "hunter2-client"),
        ("AMO_REDIRECT_URI", "http://app.example/callback"),
        ("JWT_SECRET", "hunter2-jwt"),
        ("TOKEN_KEYS", "k1:hunter2"),
        ("DATABASE_URL", "mysql://u:hunter2@host/db"),
        ("BIND", "everywhere"),
        ("AMO_AUTH_URL", "ftp://x"),
        ("AMO_ALLOWED_HOSTS", "amocrm.ru,127.0.0.1:80"),
        ("APP_DEEP_LINK", "javascript:alert(1)"),
        ("APP_DEEP_LINKS", "foryoure-dev://amo-crm/callback,data:text/html,hunter2"),
        ("REQUIRE_CLAIM", "maybe"),
        ("USER_RATE", "-1"),
        ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("CORS_ALLOWED_ORIGINS", "https://app.example,*"),
        ("REFRESH_MARGIN", "soon"),
        ("KEEPALIVE_AFTER", "81d"),
    ];
    let (code, output, complaint) = Process::start(&["serve"], &variables, folder.path()).ended().await;
    assert_eq!((code, output.as_str()), (Some(1), ""));
    let fine = ["AMO_CLIENT_ID", "AMO_CLIENT_SECRET"];
    for (name, _) in variables {
        assert_eq!(complaint.contains(&format!("{name}: ")), !fine.contains(&name), "{name}: {complaint}");
    }
    assert!(!complaint.contains("hunter2"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printed_jwt_and_a_printed_key_are_good_for_serve() {
    let mut world = World::without_service().await;
    let run = async |arguments: &[&str], variables: &[(&str, &str)]| {
        let (code, output, _) = Process::start(arguments, variables, &world.folder()).ended().await;
        assert_eq!(code, Some(0));
        output.trim().to_owned()
    };
    let secret = world.settings.jwt_secret.clone().unwrap();
    let token = run(&["jwt", "--user", "olena", "--ttl", "10m"], &[("JWT_SECRET", &secret)]).await;
    let key = run(&["keys", "new"], &[]).await;
    assert_ne!(key, run(&["keys", "new"], &[]).await);

    world.settings.token_keys = Some(key);
    world.start_service().await;
    let status = Answer::to(world.http().get(world.url("/status")).bearer_auth(token)).await;
    assert_eq!(status.data()["state"], "not_connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_stops_in_order_and_no_log_has_a_secret() {
    let world = World::without_service().await;
    let trace = [("RUST_LOG", "trace")];
    let served = Served::start_with(&world.settings, &trace, &world.folder()).await;

    let (attempt, code) = world.connect("olena", amo_connect_tests::ACCOUNT).await;
    assert_eq!(world.get("olena", "/leads?query=secretquery").await.status, 200);
    served.process().terminate();
    let (exit, output, log) = served.into_process().ended().await;
    assert_eq!((exit, output.as_str()), (Some(0), ""));
    assert!(log.contains("/api/amo-crm/callback"), "the request is logged: {log}");
    for secret in [code.as_str(), &attempt.state, "ac1_", "def502", "eyJ", "secretquery", "sandbox-secret", "Bearer"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_prints_what_a_newcomer_needs_and_it_works() {
    let folder = tempfile::tempdir().unwrap();
    let (process, guide) = Process::sandbox(&KEPT, folder.path()).await;
    let phone = word_after(&guide, "Open ");
    let http = reqwest::Client::builder().build().unwrap();
    let page = Answer::to(http.get(phone)).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Connect AMO CRM"), "{}", page.text);

    let api = format!("{phone}api/amo-crm");
    for endpoint in
        ["leads/$LEAD_ID/notes", "me", "pipelines", "pipelines/$PIPELINE_ID/stages", "disconnect", "exchange-code"]
    {
        assert!(guide.contains(&format!(" {api}/{endpoint} ")), "no curl line of {endpoint}: {guide}");
    }
    assert!(guide.contains(&format!("curl -s \"{api}/leads/$LEAD_ID?include=")), "no curl line of a lead: {guide}");
    assert!(guide.contains(&format!("curl -s \"{api}/hooks/disconnected?")), "no curl line of the hook: {guide}");
    let [olena, ivan, amo] = ["JWT=", "JWT2=", "amoCRM is at "].map(|mark| word_after(&guide, mark));
    let request = http.post(format!("{amo}/_sandbox/codes")).body(r#"{"account":31920194}"#);
    let issued: Value = Answer::to(request).await.json();
    let code = issued["code"].as_str().unwrap();
    let parameters = [("code", code), ("referer", issued["referer"].as_str().unwrap())];
    let page = Answer::to(http.get(format!("{api}/callback")).query(&parameters)).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.deep_link().starts_with(&format!("{phone}app/callback?code=")), "{}", page.deep_link());
    let claim = http.post(format!("{api}/exchange-code")).bearer_auth(olena).json(&serde_json::json!({ "code": code }));
    assert_eq!(Answer::to(claim).await.data()["connected"], true);
    let leads = Answer::to(http.get(format!("{api}/leads?limit=5")).bearer_auth(olena)).await;
    assert_eq!(leads.json()["data"].as_array().unwrap().len(), 5);
    let his = Answer::to(http.get(format!("{api}/status")).bearer_auth(ivan)).await;
    assert_eq!(his.data()["state"], "not_connected");
    assert!(folder.path().join("kept/amo-connect.db").exists());

    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_stays_on_this_machine_unless_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [["--bind", "0.0.0.0:0"], ["--amo-bind", "0.0.0.0:0"]] {
        let (code, _, complaint) =
            Process::start(&[&["sandbox"], &arguments[..]].concat(), &[], folder.path()).ended().await;
        assert_eq!(code, Some(1));
        assert!(complaint.contains("--i-know-this-is-not-amocrm"), "{complaint}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, complaint) = Process::start(&["sandbox", "--bind", &address], &[], folder.path()).ended().await;
    assert_eq!(code, Some(1));
    assert!(complaint.contains(&address) && complaint.contains("--bind"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_names_the_flag_that_changes_a_taken_or_impossible_port() {
    let folder = tempfile::tempdir().unwrap();
    let complaint_of = async |arguments: &[&str]| {
        let process = Process::start(&[&["sandbox"], arguments].concat(), &[], folder.path());
        let (code, output, complaint) = process.ended().await;
        assert!(code.is_some_and(|code| code != 0) && output.is_empty(), "{arguments:?}: {output}");
        complaint
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for whole in [true, false] {
        let rest: &[&str] = if whole { &["--bind", "127.0.0.1:0"] } else { &["--amo-only"] };
        let complaint = complaint_of(&[rest, &["--amo-bind", &address]].concat()).await;
        assert!(complaint.contains(&address) && complaint.contains("(--amo-bind changes"), "{complaint}");
        let complaint = complaint_of(&[rest, &["--amo-bind", "127.0.0.1:65531"]].concat()).await;
        assert!(complaint.contains("--amo-bind: ") && complaint.contains("at most 65530"), "{complaint}");
    }
    for (flag, value) in [
        ("--redirect-uri", "not a uri"),
        ("--redirect-uri", "localhost:3000/callback"),
        ("--redirect-uri", "https://app.example/callback#here"),
        ("--hook-url", "/hook"),
        ("--public-name", "amo:8081"),
        ("--public-name", "AMO"),
        ("--domain", "amo.test."),
        ("--domain", "amo.test:443"),
        ("--host", "foryou.amo.test"),
        ("--host", "foryou=foryou.amo.test"),
        ("--host", "31920194=foryou.amo.test/"),
    ] {
        let complaint = complaint_of(&["--amo-only", flag, value]).await;
        assert!(complaint.contains(&format!("invalid value '{value}' for '{flag}")), "{complaint}");
    }
    for (flag, value) in [
        ("--redirect-uri", "https://app.example/callback"),
        ("--host", "31920194=foryou.amo.test"),
        ("--domain", "amo.test"),
        ("--tls-self-signed", "ca"),
    ] {
        let complaint = complaint_of(&[flag, value]).await;
        assert!(complaint.contains("--amo-only"), "{complaint}");
    }
    let complaint = complaint_of(&["--tls", "cert.pem", "key.pem"]).await;
    assert!(complaint.contains("--amo-only"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_refuses_names_and_certificates_that_cannot_be_before_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    for (arguments, why) in [
        (&["--host", "7=a.test"][..], "there is no account 7"),
        (&["--host", "31920194=a.test", "--host", "40000001=a.test"], "--host …=a.test: it is given twice"),
        (&["--host", "31920194=a.test", "--domain", "amo.test"], "cannot be used with"),
        (&["--public-name", "amo", "--domain", "amo.test"], "cannot be used with"),
        (&["--tls", "none.pem", "none.key"], "none.pem: it cannot be read"),
        (&["--tls", "file"], "2 values required"),
        (&["--tls", "a", "b", "--tls-self-signed", "ca"], "cannot be used with"),
        (&["--tls-self-signed", "file/ca"], "file/ca: this folder cannot be made"),
    ] {
        let arguments = [&["sandbox", "--amo-only", "--amo-bind", "127.0.0.1:0"], arguments].concat();
        let (code, output, complaint) = Process::start(&arguments, &[], folder.path()).ended().await;
        assert!(code.is_some_and(|code| code != 0) && output.is_empty(), "{arguments:?}: {output}");
        assert!(complaint.contains(why), "{arguments:?}: {complaint}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_amocrm_alone_has_names_and_tls_if_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--amo-only", "--domain", "amo.test", "--tls-self-signed", "ca"];
    let (process, guide) = Process::sandbox(&arguments, folder.path()).await;
    let line = |name: &str| guide.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{guide}"));
    let login = line("AMO_AUTH_URL=");
    let port = login.strip_prefix("https://www.amo.test:").and_then(|rest| rest.strip_suffix("/oauth")).unwrap();
    assert_eq!(line("AMO_ALLOWED_HOSTS="), "amo.test");
    assert_eq!(line("AMO_ALLOW_PRIVATE_ADDRESSES="), "true", "the names lead to this machine");
    assert!(guide.contains(&format!("amoCRM is at https://foryou.amo.test:{port} ,")), "{guide}");
    let authority = std::fs::read(line("AMO_CA_FILE=")).unwrap();
    assert_eq!(authority, std::fs::read(folder.path().join("ca/ca.pem")).unwrap());

    let mut http = reqwest::Client::builder();
    for name in line("# 127.0.0.1 ").split(' ') {
        http = http.resolve(name, ([127, 0, 0, 1], 0).into());
    }
    let http = http.tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()]).build().unwrap();
    let page = Answer::to(http.get(login).query(&[("client_id", "sandbox")])).await;
    assert_eq!(page.status, 200);
    let codes = http.post(format!("https://foryou.amo.test:{port}/_sandbox/codes")).body(r#"{"account":31920194}"#);
    assert_eq!(Answer::to(codes).await.json()["referer"], format!("foryou.amo.test:{port}"));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_amocrm_alone_prints_what_a_service_of_ones_own_needs_and_it_works() {
    let folder = tempfile::tempdir().unwrap();
    let redirect_uri = "https://app.example/amo/callback?tenant=7&x=y";
    let hook_url = "http://127.0.0.1:9/hook";
    let arguments = ["--amo-only", "--bind", "127.0.0.1:0", "--redirect-uri", redirect_uri, "--hook-url", hook_url];
    let (process, guide) = Process::sandbox(&arguments, folder.path()).await;
    let line = |name: &str| {
        let value = guide.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_else(|| panic!("{name}: {guide}"))
    };
    let (id, secret) = (line("AMO_CLIENT_ID"), line("AMO_CLIENT_SECRET"));
    assert_eq!(line("AMO_REDIRECT_URI"), redirect_uri);
    assert!(guide.contains(&format!("The disconnect hook goes to {hook_url}.")), "{guide}");
    let hosts: Vec<_> = line("AMO_ALLOWED_HOSTS").split(',').collect();
    assert_eq!((hosts.len(), line("AMO_AUTH_URL")), (6, format!("http://{}/oauth", hosts[0]).as_str()));

    let http = reqwest::Client::builder().build().unwrap();
    let login = Answer::to(http.get(line("AMO_AUTH_URL")).query(&[("client_id", id), ("state", "s")])).await;
    assert_eq!(login.status, 200);
    let codes = http.post(format!("http://{}/_sandbox/codes", hosts[0])).body(r#"{"account":31920194}"#);
    let issued = Answer::to(codes).await.json();
    let form = [
        ("client_id", id),
        ("client_secret", secret),
        ("grant_type", "authorization_code"),
        ("code", issued["code"].as_str().unwrap()),
        ("redirect_uri", redirect_uri),
    ];
    let exchange = http.post(format!("http://{}/oauth2/access_token", hosts[0])).form(&form);
    let pair = Answer::to(exchange).await.json();
    let leads =
        http.get(format!("http://{}/api/v4/leads", hosts[0])).bearer_auth(pair["access_token"].as_str().unwrap());
    assert_eq!(Answer::to(leads).await.status, 200);

    let complaint = process.stop().await;
    assert!(complaint.contains("--bind is for the service"), "{complaint}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it keeps nothing");
}

/// The newest leads of a local amoCRM that was started with `further` arguments: id, name, time of change.
async fn newest_leads(further: &[&str]) -> Vec<(u64, String, i64)> {
    let folder = tempfile::tempdir().unwrap();
    let (_process, guide) = Process::sandbox(&[&["--amo-only"], further].concat(), folder.path()).await;
    let amo = word_after(&guide, "amoCRM is at ");
    let http = reqwest::Client::builder().build().unwrap();
    let codes = http.post(format!("{amo}/_sandbox/codes")).body(r#"{"account":31920194}"#);
    let issued = Answer::to(codes).await.json();
    let form = [
        ("client_id", "sandbox"),
        ("client_secret", "sandbox-secret"),
        ("grant_type", "authorization_code"),
        ("code", issued["code"].as_str().unwrap()),
        ("redirect_uri", "http://127.0.0.1:8080/api/amo-crm/callback"),
    ];
    let pair = Answer::to(http.post(format!("{amo}/oauth2/access_token")).form(&form)).await.json();
    let leads = http.get(format!("{amo}/api/v4/leads?order[updated_at]=desc&limit=50"));
    let leads = Answer::to(leads.bearer_auth(pair["access_token"].as_str().unwrap())).await.json();
    let lead = |lead: &Value| {
        let name = lead["name"].as_str().unwrap().to_owned();
        (lead["id"].as_u64().unwrap(), name, lead["updated_at"].as_i64().unwrap())
    };
    leads["_embedded"]["leads"].as_array().unwrap().iter().map(lead).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_dated_from_today_for_people_and_alike_with_a_seed() {
    let seeded = newest_leads(&["--seed", "2026"]).await;
    assert_eq!(seeded, newest_leads(&["--seed", "2026"]).await);
    assert_ne!(seeded, newest_leads(&["--seed", "7"]).await);
    let unseeded = newest_leads(&[]).await;
    #[expect(clippy::disallowed_methods, reason = "the sandbox beside the test goes by the wall clock")]
    let now = jiff::Timestamp::now().as_second();
    let days_old = |(_, _, updated_at): &(u64, String, i64)| (now - updated_at) / 86_400;
    let first_page = &unseeded[..20];
    assert!(first_page.iter().all(|lead| (0..10).contains(&days_old(lead))), "{first_page:?}");
    let undated = |leads: &[(u64, String, i64)]| -> Vec<_> {
        leads.iter().map(|(id, name, updated_at)| (*id, name.clone(), leads[0].2 - updated_at)).collect()
    };
    assert_eq!(undated(&unseeded), undated(&seeded), "only the dates differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_has_as_many_leads_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--bind", "127.0.0.1:0", "--leads", "10000"];
    for more in [&["--amo-only"][..], &[]] {
        let (process, guide) = Process::sandbox(&[&arguments, more].concat(), folder.path()).await;
        let amo = word_after(&guide, "amoCRM is at ");
        let report = reqwest::get(format!("{amo}/_sandbox")).await.unwrap().text().await.unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["accounts"][0]["leads"], 10_000, "{more:?}: {report}");
        process.stop().await;
    }
    for bad in ["many", "-1", "100001"] {
        let (code, _, complaint) =
            Process::start(&["sandbox", &format!("--leads={bad}")], &[], folder.path()).ended().await;
        assert!(code == Some(2) && complaint.contains("--leads"), "{bad}: {code:?}, {complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_listens_everywhere_calls_itself_by_this_machines_address() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["sandbox", "--bind", "0.0.0.0:0", "--amo-bind", "0.0.0.0:0", "--i-know-this-is-not-amocrm"];
    let mut process = Process::start(&arguments, &[], folder.path());
    let guide = process.until_printed("Stop:").await;
    assert!(guide.contains("Open http://127.0.0.1:") && !guide.contains("0.0.0.0"), "{guide}");
    // Killed, it would leave its folder behind.
    process.stop().await;

    // In a network of containers it has a name instead.
    let arguments = [&["sandbox", "--amo-only", "--public-name", "amo.internal"], &arguments[3..]].concat();
    let guide = Process::start(&arguments, &[], folder.path()).until_printed("Stop:").await;
    let hosts = guide.lines().find_map(|line| line.strip_prefix("AMO_ALLOWED_HOSTS=")).unwrap();
    assert!(hosts.split(',').all(|host| host.starts_with("amo.internal:")), "{hosts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_says_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("DATABASE_URL", "sqlite:new.db")];
    let (code, said, _) = Process::start(&["migrate"], &variables, folder.path()).ended().await;
    assert_eq!(code, Some(0));
    assert!(said.starts_with("Applied "), "{said}");
    let (code, said, _) = Process::start(&["migrate"], &variables, folder.path()).ended().await;
    assert_eq!((code, said.as_str()), (Some(0), "The database is up to date.\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_while_the_service_serves() {
    let mut world = World::connected().await;
    let old = world.settings.token_keys.clone().unwrap();
    let (_, new, _) = Process::start(&["keys", "new"], &[], &world.folder()).ended().await;
    let both = format!("{},{old}", new.trim());
    let database = world.settings.database_url.clone().unwrap();
    let variables = [("DATABASE_URL", database.as_str()), ("TOKEN_KEYS", both.as_str())];

    // The service learns of the new key first, or it could not read what is sealed under it.
    world.settings.token_keys = Some(both.clone());
    world.restart().await;
    let (code, said, _) = Process::start(&["keys", "rotate"], &variables, &world.folder()).ended().await;
    assert_eq!((code, said.as_str()), (Some(0), "Sealed anew: 1.\n"));
    assert_eq!(world.get("olena", "/leads?limit=1").await.status, 200);
    let (code, said, _) = Process::start(&["keys", "rotate"], &variables, &world.folder()).ended().await;
    assert_eq!((code, said.as_str()), (Some(0), "Sealed anew: 0.\n"));

    world.settings.token_keys = Some(new.trim().to_owned());
    world.restart().await;
    assert_eq!(world.state_of("olena").await, "connected");

    let variables = [("DATABASE_URL", database.as_str()), ("TOKEN_KEYS", old.as_str())];
    let (code, said, complaint) = Process::start(&["keys", "rotate"], &variables, &world.folder()).ended().await;
    assert_eq!((code, said.as_str()), (Some(1), "Sealed anew: 0.\n"));
    assert!(complaint.contains("1 rows cannot be opened with TOKEN_KEYS and were left as they are"), "{complaint}");
}
