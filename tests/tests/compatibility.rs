//! No client of the last release breaks at this build, unless its version says so.

#![expect(clippy::unwrap_used, reason = "a golden file that cannot be read fails the test")]

use amo_connect::openapi::document;
use amo_connect_tests::compatibility::changes;
use serde_json::{Value, json};

/// The document of the last release.
fn released() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/openapi-released.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The part of a version that rises with a breaking change: the first that is not 0.
fn era(document: &Value) -> Vec<&str> {
    let parts: Vec<_> = document["info"]["version"].as_str().unwrap().split('.').collect();
    let first = parts.iter().position(|part| *part != "0").unwrap();
    parts[..=first].to_vec()
}

#[test]
fn clients_of_the_last_release_are_served() {
    let released = released();
    let changes = changes(&released, document());
    for change in &changes {
        eprintln!("{change}");
    }
    let breaking: Vec<_> = changes.iter().filter(|change| change.breaks).map(ToString::to_string).collect();
    assert!(
        breaking.is_empty() || era(document()) != era(&released),
        "{breaking:#?}\nTake it back, or raise the version: 0.2 to 0.3, 1 to 2. See CONTRIBUTING.md."
    );
}

/// The changes that `change` makes to the document.
fn told(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut changed = document().clone();
    change(&mut changed);
    changes(document(), &changed).iter().map(ToString::to_string).collect()
}

#[test]
fn a_change_that_breaks_clients_is_told_from_one_that_does_not() {
    assert_eq!(told(|_| {}), [""; 0]);
    let path = |document: &mut Value, name: &str| document["paths"][format!("/api/amo-crm{name}")].take();
    let schema =
        |document: &mut Value, name: &str, change: fn(&mut Value)| change(&mut document["components"]["schemas"][name]);
    let cases: Vec<(Vec<String>, &str)> = vec![
        (
            told(|to| drop(to["paths"].as_object_mut().unwrap().remove("/api/amo-crm/leads"))),
            "breaking: the path `/api/amo-crm/leads` was removed",
        ),
        (
            told(|to| {
                let get = path(to, "/status");
                to["paths"]["/api/amo-crm/status"] = json!({ "get": get["get"], "post": get["get"] });
            }),
            "compatible: /api/amo-crm/status: the method `post` was added",
        ),
        (
            told(|to| schema(to, "Lead", |lead| drop(lead["properties"].as_object_mut().unwrap().remove("price")))),
            "`data`: each: the member `price` was removed",
        ),
        (
            told(|to| schema(to, "Lead", |lead| lead["properties"]["colors"] = json!({ "type": "array" }))),
            "compatible: GET /api/amo-crm/leads: 200: `data`: each: the member `colors` was added",
        ),
        (
            told(|to| {
                schema(to, "Status", |status| status["properties"]["domain"]["type"] = json!(["string", "null"]));
            }),
            "breaking: GET /api/amo-crm/status: 200: `data`: `domain`: it can be null",
        ),
        (told(|to| schema(to, "Status", |status| status["required"] = json!([]))), "the member `state` can be missing"),
        (
            told(|to| schema(to, "StatusState", |state| drop(state["enum"].as_array_mut().unwrap().remove(0)))),
            "the value \"not_connected\" was removed",
        ),
        (
            told(|to| schema(to, "Code", |code| code["enum"].as_array_mut().unwrap().push(json!("new")))),
            "compatible: GET /api/amo-crm/status: 401: `code`: the value \"new\" was added",
        ),
        (
            told(|to| schema(to, "ExchangeCode", |body| body["required"] = json!(["code", "state"]))),
            "breaking: POST /api/amo-crm/exchange-code: body application/json: the member `state` is required now",
        ),
        (
            told(|to| schema(to, "ExchangeCode", |body| body["properties"]["code"]["maxLength"] = json!(100))),
            "maxLength was 4096 and is 100",
        ),
        (
            told(|to| {
                to["paths"]["/api/amo-crm/leads"]["get"]["parameters"]
                    .as_array_mut()
                    .unwrap()
                    .push(json!({ "name": "shade", "in": "query", "required": true }));
            }),
            "breaking: GET /api/amo-crm/leads: the parameter `query shade` was added, and is required",
        ),
        (
            told(|to| {
                to["paths"]["/api/amo-crm/leads"]["get"]["parameters"]
                    .as_array_mut()
                    .unwrap()
                    .push(json!({ "name": "hue", "in": "query" }));
            }),
            "compatible: GET /api/amo-crm/leads: the parameter `query hue` was added",
        ),
        (
            told(|to| drop(to["paths"]["/api/amo-crm/leads"]["get"]["parameters"].as_array_mut().unwrap().remove(0))),
            "breaking: GET /api/amo-crm/leads: the parameter `query page` was removed",
        ),
        (
            told(|to| to["paths"]["/api/amo-crm/status"]["get"]["responses"]["202"] = json!({})),
            "breaking: GET /api/amo-crm/status: a success can be 202",
        ),
        (
            told(|to| to["paths"]["/healthz"]["get"]["security"] = json!([{ "jwt": [] }])),
            "breaking: GET /healthz: it wants other credentials",
        ),
        (told(|to| to["components"]["headers"]["ETag"]["required"] = json!(false)), "the header `ETag` can be missing"),
    ];
    for (told, wanted) in cases {
        assert!(told.iter().any(|change| change.contains(wanted)), "{wanted}: {told:#?}");
        let breaks = told.iter().any(|change| change.starts_with("breaking"));
        assert_eq!(breaks, !wanted.starts_with("compatible"), "{told:#?}");
    }
}
