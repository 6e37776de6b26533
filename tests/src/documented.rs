//! Compares answers of the service with its OpenAPI document: status, headers, content type, body.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use amo_connect::openapi;
use jsonschema::Validator;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// Headers that an answer has only where the document says so.
const TOLD: [&str; 5] = ["cache-control", "etag", "retry-after", "www-authenticate", "allow"];

/// The document, in which no object has members that are not written there.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = openapi::document().clone();
    close(&mut document["components"]["schemas"]);
    document
});

fn close(schemas: &mut Value) {
    match schemas {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// Why an answer to `method` at `path` is not as the document has it. Answers of others than the service are fine.
pub fn fault(method: &Method, path: &str, status: u16, headers: &HeaderMap, text: &str) -> Option<String> {
    // The permission of a web page to call is no answer of an operation.
    if *method == Method::OPTIONS && status == 200 {
        return None;
    }
    let elsewhere = &STRICT["components"]["responses"];
    let response = match operation(method, path) {
        Operation::NotOurs => return None,
        Operation::Documented(operation) if status != 405 => &operation["responses"][status.to_string()],
        Operation::OtherMethod | Operation::Missing if status == 429 => &elsewhere["TooManyRequests"],
        Operation::OtherMethod if status == 400 && *method == Method::OPTIONS => &elsewhere["RefusedPreflight"],
        Operation::Documented(_) | Operation::OtherMethod => &elsewhere["MethodNotAllowed"],
        Operation::Missing => &elsewhere["NotFound"],
    };
    if response.is_null()
        || status < 400 && matches!(operation(method, path), Operation::OtherMethod | Operation::Missing)
    {
        return Some("the document has no such answer".to_owned());
    }
    header_fault(response, headers).or_else(|| {
        // A prefetch of the callback gets a status, and no page.
        let is_prefetched = path.ends_with("/callback") && text.is_empty() && !headers.contains_key("content-type");
        if *method == Method::HEAD || is_prefetched { None } else { body_fault(response, headers, text) }
    })
}

enum Operation {
    Documented(&'static Value),
    OtherMethod,
    Missing,
    NotOurs,
}

/// What the document has for `method` at `path`.
fn operation(method: &Method, path: &str) -> Operation {
    let paths = STRICT["paths"].as_object().unwrap();
    match paths.iter().find(|(template, _)| is_of(template, path)) {
        Some((_, item)) => {
            item.get(method.as_str().to_lowercase()).map_or(Operation::OtherMethod, Operation::Documented)
        }
        None if path.starts_with("/api/amo-crm") => Operation::Missing,
        None => Operation::NotOurs,
    }
}

fn is_of(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(known, part)| known == part || known.starts_with('{') && !part.is_empty())
}

fn header_fault(response: &'static Value, headers: &HeaderMap) -> Option<String> {
    let declared = || response["headers"].as_object().into_iter().flatten();
    for (name, header) in declared() {
        let header = resolved(header);
        match headers.get(name.as_str()) {
            None if header["required"] == true => return Some(format!("there is no {name}")),
            None => {}
            Some(value) => {
                let text = value.to_str().unwrap();
                let value = if header["schema"]["type"] == "integer" {
                    text.parse::<u64>().map(Value::from)
                } else {
                    Ok(json!(text))
                };
                let fits = value.is_ok_and(|value| validator(&header["schema"]).is_valid(&value));
                if !fits {
                    return Some(format!("{name} is {text}"));
                }
            }
        }
    }
    let known = |name: &str| declared().any(|(declared, _)| declared.eq_ignore_ascii_case(name));
    TOLD.into_iter()
        .find(|name| headers.contains_key(*name) && !known(name))
        .map(|name| format!("{name} is not documented"))
}

fn body_fault(response: &'static Value, headers: &HeaderMap, text: &str) -> Option<String> {
    let kind = headers.get("content-type").map(|kind| kind.to_str().unwrap());
    let Some(contents) = response["content"].as_object() else {
        return (!text.is_empty()).then(|| "there is a body".to_owned());
    };
    let Some(content) = kind.and_then(|kind| contents.get(kind)) else {
        return Some(format!("the content type is {kind:?}"));
    };
    if kind.is_some_and(|kind| kind.starts_with("text/")) {
        return None;
    }
    let Ok(body) = serde_json::from_str(text) else { return Some("the body is no JSON".to_owned()) };
    let validator = validator(&content["schema"]);
    let faults: Vec<_> =
        validator.iter_errors(&body).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// What `value` refers to, or itself.
pub(crate) fn resolved(value: &'static Value) -> &'static Value {
    value["$ref"].as_str().map_or(value, |reference| STRICT.pointer(reference.trim_start_matches('#')).unwrap())
}

/// Judges by `schema`, which may refer to the document's.
pub fn validator(schema: &Value) -> Arc<Validator> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    let made = known.entry(schema.to_string()).or_insert_with(|| {
        let mut schema = schema.clone();
        schema["components"] = json!({ "schemas": STRICT["components"]["schemas"] });
        Arc::new(jsonschema::options().should_validate_formats(true).build(&schema).unwrap())
    });
    Arc::clone(made)
}
