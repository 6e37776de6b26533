//! The recipe of the sandbox's README for clients that insist on amoCRM's own names, run as it stands there.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use amo_connect_tests::binary;
use serde_json::{Value, json};

use crate::read;

/// Where in the recipe a client is to be run.
const CLIENT: &str = "# … your client; a code without a browser:\n";

/// Runs the recipe in `folder`, with `client` where a client is to be run.
#[track_caller]
fn run(folder: &Path, client: &str) -> Output {
    let names = ["--user", "--map-root-user", "--net", "--mount", "true"];
    let unshare = Command::new("unshare").args(names).output().unwrap();
    assert!(
        unshare.status.success(),
        "the recipe needs namespaces of its own, as root or where the system lets everybody have them, and here \
         `unshare {}` says: {}",
        names.join(" "),
        String::from_utf8_lossy(&unshare.stderr)
    );
    let readme = read("crates/sandbox/README.md");
    let (_, rest) = readme.split_once("is given its own view of names and network").unwrap();
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    let (lines, _) = rest.split_once("```").unwrap();
    assert_eq!(lines.matches(CLIENT).count(), 1, "{lines}");
    let script = lines.replace(CLIENT, &format!("{client}\n"));
    let binary = binary();
    let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", binary.parent().unwrap().display());
    let mut shell = Command::new("timeout");
    shell.args(["120", "sh", "-c", &script]).current_dir(folder).env_clear().env("PATH", path);
    shell.output().unwrap()
}

/// Connects as amoCRM's own names would have it, reads the account, and sees no other network.
const A_CLIENT: &str = r#"
CODE=$(curl -sSX POST https://www.amocrm.ru/_sandbox/codes -d '{"account":31920194}' | sed 's/.*"code":"\([^"]*\)".*/\1/')
PAIR=$(curl -sS https://foryou.amocrm.ru/oauth2/access_token -d client_id=sandbox -d client_secret=sandbox-secret \
  -d grant_type=authorization_code -d code=$CODE -d redirect_uri=http://127.0.0.1:8080/api/amo-crm/callback)
TOKEN=$(echo "$PAIR" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
curl -sS https://foryou.amocrm.ru/api/v4/account -H "Authorization: Bearer $TOKEN" > account.json
if curl -sS --max-time 5 http://192.0.2.1/ 2> network.txt; then exit 7; fi
"#;

#[test]
fn the_recipe_gives_a_client_amocrms_own_names_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), A_CLIENT);
    assert!(output.status.success(), "{output:?}");
    let issued: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(issued["referer"], "foryou.amocrm.ru");
    assert!(issued["code"].as_str().unwrap().starts_with("def50200"), "{issued}");
    let written = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let account: Value = serde_json::from_str(&written("account.json")).unwrap();
    assert_eq!((&account["id"], &account["subdomain"]), (&json!(31_920_194), &json!("foryou")), "{account}");
    let link = account["_links"]["self"]["href"].as_str().unwrap();
    assert!(link.starts_with("https://foryou.amocrm.ru/api/v4/account"), "{link}");
    let guide = written("amo.txt");
    let (_, names) = guide.split_once("/etc/hosts\n# 127.0.0.1 ").unwrap();
    let hosts = written("hosts");
    for name in names.lines().next().unwrap().split(' ') {
        assert!(hosts.split_whitespace().any(|known| known == name), "the recipe lacks {name}: {hosts}");
    }
    let of_machine = fs::read_to_string("/etc/hosts").unwrap();
    assert!(!of_machine.contains("amocrm.ru"), "the recipe has changed the machine's own names: {of_machine}");
}

/// A service whose account hosts lead to this machine: without leave it sends nothing, with it the same code is good.
const A_SERVICE: &str = r#"
export AMO_CLIENT_ID=sandbox AMO_CLIENT_SECRET=sandbox-secret AMO_ALLOWED_HOSTS=amocrm.ru
export AMO_REDIRECT_URI=http://127.0.0.1:8080/api/amo-crm/callback DRAIN_DELAY=0s
export JWT_SECRET=a-secret-of-at-least-32-bytes-for-this-test TOKEN_KEYS=k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
CODE=$(curl -sSX POST https://www.amocrm.ru/_sandbox/codes -d '{"account":31920194}' | sed 's/.*"code":"\([^"]*\)".*/\1/')
callback() {
  amo-connect serve 2> $1.log & service=$!
  until grep -q '"serving"' $1.log; do kill -0 $service; sleep 0.1; done
  curl -sS -o /dev/null -w '%{http_code} ' --get http://127.0.0.1:8080/api/amo-crm/callback \
    --data-urlencode code=$CODE -d state=of-the-app -d referer=foryou.amocrm.ru >> answers
  curl -sS https://www.amocrm.ru/_sandbox | grep -o '"token_requests":[0-9]*' >> answers
  kill $service
  wait $service
  AMO_DOMAIN=foryou.amocrm.ru amo-connect doctor --json > $1.json 2> /dev/null || true
}
callback refused
export AMO_ALLOW_PRIVATE_ADDRESSES=true
callback allowed
"#;

#[test]
fn a_service_sends_nothing_to_a_name_that_leads_into_its_own_network_unless_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), A_SERVICE);
    assert!(output.status.success(), "{output:?}");
    let written = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let answers = written("answers");
    let lines: Vec<_> = answers.lines().collect();
    assert_eq!(lines, [r#"502 "token_requests":0"#, r#"200 "token_requests":1"#], "{}", written("refused.log"));
    let log = written("refused.log");
    let told = log.lines().find(|line| line.contains("AMO_ALLOW_PRIVATE_ADDRESSES")).unwrap_or_else(|| panic!("{log}"));
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!((&told["amo.host"], &told["address.kind"]), (&json!("foryou.amocrm.ru"), &json!("loopback")), "{told}");
    assert!(!written("allowed.log").contains("AMO_ALLOW_PRIVATE_ADDRESSES"), "{}", written("allowed.log"));

    let results = |name: &str, about: &str| -> Vec<Value> {
        let report: Value = serde_json::from_str(&written(name)).unwrap();
        let checks = report["checks"].as_array().unwrap().iter();
        let checks = checks.filter(|check| check.to_string().contains(about));
        checks.map(|check| check["result"].clone()).collect()
    };
    assert_eq!(results("refused.json", "\"AMO_DOMAIN\""), [json!("failed")]);
    assert_eq!(results("allowed.json", "\"AMO_DOMAIN\""), [json!("ok")]);
    assert_eq!(results("refused.json", "AMO_ALLOW_PRIVATE_ADDRESSES"), Vec::<Value>::new());
    assert_eq!(results("allowed.json", "AMO_ALLOW_PRIVATE_ADDRESSES"), [json!("warning")]);
}

#[test]
fn nothing_is_left_of_the_recipe_when_a_client_fails() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), "echo $amo > pid; exit 7");
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let pid = fs::read_to_string(folder.path().join("pid")).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    let since = Instant::now();
    while process.exists() {
        assert!(since.elapsed() < Duration::from_secs(30), "the sandbox goes on");
        std::thread::yield_now();
    }
}
