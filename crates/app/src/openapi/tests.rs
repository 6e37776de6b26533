use std::path::{Path, PathBuf};

use super::*;
use crate::problem::Code;

/// Set to anything, golden files are written instead of compared.
const UPDATE: &str = "UPDATE_GOLDEN";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The operations, by their ids.
fn operations() -> Vec<(String, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|item| item.as_object().unwrap().values());
    operations.map(|operation| (operation["operationId"].as_str().unwrap().to_owned(), operation)).collect()
}

/// What `reference` stands for, if it is one.
fn resolved(value: &'static Value) -> &'static Value {
    let Some(reference) = value["$ref"].as_str() else { return value };
    document().pointer(reference.strip_prefix('#').unwrap()).unwrap()
}

/// Calls `each` with every schema in `schema`, itself among them.
fn walk(schema: &'static Value, each: &mut impl FnMut(&'static Value)) {
    let schema = resolved(schema);
    each(schema);
    let properties = schema["properties"].as_object().into_iter().flat_map(|members| members.values());
    let choices = ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|word| schema[word].as_array()).flatten();
    properties.chain(choices).chain(schema.get("items")).for_each(|part| walk(part, each));
}

#[test]
fn it_is_the_one_in_the_golden_file() {
    let (path, now) = (root().join("tests/golden/openapi.json"), format!("{}\n", pretty()));
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert!(
        now == golden,
        "it is not tests/golden/openapi.json. If that is meant: {UPDATE}=1 cargo nextest run -p amo-connect openapi"
    );
}

#[test]
fn every_member_of_an_answer_is_required() {
    let mut seen = 0;
    for (id, operation) in operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            for content in resolved(response)["content"].as_object().into_iter().flatten().map(|(_, content)| content) {
                walk(&content["schema"], &mut |schema| {
                    for name in schema["properties"].as_object().into_iter().flat_map(|members| members.keys()) {
                        seen += 1;
                        // RFC 9457 has members that apply to some problems alone, and some of a lead are asked for.
                        let may_be_missing = name == "field" && status.starts_with(['4', '5'])
                            || id == "listLeads" && name == "customFields"
                            || ["getLead", "createLead", "changeLead"].contains(&id.as_str())
                                && ["notes", "tasks", "events"].contains(&name.as_str());
                        let required =
                            schema["required"].as_array().is_some_and(|all| all.contains(&name.as_str().into()));
                        assert!(required || may_be_missing, "{id} {status}: `{name}` can be missing");
                    }
                });
            }
        }
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn every_body_has_an_example_and_every_status_says_what_it_means() {
    for (id, operation) in operations() {
        assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{id}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{id}");
        for (status, response) in responses {
            let response = resolved(response);
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{id} {status}");
            assert!(response["headers"]["X-Request-Id"].is_object() || id == "getMetrics", "{id} {status}");
            for (kind, content) in response["content"].as_object().into_iter().flatten() {
                let exemplified = content.get("example").is_some()
                    || content["examples"].as_object().is_some_and(|all| !all.is_empty());
                assert!(exemplified, "{id} {status} {kind}");
            }
        }
        for content in operation["requestBody"]["content"].as_object().into_iter().flatten().map(|(_, content)| content)
        {
            assert!(content.get("example").is_some(), "{id}");
        }
    }
}

#[test]
fn every_code_is_told_of_by_an_operation_with_an_example() {
    let told = pretty();
    let exemplified = |code: &Code| told.contains(&format!("\"type\": \"urn:amo-connect:problem:{}\"", code.as_str()));
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !exemplified(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let words: Vec<_> = Code::ALL.iter().map(|code| Value::from(code.as_str())).collect();
    assert_eq!(document()["components"]["schemas"]["Code"]["enum"], Value::from(words));
}

#[test]
fn whatever_has_a_jwt_refuses_a_bad_one_and_callers_over_their_rate() {
    for (id, operation) in operations() {
        let statuses = operation["responses"].as_object().unwrap();
        let is_callers = operation["security"][0]["jwt"].is_array();
        assert_eq!(is_callers, statuses.contains_key("401"), "{id}");
        assert!(statuses.contains_key("429") || id.starts_with("getHealth") || id == "getMetrics", "{id}");
    }
}

#[test]
fn the_documented_codes_are_these() {
    let path = root().join("docs/http-api.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let head = "| `code` | status | meaning |\n|---|---|---|\n";
    let (before, after) = page.split_once(head).unwrap();
    let after = after.split_once("\n\n").map_or("", |(_, after)| after);
    let row = |code: &Code| format!("| `{}` | {} | {} |\n", code.as_str(), code.status().as_u16(), code.meaning());
    let rows: String = Code::ALL.iter().map(row).collect();
    let now = if after.is_empty() { format!("{before}{head}{rows}") } else { format!("{before}{head}{rows}\n{after}") };
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &now).unwrap();
        return;
    }
    assert!(
        page == now,
        "the codes of docs/http-api.md are others. If that is meant: {UPDATE}=1 cargo nextest run -p amo-connect openapi"
    );
}
