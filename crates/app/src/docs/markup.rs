//! The page's body, made from the document.

use std::sync::LazyLock;

use maud::{Markup, html};
use serde_json::{Map, Value};

/// The whole body for `document`.
pub(super) fn body(document: &Value) -> Markup {
    html! {
        header {
            h1 { (text(&document["info"], "title")) " " small { (text(&document["info"], "version")) } }
            @for paragraph in text(&document["info"], "description").split("\n\n") { p { (prose(paragraph)) } }
            p { a href="/openapi.json" { "openapi.json" } " has the same for programs." }
        }
        main {
            label for="jwt" { "The JWT that requests are sent with" }
            textarea id="jwt" rows="3" autocomplete="off" spellcheck="false" aria-describedby="jwt-note" {}
            p id="jwt-note" { "It stays on this page, and is forgotten when you leave it." }
            noscript { p { "Without JavaScript the page can be read, and nothing can be sent." } }
            @for tag in list(&document["tags"]) { (section(document, tag)) }
            section aria-labelledby="schemas" {
                h2 id="schemas" { "Schemas" }
                @for (name, schema) in members(&document["components"]["schemas"]) { (schema_of(name, schema)) }
            }
        }
    }
}

fn section(document: &Value, tag: &Value) -> Markup {
    let name = text(tag, "name");
    let operations = members(&document["paths"]).iter().flat_map(|(path, item)| {
        let tried = members(item).iter().filter(|(method, _)| *method != "head");
        tried.map(move |(method, operation)| (path, method, operation))
    });
    html! {
        section aria-labelledby={ "tag-" (name) } {
            h2 id={ "tag-" (name) } { (name) }
            p { (text(tag, "description")) }
            @for (path, method, operation) in operations.filter(|(_, _, operation)| operation["tags"][0] == name) {
                (operation_of(path, method, operation))
            }
        }
    }
}

fn operation_of(path: &str, method: &str, operation: &Value) -> Markup {
    let id = text(operation, "operationId");
    let wants_jwt = operation["security"].is_array();
    let example = operation["requestBody"]["content"]["application/json"].get("example");
    html! {
        details id=(id) {
            summary {
                h3 { code { b { (method.to_uppercase()) } " " (path) } }
                span { (prose(text(operation, "summary"))) @if wants_jwt { " Needs a JWT." } }
            }
            @if operation["description"].is_string() { p { (prose(text(operation, "description"))) } }
            form data-method=(method.to_uppercase()) data-path=(path) data-jwt[wants_jwt] {
                @for parameter in list(&operation["parameters"]) { (field(id, parameter)) }
                @if let Some(example) = example {
                    label for={ (id) "-body" } { "Body" }
                    textarea id={ (id) "-body" } name="body" rows="5" spellcheck="false" { (format!("{example:#}")) }
                }
                button { "Send" }
                output hidden { p {} pre role="group" tabindex="0" aria-label="Headers of the answer" {} pre role="group" tabindex="0" aria-label="Body of the answer" {} }
            }
            h4 { "Answers" }
            @for (status, response) in members(&operation["responses"]) { (response_of(status, response)) }
        }
    }
}

fn field(operation: &str, parameter: &Value) -> Markup {
    let (name, id) = (text(parameter, "name"), format!("{operation}-{}", text(parameter, "name")));
    let schema = &parameter["schema"];
    let required = parameter["required"] == true;
    let choices = list(&schema["enum"]);
    html! {
        label for=(id) { code { (name) } @if required { " (required)" } }
        @if choices.is_empty() {
            input id=(id) name=(name) data-in=(text(parameter, "in")) required[required] autocomplete="off" spellcheck="false"
                placeholder=(schema["default"].as_u64().map_or_else(String::new, |default| default.to_string()))
                aria-describedby={ (id) "-note" };
        } @else {
            select id=(id) name=(name) data-in=(text(parameter, "in")) aria-describedby={ (id) "-note" } {
                option value="" {}
                @for choice in choices.iter().filter_map(Value::as_str) { option { (choice) } }
            }
        }
        small id={ (id) "-note" } { (prose(text(parameter, "description"))) }
    }
}

fn response_of(status: &str, response: &Value) -> Markup {
    let example = members(&response["content"]).values().find_map(|content| content.get("example"));
    html! {
        dl {
            dt { (status) }
            dd {
                @for paragraph in text(response, "description").split("\n\n") { p { (prose(paragraph)) } }
                @if let Some(example) = example.filter(|example| !example.is_string()) {
                    pre role="group" tabindex="0" aria-label={ "An answer " (status) } { (format!("{example:#}")) }
                }
            }
        }
    }
}

fn schema_of(name: &str, schema: &Value) -> Markup {
    let required = list(&schema["required"]);
    html! {
        details id={ "schema-" (name) } {
            summary { h3 { (name) } span { (prose(text(schema, "description"))) } }
            @if let words @ [_, ..] = list(&schema["enum"]) {
                p { @for word in words.iter().filter_map(Value::as_str) { code { (word) } " " } }
            }
            dl {
                @for (member, schema) in members(&schema["properties"]) {
                    dt { code { (member) } }
                    dd {
                        (kind(schema))
                        @if !required.iter().any(|name| name == member) { ", can be missing" }
                        @if schema["description"].is_string() { ": " (prose(text(schema, "description"))) }
                    }
                }
            }
        }
    }
}

/// The kind of a value, with a link where it has a name.
fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return html! { a href={ "#schema-" (name) } { (name) } };
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return html! { @for (at, choice) in choices.iter().enumerate() { @if at > 0 { " or " } (kind(choice)) } };
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect::<Vec<_>>(),
    };
    html! {
        (kinds.join(" or "))
        @if let Some(items) = schema.get("items") { " of " (kind(items)) }
        @if let words @ [_, ..] = list(&schema["enum"]) {
            ": " @for word in words.iter().filter(|word| !word.is_null()) { code { (word.to_string().trim_matches('"')) } " " }
        }
    }
}

/// Text in which what stands between backticks is code.
fn prose(text: &str) -> Markup {
    html! { @for (at, part) in text.split('`').enumerate() { @if at % 2 == 1 { code { (part) } } @else { (part) } } }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn members(value: &Value) -> &Map<String, Value> {
    static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    value.as_object().unwrap_or_else(|| &NONE)
}
