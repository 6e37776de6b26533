//! The README's tables against the server: what is listed is there, and what is there is listed.

mod notation;
mod table;

use std::collections::BTreeSet;

use reqwest::{Method, redirect::Policy};
use serde_json::{Value, json};

use crate::{AccountId, Options, Sandbox, Switches, api, control, endpoint::Endpoint, oauth};
use notation::{Named, declared, named};
use table::{codes, rows};

const README: &str = include_str!("../../README.md");

fn under(scope: &str, endpoints: &[Endpoint]) -> BTreeSet<Named> {
    let whole = |one: &Endpoint| declared(one.method.as_str(), &format!("{scope}{}", one.path));
    endpoints.iter().flat_map(whole).collect()
}

/// What the server answers as amoCRM.
fn of_amocrm() -> BTreeSet<Named> {
    let mut all = under("", &oauth::endpoints());
    all.extend(under(api::SCOPE, &api::endpoints()));
    all
}

/// What the first cells of the tables with this heading name.
fn listed(heading: &str, known: &BTreeSet<Named>) -> BTreeSet<Named> {
    rows(README, heading).iter().flat_map(|cells| named(cells[0], known)).collect()
}

#[track_caller]
fn assert_alike(listed: &BTreeSet<Named>, known: &BTreeSet<Named>, table: &str) {
    let line = |one: &Named| format!("\n  {} {}", one.method, one.path);
    let lines = |some: Vec<&Named>| some.into_iter().map(line).collect::<Vec<_>>().concat();
    let (missing, unreal) = (lines(known.difference(listed).collect()), lines(listed.difference(known).collect()));
    assert!(
        missing.is_empty() && unreal.is_empty(),
        "the first column of the README's table {table:?} (src/readme/notation.rs says how it is read)\n\
         does not list:{missing}\nlists what the server does not have:{unreal}"
    );
}

#[test]
fn every_endpoint_is_in_the_table_of_what_is_faithful_and_every_row_there_is_one() {
    let known = of_amocrm();
    assert_alike(&listed("faithful", &known), &known, "faithful");
}

#[test]
fn every_control_is_in_its_table_and_every_row_there_is_one() {
    let known = under(control::SCOPE, &control::endpoints());
    assert_alike(&listed("call", &known), &known, "call");
}

#[test]
fn every_switch_is_in_its_table_with_its_default() {
    let Value::Object(defaults) = serde_json::to_value(Switches::default()).unwrap() else { panic!("no object") };
    let mut left: BTreeSet<_> = defaults.keys().map(String::as_str).collect();
    for cells in rows(README, "switch") {
        let names: Vec<_> = codes(cells[0]).into_iter().map(|(_, name)| name).collect();
        let values = values(cells[1], names.len());
        for (name, value) in names.into_iter().zip(values) {
            assert!(left.remove(name), "{name}: no switch, or listed twice");
            assert_eq!(value, shown(&defaults[name]), "the default of {name}");
        }
    }
    assert_eq!(left, BTreeSet::new(), "these switches have no row");
}

/// The values that the second cell of a switch's row begins with, one for each of `count` names: a
/// single one stands for all of them.
fn values(cell: &str, count: usize) -> Vec<String> {
    let first = |part: &str| match part.strip_prefix('`') {
        Some(code) => code.split('`').next().unwrap().to_owned(),
        None => part.split([' ', ':', ',', ';']).next().unwrap().to_owned(),
    };
    let mut values: Vec<_> = cell.split(", ").map(first).take(count).collect();
    if let [only] = &values[..] {
        values = vec![only.clone(); count];
    }
    assert_eq!(values.len(), count, "{cell}");
    values
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_is_404_or_405() {
    let known = of_amocrm();
    let left_out = listed("left out", &known);
    let there: Vec<_> = left_out.intersection(&known).collect();
    assert!(there.is_empty(), "listed as left out, and the server has them: {there:?}");
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let http = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    let issued = sandbox.issue_code(AccountId::FOR_YOU).unwrap();
    let exchange = json!({
        "client_id": "sandbox", "client_secret": "sandbox-secret", "grant_type": "authorization_code",
        "redirect_uri": Options::default().redirect_uri, "code": issued.code,
    });
    let token_url = format!("http://{}/oauth2/access_token", issued.referer);
    let pair: Value = http.post(token_url).json(&exchange).send().await.unwrap().json().await.unwrap();
    let token = pair["access_token"].as_str().unwrap();
    sandbox.set_switches(Switches { rate_limit: 0, ..sandbox.switches() }).unwrap();
    for Named { method, path } in left_out {
        let url = format!("http://{}{}", issued.referer, path.replace("{}", "1"));
        let request = http.request(Method::from_bytes(method.as_bytes()).unwrap(), &url).bearer_auth(token);
        let status = request.body("[{}]").send().await.unwrap().status().as_u16();
        assert!([404, 405].contains(&status), "{method} {url} is left out and answers {status}");
    }
}

/// The method, the path and the body of a line with `curl` that asks the controls.
fn curl(line: &str) -> Option<(&str, &str, &str)> {
    let line = line.trim().strip_prefix("curl -s")?;
    let (_, url) = line.split_once("http://127.0.0.1:8081/_sandbox")?;
    let path = url.split([' ', '\'']).next()?;
    let method = line.strip_prefix("X ").and_then(|line| line.split(' ').next()).unwrap_or("GET");
    let body = line.split_once("-d '").and_then(|(_, body)| body.strip_suffix('\''));
    Some((method, path, body.unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_with_curl_that_asks_the_controls_is_answered() {
    let lines: Vec<_> = README.lines().filter_map(curl).collect();
    assert!(lines.len() > 5, "{lines:?}");
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let host = sandbox.host(AccountId::FOR_YOU).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (method, path, body) in lines {
        let url = format!("http://{host}/_sandbox{path}");
        let request = http.request(Method::from_bytes(method.as_bytes()).unwrap(), url).body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{method} {path} {body}: {}", answer.text().await.unwrap());
    }
}
