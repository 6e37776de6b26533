//! What all operations share: their refusals, with an example of each, their headers and the JWT.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Components, ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Header, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder};

use super::refusals;
use crate::problem::{Code, Problem};

/// The headers of answers: their names, the components that describe them, whether an answer that names one must
/// have it, an example, and what they are.
const HEADERS: [(&str, &str, bool, &str, &str); 9] = [
    (
        "X-Request-Id",
        "RequestId",
        true,
        "7f0e3c52",
        "The caller's id of 1 to 128 letters, digits, `-`, `_`, `.`, or a new one.",
    ),
    ("Cache-Control", "NoStore", true, "no-store", "Nobody may keep it."),
    (
        "Cache-Control",
        "Revalidate",
        true,
        "private, no-cache",
        "The app may keep it, and asks before it uses it again.",
    ),
    ("Cache-Control", "Public", true, "public, max-age=300", "Anybody may keep it for so long."),
    ("ETag", "ETag", true, "\"GdxyqV5cJ3yTq0dtPCn0Sg\"", "Send it as `If-None-Match`."),
    ("Retry-After", "RetryAfter", false, "2", "Seconds until the call is worth repeating."),
    (
        "Idempotency-Replayed",
        "IdempotencyReplayed",
        false,
        "true",
        "The write was done for an earlier request with this `Idempotency-Key`.",
    ),
    ("WWW-Authenticate", "WwwAuthenticate", true, "Bearer", "How to authenticate."),
    ("Allow", "Allow", true, "GET", "The methods that the address answers."),
];

/// Adds to `declared` what all operations share.
pub(super) fn complete(mut declared: OpenApi) -> Value {
    declared.info.license = None;
    declared.info.contact = None;
    for item in declared.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.patch].into_iter().flatten() {
            describe(operation);
        }
        if let Some(head) = &mut item.head {
            describe(head);
            without_bodies(head);
        }
    }
    let components = declared.components.get_or_insert_default();
    components
        .responses
        .extend(refusals::ELSEWHERE.iter().map(|(name, code)| ((*name).to_owned(), refusal(&[*code]).into())));
    let jwt = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let jwt = jwt.description(Some("The app's JWT: it names the user.")).build();
    components.security_schemes.insert("jwt".to_owned(), SecurityScheme::Http(jwt).into());
    declare_headers(components);
    let mut document = json!(declared);
    name_what_envelopes_hold(&mut document["components"]["schemas"]);
    merge_parts(&mut document);
    exemplify_writes(&mut document["paths"]);
    for (_, name, required, example, _) in HEADERS {
        let header = &mut document["components"]["headers"][name];
        header["required"] = required.into();
        header["example"] = if name == "RetryAfter" { json!(2) } else { json!(example) };
    }
    document
}

/// A schema of several parts, as that of a struct with a flattened one, becomes one object. A part that nothing else
/// refers to needs no name then.
fn merge_parts(document: &mut Value) {
    let schemas = &mut document["components"]["schemas"];
    let (parts, mut merged) = (schemas.clone(), BTreeSet::new());
    for schema in schemas.as_object_mut().into_iter().flat_map(|schemas| schemas.values_mut()) {
        let Some(Value::Array(of)) = schema.as_object_mut().and_then(|schema| schema.remove("allOf")) else { continue };
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for part in &of {
            let named = part["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/schemas/"));
            merged.extend(named.map(str::to_owned));
            let part = named.map_or(part, |name| &parts[name]);
            properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
            required.extend(part["required"].as_array().cloned().unwrap_or_default());
        }
        schema["type"] = "object".into();
        schema["properties"] = properties.into();
        schema["required"] = required.into();
    }
    let referred = document.to_string();
    merged.retain(|name| !referred.contains(&format!("\"#/components/schemas/{name}\"")));
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| !merged.contains(name));
    }
}

/// What is written is answered as it is read, so its examples are those of the reads.
fn exemplify_writes(paths: &mut Value) {
    const LEAD: &str = "/api/amo-crm/leads/{amoLeadId}";
    const NOTES: &str = "/api/amo-crm/leads/{id}/notes";
    const TASKS: &str = "/api/amo-crm/leads/{id}/tasks";
    let example =
        |path: &str| paths[path]["get"]["responses"]["200"]["content"]["application/json"]["example"]["data"].clone();
    let (lead, note, task) = (example(LEAD), example(NOTES)[0].clone(), example(TASKS)[0].clone());
    for (path, method, data) in [
        ("/api/amo-crm/leads", "post", &lead),
        (LEAD, "patch", &lead),
        (NOTES, "post", &note),
        (TASKS, "post", &task),
        ("/api/amo-crm/tasks/{id}", "patch", &task),
    ] {
        for status in ["200", "201"] {
            let response = &mut paths[path][method]["responses"];
            if let Some(response) = response.get_mut(status) {
                response["content"]["application/json"]["example"] = json!({ "success": true, "data": data });
            }
        }
    }
}

