//! What a change of the OpenAPI document means to clients that were made from the one before.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// A difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Whether a client of the old document can fail at the new one.
    pub breaks: bool,
    /// Where, and what.
    pub text: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.breaks { "breaking" } else { "compatible" }, self.text)
    }
}

/// Who writes what a schema describes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    Client,
    Service,
}

/// All changes from `old` to `new`, the breaking ones last.
pub fn changes(old: &Value, new: &Value) -> Vec<Change> {
    let mut comparison = Comparison { old, new, found: BTreeSet::new() };
    comparison.paths();
    comparison.found.into_iter().collect()
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    found: BTreeSet<Change>,
}

impl<'a> Comparison<'a> {
    fn breaking(&mut self, text: String) {
        self.found.insert(Change { breaks: true, text });
    }

    fn compatible(&mut self, text: String) {
        self.found.insert(Change { breaks: false, text });
    }

    /// The members of both objects, and a change for each that only one has.
    fn both(
        &mut self,
        at: &str,
        what: &str,
        old: &'a Value,
        new: &'a Value,
        loss_breaks: bool,
    ) -> Vec<(&'a str, &'a Value, &'a Value)> {
        let (old, new) = (members(old), members(new));
        for (name, _) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
            let text = format!("{at}{what} `{name}` was removed");
            if loss_breaks { self.breaking(text) } else { self.compatible(text) }
        }
        for (name, _) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            self.compatible(format!("{at}{what} `{name}` was added"));
        }
        old.iter().filter_map(|(name, one)| Some((name.as_str(), one, new.get(name)?))).collect()
    }

    fn paths(&mut self) {
        for (path, old, new) in self.both("", "the path", &self.old["paths"], &self.new["paths"], true) {
            for (method, old, new) in self.both(&format!("{path}: "), "the method", old, new, true) {
                self.operation(&format!("{} {path}: ", method.to_uppercase()), old, new);
            }
        }
    }

    fn operation(&mut self, at: &str, old: &'a Value, new: &'a Value) {
        if old["operationId"] != new["operationId"] {
            self.breaking(format!("{at}the operation has another id"));
        }
        if old["security"] != new["security"] {
            self.breaking(format!("{at}it wants other credentials"));
        }
        self.parameters(at, old, new);
        self.body(at, &old["requestBody"], &new["requestBody"]);
        let (before, after) = (&old["responses"], &new["responses"]);
        for status in
            members(after).keys().filter(|status| status.starts_with('2') && before.get(status.as_str()).is_none())
        {
            self.breaking(format!("{at}a success can be {status}"));
        }
        for status in
            members(before).keys().filter(|status| status.starts_with('2') && after.get(status.as_str()).is_none())
        {
            self.breaking(format!("{at}a success is {status} no more"));
        }
        for (status, old, new) in self.both(at, "the status", before, after, false) {
            self.response(&format!("{at}{status}: "), old, new);
        }
    }

    fn parameters(&mut self, at: &str, old: &'a Value, new: &'a Value) {
        let key = |parameter: &Value| format!("{} {}", text(parameter, "in"), text(parameter, "name"));
        let (old, new) = (list(&old["parameters"]), list(&new["parameters"]));
        for parameter in old {
            let name = key(parameter);
            let Some(now) = new.iter().find(|now| key(now) == name) else {
                self.breaking(format!("{at}the parameter `{name}` was removed"));
                continue;
            };
            if now["required"] == true && parameter["required"] != true {
                self.breaking(format!("{at}the parameter `{name}` is required now"));
            }
            self.schema(&format!("{at}the parameter `{name}`: "), &parameter["schema"], &now["schema"], Writer::Client);
        }
        for parameter in new.iter().filter(|now| !old.iter().any(|before| key(before) == key(now))) {
            let text = format!("{at}the parameter `{}` was added", key(parameter));
            if parameter["required"] == true {
                self.breaking(text + ", and is required");
            } else {
                self.compatible(text);
            }
        }
    }

    fn body(&mut self, at: &str, old: &'a Value, new: &'a Value) {
        match (old.is_null(), new.is_null()) {
            (true, true) => return,
            (false, true) => return self.breaking(format!("{at}it takes no body any more")),
            (true, false) if new["required"] == true => self.breaking(format!("{at}it wants a body")),
            (true, false) => self.compatible(format!("{at}it takes a body")),
            (false, false) if new["required"] == true && old["required"] != true => {
                self.breaking(format!("{at}it wants a body"));
            }
            (false, false) => {}
        }
        for (kind, old, new) in self.both(at, "the body's type", &old["content"], &new["content"], true) {
            self.schema(&format!("{at}body {kind}: "), &old["schema"], &new["schema"], Writer::Client);
        }
    }

    fn response(&mut self, at: &str, old: &'a Value, new: &'a Value) {
        for (name, old, new) in self.both(at, "the header", &old["headers"], &new["headers"], true) {
            let (old, new) = (resolved(self.old, old), resolved(self.new, new));
            if old["required"] == true && new["required"] != true {
                self.breaking(format!("{at}the header `{name}` can be missing"));
            }
            self.schema(&format!("{at}the header `{name}`: "), &old["schema"], &new["schema"], Writer::Service);
        }
        for (_, old, new) in self.both(at, "the type", &old["content"], &new["content"], true) {
            self.schema(at, &old["schema"], &new["schema"], Writer::Service);
        }
    }

    fn schema(&mut self, at: &str, old: &'a Value, new: &'a Value, writer: Writer) {
        let (old, new) = (Shape::of(self.old, old), Shape::of(self.new, new));
        for kind in new.kinds.difference(&old.kinds) {
            let text = format!("{at}it can be {kind}");
            if writer == Writer::Service { self.breaking(text) } else { self.compatible(text) }
        }
        for kind in old.kinds.difference(&new.kinds) {
            let text = format!("{at}it is never {kind} any more");
            if writer == Writer::Client { self.breaking(text) } else { self.compatible(text) }
        }
        self.words(at, old.schema, new.schema, writer);
        self.bounds(at, old.schema, new.schema, writer);
        let of = |name: &str| format!("{at}`{name}`: ");
        for (name, before, after) in
            self.both(at, "the member", &old.schema["properties"], &new.schema["properties"], true)
        {
            match (required(old.schema, name), required(new.schema, name), writer) {
                (true, false, Writer::Service) => self.breaking(format!("{at}the member `{name}` can be missing")),
                (false, true, Writer::Client) => self.breaking(format!("{at}the member `{name}` is required now")),
                _ => {}
            }
            self.schema(&of(name), before, after, writer);
        }
        let added = members(&new.schema["properties"])
            .keys()
            .filter(|name| old.schema["properties"].get(name.as_str()).is_none());
        for name in added.filter(|name| writer == Writer::Client && required(new.schema, name)) {
            self.breaking(format!("{at}the member `{name}` was added, and is required"));
        }
        if let (Some(before), Some(after)) = (old.schema.get("items"), new.schema.get("items")) {
            self.schema(&format!("{at}each: "), before, after, writer);
        }
    }

    /// The words that a text can be. A client that waits for one that has gone waits for ever.
    fn words(&mut self, at: &str, old: &Value, new: &Value, writer: Writer) {
        let (before, after) = (list(&old["enum"]), list(&new["enum"]));
        if before.is_empty() && !after.is_empty() && writer == Writer::Client {
            self.breaking(format!("{at}it is one of some words only"));
        }
        for word in before.iter().filter(|word| !after.is_empty() && !after.contains(word)) {
            self.breaking(format!("{at}the value {word} was removed"));
        }
        for word in after.iter().filter(|word| !before.is_empty() && !before.contains(word)) {
            self.compatible(format!("{at}the value {word} was added"));
        }
    }

    fn bounds(&mut self, at: &str, old: &Value, new: &Value, writer: Writer) {
        for (name, is_least) in [("minimum", true), ("minLength", true), ("maximum", false), ("maxLength", false)] {
            let (before, after) = (old[name].as_f64(), new[name].as_f64());
            let narrower = match (before, after) {
                (None, Some(_)) => true,
                (Some(before), Some(after)) => {
                    if is_least {
                        after > before
                    } else {
                        after < before
                    }
                }
                (_, None) => false,
            };
            let wider = before.is_some() && before != after && !narrower;
            if narrower && writer == Writer::Client || wider && writer == Writer::Service {
                self.breaking(format!("{at}{name} was {} and is {}", old[name], new[name]));
            } else if narrower || wider {
                self.compatible(format!("{at}{name} was {} and is {}", old[name], new[name]));
            }
        }
        for name in ["pattern", "format"] {
            if old[name] != new[name] {
                self.breaking(format!("{at}{name} was {} and is {}", old[name], new[name]));
            }
        }
    }
}

/// What a schema allows: the kinds of values, and the schema of those that are not null.
struct Shape<'a> {
    kinds: BTreeSet<&'a str>,
    schema: &'a Value,
}

impl<'a> Shape<'a> {
    fn of(document: &'a Value, schema: &'a Value) -> Self {
        let schema = resolved(document, schema);
        let Some(choices) = schema["oneOf"].as_array() else {
            let kinds = match &schema["type"] {
                Value::String(kind) => BTreeSet::from([kind.as_str()]),
                Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
                _ => BTreeSet::new(),
            };
            return Self { kinds, schema };
        };
        let mut shape = Self { kinds: BTreeSet::new(), schema };
        for choice in choices {
            let choice = Self::of(document, choice);
            if choice.kinds != BTreeSet::from(["null"]) {
                shape.schema = choice.schema;
            }
            shape.kinds.extend(choice.kinds);
        }
        shape
    }
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    target.unwrap_or(value)
}

fn members(value: &Value) -> &Map<String, Value> {
    static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    value.as_object().unwrap_or_else(|| &NONE)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn required(schema: &Value, name: &str) -> bool {
    list(&schema["required"]).iter().any(|required| required == name)
}