/// An envelope repeats the schema of what it holds, which has a name of its own.
fn name_what_envelopes_hold(schemas: &mut Value) {
    let names: Vec<String> = schemas.as_object().into_iter().flat_map(|schemas| schemas.keys().cloned()).collect();
    for name in &names {
        let Some((_, held)) = name.split_once('_').filter(|(_, held)| names.iter().any(|name| name == held)) else {
            continue;
        };
        let data = &mut schemas[name]["properties"]["data"];
        let held = json!({ "$ref": format!("#/components/schemas/{held}") });
        if data["items"].is_object() { data["items"] = held } else { *data = held }
    }
}

fn declare_headers(components: &mut Components) {
    for (_, name, _, example, description) in HEADERS {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let schema = match name {
            "RetryAfter" => ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)),
            "NoStore" | "Revalidate" | "Public" | "WwwAuthenticate" | "IdempotencyReplayed" => {
                text.enum_values(Some([example]))
            }
            _ => text,
        };
        let mut header = Header::new(schema);
        header.description = Some(description.to_owned());
        components.headers.insert(name.to_owned(), header.into());
    }
}

/// The headers, the refusals and the parameters that `operation` has beside its own.
fn describe(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let is_callers = operation.security.is_some();
    let is_revalidated = operation.tags.iter().flatten().any(|tag| tag == "leads");
    if matches!(id.as_str(), "beginAttempt" | "disconnect")
        && let Some(RefOr::T(body)) = &mut operation.request_body
    {
        // An empty body is taken, and a `null` is not: a type of Rust says both or none.
        body.required = Some(Required::False);
    }
    let freshness: &[&str] = match id.as_str() {
        "getDocument" => &["Public", "ETag"],
        _ if is_revalidated => &["Revalidate", "ETag"],
        "callback" | "disconnectHook" | "getDocs" | "getHealth" | "getReadiness" => &["NoStore"],
        _ if is_callers => &["NoStore"],
        _ => &[],
    };
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        if response.headers.contains_key("Retry-After") {
            with(response, "RetryAfter");
        }
        for name in freshness {
            with(response, name);
        }
    }
    if freshness.contains(&"ETag") {
        let mut unchanged = ResponseBuilder::new().description("What the app has is still so.").build();
        for name in freshness {
            with(&mut unchanged, name);
        }
        operation.responses.responses.insert("304".to_owned(), unchanged.into());
        let etag = json!({
            "name": "If-None-Match", "in": "header", "required": false, "schema": { "type": "string" },
            "description": "The `ETag` of the answer that the app has.",
        });
        operation.parameters.get_or_insert_default().extend(serde_json::from_value(etag).ok());
    }
    if operation.tags.iter().flatten().any(|tag| tag == "writes") {
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                with(response, "IdempotencyReplayed");
            }
        }
        let key = json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
            "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
            "description": "What the write is known by for seven days: sent again with it, it is made once.",
        });
        operation.parameters.get_or_insert_default().extend(serde_json::from_value(key).ok());
    }
    for (status, codes) in by_status(&refusals::of(&id)) {
        operation.responses.responses.insert(status.to_string(), refusal(&codes).into());
    }
    // An address of its own has metrics alone, and tells nothing of requests.
    for response in operation.responses.responses.values_mut().filter(|_| id != "getMetrics") {
        if let RefOr::T(response) = response {
            with(response, "RequestId");
        }
    }
}

fn by_status(codes: &[Code]) -> BTreeMap<u16, Vec<Code>> {
    let mut by_status = BTreeMap::<_, Vec<_>>::new();
    for code in codes {
        by_status.entry(code.status().as_u16()).or_default().push(*code);
    }
    by_status
}

/// The answer to a HEAD: the headers alone.
fn without_bodies(head: &mut Operation) {
    head.operation_id = head.operation_id.take().map(|id| format!("{id}Head"));
    for response in head.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.content.clear();
        }
    }
}

/// A refusal with one of `codes`, which have one status.
fn refusal(codes: &[Code]) -> Response {
    let examples = codes.iter().map(|code| {
        let problem = Problem::of(&code.example(), "7f0e3c52".to_owned());
        let example = ExampleBuilder::new().summary(code.meaning()).value(Some(json!(problem))).build();
        (code.as_str().to_owned(), RefOr::T(example))
    });
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).examples_from_iter(examples).build();
    let words: Vec<_> = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.meaning())).collect();
    let response = ResponseBuilder::new().description(words.join(".\n\n")).content("application/problem+json", content);
    let mut response = response.build();
    with(&mut response, "NoStore");
    for code in codes {
        match code {
            Code::Unauthorized => with(&mut response, "WwwAuthenticate"),
            Code::MethodNotAllowed => with(&mut response, "Allow"),
            _ if code.example().retry_after().is_some() => with(&mut response, "RetryAfter"),
            _ => {}
        }
    }
    response
}

/// Gives `response` the header that this component describes.
fn with(response: &mut Response, component: &str) {
    if let Some((name, ..)) = HEADERS.iter().find(|(_, known, ..)| *known == component) {
        response.headers.insert((*name).to_owned(), RefOr::Ref(Ref::new(format!("#/components/headers/{component}"))));
    }
}
